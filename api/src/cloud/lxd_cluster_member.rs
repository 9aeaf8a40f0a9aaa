//! Members of LXD clusters: who joins, leaves and leads.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use service::{
    audit::audited,
    cloud::lxd::{self, NewMember},
    entity::cloud::lxd_cluster_member::Entity,
    records::Document,
    rights::UpdateCloud,
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::By,
    created::Created,
    extract::{Json, Path},
    plain::{Plain, document},
};

const PATH: &str = "/api/v1/lxd-cluster-members";

const SHOWN: &[&str] = &[
    "id",
    "cluster_id",
    "machine_id",
    "member_name",
    "api_url",
    "status",
    "is_leader",
    "joined_at",
    "last_seen_at",
    "created_at",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "A member of an LXD cluster. It comes and goes by the cluster.";
    Plain::<Entity>::new(PATH, ("LxdClusterMember", "LxdClusterMembers"), about, SHOWN)
        .filters(&[
            "id",
            "cluster_id",
            "machine_id",
            "member_name",
            "status",
            "is_leader",
            "joined_at",
            "last_seen_at",
            "created_at",
        ])
        .sorts(&["member_name", "status", "joined_at", "last_seen_at", "created_at"])
        .updates(&["api_url"])
        .routes()
        .routes(routes!(join))
        .routes(routes!(leave))
        .routes(routes!(lead))
        .routes(routes!(seen))
}

/// A member to take into an LXD cluster.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewLxdClusterMember {
    /// What LXD calls it; unique in the cluster.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// The machine behind it, where that is one of ours.
    machine_id: Option<i64>,
    /// Where its own interface is reached.
    #[schema(max_length = 2048)]
    api_url: Option<String>,
}

/// Takes a member into an LXD cluster; the first one leads it.
#[utoipa::path(post, path = "/api/v1/lxd-clusters/{id}/members", operation_id = "joinLxdCluster", tag = "cloud", params(("id" = i64, Path)), responses((status = 201, body = ref("#/components/schemas/LxdClusterMember"), headers(("location" = String, description = "The path of what was made.")))))]
async fn join(
    State(app): State<App>,
    By(by): By<UpdateCloud>,
    Path(id): Path<i64>,
    Json(input): Json<NewLxdClusterMember>,
) -> Result<Created<Document>, Problem> {
    let NewLxdClusterMember { name, machine_id, api_url } = input;
    let (by, new) = (&by, &NewMember { name, machine_id, api_url });
    let row =
        audited(&app.db, &app.world, |unit, _| Box::pin(lxd::join(unit, by, id, new.clone())));
    let Json(body) = document::<Entity>(&row.await?, SHOWN);
    Ok(Created { path: format!("{PATH}/{}", body["id"]), body })
}

/// Takes a member out of its LXD cluster. Who leads others does not leave.
#[utoipa::path(delete, path = "/api/v1/lxd-clusters/{id}/members/{member_id}", operation_id = "leaveLxdCluster", tag = "cloud", params(("id" = i64, Path), ("member_id" = i64, Path)), responses((status = 204)))]
async fn leave(
    State(app): State<App>,
    By(by): By<UpdateCloud>,
    Path((id, member_id)): Path<(i64, i64)>,
) -> Result<StatusCode, Problem> {
    let by = &by;
    audited(&app.db, &app.world, |unit, _| Box::pin(lxd::leave(unit, by, id, member_id))).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a member lead its LXD cluster; who led it before does no more.
#[utoipa::path(post, path = "/api/v1/lxd-clusters/{id}/members/{member_id}/lead", operation_id = "leadLxdCluster", tag = "cloud", params(("id" = i64, Path), ("member_id" = i64, Path)), responses((status = 200, body = ref("#/components/schemas/LxdClusterMember"))))]
async fn lead(
    State(app): State<App>,
    By(by): By<UpdateCloud>,
    Path((id, member_id)): Path<(i64, i64)>,
) -> Result<Json<Document>, Problem> {
    let by = &by;
    let row = audited(&app.db, &app.world, |unit, _| Box::pin(lxd::lead(unit, by, id, member_id)));
    Ok(document::<Entity>(&row.await?, SHOWN))
}

/// What LXD says of a member.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LxdMemberReport {
    /// What LXD calls it.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// In the words of LXD; kept in lower case.
    #[schema(min_length = 1, max_length = 50)]
    status: String,
}

/// Writes down what LXD says of a member, and that it said something now.
#[utoipa::path(post, path = "/api/v1/lxd-clusters/{id}/seen", operation_id = "reportLxdMember", tag = "cloud", params(("id" = i64, Path)), responses((status = 204)))]
async fn seen(
    State(app): State<App>,
    By(by): By<UpdateCloud>,
    Path(id): Path<i64>,
    Json(input): Json<LxdMemberReport>,
) -> Result<StatusCode, Problem> {
    lxd::seen(&app.db, &app.world, &by, id, &input.name, &input.status).await?;
    Ok(StatusCode::NO_CONTENT)
}
