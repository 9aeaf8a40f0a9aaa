//! of fenrir.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
        .create_table("emailProcessorTable", emailprocessortable)
        .create_table("environment", environment)
        .create_table("page", |t| {
            t.column(pk_auto("id"))
                .column(string_len("page_name", 96))
                .column(string_len("page_url", 1024))
                .column(json_binary("environments"))
                .column(json_binary("identifiers"))
                .column(date_time("created_at"))
                .column(date_time("updated_at"))
                .add_unique(Unique::new("page_page_name_key", ["page_name"]))
        })
        .create_table("identifier", |t| {
            t.column(pk_auto("id"))
                .column(integer("page_id"))
                .column(string_len("element_name", 96))
                .column(string_len("locator_strategy", 96))
                .column(string_len("locator_query", 96))
                .column(json_binary("environments"))
                .column(date_time("created_at"))
                .column(date_time("updated_at"))
                .add_unique(Unique::new("identifier_element_name_key", ["element_name"]))
                .foreign_key(["page_id"], "page", ["id"], OnDelete::Cascade)
        })
        .create_table("user", user)
}

fn emailprocessortable(t: TableBuilder) -> TableBuilder {
    t.column(pk_auto("id"))
        .column(integer("email_item_id"))
        .column(json_binary_null("multi_item_email_ids"))
        .column(boolean("multi_email_flag"))
        .column(boolean("multi_attachment_flag"))
        .column(string_len_null("system", 96))
        .column(string_len_null("test_name", 255))
        .column(boolean("requires_processing"))
        .column(date_time("created_at"))
        .column(date_time_null("updated_at"))
        .column(date_time_null("last_processed_at"))
        .add_unique(Unique::new("emailProcessorTable_email_item_id_key", ["email_item_id"]))
}

fn environment(t: TableBuilder) -> TableBuilder {
    t.column(pk_auto("id"))
        .column(string_len("name", 96))
        .column(string_len("environment_designation", 80))
        .column(string_len("url", 512))
        .column(string_len_null("api_url", 512))
        .column(string_len("status", 96))
        .column(json_binary("users"))
        .column(date_time("created_at"))
        .column(date_time_null("updated_at"))
        .add_unique(Unique::new("environment_name_key", ["name"]))
}

fn user(t: TableBuilder) -> TableBuilder {
    t.column(pk_auto("id"))
        .column(string_len("username", 96))
        .column(string_len("email", 96))
        .column(string_len_null("password", 96))
        .column(string_len_null("secret_provider", 96))
        .column(string_len_null("secret_url", 1024))
        .column(string_len_null("secret_name", 1024))
        .column(integer("environment_id"))
        .column(date_time("created_at"))
        .column(date_time_null("updated_at"))
        .add_unique(Unique::new("user_username_key", ["username"]))
        .foreign_key(["environment_id"], "environment", ["id"], OnDelete::Cascade)
}
