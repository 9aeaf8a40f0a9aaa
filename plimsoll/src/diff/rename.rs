//! Renames: those that are declared or answered, and those that could be asked about.

use serde::{Deserialize, Serialize};

use crate::{
    change::{Change, is_same_type},
    schema::{Column, Schema, Table},
};

/// A table or a column that has another name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rename {
    /// A table.
    Table {
        /// What it was called.
        from: String,
        /// What it is called.
        to: String,
    },
    /// A column.
    Column {
        /// The table, by its new name.
        table: String,
        /// What the column was called.
        from: String,
        /// What it is called.
        to: String,
    },
}

/// A pair that could be a rename.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// What to hand to [`diff`](super::diff) when it is one.
    pub rename: Rename,
    /// What speaks for it, as sentences without a full stop.
    pub because: Vec<String>,
}

impl Rename {
    /// What it is called now.
    pub fn to(&self) -> &str {
        match self {
            Self::Table { to, .. } | Self::Column { to, .. } => to,
        }
    }
}

impl Question {
    /// Whether it asks of this table, or of this column of it, by the name of before.
    #[cfg(feature = "migrate")]
    pub(crate) fn is_about(&self, of: &str, column: Option<&str>) -> bool {
        match &self.rename {
            Rename::Table { from, .. } => column.is_none() && from == of,
            Rename::Column { table, from, .. } => table == of && column == Some(from),
        }
    }

    /// The question as a sentence.
    pub fn ask(&self) -> String {
        match &self.rename {
            Rename::Table { from, to } => format!("was table `{from}` renamed to `{to}`?"),
            Rename::Column { table, from, to } => {
                format!("was column `{table}.{from}` renamed to `{to}`?")
            }
        }
    }
}

/// A thing that is to be called otherwise.
struct Open {
    from: String,
    to: String,
    /// Whether somebody answered so just now: what an entity declares may have been done long ago.
    is_answered: bool,
}

impl Open {
    /// What becomes `to`, by the answer or else by what is declared.
    fn of(to: &str, answered: Option<&String>, declared: Option<&String>) -> Option<Self> {
        let from = answered.or(declared)?.clone();
        Some(Self { from, to: to.to_owned(), is_answered: answered.is_some() })
    }
}

/// Makes the renames that are declared or answered in `now`, and says which.
pub(super) fn declared(now: &mut Schema, want: &Schema, answered: &[Rename]) -> Vec<Change> {
    let mut changes = Vec::new();
    let answered_table = |new: &String| {
        answered.iter().find_map(|rename| match rename {
            Rename::Table { from, to } if to == new => Some(from),
            _ => None,
        })
    };
    let tables = want.tables.values().filter_map(|table| {
        Open::of(&table.name, answered_table(&table.name), table.renamed_from.as_ref())
    });
    let renamed = in_turn(tables.collect(), |from, to| {
        let rename = Change::RenameTable { from: from.to_owned(), to: to.to_owned() };
        rename.apply(now).is_ok().then_some(rename)
    });
    changes.extend(renamed);
    for (name, table) in &want.tables {
        let answered_column = |new: &String| {
            answered.iter().find_map(|rename| match rename {
                Rename::Column { table, from, to } if table == name && to == new => Some(from),
                _ => None,
            })
        };
        let columns = table.columns.iter().filter_map(|column| {
            let declared = column.renamed_from.as_ref();
            Open::of(&column.name, answered_column(&column.name), declared)
        });
        let renamed = in_turn(columns.collect(), |from, to| {
            let (from, to) = (from.to_owned(), to.to_owned());
            let rename = Change::RenameColumn { table: name.clone(), from, to };
            rename.apply(now).is_ok().then_some(rename)
        });
        changes.extend(renamed);
    }
    changes
}

/// What one of several is called that take the names of each other, until its own is free.
const ASIDE: &str = "plimsoll_aside";

/// Makes the renames that can be made, and again those that were in the way of others: `b` to `c`
/// frees the name for `a` to `b`. Of those that are in the way of each other one steps aside.
fn in_turn(
    mut open: Vec<Open>,
    mut rename: impl FnMut(&str, &str) -> Option<Change>,
) -> Vec<Change> {
    let mut done = Vec::new();
    loop {
        let before = done.len();
        open.retain(|it| match rename(&it.from, &it.to) {
            Some(change) => {
                done.push(change);
                false
            }
            None => true,
        });
        if done.len() > before {
            continue;
        }
        let Some(place) = in_a_circle(&open) else { return done };
        let Some(aside) = rename(&open[place].from, ASIDE) else { return done };
        done.push(aside);
        ASIDE.clone_into(&mut open[place].from);
    }
}

/// One of several answers of which each takes the name of the next.
fn in_a_circle(open: &[Open]) -> Option<usize> {
    open.iter().position(|first| {
        let mut at = first;
        // A circle has no more members than there are.
        open.iter().any(|_| {
            let next = open.iter().find(|it| it.is_answered && it.from == at.to);
            at = next.unwrap_or(at);
            next.is_some() && at.to == first.from
        }) && first.is_answered
    })
}

/// What goes and comes at once and could be one.
pub(super) fn questions(changes: &[Change], now: &Schema) -> Vec<Question> {
    let mut questions = Vec::new();
    for gone in changes {
        match gone {
            Change::DropTable(from) => {
                let new = changes.iter().filter_map(|it| match it {
                    Change::CreateTable(to) => Some(to),
                    _ => None,
                });
                questions.extend(new.filter_map(|to| of_tables(from, to)));
            }
            Change::DropColumn { table, column: from } => {
                let new = changes.iter().filter_map(|it| match it {
                    Change::AddColumn { table: of, column } if of == table => Some(column),
                    _ => None,
                });
                let of = now.tables.get(table);
                questions.extend(new.filter_map(|to| of_columns(of?, from, to)));
            }
            _ => {}
        }
    }
    questions
}

/// Two tables of which at least half the columns agree.
fn of_tables(from: &Table, to: &Table) -> Option<Question> {
    let most = from.columns.len().max(to.columns.len());
    let common: Vec<&str> = from
        .columns
        .iter()
        .filter(|it| to.column(&it.name).is_some_and(|other| is_same_type(&it.ty, &other.ty)))
        .map(|it| &*it.name)
        .collect();
    if common.len() * 2 < most || (common.len() < 2 && most > 1) {
        return None;
    }
    Some(Question {
        rename: Rename::Table { from: from.name.clone(), to: to.name.clone() },
        because: vec![format!(
            "{} of {most} columns have the same name and type: {}",
            common.len(),
            common.join(", ")
        )],
    })
}

/// Two columns of one type.
fn of_columns(table: &Table, from: &Column, to: &Column) -> Option<Question> {
    if !is_same_type(&from.ty, &to.ty) {
        return None;
    }
    let null = if from.nullable { "nullable" } else { "not null" };
    let mut because = vec![if from.nullable == to.nullable {
        format!("both are {}, {null}", from.ty)
    } else {
        format!("both are {}", from.ty)
    }];
    if from.default.is_some() && from.default == to.default {
        because.push("both have the same default".to_owned());
    }
    if from.comment.is_some() && from.comment == to.comment {
        because.push("both have the same comment".to_owned());
    }
    if table.primary_key.contains(&from.name) {
        because.push("it is in the primary key".to_owned());
    }
    Some(Question {
        rename: Rename::Column {
            table: table.name.clone(),
            from: from.name.clone(),
            to: to.name.clone(),
        },
        because,
    })
}
