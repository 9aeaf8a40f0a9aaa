//! Cases of one column.

use plimsoll::{Dialect, prelude::*};

use crate::{
    case::{Case, NONE},
    declare::{key, table, tables},
};

/// A column `a` that becomes another: what is said of it.
pub(crate) fn becomes(have: ColumnDef, want: ColumnDef, said: &str) -> Case {
    Case::of(&tables([table("t", [key("id"), have])]))
        .to(&tables([table("t", [key("id"), want])]))
        .finds(&[changed(said)])
}

pub(crate) fn changed(said: &str) -> String {
    format!("~ change column `t.a`: {said}")
}

/// The same, where SQLite has one whole number for both.
pub(crate) fn widens(have: ColumnDef, want: ColumnDef, said: &str) -> Case {
    becomes(have, want, said).finds_on(Dialect::Sqlite, NONE)
}

/// The same, where SQLite's whole number is a big one.
pub(crate) fn of_numbers(have: ColumnDef, want: ColumnDef, said: &str, on_sqlite: &str) -> Case {
    becomes(have, want, said).finds_on(Dialect::Sqlite, &[changed(on_sqlite)])
}

pub(crate) fn stays(column: ColumnDef) -> Case {
    Case::of(&tables([table("t", [key("id"), column])]))
}
