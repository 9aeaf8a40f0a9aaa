//! foreign key on delete.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(
            |t| t.foreign_key(["port_id"], "ports", ["id"], OnDelete::Cascade),
            |t| t.foreign_key(["port_id"], "ports", ["id"], OnDelete::SetNull),
        )
    })
}
