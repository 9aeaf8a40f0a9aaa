//! table renamed.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().rename_table("ships", "vessels")
}
