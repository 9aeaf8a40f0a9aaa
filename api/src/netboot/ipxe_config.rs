//! How a network answers machines that boot.

use service::entity::netboot::ipxe_config::Entity;
use utoipa_axum::router::OpenApiRouter;

use crate::{App, plain::Plain};

const SHOWN: &[&str] = &[
    "id",
    "name",
    "dhcp_mode",
    "dhcp_interface",
    "dhcp_subnet",
    "dhcp_range_start",
    "dhcp_range_end",
    "dhcp_gateway",
    "dns_servers",
    "tftp_enabled",
    "http_boot_url",
    "minio_bucket",
    "default_boot_script",
    "chain_url",
    "is_active",
    "created_at",
    "updated_at",
];

const WRITTEN: &[&str] = &[
    "name",
    "dhcp_mode",
    "dhcp_interface",
    "dhcp_subnet",
    "dhcp_range_start",
    "dhcp_range_end",
    "dhcp_gateway",
    "dns_servers",
    "tftp_enabled",
    "http_boot_url",
    "minio_bucket",
    "default_boot_script",
    "chain_url",
    "is_active",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "How a network answers machines that boot: who gives addresses, and from where \
                 programs are fetched.";
    Plain::<Entity>::new("/api/v1/ipxe-configs", ("IpxeConfig", "IpxeConfigs"), about, SHOWN)
        .filters(&[
            "id",
            "name",
            "dhcp_mode",
            "dhcp_interface",
            "dhcp_subnet",
            "tftp_enabled",
            "minio_bucket",
            "is_active",
            "created_at",
            "updated_at",
        ])
        .sorts(&["name", "dhcp_subnet", "created_at", "updated_at"])
        .creates(WRITTEN)
        .updates(WRITTEN)
        .deletes()
        .routes()
}
