//! integer unsigned.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
        .alter("ships", |t| t.change(|t| t.column(integer("x")), |t| t.column(unsigned("x"))))
}
