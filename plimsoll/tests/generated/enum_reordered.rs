//! enum reordered.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter_enum("ship_state", ["afloat", "sunk"], ["sunk", "afloat"])
}
