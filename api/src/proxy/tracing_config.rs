//! What the proxies of a cluster trace, and where they send it.

use service::entity::proxy::tracing_config::Entity;
use utoipa_axum::router::OpenApiRouter;

use crate::{App, plain::Plain};

const SHOWN: &[&str] = &[
    "id",
    "cluster_id",
    "name",
    "description",
    "backend",
    "endpoint",
    "exporter",
    "sampling_strategy",
    "sampling_rate",
    "max_traces_per_second",
    "include_request_headers",
    "include_response_headers",
    "include_request_body",
    "include_response_body",
    "max_attribute_length",
    "service_name",
    "custom_tags",
    "enabled",
    "created_at",
    "updated_at",
];

const WRITTEN: &[&str] = &[
    "cluster_id",
    "name",
    "description",
    "backend",
    "endpoint",
    "exporter",
    "sampling_strategy",
    "sampling_rate",
    "max_traces_per_second",
    "include_request_headers",
    "include_response_headers",
    "include_request_body",
    "include_response_body",
    "max_attribute_length",
    "service_name",
    "custom_tags",
    "enabled",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "What the proxies of a cluster trace, and where they send it.";
    let path = "/api/v1/tracing-configs";
    Plain::<Entity>::new(path, ("TracingConfig", "TracingConfigs"), about, SHOWN)
        .filters(&[
            "id",
            "cluster_id",
            "name",
            "backend",
            "endpoint",
            "exporter",
            "sampling_strategy",
            "service_name",
            "enabled",
            "created_at",
        ])
        .sorts(&["name", "created_at", "updated_at"])
        .creates(WRITTEN)
        .updates(WRITTEN)
        .deletes()
        .routes()
}
