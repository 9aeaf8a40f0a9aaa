//! What a new migration has to do, and what only a person can know about it.

mod answer;
mod fill;
mod value;

use crate::{
    change::{Change, is_same_type},
    diff::{Diff, diff, renamed},
    schema::{Column, Schema, Table},
    steps::Steps,
    want::{Words, in_words_of},
};

pub use answer::Answers;
use answer::{Asked, Thing};
use fill::fills;

/// What makes what the migrations make into what the entities want.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// The steps, as far as what is open does not decide otherwise.
    pub steps: Steps,
    /// What the file has to say besides, as sentences.
    pub notes: Vec<String>,
    /// What somebody has to say first.
    pub open: Vec<Open>,
    /// What somebody can say: the columns that take no NULL any more.
    pub fillable: Vec<Lack>,
}

/// Something that only a person can know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Open {
    /// Something goes with what it holds, or has another name.
    Gone {
        /// The table, or the table and the column with a point between them.
        name: String,
        /// What it could be called now, and what speaks for it.
        candidates: Vec<(String, Vec<String>)>,
        /// Where a column of the same name and type comes in another table.
        moved: Vec<String>,
        /// Whether it is a column that stays, and is computed from now on.
        is_computed: bool,
    },
    /// A column comes that takes no NULL, and nothing says what the rows that are there get.
    Value(Lack),
}

/// A column that takes no NULL, and what it would be filled with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// The table and the column with a point between them.
    pub name: String,
    /// Its type, as a sentence has it.
    pub ty: String,
}

/// What is compared: what the migrations make, what the entities want, and in which words.
pub(crate) struct Sides<'s> {
    pub(crate) have: &'s Schema,
    pub(crate) want: &'s Schema,
    pub(crate) words: Words<'s>,
}

/// The draft of a migration.
///
/// # Errors
/// An answer that answers nothing, with what it could have been about.
pub(crate) fn draft(sides: &Sides<'_>, answers: &Answers) -> Result<Draft, String> {
    let compare = |renames: &_| -> (Schema, Diff) {
        let want = in_words_of(sides.have, sides.want, renames, &sides.words);
        let found = diff(sides.have, &want, renames);
        (want, found)
    };
    let renames = answers.renames([sides.have, sides.want], |renames| compare(renames).1)?;
    let (want, found) = compare(&renames);
    let asked = Asked::new(answers, &found, &renames)?;
    let before = renamed(sides.have, &want, &renames);
    let mut drafting = Drafting { before: &before, want: &want, draft: Draft::default() };
    let fills = fills(&found.changes, &want, &asked)?;
    let mut now = sides.have.clone();
    for (at, change) in found.changes.iter().enumerate() {
        drafting.draft.open.extend(gone(change, &found, &asked));
        drafting.draft.steps = fill::before(at, &fills, drafting.draft.steps);
        match fills.iter().find_map(|fill| fill.instead_of(at)) {
            Some(change) => drafting.draft.steps = drafting.draft.steps.change(change),
            None => drafting.make(change, &asked)?,
        }
        change.apply(&mut now).map_err(|why| format!("cannot {}: {why}", change.describe()))?;
    }
    drafting.draft.steps = fill::before(found.changes.len(), &fills, drafting.draft.steps);
    let left = diff(&now, &want, &[]).changes;
    if let Some(left) = left.first() {
        return Err(format!(
            "the steps would not end where the entities are: `{}`",
            left.describe()
        ));
    }
    let mut draft = drafting.draft;
    let losses = draft.steps.losses();
    if !losses.is_empty() {
        let what = found.changes.iter().filter_map(Thing::lost);
        let what: Vec<String> = what.map(|thing| format!("`{}`", thing.name())).collect();
        let what = what.join(", ");
        draft.steps = draft.steps.allow_loss(format!("{what} may go"));
        draft.notes.insert(0, format!("What {what} held does not come back with the way back."));
    }
    Ok(draft)
}

/// The column that a change gives what somebody says: in the rows that are there, or in those of
/// the way back.
fn fillable(change: &Change) -> Option<(&str, &Column)> {
    match change {
        Change::AddColumn { table, column } | Change::DropColumn { table, column }
            if column.lacks_value() =>
        {
            Some((table, column))
        }
        Change::AlterColumn { table, from, to } if from.nullable && needs_fill(to) => {
            Some((table, to))
        }
        _ => None,
    }
}

