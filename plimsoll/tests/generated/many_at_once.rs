//! many at once.
//!
//! What `piers`, `ships.flag` held does not come back with the way back.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
        .rename_table("ports", "harbours")
        .alter("ships", |t| {
            t.drop(|t| t.add_index(Index::over("ships", ["flag"]).named("by flag")))
                .add(|t| {
                    t.column(big_integer_null("captain_id"))
                        .add_index(Index::over("ships", ["captain_id"]).named("by captain"))
                })
                .change(
                    |t| t.foreign_key(["port_id"], "harbours", ["id"], OnDelete::Cascade),
                    |t| t.foreign_key(["port_id"], "harbours", ["id"], OnDelete::SetNull),
                )
        })
        .drop_table("piers", |t| t.column(big_pk_auto("id")).column(string_len("name", 80)))
        .create_table("captains", |t| t.column(big_pk_auto("id")).column(string_len("name", 80)))
        .alter("ships", |t| {
            t.add(|t| t.foreign_key(["captain_id"], "captains", ["id"], OnDelete::Restrict))
                .drop(|t| t.column(string_len_null("flag", 2)))
        })
        .allow_loss("`piers`, `ships.flag` may go")
}
