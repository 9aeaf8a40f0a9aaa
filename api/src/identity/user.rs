//! People, for those who may manage them.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use service::{
    identity::{
        permission, reset, role, session,
        user::{self, NewUser, OwnChanges, ThemePreference, UserChanges},
    },
    page::{Cursor, MOST_PER_PAGE},
    rights::{
        AssignRoles, CreateUsers, DeleteUsers, ReadPermissions, ReadRoles, ReadUsers, UpdateUsers,
    },
    seen::Seen,
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{permission::PermissionOut, role::RoleOut, session::SessionOut};
use crate::{
    App, Problem,
    auth::By,
    created::Created,
    extract::{Json, Path, Query, given, present},
    tagged::{self, Tagged},
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, update, delete))
        .routes(routes!(roles))
        .routes(routes!(assign, revoke))
        .routes(routes!(permissions))
        .routes(routes!(sessions))
        .routes(routes!(end_session))
        .routes(routes!(start_reset))
}

/// Which colours a person wants to see.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Theme {
    Light,
    Dark,
    System,
}

impl From<Theme> for ThemePreference {
    fn from(theme: Theme) -> Self {
        match theme {
            Theme::Light => Self::Light,
            Theme::Dark => Self::Dark,
            Theme::System => Self::System,
        }
    }
}

/// A person. Hashes and seeds are no part of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserOut {
    id: i64,
    username: String,
    email: Option<String>,
    full_name: Option<String>,
    bio: Option<String>,
    is_active: bool,
    is_verified: bool,
    /// Whether a login needs a one-time password.
    has_second_factor: bool,
    /// Whether they can log in by password at all.
    has_password: bool,
    theme_preference: Theme,
    last_login_at: Option<DateTime<Utc>>,
    current_login_at: Option<DateTime<Utc>>,
    login_count: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl UserOut {
    /// The answer to the person's making.
    pub(super) fn created(self) -> Created<Self> {
        Created { path: format!("/api/v1/users/{}", self.id), body: self }
    }
}

impl From<user::Model> for UserOut {
    fn from(user: user::Model) -> Self {
        let theme_preference = match user.theme_preference {
            ThemePreference::Light => Theme::Light,
            ThemePreference::Dark => Theme::Dark,
            ThemePreference::System => Theme::System,
        };
        Self {
            id: user.id,
            username: user.username,
            email: user.email,
            full_name: user.full_name,
            bio: user.bio,
            is_active: user.is_active,
            is_verified: user.is_verified,
            has_second_factor: user.totp_enabled,
            has_password: user.password_hash.is_some(),
            theme_preference,
            last_login_at: user.last_login_at,
            current_login_at: user.current_login_at,
            login_count: user.login_count,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

/// Some people, and where the next page begins.
#[derive(Debug, Serialize, ToSchema)]
struct UserPage {
    users: Vec<UserOut>,
    /// For the parameter `after`; absent after the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct PageQuery {
    /// The `next` of the page before.
    after: Option<String>,
    /// How many at most: 1 to 100; 50 without.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
}

/// People in the order in which they came.
#[utoipa::path(get, path = "/api/v1/users", operation_id = "listUsers", tag = "users", params(PageQuery), responses((status = 200, body = UserPage)))]
async fn list(
    State(app): State<App>,
    By(by): By<ReadUsers>,
    Query(page): Query<PageQuery>,
) -> Result<Json<UserPage>, Problem> {
    let after: Option<Cursor> = page.after.map(|text| text.parse()).transpose()?;
    let limit = page.limit.unwrap_or(50);
    if !(1..=MOST_PER_PAGE).contains(&limit) {
        return Err(Problem::invalid(&format!(
            "`limit` is {limit}, and must be 1 to {MOST_PER_PAGE}"
        )));
    }
    let page = user::list(&app.db, &by, after, limit).await?;
    Ok(Json(UserPage {
        users: page.rows.into_iter().map(Into::into).collect(),
        next: page.next.map(|next| next.to_string()),
    }))
}

/// A person to add. They choose their password by a reset.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UserIn {
    username: String,
    email: Option<String>,
    full_name: Option<String>,
    bio: Option<String>,
}

/// Adds a person, with the role that the setting `users.default_role` names.
#[utoipa::path(post, path = "/api/v1/users", operation_id = "createUser", tag = "users", responses((status = 201, body = UserOut, headers(("location" = String, description = "The path of what was made.")))))]
async fn create(
    State(app): State<App>,
    By(by): By<CreateUsers>,
    Json(input): Json<UserIn>,
) -> Result<Created<UserOut>, Problem> {
    let UserIn { username, email, full_name, bio } = input;
    let new = &NewUser { username, email, full_name, bio, password: None };
    let by = &by;
    let created =
        app.rights.change(&app.db, |change, _| Box::pin(user::create(change, by, new.clone())));
    let created = created.await?;
    app.bell.ring();
    Ok(UserOut::from(created).created())
}

/// A person.
#[utoipa::path(get, path = "/api/v1/users/{id}", operation_id = "showUser", tag = "users", params(("id" = i64, Path)), responses((status = 200, body = UserOut, headers(("etag" = String, description = "Which state of it this is, for `If-Match`.")))))]
async fn show(
    State(app): State<App>,
    By(by): By<ReadUsers>,
    Path(id): Path<i64>,
) -> Result<Tagged<UserOut>, Problem> {
    Ok(Tagged(user::by_id(&app.db, &by, id).await?.into()))
}

/// What changes: what is absent stays, `null` empties what can be empty (RFC 7396).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "a merge patch tells absent from null")]
struct UserPatch {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String)]
    username: Option<String>,
    /// A new one is not verified.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    email: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    full_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    bio: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Theme)]
    theme_preference: Option<Theme>,
    /// `false` ends all sessions of the person.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool)]
    is_active: Option<bool>,
}

