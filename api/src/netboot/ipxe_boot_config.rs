//! Boot configurations, and the one of machines that have none of their own.

use axum::extract::State;
use service::{
    audit::audited, entity::netboot::ipxe_boot_config::Entity, netboot::boot_config,
    records::Document, rights::UpdateNetboot,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::By,
    extract::{Json, Path},
    plain::{Plain, document},
};

const SHOWN: &[&str] = &[
    "id",
    "default_image_id",
    "assigned_egg_group_id",
    "name",
    "description",
    "ipxe_script",
    "kernel_params",
    "boot_order",
    "timeout_seconds",
    "is_default",
    "created_at",
    "updated_at",
];

const WRITTEN: &[&str] = &[
    "default_image_id",
    "assigned_egg_group_id",
    "name",
    "description",
    "ipxe_script",
    "kernel_params",
    "boot_order",
    "timeout_seconds",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "What a machine is told when it asks how to start.";
    let names = ("IpxeBootConfig", "IpxeBootConfigs");
    Plain::<Entity>::new("/api/v1/ipxe-boot-configs", names, about, SHOWN)
        .filters(&[
            "id",
            "default_image_id",
            "assigned_egg_group_id",
            "name",
            "timeout_seconds",
            "is_default",
            "created_at",
            "updated_at",
        ])
        .sorts(&["name", "created_at", "updated_at"])
        .creates(WRITTEN)
        .updates(WRITTEN)
        .deletes()
        .routes()
        .routes(routes!(make_default))
}

/// Makes a boot configuration the one of machines that have none of their own.
#[utoipa::path(post, path = "/api/v1/ipxe-boot-configs/{id}/default", operation_id = "makeIpxeBootConfigDefault", tag = "netboot", params(("id" = i64, Path)), responses((status = 200, body = ref("#/components/schemas/IpxeBootConfig"))))]
async fn make_default(
    State(app): State<App>,
    By(by): By<UpdateNetboot>,
    Path(id): Path<i64>,
) -> Result<Json<Document>, Problem> {
    let by = &by;
    let row =
        audited(&app.db, &app.world, |unit, _| Box::pin(boot_config::make_default(unit, by, id)));
    Ok(document::<Entity>(&row.await?, SHOWN))
}
