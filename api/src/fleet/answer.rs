//! What hosts answered, brought by the connector.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use service::{
    entity::fleet::osquery_result::Entity,
    fleet::answer::{self, Answer, Answered},
    records::Document,
    rights::ReportResults,
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::alarm;
use crate::{
    App, Problem,
    auth::By,
    extract::{Json, Path},
    plain::{Plain, document},
};

const PATH: &str = "/api/v1/osquery-results";

const SHOWN: &[&str] = &["id", "host_id", "query_name", "result_data", "recorded_at", "created_at"];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "What hosts answered. The query is named, as packs of Fleet ask others, too.";
    Plain::<Entity>::new(PATH, ("OsqueryResult", "OsqueryResults"), about, SHOWN)
        .filters(&["id", "host_id", "query_name", "recorded_at", "created_at"])
        .sorts(&["id", "query_name", "recorded_at", "created_at"])
        .routes()
        .routes(routes!(unasked))
        .routes(routes!(answered))
}

/// What a host answers to an execution.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HostAnswer {
    host_id: i64,
    /// When the host answered. With the host and the query it tells one answer from another.
    recorded_at: DateTime<Utc>,
    /// As osquery gives them.
    #[schema(value_type = Vec<Object>)]
    rows: Vec<Document>,
}

/// An answer that is kept, and the alerts that it raised.
#[derive(Debug, Serialize, ToSchema)]
struct KeptAnswer {
    #[schema(value_type = Object)]
    answer: Document,
    #[schema(value_type = Vec<Object>)]
    raised: Vec<Document>,
}

/// Takes what a host answers to an execution that runs; brought once more, it counts once.
#[utoipa::path(post, path = "/api/v1/query-executions/{id}/answers", operation_id = "reportAnswer", tag = "fleet", params(("id" = i64, Path)), responses((status = 200, body = KeptAnswer)))]
async fn answered(
    State(app): State<App>,
    By(by): By<ReportResults>,
    Path(id): Path<i64>,
    Json(input): Json<HostAnswer>,
) -> Result<Json<KeptAnswer>, Problem> {
    let HostAnswer { host_id, recorded_at, rows } = input;
    let answer = Answer { host_id, recorded_at, rows: rows.into() };
    let kept = answer::answered(&app.db, &app.world, &by, id, &answer).await?;
    let Answered { answer, raised } = kept;
    let Json(answer) = document::<Entity>(&answer, SHOWN);
    Ok(Json(KeptAnswer { answer, raised: alarm::shown(&raised) }))
}

/// What a host answers to a query that nobody here asks.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PackAnswer {
    /// Up to 100 characters.
    query_name: String,
    host_id: i64,
    /// When the host answered. With the host and the query it tells one answer from another.
    recorded_at: DateTime<Utc>,
    /// As osquery gives them.
    #[schema(value_type = Vec<Object>)]
    rows: Vec<Document>,
}

/// Keeps what a host answers to a query of a pack of Fleet; brought once more, it is kept once.
#[utoipa::path(post, path = "/api/v1/osquery-results", operation_id = "reportPackAnswer", tag = "fleet", responses((status = 200, body = ref("#/components/schemas/OsqueryResult"))))]
async fn unasked(
    State(app): State<App>,
    By(by): By<ReportResults>,
    Json(input): Json<PackAnswer>,
) -> Result<Json<Document>, Problem> {
    let PackAnswer { query_name, host_id, recorded_at, rows } = input;
    let answer = Answer { host_id, recorded_at, rows: rows.into() };
    let row = answer::unasked(&app.db, &app.world, &by, &query_name, &answer).await?;
    Ok(document::<Entity>(&row, SHOWN))
}
