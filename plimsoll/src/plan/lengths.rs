//! Names that a database cuts or refuses.
//!
//! `MySQL` and `MariaDB` refuse an identifier of more than 64 characters, in the middle of a migration
//! if need be. `PostgreSQL` cuts one after 63 bytes without a word, and then two can be one.

use std::collections::BTreeMap;

use crate::{
    change::Change,
    dialect::Dialect,
    names::{MAX_BYTES, cut},
    render::Unrenderable,
    schema::{Schema, Table},
    steps::{Step, Steps},
};

/// How many characters a name has at most on `MySQL`.
const MAX_CHARACTERS: usize = 64;

/// Refuses names that the steps bring and the database cannot keep apart, before anything runs.
pub(super) fn check(dialect: Dialect, steps: &Steps, before: &Schema) -> Result<(), Unrenderable> {
    let changes = steps.steps().iter().filter_map(|step| match step {
        Step::Change(change) => Some(change),
        _ => None,
    });
    let mut new = changes.flat_map(new_names);
    match dialect {
        Dialect::Mysql => match new.find(|name| name.chars().count() > MAX_CHARACTERS) {
            Some(name) => Err(Unrenderable::new(
                format!(
                    "the name `{name}` of {} characters, {MAX_CHARACTERS} being all that fit,",
                    name.chars().count()
                ),
                dialect,
            )),
            None => Ok(()),
        },
        Dialect::Postgres if new.any(|name| name.len() > MAX_BYTES) => {
            let mut after = before.clone();
            // What the fold does not allow, whoever runs it has refused before.
            let _ = steps.apply(&mut after);
            kept_apart(&after)
        }
        Dialect::Sqlite | Dialect::Postgres => Ok(()),
    }
}

/// The names that come with a change.
fn new_names(change: &Change) -> Vec<&String> {
    match change {
        Change::CreateTable(table) => names_in(table),
        Change::RenameTable { to, .. } | Change::RenameColumn { to, .. } => vec![to],
        Change::AddColumn { column, .. } => vec![&column.name],
        Change::AddUnique { unique, .. } | Change::AlterUnique { to: unique, .. } => {
            unique.name.iter().collect()
        }
        Change::AddCheck { check, .. } | Change::AlterCheck { to: check, .. } => {
            check.name.iter().collect()
        }
        Change::AddForeignKey { key, .. } => key.name.iter().collect(),
        Change::AlterForeignKey { to, .. } => to.name.iter().collect(),
        Change::CreateIndex { index, .. } => vec![&index.name],
        Change::AlterIndex { to, .. } => vec![&to.name],
        Change::CreateEnum { name, .. } => vec![name],
        _ => Vec::new(),
    }
}

fn names_in(table: &Table) -> Vec<&String> {
    let columns = table.columns.iter().map(|column| &column.name);
    let relations = relations_of(table);
    columns.chain(relations).chain(table.constraint_names()).collect()
}

/// What has a name among all the tables of a schema.
fn relations_of(table: &Table) -> impl Iterator<Item = &String> {
    let uniques = table.uniques.iter().filter_map(|unique| unique.name.as_ref());
    [&table.name].into_iter().chain(table.indexes.iter().map(|index| &index.name)).chain(uniques)
}

/// Whether no two names are the same when they are cut.
fn kept_apart(schema: &Schema) -> Result<(), Unrenderable> {
    differ(schema.tables.values().flat_map(relations_of))?;
    differ(schema.enums.keys())?;
    for table in schema.tables.values() {
        differ(table.columns.iter().map(|column| &column.name))?;
        differ(table.constraint_names())?;
    }
    Ok(())
}

fn differ<'n>(names: impl Iterator<Item = &'n String>) -> Result<(), Unrenderable> {
    let mut by_what_is_left: BTreeMap<&str, &String> = BTreeMap::new();
    for name in names {
        match by_what_is_left.insert(cut(name), name) {
            Some(other) if other != name => {
                let what = format!(
                    "the names `{other}` and `{name}`, of which it keeps the first {MAX_BYTES} bytes, \
                     which are the same,"
                );
                return Err(Unrenderable::new(what, Dialect::Postgres));
            }
            _ => {}
        }
    }
    Ok(())
}
