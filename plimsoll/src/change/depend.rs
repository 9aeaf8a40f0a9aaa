//! Which change can run only behind which other.

use super::Change;
use crate::schema::{Check, Column, ForeignKey, Index, IndexPart, Rule, Table, Type};

/// Something that changes make, need and free.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Thing<'c> {
    Table(&'c str),
    Column(&'c str, &'c str),
    /// The name of a constraint or an index on a table.
    Named(&'c str, &'c str),
    Enum(&'c str),
}

/// What a change does with things.
#[derive(Default)]
struct Uses<'c> {
    /// What must be there.
    needs: Vec<Thing<'c>>,
    /// What is there afterwards and was not before.
    makes: Vec<Thing<'c>>,
    /// What was there and is not afterwards.
    frees: Vec<Thing<'c>>,
    /// What it no longer refers to.
    releases: Vec<Thing<'c>>,
}

impl Change {
    /// Whether this change can run only behind `other`: it needs what the other makes, takes a name
    /// that the other frees, or drops what the other refers to no longer.
    ///
    /// ```
    /// use plimsoll::{Change, schema::{Column, Index, Type}};
    ///
    /// let column = Column::new("state", Type::Text);
    /// let added = Change::AddColumn { table: "pages".to_owned(), column };
    /// let index = Index::over("pages", ["state"]);
    /// let indexed = Change::CreateIndex { table: "pages".to_owned(), index };
    ///
    /// assert!(indexed.depends_on(&added) && !added.depends_on(&indexed));
    /// ```
    pub fn depends_on(&self, other: &Self) -> bool {
        let (mine, others) = (uses(self), uses(other));
        let both = |a: &[Thing<'_>], b: &[Thing<'_>]| a.iter().any(|thing| b.contains(thing));
        both(&mine.needs, &others.makes)
            || both(&mine.makes, &others.frees)
            || both(&mine.frees, &others.releases)
    }
}

fn uses(change: &Change) -> Uses<'_> {
    let mut uses = Uses::default();
    match change {
        Change::CreateTable(table) => {
            uses.makes = parts(table);
            uses.needs = outside(table);
        }
        Change::DropTable(table) => {
            uses.frees = parts(table);
            uses.releases = outside(table);
        }
        Change::RenameTable { from, to } => {
            uses.frees.push(Thing::Table(from));
            uses.makes.push(Thing::Table(to));
        }
        Change::RenameColumn { table, from, to } => {
            uses.needs.push(Thing::Table(table));
            uses.frees.push(Thing::Column(table, from));
            uses.makes.push(Thing::Column(table, to));
        }
        Change::CreateEnum { name, .. } => uses.makes.push(Thing::Enum(name)),
        Change::DropEnum { name, .. } => uses.frees.push(Thing::Enum(name)),
        Change::AlterEnum { name, .. } => uses.needs.push(Thing::Enum(name)),
        _ => in_table(change, &mut uses),
    }
    uses
}

