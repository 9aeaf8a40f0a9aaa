//! What two schemas differ in: a list of changes that makes the one into the other.

mod order;
mod parts;
mod rename;

use serde::{Deserialize, Serialize};

use crate::{
    change::{Change, is_same_type},
    schema::{Column, Schema, Table},
};

pub use rename::{Question, Rename};

/// What has to change in a schema to make it another one, and what only a person can know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diff {
    /// The changes in an order in which they can run.
    pub changes: Vec<Change>,
    /// The pairs that could be renames: something goes and something like it comes. Until somebody
    /// says so they are not, and stand among the changes as a drop and an addition.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<Question>,
}

impl Diff {
    /// Whether the two are the same.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// The changes that make `have` into `want`, both in the normal form of one database
/// ([`normal`](crate::normal::normal)) or both as they were declared.
///
/// Renames are made where `want` declares a former name that `have` has still, and those in
/// `renames`; never by guessing. Constraints and indexes are matched by what they are, then by
/// their names. The order of columns is no difference, and what is beyond the model
/// ([`Schema::beyond`]) is none either.
pub fn diff(have: &Schema, want: &Schema, renames: &[Rename]) -> Diff {
    let mut now = have.clone();
    let mut changes = rename::declared(&mut now, want, renames);
    let mut parts = Vec::new();
    for (name, want) in &want.tables {
        match now.tables.get(name) {
            Some(have) => table(have, want, &mut parts),
            None => parts.push(Change::CreateTable(plain(want))),
        }
    }
    for (name, have) in &now.tables {
        if !want.tables.contains_key(name) {
            parts.push(Change::DropTable(have.clone()));
        }
    }
    enumerations(&now, want, &mut parts);
    let questions = rename::questions(&parts, &now);
    changes.extend(order::ordered(parts));
    Diff { changes, questions }
}

/// `have` after the renames that `want` declares or somebody answered.
#[cfg(feature = "migrate")]
pub(crate) fn renamed(have: &Schema, want: &Schema, renames: &[Rename]) -> Schema {
    let mut now = have.clone();
    rename::declared(&mut now, want, renames);
    now
}

/// The table without what it was called before.
fn plain(table: &Table) -> Table {
    let mut table = table.clone();
    table.renamed_from = None;
    table.columns.iter_mut().for_each(|column| column.renamed_from = None);
    table
}

fn enumerations(have: &Schema, want: &Schema, changes: &mut Vec<Change>) {
    for (name, values) in &want.enums {
        match have.enums.get(name) {
            None => {
                changes.push(Change::CreateEnum { name: name.clone(), values: values.clone() });
            }
            Some(from) if from != values => changes.push(Change::AlterEnum {
                name: name.clone(),
                from: from.clone(),
                to: values.clone(),
            }),
            Some(_) => {}
        }
    }
    for (name, values) in &have.enums {
        if !want.enums.contains_key(name) {
            changes.push(Change::DropEnum { name: name.clone(), values: values.clone() });
        }
    }
}

/// What two tables of one name differ in.
fn table(have: &Table, want: &Table, changes: &mut Vec<Change>) {
    let name = || want.name.clone();
    if have.comment != want.comment {
        let (from, to) = (have.comment.clone(), want.comment.clone());
        changes.push(Change::CommentTable { table: name(), from, to });
    }
    if have.options != want.options {
        let (from, to) = (have.options.clone(), want.options.clone());
        changes.push(Change::AlterOptions { table: name(), from, to });
    }
    for column in &want.columns {
        let wanted = Column { renamed_from: None, ..column.clone() };
        match have.column(&column.name) {
            None => changes.push(Change::AddColumn { table: name(), column: wanted }),
            Some(found) if !is_same_column(found, &wanted) => changes.push(Change::AlterColumn {
                table: name(),
                from: Box::new(found.clone()),
                to: Box::new(wanted),
            }),
            Some(_) => {}
        }
    }
    for column in &have.columns {
        if want.column(&column.name).is_none() {
            changes.push(Change::DropColumn { table: name(), column: column.clone() });
        }
    }
    if have.primary_key != want.primary_key {
        let (from, to) = (have.primary_key.clone(), want.primary_key.clone());
        changes.push(Change::AlterPrimaryKey { table: name(), from, to });
    }
    parts::uniques(have, want, changes);
    parts::checks(have, want, changes);
    parts::foreign_keys(have, want, changes);
    parts::indexes(have, want, changes);
}

/// Whether two columns of one name are the same.
fn is_same_column(have: &Column, want: &Column) -> bool {
    is_same_type(&have.ty, &want.ty)
        && Column { ty: want.ty.clone(), renamed_from: None, ..have.clone() } == *want
}
