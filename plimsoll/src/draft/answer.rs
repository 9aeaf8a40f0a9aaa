//! What somebody answered, matched with what was asked.

mod renames;

use std::collections::{BTreeMap, BTreeSet};

use super::{fillable, value};
use crate::{
    change::Change,
    diff::{Diff, Rename},
    schema::{Column, Default, Table},
};

/// What was answered beforehand, by options or on a terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// What has another name: what it was called and what it is called, a table or a column with or
    /// without its table before a point.
    pub renames: Vec<(String, String)>,
    /// The same as it is typed, `old:new`. A name may have colons of its own: the colon counts that
    /// stands between two names that are there.
    pub typed_renames: Vec<String>,
    /// What goes with what it holds.
    pub drops: Vec<String>,
    /// What the rows that are there get in a column.
    pub defaults: Vec<(String, String)>,
}

fn quoted<'n>(names: impl IntoIterator<Item = &'n String>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    if quoted.is_empty() { "nothing".to_owned() } else { quoted.join(", ") }
}

/// What comes, or what goes.
fn all(found: &Diff, is_new: bool) -> Vec<String> {
    let names = found.changes.iter().filter_map(|change| match change {
        Change::CreateTable(table) if is_new => Some(table.name.clone()),
        Change::DropTable(table) if !is_new => Some(table.name.clone()),
        Change::AddColumn { table, column } if is_new => Some(format!("{table}.{}", column.name)),
        Change::DropColumn { table, column } if !is_new => Some(format!("{table}.{}", column.name)),
        _ => None,
    });
    names.collect()
}

/// A table, or a column of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Thing<'d> {
    table: &'d str,
    column: Option<&'d str>,
}

impl<'d> Thing<'d> {
    pub(super) fn column(table: &'d str, column: &'d Column) -> Self {
        Self { table, column: Some(&column.name) }
    }

    /// What is gone for good with a change.
    pub(super) fn lost(change: &'d Change) -> Option<Self> {
        let thing = match change {
            Change::DropTable(table) => Self { table: &table.name, column: None },
            Change::DropColumn { table, column } => Self::column(table, column),
            Change::AlterColumn { table, from, .. } => Self::column(table, from),
            _ => return None,
        };
        change.loses().then_some(thing)
    }

    pub(super) fn table(self) -> &'d str {
        self.table
    }

    pub(super) fn column_name(self) -> Option<&'d str> {
        self.column
    }

    /// Its name, which is that of the table with that of the column behind a point.
    pub(super) fn name(self) -> String {
        full(self.table, self.column)
    }
}

fn full(table: &str, column: Option<&str>) -> String {
    column.map_or_else(|| table.to_owned(), |column| format!("{table}.{column}"))
}

/// What a table was called before.
fn former<'r>(table: &str, renames: &'r [Rename]) -> Option<&'r str> {
    renames.iter().find_map(|rename| match rename {
        Rename::Table { from, to } if to == table => Some(&**from),
        _ => None,
    })
}

/// Whether somebody who says `name` means the thing with its table, under whichever name.
///
/// Names may have points of their own, so that the whole is compared.
fn is_whole_name(name: &str, of: Thing<'_>, renames: &[Rename]) -> bool {
    name == of.name()
        || former(of.table, renames)
            .is_some_and(|table| of.column.is_some() && name == full(table, of.column))
}

/// The things that somebody can mean: whoever says a column alone means it only where nothing is
/// called so as a whole.
fn meant<'d>(name: &str, things: &BTreeSet<Thing<'d>>, renames: &[Rename]) -> Vec<Thing<'d>> {
    let of = |is_it: &dyn Fn(Thing<'d>) -> bool| -> Vec<Thing<'d>> {
        things.iter().copied().filter(|thing| is_it(*thing)).collect()
    };
    let whole = of(&|thing| is_whole_name(name, thing, renames));
    if whole.is_empty() { of(&|thing| thing.column == Some(name)) } else { whole }
}

/// The answers that are not renames, each with what it is about.
pub(super) struct Asked<'a> {
    drops: BTreeSet<Thing<'a>>,
    defaults: BTreeMap<Thing<'a>, &'a str>,
}

impl<'a> Asked<'a> {
    /// # Errors
    /// An answer to nothing, one that two things asked for, and two of which only one can be.
    pub(super) fn new(
        answers: &'a Answers,
        found: &'a Diff,
        renames: &[Rename],
    ) -> Result<Self, String> {
        let mut asked = Self { drops: BTreeSet::new(), defaults: BTreeMap::new() };
        let lost = found.changes.iter().filter_map(Thing::lost).collect();
        for name in &answers.drops {
            let said = |name: &str| format!("--drop {name}");
            let nothing = || {
                let go = quoted(&all(found, false));
                format!("nothing that goes with what it holds: {go} go")
            };
            asked.drops.insert(one(name, &meant(name, &lost, renames), said, nothing)?);
        }
        let fillable = found.changes.iter().filter_map(fillable);
        let fillable = fillable.map(|(table, column)| Thing::column(table, column)).collect();
        for (name, value) in &answers.defaults {
            let said = |name: &str| format!("--default {name}={value}");
            let nothing = || {
                "no column that takes no NULL from now on, or goes, and has no default of its own"
                    .to_owned()
            };
            let thing = one(name, &meant(name, &fillable, renames), said, nothing)?;
            if let Some(other) = asked.defaults.insert(thing, value).filter(|other| other != value)
            {
                return Err(format!(
                    "`{}` and `--default {name}={other}` are of one column, which gets one value",
                    said(name)
                ));
            }
        }
        Ok(asked)
    }

    /// Whether somebody said that it goes.
    pub(super) fn is_dropped(&self, thing: Thing<'_>) -> bool {
        self.drops.contains(&thing)
    }

    /// What somebody said that rows get in the column, which has the conditions of that table.
    ///
    /// # Errors
    /// Why it cannot be a value of the column.
    pub(super) fn fill(
        &self,
        table: &str,
        column: &Column,
        of: Option<&Table>,
    ) -> Result<Option<Default>, String> {
        let Some(text) = self.defaults.get(&Thing::column(table, column)) else { return Ok(None) };
        let fill = value::read(text, column, of);
        Ok(Some(fill.map_err(|why| format!("`--default {table}.{}={text}`: {why}", column.name))?))
    }
}

/// The one thing that an answer is about.
fn one<'d>(
    name: &str,
    things: &[Thing<'d>],
    said: impl Fn(&str) -> String,
    nothing: impl Fn() -> String,
) -> Result<Thing<'d>, String> {
    match things {
        [] => Err(format!("`{}` names {}", said(name), nothing())),
        [thing] => Ok(*thing),
        [one, other, ..] => {
            let both =
                format!("`{}` could be of `{}` and of `{}`", said(name), one.table, other.table);
            // What is ambiguous as a whole has no better name.
            let precise = Some(one.name()).filter(|precise| precise != name);
            Err(precise.map_or(both.clone(), |it| format!("{both}: write `{}`", said(&it))))
        }
    }
}
