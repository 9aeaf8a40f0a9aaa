//! char length.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(|t| t.column(char_len("x", 2)), |t| t.column(char_len("x", 3)))
    })
}
