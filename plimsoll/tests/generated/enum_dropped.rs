//! enum dropped.
//!
//! What `ships.state` held does not come back with the way back.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
        .alter("ships", |t| {
            t.drop(|t| t.column(enumeration_null("state", "ship_state", ["afloat", "sunk"])))
        })
        .drop_enum("ship_state", ["afloat", "sunk"])
        .allow_loss("`ships.state` may go")
}
