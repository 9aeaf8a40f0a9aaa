//! unique columns.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(
            |t| t.add_unique(Unique::new("one name", ["name"])),
            |t| t.add_unique(Unique::new("one name", ["name", "flag"])),
        )
    })
}
