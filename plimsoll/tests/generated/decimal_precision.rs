//! decimal precision.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(|t| t.column(decimal_len("x", 10, 2)), |t| t.column(decimal_len("x", 12, 2)))
    })
}
