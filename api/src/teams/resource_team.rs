//! The teams themselves.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::{
    Error,
    audit::audited,
    page::Page,
    rights::{CreateTeams, DeleteTeams, ReadTeams},
    teams::team::{self, NewTeam, TeamChanges},
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::{By, Who},
    created::Created,
    extract::{Json, Path, Query, given, present},
    paged::{self, Paged},
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, update, delete))
        .routes(routes!(list_own))
}

/// People who share resources.
#[derive(Debug, Serialize, ToSchema)]
struct TeamOut {
    id: i64,
    name: String,
    description: Option<String>,
    /// A team that is not active gives nobody anything.
    is_active: bool,
    #[schema(value_type = serde_json::Value)]
    attributes: Value,
    created_by_id: Option<i64>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<team::Model> for TeamOut {
    fn from(team: team::Model) -> Self {
        Self {
            id: team.id,
            name: team.name,
            description: team.description,
            is_active: team.is_active,
            attributes: team.attributes,
            created_by_id: team.created_by_id,
            created_at: team.created_at,
            updated_at: team.updated_at,
        }
    }
}

/// Some teams, and where the next page begins.
#[derive(Debug, Serialize, ToSchema)]
struct TeamPage {
    teams: Vec<TeamOut>,
    /// For the parameter `cursor`; absent after the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl From<Page<team::Model>> for TeamPage {
    fn from(page: Page<team::Model>) -> Self {
        Self {
            teams: page.rows.into_iter().map(Into::into).collect(),
            next: page.next.map(|next| next.to_string()),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct TeamQuery {
    /// Only the one with this name, in whatever case.
    name: Option<String>,
    /// The `next` of the page before.
    cursor: Option<String>,
    /// How many at most: 1 to 100; 50 without.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
}

/// Teams in the order in which they were made.
#[utoipa::path(get, path = "/api/v1/teams", operation_id = "listTeams", tag = "teams", params(TeamQuery), responses((status = 200, body = TeamPage)))]
async fn list(
    State(app): State<App>,
    By(by): By<ReadTeams>,
    Query(query): Query<TeamQuery>,
) -> Result<Json<TeamPage>, Problem> {
    let (from, limit) = paged::place(query.cursor.as_deref(), query.limit)?;
    let Some(name) = query.name else {
        return Ok(Json(team::list(&app.db, &by, from, limit).await?.into()));
    };
    let rows = match team::by_name(&app.db, &by, &name).await {
        Ok(team) => vec![team],
        Err(Error::NotFound { .. }) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    Ok(Json(Page { rows, next: None }.into()))
}

/// The teams that the caller belongs to now, as far as they are active.
#[utoipa::path(get, path = "/api/v1/me/teams", operation_id = "listMyTeams", tag = "teams", params(Paged), responses((status = 200, body = TeamPage)))]
async fn list_own(
    State(app): State<App>,
    Who(caller): Who,
    Query(paged): Query<Paged>,
) -> Result<Json<TeamPage>, Problem> {
    let (from, limit) = paged.place()?;
    let page = team::list_own(&app.db, &app.world, &caller.actor, from, limit).await?;
    Ok(Json(page.into()))
}

/// A team to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TeamIn {
    /// Up to 255 characters; unique without case.
    name: String,
    /// Up to 10 000 characters.
    description: Option<String>,
}

/// Makes a team, which the caller owns.
#[utoipa::path(post, path = "/api/v1/teams", operation_id = "createTeam", tag = "teams", responses((status = 201, body = TeamOut, headers(("location" = String, description = "The path of what was made.")))))]
async fn create(
    State(app): State<App>,
    By(by): By<CreateTeams>,
    Json(input): Json<TeamIn>,
) -> Result<Created<TeamOut>, Problem> {
    let TeamIn { name, description } = input;
    let (by, new) = (&by, &NewTeam { name, description });
    let team =
        audited(&app.db, &app.world, |unit, _| Box::pin(team::create(unit, by, new.clone())));
    let body = TeamOut::from(team.await?);
    Ok(Created { path: format!("/api/v1/teams/{}", body.id), body })
}

/// A team.
#[utoipa::path(get, path = "/api/v1/teams/{id}", operation_id = "showTeam", tag = "teams", params(("id" = i64, Path)), responses((status = 200, body = TeamOut)))]
async fn show(
    State(app): State<App>,
    By(by): By<ReadTeams>,
    Path(id): Path<i64>,
) -> Result<Json<TeamOut>, Problem> {
    Ok(Json(team::by_id(&app.db, &by, id).await?.into()))
}

/// What changes: what is absent stays, `null` empties what can be empty (RFC 7396).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "a merge patch tells absent from null")]
struct TeamPatch {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String)]
    name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    description: Option<Option<String>>,
    /// `false` takes from its members what it gives them.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool)]
    is_active: Option<bool>,
}

/// Changes a team: its owners may, and whoever may change every team.
#[utoipa::path(patch, path = "/api/v1/teams/{id}", operation_id = "updateTeam", tag = "teams", params(("id" = i64, Path)), responses((status = 200, body = TeamOut)))]
async fn update(
    State(app): State<App>,
    Who(caller): Who,
    Path(id): Path<i64>,
    Json(input): Json<TeamPatch>,
) -> Result<Json<TeamOut>, Problem> {
    let TeamPatch { name, description, is_active } = input;
    let (actor, changes) = (&caller.actor, &TeamChanges { name, description, is_active });
    let team = audited(&app.db, &app.world, |unit, _| {
        Box::pin(team::update(unit, actor, id, changes.clone()))
    });
    Ok(Json(team.await?.into()))
}

/// Removes a team with its memberships and assignments.
#[utoipa::path(delete, path = "/api/v1/teams/{id}", operation_id = "deleteTeam", tag = "teams", params(("id" = i64, Path)), responses((status = 204)))]
async fn delete(
    State(app): State<App>,
    By(by): By<DeleteTeams>,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let by = &by;
    audited(&app.db, &app.world, |unit, _| Box::pin(team::delete(unit, by, id))).await?;
    Ok(StatusCode::NO_CONTENT)
}
