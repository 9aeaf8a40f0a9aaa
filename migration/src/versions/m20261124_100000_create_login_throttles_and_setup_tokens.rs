//! Creates what slows down whoever guesses passwords, and what lets the first administrator in.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
        .create_table("login_throttles", |t| {
            t.column(string_len("key", 80))
                .column(big_integer("arrives_at"))
                .column(timestamp_with_time_zone("updated_at").default(Expr::current_timestamp()))
                .primary_key(["key"])
                .index(["updated_at"])
                .at_least("arrives_at", 0)
        })
        .create_table("setup_tokens", |t| {
            t.column(big_pk_auto("id"))
                .column(string_len("token_hash", 64))
                .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
                .column(timestamp_with_time_zone("expires_at"))
                .unique(["token_hash"])
        })
}
