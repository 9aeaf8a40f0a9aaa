//! Images, and the one that is taken where a boot configuration names none.

use axum::extract::State;
use service::{
    audit::audited, entity::netboot::ipxe_image::Entity, netboot::image, records::Document,
    rights::UpdateNetboot,
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
    "name",
    "display_name",
    "os_name",
    "os_version",
    "architecture",
    "image_type",
    "minio_bucket",
    "kernel_path",
    "initrd_path",
    "squashfs_path",
    "kernel_params",
    "checksum",
    "size_bytes",
    "is_default",
    "is_active",
    "created_at",
    "updated_at",
];

const WRITTEN: &[&str] = &[
    "name",
    "display_name",
    "os_name",
    "os_version",
    "architecture",
    "image_type",
    "minio_bucket",
    "kernel_path",
    "initrd_path",
    "squashfs_path",
    "kernel_params",
    "checksum",
    "size_bytes",
    "is_active",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "An operating system that a machine can boot over the network.";
    Plain::<Entity>::new("/api/v1/ipxe-images", ("IpxeImage", "IpxeImages"), about, SHOWN)
        .filters(&[
            "id",
            "name",
            "display_name",
            "os_name",
            "os_version",
            "architecture",
            "image_type",
            "minio_bucket",
            "checksum",
            "size_bytes",
            "is_default",
            "is_active",
            "created_at",
            "updated_at",
        ])
        .sorts(&[
            "name",
            "display_name",
            "os_name",
            "os_version",
            "size_bytes",
            "created_at",
            "updated_at",
        ])
        .creates(WRITTEN)
        .updates(WRITTEN)
        .deletes()
        .routes()
        .routes(routes!(make_default))
}

/// Makes an image the one that is taken where a boot configuration names none.
#[utoipa::path(post, path = "/api/v1/ipxe-images/{id}/default", operation_id = "makeIpxeImageDefault", tag = "netboot", params(("id" = i64, Path)), responses((status = 200, body = ref("#/components/schemas/IpxeImage"))))]
async fn make_default(
    State(app): State<App>,
    By(by): By<UpdateNetboot>,
    Path(id): Path<i64>,
) -> Result<Json<Document>, Problem> {
    let by = &by;
    let row = audited(&app.db, &app.world, |unit, _| Box::pin(image::make_default(unit, by, id)));
    Ok(document::<Entity>(&row.await?, SHOWN))
}
