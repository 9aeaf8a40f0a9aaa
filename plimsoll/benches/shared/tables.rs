//! Tables as an application has them.

use plimsoll::prelude::*;

/// The table of that number, with a foreign key to the one before.
pub(crate) fn table(number: usize) -> Steps {
    Steps::new().create_table(&format!("table_{number:04}"), |mut t| {
        t = t
            .column(big_pk_auto("id"))
            .column(big_integer_null("parent_id"))
            .column(string_len("name", 80).default("a name"))
            .column(string_len("state", 20).default("new"))
            .column(integer("size").default(0))
            .column(text_null("description"))
            .column(boolean("active").default(true))
            .column(decimal_len("price", 10, 2))
            .column(json_binary_null("attributes"))
            .column(date_null("since"))
            .column(double_null("weight"))
            .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
            .column(timestamp_with_time_zone_null("updated_at"))
            .one_of("state", ["new", "used"])
            .index(["parent_id"])
            .index(["name", "state"])
            .index(["created_at"]);
        match number.checked_sub(1) {
            Some(before) => t.foreign_key(
                ["parent_id"],
                format!("table_{before:04}"),
                ["id"],
                OnDelete::Cascade,
            ),
            None => t,
        }
    })
}
