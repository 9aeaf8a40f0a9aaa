//! table comment dropped.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| t.change(|t| t.comment("what floats"), |t| t))
}
