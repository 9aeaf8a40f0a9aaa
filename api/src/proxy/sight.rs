//! Which clusters and services the caller sees, and why.

use axum::extract::State;
use serde::Serialize;
use service::{
    entity::proxy as rows,
    proxy::assignment::{self, Sight},
    records::Document,
};
use utoipa::{
    ToSchema,
    openapi::{Array, Ref},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{cluster, service as behind, user_cluster_assignment::ClusterRole};
use crate::{
    App, Problem,
    auth::Who,
    extract::{Json, Path, Query},
    paged::Paged,
    plain::document,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(clusters))
        .routes(routes!(services))
        .routes(routes!(of_cluster))
        .routes(routes!(of_service))
}

/// Some clusters of the caller, and where the next page begins.
#[derive(Debug, Serialize, ToSchema)]
struct MyClusters {
    #[schema(schema_with = cluster_rows)]
    clusters: Vec<Document>,
    /// For the parameter `cursor`; null behind the last page.
    next: Option<String>,
}

/// Some services of the caller, and where the next page begins.
#[derive(Debug, Serialize, ToSchema)]
struct MyServices {
    #[schema(schema_with = service_rows)]
    services: Vec<Document>,
    /// For the parameter `cursor`; null behind the last page.
    next: Option<String>,
}

fn cluster_rows() -> Array {
    Array::new(Ref::from_schema_name("Cluster"))
}

fn service_rows() -> Array {
    Array::new(Ref::from_schema_name("Service"))
}

/// The clusters that the caller is assigned to, also those that are out of use.
#[utoipa::path(get, path = "/api/v1/me/clusters", operation_id = "listMyClusters", tag = "proxy", params(Paged), responses((status = 200, body = MyClusters)))]
async fn clusters(
    State(app): State<App>,
    Who(caller): Who,
    Query(which): Query<Paged>,
) -> Result<Json<MyClusters>, Problem> {
    let (from, limit) = which.place()?;
    let page = assignment::visible_clusters(&app.db, &caller.actor, from, limit).await?;
    let show = |row| document::<rows::cluster::Entity>(row, cluster::SHOWN).0;
    Ok(Json(MyClusters {
        clusters: page.rows.iter().map(show).collect(),
        next: page.next.map(|next| next.to_string()),
    }))
}

/// The services that the caller is assigned to, or to whose clusters they are, also those that are
/// out of use.
#[utoipa::path(get, path = "/api/v1/me/services", operation_id = "listMyServices", tag = "proxy", params(Paged), responses((status = 200, body = MyServices)))]
async fn services(
    State(app): State<App>,
    Who(caller): Who,
    Query(which): Query<Paged>,
) -> Result<Json<MyServices>, Problem> {
    let (from, limit) = which.place()?;
    let page = assignment::visible_services(&app.db, &caller.actor, from, limit).await?;
    let show = |row| document::<rows::service::Entity>(row, behind::SHOWN).0;
    Ok(Json(MyServices {
        services: page.rows.iter().map(show).collect(),
        next: page.next.map(|next| next.to_string()),
    }))
}

/// Whether the caller sees something, and why.
#[derive(Debug, Serialize, ToSchema)]
struct ProxySight {
    is_seen: bool,
    /// What they are in the cluster, where they see it by that.
    role: Option<ClusterRole>,
    because: String,
}

impl From<Sight> for ProxySight {
    fn from(sight: Sight) -> Self {
        let role = match sight {
            Sight::Cluster(role) => Some(role.into()),
            Sight::All | Sight::Service | Sight::Nothing => None,
        };
        Self { is_seen: sight != Sight::Nothing, role, because: sight.to_string() }
    }
}

/// Why the caller sees a cluster, or that they do not.
#[utoipa::path(get, path = "/api/v1/clusters/{id}/sight", operation_id = "explainClusterSight", tag = "proxy", params(("id" = i64, Path)), responses((status = 200, body = ProxySight)))]
async fn of_cluster(
    State(app): State<App>,
    Who(caller): Who,
    Path(id): Path<i64>,
) -> Result<Json<ProxySight>, Problem> {
    Ok(Json(assignment::of_cluster(&app.db, &caller.actor, id).await?.into()))
}

/// Why the caller sees a service, or that they do not; one that is not there is seen by nobody.
#[utoipa::path(get, path = "/api/v1/services/{id}/sight", operation_id = "explainServiceSight", tag = "proxy", params(("id" = i64, Path)), responses((status = 200, body = ProxySight)))]
async fn of_service(
    State(app): State<App>,
    Who(caller): Who,
    Path(id): Path<i64>,
) -> Result<Json<ProxySight>, Problem> {
    Ok(Json(assignment::of_service(&app.db, &caller.actor, id).await?.into()))
}
