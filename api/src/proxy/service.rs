//! Services behind the proxies of a cluster, and what they are used with.

use axum::{extract::State, http::StatusCode};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::{
    entity::proxy::service::{Column, Entity},
    records::Document,
    rights::{CreateProxies, RevealSecrets, UpdateProxies},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::secret::{NewProxySecret, RevealedProxySecret};
use crate::{
    App, Problem,
    auth::By,
    created::Created,
    extract::{Json, Path},
    plain::Plain,
    sealed::{self, unsaid},
};

const PATH: &str = "/api/v1/services";

pub(super) const SHOWN: &[&str] = &[
    "id",
    "cluster_id",
    "name",
    "ip_fqdn",
    "port",
    "protocol",
    "collection",
    "auth_type",
    "jwt_expiry_seconds",
    "jwt_algorithm",
    "tls_enabled",
    "tls_verify",
    "health_check_enabled",
    "health_check_path",
    "health_check_interval_seconds",
    "is_active",
    "attributes",
    "created_by_id",
    "created_at",
    "updated_at",
];

const WRITTEN: &[&str] = &[
    "cluster_id",
    "name",
    "ip_fqdn",
    "port",
    "protocol",
    "collection",
    "auth_type",
    "jwt_expiry_seconds",
    "jwt_algorithm",
    "tls_enabled",
    "tls_verify",
    "health_check_enabled",
    "health_check_path",
    "health_check_interval_seconds",
    "is_active",
    "attributes",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "What stands behind the proxies of a cluster.";
    Plain::<Entity>::new(PATH, ("Service", "Services"), about, SHOWN)
        .filters(&[
            "id",
            "cluster_id",
            "name",
            "ip_fqdn",
            "port",
            "protocol",
            "collection",
            "auth_type",
            "tls_enabled",
            "health_check_enabled",
            "is_active",
            "created_by_id",
            "created_at",
        ])
        .sorts(&["name", "collection", "created_at", "updated_at"])
        .updates(WRITTEN)
        .deletes()
        .routes()
        .routes(routes!(create))
        .routes(routes!(set_token, empty_token))
        .routes(routes!(reveal_token))
        .routes(routes!(set_jwt_secret, empty_jwt_secret))
        .routes(routes!(reveal_jwt_secret))
}

/// What is spoken with a service.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ServiceProtocol {
    Tcp,
    Udp,
    Http,
    Https,
    Icmp,
}

/// What whoever uses a service proves itself with.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ServiceAuth {
    None,
    /// A fixed token.
    Base64,
    Jwt,
}

/// A service to add. What is absent is as the table has it by itself.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ServiceIn {
    cluster_id: i64,
    #[schema(max_length = 100)]
    name: String,
    /// An address, or a name that has one.
    #[schema(max_length = 255)]
    ip_fqdn: String,
    #[schema(minimum = 1, maximum = 65535)]
    port: i32,
    protocol: Option<ServiceProtocol>,
    /// Groups services for showing.
    collection: Option<String>,
    auth_type: Option<ServiceAuth>,
    /// Needed for `base64`.
    #[serde(serialize_with = "unsaid")]
    #[schema(value_type = Option<String>, write_only)]
    token: Option<SecretString>,
    /// Needed for `jwt`.
    #[serde(serialize_with = "unsaid")]
    #[schema(value_type = Option<String>, write_only)]
    jwt_secret: Option<SecretString>,
    jwt_expiry_seconds: Option<i32>,
    /// `HS256`, `HS384` or `HS512`.
    jwt_algorithm: Option<String>,
    tls_enabled: Option<bool>,
    tls_verify: Option<bool>,
    health_check_enabled: Option<bool>,
    /// Begins with `/`.
    health_check_path: Option<String>,
    health_check_interval_seconds: Option<i32>,
    is_active: Option<bool>,
    attributes: Option<Value>,
}

