//! Creates what Elder knows of hosts and apps.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
        .create_table("elder_apps", elder_apps)
        .create_table("elder_configs", elder_configs)
        .create_table("elder_hosts", elder_hosts)
}

fn elder_apps(t: TableBuilder) -> TableBuilder {
    t.column(big_pk_auto("id"))
        .column(string_len("app_name", 255))
        .column(json_binary("hosts"))
        .column(integer("port"))
        .column(string_len("protocol", 20).default("http"))
        .column(string_len("path", 255).default("/"))
        .column(string_len_null("health_check_url", 2048))
        .column(integer("priority").default(100))
        .column(boolean("elder_registered").default(false))
        .column(timestamp_with_time_zone_null("last_sync_at"))
        .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
        .column(timestamp_with_time_zone("updated_at").default(Expr::current_timestamp()))
        .unique(["app_name"])
        .between("port", 1, 65535)
        .at_least("priority", 0)
}

fn elder_configs(t: TableBuilder) -> TableBuilder {
    t.column(big_pk_auto("id"))
        .column(string_len("name", 100))
        .column(string_len("elder_url", 2048))
        .column(text("api_key"))
        .column(integer("timeout_seconds").default(10))
        .column(integer("max_retries").default(3))
        .column(integer("sync_interval_seconds").default(300))
        .column(boolean("is_active").default(true))
        .column(boolean("sync_enabled").default(true))
        .column(string_len_null("last_sync_status", 64))
        .column(text_null("last_error"))
        .column(timestamp_with_time_zone_null("last_sync_at"))
        .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
        .column(timestamp_with_time_zone("updated_at").default(Expr::current_timestamp()))
        .unique(["name"])
        .at_least("timeout_seconds", 1)
        .at_least("max_retries", 0)
        .at_least("sync_interval_seconds", 1)
}

fn elder_hosts(t: TableBuilder) -> TableBuilder {
    t.column(big_pk_auto("id"))
        .column(big_integer_null("machine_id"))
        .column(big_integer_null("server_id"))
        .column(string_len("hostname", 255))
        .column(string_len("fqdn", 255))
        .column(string_len("ip_address", 64))
        .column(json_binary("apps").default("[]"))
        .column(string_len("zone", 100).default("default"))
        .column(string_len("pool", 100).default("default"))
        .column(json_binary("tags").default("{}"))
        .column(json_binary("attributes").default("{}"))
        .column(boolean("elder_registered").default(false))
        .column(timestamp_with_time_zone_null("last_sync_at"))
        .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
        .column(timestamp_with_time_zone("updated_at").default(Expr::current_timestamp()))
        .unique(["hostname"])
        .index(["machine_id"])
        .index(["server_id"])
        .foreign_key(["machine_id"], "cloud_machines", ["id"], OnDelete::SetNull)
        .foreign_key(["server_id"], "servers", ["id"], OnDelete::SetNull)
}
