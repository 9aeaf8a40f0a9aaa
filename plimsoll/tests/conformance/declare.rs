//! What the cases are written with.

use plimsoll::{
    Steps, TableBuilder,
    prelude::*,
    schema::{Check, ForeignKey, Rule, Unique},
};

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

/// What gives a table of a schema a constraint.
pub(crate) trait Named {
    fn unique_named<const N: usize>(self, table: &str, name: &str, columns: [&str; N]) -> Self;
    fn check_named(self, table: &str, name: &str, condition: &str) -> Self;
    fn key(self, table: &str, key: ForeignKey) -> Self;
}

impl Named for Steps {
    fn unique_named<const N: usize>(self, table: &str, name: &str, columns: [&str; N]) -> Self {
        let unique = Unique::new(name, columns);
        self.change(Change::AddUnique { table: table.to_owned(), unique })
    }

    fn check_named(self, table: &str, name: &str, condition: &str) -> Self {
        let check = Check::new(name, Rule::sql(condition));
        self.change(Change::AddCheck { table: table.to_owned(), check })
    }

    fn key(self, table: &str, key: ForeignKey) -> Self {
        self.change(Change::AddForeignKey { table: table.to_owned(), key })
    }
}

/// A foreign key of that name, without actions.
pub(crate) fn foreign_key<const N: usize>(
    name: &str,
    columns: [&str; N],
    references: &str,
    referenced_columns: [&str; N],
) -> ForeignKey {
    ForeignKey::new(name, columns, references, referenced_columns)
}