/// Adds a service together with the secrets that it is used with, which are sealed.
#[utoipa::path(post, path = "/api/v1/services", operation_id = "createService", tag = "proxy", responses((status = 201, body = ref("#/components/schemas/Service"), headers(("location" = String, description = "The path of what was made.")))))]
async fn create(
    State(app): State<App>,
    By(by): By<CreateProxies>,
    Json(input): Json<ServiceIn>,
) -> Result<Created<Document>, Problem> {
    let secrets: Vec<_> = [(Column::Token, &input.token), (Column::JwtSecret, &input.jwt_secret)]
        .into_iter()
        .filter_map(|(column, secret)| Some((column, secret.clone()?)))
        .collect();
    sealed::create::<Entity>(&app, &by, (PATH, SHOWN, WRITTEN), &input, &secrets).await
}

/// Seals another token for a service.
#[utoipa::path(put, path = "/api/v1/services/{id}/token", operation_id = "setServiceToken", tag = "proxy", params(("id" = i64, Path)), responses((status = 204)))]
async fn set_token(
    State(app): State<App>,
    By(by): By<UpdateProxies>,
    Path(id): Path<i64>,
    Json(input): Json<NewProxySecret>,
) -> Result<StatusCode, Problem> {
    sealed::set::<Entity>(&app, &by, id, Column::Token, Some(&input.value)).await
}

/// Takes the token from a service that needs none.
#[utoipa::path(delete, path = "/api/v1/services/{id}/token", operation_id = "emptyServiceToken", tag = "proxy", params(("id" = i64, Path)), responses((status = 204)))]
async fn empty_token(
    State(app): State<App>,
    By(by): By<UpdateProxies>,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    sealed::set::<Entity>(&app, &by, id, Column::Token, None).await
}

/// Reads the token of a service in clear. The audit log says who did.
#[utoipa::path(post, path = "/api/v1/services/{id}/token/reveal", operation_id = "revealServiceToken", tag = "proxy", params(("id" = i64, Path)), responses((status = 200, body = RevealedProxySecret)))]
async fn reveal_token(
    State(app): State<App>,
    By(by): By<RevealSecrets>,
    Path(id): Path<i64>,
) -> Result<Json<RevealedProxySecret>, Problem> {
    let value = sealed::reveal::<Entity>(&app, &by, id, Column::Token).await?;
    Ok(Json(RevealedProxySecret { value }))
}

/// Seals another secret that tokens for a service are signed with.
#[utoipa::path(put, path = "/api/v1/services/{id}/jwt-secret", operation_id = "setServiceJwtSecret", tag = "proxy", params(("id" = i64, Path)), responses((status = 204)))]
async fn set_jwt_secret(
    State(app): State<App>,
    By(by): By<UpdateProxies>,
    Path(id): Path<i64>,
    Json(input): Json<NewProxySecret>,
) -> Result<StatusCode, Problem> {
    sealed::set::<Entity>(&app, &by, id, Column::JwtSecret, Some(&input.value)).await
}

/// Takes the secret that tokens are signed with from a service that needs none.
#[utoipa::path(delete, path = "/api/v1/services/{id}/jwt-secret", operation_id = "emptyServiceJwtSecret", tag = "proxy", params(("id" = i64, Path)), responses((status = 204)))]
async fn empty_jwt_secret(
    State(app): State<App>,
    By(by): By<UpdateProxies>,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    sealed::set::<Entity>(&app, &by, id, Column::JwtSecret, None).await
}

/// Reads the secret that tokens for a service are signed with in clear. The audit log says who did.
#[utoipa::path(post, path = "/api/v1/services/{id}/jwt-secret/reveal", operation_id = "revealServiceJwtSecret", tag = "proxy", params(("id" = i64, Path)), responses((status = 200, body = RevealedProxySecret)))]
async fn reveal_jwt_secret(
    State(app): State<App>,
    By(by): By<RevealSecrets>,
    Path(id): Path<i64>,
) -> Result<Json<RevealedProxySecret>, Problem> {
    let value = sealed::reveal::<Entity>(&app, &by, id, Column::JwtSecret).await?;
    Ok(Json(RevealedProxySecret { value }))
}
