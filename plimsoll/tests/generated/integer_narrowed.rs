//! integer narrowed.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
        .alter("ships", |t| t.change(|t| t.column(integer("x")), |t| t.column(small_integer("x"))))
}
