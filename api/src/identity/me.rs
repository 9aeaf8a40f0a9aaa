//! The caller's own account.

use axum::{extract::State, http::StatusCode};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use service::identity::{
    session,
    user::{self, OwnChanges},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    session::SessionOut,
    user::{Theme, UserOut},
};
use crate::{
    App, Problem,
    auth::{InPerson, Who},
    extract::{Json, Path, given, present},
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show, update))
        .routes(routes!(change_password))
        .routes(routes!(sessions, end_others))
        .routes(routes!(end))
}

/// The caller, and what they may do here.
#[derive(Debug, Serialize, ToSchema)]
struct Me {
    user: UserOut,
    /// The folded names of their roles.
    roles: Vec<String>,
    /// The codes of what they may do with this token.
    permissions: Vec<String>,
}

/// Who is asking, with their roles and what they may do.
#[utoipa::path(get, path = "/api/v1/me", operation_id = "showMe", tag = "me", responses((status = 200, body = Me)))]
async fn show(State(app): State<App>, Who(caller): Who) -> Result<Json<Me>, Problem> {
    let held = app.rights.held(&app.db, caller.user.id).await?;
    let usable = held.codes.iter().filter(|code| caller.actor.may_use(code));
    Ok(Json(Me {
        permissions: usable.cloned().collect(),
        roles: held.roles.values().cloned().collect(),
        user: caller.user.into(),
    }))
}

/// What changes: what is absent stays, `null` empties what can be empty (RFC 7396).
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "a merge patch tells absent from null")]
pub(super) struct OwnPatch {
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    full_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    bio: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Theme)]
    theme_preference: Option<Theme>,
}

/// Changes what people may change about themselves.
#[utoipa::path(patch, path = "/api/v1/me", operation_id = "updateMe", tag = "me", responses((status = 200, body = UserOut)))]
async fn update(
    State(app): State<App>,
    InPerson(caller): InPerson,
    Json(input): Json<OwnPatch>,
) -> Result<Json<UserOut>, Problem> {
    let OwnPatch { full_name, bio, theme_preference } = input;
    let theme_preference = theme_preference.map(Into::into);
    let changes = OwnChanges { full_name, bio, theme_preference };
    let user = user::update_own(&app.db, &app.world, &caller.actor, changes).await?;
    Ok(Json(user.into()))
}

/// The old password and the new one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangePassword {
    #[schema(value_type = String, write_only)]
    current: SecretString,
    /// 8 to 256 characters.
    #[schema(value_type = String, write_only)]
    new: SecretString,
}

/// Changes the password; ends the other sessions.
#[utoipa::path(post, path = "/api/v1/me/password", operation_id = "changeMyPassword", tag = "me", responses((status = 204)))]
async fn change_password(
    State(app): State<App>,
    InPerson(caller): InPerson,
    Json(input): Json<ChangePassword>,
) -> Result<StatusCode, Problem> {
    let ChangePassword { current, new } = input;
    let App { db, world, hasher, bell, .. } = &app;
    session::change_password(db, world, hasher, &caller, &current, &new).await?;
    bell.ring();
    Ok(StatusCode::NO_CONTENT)
}

/// The caller's sessions, the newest first.
#[utoipa::path(get, path = "/api/v1/me/sessions", operation_id = "listMySessions", tag = "me", responses((status = 200, body = [SessionOut])))]
async fn sessions(
    State(app): State<App>,
    InPerson(caller): InPerson,
) -> Result<Json<Vec<SessionOut>>, Problem> {
    let sessions = session::list(&app.db, &app.world, &caller.actor).await?;
    let out = |session| SessionOut::of(session, caller.session.as_deref());
    Ok(Json(sessions.into_iter().map(out).collect()))
}

/// Ends all sessions of the caller but the one that the request comes in.
#[utoipa::path(delete, path = "/api/v1/me/sessions", operation_id = "endMyOtherSessions", tag = "me", responses((status = 204)))]
async fn end_others(
    State(app): State<App>,
    InPerson(caller): InPerson,
) -> Result<StatusCode, Problem> {
    session::end_others(&app.db, &app.world, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends one of the caller's sessions.
#[utoipa::path(delete, path = "/api/v1/me/sessions/{id}", operation_id = "endMySession", tag = "me", params(("id" = String, Path, description = "The session.")), responses((status = 204)))]
async fn end(
    State(app): State<App>,
    InPerson(caller): InPerson,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    session::end(&app.db, &app.world, &caller.actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
