//! Creates `secret_backends` and `encrypted_secrets`.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
        .create_table("encrypted_secrets", |t| {
            t.column(big_pk_auto("id"))
                .column(big_integer_null("created_by_id"))
                .column(string_len("path", 500))
                .column(text_null("description"))
                .column(text("encrypted_data"))
                .column(timestamp_with_time_zone("rotated_at").default(Expr::current_timestamp()))
                .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
                .column(timestamp_with_time_zone("updated_at").default(Expr::current_timestamp()))
                .unique(["path"])
                .index(["created_by_id"])
                .foreign_key(["created_by_id"], "users", ["id"], OnDelete::SetNull)
        })
        .create_table("secret_backends", |t| {
            t.column(big_pk_auto("id"))
                .column(string_len("name", 100))
                .column(string_len("backend_type", 50))
                .column(json_binary("config_data").default("{}"))
                .column(boolean("is_default").default(false))
                .column(boolean("is_active").default(true))
                .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
                .column(timestamp_with_time_zone("updated_at").default(Expr::current_timestamp()))
                .unique(["name"])
                .one_of(
                    "backend_type",
                    ["encrypted_db", "vault", "infisical", "aws", "gcp", "azure"],
                )
        })
}
