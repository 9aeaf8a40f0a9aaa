//! foreign key restrict.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(
            |t| t.foreign_key(["port_id"], "ports", ["id"], OnDelete::NoAction),
            |t| t.foreign_key(["port_id"], "ports", ["id"], OnDelete::Restrict),
        )
    })
}