struct Drafting<'d> {
    /// What the migrations make, under the names of now.
    before: &'d Schema,
    want: &'d Schema,
    draft: Draft,
}

impl Drafting<'_> {
    /// Adds the steps of a change to those of the draft.
    fn make(&mut self, change: &Change, asked: &Asked<'_>) -> Result<(), String> {
        let steps = std::mem::take(&mut self.draft.steps);
        let made = match change {
            Change::AddColumn { table, column } if column.lacks_value() => {
                let of = self.want.tables.get(table);
                let fill = asked.fill(table, column, of)?;
                if fill.is_none() {
                    self.draft.open.push(Open::Value(lack(table, column)));
                }
                fill.map(|fill| Change::adding_filled(table, column.clone(), fill))
            }
            Change::AlterColumn { table, from, to } if from.nullable && needs_fill(to) => {
                if asked.fill(table, to, self.want.tables.get(table))?.is_none() {
                    self.draft.fillable.push(lack(table, to));
                }
                None
            }
            Change::DropColumn { table, column } if column.lacks_value() => {
                let blank = || value::blank(column, self.before.tables.get(table)?);
                let fill = asked.fill(table, column, None)?.or_else(blank);
                if fill.is_none() {
                    self.draft.notes.push(format!(
                        "The way back is refused while `{table}` has rows: `{}` takes no NULL, and \
                         nothing says what they would get.",
                        column.name
                    ));
                }
                fill.map(|fill| Change::dropping_filled(table, column.clone(), fill))
            }
            _ => None,
        };
        self.draft.steps = match made {
            Some(changes) => changes.into_iter().fold(steps, Steps::change),
            None => steps.change(change.clone()),
        };
        Ok(())
    }
}

/// What has to be said of something that goes.
fn gone(change: &Change, found: &Diff, asked: &Asked<'_>) -> Option<Open> {
    let thing = Thing::lost(change)?;
    if asked.is_dropped(thing) {
        return None;
    }
    let questions = found.questions.iter();
    let candidates = questions.filter(|it| it.is_about(thing.table(), thing.column_name()));
    let mut candidates: Vec<(String, Vec<String>)> =
        candidates.map(|it| (it.rename.to().to_owned(), it.because.clone())).collect();
    if candidates.is_empty() {
        candidates = found.changes.iter().filter_map(|new| hardly(change, new)).collect();
    }
    let moved = match change {
        Change::DropColumn { table, column } => moved(table, column, found),
        _ => Vec::new(),
    };
    let is_computed = matches!(change, Change::AlterColumn { .. });
    Some(Open::Gone { name: thing.name(), candidates, moved, is_computed })
}

/// What comes and could be what goes, although more than the name would have changed: whoever sees
/// no way to say so might take the one that loses what it holds.
fn hardly(gone: &Change, new: &Change) -> Option<(String, Vec<String>)> {
    match (gone, new) {
        (Change::DropTable(from), Change::CreateTable(to)) => {
            let all = from.columns.len();
            let common = from.columns.iter().filter(|it| to.column(&it.name).is_some()).count();
            let because = format!("{common} of {all} columns have the same name");
            (common > 1 && common * 3 >= all).then(|| (to.name.clone(), vec![because]))
        }
        (
            Change::DropColumn { table, column: from },
            Change::AddColumn { table: of, column: to },
        ) if table == of && from.ty.is_akin(&to.ty) => {
            Some((to.name.clone(), vec![format!("it was {}, and is {}", from.ty, to.ty)]))
        }
        _ => None,
    }
}

/// Whether rows can lack what the column demands of them.
fn needs_fill(column: &Column) -> bool {
    !column.nullable && column.generated.is_none()
}

fn lack(table: &str, column: &Column) -> Lack {
    Lack { name: format!("{table}.{}", column.name), ty: column.ty.to_string() }
}

/// The columns of other tables that come with the name and the type of one that goes.
fn moved(from: &str, column: &Column, found: &Diff) -> Vec<String> {
    let is_it = |other: &Column| other.name == column.name && is_same_type(&other.ty, &column.ty);
    let of = |table: &Table| {
        let it = table.columns.iter().find(|other| is_it(other))?;
        Some(format!("{}.{}", table.name, it.name))
    };
    let places = found.changes.iter().filter_map(|change| match change {
        Change::AddColumn { table, column } if table != from && is_it(column) => {
            Some(format!("{table}.{}", column.name))
        }
        Change::CreateTable(table) => of(table),
        _ => None,
    });
    places.collect()
}
