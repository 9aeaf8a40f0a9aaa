//! Machines at providers and in our own racks, and what is needed to bring them up.

pub mod cloud_init_template;
pub mod cloud_machine;
pub mod cloud_provider;
pub mod deployment_job;
pub mod lxd_cluster;
pub mod lxd_cluster_member;
pub mod maas_config;
pub mod package_config;
pub mod server;
pub mod storage_backend;
