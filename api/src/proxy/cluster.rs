//! Clusters, and their keys.

use axum::extract::State;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use service::{
    audit::audited,
    entity::proxy::cluster::Entity,
    proxy::cluster::{self, NewCluster},
    records::Document,
    rights::{CreateProxies, UpdateProxies},
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

const PATH: &str = "/api/v1/clusters";

pub(super) const SHOWN: &[&str] = &[
    "id",
    "name",
    "description",
    "syslog_endpoint",
    "log_auth",
    "log_netflow",
    "log_debug",
    "is_active",
    "is_default",
    "max_proxies",
    "attributes",
    "created_by_id",
    "created_at",
    "updated_at",
];

const WRITTEN: &[&str] = &[
    "name",
    "description",
    "syslog_endpoint",
    "log_auth",
    "log_netflow",
    "log_debug",
    "is_active",
    "max_proxies",
    "attributes",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "Proxies that share a configuration and a key.";
    Plain::<Entity>::new(PATH, ("Cluster", "Clusters"), about, SHOWN)
        .filters(&["id", "name", "is_active", "is_default", "created_at"])
        .sorts(&["name", "created_at", "updated_at"])
        .updates(WRITTEN)
        .deletes()
        .routes()
        .routes(routes!(create))
        .routes(routes!(new_key))
        .routes(routes!(make_default))
}

/// A cluster to make. What is absent is as the table has it by itself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ClusterIn {
    name: String,
    description: Option<String>,
    /// `host:port` of a syslog server.
    syslog_endpoint: Option<String>,
    log_auth: Option<bool>,
    log_netflow: Option<bool>,
    log_debug: Option<bool>,
    max_proxies: Option<i32>,
}

/// A cluster and its new key, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
struct ClusterKey {
    #[schema(value_type = Object)]
    cluster: Document,
    key: String,
}

impl From<cluster::Made> for ClusterKey {
    fn from(made: cluster::Made) -> Self {
        let Json(cluster) = document::<Entity>(&made.cluster, SHOWN);
        Self { cluster, key: made.key.expose_secret().to_owned() }
    }
}

/// Makes a cluster with a key.
#[utoipa::path(post, path = "/api/v1/clusters", operation_id = "createCluster", tag = "proxy", responses((status = 201, body = ClusterKey, headers(("location" = String, description = "The path of what was made.")))))]
async fn create(
    State(app): State<App>,
    By(by): By<CreateProxies>,
    Json(input): Json<ClusterIn>,
) -> Result<Created<ClusterKey>, Problem> {
    let ClusterIn { name, description, syslog_endpoint, .. } = input;
    let ClusterIn { log_auth, log_netflow, log_debug, max_proxies, .. } = input;
    let new = &NewCluster {
        name,
        description,
        syslog_endpoint,
        log_auth,
        log_netflow,
        log_debug,
        max_proxies,
    };
    let (by, world) = (&by, &app.world);
    let made =
        audited(&app.db, world, |unit, _| Box::pin(cluster::create(unit, by, world, new.clone())));
    let made = made.await?;
    Ok(Created { path: format!("{PATH}/{}", made.cluster.id), body: made.into() })
}

/// Gives a cluster a new key; the one before lets nobody in any more.
#[utoipa::path(post, path = "/api/v1/clusters/{id}/key", operation_id = "renewClusterKey", tag = "proxy", params(("id" = i64, Path)), responses((status = 200, body = ClusterKey)))]
async fn new_key(
    State(app): State<App>,
    By(by): By<UpdateProxies>,
    Path(id): Path<i64>,
) -> Result<Json<ClusterKey>, Problem> {
    let (by, world) = (&by, &app.world);
    let made =
        audited(&app.db, world, |unit, _| Box::pin(cluster::new_key(unit, by, world, id))).await?;
    Ok(Json(made.into()))
}

/// Makes a cluster the default one.
#[utoipa::path(post, path = "/api/v1/clusters/{id}/default", operation_id = "makeClusterDefault", tag = "proxy", params(("id" = i64, Path)), responses((status = 200, body = ref("#/components/schemas/Cluster"))))]
async fn make_default(
    State(app): State<App>,
    By(by): By<UpdateProxies>,
    Path(id): Path<i64>,
) -> Result<Json<Document>, Problem> {
    let by = &by;
    let row = audited(&app.db, &app.world, |unit, _| Box::pin(cluster::make_default(unit, by, id)));
    Ok(document::<Entity>(&row.await?, SHOWN))
}
