//! Creates what proves who is asking, and the versions that keep cached rights honest.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
        .create_table("access_tokens", access_tokens)
        .create_table("refresh_tokens", refresh_tokens)
        .create_table("password_resets", |t| {
            t.column(big_pk_auto("id"))
                .column(big_integer("user_id"))
                .column(big_integer_null("started_by_id"))
                .column(string_len("token_hash", 64))
                .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
                .column(timestamp_with_time_zone("expires_at"))
                .column(timestamp_with_time_zone_null("used_at"))
                .unique(["token_hash"])
                .index(["user_id"])
                .index(["started_by_id"])
                .foreign_key(["user_id"], "users", ["id"], OnDelete::Cascade)
                .foreign_key(["started_by_id"], "users", ["id"], OnDelete::Cascade)
        })
        .create_table("api_keys", api_keys)
        .create_table("recovery_codes", |t| {
            t.column(big_pk_auto("id"))
                .column(big_integer("user_id"))
                .column(string_len("code_hash", 255))
                .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
                .column(timestamp_with_time_zone_null("used_at"))
                .index(["user_id"])
                .foreign_key(["user_id"], "users", ["id"], OnDelete::Cascade)
        })
        .create_table("authz_versions", |t| {
            t.column(string_len("scope", 40))
                .column(big_integer("version").default(0))
                .column(timestamp_with_time_zone("updated_at").default(Expr::current_timestamp()))
                .primary_key(["scope"])
                .index(["version"])
                .at_least("version", 0)
        })
        .insert("authz_versions", ["scope", "version"], [row!["global", 0]])
}

fn access_tokens(t: TableBuilder) -> TableBuilder {
    t.column(big_pk_auto("id"))
        .column(big_integer("user_id"))
        .column(string_len("family_id", 36))
        .column(string_len("token_hash", 64))
        .column(string_len_null("ip", 64))
        .column(string_len_null("user_agent", 512))
        .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
        .column(timestamp_with_time_zone("expires_at"))
        .column(timestamp_with_time_zone_null("last_used_at"))
        .unique(["token_hash"])
        .index(["user_id"])
        .index(["family_id"])
        .index(["expires_at"])
        .foreign_key(["user_id"], "users", ["id"], OnDelete::Cascade)
}

fn refresh_tokens(t: TableBuilder) -> TableBuilder {
    t.column(big_pk_auto("id"))
        .column(big_integer("user_id"))
        .column(string_len("family_id", 36))
        .column(timestamp_with_time_zone("family_started_at"))
        .column(string_len("token_hash", 64))
        .column(big_integer_null("replaced_by_id"))
        .column(string_len_null("ip", 64))
        .column(string_len_null("user_agent", 512))
        .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
        .column(timestamp_with_time_zone("expires_at"))
        .column(timestamp_with_time_zone_null("used_at"))
        .column(timestamp_with_time_zone_null("revoked_at"))
        .column(string_len_null("revoked_reason", 30))
        .unique(["token_hash"])
        .unique(["replaced_by_id"])
        .index(["user_id"])
        .index(["family_id"])
        .index(["expires_at"])
        .foreign_key(["user_id"], "users", ["id"], OnDelete::Cascade)
        .foreign_key(["replaced_by_id"], "refresh_tokens", ["id"], OnDelete::SetNull)
        .one_of(
            "revoked_reason",
            ["logout", "reuse", "password_change", "user_disabled", "administrator"],
        )
}

fn api_keys(t: TableBuilder) -> TableBuilder {
    t.column(big_pk_auto("id"))
        .column(big_integer("user_id"))
        .column(string_len("name", 255))
        .column(string_len("prefix", 16))
        .column(string_len("key_hash", 64))
        .column(json_binary("scopes"))
        .column(integer("rate_limit").default(1000))
        .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
        .column(timestamp_with_time_zone_null("expires_at"))
        .column(timestamp_with_time_zone_null("last_used_at"))
        .column(timestamp_with_time_zone_null("revoked_at"))
        .unique(["key_hash"])
        .index(["user_id"])
        .at_least("rate_limit", 1)
        .foreign_key(["user_id"], "users", ["id"], OnDelete::Cascade)
}
