//! How many traces went out.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use service::{
    entity::proxy::tracing_stat::Entity,
    proxy::tracing::{self, Stats},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::Key,
    extract::{Json, Path},
    plain::Plain,
};

const SHOWN: &[&str] = &[
    "id",
    "tracing_config_id",
    "recorded_at",
    "total_spans",
    "sampled_spans",
    "dropped_spans",
    "error_spans",
    "avg_span_duration_ms",
    "last_export_at",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "How many traces went out by a configuration since the time before.";
    let path = "/api/v1/tracing-stats";
    Plain::<Entity>::new(path, ("TracingStat", "TracingStats"), about, SHOWN)
        .filters(&["id", "tracing_config_id", "recorded_at", "last_export_at"])
        .sorts(&["recorded_at", "last_export_at"])
        .routes()
        .routes(routes!(record))
}

/// How many traces went out since the last time that the proxy said so.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SentTraces {
    #[schema(minimum = 0)]
    total_spans: i64,
    #[schema(minimum = 0)]
    sampled_spans: i64,
    #[schema(minimum = 0)]
    dropped_spans: i64,
    #[schema(minimum = 0)]
    error_spans: i64,
    #[schema(minimum = 0)]
    avg_span_duration_ms: Option<f64>,
    last_export_at: Option<DateTime<Utc>>,
}

/// Keeps how many traces a proxy sent by a configuration of its cluster.
#[utoipa::path(post, path = "/api/v1/proxy/tracing-configs/{id}/stats", operation_id = "reportTraces", tag = "proxy", params(("id" = i64, Path)), responses((status = 204)))]
async fn record(
    State(app): State<App>,
    Key(key): Key,
    Path(id): Path<i64>,
    Json(input): Json<SentTraces>,
) -> Result<StatusCode, Problem> {
    let SentTraces { total_spans, sampled_spans, dropped_spans, error_spans, .. } = input;
    let SentTraces { avg_span_duration_ms, last_export_at, .. } = input;
    let stats = Stats {
        total_spans,
        sampled_spans,
        dropped_spans,
        error_spans,
        avg_span_duration_ms,
        last_export_at,
    };
    let kept = tracing::record_stats(&app.db, &app.world, key.expose_secret(), id, stats).await;
    kept.map_err(Problem::of_token)?;
    Ok(StatusCode::NO_CONTENT)
}
