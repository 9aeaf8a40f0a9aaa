//! Object stores, and the one that is taken where none is named.

use axum::extract::State;
use service::{
    audit::audited, cloud::storage, entity::cloud::storage_backend::Entity, records::Document,
    rights::UpdateCloud,
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
    "provider_type",
    "endpoint_url",
    "region",
    "bucket_name",
    "credentials_path",
    "config_data",
    "use_ssl",
    "path_style",
    "is_default",
    "is_active",
    "created_by_id",
    "created_at",
    "updated_at",
];

const WRITTEN: &[&str] = &[
    "name",
    "provider_type",
    "endpoint_url",
    "region",
    "bucket_name",
    "credentials_path",
    "config_data",
    "use_ssl",
    "path_style",
    "is_active",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "An object store, which images and other large files are kept in.";
    let names = ("StorageBackend", "StorageBackends");
    Plain::<Entity>::new("/api/v1/storage-backends", names, about, SHOWN)
        .filters(&[
            "id",
            "name",
            "provider_type",
            "region",
            "bucket_name",
            "use_ssl",
            "path_style",
            "is_default",
            "is_active",
            "created_by_id",
            "created_at",
            "updated_at",
        ])
        .sorts(&["name", "region", "bucket_name", "created_at", "updated_at"])
        .creates(WRITTEN)
        .updates(WRITTEN)
        .deletes()
        .routes()
        .routes(routes!(make_default))
}

/// Makes an object store the one that is taken where none is named.
#[utoipa::path(post, path = "/api/v1/storage-backends/{id}/default", operation_id = "makeStorageBackendDefault", tag = "cloud", params(("id" = i64, Path)), responses((status = 200, body = ref("#/components/schemas/StorageBackend"))))]
async fn make_default(
    State(app): State<App>,
    By(by): By<UpdateCloud>,
    Path(id): Path<i64>,
) -> Result<Json<Document>, Problem> {
    let by = &by;
    let row = audited(&app.db, &app.world, |unit, _| Box::pin(storage::make_default(unit, by, id)));
    Ok(document::<Entity>(&row.await?, SHOWN))
}
