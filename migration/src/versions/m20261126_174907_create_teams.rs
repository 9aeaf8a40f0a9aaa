//! Creates teams, who belongs to them, and what they may do with resources.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
        .create_table("resource_teams", resource_teams)
        .create_table("resource_assignments", |t| {
            t.column(big_pk_auto("id"))
                .column(big_integer("team_id"))
                .column(big_integer_null("assigned_by_id"))
                .column(string_len("resource_type", 100))
                .column(string_len("resource_id", 255))
                .column(json_binary("permissions"))
                .column(timestamp_with_time_zone("assigned_at").default(Expr::current_timestamp()))
                .unique(["resource_type", "resource_id", "team_id"])
                .index(["assigned_by_id"])
                .index(["team_id"])
                .foreign_key(["team_id"], "resource_teams", ["id"], OnDelete::Cascade)
                .foreign_key(["assigned_by_id"], "users", ["id"], OnDelete::SetNull)
        })
        .create_table("team_members", |t| {
            t.column(big_pk_auto("id"))
                .column(big_integer("team_id"))
                .column(big_integer("user_id"))
                .column(big_integer_null("added_by_id"))
                .column(string_len("role", 10))
                .column(timestamp_with_time_zone("added_at").default(Expr::current_timestamp()))
                .column(timestamp_with_time_zone_null("expires_at"))
                .unique(["team_id", "user_id"])
                .one_of("role", ["owner", "admin", "member", "viewer"])
                .index(["user_id"])
                .index(["added_by_id"])
                .foreign_key(["team_id"], "resource_teams", ["id"], OnDelete::Cascade)
                .foreign_key(["user_id"], "users", ["id"], OnDelete::Cascade)
                .foreign_key(["added_by_id"], "users", ["id"], OnDelete::SetNull)
        })
}

fn resource_teams(t: TableBuilder) -> TableBuilder {
    t.column(big_pk_auto("id"))
        .column(big_integer_null("created_by_id"))
        .column(string_len("name", 255))
        .column(string_len("name_key", 512))
        .column(text_null("description"))
        .column(boolean("is_active").default(true))
        .column(json_binary("attributes").default("{}"))
        .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
        .column(timestamp_with_time_zone("updated_at").default(Expr::current_timestamp()))
        .unique(["name_key"])
        .index(["created_by_id"])
        .foreign_key(["created_by_id"], "users", ["id"], OnDelete::SetNull)
}