/// Changes a person, lets them in, or shuts them out: all of it, or nothing; only while they are as
/// `If-Match` says.
#[utoipa::path(patch, path = "/api/v1/users/{id}", operation_id = "updateUser", tag = "users", params(("id" = i64, Path), ("If-Match" = String, Header, description = "The `ETag` of the state that is to be changed; any, when it is `*`.")), responses((status = 200, body = UserOut, headers(("etag" = String, description = "Which state of it this is, for `If-Match`.")))))]
async fn update(
    State(app): State<App>,
    By(by): By<UpdateUsers>,
    Path(id): Path<i64>,
    headers: HeaderMap,
    Json(input): Json<UserPatch>,
) -> Result<Tagged<UserOut>, Problem> {
    let tags = tagged::wanted(&headers, true)?;
    let seen = tags.as_deref().map(|tags| Seen { tag: tagged::of::<user::Model, UserOut>, tags });
    let UserPatch { username, email, full_name, bio, theme_preference, is_active } = input;
    let theme_preference = theme_preference.map(Into::into);
    let own = OwnChanges { full_name, bio, theme_preference };
    let (by, changes, seen) = (&by, &UserChanges { username, email, own }, seen.as_ref());
    let updated = app.rights.change(&app.db, |change, _| {
        Box::pin(async move {
            if let Some(seen) = seen {
                user::as_seen(change, by, id, seen).await?;
            }
            let user = user::update(change, by, id, changes.clone()).await?;
            match is_active {
                Some(active) => user::set_active(change, by, id, active).await,
                None => Ok(user),
            }
        })
    });
    let updated = updated.await.map_err(|error| tagged::refused(error, tags.is_some()))?;
    app.bell.ring();
    Ok(Tagged(updated.into()))
}

