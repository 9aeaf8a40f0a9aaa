//! Questions to hosts: written, renamed, asked.

use axum::extract::State;
use serde::Deserialize;
use service::{
    audit::audited,
    entity::fleet::{fleet_query::Entity, query_execution},
    fleet::{
        execution::{self, Targets},
        query,
    },
    records::Document,
    rights::{RunQueries, UpdateFleet},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::execution as asked;
use crate::{
    App, Problem,
    auth::By,
    created::Created,
    extract::{Json, Path},
    plain::{Plain, document},
};

const PATH: &str = "/api/v1/fleet-queries";

/// How many hosts one execution asks by their keys.
const MOST_HOSTS: usize = 10_000;

const SHOWN: &[&str] = &[
    "id",
    "created_by_id",
    "fleet_query_id",
    "name",
    "description",
    "query",
    "category",
    "interval_seconds",
    "is_scheduled",
    "created_at",
    "updated_at",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "Questions to hosts, in osquery's SQL.";
    Plain::<Entity>::new(PATH, ("FleetQuery", "FleetQueries"), about, SHOWN)
        .filters(&[
            "id",
            "created_by_id",
            "fleet_query_id",
            "name",
            "category",
            "interval_seconds",
            "is_scheduled",
            "created_at",
            "updated_at",
        ])
        .sorts(&["id", "name", "category", "interval_seconds", "created_at", "updated_at"])
        .creates(&[
            "fleet_query_id",
            "name",
            "description",
            "query",
            "category",
            "interval_seconds",
            "is_scheduled",
        ])
        .updates(&[
            "fleet_query_id",
            "description",
            "query",
            "category",
            "interval_seconds",
            "is_scheduled",
        ])
        .deletes()
        .routes()
        .routes(routes!(rename))
        .routes(routes!(run))
}

/// A name for a query, up to 100 characters.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct QueryName {
    name: String,
}

/// Renames a query, unless it is being asked: answers name it.
#[utoipa::path(put, path = "/api/v1/fleet-queries/{id}/name", operation_id = "renameFleetQuery", tag = "fleet", params(("id" = i64, Path)), responses((status = 200, body = ref("#/components/schemas/FleetQuery"))))]
async fn rename(
    State(app): State<App>,
    By(by): By<UpdateFleet>,
    Path(id): Path<i64>,
    Json(input): Json<QueryName>,
) -> Result<Json<Document>, Problem> {
    let (by, name) = (&by, &*input.name);
    let row =
        audited(&app.db, &app.world, |unit, _| Box::pin(query::rename(unit, by, id, name))).await?;
    Ok(document::<Entity>(&row, SHOWN))
}

/// Which hosts are asked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FleetRun {
    /// Their keys, 1 to 10 000. Without, all that are online, and were heard of within a day.
    hosts: Option<Vec<i64>>,
}

/// Asks hosts a query: an execution that waits for the connector.
#[utoipa::path(post, path = "/api/v1/fleet-queries/{id}/executions", operation_id = "runFleetQuery", tag = "fleet", params(("id" = i64, Path)), responses((status = 201, body = ref("#/components/schemas/QueryExecution"), headers(("location" = String, description = "The path of what was made.")))))]
async fn run(
    State(app): State<App>,
    By(by): By<RunQueries>,
    Path(id): Path<i64>,
    Json(input): Json<FleetRun>,
) -> Result<Created<Document>, Problem> {
    let targets = match input.hosts {
        Some(hosts) if hosts.len() > MOST_HOSTS => {
            return Err(Problem::invalid(&format!("{MOST_HOSTS} `hosts` are the most")));
        }
        Some(hosts) => Targets::Hosts(hosts),
        None => Targets::Online,
    };
    let (by, targets) = (&by, &targets);
    let row =
        audited(&app.db, &app.world, |unit, _| Box::pin(execution::run(unit, by, id, targets)));
    let row = row.await?;
    let Json(body) = document::<query_execution::Entity>(&row, asked::SHOWN);
    Ok(Created { path: format!("{}/{}", asked::PATH, row.id), body })
}
