//! What proxies find out about endpoints, and where they are led, by the key of their cluster.

use axum::extract::State;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use service::proxy::route::{self, Outcome};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::route_table::{ChosenEndpoint, EndpointHealth, ForWhom};
use crate::{
    App, Problem,
    auth::Key,
    extract::{Json, Path, Query},
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(probed)).routes(routes!(choose))
}

/// What came of a probe: a time if the endpoint answered as it should, an error if not.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Probe {
    /// As the route table lists it.
    endpoint: String,
    /// The time to the endpoint and back.
    #[schema(minimum = 0)]
    rtt_ms: Option<f64>,
    /// What went wrong; the first 1000 characters are kept.
    error: Option<String>,
}

/// Takes down what a proxy found out about an endpoint, and says how the endpoint is doing now.
#[utoipa::path(post, path = "/api/v1/proxy/route-tables/{id}/probes", operation_id = "reportProbe", tag = "proxy", params(("id" = i64, Path)), responses((status = 200, body = EndpointHealth)))]
async fn probed(
    State(app): State<App>,
    Key(key): Key,
    Path(id): Path<i64>,
    Json(input): Json<Probe>,
) -> Result<Json<EndpointHealth>, Problem> {
    let outcome = match (input.rtt_ms, input.error) {
        (Some(rtt_ms), None) => Outcome::Answered { rtt_ms },
        (None, Some(error)) => Outcome::Failed { error },
        _ => return Err(Problem::invalid("a probe has either `rtt_ms` or `error`")),
    };
    let (key, endpoint) = (key.expose_secret(), input.endpoint.as_str());
    let state = route::probed(&app.db, &app.world, key, id, endpoint, &outcome).await;
    Ok(Json(state.map_err(Problem::of_token)?.into()))
}

/// Chooses an endpoint of a route table of the cluster for somebody in that region.
#[utoipa::path(get, path = "/api/v1/proxy/route-tables/{id}/endpoint", operation_id = "chooseEndpointForProxy", tag = "proxy", params(("id" = i64, Path), ForWhom), responses((status = 200, body = ChosenEndpoint)))]
async fn choose(
    State(app): State<App>,
    Key(key): Key,
    Path(id): Path<i64>,
    Query(whom): Query<ForWhom>,
) -> Result<Json<ChosenEndpoint>, Problem> {
    let key = key.expose_secret();
    let chosen = route::choose_by_key(&app.db, &app.world, key, id, whom.region).await;
    Ok(Json(chosen.map_err(Problem::of_token)?.into()))
}
