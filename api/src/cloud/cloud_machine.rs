//! Machines at providers.

use axum::extract::State;
use service::{
    audit::audited,
    cloud::machine::{self, MachineStatus},
    entity::cloud::cloud_machine::Entity,
    records::Document,
    rights::UpdateCloud,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::machine_status::CloudMachineStatusChange;
use crate::{
    App, Problem,
    auth::By,
    extract::{Json, Path},
    plain::{Plain, document},
};

pub(super) const SHOWN: &[&str] = &[
    "id",
    "provider_id",
    "lxd_cluster_id",
    "external_id",
    "hostname",
    "ip_address",
    "private_ip",
    "status",
    "machine_type",
    "architecture",
    "cpu_count",
    "memory_mb",
    "storage_gb",
    "os_image",
    "zone",
    "tags",
    "attributes",
    "created_at",
    "updated_at",
];

const WRITTEN: &[&str] = &[
    "provider_id",
    "lxd_cluster_id",
    "external_id",
    "hostname",
    "ip_address",
    "private_ip",
    "machine_type",
    "architecture",
    "cpu_count",
    "memory_mb",
    "storage_gb",
    "os_image",
    "zone",
    "tags",
    "attributes",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "A machine at a provider.";
    let names = ("CloudMachine", "CloudMachines");
    Plain::<Entity>::new("/api/v1/cloud-machines", names, about, SHOWN)
        .filters(&[
            "id",
            "provider_id",
            "lxd_cluster_id",
            "external_id",
            "hostname",
            "ip_address",
            "private_ip",
            "status",
            "machine_type",
            "architecture",
            "cpu_count",
            "memory_mb",
            "storage_gb",
            "os_image",
            "zone",
            "created_at",
            "updated_at",
        ])
        .sorts(&["external_id", "hostname", "status", "zone", "created_at", "updated_at"])
        .creates(WRITTEN)
        .updates(WRITTEN)
        .deletes()
        .routes()
        .routes(routes!(change_status))
}

/// Says that a machine does something else now. What it does already is no change.
#[utoipa::path(post, path = "/api/v1/cloud-machines/{id}/status", operation_id = "changeCloudMachineStatus", tag = "cloud", params(("id" = i64, Path)), responses((status = 200, body = ref("#/components/schemas/CloudMachine"))))]
async fn change_status(
    State(app): State<App>,
    By(by): By<UpdateCloud>,
    Path(id): Path<i64>,
    Json(input): Json<CloudMachineStatusChange>,
) -> Result<Json<Document>, Problem> {
    let (by, to) = (&by, MachineStatus::from(input.status));
    let row = audited(&app.db, &app.world, |unit, _| {
        Box::pin(machine::change_status::<Entity>(unit, by, id, to))
    });
    Ok(document::<Entity>(&row.await?, SHOWN))
}
