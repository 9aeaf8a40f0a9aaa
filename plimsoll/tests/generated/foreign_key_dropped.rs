//! foreign key dropped.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.drop(|t| t.foreign_key(["port_id"], "ports", ["id"], OnDelete::Cascade))
    })
}
