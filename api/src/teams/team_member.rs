//! Who belongs to which team.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use service::{audit::audited, rights::ReadTeams, teams::member};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::{By, Who},
    created::Created,
    extract::{Json, Path},
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(show, change, remove))
        .routes(routes!(list_own))
}

/// What somebody is in a team, from the most to the least.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum TeamRole {
    Owner,
    Admin,
    Member,
    Viewer,
}

impl From<TeamRole> for member::TeamRole {
    fn from(role: TeamRole) -> Self {
        match role {
            TeamRole::Owner => Self::Owner,
            TeamRole::Admin => Self::Admin,
            TeamRole::Member => Self::Member,
            TeamRole::Viewer => Self::Viewer,
        }
    }
}

impl From<member::TeamRole> for TeamRole {
    fn from(role: member::TeamRole) -> Self {
        match role {
            member::TeamRole::Owner => Self::Owner,
            member::TeamRole::Admin => Self::Admin,
            member::TeamRole::Member => Self::Member,
            member::TeamRole::Viewer => Self::Viewer,
        }
    }
}

/// Somebody belongs to a team.
#[derive(Debug, Serialize, ToSchema)]
struct TeamMemberOut {
    team_id: i64,
    user_id: i64,
    role: TeamRole,
    added_by_id: Option<i64>,
    added_at: DateTime<Utc>,
    /// From when on the membership gives nothing; never, without one.
    expires_at: Option<DateTime<Utc>>,
}

impl From<member::Model> for TeamMemberOut {
    fn from(member: member::Model) -> Self {
        Self {
            team_id: member.team_id,
            user_id: member.user_id,
            role: member.role.into(),
            added_by_id: member.added_by_id,
            added_at: member.added_at,
            expires_at: member.expires_at,
        }
    }
}

fn listed(members: Vec<member::Model>) -> Json<Vec<TeamMemberOut>> {
    Json(members.into_iter().map(Into::into).collect())
}

/// Who belongs to a team, in the order in which they came.
#[utoipa::path(get, path = "/api/v1/teams/{id}/members", operation_id = "listTeamMembers", tag = "teams", params(("id" = i64, Path)), responses((status = 200, body = [TeamMemberOut])))]
async fn list(
    State(app): State<App>,
    By(by): By<ReadTeams>,
    Path(id): Path<i64>,
) -> Result<Json<Vec<TeamMemberOut>>, Problem> {
    Ok(listed(member::list(&app.db, &by, id).await?))
}

/// Who belongs to a team of the caller, in the order in which they came.
#[utoipa::path(get, path = "/api/v1/me/teams/{id}/members", operation_id = "listMyTeamMembers", tag = "teams", params(("id" = i64, Path)), responses((status = 200, body = [TeamMemberOut])))]
async fn list_own(
    State(app): State<App>,
    Who(caller): Who,
    Path(id): Path<i64>,
) -> Result<Json<Vec<TeamMemberOut>>, Problem> {
    Ok(listed(member::list_own(&app.db, &app.world, &caller.actor, id).await?))
}

/// The membership of somebody.
#[utoipa::path(get, path = "/api/v1/teams/{id}/members/{user_id}", operation_id = "showTeamMember", tag = "teams", params(("id" = i64, Path), ("user_id" = i64, Path)), responses((status = 200, body = TeamMemberOut)))]
async fn show(
    State(app): State<App>,
    By(by): By<ReadTeams>,
    Path((id, user_id)): Path<(i64, i64)>,
) -> Result<Json<TeamMemberOut>, Problem> {
    Ok(Json(member::by_user(&app.db, &by, id, user_id).await?.into()))
}

/// Somebody who is to belong to a team.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TeamMemberIn {
    user_id: i64,
    role: TeamRole,
    /// For good, without one; an owner has none.
    expires_at: Option<DateTime<Utc>>,
}

/// Lets a person belong to a team: who administers it may, up to what they are themselves.
#[utoipa::path(post, path = "/api/v1/teams/{id}/members", operation_id = "addTeamMember", tag = "teams", params(("id" = i64, Path)), responses((status = 201, body = TeamMemberOut, headers(("location" = String, description = "The path of what was made.")))))]
async fn add(
    State(app): State<App>,
    Who(caller): Who,
    Path(id): Path<i64>,
    Json(input): Json<TeamMemberIn>,
) -> Result<Created<TeamMemberOut>, Problem> {
    let TeamMemberIn { user_id, role, expires_at } = input;
    let (actor, role) = (&caller.actor, member::TeamRole::from(role));
    let member = audited(&app.db, &app.world, |unit, _| {
        Box::pin(member::add(unit, actor, id, user_id, role, expires_at))
    });
    let body = member.await?.into();
    Ok(Created { path: format!("/api/v1/teams/{id}/members/{user_id}"), body })
}

/// What somebody is to be in a team.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TeamMembership {
    role: TeamRole,
    /// For good, without one; an owner has none.
    expires_at: Option<DateTime<Utc>>,
}

/// Makes somebody in a team something else: who administers it may, up to what they are themselves.
#[utoipa::path(put, path = "/api/v1/teams/{id}/members/{user_id}", operation_id = "changeTeamMember", tag = "teams", params(("id" = i64, Path), ("user_id" = i64, Path)), responses((status = 200, body = TeamMemberOut)))]
async fn change(
    State(app): State<App>,
    Who(caller): Who,
    Path((id, user_id)): Path<(i64, i64)>,
    Json(input): Json<TeamMembership>,
) -> Result<Json<TeamMemberOut>, Problem> {
    let TeamMembership { role, expires_at } = input;
    let (actor, role) = (&caller.actor, member::TeamRole::from(role));
    let member = audited(&app.db, &app.world, |unit, _| {
        Box::pin(member::change(unit, actor, id, user_id, role, expires_at))
    });
    Ok(Json(member.await?.into()))
}

/// Takes somebody out of a team. Everybody may go themselves.
#[utoipa::path(delete, path = "/api/v1/teams/{id}/members/{user_id}", operation_id = "removeTeamMember", tag = "teams", params(("id" = i64, Path), ("user_id" = i64, Path)), responses((status = 204)))]
async fn remove(
    State(app): State<App>,
    Who(caller): Who,
    Path((id, user_id)): Path<(i64, i64)>,
) -> Result<StatusCode, Problem> {
    let actor = &caller.actor;
    audited(&app.db, &app.world, |unit, _| Box::pin(member::remove(unit, actor, id, user_id)))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
