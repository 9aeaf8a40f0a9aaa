//! text to number.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| t.change(|t| t.column(text("x")), |t| t.column(integer("x"))))
}
