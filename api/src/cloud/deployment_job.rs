//! Deployment jobs, for those who ask for them.
//!
//! What is long, and what a machine was told, is no part of the job as it is shown: each is asked
//! for apart. There can be passwords in what a machine was told: it takes the right to read
//! secrets, too.

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use service::{
    audit::audited,
    cloud::job::{self, NewJob, Target},
    entity::cloud::deployment_job::Entity,
    records::{self, Document},
    rights::{
        CancelDeployments, CreateDeployments, DeleteDeployments, ReadDeployments, RevealSecrets,
    },
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::By,
    created::Created,
    extract::{Json, Path},
    plain::{Plain, document},
};

const PATH: &str = "/api/v1/deployment-jobs";

pub(super) const SHOWN: &[&str] = &[
    "id",
    "machine_id",
    "server_id",
    "ipxe_machine_id",
    "image_id",
    "boot_config_id",
    "cloud_init_template_id",
    "package_config_id",
    "lxd_cluster_id",
    "created_by_id",
    "job_id",
    "job_type",
    "status",
    "current_phase",
    "progress_percent",
    "ansible_playbook",
    "eggs_to_deploy",
    "error_message",
    "claimed_by",
    "claimed_at",
    "started_at",
    "completed_at",
    "created_at",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "A deployment that waits, runs or is over.";
    Plain::<Entity>::new(PATH, ("DeploymentJob", "DeploymentJobs"), about, SHOWN)
        .filters(&[
            "id",
            "machine_id",
            "server_id",
            "ipxe_machine_id",
            "image_id",
            "boot_config_id",
            "cloud_init_template_id",
            "package_config_id",
            "lxd_cluster_id",
            "created_by_id",
            "job_id",
            "job_type",
            "status",
            "current_phase",
            "progress_percent",
            "ansible_playbook",
            "claimed_by",
            "claimed_at",
            "started_at",
            "completed_at",
            "created_at",
        ])
        .sorts(&["job_type", "status", "claimed_at", "started_at", "completed_at", "created_at"])
        .routes()
        .routes(routes!(request))
        .routes(routes!(by_job_id))
        .routes(routes!(log))
        .routes(routes!(told))
        .routes(routes!(cancel))
        .routes(routes!(delete))
}

/// A deployment to ask for. It is for one of `machine_id`, `server_id` and `ipxe_machine_id`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewDeploymentJob {
    /// A machine at a provider.
    machine_id: Option<i64>,
    /// A server in our own racks.
    server_id: Option<i64>,
    /// A machine that boots from the network.
    ipxe_machine_id: Option<i64>,
    /// What is to be done; `provision` without.
    #[schema(min_length = 1, max_length = 50, pattern = "^[a-z0-9_.-]+$")]
    job_type: Option<String>,
    /// The LXD cluster that the machine is for.
    lxd_cluster_id: Option<i64>,
    /// What cloud-init is told; without, the default for its user data, if there is one.
    cloud_init_template_id: Option<i64>,
    /// What is installed; without, the default, if there is one.
    package_config_id: Option<i64>,
    /// What is booted from the network.
    image_id: Option<i64>,
    /// How the network is told to boot it.
    boot_config_id: Option<i64>,
    /// What Ansible runs on it.
    #[schema(max_length = 255)]
    ansible_playbook: Option<String>,
    /// The names of the eggs that are put on it, in order, none of them twice.
    #[serde(default)]
    #[schema(max_items = 1000)]
    eggs: Vec<String>,
}

impl NewDeploymentJob {
    /// # Errors
    /// [`Problem::invalid`] if it is not for one machine.
    fn read(self) -> Result<NewJob, Problem> {
        let target = match (self.machine_id, self.server_id, self.ipxe_machine_id) {
            (Some(id), None, None) => Target::Machine(id),
            (None, Some(id), None) => Target::Server(id),
            (None, None, Some(id)) => Target::NetworkMachine(id),
            _ => {
                return Err(Problem::invalid(
                    "a deployment is for one of `machine_id`, `server_id` and `ipxe_machine_id`",
                ));
            }
        };
        Ok(NewJob {
            target,
            job_type: self.job_type,
            lxd_cluster_id: self.lxd_cluster_id,
            cloud_init_template_id: self.cloud_init_template_id,
            package_config_id: self.package_config_id,
            image_id: self.image_id,
            boot_config_id: self.boot_config_id,
            ansible_playbook: self.ansible_playbook,
            eggs: self.eggs,
        })
    }
}

