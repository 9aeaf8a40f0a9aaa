//! enum added.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().create_enum("ship_state", ["afloat", "sunk"]).alter("ships", |t| {
        t.add(|t| t.column(enumeration_null("state", "ship_state", ["afloat", "sunk"])))
    })
}
