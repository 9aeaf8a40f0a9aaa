//! Tables with rows in them, which are there and back.

#[path = "filled/comments.rs"]
mod comments;
#[path = "filled/flags.rs"]
pub(super) mod flags;
#[path = "filled/keys.rs"]
pub(super) mod keys;
#[path = "filled/references.rs"]
mod references;
#[path = "filled/values.rs"]
pub(super) mod values;

use plimsoll::{Steps, TableBuilder, steps::AlterBuilder};

use super::alter;
use crate::{
    applied::Applied,
    class::Class,
    declare::{int, key, table, tables, text},
};

/// The classes of what is in this folder.
pub(super) fn all() -> Vec<Class> {
    let classes = [values::all(), flags::all(), keys::all(), references::all(), comments::all()];
    classes.into_iter().flatten().collect()
}

/// `foo` as the cases have it.
pub(super) fn foo() -> TableBuilder {
    table("foo", [key("id"), text("data", 50), int("x")])
}

/// What is in `foo`.
pub(super) const ROWS: &str =
    "(1, 'd1', 5), (2, '22', 6), (3, '8.5', 7), (4, '9.46', 8), (5, 'd5', 9)";

/// `foo` with its rows becomes another.
pub(super) fn of_foo(by: impl FnOnce(AlterBuilder) -> AlterBuilder, want: TableBuilder) -> Applied {
    Applied::of(&tables([foo()])).rows("foo", ROWS).steps(&alter("foo", by)).makes(&tables([want]))
}

/// The steps of one and then of the other.
fn then(first: &Steps, second: &Steps) -> Steps {
    second.steps().iter().cloned().fold(first.clone(), Steps::and_step)
}
