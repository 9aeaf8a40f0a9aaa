//! default number changed.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(|t| t.column(integer("x").default(1)), |t| t.column(integer("x").default(-1)))
    })
}
