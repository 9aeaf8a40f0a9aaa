//! What the connector does with executions: it takes them to Fleet, and says how they end.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use service::{
    entity::fleet::query_execution::Entity,
    fleet::{
        execution::{self, Completed},
        schedule,
    },
    records::Document,
    rights::ReportResults,
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::SHOWN;
use crate::{
    App, Problem,
    auth::By,
    extract::{Json, Path},
    fleet::alarm,
    plain::document,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(due))
        .routes(routes!(claim))
        .routes(routes!(launched))
        .routes(routes!(complete))
        .routes(routes!(fail))
}

/// What was asked by itself.
#[derive(Debug, Serialize, ToSchema)]
struct QueriesDue {
    /// The keys of the new executions.
    executions: Vec<i64>,
}

/// Asks all hosts that are online each scheduled query whose interval has passed.
#[utoipa::path(post, path = "/api/v1/query-executions/due", operation_id = "runDueFleetQueries", tag = "fleet", responses((status = 200, body = QueriesDue)))]
async fn due(
    State(app): State<App>,
    By(by): By<ReportResults>,
) -> Result<Json<QueriesDue>, Problem> {
    let asked = schedule::due(&app.db, &app.world, &by).await?;
    Ok(Json(QueriesDue { executions: asked.iter().map(|row| row.id).collect() }))
}

/// Takes the execution that has waited longest, which runs from then on.
#[utoipa::path(post, path = "/api/v1/query-executions/claim", operation_id = "claimQueryExecution", tag = "fleet", responses((status = 200, body = ref("#/components/schemas/QueryExecution")), (status = 204, description = "None waits.")))]
async fn claim(State(app): State<App>, By(by): By<ReportResults>) -> Result<Response, Problem> {
    Ok(match execution::claim(&app.db, &by).await? {
        Some(row) => document::<Entity>(&row, SHOWN).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

/// What Fleet calls an execution.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FleetCampaign {
    /// The number that Fleet gave it.
    campaign_id: i64,
}

/// Notes the number that Fleet gave an execution that runs.
#[utoipa::path(put, path = "/api/v1/query-executions/{id}/campaign", operation_id = "setQueryExecutionCampaign", tag = "fleet", params(("id" = i64, Path)), responses((status = 200, body = ref("#/components/schemas/QueryExecution"))))]
async fn launched(
    State(app): State<App>,
    By(by): By<ReportResults>,
    Path(id): Path<i64>,
    Json(input): Json<FleetCampaign>,
) -> Result<Json<Document>, Problem> {
    let row = execution::launched(&app.db, &app.world, &by, id, input.campaign_id).await?;
    Ok(document::<Entity>(&row, SHOWN))
}

/// An execution that is complete, and the alerts that it raised by that.
#[derive(Debug, Serialize, ToSchema)]
struct QueryCompleted {
    #[schema(value_type = Object)]
    execution: Document,
    #[schema(value_type = Vec<Object>)]
    raised: Vec<Document>,
}

/// Ends an execution that runs: every host has answered that will.
#[utoipa::path(post, path = "/api/v1/query-executions/{id}/complete", operation_id = "completeQueryExecution", tag = "fleet", params(("id" = i64, Path)), responses((status = 200, body = QueryCompleted)))]
async fn complete(
    State(app): State<App>,
    By(by): By<ReportResults>,
    Path(id): Path<i64>,
) -> Result<Json<QueryCompleted>, Problem> {
    let completed = execution::complete(&app.db, &app.world, &by, id).await?;
    let Completed { execution, raised } = completed;
    let Json(execution) = document::<Entity>(&execution, SHOWN);
    Ok(Json(QueryCompleted { execution, raised: alarm::shown(&raised) }))
}

/// Why an execution came to nothing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct QueryFailure {
    /// Up to 10 000 characters.
    why: String,
}

/// Ends an execution that runs and came to nothing.
#[utoipa::path(post, path = "/api/v1/query-executions/{id}/fail", operation_id = "failQueryExecution", tag = "fleet", params(("id" = i64, Path)), responses((status = 200, body = ref("#/components/schemas/QueryExecution"))))]
async fn fail(
    State(app): State<App>,
    By(by): By<ReportResults>,
    Path(id): Path<i64>,
    Json(input): Json<QueryFailure>,
) -> Result<Json<Document>, Problem> {
    let row = execution::fail(&app.db, &app.world, &by, id, &input.why).await?;
    Ok(document::<Entity>(&row, SHOWN))
}
