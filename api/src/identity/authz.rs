//! Who may do what, and why: for programs that ask this server before they do something.

use axum::extract::State;
use chrono::{DateTime, Utc};
use sea_orm::ActiveEnum as _;
use serde::{Deserialize, Serialize};
use service::{
    identity::{caller::Caller, user},
    rights::{self, Explanation, Grant, ReadPermissions, ReadTeams, ReadUsers},
    teams::access::{self, Access, Reason, Resource, ResourcePermission},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::Who,
    extract::{Json, objects, some_object},
};

/// How many questions are answered at once.
const MOST: usize = 100;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(check)).routes(routes!(explain))
}

/// Something that teams share.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AuthzResource {
    /// What kind of thing it is: `cloud_machine`.
    #[serde(rename = "type")]
    kind: String,
    /// Its key among the things of its kind.
    id: String,
}

/// Whether somebody may do that.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AuthzQuestion {
    /// The code of a permission: `user:read`; of a resource `read`, `write`, `execute`, `admin` or
    /// `shell`.
    permission: String,
    /// The resource that it is asked of; what teams give on it is what counts then.
    #[serde(default, deserialize_with = "some_object")]
    resource: Option<AuthzResource>,
}

/// Questions about one person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AuthzQuestions {
    /// The person; the caller without.
    user_id: Option<i64>,
    #[schema(min_items = 1, max_items = 100)]
    #[serde(deserialize_with = "objects")]
    questions: Vec<AuthzQuestion>,
}

/// The answer to a question.
#[derive(Debug, Serialize, ToSchema)]
struct AuthzAnswer {
    permission: String,
    resource: Option<AuthzResource>,
    is_allowed: bool,
}

/// The answers, in the order of the questions.
#[derive(Debug, Serialize, ToSchema)]
struct AuthzAnswers {
    answers: Vec<AuthzAnswer>,
}

/// Whether a person may do some things. About another person it takes `user:read`, and for what is
/// asked `permission:read`, of a resource `team:read`. A permission that nothing knows is not
/// found.
#[utoipa::path(post, path = "/api/v1/authz/check", operation_id = "checkPermissions", tag = "permissions", responses((status = 200, body = AuthzAnswers)))]
async fn check(
    State(app): State<App>,
    Who(caller): Who,
    Json(input): Json<AuthzQuestions>,
) -> Result<Json<AuthzAnswers>, Problem> {
    let AuthzQuestions { user_id, questions } = input;
    if !(1..=MOST).contains(&questions.len()) {
        return Err(Problem::invalid(&format!("`questions` must be 1 to {MOST}")));
    }
    let other = other(&app, &caller, user_id).await?;
    let mut answers = Vec::with_capacity(questions.len());
    for question in questions {
        let is_allowed = is_allowed(&app, &caller, other, &question).await?;
        let AuthzQuestion { permission, resource } = question;
        answers.push(AuthzAnswer { permission, resource, is_allowed });
    }
    Ok(Json(AuthzAnswers { answers }))
}

/// A question about one person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AuthzExplain {
    /// The person; the caller without.
    user_id: Option<i64>,
    /// As in a question of `POST /api/v1/authz/check`.
    permission: String,
    /// The same.
    #[serde(default, deserialize_with = "some_object")]
    resource: Option<AuthzResource>,
}

/// Why a person may do something, or may not.
#[derive(Debug, Serialize, ToSchema)]
struct AuthzExplanation {
    is_allowed: bool,
    /// Whether an API key that asks for itself may use the permission; true for everybody else.
    is_in_scope: bool,
    /// The same in a sentence, as to the person.
    summary: String,
    /// The roles that give the permission, by name; none when a resource is asked of.
    roles: Vec<AuthzRole>,
    /// What each team of theirs that has the resource gives, by the team's name.
    teams: Vec<AuthzTeam>,
}

/// A role by which a person has a permission.
#[derive(Debug, Serialize, ToSchema)]
struct AuthzRole {
    role: String,
    /// Since when the person has the role.
    role_since: DateTime<Utc>,
    /// Since when the role carries the permission.
    permission_since: DateTime<Utc>,
}

impl From<Grant> for AuthzRole {
    fn from(grant: Grant) -> Self {
        let Grant { role, role_since, permission_since } = grant;
        Self { role, role_since, permission_since }
    }
}

