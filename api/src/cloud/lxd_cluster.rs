//! LXD clusters.

use service::entity::cloud::lxd_cluster::Entity;
use utoipa_axum::router::OpenApiRouter;

use crate::{App, plain::Plain};

const SHOWN: &[&str] = &[
    "id",
    "name",
    "description",
    "cluster_key_path",
    "admin_cert_path",
    "api_endpoint",
    "api_port",
    "status",
    "storage_pool",
    "network_bridge",
    "created_at",
    "updated_at",
];

const WRITTEN: &[&str] = &[
    "name",
    "description",
    "cluster_key_path",
    "admin_cert_path",
    "api_endpoint",
    "api_port",
    "status",
    "storage_pool",
    "network_bridge",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "Machines that share the containers they run.";
    Plain::<Entity>::new("/api/v1/lxd-clusters", ("LxdCluster", "LxdClusters"), about, SHOWN)
        .filters(&[
            "id",
            "name",
            "status",
            "storage_pool",
            "network_bridge",
            "created_at",
            "updated_at",
        ])
        .sorts(&["name", "status", "created_at", "updated_at"])
        .creates(WRITTEN)
        .updates(WRITTEN)
        .deletes()
        .routes()
}
