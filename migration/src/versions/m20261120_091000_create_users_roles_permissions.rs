//! Creates `users`, `roles` and `permissions`, and who has which.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
        .create_table("users", users)
        .create_table("roles", roles)
        .create_table("permissions", permissions)
        .create_table("user_roles", |t| {
            t.column(big_integer("user_id"))
                .column(big_integer("role_id"))
                .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
                .primary_key(["user_id", "role_id"])
                .index(["role_id"])
                .foreign_key(["user_id"], "users", ["id"], OnDelete::Cascade)
                .foreign_key(["role_id"], "roles", ["id"], OnDelete::Cascade)
        })
        .create_table("role_permissions", |t| {
            t.column(big_integer("role_id"))
                .column(big_integer("permission_id"))
                .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
                .primary_key(["role_id", "permission_id"])
                .index(["permission_id"])
                .foreign_key(["role_id"], "roles", ["id"], OnDelete::Cascade)
                .foreign_key(["permission_id"], "permissions", ["id"], OnDelete::Cascade)
        })
}

fn users(t: TableBuilder) -> TableBuilder {
    t.column(big_pk_auto("id"))
        .column(string_len("username", 255))
        .column(string_len("username_key", 255))
        .column(string_len_null("email", 255))
        .column(string_len_null("email_key", 255))
        .column(string_len_null("password_hash", 255))
        .column(string_len_null("full_name", 300))
        .column(text_null("bio"))
        .column(boolean("is_active").default(true))
        .column(boolean("is_verified").default(false))
        .column(timestamp_with_time_zone_null("verified_at"))
        .column(text_null("totp_secret"))
        .column(boolean("totp_enabled").default(false))
        .column(big_integer_null("totp_last_step"))
        .column(timestamp_with_time_zone_null("last_login_at"))
        .column(timestamp_with_time_zone_null("current_login_at"))
        .column(string_len_null("last_login_ip", 64))
        .column(string_len_null("current_login_ip", 64))
        .column(big_integer("login_count").default(0))
        .column(string_len("theme_preference", 10).default("system"))
        .column(string_len_null("app_repo_url", 2048))
        .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
        .column(timestamp_with_time_zone("updated_at").default(Expr::current_timestamp()))
        .unique(["username_key"])
        .unique(["email_key"])
        .one_of("theme_preference", ["light", "dark", "system"])
        .at_least("login_count", 0)
        .check("email_key", "(email IS NULL) = (email_key IS NULL)")
}

fn roles(t: TableBuilder) -> TableBuilder {
    t.column(big_pk_auto("id"))
        .column(string_len("name", 100))
        .column(string_len("name_key", 255))
        .column(text_null("description"))
        .column(boolean("is_system").default(false))
        .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
        .column(timestamp_with_time_zone("updated_at").default(Expr::current_timestamp()))
        .unique(["name_key"])
}

fn permissions(t: TableBuilder) -> TableBuilder {
    t.column(big_pk_auto("id"))
        .column(string_len("code", 255))
        .column(string_len("resource", 100))
        .column(string_len("action", 100))
        .column(text_null("description"))
        .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
        .column(timestamp_with_time_zone("updated_at").default(Expr::current_timestamp()))
        .unique(["code"])
        .unique(["resource", "action"])
}
