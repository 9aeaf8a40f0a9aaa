//! string enum added.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| t.add(|t| t.one_of("state", ["afloat", "sunk"])))
}
