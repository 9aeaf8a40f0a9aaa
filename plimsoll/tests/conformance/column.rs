//! Cases of one column.

use plimsoll::prelude::*;

use crate::{
    case::Case,
    declare::{key, table, tables},
};

/// A column `a` that becomes another: what is said of it.
pub(crate) fn becomes(have: ColumnDef, want: ColumnDef, said: &str) -> Case {
    Case::of(&tables([table("t", [key("id"), have])]))
        .to(&tables([table("t", [key("id"), want])]))
        .finds(&[format!("~ change column `t.a`: {said}")])
}

/// A column that is there as it is wanted.
pub(crate) fn stays(column: ColumnDef) -> Case {
    Case::of(&tables([table("t", [key("id"), column])]))
}
