//! foreign key renamed.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(
            |t| t.foreign_key(["port_id"], "ports", ["id"], OnDelete::Cascade),
            |t| {
                t.add_foreign_key(
                    ForeignKey::new("home port", ["port_id"], "ports", ["id"])
                        .on_delete(OnDelete::Cascade),
                )
            },
        )
    })
}
