//! index method.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
}
