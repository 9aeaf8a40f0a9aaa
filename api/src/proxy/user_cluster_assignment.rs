//! Who is assigned to a cluster.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use service::{
    audit::audited,
    entity::proxy::user_cluster_assignment::Model,
    proxy::assignment,
    rights::{AssignProxies, ReadProxies},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::By,
    extract::{Json, Path, Query},
    paged::Paged,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(assign, withdraw))
}

/// What somebody is in a cluster.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ClusterRole {
    Admin,
    ServiceOwner,
    Viewer,
}

impl From<ClusterRole> for assignment::ClusterRole {
    fn from(role: ClusterRole) -> Self {
        match role {
            ClusterRole::Admin => Self::Admin,
            ClusterRole::ServiceOwner => Self::ServiceOwner,
            ClusterRole::Viewer => Self::Viewer,
        }
    }
}

impl From<assignment::ClusterRole> for ClusterRole {
    fn from(role: assignment::ClusterRole) -> Self {
        match role {
            assignment::ClusterRole::Admin => Self::Admin,
            assignment::ClusterRole::ServiceOwner => Self::ServiceOwner,
            assignment::ClusterRole::Viewer => Self::Viewer,
        }
    }
}

/// Somebody is assigned to a cluster.
#[derive(Debug, Serialize, ToSchema)]
struct ClusterAssignment {
    user_id: i64,
    cluster_id: i64,
    role: ClusterRole,
    assigned_by_id: Option<i64>,
    assigned_at: DateTime<Utc>,
}

impl From<Model> for ClusterAssignment {
    fn from(assigned: Model) -> Self {
        Self {
            user_id: assigned.user_id,
            cluster_id: assigned.cluster_id,
            role: assigned.role.into(),
            assigned_by_id: assigned.assigned_by_id,
            assigned_at: assigned.assigned_at,
        }
    }
}

/// Some people of a cluster, and where the next page begins.
#[derive(Debug, Serialize, ToSchema)]
struct ClusterAssignments {
    assignments: Vec<ClusterAssignment>,
    /// For the parameter `cursor`; null behind the last page.
    next: Option<String>,
}

/// Who is assigned to a cluster now, in the order in which they came.
#[utoipa::path(get, path = "/api/v1/clusters/{id}/users", operation_id = "listClusterUsers", tag = "proxy", params(("id" = i64, Path), Paged), responses((status = 200, body = ClusterAssignments)))]
async fn list(
    State(app): State<App>,
    By(by): By<ReadProxies>,
    Path(id): Path<i64>,
    Query(which): Query<Paged>,
) -> Result<Json<ClusterAssignments>, Problem> {
    let (from, limit) = which.place()?;
    let page = assignment::list_cluster(&app.db, &by, id, from, limit).await?;
    Ok(Json(ClusterAssignments {
        assignments: page.rows.into_iter().map(Into::into).collect(),
        next: page.next.map(|next| next.to_string()),
    }))
}

/// What somebody is to be in a cluster.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewClusterRole {
    role: ClusterRole,
}

/// Assigns a person to a cluster, as that and no more as what they were before.
#[utoipa::path(put, path = "/api/v1/clusters/{id}/users/{user_id}", operation_id = "assignCluster", tag = "proxy", params(("id" = i64, Path), ("user_id" = i64, Path)), responses((status = 200, body = ClusterAssignment)))]
async fn assign(
    State(app): State<App>,
    By(by): By<AssignProxies>,
    Path((id, user_id)): Path<(i64, i64)>,
    Json(input): Json<NewClusterRole>,
) -> Result<Json<ClusterAssignment>, Problem> {
    let (by, role) = (&by, assignment::ClusterRole::from(input.role));
    let assigned = audited(&app.db, &app.world, |unit, _| {
        Box::pin(assignment::assign_cluster(unit, by, id, user_id, role))
    });
    Ok(Json(assigned.await?.into()))
}

/// Takes a cluster from a person; who has it not goes without.
#[utoipa::path(delete, path = "/api/v1/clusters/{id}/users/{user_id}", operation_id = "withdrawCluster", tag = "proxy", params(("id" = i64, Path), ("user_id" = i64, Path)), responses((status = 204)))]
async fn withdraw(
    State(app): State<App>,
    By(by): By<AssignProxies>,
    Path((id, user_id)): Path<(i64, i64)>,
) -> Result<StatusCode, Problem> {
    let by = &by;
    let withdrawn = audited(&app.db, &app.world, |unit, _| {
        Box::pin(assignment::withdraw_cluster(unit, by, id, user_id))
    });
    withdrawn.await?;
    Ok(StatusCode::NO_CONTENT)
}
