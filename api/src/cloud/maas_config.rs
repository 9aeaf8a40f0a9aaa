//! MAAS servers. Our key for one is a secret.

use axum::{extract::State, http::StatusCode};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use service::{
    entity::cloud::maas_config::{Column, Entity},
    records::Document,
    rights::{CreateCloud, RevealSecrets, UpdateCloud},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::By,
    created::Created,
    extract::{Json, Path},
    plain::Plain,
    sealed::{self, unsaid},
};

const PATH: &str = "/api/v1/maas-configs";

const SHOWN: &[&str] =
    &["id", "name", "maas_url", "username", "is_active", "created_at", "updated_at"];

const WRITTEN: &[&str] = &["name", "maas_url", "username", "is_active"];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "A MAAS server, which manages the machines in our own racks.";
    Plain::<Entity>::new(PATH, ("MaasConfig", "MaasConfigs"), about, SHOWN)
        .filters(&["id", "name", "username", "is_active", "created_at", "updated_at"])
        .sorts(&["name", "username", "created_at", "updated_at"])
        .updates(WRITTEN)
        .deletes()
        .routes()
        .routes(routes!(create))
        .routes(routes!(set_api_key))
        .routes(routes!(reveal_api_key))
}

/// A MAAS server to add.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewMaasConfig {
    #[schema(max_length = 100)]
    name: String,
    /// Where it is reached, without a name or a password in it.
    #[schema(max_length = 2048)]
    maas_url: String,
    /// Whose key it is there.
    #[schema(max_length = 100)]
    username: String,
    is_active: Option<bool>,
    /// It is kept sealed.
    #[serde(serialize_with = "unsaid")]
    #[schema(value_type = String, write_only)]
    api_key: SecretString,
}

/// Adds a MAAS server with our key for it.
#[utoipa::path(post, path = "/api/v1/maas-configs", operation_id = "createMaasConfig", tag = "cloud", responses((status = 201, body = ref("#/components/schemas/MaasConfig"), headers(("location" = String, description = "The path of what was made.")))))]
async fn create(
    State(app): State<App>,
    By(by): By<CreateCloud>,
    Json(input): Json<NewMaasConfig>,
) -> Result<Created<Document>, Problem> {
    let secrets = [(Column::ApiKey, input.api_key.clone())];
    sealed::create::<Entity>(&app, &by, (PATH, SHOWN, WRITTEN), &input, &secrets).await
}

/// Our new key for a MAAS server.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewMaasApiKey {
    #[schema(value_type = String, write_only)]
    api_key: SecretString,
}

/// Keeps another key for a MAAS server.
#[utoipa::path(put, path = "/api/v1/maas-configs/{id}/api-key", operation_id = "setMaasApiKey", tag = "cloud", params(("id" = i64, Path)), responses((status = 204)))]
async fn set_api_key(
    State(app): State<App>,
    By(by): By<UpdateCloud>,
    Path(id): Path<i64>,
    Json(input): Json<NewMaasApiKey>,
) -> Result<StatusCode, Problem> {
    sealed::set::<Entity>(&app, &by, id, Column::ApiKey, Some(&input.api_key)).await
}

/// Our key for a MAAS server, in clear.
#[derive(Serialize, ToSchema)]
struct MaasApiKey {
    api_key: Option<String>,
}

/// Reads our key for a MAAS server, which is written to the audit log.
#[utoipa::path(post, path = "/api/v1/maas-configs/{id}/api-key/reveal", operation_id = "revealMaasApiKey", tag = "cloud", params(("id" = i64, Path)), responses((status = 200, body = MaasApiKey)))]
async fn reveal_api_key(
    State(app): State<App>,
    By(by): By<RevealSecrets>,
    Path(id): Path<i64>,
) -> Result<Json<MaasApiKey>, Problem> {
    let api_key = sealed::reveal::<Entity>(&app, &by, id, Column::ApiKey).await?;
    Ok(Json(MaasApiKey { api_key }))
}
