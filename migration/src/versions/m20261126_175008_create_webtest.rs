//! Creates pages, environments and the mail that tests wait for.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
        .create_table("email_items", email_items)
        .create_table("environments", |t| {
            t.column(big_pk_auto("id"))
                .column(string_len("name", 96))
                .column(string_len("designation", 10))
                .column(string_len("url", 2048))
                .column(string_len_null("api_url", 2048))
                .column(boolean("is_active").default(true))
                .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
                .column(timestamp_with_time_zone("updated_at").default(Expr::current_timestamp()))
                .unique(["name"])
                .one_of("designation", ["local", "dev", "qa", "auto", "uat", "prod"])
        })
        .create_table("environment_users", environment_users)
        .create_table("pages", |t| {
            t.column(big_pk_auto("id"))
                .column(string_len("name", 96))
                .column(string_len("url", 1024))
                .column(json_binary("environments").default("[]"))
                .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
                .column(timestamp_with_time_zone("updated_at").default(Expr::current_timestamp()))
                .unique(["name"])
        })
        .create_table("page_identifiers", |t| {
            t.column(big_pk_auto("id"))
                .column(big_integer("page_id"))
                .column(string_len("element_name", 96))
                .column(string_len("locator_strategy", 20))
                .column(string_len("locator_query", 1024))
                .column(json_binary("environments").default("[]"))
                .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
                .column(timestamp_with_time_zone("updated_at").default(Expr::current_timestamp()))
                .unique(["page_id", "element_name"])
                .one_of(
                    "locator_strategy",
                    [
                        "id",
                        "name",
                        "xpath",
                        "css",
                        "class_name",
                        "tag_name",
                        "link_text",
                        "partial_link_text",
                    ],
                )
                .foreign_key(["page_id"], "pages", ["id"], OnDelete::Cascade)
        })
}

fn email_items(t: TableBuilder) -> TableBuilder {
    t.column(big_pk_auto("id"))
        .column(big_integer("email_item_id"))
        .column(json_binary("multi_item_email_ids").default("[]"))
        .column(string_len_null("email_system", 20))
        .column(string_len_null("test_name", 255))
        .column(string_len_null("claimed_by", 255))
        .column(boolean("multi_email_flag").default(false))
        .column(boolean("multi_attachment_flag").default(false))
        .column(boolean("requires_processing").default(false))
        .column(timestamp_with_time_zone_null("claimed_at"))
        .column(timestamp_with_time_zone_null("last_processed_at"))
        .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
        .column(timestamp_with_time_zone("updated_at").default(Expr::current_timestamp()))
        .unique(["email_item_id"])
        .one_of("email_system", ["miner_ocr", "true_source_ocr"])
        .check("claimed_at", "(claimed_by IS NULL) = (claimed_at IS NULL)")
        .index(["requires_processing", "created_at"])
}

fn environment_users(t: TableBuilder) -> TableBuilder {
    t.column(big_pk_auto("id"))
        .column(big_integer("environment_id"))
        .column(big_integer_null("secret_id"))
        .column(string_len("username", 96))
        .column(string_len("email", 255))
        .column(string_len_null("secret_provider", 10))
        .column(string_len_null("secret_url", 1024))
        .column(string_len_null("secret_name", 1024))
        .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
        .column(timestamp_with_time_zone("updated_at").default(Expr::current_timestamp()))
        .unique(["environment_id", "username"])
        .one_of("secret_provider", ["aws", "azure", "gcp", "ibm", "oracle", "vmware", "other"])
        .index(["secret_id"])
        .foreign_key(["environment_id"], "environments", ["id"], OnDelete::Cascade)
        .foreign_key(["secret_id"], "encrypted_secrets", ["id"], OnDelete::SetNull)
}
