//! What the cases are written with.

use plimsoll::{Steps, TableBuilder, prelude::*};

/// A column of that name.
pub(crate) fn of(name: &str) -> ColumnDef {
    ColumnDef::new(name.to_owned())
}

/// A whole number that is the primary key.
pub(crate) fn key(name: &str) -> ColumnDef {
    of(name).integer().not_null().primary_key().take()
}

/// A whole number that may be missing.
pub(crate) fn int(name: &str) -> ColumnDef {
    of(name).integer().take()
}

/// A text that may be missing.
pub(crate) fn text(name: &str, length: u32) -> ColumnDef {
    of(name).string_len(length).take()
}

/// A schema of tables.
pub(crate) fn tables(tables: impl IntoIterator<Item = TableBuilder>) -> Steps {
    tables.into_iter().fold(Steps::new(), |steps, table| {
        let name = table.name().to_owned();
        steps.create_table(&name, |_| table)
    })
}

/// A table of these columns.
pub(crate) fn table(name: &str, columns: impl IntoIterator<Item = ColumnDef>) -> TableBuilder {
    columns.into_iter().fold(TableBuilder::new(name), TableBuilder::column)
}
