//! string enum value dropped.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(
            |t| t.one_of("state", ["afloat", "aground", "sunk"]),
            |t| t.one_of("state", ["afloat", "sunk"]),
        )
    })
}
