//! foreign key on update.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(
            |t| t.foreign_key(["port_id"], "ports", ["id"], OnDelete::Cascade),
            |t| {
                t.add_foreign_key(
                    ForeignKey::new("fk-ships-port_id", ["port_id"], "ports", ["id"])
                        .on_delete(OnDelete::Cascade)
                        .on_update(OnUpdate::Cascade),
                )
            },
        )
    })
}
