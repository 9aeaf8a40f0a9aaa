//! Roles, and what they carry.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use service::{
    identity::{
        permission,
        role::{self, NewRole, RoleChanges},
    },
    rights::{CreateRoles, DeleteRoles, GrantPermissions, ReadPermissions, ReadRoles, UpdateRoles},
    seen::Seen,
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::permission::PermissionOut;
use crate::{
    App, Problem,
    auth::By,
    created::Created,
    extract::{Json, Path, given, present},
    tagged::{self, Tagged},
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, update, delete))
        .routes(routes!(permissions))
        .routes(routes!(grant, withdraw))
}

/// A role.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RoleOut {
    id: i64,
    name: String,
    description: Option<String>,
    /// Whether the program relies on it: it can be neither deleted nor renamed.
    is_system: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<role::Model> for RoleOut {
    fn from(role: role::Model) -> Self {
        let role::Model { id, name, description, is_system, created_at, updated_at, .. } = role;
        Self { id, name, description, is_system, created_at, updated_at }
    }
}

/// All roles by name.
#[utoipa::path(get, path = "/api/v1/roles", operation_id = "listRoles", tag = "roles", responses((status = 200, body = [RoleOut])))]
async fn list(
    State(app): State<App>,
    By(by): By<ReadRoles>,
) -> Result<Json<Vec<RoleOut>>, Problem> {
    let roles = role::list(&app.db, &by).await?;
    Ok(Json(roles.into_iter().map(Into::into).collect()))
}

/// A role to add. It carries nothing until permissions are granted to it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RoleIn {
    name: String,
    description: Option<String>,
}

/// Adds a role.
#[utoipa::path(post, path = "/api/v1/roles", operation_id = "createRole", tag = "roles", responses((status = 201, body = RoleOut, headers(("location" = String, description = "The path of what was made.")))))]
async fn create(
    State(app): State<App>,
    By(by): By<CreateRoles>,
    Json(input): Json<RoleIn>,
) -> Result<Created<RoleOut>, Problem> {
    let RoleIn { name, description } = input;
    let (by, new) = (&by, &NewRole { name, description });
    let created =
        app.rights.change(&app.db, |change, _| Box::pin(role::create(change, by, new.clone())));
    let body = RoleOut::from(created.await?);
    Ok(Created { path: format!("/api/v1/roles/{}", body.id), body })
}

/// A role.
#[utoipa::path(get, path = "/api/v1/roles/{id}", operation_id = "showRole", tag = "roles", params(("id" = i64, Path)), responses((status = 200, body = RoleOut, headers(("etag" = String, description = "Which state of it this is, for `If-Match`.")))))]
async fn show(
    State(app): State<App>,
    By(by): By<ReadRoles>,
    Path(id): Path<i64>,
) -> Result<Tagged<RoleOut>, Problem> {
    Ok(Tagged(role::by_id(&app.db, &by, id).await?.into()))
}

/// What changes: what is absent stays, `null` empties what can be empty (RFC 7396).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "a merge patch tells absent from null")]
struct RolePatch {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String)]
    name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    description: Option<Option<String>>,
}

/// Renames or describes a role; only while it is as `If-Match` says.
#[utoipa::path(patch, path = "/api/v1/roles/{id}", operation_id = "updateRole", tag = "roles", params(("id" = i64, Path), ("If-Match" = String, Header, description = "The `ETag` of the state that is to be changed; any, when it is `*`.")), responses((status = 200, body = RoleOut, headers(("etag" = String, description = "Which state of it this is, for `If-Match`.")))))]
async fn update(
    State(app): State<App>,
    By(by): By<UpdateRoles>,
    Path(id): Path<i64>,
    headers: HeaderMap,
    Json(input): Json<RolePatch>,
) -> Result<Tagged<RoleOut>, Problem> {
    let RolePatch { name, description } = input;
    let tags = tagged::wanted(&headers, true)?;
    let seen = tags.as_deref().map(|tags| Seen { tag: tagged::of::<role::Model, RoleOut>, tags });
    let (by, changes, seen) = (&by, &RoleChanges { name, description }, seen.as_ref());
    let updated = app.rights.change(&app.db, |change, _| {
        Box::pin(async move {
            if let Some(seen) = seen {
                role::as_seen(change, by, id, seen).await?;
            }
            role::update(change, by, id, changes.clone()).await
        })
    });
    let updated = updated.await.map_err(|error| tagged::refused(error, tags.is_some()))?;
    Ok(Tagged(updated.into()))
}

/// Removes a role; whoever had it has it no more.
#[utoipa::path(delete, path = "/api/v1/roles/{id}", operation_id = "deleteRole", tag = "roles", params(("id" = i64, Path)), responses((status = 204)))]
async fn delete(
    State(app): State<App>,
    By(by): By<DeleteRoles>,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let by = &by;
    app.rights.change(&app.db, |change, _| Box::pin(role::delete(change, by, id))).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The permissions that a role carries.
#[utoipa::path(get, path = "/api/v1/roles/{id}/permissions", operation_id = "listRolePermissions", tag = "roles", params(("id" = i64, Path)), responses((status = 200, body = [PermissionOut])))]
async fn permissions(
    State(app): State<App>,
    By(by): By<ReadPermissions>,
    Path(id): Path<i64>,
) -> Result<Json<Vec<PermissionOut>>, Problem> {
    let permissions = permission::of_role(&app.db, &by, id).await?;
    Ok(Json(permissions.into_iter().map(Into::into).collect()))
}

/// Grants a permission to a role; one that carries it goes on.
#[utoipa::path(put, path = "/api/v1/roles/{id}/permissions/{permission_id}", operation_id = "grantPermission", tag = "roles", params(("id" = i64, Path), ("permission_id" = i64, Path)), responses((status = 204)))]
async fn grant(
    State(app): State<App>,
    By(by): By<GrantPermissions>,
    Path((id, permission_id)): Path<(i64, i64)>,
) -> Result<StatusCode, Problem> {
    let by = &by;
    let grant = app
        .rights
        .change(&app.db, |change, _| Box::pin(permission::grant(change, by, id, permission_id)));
    grant.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Withdraws a permission from a role; one that does not carry it goes without.
#[utoipa::path(delete, path = "/api/v1/roles/{id}/permissions/{permission_id}", operation_id = "withdrawPermission", tag = "roles", params(("id" = i64, Path), ("permission_id" = i64, Path)), responses((status = 204)))]
async fn withdraw(
    State(app): State<App>,
    By(by): By<GrantPermissions>,
    Path((id, permission_id)): Path<(i64, i64)>,
) -> Result<StatusCode, Problem> {
    let by = &by;
    let withdrawal = app
        .rights
        .change(&app.db, |change, _| Box::pin(permission::withdraw(change, by, id, permission_id)));
    withdrawal.await?;
    Ok(StatusCode::NO_CONTENT)
}