/// Removes a person with everything of theirs.
#[utoipa::path(delete, path = "/api/v1/users/{id}", operation_id = "deleteUser", tag = "users", params(("id" = i64, Path)), responses((status = 204)))]
async fn delete(
    State(app): State<App>,
    By(by): By<DeleteUsers>,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let by = &by;
    app.rights.change(&app.db, |change, _| Box::pin(user::delete(change, by, id))).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The roles that a person has.
#[utoipa::path(get, path = "/api/v1/users/{id}/roles", operation_id = "listUserRoles", tag = "users", params(("id" = i64, Path)), responses((status = 200, body = [RoleOut])))]
async fn roles(
    State(app): State<App>,
    By(by): By<ReadRoles>,
    Path(id): Path<i64>,
) -> Result<Json<Vec<RoleOut>>, Problem> {
    let roles = role::of_user(&app.db, &by, id).await?;
    Ok(Json(roles.into_iter().map(Into::into).collect()))
}

/// Gives a person a role; who has it already keeps it.
#[utoipa::path(put, path = "/api/v1/users/{id}/roles/{role_id}", operation_id = "assignRole", tag = "users", params(("id" = i64, Path), ("role_id" = i64, Path)), responses((status = 204)))]
async fn assign(
    State(app): State<App>,
    By(by): By<AssignRoles>,
    Path((id, role_id)): Path<(i64, i64)>,
) -> Result<StatusCode, Problem> {
    let by = &by;
    app.rights.change(&app.db, |change, _| Box::pin(role::assign(change, by, id, role_id))).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a role from a person; who has it not goes without.
#[utoipa::path(delete, path = "/api/v1/users/{id}/roles/{role_id}", operation_id = "revokeRole", tag = "users", params(("id" = i64, Path), ("role_id" = i64, Path)), responses((status = 204)))]
async fn revoke(
    State(app): State<App>,
    By(by): By<AssignRoles>,
    Path((id, role_id)): Path<(i64, i64)>,
) -> Result<StatusCode, Problem> {
    let by = &by;
    app.rights.change(&app.db, |change, _| Box::pin(role::revoke(change, by, id, role_id))).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The permissions that any of a person's roles carries.
#[utoipa::path(get, path = "/api/v1/users/{id}/permissions", operation_id = "listUserPermissions", tag = "users", params(("id" = i64, Path)), responses((status = 200, body = [PermissionOut])))]
async fn permissions(
    State(app): State<App>,
    By(by): By<ReadPermissions>,
    Path(id): Path<i64>,
) -> Result<Json<Vec<PermissionOut>>, Problem> {
    let permissions = permission::of_user(&app.db, &by, id).await?;
    Ok(Json(permissions.into_iter().map(Into::into).collect()))
}

/// The sessions of a person, the newest first.
#[utoipa::path(get, path = "/api/v1/users/{id}/sessions", operation_id = "listUserSessions", tag = "users", params(("id" = i64, Path)), responses((status = 200, body = [SessionOut])))]
async fn sessions(
    State(app): State<App>,
    By(by): By<ReadUsers>,
    Path(id): Path<i64>,
) -> Result<Json<Vec<SessionOut>>, Problem> {
    let sessions = session::list_of(&app.db, &app.world, &by, id).await?;
    Ok(Json(sessions.into_iter().map(|session| SessionOut::of(session, None)).collect()))
}

/// Ends a session of a person.
#[utoipa::path(delete, path = "/api/v1/users/{id}/sessions/{session_id}", operation_id = "endUserSession", tag = "users", params(("id" = i64, Path), ("session_id" = String, Path)), responses((status = 204)))]
async fn end_session(
    State(app): State<App>,
    By(by): By<UpdateUsers>,
    Path((id, session)): Path<(i64, String)>,
) -> Result<StatusCode, Problem> {
    session::end_of(&app.db, &app.world, &by, id, &session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A reset to hand to its person. Not shown again.
#[derive(Serialize, ToSchema)]
struct ResetOut {
    /// For `POST /api/v1/password-reset`.
    token: String,
    expires_at: DateTime<Utc>,
}

/// Starts a password reset for a person, who chooses the password: nobody sets that of another.
#[utoipa::path(post, path = "/api/v1/users/{id}/password-reset", operation_id = "startPasswordReset", tag = "users", params(("id" = i64, Path)), responses((status = 201, body = ResetOut)))]
async fn start_reset(
    State(app): State<App>,
    By(by): By<UpdateUsers>,
    Path(id): Path<i64>,
) -> Result<(StatusCode, Json<ResetOut>), Problem> {
    let (by, world) = (&by, &app.world);
    let reset = app
        .rights
        .change(&app.db, |change, _| Box::pin(reset::start(change, world, by, id)))
        .await?;
    let token = reset.token.expose_secret().to_owned();
    Ok((StatusCode::CREATED, Json(ResetOut { token, expires_at: reset.expires_at })))
}
