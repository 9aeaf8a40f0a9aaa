//! The places that secrets are read from.

use axum::extract::State;
use service::{
    audit::audited, entity::secrets::secret_backend::Entity, records::Document,
    rights::UpdateSecrets, secrets::backend,
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
    "backend_type",
    "config_data",
    "is_default",
    "is_active",
    "created_at",
    "updated_at",
];

const WRITTEN: &[&str] = &["name", "backend_type", "config_data", "is_active"];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "Places that secrets are read from; none of them holds a credential here.";
    Plain::<Entity>::new(
        "/api/v1/secret-backends",
        ("SecretBackend", "SecretBackends"),
        about,
        SHOWN,
    )
    .filters(&["id", "name", "backend_type", "is_default", "is_active", "created_at", "updated_at"])
    .sorts(&["name", "backend_type", "created_at", "updated_at"])
    .creates(WRITTEN)
    .updates(WRITTEN)
    .deletes()
    .routes()
    .routes(routes!(make_default))
}

/// Makes a backend the one that is meant where none is named.
#[utoipa::path(post, path = "/api/v1/secret-backends/{id}/default", operation_id = "makeSecretBackendDefault", tag = "secrets", params(("id" = i64, Path)), responses((status = 200, body = ref("#/components/schemas/SecretBackend"))))]
async fn make_default(
    State(app): State<App>,
    By(by): By<UpdateSecrets>,
    Path(id): Path<i64>,
) -> Result<Json<Document>, Problem> {
    let by = &by;
    let row = audited(&app.db, &app.world, |unit, _| Box::pin(backend::make_default(unit, by, id)));
    Ok(document::<Entity>(&row.await?, SHOWN))
}
