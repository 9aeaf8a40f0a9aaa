//! Clusters of proxies over HTTP.

mod certificate;
mod cluster;
mod heard;
mod probe;
mod proxy_metric;
mod proxy_server;
mod qos_policy;
mod renewal;
mod route_table;
mod secret;
mod service;
mod sight;
mod tracing_config;
mod tracing_stat;
mod user_cluster_assignment;
mod user_service_assignment;

use utoipa_axum::router::OpenApiRouter;

use crate::App;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(cluster::routes())
        .merge(self::service::routes())
        .merge(proxy_server::routes())
        .merge(proxy_metric::routes())
        .merge(certificate::routes())
        .merge(renewal::routes())
        .merge(qos_policy::routes())
        .merge(route_table::routes())
        .merge(tracing_config::routes())
        .merge(tracing_stat::routes())
        .merge(user_cluster_assignment::routes())
        .merge(user_service_assignment::routes())
        .merge(sight::routes())
        .merge(heard::routes())
        .merge(probe::routes())
}
