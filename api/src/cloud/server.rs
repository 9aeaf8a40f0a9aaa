//! Servers: machines in our own racks. How one is switched on and off is a secret.

use axum::{extract::State, http::StatusCode};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::{
    audit::audited,
    cloud::machine::{self, MachineStatus},
    entity::cloud::server::{Column, Entity},
    records::Document,
    rights::{CreateCloud, RevealSecrets, UpdateCloud},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::machine_status::CloudMachineStatusChange;
use crate::{
    App, Problem,
    auth::By,
    created::Created,
    extract::{Json, Path},
    plain::{Plain, document},
    sealed::{self, unsaid},
};

const PATH: &str = "/api/v1/servers";

const SHOWN: &[&str] = &[
    "id",
    "hostname",
    "maas_system_id",
    "mac_address",
    "ip_address",
    "status",
    "architecture",
    "cpu_count",
    "memory_mb",
    "storage_gb",
    "power_type",
    "zone",
    "pool",
    "tags",
    "created_at",
    "updated_at",
];

const WRITTEN: &[&str] = &[
    "hostname",
    "maas_system_id",
    "mac_address",
    "ip_address",
    "architecture",
    "cpu_count",
    "memory_mb",
    "storage_gb",
    "power_type",
    "zone",
    "pool",
    "tags",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "A machine in our own racks, which MAAS manages.";
    Plain::<Entity>::new(PATH, ("Server", "Servers"), about, SHOWN)
        .filters(&[
            "id",
            "hostname",
            "maas_system_id",
            "mac_address",
            "ip_address",
            "status",
            "architecture",
            "cpu_count",
            "memory_mb",
            "storage_gb",
            "power_type",
            "zone",
            "pool",
            "created_at",
            "updated_at",
        ])
        .sorts(&["hostname", "status", "zone", "pool", "created_at", "updated_at"])
        .updates(WRITTEN)
        .deletes()
        .routes()
        .routes(routes!(create))
        .routes(routes!(change_status))
        .routes(routes!(set_power_parameters, empty_power_parameters))
        .routes(routes!(reveal_power_parameters))
}

/// A server to add. What is absent is as the table has it by itself.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewServer {
    #[schema(max_length = 255)]
    hostname: String,
    /// What MAAS calls it.
    #[schema(max_length = 100)]
    maas_system_id: Option<String>,
    mac_address: String,
    #[schema(max_length = 64)]
    ip_address: Option<String>,
    #[schema(max_length = 50)]
    architecture: Option<String>,
    #[schema(minimum = 0)]
    cpu_count: Option<i32>,
    #[schema(minimum = 0)]
    memory_mb: Option<i32>,
    #[schema(minimum = 0)]
    storage_gb: Option<i32>,
    /// One of MAAS's power drivers.
    #[schema(max_length = 50)]
    power_type: Option<String>,
    /// For that driver. They are kept sealed.
    #[serde(serialize_with = "unsaid")]
    #[schema(value_type = Option<Object>, write_only)]
    power_parameters: Option<Document>,
    #[schema(max_length = 100)]
    zone: Option<String>,
    #[schema(max_length = 100)]
    pool: Option<String>,
    tags: Option<Vec<String>>,
}

/// Adds a server.
#[utoipa::path(post, path = "/api/v1/servers", operation_id = "createServer", tag = "cloud", responses((status = 201, body = ref("#/components/schemas/Server"), headers(("location" = String, description = "The path of what was made.")))))]
async fn create(
    State(app): State<App>,
    By(by): By<CreateCloud>,
    Json(input): Json<NewServer>,
) -> Result<Created<Document>, Problem> {
    let parameters = input.power_parameters.clone();
    let secrets: Vec<_> =
        parameters.map(|it| (Column::PowerParameters, sealable(it))).into_iter().collect();
    sealed::create::<Entity>(&app, &by, (PATH, SHOWN, WRITTEN), &input, &secrets).await
}

/// Says that a server does something else now. What it does already is no change.
#[utoipa::path(post, path = "/api/v1/servers/{id}/status", operation_id = "changeServerStatus", tag = "cloud", params(("id" = i64, Path)), responses((status = 200, body = ref("#/components/schemas/Server"))))]
async fn change_status(
    State(app): State<App>,
    By(by): By<UpdateCloud>,
    Path(id): Path<i64>,
    Json(input): Json<CloudMachineStatusChange>,
) -> Result<Json<Document>, Problem> {
    let (by, to) = (&by, MachineStatus::from(input.status));
    let row = audited(&app.db, &app.world, |unit, _| {
        Box::pin(machine::change_status::<Entity>(unit, by, id, to))
    });
    Ok(document::<Entity>(&row.await?, SHOWN))
}

/// What the power driver of a server is told.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPowerParameters {
    #[schema(value_type = Object, write_only)]
    power_parameters: Document,
}

/// Gives the power driver of a server other parameters.
#[utoipa::path(put, path = "/api/v1/servers/{id}/power-parameters", operation_id = "setPowerParameters", tag = "cloud", params(("id" = i64, Path)), responses((status = 204)))]
async fn set_power_parameters(
    State(app): State<App>,
    By(by): By<UpdateCloud>,
    Path(id): Path<i64>,
    Json(input): Json<NewPowerParameters>,
) -> Result<StatusCode, Problem> {
    let secret = sealable(input.power_parameters);
    sealed::set::<Entity>(&app, &by, id, Column::PowerParameters, Some(&secret)).await
}

/// Takes the parameters from the power driver of a server.
#[utoipa::path(delete, path = "/api/v1/servers/{id}/power-parameters", operation_id = "emptyPowerParameters", tag = "cloud", params(("id" = i64, Path)), responses((status = 204)))]
async fn empty_power_parameters(
    State(app): State<App>,
    By(by): By<UpdateCloud>,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    sealed::set::<Entity>(&app, &by, id, Column::PowerParameters, None).await
}

/// What the power driver of a server is told, in clear.
#[derive(Serialize, ToSchema)]
struct PowerParameters {
    /// An object; null where there is none.
    power_parameters: Value,
}

/// Reads what the power driver of a server is told, which is written to the audit log.
#[utoipa::path(post, path = "/api/v1/servers/{id}/power-parameters/reveal", operation_id = "revealPowerParameters", tag = "cloud", params(("id" = i64, Path)), responses((status = 200, body = PowerParameters)))]
async fn reveal_power_parameters(
    State(app): State<App>,
    By(by): By<RevealSecrets>,
    Path(id): Path<i64>,
) -> Result<Json<PowerParameters>, Problem> {
    let secret = sealed::reveal::<Entity>(&app, &by, id, Column::PowerParameters).await?;
    let power_parameters = secret.map_or(Value::Null, |secret| read(&secret));
    Ok(Json(PowerParameters { power_parameters }))
}

fn sealable(parameters: Document) -> SecretString {
    Value::Object(parameters).to_string().into()
}

/// What an import sealed need not be an object.
fn read(sealed: &str) -> Value {
    serde_json::from_str(sealed).unwrap_or_else(|_| Value::from(sealed))
}
