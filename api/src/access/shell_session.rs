//! Shells: who opens one on what, by which agent, and why.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use service::{
    access::shell::{self, Asked, Whose},
    audit::audited,
    page::Page,
    rights::{EndShells, ReadShells},
    teams::access::Resource,
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::{self, By, Who},
    created::Created,
    extract::{Json, Path, Query},
    paged::{self, Paged},
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, open))
        .routes(routes!(show))
        .routes(routes!(end))
        .routes(routes!(list_own))
        .routes(routes!(close))
}

/// A shell that somebody has or had.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ShellOut {
    id: i64,
    /// Its name to the outside.
    session_id: String,
    user_id: i64,
    /// The key of the agent, not its name to the outside.
    agent_id: i64,
    /// The team that gave the right; none, when the person had it themselves.
    team_id: Option<i64>,
    resource_type: String,
    resource_id: String,
    session_type: String,
    /// Why it was opened.
    reason: String,
    /// What ended it.
    end_reason: Option<String>,
    client_ip: Option<String>,
    /// Where the recording is kept.
    audit_log_path: Option<String>,
    started_at: DateTime<Utc>,
    /// It is open while there is none.
    ended_at: Option<DateTime<Utc>>,
}

impl From<shell::Model> for ShellOut {
    fn from(session: shell::Model) -> Self {
        Self {
            id: session.id,
            session_id: session.session_id,
            user_id: session.user_id,
            agent_id: session.agent_id,
            team_id: session.team_id,
            resource_type: session.resource_type,
            resource_id: session.resource_id,
            session_type: session.session_type,
            reason: session.reason,
            end_reason: session.end_reason,
            client_ip: session.client_ip,
            audit_log_path: session.audit_log_path,
            started_at: session.started_at,
            ended_at: session.ended_at,
        }
    }
}

