//! list element.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(
            |t| t.column(array("x", ColumnType::Integer)),
            |t| t.column(array("x", ColumnType::Text)),
        )
    })
}
