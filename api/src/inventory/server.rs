//! Elder servers, and the keys that they are spoken to with.

use axum::{extract::State, http::StatusCode};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use service::{
    entity::inventory::elder_config::{Column, Entity},
    inventory::sync::{self, Outcome},
    records::Document,
    rights::{CreateInventory, RevealSecrets, UpdateInventory},
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

const PATH: &str = "/api/v1/elder-configs";

const SHOWN: &[&str] = &[
    "id",
    "name",
    "elder_url",
    "timeout_seconds",
    "max_retries",
    "sync_interval_seconds",
    "is_active",
    "sync_enabled",
    "last_sync_status",
    "last_error",
    "last_sync_at",
    "created_at",
    "updated_at",
];

const WRITTEN: &[&str] = &[
    "name",
    "elder_url",
    "timeout_seconds",
    "max_retries",
    "sync_interval_seconds",
    "is_active",
    "sync_enabled",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "Elder servers, and how they are spoken to.";
    Plain::<Entity>::new(PATH, ("ElderServer", "ElderServers"), about, SHOWN)
        .filters(&[
            "id",
            "name",
            "is_active",
            "sync_enabled",
            "last_sync_status",
            "last_sync_at",
            "created_at",
            "updated_at",
        ])
        .sorts(&["id", "name", "last_sync_at", "created_at", "updated_at"])
        .updates(WRITTEN)
        .deletes()
        .routes()
        .routes(routes!(create))
        .routes(routes!(set_key))
        .routes(routes!(reveal_key))
        .routes(routes!(synchronised))
}

/// An Elder server to add. What is absent is as the table has it by itself.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewElderServer {
    /// Up to 100 characters.
    name: String,
    /// `http://` or `https://`, without a name or a password in it.
    elder_url: String,
    /// What it is spoken to with: 1 to 32 768 bytes.
    #[serde(serialize_with = "unsaid")]
    #[schema(value_type = String, write_only)]
    api_key: SecretString,
    /// Of one request.
    #[schema(minimum = 1)]
    timeout_seconds: Option<i32>,
    #[schema(minimum = 0)]
    max_retries: Option<i32>,
    #[schema(minimum = 1)]
    sync_interval_seconds: Option<i32>,
    is_active: Option<bool>,
    /// Whether it is synchronised by itself.
    sync_enabled: Option<bool>,
}

/// Adds an Elder server with the key that it is spoken to with.
#[utoipa::path(post, path = "/api/v1/elder-configs", operation_id = "createElderServer", tag = "inventory", responses((status = 201, body = ref("#/components/schemas/ElderServer"), headers(("location" = String, description = "The path of what was made.")))))]
async fn create(
    State(app): State<App>,
    By(by): By<CreateInventory>,
    Json(input): Json<NewElderServer>,
) -> Result<Created<Document>, Problem> {
    let secrets = [(Column::ApiKey, input.api_key.clone())];
    sealed::create::<Entity>(&app, &by, (PATH, SHOWN, WRITTEN), &input, &secrets).await
}

/// What an Elder server is spoken to with from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewElderKey {
    /// 1 to 32 768 bytes.
    #[schema(value_type = String, write_only)]
    api_key: SecretString,
}

/// Gives an Elder server another key to be spoken to with.
#[utoipa::path(put, path = "/api/v1/elder-configs/{id}/api-key", operation_id = "setElderServerKey", tag = "inventory", params(("id" = i64, Path)), responses((status = 204)))]
async fn set_key(
    State(app): State<App>,
    By(by): By<UpdateInventory>,
    Path(id): Path<i64>,
    Json(input): Json<NewElderKey>,
) -> Result<StatusCode, Problem> {
    sealed::set::<Entity>(&app, &by, id, Column::ApiKey, Some(&input.api_key)).await
}

/// The key that an Elder server is spoken to with, in clear.
#[derive(Serialize, ToSchema)]
struct ElderKey {
    api_key: Option<String>,
}

/// Reads the key of an Elder server in clear, which is written to the audit log.
#[utoipa::path(post, path = "/api/v1/elder-configs/{id}/api-key/reveal", operation_id = "revealElderServerKey", tag = "inventory", params(("id" = i64, Path)), responses((status = 200, body = ElderKey)))]
async fn reveal_key(
    State(app): State<App>,
    By(by): By<RevealSecrets>,
    Path(id): Path<i64>,
) -> Result<Json<ElderKey>, Problem> {
    let api_key = sealed::reveal::<Entity>(&app, &by, id, Column::ApiKey).await?;
    Ok(Json(ElderKey { api_key }))
}

/// How a synchronisation with an Elder server ended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ElderSync {
    /// Why Elder was not told everything, in up to 10 000 characters; null when it was.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required)]
    failure: Option<String>,
}

/// Notes how a synchronisation with an Elder server ended.
#[utoipa::path(post, path = "/api/v1/elder-configs/{id}/synchronised", operation_id = "reportElderSync", tag = "inventory", params(("id" = i64, Path)), responses((status = 204)))]
async fn synchronised(
    State(app): State<App>,
    By(by): By<UpdateInventory>,
    Path(id): Path<i64>,
    Json(input): Json<ElderSync>,
) -> Result<StatusCode, Problem> {
    let outcome = input.failure.map_or(Outcome::Done, |why| Outcome::Failed { why });
    sync::synchronised(&app.db, &app.world, &by, id, &outcome).await?;
    Ok(StatusCode::NO_CONTENT)
}
