//! Secrets by their paths. In a path of the API the `/` of a secret's own is written `%2F`.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use service::{
    audit::audited,
    page::Page,
    rights::{CreateSecrets, DeleteSecrets, ReadSecrets, RevealSecrets, UpdateSecrets},
    secrets::secret::{self, Secret},
    seen::Seen,
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::By,
    created::Created,
    extract::{Json, Path, Query},
    paged,
    tagged::{self, Tagged},
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, store))
        .routes(routes!(show, describe, delete))
        .routes(routes!(change))
        .routes(routes!(reveal))
}

/// What is known about a secret; never its value.
#[derive(Debug, Serialize, ToSchema)]
struct SecretOut {
    id: i64,
    path: String,
    /// What it is for.
    description: Option<String>,
    /// Who stored it.
    created_by_id: Option<i64>,
    /// The id of the key that it is sealed with.
    sealed_with: Option<String>,
    /// When it was last given a value.
    rotated_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
    /// When it was last given a value or described.
    updated_at: DateTime<Utc>,
}

impl From<Secret> for SecretOut {
    fn from(secret: Secret) -> Self {
        let Secret { id, path, description, created_by_id, sealed_with, .. } = secret;
        let Secret { rotated_at, created_at, updated_at, .. } = secret;
        Self {
            id,
            path,
            description,
            created_by_id,
            sealed_with,
            rotated_at,
            created_at,
            updated_at,
        }
    }
}

/// Some secrets, and where the next page begins.
#[derive(Debug, Serialize, ToSchema)]
struct SecretPage {
    /// What is known about each of them.
    entries: Vec<SecretOut>,
    /// For the parameter `cursor`; absent after the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl From<Page<Secret>> for SecretPage {
    fn from(page: Page<Secret>) -> Self {
        Self {
            entries: page.rows.into_iter().map(Into::into).collect(),
            next: page.next.map(|next| next.to_string()),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct SecretQuery {
    /// Of each page only those that were last given a value before that moment. There may be none
    /// on a page, and more on the next.
    rotated_before: Option<DateTime<Utc>>,
    /// The `next` of the page before.
    cursor: Option<String>,
    /// How many at most: 1 to 100; 50 without.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
}

/// What is known about the secrets, in the order in which they were stored.
#[utoipa::path(get, path = "/api/v1/secrets", operation_id = "listSecrets", tag = "secrets", params(SecretQuery), responses((status = 200, body = SecretPage)))]
async fn list(
    State(app): State<App>,
    By(by): By<ReadSecrets>,
    Query(query): Query<SecretQuery>,
) -> Result<Json<SecretPage>, Problem> {
    let (from, limit) = paged::place(query.cursor.as_deref(), query.limit)?;
    let page = match query.rotated_before {
        Some(moment) => secret::older_than(&app.db, &by, moment, from, limit).await?,
        None => secret::list(&app.db, &by, from, limit).await?,
    };
    Ok(Json(page.into()))
}

/// A secret to store.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SecretIn {
    /// Up to 500 characters: segments of `a-z`, `0-9`, `_`, `-` and `.`, with `/` between them.
    path: String,
    /// What it is for, up to 10 000 characters.
    description: Option<String>,
    /// Up to 32 KiB; it is not shown but by revealing it.
    #[schema(value_type = String, write_only)]
    value: SecretString,
}

/// Stores a secret under a path that nothing is under yet.
#[utoipa::path(post, path = "/api/v1/secrets", operation_id = "storeSecret", tag = "secrets", responses((status = 201, body = SecretOut, headers(("location" = String, description = "The path of what was made.")))))]
async fn store(
    State(app): State<App>,
    By(by): By<CreateSecrets>,
    Json(input): Json<SecretIn>,
) -> Result<Created<SecretOut>, Problem> {
    let SecretIn { path, description, value } = &input;
    let (by, keys, world) = (&by, &app.keys, &app.world);
    let stored = audited(&app.db, world, |unit, _| {
        Box::pin(secret::store(unit, by, (keys, world), path, description.clone(), value))
    });
    let body = SecretOut::from(stored.await?);
    Ok(Created { path: format!("/api/v1/secrets/{}", body.path.replace('/', "%2F")), body })
}

/// What is known about a secret.
#[utoipa::path(get, path = "/api/v1/secrets/{path}", operation_id = "showSecret", tag = "secrets", params(("path" = String, Path, description = "Its path, with `%2F` for `/`.")), responses((status = 200, body = SecretOut, headers(("etag" = String, description = "Which state of it this is, for `If-Match`.")))))]
async fn show(
    State(app): State<App>,
    By(by): By<ReadSecrets>,
    Path(path): Path<String>,
) -> Result<Tagged<SecretOut>, Problem> {
    Ok(Tagged(secret::by_path(&app.db, &by, &path).await?.into()))
}

/// The one thing about a secret that can change by itself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SecretPatch {
    /// `null` empties it.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required)]
    description: Option<String>,
}

/// What of a secret the caller has seen.
fn seen(tags: &[String]) -> Seen<'_, Secret> {
    Seen { tag: tagged::of::<Secret, SecretOut>, tags }
}

