//! Creates API definitions and how often each is called.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
        .create_table("api_definitions", api_definitions)
        .create_table("api_usage", api_usage)
}

fn api_definitions(t: TableBuilder) -> TableBuilder {
    t.column(big_pk_auto("id"))
        .column(string_len("name", 255))
        .column(string_len("version", 50))
        .column(string_len("path", 500))
        .column(string_len("method", 10))
        .column(text_null("description"))
        .column(json_binary_null("openapi_spec"))
        .column(boolean("enabled").default(true))
        .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
        .column(timestamp_with_time_zone("updated_at").default(Expr::current_timestamp()))
        .unique(["path", "method", "version"])
        .one_of("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
}

fn api_usage(t: TableBuilder) -> TableBuilder {
    t.column(big_pk_auto("id"))
        .column(big_integer("api_id"))
        .column(big_integer_null("user_id"))
        .column(timestamp_with_time_zone("bucket_at"))
        .column(string_len("method", 10))
        .column(integer("status_code"))
        .column(string_len("caller", 64))
        .column(big_integer("request_count").default(0))
        .column(big_integer("response_time_ms_sum").default(0))
        .column(big_integer("response_time_ms_max").default(0))
        .unique(["api_id", "bucket_at", "method", "status_code", "caller"])
        .one_of("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
        .between("status_code", 100, 599)
        .at_least("request_count", 0)
        .at_least("response_time_ms_sum", 0)
        .at_least("response_time_ms_max", 0)
        .index(["user_id"])
        .index(["bucket_at"])
        .foreign_key(["api_id"], "api_definitions", ["id"], OnDelete::Cascade)
        .foreign_key(["user_id"], "users", ["id"], OnDelete::SetNull)
}
