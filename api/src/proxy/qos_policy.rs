//! Policies: what traffic of a service comes first, and how much of it there may be.

use axum::extract::State;
use serde::Serialize;
use service::{
    entity::proxy::qos_policy::{Entity, Model},
    proxy::qos,
    records::Document,
    rights::ReadProxies,
};
use utoipa::{
    ToSchema,
    openapi::{Array, Ref},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::By,
    extract::{Json, Path},
    plain::{Plain, document},
};

const SHOWN: &[&str] = &[
    "id",
    "service_id",
    "cluster_id",
    "name",
    "description",
    "bandwidth_config",
    "priority_config",
    "enabled",
    "created_at",
    "updated_at",
];

const WRITTEN: &[&str] = &[
    "service_id",
    "cluster_id",
    "name",
    "description",
    "bandwidth_config",
    "priority_config",
    "enabled",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "What traffic of a service comes first, and how much of it there may be.";
    let path = "/api/v1/qos-policies";
    Plain::<Entity>::new(path, ("QosPolicy", "QosPolicies"), about, SHOWN)
        .filters(&["id", "service_id", "cluster_id", "name", "enabled", "created_at"])
        .sorts(&["name", "created_at", "updated_at"])
        .creates(WRITTEN)
        .updates(WRITTEN)
        .deletes()
        .routes()
        .routes(routes!(of_cluster))
        .routes(routes!(of_service))
}

/// Policies in use, what comes first in front.
#[derive(Debug, Serialize, ToSchema)]
struct RankedPolicies {
    #[schema(schema_with = rows)]
    policies: Vec<Document>,
}

fn rows() -> Array {
    Array::new(Ref::from_schema_name("QosPolicy"))
}

impl RankedPolicies {
    fn of(rows: &[Model]) -> Self {
        Self { policies: rows.iter().map(|row| document::<Entity>(row, SHOWN).0).collect() }
    }
}

/// The policies of a cluster that are in use: by their priority, then the heaviest first.
#[utoipa::path(get, path = "/api/v1/clusters/{id}/qos-policies", operation_id = "rankClusterPolicies", tag = "proxy", params(("id" = i64, Path)), responses((status = 200, body = RankedPolicies)))]
async fn of_cluster(
    State(app): State<App>,
    By(by): By<ReadProxies>,
    Path(id): Path<i64>,
) -> Result<Json<RankedPolicies>, Problem> {
    Ok(Json(RankedPolicies::of(&qos::in_order(&app.db, &by, id).await?)))
}

/// The policies of a service that are in use: by their priority, then the heaviest first.
#[utoipa::path(get, path = "/api/v1/services/{id}/qos-policies", operation_id = "rankServicePolicies", tag = "proxy", params(("id" = i64, Path)), responses((status = 200, body = RankedPolicies)))]
async fn of_service(
    State(app): State<App>,
    By(by): By<ReadProxies>,
    Path(id): Path<i64>,
) -> Result<Json<RankedPolicies>, Problem> {
    Ok(Json(RankedPolicies::of(&qos::in_order_of_service(&app.db, &by, id).await?)))
}
