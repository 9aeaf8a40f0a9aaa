//! Hosts as they are told to Elder.

use service::entity::inventory::elder_host::Entity;
use utoipa_axum::router::OpenApiRouter;

use crate::{App, plain::Plain};

const PATH: &str = "/api/v1/elder-hosts";

pub(super) const SHOWN: &[&str] = &[
    "id",
    "machine_id",
    "server_id",
    "hostname",
    "fqdn",
    "ip_address",
    "apps",
    "zone",
    "pool",
    "tags",
    "attributes",
    "elder_registered",
    "last_sync_at",
    "created_at",
    "updated_at",
];

const WRITTEN: &[&str] = &[
    "machine_id",
    "server_id",
    "hostname",
    "fqdn",
    "ip_address",
    "apps",
    "zone",
    "pool",
    "tags",
    "attributes",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "Hosts as they are told to Elder.";
    Plain::<Entity>::new(PATH, ("ElderHost", "ElderHosts"), about, SHOWN)
        .filters(&[
            "id",
            "machine_id",
            "server_id",
            "hostname",
            "fqdn",
            "ip_address",
            "zone",
            "pool",
            "elder_registered",
            "last_sync_at",
            "created_at",
            "updated_at",
        ])
        .sorts(&[
            "id",
            "hostname",
            "fqdn",
            "zone",
            "pool",
            "last_sync_at",
            "created_at",
            "updated_at",
        ])
        .creates(WRITTEN)
        .updates(WRITTEN)
        .deletes()
        .routes()
}
