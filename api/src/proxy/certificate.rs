//! Certificates, and their private keys.

use axum::{extract::State, http::StatusCode};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::{
    audit::audited,
    entity::proxy::certificate::{Column, Entity},
    proxy::certificate,
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

const PATH: &str = "/api/v1/certificates";

pub(super) const SHOWN: &[&str] = &[
    "id",
    "name",
    "description",
    "cert_data",
    "ca_chain",
    "source_type",
    "common_name",
    "subject_alt_names",
    "issuer",
    "valid_from",
    "valid_until",
    "auto_renew",
    "renew_before_days",
    "renew_at",
    "infisical_secret_path",
    "infisical_project_id",
    "infisical_environment",
    "vault_path",
    "vault_role",
    "vault_common_name",
    "is_active",
    "last_renewed_at",
    "renewal_error",
    "attributes",
    "created_by_id",
    "created_at",
    "updated_at",
];

const WRITTEN: &[&str] = &[
    "name",
    "description",
    "cert_data",
    "ca_chain",
    "source_type",
    "auto_renew",
    "renew_before_days",
    "infisical_secret_path",
    "infisical_project_id",
    "infisical_environment",
    "vault_path",
    "vault_role",
    "vault_common_name",
    "is_active",
    "attributes",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "A certificate that the proxies show, and how it is renewed.";
    Plain::<Entity>::new(PATH, ("Certificate", "Certificates"), about, SHOWN)
        .filters(&[
            "id",
            "name",
            "source_type",
            "common_name",
            "issuer",
            "valid_from",
            "valid_until",
            "auto_renew",
            "renew_at",
            "is_active",
            "last_renewed_at",
            "created_by_id",
            "created_at",
        ])
        .sorts(&["name", "common_name", "valid_until", "renew_at", "created_at", "updated_at"])
        .updates(WRITTEN)
        .deletes()
        .routes()
        .routes(routes!(create))
        .routes(routes!(set_key, empty_key))
        .routes(routes!(reveal_key))
}

/// Where a certificate comes from.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum CertificateSource {
    Infisical,
    Vault,
    /// Somebody brought it; it cannot renew itself.
    Upload,
}

/// A certificate to add. What it says is read from its text; what else is absent is as the table
/// has it by itself.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CertificateIn {
    #[schema(max_length = 100)]
    name: String,
    description: Option<String>,
    /// One certificate in PEM.
    cert_data: String,
    /// Its private key in PEM, without a password.
    #[serde(serialize_with = "unsaid")]
    #[schema(value_type = Option<String>, write_only)]
    key_data: Option<SecretString>,
    /// What signed it, in PEM.
    ca_chain: Option<String>,
    source_type: CertificateSource,
    auto_renew: Option<bool>,
    renew_before_days: Option<i32>,
    infisical_secret_path: Option<String>,
    infisical_project_id: Option<String>,
    infisical_environment: Option<String>,
    vault_path: Option<String>,
    vault_role: Option<String>,
    vault_common_name: Option<String>,
    is_active: Option<bool>,
    attributes: Option<Value>,
}

/// Adds a certificate, and seals its private key.
#[utoipa::path(post, path = "/api/v1/certificates", operation_id = "createCertificate", tag = "proxy", responses((status = 201, body = ref("#/components/schemas/Certificate"), headers(("location" = String, description = "The path of what was made.")))))]
async fn create(
    State(app): State<App>,
    By(by): By<CreateProxies>,
    Json(input): Json<CertificateIn>,
) -> Result<Created<Document>, Problem> {
    let row = &sealed::row::<Entity>(&input, WRITTEN)?;
    let (by, keys, key) = (&by, (&app.keys, &app.world), input.key_data.as_ref());
    let made = audited(&app.db, &app.world, |unit, _| {
        Box::pin(certificate::create(unit, by, keys, row.clone(), key))
    });
    Ok(sealed::created::<Entity>(&made.await?, PATH, SHOWN))
}

/// Seals another private key for a certificate: one in PEM, without a password.
#[utoipa::path(put, path = "/api/v1/certificates/{id}/key-data", operation_id = "setCertificateKey", tag = "proxy", params(("id" = i64, Path)), responses((status = 204)))]
async fn set_key(
    State(app): State<App>,
    By(by): By<UpdateProxies>,
    Path(id): Path<i64>,
    Json(input): Json<NewProxySecret>,
) -> Result<StatusCode, Problem> {
    let (by, keys, key) = (&by, (&app.keys, &app.world), &input.value);
    let set = audited(&app.db, &app.world, |unit, _| {
        Box::pin(certificate::set_key(unit, by, keys, id, Some(key)))
    });
    set.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes the private key from a certificate: it is where the certificate comes from.
#[utoipa::path(delete, path = "/api/v1/certificates/{id}/key-data", operation_id = "emptyCertificateKey", tag = "proxy", params(("id" = i64, Path)), responses((status = 204)))]
async fn empty_key(
    State(app): State<App>,
    By(by): By<UpdateProxies>,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    sealed::set::<Entity>(&app, &by, id, Column::KeyData, None).await
}

/// Reads the private key of a certificate in clear. The audit log says who did.
#[utoipa::path(post, path = "/api/v1/certificates/{id}/key-data/reveal", operation_id = "revealCertificateKey", tag = "proxy", params(("id" = i64, Path)), responses((status = 200, body = RevealedProxySecret)))]
async fn reveal_key(
    State(app): State<App>,
    By(by): By<RevealSecrets>,
    Path(id): Path<i64>,
) -> Result<Json<RevealedProxySecret>, Problem> {
    let value = sealed::reveal::<Entity>(&app, &by, id, Column::KeyData).await?;
    Ok(Json(RevealedProxySecret { value }))
}
