//! Runs of queries on chosen hosts, made by asking a query.

mod work;

use axum::extract::State;
use service::{
    audit::audited, entity::fleet::query_execution::Entity, fleet::execution, records::Document,
    rights::RunQueries,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::By,
    extract::{Json, Path},
    plain::{Plain, document},
};

pub(super) const PATH: &str = "/api/v1/query-executions";

pub(super) const SHOWN: &[&str] = &[
    "id",
    "query_id",
    "executed_by_id",
    "campaign_id",
    "target_hosts",
    "status",
    "results_count",
    "execution_time_ms",
    "error_message",
    "executed_at",
    "completed_at",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "Runs of a query on chosen hosts: asked for, taken by the connector, ended.";
    Plain::<Entity>::new(PATH, ("QueryExecution", "QueryExecutions"), about, SHOWN)
        .filters(&[
            "id",
            "query_id",
            "executed_by_id",
            "campaign_id",
            "status",
            "results_count",
            "execution_time_ms",
            "executed_at",
            "completed_at",
        ])
        .sorts(&["id", "results_count", "execution_time_ms", "executed_at", "completed_at"])
        .routes()
        .routes(routes!(cancel))
        .merge(work::routes())
}

/// Ends an execution that waits or runs.
#[utoipa::path(post, path = "/api/v1/query-executions/{id}/cancel", operation_id = "cancelQueryExecution", tag = "fleet", params(("id" = i64, Path)), responses((status = 200, body = ref("#/components/schemas/QueryExecution"))))]
async fn cancel(
    State(app): State<App>,
    By(by): By<RunQueries>,
    Path(id): Path<i64>,
) -> Result<Json<Document>, Problem> {
    let by = &by;
    let row = audited(&app.db, &app.world, |unit, _| Box::pin(execution::cancel(unit, by, id)));
    Ok(document::<Entity>(&row.await?, SHOWN))
}
