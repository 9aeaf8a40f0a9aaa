//! `tests/test_batch.py`: tables that are altered in a batch, and on SQLite built anew.

#[path = "batch/added.rs"]
mod added;
#[path = "batch/columns.rs"]
mod columns;
#[path = "batch/constraints.rs"]
mod constraints;
#[path = "batch/copied.rs"]
mod copied;
#[path = "batch/filled.rs"]
mod filled;
#[path = "batch/of_one.rs"]
mod of_one;
#[path = "batch/operations.rs"]
mod operations;
#[path = "batch/scripts.rs"]
mod scripts;

use plimsoll::{Steps, TableBuilder, prelude::*, steps::AlterBuilder};

use crate::{
    applied::Applied,
    class::Class,
    declare::{int, key, of, table, text},
};

const FILE: &str = "tests/test_batch.py";

/// The classes of this file.
pub(crate) fn all() -> Vec<Class> {
    let classes = [
        columns::all(),
        added::all(),
        constraints::all(),
        operations::all(),
        copied::all(),
        filled::all(),
        of_one::all(),
        scripts::all(),
    ];
    classes.into_iter().flatten().collect()
}

/// Changes of a table.
fn alter(table: &str, alter: impl FnOnce(AlterBuilder) -> AlterBuilder) -> Steps {
    Steps::new().alter(table, alter)
}

/// A table that becomes another.
fn becomes(have: &Steps, steps: &Steps, want: &Steps) -> Applied {
    Applied::of(have).steps(steps).makes(want)
}

/// By itself, and beside something for which SQLite builds the table anew. `column` is a number
/// that the table has then.
fn both(case: Applied, table: &str, column: &str) -> [Applied; 2] {
    [case.clone(), case.beside_a_rebuild(table, column)]
}

/// `tname` as most of the cases have it.
fn simple() -> TableBuilder {
    table("tname", [key("id"), text("x", 10), int("y")])
}

/// A table that others refer to.
fn user() -> TableBuilder {
    table("user", [key("id")])
}

/// What a column of true and false demands where the other tool has numbers for them.
fn zero_or_one(name: &str, column: &str) -> Check {
    let numbers = format!("{column} IN (0, 1)");
    let condition = Sql::each(numbers.clone(), format!("{column} IN (true, false)"), numbers);
    Check::new(name, Rule::Sql(condition))
}

/// A column of true and false.
fn flag(name: &str) -> ColumnDef {
    of(name).boolean().take()
}
