//! foreign keys in a circle.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
        .create_table("harbours", |t| {
            t.column(big_pk_auto("id")).column(big_integer_null("chief_id"))
        })
        .create_table("pilots", |t| {
            t.column(big_pk_auto("id")).column(big_integer("harbour_id")).add_foreign_key(
                ForeignKey::new("works at", ["harbour_id"], "harbours", ["id"])
                    .on_delete(OnDelete::Cascade),
            )
        })
        .alter("harbours", |t| {
            t.add(|t| {
                t.add_foreign_key(
                    ForeignKey::new("chief", ["chief_id"], "pilots", ["id"])
                        .on_delete(OnDelete::SetNull),
                )
            })
        })
}
