//! enum to string.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
        .alter("ships", |t| {
            t.change(
                |t| t.column(enumeration_null("state", "ship_state", ["afloat", "sunk"])),
                |t| t.column(string_len_null("state", 20)),
            )
        })
        .drop_enum("ship_state", ["afloat", "sunk"])
}
