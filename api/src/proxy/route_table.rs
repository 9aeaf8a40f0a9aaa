//! Route tables: how their endpoints are doing, and which one is chosen.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use service::{
    entity::proxy::route_table::Entity,
    proxy::route::{self, Endpoint, Health},
    rights::ReadProxies,
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
    "service_id",
    "cluster_id",
    "name",
    "description",
    "algorithm",
    "routes",
    "health_probe_config",
    "enable_auto_failover",
    "enabled",
    "created_at",
    "updated_at",
];

const WRITTEN: &[&str] = &[
    "service_id",
    "cluster_id",
    "name",
    "description",
    "algorithm",
    "routes",
    "health_probe_config",
    "enable_auto_failover",
    "enabled",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "Which endpoints a service has, and how one of them is chosen.";
    let path = "/api/v1/route-tables";
    Plain::<Entity>::new(path, ("RouteTable", "RouteTables"), about, SHOWN)
        .filters(&[
            "id",
            "service_id",
            "cluster_id",
            "name",
            "algorithm",
            "enable_auto_failover",
            "enabled",
            "created_at",
        ])
        .sorts(&["name", "created_at", "updated_at"])
        .creates(WRITTEN)
        .updates(WRITTEN)
        .deletes()
        .routes()
        .routes(routes!(health))
        .routes(routes!(choose))
}

/// How an endpoint of a route table is doing.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EndpointHealth {
    endpoint: String,
    is_healthy: bool,
    last_check_at: DateTime<Utc>,
    /// The time to the endpoint and back.
    rtt_ms: Option<f64>,
    consecutive_failures: i32,
    consecutive_successes: i32,
    last_error: Option<String>,
}

impl From<Health> for EndpointHealth {
    fn from(health: Health) -> Self {
        Self {
            endpoint: health.endpoint,
            is_healthy: health.is_healthy,
            last_check_at: health.last_check_at,
            rtt_ms: health.rtt_ms,
            consecutive_failures: health.consecutive_failures,
            consecutive_successes: health.consecutive_successes,
            last_error: health.last_error,
        }
    }
}

/// Where a service can be reached.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChosenEndpoint {
    /// `host:port`, or a URL.
    endpoint: String,
    weight: u32,
    /// Null where it is not known.
    cost: Option<f64>,
    region: Option<String>,
}

impl From<Endpoint> for ChosenEndpoint {
    fn from(endpoint: Endpoint) -> Self {
        let Endpoint { address, weight, cost, region } = endpoint;
        Self { endpoint: address, weight, cost, region }
    }
}

/// For whom an endpoint is chosen.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ForWhom {
    /// Where they are.
    pub(super) region: Option<String>,
}

/// How the endpoints of a route table are doing; what was never probed is not among them.
#[utoipa::path(get, path = "/api/v1/route-tables/{id}/health", operation_id = "listEndpointHealth", tag = "proxy", params(("id" = i64, Path)), responses((status = 200, body = [EndpointHealth])))]
async fn health(
    State(app): State<App>,
    By(by): By<ReadProxies>,
    Path(id): Path<i64>,
) -> Result<Json<Vec<EndpointHealth>>, Problem> {
    let states = route::states(&app.db, &by, id).await?;
    Ok(Json(states.into_iter().map(Into::into).collect()))
}

/// Chooses an endpoint of a route table for somebody in that region.
#[utoipa::path(get, path = "/api/v1/route-tables/{id}/endpoint", operation_id = "chooseEndpoint", tag = "proxy", params(("id" = i64, Path), ForWhom), responses((status = 200, body = ChosenEndpoint)))]
async fn choose(
    State(app): State<App>,
    By(by): By<ReadProxies>,
    Path(id): Path<i64>,
    Query(whom): Query<ForWhom>,
) -> Result<Json<ChosenEndpoint>, Problem> {
    let chosen = route::choose(&app.db, &app.world, &by, id, whom.region).await?;
    Ok(Json(chosen.into()))
}
