//! Providers, and what they say of their machines.

use axum::{extract::State, http::StatusCode};
use sea_orm::ActiveEnum as _;
use serde::{Deserialize, Serialize};
use service::{
    cloud::sync::{self, Report, Synced},
    entity::cloud::{cloud_machine, cloud_provider::Entity},
    records::Document,
    rights::{CreateCloud, UpdateCloud},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{cloud_machine::SHOWN as OF_MACHINE, machine_status::CloudMachineStatus};
use crate::{
    App, Problem,
    auth::By,
    extract::{Json, Path},
    plain::{Plain, document},
};

const SHOWN: &[&str] = &[
    "id",
    "name",
    "provider_type",
    "description",
    "region",
    "credentials_path",
    "config_data",
    "is_active",
    "last_sync_at",
    "created_at",
    "updated_at",
];

const WRITTEN: &[&str] = &[
    "name",
    "provider_type",
    "description",
    "region",
    "credentials_path",
    "config_data",
    "is_active",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "Where machines can be had, and how it is reached.";
    let names = ("CloudProvider", "CloudProviders");
    Plain::<Entity>::new("/api/v1/cloud-providers", names, about, SHOWN)
        .filters(&[
            "id",
            "name",
            "provider_type",
            "region",
            "is_active",
            "last_sync_at",
            "created_at",
            "updated_at",
        ])
        .sorts(&["name", "region", "last_sync_at", "created_at", "updated_at"])
        .creates(WRITTEN)
        .updates(WRITTEN)
        .deletes()
        .routes()
        .routes(routes!(report))
        .routes(routes!(finish))
}

/// What a provider says of a machine. It is all that there is to say: what is absent is taken for
/// nothing, but for the architecture.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CloudMachineReport {
    /// What the provider calls it.
    #[schema(min_length = 1, max_length = 255)]
    external_id: String,
    status: CloudMachineStatus,
    #[schema(max_length = 255)]
    hostname: Option<String>,
    #[schema(max_length = 64)]
    ip_address: Option<String>,
    #[schema(max_length = 64)]
    private_ip: Option<String>,
    /// The provider's name for its size.
    #[schema(max_length = 100)]
    machine_type: Option<String>,
    #[schema(max_length = 50)]
    architecture: Option<String>,
    #[schema(minimum = 0)]
    cpu_count: Option<i32>,
    #[schema(minimum = 0)]
    memory_mb: Option<i32>,
    #[schema(minimum = 0)]
    storage_gb: Option<i32>,
    #[schema(max_length = 255)]
    os_image: Option<String>,
    #[schema(max_length = 100)]
    zone: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    /// What else there is to say.
    #[serde(default)]
    #[schema(value_type = Object)]
    attributes: Document,
}

impl From<CloudMachineReport> for Report {
    fn from(report: CloudMachineReport) -> Self {
        Self {
            external_id: report.external_id,
            status: report.status.into(),
            hostname: report.hostname,
            ip_address: report.ip_address,
            private_ip: report.private_ip,
            machine_type: report.machine_type,
            architecture: report.architecture,
            cpu_count: report.cpu_count,
            memory_mb: report.memory_mb,
            storage_gb: report.storage_gb,
            os_image: report.os_image,
            zone: report.zone,
            tags: report.tags,
            attributes: report.attributes,
        }
    }
}

/// What became of what a provider said of a machine.
#[derive(Debug, Serialize, ToSchema)]
struct CloudMachineSynced {
    /// The machine as it is now.
    #[schema(value_type = Object)]
    machine: Document,
    /// Whether it was not known before.
    is_new: bool,
    /// The status that was reported, if no way leads there from the one that is known, which stays.
    conflict: Option<String>,
}

impl From<Synced> for CloudMachineSynced {
    fn from(synced: Synced) -> Self {
        let Synced { machine, is_new, conflict } = synced;
        let Json(machine) = document::<cloud_machine::Entity>(&machine, OF_MACHINE);
        Self { machine, is_new, conflict: conflict.map(|status| status.to_value()) }
    }
}

/// Takes over what a provider says of one of its machines: adds it, or changes what is known of it.
#[utoipa::path(post, path = "/api/v1/cloud-providers/{id}/machines", operation_id = "reportCloudMachine", tag = "cloud", params(("id" = i64, Path)), responses((status = 200, body = CloudMachineSynced)))]
async fn report(
    State(app): State<App>,
    By(create): By<CreateCloud>,
    By(update): By<UpdateCloud>,
    Path(id): Path<i64>,
    Json(input): Json<CloudMachineReport>,
) -> Result<Json<CloudMachineSynced>, Problem> {
    let report = Report::from(input);
    let by = (&create, &update);
    Ok(Json(sync::machine(&app.db, &app.world, by, id, &report).await?.into()))
}

/// Says that all machines of a provider have been read now.
#[utoipa::path(post, path = "/api/v1/cloud-providers/{id}/synced", operation_id = "finishCloudSync", tag = "cloud", params(("id" = i64, Path)), responses((status = 204)))]
async fn finish(
    State(app): State<App>,
    By(by): By<UpdateCloud>,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    sync::finish(&app.db, &app.world, &by, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
