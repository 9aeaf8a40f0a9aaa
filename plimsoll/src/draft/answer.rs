//! What somebody answered, matched with what was asked.

use std::collections::BTreeSet;

use super::value;
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
    /// What goes with what it holds.
    pub drops: Vec<String>,
    /// What the rows that are there get in a column.
    pub defaults: Vec<(String, String)>,
}

fn quoted<'n>(names: impl IntoIterator<Item = &'n String>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    if quoted.is_empty() { "nothing".to_owned() } else { quoted.join(", ") }
}

impl Answers {
    /// The renames that are meant: of tables first, because the columns of a renamed table are
    /// compared only then.
    pub(super) fn renames(
        &self,
        compare: impl Fn(&Vec<Rename>) -> Diff,
    ) -> Result<Vec<Rename>, String> {
        let mut renames: Vec<Rename> = Vec::new();
        let mut open = self.renames.clone();
        if open.is_empty() {
            return Ok(renames);
        }
        let found = compare(&renames);
        let (gone, new) = (tables_gone(&found), tables_new(&found));
        open.retain(|(from, to)| {
            let is_it = gone.contains(from) && new.contains(to);
            if is_it {
                renames.push(Rename::Table { from: from.clone(), to: to.clone() });
            }
            !is_it
        });
        if open.is_empty() {
            return Ok(renames);
        }
        let found = compare(&renames);
        let mut columns = Vec::new();
        for (from, to) in &open {
            // A table may be called by its name of before.
            let is_old = |table: &str, name: &str| {
                let before = renames.iter().find_map(|rename| match rename {
                    Rename::Table { from, to } if to == table => Some(&**from),
                    _ => None,
                });
                is_named(from, table, Some(name))
                    || before.is_some_and(|before| is_named(from, before, Some(name)))
            };
            let pairs = columns_gone(&found).flat_map(|(table, old)| {
                let new = columns_new(&found).filter(move |(of, _)| *of == table);
                new.map(move |(_, new)| (table, old, new))
            });
            let mut pairs = pairs
                .filter(|(table, old, new)| is_old(table, old) && is_named(to, table, Some(new)));
            match (pairs.next(), pairs.next()) {
                (Some((table, from, to)), None) => columns.push(Rename::Column {
                    table: table.to_owned(),
                    from: from.to_owned(),
                    to: to.to_owned(),
                }),
                (Some((one, old, new)), Some((other, ..))) => {
                    return Err(format!(
                        "`--rename {from}:{to}` could be of `{one}` and of `{other}`: write \
                         `--rename {one}.{old}:{new}`"
                    ));
                }
                (None, _) => {
                    return Err(format!(
                        "`--rename {from}:{to}` names nothing that goes and something that comes \
                         for it: {} go, {} come",
                        quoted(&all(&found, false)),
                        quoted(&all(&found, true))
                    ));
                }
            }
        }
        renames.extend(columns);
        Ok(renames)
    }
}

fn tables_gone(found: &Diff) -> BTreeSet<String> {
    let gone = found.changes.iter().filter_map(|change| match change {
        Change::DropTable(table) => Some(table.name.clone()),
        _ => None,
    });
    gone.collect()
}

fn tables_new(found: &Diff) -> BTreeSet<String> {
    let new = found.changes.iter().filter_map(|change| match change {
        Change::CreateTable(table) => Some(table.name.clone()),
        _ => None,
    });
    new.collect()
}

/// The columns that go, each with its table.
fn columns_gone(found: &Diff) -> impl Iterator<Item = (&str, &str)> {
    found.changes.iter().filter_map(|change| match change {
        Change::DropColumn { table, column } => Some((&**table, &*column.name)),
        _ => None,
    })
}

/// The columns that come, each with its table.
fn columns_new(found: &Diff) -> impl Iterator<Item = (&str, &str)> {
    found.changes.iter().filter_map(|change| match change {
        Change::AddColumn { table, column } => Some((&**table, &*column.name)),
        _ => None,
    })
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

/// The answers that are not renames, and which of them something asked for.
pub(super) struct Asked<'a> {
    answers: &'a Answers,
    drops: Vec<BTreeSet<String>>,
    defaults: Vec<BTreeSet<String>>,
}

impl<'a> Asked<'a> {
    pub(super) fn new(answers: &'a Answers) -> Self {
        Self {
            answers,
            drops: vec![BTreeSet::new(); answers.drops.len()],
            defaults: vec![BTreeSet::new(); answers.defaults.len()],
        }
    }

    /// Whether somebody said that the table or the column goes.
    pub(super) fn is_dropped(&mut self, table: &str, column: Option<&str>) -> bool {
        let mut is_said = false;
        for (name, of) in self.answers.drops.iter().zip(&mut self.drops) {
            if is_named(name, table, column) {
                of.insert(table.to_owned());
                is_said = true;
            }
        }
        is_said
    }

    /// What somebody said that rows get in the column, which has the conditions of that table.
    ///
    /// # Errors
    /// Why it cannot be a value of the column.
    pub(super) fn fill(
        &mut self,
        table: &str,
        column: &Column,
        of: Option<&Table>,
    ) -> Result<Option<Default>, String> {
        let mut said = None;
        for ((name, value), tables) in self.answers.defaults.iter().zip(&mut self.defaults) {
            if is_named(name, table, Some(&column.name)) {
                tables.insert(table.to_owned());
                said = Some(value);
            }
        }
        let Some(text) = said else { return Ok(None) };
        let fill = value::read(text, column, of);
        Ok(Some(fill.map_err(|why| format!("`--default {table}.{}={text}`: {why}", column.name))?))
    }

    /// # Errors
    /// An answer to nothing, and one that two things asked for.
    pub(super) fn finish(self, found: &Diff) -> Result<(), String> {
        for (name, of) in self.answers.drops.iter().zip(&self.drops) {
            let nothing = || {
                let go = quoted(&all(found, false));
                format!("nothing that goes with what it holds: {go} go")
            };
            about_one(
                of,
                &format!("--drop {name}"),
                |table| format!("--drop {table}.{name}"),
                nothing,
            )?;
        }
        for ((name, value), of) in self.answers.defaults.iter().zip(&self.defaults) {
            let nothing = || {
                "no column that takes no NULL from now on, or goes, and has no default of its own"
                    .to_owned()
            };
            let precise = |table: &str| format!("--default {table}.{name}={value}");
            about_one(of, &format!("--default {name}={value}"), precise, nothing)?;
        }
        Ok(())
    }
}

/// Whether an answer is about a thing of one table.
fn about_one(
    tables: &BTreeSet<String>,
    answer: &str,
    precise: impl Fn(&str) -> String,
    nothing: impl Fn() -> String,
) -> Result<(), String> {
    let mut tables = tables.iter();
    match (tables.next(), tables.next()) {
        (None, _) => Err(format!("`{answer}` names {}", nothing())),
        (Some(_), None) => Ok(()),
        (Some(one), Some(other)) => Err(format!(
            "`{answer}` could be of `{one}` and of `{other}`: write `{}`",
            precise(one)
        )),
    }
}

/// Whether the name is that of the table, or of the column with or without its table.
fn is_named(name: &str, table: &str, column: Option<&str>) -> bool {
    match column {
        None => name == table,
        // Names may have points of their own.
        Some(column) => name == column || name == format!("{table}.{column}"),
    }
}
