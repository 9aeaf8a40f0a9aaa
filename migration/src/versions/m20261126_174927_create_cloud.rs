//! Creates providers, machines, servers, and the jobs that deploy to them.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
        .create_table("cloud_init_templates", cloud_init_templates)
        .create_table("cloud_providers", cloud_providers)
        .create_table("lxd_clusters", lxd_clusters)
        .create_table("cloud_machines", cloud_machines)
        .create_table("lxd_cluster_members", lxd_cluster_members)
        .create_table("maas_configs", |t| {
            t.column(big_pk_auto("id"))
                .column(string_len("name", 100))
                .column(string_len("maas_url", 2048))
                .column(text("api_key"))
                .column(string_len("username", 100))
                .column(boolean("is_active").default(true))
                .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
                .column(timestamp_with_time_zone("updated_at").default(Expr::current_timestamp()))
                .unique(["name"])
        })
        .create_table("package_configs", package_configs)
        .create_table("servers", servers)
        .create_table("deployment_jobs", deployment_jobs)
        .create_table("storage_backends", storage_backends)
}

fn cloud_init_templates(t: TableBuilder) -> TableBuilder {
    t.column(big_pk_auto("id"))
        .column(string_len("name", 100))
        .column(text_null("description"))
        .column(text("template_content"))
        .column(string_len("template_type", 50).default("user-data"))
        .column(string_len("version", 20).default("1.0"))
        .column(boolean("is_default").default(false))
        .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
        .column(timestamp_with_time_zone("updated_at").default(Expr::current_timestamp()))
        .unique(["name"])
        .one_of("template_type", ["user-data", "meta-data", "network-config"])
}

fn cloud_providers(t: TableBuilder) -> TableBuilder {
    t.column(big_pk_auto("id"))
        .column(string_len("name", 100))
        .column(string_len("provider_type", 50))
        .column(text_null("description"))
        .column(string_len_null("region", 100))
        .column(string_len_null("credentials_path", 500))
        .column(json_binary("config_data").default("{}"))
        .column(boolean("is_active").default(true))
        .column(timestamp_with_time_zone_null("last_sync_at"))
        .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
        .column(timestamp_with_time_zone("updated_at").default(Expr::current_timestamp()))
        .unique(["name"])
        .one_of("provider_type", ["maas", "lxd", "aws", "gcp", "azure", "vultr"])
}

fn lxd_clusters(t: TableBuilder) -> TableBuilder {
    t.column(big_pk_auto("id"))
        .column(string_len("name", 100))
        .column(text_null("description"))
        .column(string_len_null("cluster_key_path", 500))
        .column(string_len_null("admin_cert_path", 500))
        .column(string_len_null("api_endpoint", 2048))
        .column(integer("api_port").default(8443))
        .column(string_len("status", 50).default("initializing"))
        .column(string_len("storage_pool", 100).default("default"))
        .column(string_len("network_bridge", 100).default("lxdbr0"))
        .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
        .column(timestamp_with_time_zone("updated_at").default(Expr::current_timestamp()))
        .unique(["name"])
        .between("api_port", 1, 65535)
}

