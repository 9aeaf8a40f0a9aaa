//! Whether the process lives, and whether it can serve.

use std::{error::Error, time::Duration};

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{App, Problem, schema};

/// How long the database may take to answer. Less than the usual limit of whoever asks.
const PATIENCE: Duration = Duration::from_secs(2);

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(livez)).routes(routes!(readyz))
}

/// That all is well.
#[derive(Serialize, ToSchema)]
struct Health {
    /// Always `ok`.
    status: &'static str,
}

const WELL: Json<Health> = Json(Health { status: "ok" });

/// `200` as long as the process answers at all. The database is not asked: restarting the process
/// would not mend it.
#[utoipa::path(get, path = "/livez", operation_id = "livez", tag = "health", responses((status = 200, body = Health)))]
async fn livez() -> Json<Health> {
    WELL
}

/// `200` when the database answers and nothing is pending, else `503`. Only reads.
#[utoipa::path(get, path = "/readyz", operation_id = "readyz", tag = "health", responses((status = 200, body = Health)))]
async fn readyz(State(app): State<App>) -> Result<Json<Health>, Problem> {
    match tokio::time::timeout(PATIENCE, schema::pending(&app.migrations, &app.db)).await {
        Ok(Ok(pending)) if pending.is_empty() => Ok(WELL),
        Ok(Ok(pending)) => {
            tracing::warn!(?pending, "not ready: migrations are pending");
            Err(Problem::not_ready("migrations are pending"))
        }
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn Error, "not ready: the database cannot be asked");
            Err(Problem::not_ready("the database does not answer"))
        }
        Err(_elapsed) => {
            tracing::warn!(limit = ?PATIENCE, "not ready: the database took too long to answer");
            Err(Problem::not_ready("the database does not answer"))
        }
    }
}
