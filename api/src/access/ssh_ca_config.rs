//! Authorities that SSH certificates are signed by.

use std::collections::BTreeSet;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use service::{
    access::ca::{self, Validity},
    entity::access::ssh_ca_config::Entity,
    rights::ReadAccess,
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::By,
    extract::{Json, Path, Query},
    plain::Plain,
};

const SHOWN: &[&str] = &[
    "id",
    "ca_name",
    "ca_type",
    "public_key",
    "private_key_vault_path",
    "cert_validity_seconds",
    "max_validity_seconds",
    "principals_allowed",
    "is_active",
    "created_at",
];

const WRITTEN: &[&str] = &[
    "ca_name",
    "ca_type",
    "public_key",
    "private_key_vault_path",
    "cert_validity_seconds",
    "max_validity_seconds",
    "principals_allowed",
    "is_active",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "Authorities that sign SSH certificates; their private keys lie elsewhere.";
    Plain::<Entity>::new("/api/v1/ssh-ca-configs", ("SshCaConfig", "SshCaConfigs"), about, SHOWN)
        .filters(&[
            "id",
            "ca_name",
            "ca_type",
            "private_key_vault_path",
            "cert_validity_seconds",
            "max_validity_seconds",
            "is_active",
            "created_at",
        ])
        .sorts(&["ca_name", "ca_type", "max_validity_seconds", "created_at"])
        .creates(WRITTEN)
        .updates(WRITTEN)
        .deletes()
        .routes()
        .routes(routes!(validity))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ValidityQuery {
    /// For how long it is to be good; as long as the authority gives who asks for none, without.
    #[param(minimum = 1)]
    seconds: Option<i32>,
    /// The names that are to stand in it, separated by commas.
    principals: String,
}

/// What a certificate gets.
#[derive(Debug, Serialize, ToSchema)]
struct CertificateTerms {
    /// For how many seconds it is good.
    seconds: i32,
    /// The names that stand in it.
    principals: Vec<String>,
}

impl From<Validity> for CertificateTerms {
    fn from(validity: Validity) -> Self {
        let Validity { seconds, principals } = validity;
        Self { seconds, principals: principals.into_iter().collect() }
    }
}

/// What a certificate gets that an authority is asked for. Nothing is signed.
#[utoipa::path(get, path = "/api/v1/ssh-ca-configs/{id}/validity", operation_id = "showCertificateTerms", tag = "access", params(("id" = i64, Path), ValidityQuery), responses((status = 200, body = CertificateTerms)))]
async fn validity(
    State(app): State<App>,
    By(by): By<ReadAccess>,
    Path(id): Path<i64>,
    Query(query): Query<ValidityQuery>,
) -> Result<Json<CertificateTerms>, Problem> {
    let names = query.principals.split(',').filter(|name| !name.is_empty());
    let principals: BTreeSet<String> = names.map(str::to_owned).collect();
    Ok(Json(ca::validity(&app.db, &by, id, query.seconds, &principals).await?.into()))
}
