//! Creates `application_settings`.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().create_table("application_settings", |t| {
        t.column(big_pk_auto("id"))
            .column(string_len("key", 255))
            .column(text("value"))
            .column(string_len("data_type", 50).default("string"))
            .column(text_null("description"))
            .column(boolean("is_mutable").default(true))
            .column(string_len_null("category", 100))
            .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
            .column(timestamp_with_time_zone("updated_at").default(Expr::current_timestamp()))
            .unique(["key"])
            .index(["category"])
            .one_of("data_type", ["string", "integer", "float", "boolean", "json"])
    })
}
