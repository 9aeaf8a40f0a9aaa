//! Agents, for those who look after them.

use axum::extract::State;
use serde::Deserialize;
use service::{
    access::agent::{self, AccessAgentStatus},
    audit::audited,
    entity::access::access_agent::Entity,
    records::Document,
    rights::UpdateAccess,
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::By,
    extract::{Json, Path},
    plain::{Plain, document},
};

pub(super) const PATH: &str = "/api/v1/access-agents";

pub(super) const SHOWN: &[&str] = &[
    "id",
    "agent_id",
    "hostname",
    "ip_address",
    "status",
    "capabilities",
    "enrollment_key_id",
    "enrolled_at",
    "last_heartbeat_at",
    "created_at",
    "updated_at",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "Programs on machines that open shells there. They enrol by a key.";
    Plain::<Entity>::new(PATH, ("AccessAgent", "AccessAgents"), about, SHOWN)
        .filters(&[
            "id",
            "agent_id",
            "hostname",
            "ip_address",
            "status",
            "enrollment_key_id",
            "enrolled_at",
            "last_heartbeat_at",
            "created_at",
            "updated_at",
        ])
        .sorts(&[
            "hostname",
            "status",
            "enrolled_at",
            "last_heartbeat_at",
            "created_at",
            "updated_at",
        ])
        .updates(&["hostname", "ip_address", "capabilities"])
        .deletes()
        .routes()
        .routes(routes!(change_status))
}

/// What people make of an agent. What else it may be comes of its heartbeats.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum AccessAgentVerdict {
    Active,
    /// Until somebody lets it again.
    Suspended,
    /// For good.
    Revoked,
}

impl From<AccessAgentVerdict> for AccessAgentStatus {
    fn from(verdict: AccessAgentVerdict) -> Self {
        match verdict {
            AccessAgentVerdict::Active => Self::Active,
            AccessAgentVerdict::Suspended => Self::Suspended,
            AccessAgentVerdict::Revoked => Self::Revoked,
        }
    }
}

/// What an agent is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AccessAgentStatusIn {
    status: AccessAgentVerdict,
}

/// Suspends an agent, lets it again, or revokes it for good. Its open shells end with it, unless it
/// is let again.
#[utoipa::path(post, path = "/api/v1/access-agents/{id}/status", operation_id = "changeAccessAgentStatus", tag = "access", params(("id" = i64, Path)), responses((status = 200, body = ref("#/components/schemas/AccessAgent"))))]
async fn change_status(
    State(app): State<App>,
    By(by): By<UpdateAccess>,
    Path(id): Path<i64>,
    Json(input): Json<AccessAgentStatusIn>,
) -> Result<Json<Document>, Problem> {
    let (by, status) = (&by, AccessAgentStatus::from(input.status));
    let row = audited(&app.db, &app.world, |unit, _| {
        Box::pin(agent::change_status(unit, by, id, status))
    });
    Ok(document::<Entity>(&row.await?, SHOWN))
}
