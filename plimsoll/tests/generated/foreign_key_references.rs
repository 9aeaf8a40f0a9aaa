//! foreign key references.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.drop(|t| {
            t.add_foreign_key(
                ForeignKey::new("home", ["port_id"], "ports", ["id"]).on_delete(OnDelete::Cascade),
            )
        })
        .add(|t| {
            t.add_foreign_key(
                ForeignKey::new("home", ["port_id"], "piers", ["id"]).on_delete(OnDelete::Cascade),
            )
        })
    })
}
