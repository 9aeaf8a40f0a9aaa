//! Clusters of proxies, the services behind them, and what the proxies are told and report.

pub mod certificate;
pub mod cluster;
pub mod proxy_metric;
pub mod proxy_server;
pub mod qos_policy;
pub mod route_health_status;
pub mod route_table;
pub mod service;
pub mod tracing_config;
pub mod tracing_stat;
pub mod user_cluster_assignment;
pub mod user_service_assignment;