fn cloud_machines(t: TableBuilder) -> TableBuilder {
    t.column(big_pk_auto("id"))
        .column(big_integer("provider_id"))
        .column(big_integer_null("lxd_cluster_id"))
        .column(string_len("external_id", 255))
        .column(string_len_null("hostname", 255))
        .column(string_len_null("ip_address", 64))
        .column(string_len_null("private_ip", 64))
        .column(string_len("status", 50).default("new"))
        .column(string_len_null("machine_type", 100))
        .column(string_len("architecture", 50).default("amd64"))
        .column(integer_null("cpu_count"))
        .column(integer_null("memory_mb"))
        .column(integer_null("storage_gb"))
        .column(string_len_null("os_image", 255))
        .column(string_len_null("zone", 100))
        .column(json_binary("tags").default("[]"))
        .column(json_binary("attributes").default("{}"))
        .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
        .column(timestamp_with_time_zone("updated_at").default(Expr::current_timestamp()))
        .unique(["provider_id", "external_id"])
        .one_of(
            "status",
            [
                "new",
                "commissioning",
                "ready",
                "allocated",
                "deploying",
                "deployed",
                "releasing",
                "disk_erasing",
                "failed",
                "broken",
                "running",
                "stopped",
                "terminated",
            ],
        )
        .at_least("cpu_count", 0)
        .at_least("memory_mb", 0)
        .at_least("storage_gb", 0)
        .index(["lxd_cluster_id"])
        .index(["status"])
        .foreign_key(["provider_id"], "cloud_providers", ["id"], OnDelete::Restrict)
        .foreign_key(["lxd_cluster_id"], "lxd_clusters", ["id"], OnDelete::SetNull)
}

fn lxd_cluster_members(t: TableBuilder) -> TableBuilder {
    t.column(big_pk_auto("id"))
        .column(big_integer("cluster_id"))
        .column(big_integer_null("machine_id"))
        .column(string_len("member_name", 255))
        .column(string_len_null("api_url", 2048))
        .column(string_len("status", 50).default("pending"))
        .column(boolean("is_leader").default(false))
        .column(timestamp_with_time_zone_null("joined_at"))
        .column(timestamp_with_time_zone_null("last_seen_at"))
        .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
        .unique(["cluster_id", "member_name"])
        .index(["machine_id"])
        .foreign_key(["cluster_id"], "lxd_clusters", ["id"], OnDelete::Cascade)
        .foreign_key(["machine_id"], "cloud_machines", ["id"], OnDelete::SetNull)
}

fn package_configs(t: TableBuilder) -> TableBuilder {
    t.column(big_pk_auto("id"))
        .column(string_len("name", 100))
        .column(text_null("description"))
        .column(json_binary("packages").default("[]"))
        .column(json_binary("repositories").default("[]"))
        .column(text_null("pre_install_scripts"))
        .column(text_null("post_install_scripts"))
        .column(boolean("is_default").default(false))
        .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
        .column(timestamp_with_time_zone("updated_at").default(Expr::current_timestamp()))
        .unique(["name"])
}

fn servers(t: TableBuilder) -> TableBuilder {
    t.column(big_pk_auto("id"))
        .column(string_len("hostname", 255))
        .column(string_len_null("maas_system_id", 100))
        .column(string_len("mac_address", 17))
        .column(string_len_null("ip_address", 64))
        .column(string_len("status", 50).default("new"))
        .column(string_len("architecture", 50).default("amd64"))
        .column(integer_null("cpu_count"))
        .column(integer_null("memory_mb"))
        .column(integer_null("storage_gb"))
        .column(string_len_null("power_type", 50))
        .column(text_null("power_parameters"))
        .column(string_len("zone", 100).default("default"))
        .column(string_len("pool", 100).default("default"))
        .column(json_binary("tags").default("[]"))
        .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
        .column(timestamp_with_time_zone("updated_at").default(Expr::current_timestamp()))
        .unique(["hostname"])
        .unique(["maas_system_id"])
        .one_of(
            "status",
            [
                "new",
                "commissioning",
                "ready",
                "allocated",
                "deploying",
                "deployed",
                "releasing",
                "disk_erasing",
                "failed",
                "broken",
                "running",
                "stopped",
                "terminated",
            ],
        )
        .at_least("cpu_count", 0)
        .at_least("memory_mb", 0)
        .at_least("storage_gb", 0)
        .index(["mac_address"])
        .index(["status"])
}