/// Some shells, and where the next page begins.
#[derive(Debug, Serialize, ToSchema)]
struct ShellPage {
    shells: Vec<ShellOut>,
    /// For the parameter `cursor`; absent after the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl From<Page<shell::Model>> for ShellPage {
    fn from(page: Page<shell::Model>) -> Self {
        Self {
            shells: page.rows.into_iter().map(Into::into).collect(),
            next: page.next.map(|next| next.to_string()),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ShellQuery {
    /// Those that a person opened.
    user_id: Option<i64>,
    /// Those that an agent opened.
    agent_id: Option<i64>,
    /// Those that a team gave.
    team_id: Option<i64>,
    /// Those on a resource of this kind, together with `resource_id`.
    resource_type: Option<String>,
    /// Those on the resource with this key, together with `resource_type`.
    resource_id: Option<String>,
    /// Whether those that have ended are left out.
    open_only: Option<bool>,
    /// The `next` of the page before.
    cursor: Option<String>,
    /// How many at most: 1 to 100; 50 without.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
}

impl ShellQuery {
    fn whose(&self) -> Result<Whose, Problem> {
        let resource = match (&self.resource_type, &self.resource_id) {
            (Some(kind), Some(key)) => Some(Whose::Resource(Resource::new(kind, key)?)),
            (None, None) => None,
            _ => return Err(Problem::invalid("`resource_type` and `resource_id` go together")),
        };
        let person = self.user_id.map(Whose::Person);
        let agent = self.agent_id.map(Whose::Agent);
        let team = self.team_id.map(Whose::Team);
        let mut said = [person, agent, team, resource].into_iter().flatten();
        match (said.next(), said.next()) {
            (None, _) => Ok(Whose::Anybody),
            (Some(whose), None) => Ok(whose),
            (Some(_), Some(_)) => Err(Problem::invalid(
                "shells are those of one person, agent, team or resource, or all",
            )),
        }
    }
}

/// Shells, the newest first: all, or those of one person, agent, team or resource.
#[utoipa::path(get, path = "/api/v1/shell-sessions", operation_id = "listShells", tag = "access", params(ShellQuery), responses((status = 200, body = ShellPage)))]
async fn list(
    State(app): State<App>,
    By(by): By<ReadShells>,
    Query(query): Query<ShellQuery>,
) -> Result<Json<ShellPage>, Problem> {
    let (from, limit) = paged::place(query.cursor.as_deref(), query.limit)?;
    let whose = query.whose()?;
    let page = if query.open_only == Some(true) {
        shell::open_now(&app.db, &by, &whose, from, limit).await?
    } else {
        shell::list(&app.db, &by, &whose, from, limit).await?
    };
    Ok(Json(page.into()))
}

/// A shell, by its name to the outside.
#[utoipa::path(get, path = "/api/v1/shell-sessions/{session_id}", operation_id = "showShell", tag = "access", params(("session_id" = String, Path)), responses((status = 200, body = ShellOut)))]
async fn show(
    State(app): State<App>,
    By(by): By<ReadShells>,
    Path(session): Path<String>,
) -> Result<Json<ShellOut>, Problem> {
    Ok(Json(shell::by_name(&app.db, &by, &session).await?.into()))
}

/// A shell that the caller asks for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ShellIn {
    /// The key of the agent that is to open it.
    agent_id: i64,
    /// What kind of thing it is to be opened on: `cloud_machine`.
    resource_type: String,
    /// The key of that among the things of its kind.
    resource_id: String,
    /// What kind of session, of those that the agent can open: `ssh`, `kubectl`.
    session_type: String,
    /// Why it is needed, in three words at least and up to 2 000 characters.
    reason: String,
}

/// Opens a shell, for who has a team that gives one on the resource, or may open one everywhere.
#[utoipa::path(post, path = "/api/v1/shell-sessions", operation_id = "openShell", tag = "access", responses((status = 201, body = ShellOut, headers(("location" = String, description = "The path of what was made.")))))]
async fn open(
    State(app): State<App>,
    Who(caller): Who,
    auth::From(client): auth::From,
    Json(input): Json<ShellIn>,
) -> Result<Created<ShellOut>, Problem> {
    let ShellIn { agent_id, resource_type, resource_id, session_type, reason } = input;
    let resource = Resource::new(&resource_type, &resource_id)?;
    let asked = &Asked { agent_id, resource, session_type, reason, client_ip: client.ip };
    let (actor, world) = (&caller.actor, &app.world);
    let session =
        audited(&app.db, world, |unit, _| Box::pin(shell::open(unit, world, actor, asked)));
    let body = ShellOut::from(session.await?);
    Ok(Created { path: format!("/api/v1/shell-sessions/{}", body.session_id), body })
}

/// Why a shell ends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EndIn {
    /// Up to 100 characters.
    pub(super) end_reason: String,
}

/// Ends a shell, whoever has it.
#[utoipa::path(post, path = "/api/v1/shell-sessions/{session_id}/end", operation_id = "endShell", tag = "access", params(("session_id" = String, Path)), responses((status = 200, body = ShellOut)))]
async fn end(
    State(app): State<App>,
    By(by): By<EndShells>,
    Path(session): Path<String>,
    Json(input): Json<EndIn>,
) -> Result<Json<ShellOut>, Problem> {
    let (by, session, reason) = (&by, &session, &input.end_reason);
    let ended =
        audited(&app.db, &app.world, |unit, _| Box::pin(shell::end(unit, by, session, reason)));
    Ok(Json(ended.await?.into()))
}

/// The caller's shells, open or ended, the newest first.
#[utoipa::path(get, path = "/api/v1/me/shell-sessions", operation_id = "listMyShells", tag = "access", params(Paged), responses((status = 200, body = ShellPage)))]
async fn list_own(
    State(app): State<App>,
    Who(caller): Who,
    Query(paged): Query<Paged>,
) -> Result<Json<ShellPage>, Problem> {
    let (from, limit) = paged.place()?;
    Ok(Json(shell::list_own(&app.db, &caller.actor, from, limit).await?.into()))
}

/// Ends a shell of the caller.
#[utoipa::path(post, path = "/api/v1/me/shell-sessions/{session_id}/end", operation_id = "endMyShell", tag = "access", params(("session_id" = String, Path)), responses((status = 200, body = ShellOut)))]
async fn close(
    State(app): State<App>,
    Who(caller): Who,
    Path(session): Path<String>,
    Json(input): Json<EndIn>,
) -> Result<Json<ShellOut>, Problem> {
    let (actor, session, reason) = (&caller.actor, &session, &input.end_reason);
    let ended = audited(&app.db, &app.world, |unit, _| {
        Box::pin(shell::close(unit, actor, session, reason))
    });
    Ok(Json(ended.await?.into()))
}