fn in_table<'c>(change: &'c Change, uses: &mut Uses<'c>) {
    let table = change.table();
    uses.needs.push(Thing::Table(table));
    let mut appears = |name: Option<&'c String>, refers: Vec<Thing<'c>>| {
        uses.makes.extend(name.map(|name| Thing::Named(table, name)));
        uses.needs.extend(refers);
    };
    match change {
        Change::AddColumn { column, .. } => appears(None, of_column(column)),
        Change::AlterColumn { to, .. } => appears(None, of_column(to)),
        Change::AlterPrimaryKey { to, .. } => appears(None, columns(table, to)),
        Change::AddUnique { unique, .. } | Change::AlterUnique { to: unique, .. } => {
            appears(unique.name.as_ref(), columns(table, &unique.columns));
        }
        Change::AddCheck { check, .. } | Change::AlterCheck { to: check, .. } => {
            appears(check.name.as_ref(), of_check(table, check));
        }
        Change::AddForeignKey { key, .. } => appears(key.name.as_ref(), of_key(table, key)),
        Change::AlterForeignKey { to, .. } => appears(to.name.as_ref(), of_key(table, to)),
        Change::CreateIndex { index, .. } => appears(Some(&index.name), of_index(table, index)),
        Change::AlterIndex { to, .. } => appears(Some(&to.name), of_index(table, to)),
        _ => {}
    }
    let mut goes = |name: Option<&'c String>, refers: Vec<Thing<'c>>| {
        uses.frees.extend(name.map(|name| Thing::Named(table, name)));
        uses.releases.extend(refers);
    };
    match change {
        Change::DropColumn { column, .. } => goes(None, of_column(column)),
        Change::AlterColumn { from, .. } => goes(None, of_column(from)),
        Change::AlterPrimaryKey { from, .. } => goes(None, columns(table, from)),
        Change::DropUnique { unique, .. } | Change::AlterUnique { from: unique, .. } => {
            goes(unique.name.as_ref(), columns(table, &unique.columns));
        }
        Change::DropCheck { check, .. } | Change::AlterCheck { from: check, .. } => {
            goes(check.name.as_ref(), of_check(table, check));
        }
        Change::DropForeignKey { key, .. } => goes(key.name.as_ref(), of_key(table, key)),
        Change::AlterForeignKey { from, .. } => goes(from.name.as_ref(), of_key(table, from)),
        Change::DropIndex { index, .. } => goes(Some(&index.name), of_index(table, index)),
        Change::AlterIndex { from, .. } => goes(Some(&from.name), of_index(table, from)),
        _ => {}
    }
    match change {
        Change::AddColumn { column, .. } => uses.makes.push(Thing::Column(table, &column.name)),
        Change::DropColumn { column, .. } => uses.frees.push(Thing::Column(table, &column.name)),
        _ => {}
    }
    // A name that stays is neither taken nor free.
    let kept: Vec<Thing<'_>> =
        uses.makes.iter().filter(|thing| uses.frees.contains(thing)).copied().collect();
    uses.makes.retain(|thing| !kept.contains(thing));
    uses.frees.retain(|thing| !kept.contains(thing));
}

/// A table with its columns and the names on it.
fn parts(table: &Table) -> Vec<Thing<'_>> {
    let of = &*table.name;
    let mut parts = vec![Thing::Table(of)];
    parts.extend(table.columns.iter().map(|column| Thing::Column(of, &column.name)));
    parts
}

/// What a table refers to that is not in it.
fn outside(table: &Table) -> Vec<Thing<'_>> {
    let mut outside: Vec<Thing<'_>> = table.columns.iter().flat_map(of_column).collect();
    for key in table.foreign_keys.iter().filter(|key| key.references != table.name) {
        outside.push(Thing::Table(&key.references));
    }
    outside
}

fn columns<'c>(table: &'c str, names: &'c [String]) -> Vec<Thing<'c>> {
    names.iter().map(|name| Thing::Column(table, name)).collect()
}

fn of_column(column: &Column) -> Vec<Thing<'_>> {
    fn of_type(ty: &Type) -> Option<Thing<'_>> {
        match ty {
            Type::Enum { name, .. } if !name.is_empty() => Some(Thing::Enum(name)),
            Type::Array(of) => of_type(of),
            _ => None,
        }
    }
    of_type(&column.ty).into_iter().collect()
}

fn of_check<'c>(table: &'c str, check: &'c Check) -> Vec<Thing<'c>> {
    match &check.rule {
        Rule::OneOf { column, .. } | Rule::Range { column, .. } => {
            vec![Thing::Column(table, column)]
        }
        Rule::Sql(_) => Vec::new(),
    }
}

fn of_key<'c>(table: &'c str, key: &'c ForeignKey) -> Vec<Thing<'c>> {
    let mut things = columns(table, &key.columns);
    things.push(Thing::Table(&key.references));
    things.extend(columns(&key.references, &key.referenced_columns));
    things
}

fn of_index<'c>(table: &'c str, index: &'c Index) -> Vec<Thing<'c>> {
    let named = index.columns.iter().filter_map(IndexPart::column).chain(&index.include);
    named.map(|column| Thing::Column(table, column)).collect()
}
