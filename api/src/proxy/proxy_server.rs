//! Proxies, as people see them and put them out of use.

use axum::extract::State;
use serde::Deserialize;
use service::{
    audit::audited, entity::proxy::proxy_server::Entity, proxy::server, records::Document,
    rights::UpdateProxies,
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::By,
    extract::{Json, Path},
    plain::{Plain, document},
};

pub(super) const SHOWN: &[&str] = &[
    "id",
    "cluster_id",
    "name",
    "hostname",
    "ip_address",
    "port",
    "status",
    "version",
    "capabilities",
    "license_validated",
    "license_validated_at",
    "last_seen_at",
    "last_config_fetch_at",
    "config_version",
    "attributes",
    "registered_at",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "A proxy that has registered with the key of its cluster.";
    let path = "/api/v1/proxy-servers";
    Plain::<Entity>::new(path, ("ProxyServer", "ProxyServers"), about, SHOWN)
        .filters(&[
            "id",
            "cluster_id",
            "name",
            "hostname",
            "ip_address",
            "status",
            "version",
            "license_validated",
            "last_seen_at",
            "last_config_fetch_at",
            "config_version",
            "registered_at",
        ])
        .sorts(&["name", "hostname", "last_seen_at", "registered_at"])
        .updates(&["attributes"])
        .deletes()
        .routes()
        .routes(routes!(set_status))
}

/// What a proxy is doing, as far as is known.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ProxyStatus {
    /// Registered, and has not reported yet.
    Pending,
    Active,
    /// Was stopped on purpose.
    Inactive,
    /// Reports that something is wrong.
    Error,
    /// Has not reported for too long.
    Offline,
}

impl From<ProxyStatus> for server::ProxyStatus {
    fn from(status: ProxyStatus) -> Self {
        match status {
            ProxyStatus::Pending => Self::Pending,
            ProxyStatus::Active => Self::Active,
            ProxyStatus::Inactive => Self::Inactive,
            ProxyStatus::Error => Self::Error,
            ProxyStatus::Offline => Self::Offline,
        }
    }
}

/// What a proxy is put to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutProxyStatus {
    status: ProxyStatus,
}

/// Puts a proxy out of use (`inactive`), or lets one that is out of use work again (`pending`).
#[utoipa::path(put, path = "/api/v1/proxy-servers/{id}/status", operation_id = "setProxyServerStatus", tag = "proxy", params(("id" = i64, Path)), responses((status = 200, body = ref("#/components/schemas/ProxyServer"))))]
async fn set_status(
    State(app): State<App>,
    By(by): By<UpdateProxies>,
    Path(id): Path<i64>,
    Json(input): Json<PutProxyStatus>,
) -> Result<Json<Document>, Problem> {
    let (by, to) = (&by, server::ProxyStatus::from(input.status));
    let row =
        audited(&app.db, &app.world, |unit, _| Box::pin(server::set_status(unit, by, id, to)));
    Ok(document::<Entity>(&row.await?, SHOWN))
}
