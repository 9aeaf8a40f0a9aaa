//! Servers that Fleet runs on.

use service::entity::fleet::fleetdm_config::Entity;
use utoipa_axum::router::OpenApiRouter;

use crate::{App, plain::Plain};

const PATH: &str = "/api/v1/fleetdm-configs";

const SHOWN: &[&str] = &[
    "id",
    "name",
    "fleet_url",
    "api_token_path",
    "enroll_secret_path",
    "osquery_version",
    "is_active",
    "created_at",
    "updated_at",
];

const WRITTEN: &[&str] =
    &["name", "fleet_url", "api_token_path", "enroll_secret_path", "osquery_version", "is_active"];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "Servers that Fleet runs on, and where their credentials are kept.";
    Plain::<Entity>::new(PATH, ("FleetServer", "FleetServers"), about, SHOWN)
        .filters(&["id", "name", "osquery_version", "is_active", "created_at", "updated_at"])
        .sorts(&["id", "name", "created_at", "updated_at"])
        .creates(WRITTEN)
        .updates(WRITTEN)
        .deletes()
        .routes()
}
