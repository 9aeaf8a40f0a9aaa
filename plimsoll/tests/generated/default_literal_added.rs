//! default literal added.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(
            |t| t.column(string_len("x", 20)),
            |t| t.column(string_len("x", 20).default("afloat")),
        )
    })
}
