//! What proxies say of themselves, by the key of their cluster.

use std::net::IpAddr;

use axum::{extract::State, http::StatusCode};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use service::{
    entity::proxy::proxy_server::Entity,
    proxy::server::{self, Metrics, NewProxy},
    records::Document,
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::proxy_server::{ProxyStatus, SHOWN};
use crate::{App, Problem, auth::Key, extract::Json, plain::document};

/// The most that one proxy says it can do.
const CAPABILITIES: usize = 100;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(register))
        .routes(routes!(report))
        .routes(routes!(fetched))
        .routes(routes!(goes))
}

/// A proxy that comes in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Registration {
    /// What it is known by; unique over all clusters.
    #[schema(max_length = 100)]
    name: String,
    /// The name of its machine.
    #[schema(max_length = 255)]
    hostname: String,
    /// The address that it is reached at.
    #[schema(value_type = String)]
    ip_address: IpAddr,
    /// The port that it is reached at.
    #[schema(minimum = 1, maximum = 65535)]
    port: u16,
    /// Which release it is, up to 50 characters.
    version: Option<String>,
    /// What it can do.
    #[serde(default)]
    #[schema(max_items = 100)]
    capabilities: Vec<String>,
}

/// Lets a proxy into the cluster whose key it has. One that was let in before keeps its place, and
/// says anew what it is.
#[utoipa::path(post, path = "/api/v1/proxy/registration", operation_id = "registerProxy", tag = "proxy", responses((status = 200, body = ref("#/components/schemas/ProxyServer"))))]
async fn register(
    State(app): State<App>,
    Key(key): Key,
    Json(input): Json<Registration>,
) -> Result<Json<Document>, Problem> {
    let Registration { name, hostname, ip_address, port, version, capabilities } = input;
    if capabilities.len() > CAPABILITIES {
        return Err(Problem::invalid(&format!("{CAPABILITIES} `capabilities` are the most")));
    }
    let new = NewProxy { name, hostname, ip_address, port, version, capabilities };
    let row = server::register(&app.db, &app.world, key.expose_secret(), new).await;
    Ok(document::<Entity>(&row.map_err(Problem::of_token)?, SHOWN))
}

/// What a proxy measured. What it does not measure is absent or null.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Measured {
    /// The name of the proxy.
    name: String,
    /// Percent of one processor; more than 100 with more of them.
    #[schema(minimum = 0)]
    cpu_usage: Option<f64>,
    /// Percent.
    #[schema(minimum = 0, maximum = 100)]
    memory_usage: Option<f64>,
    #[schema(minimum = 0)]
    connections_active: Option<i64>,
    #[schema(minimum = 0)]
    connections_total: Option<i64>,
    #[schema(minimum = 0)]
    bytes_sent: Option<i64>,
    #[schema(minimum = 0)]
    bytes_received: Option<i64>,
    #[schema(minimum = 0)]
    requests_per_second: Option<f64>,
    #[schema(minimum = 0)]
    latency_avg_ms: Option<f64>,
    /// How long 95 of 100 answers take at most.
    #[schema(minimum = 0)]
    latency_p95_ms: Option<f64>,
    #[schema(minimum = 0)]
    errors_per_second: Option<f64>,
}

/// Keeps what a proxy measured. One that is pending or offline is active from then on.
#[utoipa::path(post, path = "/api/v1/proxy/metrics", operation_id = "reportProxyMetrics", tag = "proxy", responses((status = 204)))]
async fn report(
    State(app): State<App>,
    Key(key): Key,
    Json(input): Json<Measured>,
) -> Result<StatusCode, Problem> {
    let Measured { cpu_usage, memory_usage, .. } = input;
    let Measured { connections_active, connections_total, bytes_sent, bytes_received, .. } = input;
    let Measured { requests_per_second, latency_avg_ms, latency_p95_ms, .. } = input;
    let Measured { errors_per_second, name, .. } = input;
    let metrics = Metrics {
        cpu_usage,
        memory_usage,
        connections_active,
        connections_total,
        bytes_sent,
        bytes_received,
        requests_per_second,
        latency_avg_ms,
        latency_p95_ms,
        errors_per_second,
    };
    let kept = server::report(&app.db, &app.world, key.expose_secret(), &name, metrics).await;
    kept.map_err(Problem::of_token)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which configuration a proxy runs now.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FetchedConfig {
    /// The name of the proxy.
    name: String,
    #[schema(min_length = 1, max_length = 64)]
    config_version: String,
}

/// Notes which configuration a proxy has fetched.
#[utoipa::path(put, path = "/api/v1/proxy/config", operation_id = "noteProxyConfig", tag = "proxy", responses((status = 204)))]
async fn fetched(
    State(app): State<App>,
    Key(key): Key,
    Json(input): Json<FetchedConfig>,
) -> Result<StatusCode, Problem> {
    let FetchedConfig { name, config_version } = input;
    let key = key.expose_secret();
    let noted = server::fetched(&app.db, &app.world, key, &name, &config_version).await;
    noted.map_err(Problem::of_token)?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a proxy says that it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SaidStatus {
    /// The name of the proxy.
    name: String,
    /// `active`, `error`, or `offline` when it stops.
    status: ProxyStatus,
}

/// Takes down what a proxy says that it is. Nothing that it says takes it back into use.
#[utoipa::path(put, path = "/api/v1/proxy/status", operation_id = "sayProxyStatus", tag = "proxy", responses((status = 204)))]
async fn goes(
    State(app): State<App>,
    Key(key): Key,
    Json(input): Json<SaidStatus>,
) -> Result<StatusCode, Problem> {
    let (key, to) = (key.expose_secret(), server::ProxyStatus::from(input.status));
    let gone = server::goes(&app.db, &app.world, key, &input.name, to).await;
    gone.map_err(Problem::of_token)?;
    Ok(StatusCode::NO_CONTENT)
}
