//! Create imports.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
        .create_table("imports", |t| {
            t.column(big_pk_auto("id"))
                .column(string_len("scope", 100))
                .column(string_len("kind", 50))
                .column(string_len("origin", 2048))
                .column(string_len("status", 20).default("running"))
                .column(json_binary("counts").default("{}"))
                .column(timestamp_with_time_zone("started_at").default(Expr::current_timestamp()))
                .column(timestamp_with_time_zone_null("ended_at"))
                .one_of("status", ["running", "finished", "undoing", "undone"])
                .index(["scope"])
        })
        .create_table("import_records", |t| {
            t.column(big_pk_auto("id"))
                .column(big_integer("import_id"))
                .column(string_len("scope", 100))
                .column(string_len("record_key", 255))
                .column(string_len("digest", 64))
                .column(json_binary("targets").default("[]"))
                .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
                .unique(["scope", "record_key"])
                .index(["import_id"])
                .foreign_key(["import_id"], "imports", ["id"], OnDelete::Cascade)
        })
}
