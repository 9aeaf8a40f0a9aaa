//! API keys: the caller's own, and those of others.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use service::{
    identity::api_key::{self, ApiKey, NewKey},
    rights::{ReadUsers, UpdateUsers},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::{By, InPerson},
    extract::{Json, Path},
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(own, create))
        .routes(routes!(revoke_own))
        .routes(routes!(list))
        .routes(routes!(revoke))
}

/// What is known about a key. The key is no part of it.
#[derive(Debug, Serialize, ToSchema)]
struct ApiKeyOut {
    id: i64,
    /// What its owner knows it by.
    name: String,
    /// How it begins.
    prefix: String,
    /// The codes of the permissions that it may use, as far as its owner has them.
    scopes: Vec<String>,
    created_at: DateTime<Utc>,
    /// Until when it is good; for ever without, until it is revoked.
    expires_at: Option<DateTime<Utc>>,
    /// To the minute.
    last_used_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

impl From<ApiKey> for ApiKeyOut {
    fn from(key: ApiKey) -> Self {
        let ApiKey { id, name, prefix, scopes, created_at, expires_at, last_used_at, revoked_at } =
            key;
        let scopes = scopes.into_iter().collect();
        Self { id, name, prefix, scopes, created_at, expires_at, last_used_at, revoked_at }
    }
}

fn shown(keys: Vec<ApiKey>) -> Json<Vec<ApiKeyOut>> {
    Json(keys.into_iter().map(Into::into).collect())
}

/// The caller's keys, also those that are good no more, the newest first.
#[utoipa::path(get, path = "/api/v1/me/api-keys", operation_id = "listMyApiKeys", tag = "me", responses((status = 200, body = [ApiKeyOut])))]
async fn own(
    State(app): State<App>,
    InPerson(caller): InPerson,
) -> Result<Json<Vec<ApiKeyOut>>, Problem> {
    Ok(shown(api_key::list(&app.db, &caller.actor).await?))
}

/// A key to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ApiKeyIn {
    /// What its owner knows it by.
    name: String,
    /// The codes of the permissions that it may use. The owner has all of them.
    scopes: Vec<String>,
    /// Within ten years, and before 2038-01-19; for ever without.
    expires_at: Option<DateTime<Utc>>,
}

/// A new key. Not shown again.
#[derive(Serialize, ToSchema)]
struct ApiKeyMade {
    /// For the header `Authorization`.
    key: String,
    api_key: ApiKeyOut,
}

/// Makes a key of the caller, for a program that asks in their name. The setting
/// `api_keys.max_per_user` says how many that are good somebody may have.
#[utoipa::path(post, path = "/api/v1/me/api-keys", operation_id = "createMyApiKey", tag = "me", responses((status = 201, body = ApiKeyMade)))]
async fn create(
    State(app): State<App>,
    InPerson(caller): InPerson,
    Json(input): Json<ApiKeyIn>,
) -> Result<(StatusCode, Json<ApiKeyMade>), Problem> {
    let ApiKeyIn { name, scopes, expires_at } = input;
    let new = NewKey { name, scopes: scopes.into_iter().collect(), expires_at };
    let App { db, rights, world, bell, .. } = &app;
    let made = api_key::create(db, rights, world, &caller.actor, new).await?;
    bell.ring();
    let key = made.key.expose_secret().to_owned();
    Ok((StatusCode::CREATED, Json(ApiKeyMade { key, api_key: made.info.into() })))
}

/// Revokes a key of the caller; one that was revoked stays so.
#[utoipa::path(delete, path = "/api/v1/me/api-keys/{id}", operation_id = "revokeMyApiKey", tag = "me", params(("id" = i64, Path)), responses((status = 204)))]
async fn revoke_own(
    State(app): State<App>,
    InPerson(caller): InPerson,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    api_key::revoke(&app.db, &app.world, &caller.actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The keys of a person, also those that are good no more, the newest first.
#[utoipa::path(get, path = "/api/v1/users/{id}/api-keys", operation_id = "listUserApiKeys", tag = "users", params(("id" = i64, Path)), responses((status = 200, body = [ApiKeyOut])))]
async fn list(
    State(app): State<App>,
    By(by): By<ReadUsers>,
    Path(id): Path<i64>,
) -> Result<Json<Vec<ApiKeyOut>>, Problem> {
    Ok(shown(api_key::list_of(&app.db, &by, id).await?))
}

/// Revokes a key of a person; one that was revoked stays so. Nobody makes a key of another.
#[utoipa::path(delete, path = "/api/v1/users/{id}/api-keys/{key_id}", operation_id = "revokeUserApiKey", tag = "users", params(("id" = i64, Path), ("key_id" = i64, Path)), responses((status = 204)))]
async fn revoke(
    State(app): State<App>,
    By(by): By<UpdateUsers>,
    Path((id, key_id)): Path<(i64, i64)>,
) -> Result<StatusCode, Problem> {
    api_key::revoke_of(&app.db, &app.world, &by, id, key_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
