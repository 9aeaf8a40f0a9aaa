//! Which team may do what with which resource.

use std::collections::BTreeSet;

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use service::{
    audit::audited,
    rights::{AssignResources, ReadTeams},
    teams::{
        access::{self, Resource},
        assignment::{self, Assignment},
    },
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::By,
    extract::{Json, Path},
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(assign, withdraw))
}

/// What can be done with a resource. `admin` includes reading, writing and executing.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ResourcePermission {
    Read,
    Write,
    Execute,
    Admin,
    Shell,
}

impl From<ResourcePermission> for access::ResourcePermission {
    fn from(permission: ResourcePermission) -> Self {
        match permission {
            ResourcePermission::Read => Self::Read,
            ResourcePermission::Write => Self::Write,
            ResourcePermission::Execute => Self::Execute,
            ResourcePermission::Admin => Self::Admin,
            ResourcePermission::Shell => Self::Shell,
        }
    }
}

impl From<access::ResourcePermission> for ResourcePermission {
    fn from(permission: access::ResourcePermission) -> Self {
        match permission {
            access::ResourcePermission::Read => Self::Read,
            access::ResourcePermission::Write => Self::Write,
            access::ResourcePermission::Execute => Self::Execute,
            access::ResourcePermission::Admin => Self::Admin,
            access::ResourcePermission::Shell => Self::Shell,
        }
    }
}

/// Those permissions, from the least to the most.
pub(super) fn listed(permissions: BTreeSet<access::ResourcePermission>) -> Vec<ResourcePermission> {
    permissions.into_iter().map(Into::into).collect()
}

/// What a team may do with a resource.
#[derive(Debug, Serialize, ToSchema)]
struct TeamResourceOut {
    team_id: i64,
    /// What kind of thing it is: `cloud_machine`.
    resource_type: String,
    /// Its key among the things of its kind.
    resource_id: String,
    permissions: Vec<ResourcePermission>,
}

impl From<Assignment> for TeamResourceOut {
    fn from(assignment: Assignment) -> Self {
        let Assignment { team_id, resource, permissions } = assignment;
        Self {
            team_id,
            resource_type: resource.kind().to_owned(),
            resource_id: resource.id().to_owned(),
            permissions: listed(permissions),
        }
    }
}

/// What a team may do with which resources, by their kinds and keys.
#[utoipa::path(get, path = "/api/v1/teams/{id}/resources", operation_id = "listTeamResources", tag = "teams", params(("id" = i64, Path)), responses((status = 200, body = [TeamResourceOut])))]
async fn list(
    State(app): State<App>,
    By(by): By<ReadTeams>,
    Path(id): Path<i64>,
) -> Result<Json<Vec<TeamResourceOut>>, Problem> {
    let assignments = assignment::of_team(&app.db, &by, id).await?;
    Ok(Json(assignments.into_iter().map(Into::into).collect()))
}

/// What a team is to be allowed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TeamResourceIn {
    /// One at least.
    #[schema(min_items = 1)]
    permissions: Vec<ResourcePermission>,
}

/// Lets a team do that with a resource, in place of what it might before.
#[utoipa::path(put, path = "/api/v1/teams/{id}/resources/{resource_type}/{resource_id}", operation_id = "assignResource", tag = "teams", params(("id" = i64, Path), ("resource_type" = String, Path), ("resource_id" = String, Path)), responses((status = 200, body = TeamResourceOut)))]
async fn assign(
    State(app): State<App>,
    By(by): By<AssignResources>,
    Path((id, kind, key)): Path<(i64, String, String)>,
    Json(input): Json<TeamResourceIn>,
) -> Result<Json<TeamResourceOut>, Problem> {
    let (by, resource) = (&by, &Resource::new(&kind, &key)?);
    let permissions: BTreeSet<access::ResourcePermission> =
        input.permissions.into_iter().map(Into::into).collect();
    let permissions = &permissions;
    let assignment = audited(&app.db, &app.world, |unit, _| {
        Box::pin(assignment::assign(unit, by, id, resource, permissions))
    });
    Ok(Json(assignment.await?.into()))
}

/// Takes a resource from a team; one that it has not stays so.
#[utoipa::path(delete, path = "/api/v1/teams/{id}/resources/{resource_type}/{resource_id}", operation_id = "withdrawResource", tag = "teams", params(("id" = i64, Path), ("resource_type" = String, Path), ("resource_id" = String, Path)), responses((status = 204)))]
async fn withdraw(
    State(app): State<App>,
    By(by): By<AssignResources>,
    Path((id, kind, key)): Path<(i64, String, String)>,
) -> Result<StatusCode, Problem> {
    let (by, resource) = (&by, &Resource::new(&kind, &key)?);
    audited(&app.db, &app.world, |unit, _| Box::pin(assignment::withdraw(unit, by, id, resource)))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
