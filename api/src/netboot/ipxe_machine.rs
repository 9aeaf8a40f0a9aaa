//! Machines that boot from the network, and how far each has come.

use axum::extract::State;
use serde::Deserialize;
use service::{
    audit::audited,
    entity::netboot::ipxe_machine::Entity,
    netboot::machine::{self, IpxeMachineStatus},
    records::Document,
    rights::{ReadNetboot, UpdateNetboot},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::By,
    extract::{Json, Path},
    plain::{Plain, document},
};

const SHOWN: &[&str] = &[
    "id",
    "boot_config_id",
    "system_id",
    "hostname",
    "mac_address",
    "ip_address",
    "status",
    "boot_mode",
    "architecture",
    "cpu_count",
    "memory_mb",
    "storage_gb",
    "bmc_address",
    "power_type",
    "zone",
    "pool",
    "tags",
    "hardware_info",
    "assigned_eggs",
    "last_boot_at",
    "last_seen_at",
    "deployed_at",
    "created_at",
    "updated_at",
];

const WRITTEN: &[&str] = &[
    "boot_config_id",
    "system_id",
    "hostname",
    "mac_address",
    "ip_address",
    "boot_mode",
    "architecture",
    "cpu_count",
    "memory_mb",
    "storage_gb",
    "bmc_address",
    "power_type",
    "zone",
    "pool",
    "tags",
    "hardware_info",
    "assigned_eggs",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "A machine that was seen booting over the network, or is expected to.";
    Plain::<Entity>::new("/api/v1/ipxe-machines", ("IpxeMachine", "IpxeMachines"), about, SHOWN)
        .filters(&[
            "id",
            "boot_config_id",
            "system_id",
            "hostname",
            "mac_address",
            "ip_address",
            "status",
            "boot_mode",
            "architecture",
            "cpu_count",
            "memory_mb",
            "storage_gb",
            "bmc_address",
            "power_type",
            "zone",
            "pool",
            "last_boot_at",
            "last_seen_at",
            "deployed_at",
            "created_at",
            "updated_at",
        ])
        .sorts(&[
            "system_id",
            "hostname",
            "status",
            "zone",
            "pool",
            "last_boot_at",
            "last_seen_at",
            "deployed_at",
            "created_at",
            "updated_at",
        ])
        .creates(WRITTEN)
        .updates(WRITTEN)
        .deletes()
        .routes()
        .routes(routes!(by_mac))
        .routes(routes!(change_status))
}

/// The machine with that hardware address, in whatever form it is given.
#[utoipa::path(get, path = "/api/v1/ipxe-machines/by-mac/{mac_address}", operation_id = "showIpxeMachineByMac", tag = "netboot", params(("mac_address" = String, Path)), responses((status = 200, body = ref("#/components/schemas/IpxeMachine"))))]
async fn by_mac(
    State(app): State<App>,
    By(by): By<ReadNetboot>,
    Path(address): Path<String>,
) -> Result<Json<Document>, Problem> {
    let row = machine::by_mac(&app.db, &by, &address).await?;
    Ok(document::<Entity>(&row, SHOWN))
}

/// How far a machine that boots from the network has come.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum NetworkMachineStatus {
    Unknown,
    Discovered,
    Commissioning,
    Ready,
    Deploying,
    Deployed,
    Failed,
}

impl From<NetworkMachineStatus> for IpxeMachineStatus {
    fn from(status: NetworkMachineStatus) -> Self {
        match status {
            NetworkMachineStatus::Unknown => Self::Unknown,
            NetworkMachineStatus::Discovered => Self::Discovered,
            NetworkMachineStatus::Commissioning => Self::Commissioning,
            NetworkMachineStatus::Ready => Self::Ready,
            NetworkMachineStatus::Deploying => Self::Deploying,
            NetworkMachineStatus::Deployed => Self::Deployed,
            NetworkMachineStatus::Failed => Self::Failed,
        }
    }
}

/// The state that a machine is brought to.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NetworkMachineStatusChange {
    status: NetworkMachineStatus,
}

/// Brings a machine from its state to another. The one that it has is no change.
#[utoipa::path(post, path = "/api/v1/ipxe-machines/{id}/status", operation_id = "changeIpxeMachineStatus", tag = "netboot", params(("id" = i64, Path)), responses((status = 200, body = ref("#/components/schemas/IpxeMachine"))))]
async fn change_status(
    State(app): State<App>,
    By(by): By<UpdateNetboot>,
    Path(id): Path<i64>,
    Json(input): Json<NetworkMachineStatusChange>,
) -> Result<Json<Document>, Problem> {
    let (by, to) = (&by, IpxeMachineStatus::from(input.status));
    let row =
        audited(&app.db, &app.world, |unit, _| Box::pin(machine::change_status(unit, by, id, to)));
    Ok(document::<Entity>(&row.await?, SHOWN))
}
