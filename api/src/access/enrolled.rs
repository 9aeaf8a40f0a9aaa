//! What agents themselves do: they enrol by a key, and prove themselves by their token afterwards.

use std::{collections::BTreeSet, net::IpAddr};

use axum::{extract::State, http::StatusCode};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use service::{
    access::{
        agent::{self, NewAgent},
        shell,
    },
    entity::access::access_agent::Entity,
    records::Document,
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access_agent::{PATH, SHOWN},
    shell_session::{EndIn, ShellOut},
};
use crate::{
    App, Problem,
    auth::Key,
    created::Created,
    extract::{Json, Path},
    plain::document,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(enroll))
        .routes(routes!(heartbeat))
        .routes(routes!(shells))
        .routes(routes!(ended))
        .routes(routes!(recorded))
}

/// What an agent says about itself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EnrollIn {
    /// What its machine is called, up to 255 characters.
    hostname: String,
    /// Where it is reached.
    #[schema(value_type = Option<String>)]
    ip_address: Option<IpAddr>,
    /// The kinds of session that it can open, up to 50: `ssh`, `kubectl`.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    capabilities: BTreeSet<String>,
}

/// An agent that got in.
#[derive(Serialize, ToSchema)]
struct EnrolledAgent {
    #[schema(value_type = Object)]
    agent: Document,
    /// What it proves itself with from now on; shown this once.
    token: String,
}

/// Lets an agent in by an enrolment key, which stands where the token of a person would.
#[utoipa::path(post, path = "/api/v1/access-agents/enroll", operation_id = "enrollAccessAgent", tag = "access", responses((status = 201, body = EnrolledAgent, headers(("location" = String, description = "The path of what was made.")))))]
async fn enroll(
    State(app): State<App>,
    Key(key): Key,
    Json(input): Json<EnrollIn>,
) -> Result<Created<EnrolledAgent>, Problem> {
    let EnrollIn { hostname, ip_address, capabilities } = input;
    let new = NewAgent { hostname, ip_address, capabilities };
    let enrolled = agent::enroll(&app.db, &app.world, key.expose_secret(), new);
    let enrolled = enrolled.await.map_err(Problem::of_token)?;
    let path = format!("{PATH}/{}", enrolled.agent.id);
    let Json(agent) = document::<Entity>(&enrolled.agent, SHOWN);
    let token = enrolled.token.expose_secret().to_owned();
    Ok(Created { path, body: EnrolledAgent { agent, token } })
}

/// Says that an agent is there; it proves itself by its token.
#[utoipa::path(post, path = "/api/v1/access-agents/self/heartbeat", operation_id = "beatAccessAgent", tag = "access", responses((status = 204)))]
async fn heartbeat(State(app): State<App>, Key(key): Key) -> Result<StatusCode, Problem> {
    let heard = agent::heartbeat(&app.db, &app.world, key.expose_secret());
    heard.await.map_err(Problem::of_token)?;
    Ok(StatusCode::NO_CONTENT)
}

/// The shells that are open by the agent that asks. What else it has was ended, and is to be cut.
#[utoipa::path(get, path = "/api/v1/access-agents/self/shell-sessions", operation_id = "listAccessAgentShells", tag = "access", responses((status = 200, body = [ShellOut])))]
async fn shells(State(app): State<App>, Key(key): Key) -> Result<Json<Vec<ShellOut>>, Problem> {
    let sessions = shell::of_agent(&app.db, key.expose_secret()).await;
    let sessions = sessions.map_err(Problem::of_token)?;
    Ok(Json(sessions.into_iter().map(Into::into).collect()))
}

/// Says that a shell is over, by the agent that had it.
#[utoipa::path(post, path = "/api/v1/access-agents/self/shell-sessions/{session_id}/end", operation_id = "reportShellEnd", tag = "access", params(("session_id" = String, Path)), responses((status = 200, body = ShellOut)))]
async fn ended(
    State(app): State<App>,
    Key(key): Key,
    Path(session): Path<String>,
    Json(input): Json<EndIn>,
) -> Result<Json<ShellOut>, Problem> {
    let token = key.expose_secret();
    let ended = shell::ended(&app.db, &app.world, token, &session, &input.end_reason).await;
    Ok(Json(ended.map_err(Problem::of_token)?.into()))
}

/// Where a shell was recorded.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RecordingIn {
    /// Up to 500 characters.
    audit_log_path: String,
}

/// Keeps where a shell was recorded, by the agent that has it or had it. It is said once.
#[utoipa::path(put, path = "/api/v1/access-agents/self/shell-sessions/{session_id}/recording", operation_id = "reportShellRecording", tag = "access", params(("session_id" = String, Path)), responses((status = 204)))]
async fn recorded(
    State(app): State<App>,
    Key(key): Key,
    Path(session): Path<String>,
    Json(input): Json<RecordingIn>,
) -> Result<StatusCode, Problem> {
    let token = key.expose_secret();
    let kept = shell::recorded(&app.db, token, &session, &input.audit_log_path).await;
    kept.map_err(Problem::of_token)?;
    Ok(StatusCode::NO_CONTENT)
}
