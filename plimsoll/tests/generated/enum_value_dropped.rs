//! enum value dropped.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter_enum("ship_state", ["afloat", "aground", "sunk"], ["afloat", "sunk"])
}