/// What a team gives a person on a resource, or why it gives nothing.
#[derive(Debug, Serialize, ToSchema)]
struct AuthzTeam {
    team: String,
    /// What the person is in it: `owner`, `admin`, `member` or `viewer`.
    role: String,
    /// Until when they are.
    expires_at: Option<DateTime<Utc>>,
    /// What the team may do with the resource.
    assigned: Vec<String>,
    /// What of it the person may.
    given: Vec<String>,
    /// Why that is less than what was assigned.
    because: Option<String>,
}

impl From<Reason> for AuthzTeam {
    fn from(reason: Reason) -> Self {
        let Reason { team, role, expires_at, assigned, given, because } = reason;
        let name = |permission: ResourcePermission| permission.name().to_owned();
        Self {
            team,
            role: role.to_value(),
            expires_at,
            assigned: assigned.into_iter().map(name).collect(),
            given: given.into_iter().map(name).collect(),
            because: because.map(str::to_owned),
        }
    }
}

/// Why a person may do something, or may not: by which role since when, or of a resource by which
/// team and as what in it. It takes what `POST /api/v1/authz/check` takes.
#[utoipa::path(post, path = "/api/v1/authz/explain", operation_id = "explainPermission", tag = "permissions", responses((status = 200, body = AuthzExplanation)))]
async fn explain(
    State(app): State<App>,
    Who(caller): Who,
    Json(input): Json<AuthzExplain>,
) -> Result<Json<AuthzExplanation>, Problem> {
    let AuthzExplain { user_id, permission, resource } = input;
    let other = other(&app, &caller, user_id).await?;
    let explanation = match &resource {
        None => by_roles(&app, &caller, other, &permission).await?,
        Some(resource) => {
            let permission = ResourcePermission::named(&permission)?;
            let access = on_resource(&app, &caller, other, resource).await?;
            AuthzExplanation {
                is_allowed: access.permissions.contains(&permission),
                is_in_scope: true,
                summary: access.to_string(),
                roles: Vec::new(),
                teams: access.reasons.into_iter().map(Into::into).collect(),
            }
        }
    };
    Ok(Json(explanation))
}

/// The person who is asked about, unless that is the caller.
async fn other(app: &App, caller: &Caller, user_id: Option<i64>) -> Result<Option<i64>, Problem> {
    let Some(id) = user_id.filter(|id| *id != caller.user.id) else { return Ok(None) };
    let by = app.rights.check::<ReadUsers>(&app.db, &caller.actor).await?;
    Ok(Some(user::by_id(&app.db, &by, id).await?.id))
}

async fn is_allowed(
    app: &App,
    caller: &Caller,
    other: Option<i64>,
    question: &AuthzQuestion,
) -> Result<bool, Problem> {
    let (App { db, rights, .. }, AuthzQuestion { permission, resource }) = (app, question);
    if let Some(resource) = resource {
        let permission = ResourcePermission::named(permission)?;
        let access = on_resource(app, caller, other, resource).await?;
        return Ok(access.permissions.contains(&permission));
    }
    Ok(match other {
        None => rights.has_permission(db, &caller.actor, permission).await?,
        Some(id) => {
            let by = rights.check::<ReadPermissions>(db, &caller.actor).await?;
            rights.has_permission_of(db, &by, id, permission).await?
        }
    })
}

async fn by_roles(
    app: &App,
    caller: &Caller,
    other: Option<i64>,
    code: &str,
) -> Result<AuthzExplanation, Problem> {
    let actor = &caller.actor;
    let explanation: Explanation = match other {
        None => rights::explain_own(&app.db, actor, code).await?,
        Some(id) => {
            let by = app.rights.check::<ReadPermissions>(&app.db, actor).await?;
            rights::explain(&app.db, &by, id, code).await?
        }
    };
    let is_in_scope = other.is_some() || actor.may_use(code);
    Ok(AuthzExplanation {
        is_allowed: explanation.is_allowed() && is_in_scope,
        is_in_scope,
        summary: explanation.to_string(),
        roles: explanation.grants.into_iter().map(Into::into).collect(),
        teams: Vec::new(),
    })
}

async fn on_resource(
    app: &App,
    caller: &Caller,
    other: Option<i64>,
    resource: &AuthzResource,
) -> Result<Access, Problem> {
    let App { db, rights, world, .. } = app;
    let resource = Resource::new(&resource.kind, &resource.id)?;
    Ok(match other {
        None => access::own(db, world, &caller.actor, &resource).await?,
        Some(id) => {
            let by = rights.check::<ReadTeams>(db, &caller.actor).await?;
            access::explain(db, world, &by, id, &resource).await?
        }
    })
}
