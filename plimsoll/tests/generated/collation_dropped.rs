//! collation dropped.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(
            |t| t.column(string_len("name", 80)).collated("name", "NOCASE"),
            |t| t.column(string_len("name", 80)),
        )
    })
}
