//! What somebody may do with a resource, and why.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use service::{
    rights::ReadTeams,
    teams::access::{self, Access, Reason, Resource},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    resource_assignment::{ResourcePermission, listed},
    team_member::TeamRole,
};
use crate::{
    App, Problem,
    auth::{By, Who},
    extract::{Json, Path},
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(own)).routes(routes!(explain))
}

/// What a person may do with a resource, and by which teams.
#[derive(Debug, Serialize, ToSchema)]
struct ResourceAccess {
    /// All that they may.
    permissions: Vec<ResourcePermission>,
    /// What each team of theirs that has the resource contributes, by the team's name.
    reasons: Vec<ResourceReason>,
    /// The same in a sentence.
    summary: String,
}

/// What one team gives a person on a resource, or why it gives nothing.
#[derive(Debug, Serialize, ToSchema)]
struct ResourceReason {
    /// The name of the team.
    team: String,
    /// What the person is in it.
    role: TeamRole,
    /// Until when they are.
    expires_at: Option<DateTime<Utc>>,
    /// What the team may do with the resource.
    assigned: Vec<ResourcePermission>,
    /// What of it the person may.
    given: Vec<ResourcePermission>,
    /// Why that is less than what was assigned.
    because: Option<String>,
}

impl From<Reason> for ResourceReason {
    fn from(reason: Reason) -> Self {
        let Reason { team, role, expires_at, assigned, given, because } = reason;
        Self {
            team,
            role: role.into(),
            expires_at,
            assigned: listed(assigned),
            given: listed(given),
            because: because.map(str::to_owned),
        }
    }
}

impl From<Access> for ResourceAccess {
    fn from(access: Access) -> Self {
        let summary = access.to_string();
        let Access { permissions, reasons } = access;
        let reasons = reasons.into_iter().map(Into::into).collect();
        Self { permissions: listed(permissions), reasons, summary }
    }
}

/// What the caller may do with a resource, and why.
#[utoipa::path(get, path = "/api/v1/me/resources/{resource_type}/{resource_id}", operation_id = "showMyResourceAccess", tag = "teams", params(("resource_type" = String, Path), ("resource_id" = String, Path)), responses((status = 200, body = ResourceAccess)))]
async fn own(
    State(app): State<App>,
    Who(caller): Who,
    Path((kind, key)): Path<(String, String)>,
) -> Result<Json<ResourceAccess>, Problem> {
    let resource = Resource::new(&kind, &key)?;
    let access = access::own(&app.db, &app.world, &caller.actor, &resource).await?;
    Ok(Json(access.into()))
}

/// What a person may do with a resource, and why. Of somebody whom nobody knows it is nothing.
#[utoipa::path(get, path = "/api/v1/users/{id}/resources/{resource_type}/{resource_id}", operation_id = "explainResourceAccess", tag = "teams", params(("id" = i64, Path), ("resource_type" = String, Path), ("resource_id" = String, Path)), responses((status = 200, body = ResourceAccess)))]
async fn explain(
    State(app): State<App>,
    By(by): By<ReadTeams>,
    Path((id, kind, key)): Path<(i64, String, String)>,
) -> Result<Json<ResourceAccess>, Problem> {
    let resource = Resource::new(&kind, &key)?;
    let access = access::explain(&app.db, &app.world, &by, id, &resource).await?;
    Ok(Json(access.into()))
}
