//! What machines were seen doing while they started, as boot servers report it.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use service::{
    entity::netboot::boot_event::Entity,
    netboot::boot_event::{self, BootEventType, Event},
    records::Document,
    rights::{ReadNetboot, ReportBoots},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::By,
    created::Created,
    extract::{Json, Path, Query},
    paged::Paged,
    plain::{Plain, document},
};

const PATH: &str = "/api/v1/boot-events";

const SHOWN: &[&str] = &[
    "id",
    "machine_id",
    "mac_address",
    "ip_address",
    "event_type",
    "details",
    "status",
    "created_at",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "Something that a machine was seen doing while it started.";
    Plain::<Entity>::new(PATH, ("BootEvent", "BootEvents"), about, SHOWN)
        .filters(&[
            "id",
            "machine_id",
            "mac_address",
            "ip_address",
            "event_type",
            "status",
            "created_at",
        ])
        .sorts(&["created_at"])
        .routes()
        .routes(routes!(report))
        .routes(routes!(of_machine))
}

/// What a machine was seen doing.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum BootEventKind {
    DhcpRequest,
    TftpRequest,
    BootStart,
    OsInstalled,
    EggStarted,
    EggComplete,
    DeploymentComplete,
    Error,
}

impl From<BootEventKind> for BootEventType {
    fn from(kind: BootEventKind) -> Self {
        match kind {
            BootEventKind::DhcpRequest => Self::DhcpRequest,
            BootEventKind::TftpRequest => Self::TftpRequest,
            BootEventKind::BootStart => Self::BootStart,
            BootEventKind::OsInstalled => Self::OsInstalled,
            BootEventKind::EggStarted => Self::EggStarted,
            BootEventKind::EggComplete => Self::EggComplete,
            BootEventKind::DeploymentComplete => Self::DeploymentComplete,
            BootEventKind::Error => Self::Error,
        }
    }
}

/// Something that a machine was seen doing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewBootEvent {
    /// The machine's hardware address, in whatever form.
    mac_address: String,
    /// The address that it had.
    ip_address: Option<String>,
    event_type: BootEventKind,
    /// What else there is to say.
    #[serde(default)]
    #[schema(value_type = Object)]
    details: Document,
    /// How it went, in the words of whoever saw it.
    #[schema(max_length = 64)]
    status: Option<String>,
}

impl From<NewBootEvent> for Event {
    fn from(event: NewBootEvent) -> Self {
        let NewBootEvent { mac_address, ip_address, event_type, details, status } = event;
        Self {
            mac: mac_address,
            ip: ip_address,
            event_type: event_type.into(),
            details: details.into(),
            status,
        }
    }
}

/// Keeps what a machine was seen doing, and brings the machine to where that leads.
#[utoipa::path(post, path = "/api/v1/boot-events", operation_id = "reportBootEvent", tag = "netboot", responses((status = 201, body = ref("#/components/schemas/BootEvent"), headers(("location" = String, description = "The path of what was made.")))))]
async fn report(
    State(app): State<App>,
    By(by): By<ReportBoots>,
    Json(input): Json<NewBootEvent>,
) -> Result<Created<Document>, Problem> {
    let row = boot_event::report(&app.db, &app.world, &by, input.into()).await?;
    let Json(body) = document::<Entity>(&row, SHOWN);
    Ok(Created { path: format!("{PATH}/{}", row.id), body })
}

/// Some events, as the list of all of them has them.
#[derive(Debug, Serialize)]
struct Listed {
    items: Vec<Document>,
    /// Where the next page begins; null behind the last.
    next: Option<String>,
}

/// What a machine was seen doing, the latest first.
#[utoipa::path(get, path = "/api/v1/ipxe-machines/{id}/boot-events", operation_id = "listBootEventsOfMachine", tag = "netboot", params(("id" = i64, Path), Paged), responses((status = 200, body = ref("#/components/schemas/BootEventPage"))))]
async fn of_machine(
    State(app): State<App>,
    By(by): By<ReadNetboot>,
    Path(id): Path<i64>,
    Query(paged): Query<Paged>,
) -> Result<Json<Listed>, Problem> {
    let (from, limit) = paged.place()?;
    let page = boot_event::of_machine(&app.db, &by, id, from, limit).await?;
    let shown = |event| document::<Entity>(event, SHOWN).0;
    Ok(Json(Listed {
        items: page.rows.iter().map(shown).collect(),
        next: page.next.map(|next| next.to_string()),
    }))
}
