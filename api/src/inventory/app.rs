//! Applications as they are told to Elder.

use service::entity::inventory::elder_app::Entity;
use utoipa_axum::router::OpenApiRouter;

use crate::{App, plain::Plain};

const PATH: &str = "/api/v1/elder-apps";

pub(super) const SHOWN: &[&str] = &[
    "id",
    "app_name",
    "hosts",
    "port",
    "protocol",
    "path",
    "health_check_url",
    "priority",
    "elder_registered",
    "last_sync_at",
    "created_at",
    "updated_at",
];

const WRITTEN: &[&str] =
    &["app_name", "hosts", "port", "protocol", "path", "health_check_url", "priority"];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "Applications as they are told to Elder: where each is reached.";
    Plain::<Entity>::new(PATH, ("ElderApp", "ElderApps"), about, SHOWN)
        .filters(&[
            "id",
            "app_name",
            "port",
            "protocol",
            "path",
            "priority",
            "elder_registered",
            "last_sync_at",
            "created_at",
            "updated_at",
        ])
        .sorts(&["id", "app_name", "priority", "last_sync_at", "created_at", "updated_at"])
        .creates(WRITTEN)
        .updates(WRITTEN)
        .deletes()
        .routes()
}