/// Asks for a deployment, which waits for a worker from then on.
#[utoipa::path(post, path = "/api/v1/deployment-jobs", operation_id = "requestDeployment", tag = "cloud", responses((status = 201, body = ref("#/components/schemas/DeploymentJob"), headers(("location" = String, description = "The path of what was made.")))))]
async fn request(
    State(app): State<App>,
    By(by): By<CreateDeployments>,
    Json(input): Json<NewDeploymentJob>,
) -> Result<Created<Document>, Problem> {
    let new = &input.read()?;
    let (by, world) = (&by, &app.world);
    let row =
        audited(&app.db, world, |unit, _| Box::pin(job::request(unit, by, world, new.clone())));
    let Json(body) = document::<Entity>(&row.await?, SHOWN);
    Ok(Created { path: format!("{PATH}/{}", body["id"]), body })
}

/// The job that other systems know by that name.
#[utoipa::path(get, path = "/api/v1/deployment-jobs/by-job-id/{job_id}", operation_id = "showDeploymentJobByJobId", tag = "cloud", params(("job_id" = String, Path)), responses((status = 200, body = ref("#/components/schemas/DeploymentJob"))))]
async fn by_job_id(
    State(app): State<App>,
    By(by): By<ReadDeployments>,
    Path(job_id): Path<String>,
) -> Result<Json<Document>, Problem> {
    let row = job::by_job_id(&app.db, &by, &job_id).await?;
    Ok(document::<Entity>(&row, SHOWN))
}

/// What was written while a job was done.
#[derive(Debug, Serialize, ToSchema)]
struct DeploymentLog {
    /// The last 100 000 characters of it.
    log_output: Option<String>,
}

/// What was written while a job was done.
#[utoipa::path(get, path = "/api/v1/deployment-jobs/{id}/log", operation_id = "showDeploymentLog", tag = "cloud", params(("id" = i64, Path)), responses((status = 200, body = DeploymentLog)))]
async fn log(
    State(app): State<App>,
    By(by): By<ReadDeployments>,
    Path(id): Path<i64>,
) -> Result<Json<DeploymentLog>, Problem> {
    let job = records::by_id::<Entity>(&app.db, &by, id).await?;
    Ok(Json(DeploymentLog { log_output: job.log_output }))
}

/// What a machine was told when it first started.
#[derive(Serialize, ToSchema)]
struct DeploymentCloudInit {
    rendered_cloud_init: Option<String>,
}

/// What a machine was told when it first started. There can be passwords in it: it takes the right
/// to read secrets, too.
#[utoipa::path(get, path = "/api/v1/deployment-jobs/{id}/cloud-init", operation_id = "showDeploymentCloudInit", tag = "cloud", params(("id" = i64, Path)), responses((status = 200, body = DeploymentCloudInit)))]
async fn told(
    State(app): State<App>,
    By(by): By<ReadDeployments>,
    By(_reveal): By<RevealSecrets>,
    Path(id): Path<i64>,
) -> Result<Json<DeploymentCloudInit>, Problem> {
    let job = records::by_id::<Entity>(&app.db, &by, id).await?;
    Ok(Json(DeploymentCloudInit { rendered_cloud_init: job.rendered_cloud_init }))
}

/// Cancels a job that waits or runs. The worker that has it is told when it next says how it goes.
#[utoipa::path(post, path = "/api/v1/deployment-jobs/{id}/cancel", operation_id = "cancelDeployment", tag = "cloud", params(("id" = i64, Path)), responses((status = 200, body = ref("#/components/schemas/DeploymentJob"))))]
async fn cancel(
    State(app): State<App>,
    By(by): By<CancelDeployments>,
    Path(id): Path<i64>,
) -> Result<Json<Document>, Problem> {
    let by = &by;
    let row = audited(&app.db, &app.world, |unit, _| Box::pin(job::cancel(unit, by, id)));
    Ok(document::<Entity>(&row.await?, SHOWN))
}

/// Removes a job that has ended.
#[utoipa::path(delete, path = "/api/v1/deployment-jobs/{id}", operation_id = "deleteDeploymentJob", tag = "cloud", params(("id" = i64, Path)), responses((status = 204)))]
async fn delete(
    State(app): State<App>,
    By(by): By<DeleteDeployments>,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let by = &by;
    audited(&app.db, &app.world, |unit, _| Box::pin(job::delete(unit, by, id))).await?;
    Ok(StatusCode::NO_CONTENT)
}
