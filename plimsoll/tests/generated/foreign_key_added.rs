//! foreign key added.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.add(|t| t.foreign_key(["port_id"], "ports", ["id"], OnDelete::Cascade))
    })
}
