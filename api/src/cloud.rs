//! Machines at providers and in our own racks over HTTP, and the jobs that set them up.

mod cloud_init_template;
mod cloud_machine;
mod cloud_provider;
mod deployment_job;
mod deployment_work;
mod lxd_cluster;
mod lxd_cluster_member;
mod maas_config;
mod machine_status;
mod package_config;
mod server;
mod storage_backend;

use utoipa_axum::router::OpenApiRouter;

use crate::App;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(cloud_provider::routes())
        .merge(cloud_machine::routes())
        .merge(maas_config::routes())
        .merge(server::routes())
        .merge(lxd_cluster::routes())
        .merge(lxd_cluster_member::routes())
        .merge(storage_backend::routes())
        .merge(cloud_init_template::routes())
        .merge(package_config::routes())
        .merge(deployment_job::routes())
        .merge(deployment_work::routes())
}
