//! Who is assigned to a service alone.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::Serialize;
use service::{
    audit::audited,
    entity::proxy::user_service_assignment::Model,
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

/// Somebody is assigned to a service.
#[derive(Debug, Serialize, ToSchema)]
struct ServiceAssignment {
    user_id: i64,
    service_id: i64,
    assigned_by_id: Option<i64>,
    assigned_at: DateTime<Utc>,
}

impl From<Model> for ServiceAssignment {
    fn from(assigned: Model) -> Self {
        Self {
            user_id: assigned.user_id,
            service_id: assigned.service_id,
            assigned_by_id: assigned.assigned_by_id,
            assigned_at: assigned.assigned_at,
        }
    }
}

/// Some people of a service, and where the next page begins.
#[derive(Debug, Serialize, ToSchema)]
struct ServiceAssignments {
    assignments: Vec<ServiceAssignment>,
    /// For the parameter `cursor`; null behind the last page.
    next: Option<String>,
}

/// Who is assigned to a service now, apart from who sees it by its cluster.
#[utoipa::path(get, path = "/api/v1/services/{id}/users", operation_id = "listServiceUsers", tag = "proxy", params(("id" = i64, Path), Paged), responses((status = 200, body = ServiceAssignments)))]
async fn list(
    State(app): State<App>,
    By(by): By<ReadProxies>,
    Path(id): Path<i64>,
    Query(which): Query<Paged>,
) -> Result<Json<ServiceAssignments>, Problem> {
    let (from, limit) = which.place()?;
    let page = assignment::list_service(&app.db, &by, id, from, limit).await?;
    Ok(Json(ServiceAssignments {
        assignments: page.rows.into_iter().map(Into::into).collect(),
        next: page.next.map(|next| next.to_string()),
    }))
}

/// Assigns a person to a service; who has it already keeps it.
#[utoipa::path(put, path = "/api/v1/services/{id}/users/{user_id}", operation_id = "assignService", tag = "proxy", params(("id" = i64, Path), ("user_id" = i64, Path)), responses((status = 200, body = ServiceAssignment)))]
async fn assign(
    State(app): State<App>,
    By(by): By<AssignProxies>,
    Path((id, user_id)): Path<(i64, i64)>,
) -> Result<Json<ServiceAssignment>, Problem> {
    let by = &by;
    let assigned = audited(&app.db, &app.world, |unit, _| {
        Box::pin(assignment::assign_service(unit, by, id, user_id))
    });
    Ok(Json(assigned.await?.into()))
}

/// Takes a service from a person; who has it not goes without. What their cluster shows them stays.
#[utoipa::path(delete, path = "/api/v1/services/{id}/users/{user_id}", operation_id = "withdrawService", tag = "proxy", params(("id" = i64, Path), ("user_id" = i64, Path)), responses((status = 204)))]
async fn withdraw(
    State(app): State<App>,
    By(by): By<AssignProxies>,
    Path((id, user_id)): Path<(i64, i64)>,
) -> Result<StatusCode, Problem> {
    let by = &by;
    let withdrawn = audited(&app.db, &app.world, |unit, _| {
        Box::pin(assignment::withdraw_service(unit, by, id, user_id))
    });
    withdrawn.await?;
    Ok(StatusCode::NO_CONTENT)
}
