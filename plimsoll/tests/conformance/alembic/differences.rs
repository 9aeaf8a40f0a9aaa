//! `test_autogen_diffs.py`, both of them, and `check` of `test_command.py`.

#[path = "differences/altered.rs"]
mod altered;
#[path = "differences/everything.rs"]
mod everything;
#[path = "differences/left_out.rs"]
mod left_out;
#[path = "differences/schemas.rs"]
mod schemas;
#[path = "differences/tables.rs"]
mod tables;
#[path = "differences/types.rs"]
mod types;

use plimsoll::{App, History, Steps};

use crate::{
    case::{Case, schema_of},
    class::Class,
};

const FILE: &str = "tests/test_autogen_diffs.py";

/// The classes of these files.
pub(crate) fn all() -> Vec<Class> {
    let classes = [
        schemas::all(),
        everything::all(),
        types::all(),
        tables::all(),
        left_out::all(),
        altered::all(),
    ];
    classes.into_iter().flatten().collect()
}

/// A database that has what `have` says, compared with entities of these tables by an app that
/// leaves some out.
fn without<const N: usize>(unmanaged: [&str; N], have: &Steps, want: &Steps) -> Case {
    let entities = schema_of(want).tables.into_values().collect();
    Case::of(have).by_app(App::new(History::new()).entities(entities).unmanaged(unmanaged))
}
