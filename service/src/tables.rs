//! What is known of the tables: their columns, keys, and in which order they are filled.

use std::{collections::BTreeMap, sync::LazyLock};

use plimsoll::schema::{Column, Table};
use sea_orm::EntityTrait;

use crate::{Error, Result};

/// The tables in an order in which none comes before one that it refers to.
pub(crate) static TABLES: LazyLock<Vec<Table>> =
    LazyLock::new(|| entity::schema().into_iter().collect());

static PLACES: LazyLock<BTreeMap<&str, usize>> =
    LazyLock::new(|| TABLES.iter().enumerate().map(|(at, table)| (&*table.name, at)).collect());

/// Where the table comes in that order.
fn place(table: &str) -> Option<usize> {
    PLACES.get(table).copied()
}

/// The table of an entity.
pub(crate) fn of<E: EntityTrait>() -> &'static Table {
    named(E::default().table_name()).expect("the schema has every entity")
}

/// The table of that name.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub(crate) fn named(name: &str) -> Result<&'static Table> {
    place(name).map(|at| &TABLES[at]).ok_or_else(|| Error::not_found("table", name))
}

/// The column of that name.
pub(crate) fn column<'t>(table: &'t Table, name: &str) -> Option<&'t Column> {
    table.columns.iter().find(|column| column.name == name)
}

/// Whether no row can be added without saying what the column has.
pub(crate) fn is_needed(column: &Column) -> bool {
    !column.nullable
        && column.default.is_none()
        && !column.auto_increment
        && column.generated.is_none()
}

/// Whether rows of some table refer to rows of that one by a foreign key.
pub(crate) fn is_referred(table: &Table) -> bool {
    let mut keys = TABLES.iter().flat_map(|other| &other.foreign_keys);
    keys.any(|key| key.references == table.name)
}

/// Whether the database makes up the key.
pub(crate) fn is_counted(table: &Table) -> bool {
    table.columns.iter().any(|column| column.auto_increment)
}
