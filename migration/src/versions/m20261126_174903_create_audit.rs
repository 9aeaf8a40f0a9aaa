//! Creates `system_logs`, and the chain that seals them.

use plimsoll::prelude::*;

/// What the first row of a chain continues: the hash of nothing.
const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

pub(crate) fn steps() -> Steps {
    Steps::new()
        .create_table("audit_chains", |t| {
            t.column(string_len("name", 20))
                .column(big_integer("position").default(0))
                .column(string_len("hash", 64))
                .column(big_integer("pruned_position").default(0))
                .column(string_len("pruned_hash", 64))
                .column(timestamp_with_time_zone("updated_at").default(Expr::current_timestamp()))
                .primary_key(["name"])
                .at_least("pruned_position", 0)
                .check("position", "position >= pruned_position")
        })
        .create_table("system_logs", system_logs)
        .insert("audit_chains", ["name", "hash", "pruned_hash"], [row!["main", NOTHING, NOTHING]])
}

fn system_logs(t: TableBuilder) -> TableBuilder {
    t.column(big_pk_auto("id"))
        .column(string_len("level", 20))
        .column(string_len("component", 50))
        .column(string_len_null("action", 100))
        .column(text("message"))
        .column(json_binary_null("details"))
        .column(big_integer_null("actor_id"))
        .column(string_len_null("actor_name", 300))
        .column(string_len_null("subject_kind", 100))
        .column(string_len_null("subject_id", 255))
        .column(big_integer_null("position"))
        .column(string_len_null("hash", 64))
        .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
        .unique(["position"])
        .one_of("level", ["debug", "info", "warning", "error", "critical"])
        .at_least("position", 1)
        .check("hash", "(position IS NULL) = (hash IS NULL)")
        .index(["created_at"])
        .index(["actor_id", "created_at"])
        .index(["subject_kind", "subject_id", "created_at"])
        .index(["component", "created_at"])
}
