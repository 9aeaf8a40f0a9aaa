//! Deployment jobs, for the workers that do them.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use service::{
    cloud::job::{self, Progress},
    entity::cloud::deployment_job::Entity,
    records::Document,
    rights::WorkDeployments,
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::deployment_job::SHOWN;
use crate::{
    App, Problem,
    auth::By,
    extract::{Json, Path},
    plain::document,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(claim))
        .routes(routes!(progress))
        .routes(routes!(complete))
        .routes(routes!(fail))
}

/// Which worker speaks.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DeploymentWorker {
    /// The name that it takes jobs by.
    #[schema(min_length = 1, max_length = 255)]
    worker: String,
}

/// Takes the job that has waited for longest; it runs from then on. Of workers that ask at once
/// each takes another.
#[utoipa::path(post, path = "/api/v1/deployment-jobs/claim", operation_id = "claimDeployment", tag = "cloud", responses((status = 200, body = ref("#/components/schemas/DeploymentJob")), (status = 204, description = "None waits.")))]
async fn claim(
    State(app): State<App>,
    By(by): By<WorkDeployments>,
    Json(input): Json<DeploymentWorker>,
) -> Result<Response, Problem> {
    let job = job::claim(&app.db, &app.world, &by, &input.worker).await?;
    Ok(match job {
        Some(job) => document::<Entity>(&job, SHOWN).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

/// What a worker says of a job that it has. What is absent is as it was.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DeploymentProgress {
    #[schema(min_length = 1, max_length = 255)]
    worker: String,
    /// What it is at: `power_on`, `os_install`, …
    #[schema(max_length = 255)]
    current_phase: Option<String>,
    /// How far it is. It never goes back.
    #[schema(minimum = 0, maximum = 100)]
    progress_percent: Option<u8>,
    /// What is put behind the log.
    log_output: Option<String>,
    /// What the machine was told.
    #[schema(write_only)]
    rendered_cloud_init: Option<String>,
}

/// Says how a job goes, and that its worker is there still.
#[utoipa::path(post, path = "/api/v1/deployment-jobs/{id}/progress", operation_id = "reportDeploymentProgress", tag = "cloud", params(("id" = i64, Path)), responses((status = 200, body = ref("#/components/schemas/DeploymentJob"))))]
async fn progress(
    State(app): State<App>,
    By(by): By<WorkDeployments>,
    Path(id): Path<i64>,
    Json(input): Json<DeploymentProgress>,
) -> Result<Json<Document>, Problem> {
    let said = Progress {
        phase: input.current_phase,
        percent: input.progress_percent,
        log: input.log_output,
        rendered_cloud_init: input.rendered_cloud_init,
    };
    let row = job::progress(&app.db, &app.world, &by, &input.worker, id, &said).await?;
    Ok(document::<Entity>(&row, SHOWN))
}

/// Says that a job is done.
#[utoipa::path(post, path = "/api/v1/deployment-jobs/{id}/complete", operation_id = "completeDeployment", tag = "cloud", params(("id" = i64, Path)), responses((status = 200, body = ref("#/components/schemas/DeploymentJob"))))]
async fn complete(
    State(app): State<App>,
    By(by): By<WorkDeployments>,
    Path(id): Path<i64>,
    Json(input): Json<DeploymentWorker>,
) -> Result<Json<Document>, Problem> {
    let row = job::complete(&app.db, &app.world, &by, &input.worker, id).await?;
    Ok(document::<Entity>(&row, SHOWN))
}

/// Why a worker cannot do a job.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DeploymentFailure {
    #[schema(min_length = 1, max_length = 255)]
    worker: String,
    /// The first 10 000 characters are kept.
    error_message: String,
}

/// Says that a job cannot be done, and why.
#[utoipa::path(post, path = "/api/v1/deployment-jobs/{id}/fail", operation_id = "failDeployment", tag = "cloud", params(("id" = i64, Path)), responses((status = 200, body = ref("#/components/schemas/DeploymentJob"))))]
async fn fail(
    State(app): State<App>,
    By(by): By<WorkDeployments>,
    Path(id): Path<i64>,
    Json(input): Json<DeploymentFailure>,
) -> Result<Json<Document>, Problem> {
    let DeploymentFailure { worker, error_message } = &input;
    let row = job::fail(&app.db, &app.world, &by, worker, id, error_message).await?;
    Ok(document::<Entity>(&row, SHOWN))
}