fn deployment_jobs(t: TableBuilder) -> TableBuilder {
    t.column(big_pk_auto("id"))
        .column(big_integer_null("machine_id"))
        .column(big_integer_null("server_id"))
        .column(big_integer_null("ipxe_machine_id"))
        .column(big_integer_null("image_id"))
        .column(big_integer_null("boot_config_id"))
        .column(big_integer_null("cloud_init_template_id"))
        .column(big_integer_null("package_config_id"))
        .column(big_integer_null("lxd_cluster_id"))
        .column(big_integer_null("created_by_id"))
        .column(string_len("job_id", 64))
        .column(string_len("job_type", 50).default("provision"))
        .column(string_len("status", 50).default("pending"))
        .column(string_len_null("current_phase", 255))
        .column(integer("progress_percent").default(0))
        .column(string_len_null("ansible_playbook", 255))
        .column(json_binary("eggs_to_deploy").default("[]"))
        .column(text_null("rendered_cloud_init"))
        .column(text_null("log_output"))
        .column(text_null("error_message"))
        .column(string_len_null("claimed_by", 255))
        .column(timestamp_with_time_zone_null("claimed_at"))
        .column(timestamp_with_time_zone_null("started_at"))
        .column(timestamp_with_time_zone_null("completed_at"))
        .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
        .unique(["job_id"])
        .one_of("status", ["pending", "running", "completed", "failed", "cancelled"])
        .between("progress_percent", 0, 100)
        .check("claimed_at", "(claimed_by IS NULL) = (claimed_at IS NULL)")
        .check("completed_at", "completed_at IS NULL OR completed_at >= started_at")
        .index(["machine_id"])
        .index(["server_id"])
        .index(["ipxe_machine_id"])
        .index(["image_id"])
        .index(["boot_config_id"])
        .index(["cloud_init_template_id"])
        .index(["package_config_id"])
        .index(["lxd_cluster_id"])
        .index(["created_by_id"])
        .index(["status", "created_at"])
        .foreign_key(["machine_id"], "cloud_machines", ["id"], OnDelete::SetNull)
        .foreign_key(["server_id"], "servers", ["id"], OnDelete::SetNull)
        .foreign_key(["ipxe_machine_id"], "ipxe_machines", ["id"], OnDelete::SetNull)
        .foreign_key(["image_id"], "ipxe_images", ["id"], OnDelete::SetNull)
        .foreign_key(["boot_config_id"], "ipxe_boot_configs", ["id"], OnDelete::SetNull)
        .foreign_key(["cloud_init_template_id"], "cloud_init_templates", ["id"], OnDelete::SetNull)
        .foreign_key(["package_config_id"], "package_configs", ["id"], OnDelete::SetNull)
        .foreign_key(["lxd_cluster_id"], "lxd_clusters", ["id"], OnDelete::SetNull)
        .foreign_key(["created_by_id"], "users", ["id"], OnDelete::SetNull)
}

fn storage_backends(t: TableBuilder) -> TableBuilder {
    t.column(big_pk_auto("id"))
        .column(big_integer_null("created_by_id"))
        .column(string_len("name", 255))
        .column(string_len("provider_type", 64))
        .column(string_len_null("endpoint_url", 2048))
        .column(string_len_null("region", 100))
        .column(string_len_null("bucket_name", 255))
        .column(string_len_null("credentials_path", 512))
        .column(json_binary("config_data").default("{}"))
        .column(boolean("use_ssl").default(true))
        .column(boolean("path_style").default(false))
        .column(boolean("is_default").default(false))
        .column(boolean("is_active").default(true))
        .column(timestamp_with_time_zone("created_at").default(Expr::current_timestamp()))
        .column(timestamp_with_time_zone("updated_at").default(Expr::current_timestamp()))
        .unique(["name"])
        .one_of(
            "provider_type",
            ["minio", "aws_s3", "gcs", "do_spaces", "wasabi", "backblaze", "azure_blob", "custom"],
        )
        .index(["created_by_id"])
        .foreign_key(["created_by_id"], "users", ["id"], OnDelete::SetNull)
}
