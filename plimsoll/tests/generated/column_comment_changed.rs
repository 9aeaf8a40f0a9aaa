//! column comment changed.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(
            |t| t.column(string_len("x", 80)).comment_on("x", "on the bow"),
            |t| t.column(string_len("x", 80)).comment_on("x", "it's on the stern"),
        )
    })
}
