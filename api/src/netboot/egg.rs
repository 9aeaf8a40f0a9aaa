//! Eggs: what is put on machines.

use axum::{extract::State, http::StatusCode};
use service::{audit::audited, entity::netboot::egg::Entity, netboot::egg, rights::DeleteNetboot};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{App, Problem, auth::By, extract::Path, plain::Plain};

pub(super) const SHOWN: &[&str] = &[
    "id",
    "name",
    "display_name",
    "description",
    "egg_type",
    "version",
    "category",
    "snap_name",
    "snap_channel",
    "snap_classic",
    "cloud_init_content",
    "lxd_image_alias",
    "lxd_image_url",
    "lxd_profiles",
    "dependencies",
    "min_ram_mb",
    "min_disk_gb",
    "required_architecture",
    "checksum",
    "size_bytes",
    "is_hypervisor_config",
    "is_active",
    "is_default",
    "created_at",
    "updated_at",
];

/// What can be written later, too: lists name an egg, and so it keeps its name.
const CHANGED: &[&str] = &[
    "display_name",
    "description",
    "egg_type",
    "version",
    "category",
    "snap_name",
    "snap_channel",
    "snap_classic",
    "cloud_init_content",
    "lxd_image_alias",
    "lxd_image_url",
    "lxd_profiles",
    "dependencies",
    "min_ram_mb",
    "min_disk_gb",
    "required_architecture",
    "checksum",
    "size_bytes",
    "is_hypervisor_config",
    "is_active",
    "is_default",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "Something that is put on a machine: a snap, a piece of cloud-init, a container, \
                 a virtual machine.";
    Plain::<Entity>::new("/api/v1/eggs", ("Egg", "Eggs"), about, SHOWN)
        .filters(&[
            "id",
            "name",
            "display_name",
            "egg_type",
            "version",
            "category",
            "snap_name",
            "snap_channel",
            "snap_classic",
            "lxd_image_alias",
            "min_ram_mb",
            "min_disk_gb",
            "required_architecture",
            "checksum",
            "size_bytes",
            "is_hypervisor_config",
            "is_active",
            "is_default",
            "created_at",
            "updated_at",
        ])
        .sorts(&["name", "display_name", "category", "size_bytes", "created_at", "updated_at"])
        .creates(&[&["name"][..], CHANGED].concat())
        .updates(CHANGED)
        .routes()
        .routes(routes!(delete))
}

/// Removes an egg that no group, no machine and no other egg names.
#[utoipa::path(delete, path = "/api/v1/eggs/{id}", operation_id = "deleteEgg", tag = "netboot", params(("id" = i64, Path)), responses((status = 204)))]
async fn delete(
    State(app): State<App>,
    By(by): By<DeleteNetboot>,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let by = &by;
    audited(&app.db, &app.world, |unit, _| Box::pin(egg::delete(unit, by, id))).await?;
    Ok(StatusCode::NO_CONTENT)
}
