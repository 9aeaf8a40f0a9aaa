//! foreign key named.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(
            |t| {
                t.add_foreign_key(ForeignKey {
                    name: None,
                    columns: vec!["port_id".to_owned()],
                    references: "ports".to_owned(),
                    referenced_columns: vec!["id".to_owned()],
                    on_delete: OnDelete::Cascade,
                    on_update: OnUpdate::NoAction,
                })
            },
            |t| {
                t.add_foreign_key(
                    ForeignKey::new("home port", ["port_id"], "ports", ["id"])
                        .on_delete(OnDelete::Cascade),
                )
            },
        )
    })
}
