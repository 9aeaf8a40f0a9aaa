//! Permissions.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use service::{
    identity::permission::{self, NewPermission},
    rights::{CreatePermissions, DeletePermissions, ReadPermissions, UpdatePermissions},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::By,
    created::Created,
    extract::{Json, Path},
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(show, describe, delete))
}

/// Something that a role can allow.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PermissionOut {
    id: i64,
    /// `resource:action`.
    code: String,
    resource: String,
    action: String,
    description: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<permission::Model> for PermissionOut {
    fn from(permission: permission::Model) -> Self {
        let permission::Model {
            id,
            code,
            resource,
            action,
            description,
            created_at,
            updated_at,
            ..
        } = permission;
        Self { id, code, resource, action, description, created_at, updated_at }
    }
}

/// All permissions by code.
#[utoipa::path(get, path = "/api/v1/permissions", operation_id = "listPermissions", tag = "permissions", responses((status = 200, body = [PermissionOut])))]
async fn list(
    State(app): State<App>,
    By(by): By<ReadPermissions>,
) -> Result<Json<Vec<PermissionOut>>, Problem> {
    let permissions = permission::list(&app.db, &by).await?;
    Ok(Json(permissions.into_iter().map(Into::into).collect()))
}

/// A permission to add, for a tool beside this program.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PermissionIn {
    /// 1 to 100 of `a-z`, `0-9`, `_`, `-`, `.`.
    resource: String,
    /// The same.
    action: String,
    description: Option<String>,
}

/// Adds a permission.
#[utoipa::path(post, path = "/api/v1/permissions", operation_id = "createPermission", tag = "permissions", responses((status = 201, body = PermissionOut, headers(("location" = String, description = "The path of what was made.")))))]
async fn create(
    State(app): State<App>,
    By(by): By<CreatePermissions>,
    Json(input): Json<PermissionIn>,
) -> Result<Created<PermissionOut>, Problem> {
    let PermissionIn { resource, action, description } = input;
    let (by, new) = (&by, &NewPermission { resource, action, description });
    let created = app
        .rights
        .change(&app.db, |change, _| Box::pin(permission::create(change, by, new.clone())));
    let body = PermissionOut::from(created.await?);
    Ok(Created { path: format!("/api/v1/permissions/{}", body.id), body })
}

/// A permission.
#[utoipa::path(get, path = "/api/v1/permissions/{id}", operation_id = "showPermission", tag = "permissions", params(("id" = i64, Path)), responses((status = 200, body = PermissionOut)))]
async fn show(
    State(app): State<App>,
    By(by): By<ReadPermissions>,
    Path(id): Path<i64>,
) -> Result<Json<PermissionOut>, Problem> {
    Ok(Json(permission::by_id(&app.db, &by, id).await?.into()))
}

/// The one thing about a permission that can change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PermissionPatch {
    /// `null` empties it.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required)]
    description: Option<String>,
}

/// Says what a permission means.
#[utoipa::path(patch, path = "/api/v1/permissions/{id}", operation_id = "describePermission", tag = "permissions", params(("id" = i64, Path)), responses((status = 200, body = PermissionOut)))]
async fn describe(
    State(app): State<App>,
    By(by): By<UpdatePermissions>,
    Path(id): Path<i64>,
    Json(input): Json<PermissionPatch>,
) -> Result<Json<PermissionOut>, Problem> {
    let (by, description) = (&by, &input.description);
    let described = app.rights.change(&app.db, |change, _| {
        Box::pin(permission::describe(change, by, id, description.clone()))
    });
    Ok(Json(described.await?.into()))
}

/// Removes a permission that the program itself does not ask for.
#[utoipa::path(delete, path = "/api/v1/permissions/{id}", operation_id = "deletePermission", tag = "permissions", params(("id" = i64, Path)), responses((status = 204)))]
async fn delete(
    State(app): State<App>,
    By(by): By<DeletePermissions>,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let by = &by;
    app.rights.change(&app.db, |change, _| Box::pin(permission::delete(change, by, id))).await?;
    Ok(StatusCode::NO_CONTENT)
}
