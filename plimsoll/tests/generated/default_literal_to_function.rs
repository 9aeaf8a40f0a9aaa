//! default literal to function.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(
            |t| t.column(string_len("x", 20).default("x")),
            |t| t.column(string_len("x", 20)).default_to("x", "lower('X')"),
        )
    })
}