/// Says what a secret is for, only while it is as `If-Match` says. Its value stays.
#[utoipa::path(patch, path = "/api/v1/secrets/{path}", operation_id = "describeSecret", tag = "secrets", params(("path" = String, Path, description = "Its path, with `%2F` for `/`."), ("If-Match" = String, Header, description = "The `ETag` of the state that is to be changed; any, when it is `*`.")), responses((status = 200, body = SecretOut, headers(("etag" = String, description = "Which state of it this is, for `If-Match`.")))))]
async fn describe(
    State(app): State<App>,
    By(by): By<UpdateSecrets>,
    Path(path): Path<String>,
    headers: HeaderMap,
    Json(input): Json<SecretPatch>,
) -> Result<Tagged<SecretOut>, Problem> {
    let tags = tagged::wanted(&headers, true)?;
    let seen = tags.as_deref().map(seen);
    let (by, path, description, seen) = (&by, &path, &input.description, seen.as_ref());
    let described = audited(&app.db, &app.world, |unit, _| {
        Box::pin(async move {
            if let Some(seen) = seen {
                secret::as_seen(unit, by, path, seen).await?;
            }
            secret::describe(unit, by, path, description.clone()).await
        })
    });
    let described = described.await.map_err(|error| tagged::refused(error, tags.is_some()))?;
    Ok(Tagged(described.into()))
}

/// Another value for a secret.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SecretValue {
    /// Up to 32 KiB.
    #[schema(value_type = String, write_only)]
    value: SecretString,
}

/// Gives a secret another value, from when on it counts as rotated; only while it is as `If-Match` says.
#[utoipa::path(put, path = "/api/v1/secrets/{path}/value", operation_id = "changeSecret", tag = "secrets", params(("path" = String, Path, description = "Its path, with `%2F` for `/`."), ("If-Match" = String, Header, description = "The `ETag` of the state that is to be changed; any, when it is `*`.")), responses((status = 200, body = SecretOut, headers(("etag" = String, description = "Which state of it this is, for `If-Match`.")))))]
async fn change(
    State(app): State<App>,
    By(by): By<UpdateSecrets>,
    Path(path): Path<String>,
    headers: HeaderMap,
    Json(input): Json<SecretValue>,
) -> Result<Tagged<SecretOut>, Problem> {
    let tags = tagged::wanted(&headers, true)?;
    let seen = tags.as_deref().map(seen);
    let (by, path, value, seen) = (&by, &path, &input.value, seen.as_ref());
    let (keys, world) = (&app.keys, &app.world);
    let changed = audited(&app.db, world, |unit, _| {
        Box::pin(async move {
            if let Some(seen) = seen {
                secret::as_seen(unit, by, path, seen).await?;
            }
            secret::change(unit, by, (keys, world), path, value).await
        })
    });
    let changed = changed.await.map_err(|error| tagged::refused(error, tags.is_some()))?;
    Ok(Tagged(changed.into()))
}

/// A secret in clear.
#[derive(Serialize, ToSchema)]
struct RevealedSecret {
    value: String,
}

/// Reads a secret in clear, which is written to the audit log.
#[utoipa::path(post, path = "/api/v1/secrets/{path}/reveal", operation_id = "revealSecret", tag = "secrets", params(("path" = String, Path, description = "Its path, with `%2F` for `/`.")), responses((status = 200, body = RevealedSecret)))]
async fn reveal(
    State(app): State<App>,
    By(by): By<RevealSecrets>,
    Path(path): Path<String>,
) -> Result<Json<RevealedSecret>, Problem> {
    let (by, keys, path) = (&by, &app.keys, &path);
    let revealed =
        audited(&app.db, &app.world, |unit, _| Box::pin(secret::reveal(unit, by, keys, path)));
    Ok(Json(RevealedSecret { value: revealed.await?.expose_secret().to_owned() }))
}

/// Removes a secret that no other row names.
#[utoipa::path(delete, path = "/api/v1/secrets/{path}", operation_id = "deleteSecret", tag = "secrets", params(("path" = String, Path, description = "Its path, with `%2F` for `/`.")), responses((status = 204)))]
async fn delete(
    State(app): State<App>,
    By(by): By<DeleteSecrets>,
    Path(path): Path<String>,
) -> Result<StatusCode, Problem> {
    let (by, path) = (&by, &path);
    audited(&app.db, &app.world, |unit, _| Box::pin(secret::delete(unit, by, path))).await?;
    Ok(StatusCode::NO_CONTENT)
}
