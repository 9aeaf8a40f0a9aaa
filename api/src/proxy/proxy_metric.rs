//! What proxies measured.

use service::entity::proxy::proxy_metric::Entity;
use utoipa_axum::router::OpenApiRouter;

use crate::{App, plain::Plain};

const SHOWN: &[&str] = &[
    "id",
    "proxy_id",
    "recorded_at",
    "cpu_usage",
    "memory_usage",
    "connections_active",
    "connections_total",
    "bytes_sent",
    "bytes_received",
    "requests_per_second",
    "latency_avg_ms",
    "latency_p95_ms",
    "errors_per_second",
    "attributes",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "What a proxy measured at one moment. What it does not measure is null.";
    let path = "/api/v1/proxy-metrics";
    Plain::<Entity>::new(path, ("ProxyMetric", "ProxyMetrics"), about, SHOWN)
        .filters(&["id", "proxy_id", "recorded_at"])
        .sorts(&["recorded_at"])
        .routes()
}
