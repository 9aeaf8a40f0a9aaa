//! Create mail and idempotency keys.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
        .create_table("email_verifications", |t| {
            t.column(big_pk_auto("id"))
                .column(big_integer("user_id"))
                .column(string_len("email_key", 255))
                .column(string_len("token_hash", 64))
                .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
                .column(timestamp_with_time_zone("expires_at"))
                .unique(["token_hash"])
                .index(["user_id"])
                .index(["expires_at"])
                .foreign_key(["user_id"], "users", ["id"], OnDelete::Cascade)
        })
        .create_table("idempotency_keys", idempotency_keys)
        .create_table("mails", mails)
        .alter("users", |t| t.add(|t| t.column(boolean("self_registered").default(false))))
}

fn idempotency_keys(t: TableBuilder) -> TableBuilder {
    t.column(big_pk_auto("id"))
        .column(big_integer("user_id"))
        .column(string_len("key_hash", 64))
        .column(string_len("request_hash", 64))
        .column(integer_null("status"))
        .column(text_null("answer"))
        .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
        .column(timestamp_with_time_zone_null("ended_at"))
        .column(timestamp_with_time_zone("expires_at"))
        .unique(["key_hash"])
        .between("status", 100, 599)
        .check("ended_at", "(ended_at IS NULL) = (status IS NULL)")
        .check("answer", "answer IS NULL OR ended_at IS NOT NULL")
        .index(["user_id"])
        .index(["expires_at"])
        .foreign_key(["user_id"], "users", ["id"], OnDelete::Cascade)
}

fn mails(t: TableBuilder) -> TableBuilder {
    t.column(big_pk_auto("id"))
        .column(big_integer("user_id"))
        .column(string_len("kind", 30))
        .column(string_len("address", 255))
        .column(integer("attempts").default(0))
        .column(timestamp_with_time_zone_null("due_at"))
        .column(timestamp_with_time_zone_null("sent_at"))
        .column(string_len_null("last_error", 500))
        .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
        .one_of(
            "kind",
            [
                "password_reset",
                "email_verification",
                "password_changed",
                "email_changed",
                "second_factor_disabled",
                "api_key_created",
            ],
        )
        .at_least("attempts", 0)
        .index(["user_id"])
        .index(["due_at"])
        .index(["created_at"])
        .foreign_key(["user_id"], "users", ["id"], OnDelete::Cascade)
}
