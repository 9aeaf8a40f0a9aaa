//! default boolean changed.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(
            |t| t.column(boolean("x").default(true)),
            |t| t.column(boolean("x").default(false)),
        )
    })
}
