//! of rag fortress.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
        .create_table("application_settings", application_settings)
        .create_table("permissions", |t| {
            t.column(pk_auto("id"))
                .column(date_time("created_at"))
                .column(date_time("updated_at"))
                .column(string_len("code", 255))
                .column(text_null("description"))
                .column(string_len("resource", 100))
                .column(string_len("action", 100))
                .add_unique(Unique::new("uq_permissions_code", ["code"]))
                .add_index(
                    Index::over("permissions", ["code"]).named("ix_permissions_code").unique(),
                )
                .add_index(
                    Index::over("permissions", ["resource"]).named("ix_permissions_resource"),
                )
                .add_index(
                    Index::over("permissions", ["resource", "action"])
                        .named("ix_permissions_resource_action"),
                )
        })
        .create_table("roles", |t| {
            t.column(pk_auto("id"))
                .column(date_time("created_at"))
                .column(date_time("updated_at"))
                .column(string_len("name", 100))
                .column(text_null("description"))
                .column(boolean("is_system"))
                .add_unique(Unique::new("uq_roles_name", ["name"]))
                .add_index(Index::over("roles", ["name"]).named("ix_roles_name").unique())
        })
        .create_table("role_permissions", |t| {
            t.column(integer("role_id"))
                .column(integer("permission_id"))
                .primary_key(["role_id", "permission_id"])
                .foreign_key(["role_id"], "roles", ["id"], OnDelete::Cascade)
                .foreign_key(["permission_id"], "permissions", ["id"], OnDelete::Cascade)
        })
        .create_table("users", users)
        .create_table("user_roles", |t| {
            t.column(integer("user_id"))
                .column(integer("role_id"))
                .primary_key(["user_id", "role_id"])
                .foreign_key(["user_id"], "users", ["id"], OnDelete::Cascade)
                .foreign_key(["role_id"], "roles", ["id"], OnDelete::Cascade)
        })
}

fn application_settings(t: TableBuilder) -> TableBuilder {
    t.column(pk_auto("id"))
        .column(date_time("created_at"))
        .column(date_time("updated_at"))
        .column(string_len("key", 255))
        .column(text("value"))
        .column(string_len("data_type", 50))
        .column(text_null("description"))
        .column(boolean("is_mutable"))
        .column(string_len_null("category", 100))
        .add_unique(Unique::new("uq_application_settings_key", ["key"]))
        .add_index(
            Index::over("application_settings", ["key"])
                .named("ix_application_settings_key")
                .unique(),
        )
        .add_index(
            Index::over("application_settings", ["category"])
                .named("ix_application_settings_category"),
        )
}

fn users(t: TableBuilder) -> TableBuilder {
    t.column(pk_auto("id"))
        .column(date_time("created_at"))
        .column(date_time("updated_at"))
        .column(string_len("username", 255))
        .column(string_len("email", 255))
        .column(string_len("password_hash", 255))
        .column(string_len_null("full_name", 255))
        .column(text_null("bio"))
        .column(boolean("is_active"))
        .column(boolean("is_verified"))
        .add_unique(Unique::new("uq_users_username", ["username"]))
        .add_unique(Unique::new("uq_users_email", ["email"]))
        .add_index(Index::over("users", ["created_at"]).named("ix_users_created_at"))
        .add_index(Index::over("users", ["username"]).named("ix_users_username").unique())
        .add_index(Index::over("users", ["email"]).named("ix_users_email").unique())
        .add_index(Index::over("users", ["is_active"]).named("ix_users_is_active"))
}
