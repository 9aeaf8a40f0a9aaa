//! `MarchProxy`, revision 001: people, clusters of proxies, and what these are told and report.

use entity::{
    identity::user,
    proxy::{
        certificate, cluster, proxy_metric, proxy_server, qos_policy, route_health_status,
        route_table, service, tracing_config, tracing_stat, user_cluster_assignment,
        user_service_assignment,
    },
};
use secrecy::SecretString;
use serde_json::Value as Json;

use super::{
    map::{Map, System},
    passage::Passage,
    person,
};
use crate::imports::Cell;

/// Why what a certificate says is not taken from beside it.
const READ: &str = "it is read from the text of the certificate";

pub(super) fn system() -> System {
    let maps = [people(), clusters(), policies()].into_iter().flatten().collect();
    System::of("MarchProxy", "marchproxy", &["001"], maps)
}

fn people() -> Vec<Map> {
    vec![
        Map::of::<user::Entity>("auth_user")
            .looked(["username", "email"], person::name)
            .looked(["password_hash"], person::password)
            .looked(["first_name", "last_name"], full_name)
            .looked(["totp_secret", "totp_enabled"], second_factor)
            .looked(["is_admin"], role)
            .same(["is_active", "is_verified", "created_at", "updated_at"])
            .renamed([("last_login", "last_login_at")]),
        Map::of::<user_cluster_assignment::Entity>("user_cluster_assignments")
            .same(["user_id", "cluster_id", "role", "assigned_at", "is_active"])
            .renamed([("assigned_by", "assigned_by_id")]),
        Map::of::<user_service_assignment::Entity>("user_service_assignments")
            .same(["user_id", "service_id", "assigned_at", "is_active"])
            .renamed([("assigned_by", "assigned_by_id")]),
    ]
}

fn clusters() -> Vec<Map> {
    vec![
        Map::record::<cluster::Entity>("clusters")
            .same(["name", "description", "syslog_endpoint", "log_auth", "log_netflow"])
            .same(["log_debug", "is_active", "max_proxies", "created_at", "updated_at"])
            .renamed([("created_by", "created_by_id"), ("metadata", "attributes")])
            .told("api_key_hash", "no key can be looked up by a hash of its kind; make a new key")
            .looked(["is_default"], default),
        Map::record::<service::Entity>("services")
            .same(["name", "ip_fqdn", "port", "protocol", "collection", "cluster_id"])
            .same(["auth_type", "jwt_algorithm", "tls_enabled", "tls_verify", "is_active"])
            .same(["health_check_enabled", "health_check_path", "created_at", "updated_at"])
            .sealed("token_base64", "token")
            .sealed("jwt_secret", "jwt_secret")
            .renamed([
                ("jwt_expiry", "jwt_expiry_seconds"),
                ("health_check_interval", "health_check_interval_seconds"),
                ("created_by", "created_by_id"),
                ("metadata", "attributes"),
            ]),
        Map::of::<proxy_server::Entity>("proxy_servers")
            .same(["name", "hostname", "ip_address", "port", "cluster_id", "status", "version"])
            .same(["capabilities", "license_validated", "config_version", "registered_at"])
            .renamed([
                ("license_validation_at", "license_validated_at"),
                ("last_seen", "last_seen_at"),
                ("last_config_fetch", "last_config_fetch_at"),
                ("metadata", "attributes"),
            ]),
        Map::of::<proxy_metric::Entity>("proxy_metrics")
            .same(["proxy_id", "cpu_usage", "memory_usage", "connections_active"])
            .same(["connections_total", "bytes_sent", "bytes_received"])
            .same(["requests_per_second", "errors_per_second"])
            .renamed([
                ("timestamp", "recorded_at"),
                ("latency_avg", "latency_avg_ms"),
                ("latency_p95", "latency_p95_ms"),
                ("metadata", "attributes"),
            ]),
        Map::record::<certificate::Entity>("certificates")
            .same(["name", "description", "cert_data", "ca_chain", "source_type", "auto_renew"])
            .same(["renew_before_days", "infisical_secret_path", "infisical_project_id"])
            .same(["infisical_environment", "vault_path", "vault_role", "vault_common_name"])
            .same(["is_active", "renewal_error", "created_at", "updated_at"])
            .sealed("key_data", "key_data")
            .renamed([
                ("last_renewal", "last_renewed_at"),
                ("created_by", "created_by_id"),
                ("metadata", "attributes"),
            ])
            .without(["common_name", "subject_alt_names", "issuer"], READ)
            .without(["valid_from", "valid_until"], READ),
    ]
}

fn policies() -> Vec<Map> {
    vec![
        Map::record::<qos_policy::Entity>("qos_policies")
            .same(["name", "description", "service_id", "cluster_id", "bandwidth_config"])
            .same(["priority_config", "enabled", "created_at", "updated_at"]),
        Map::record::<route_table::Entity>("route_tables")
            .same(["name", "description", "service_id", "cluster_id", "algorithm", "routes"])
            .same(["health_probe_config", "enable_auto_failover", "enabled"])
            .same(["created_at", "updated_at"]),
        Map::of::<route_health_status::Entity>("route_health_status")
            .same(["route_table_id", "endpoint", "is_healthy", "rtt_ms"])
            .same(["consecutive_failures", "consecutive_successes", "last_error"])
            .renamed([("last_check", "last_check_at")]),
        Map::record::<tracing_config::Entity>("tracing_configs")
            .same(["name", "description", "cluster_id", "backend", "endpoint", "exporter"])
            .same(["sampling_strategy", "sampling_rate", "max_traces_per_second"])
            .same(["include_request_headers", "include_response_headers"])
            .same(["include_request_body", "include_response_body", "max_attribute_length"])
            .same(["service_name", "custom_tags", "enabled", "created_at", "updated_at"]),
        Map::of::<tracing_stat::Entity>("tracing_stats")
            .same(["tracing_config_id", "total_spans", "sampled_spans", "dropped_spans"])
            .same(["error_spans", "avg_span_duration_ms"])
            .renamed([("timestamp", "recorded_at"), ("last_export", "last_export_at")]),
    ]
}

fn full_name(passage: &mut Passage<'_>) {
    let names = ["first_name", "last_name"].map(|name| passage.text(name));
    let names: Vec<String> = names.into_iter().flatten().collect();
    if !names.is_empty() {
        passage.set("full_name", names.join(" "));
    }
}

/// Without its seed a second factor would let nobody in.
fn second_factor(passage: &mut Passage<'_>) {
    let seed = passage.text("totp_secret");
    let is_enabled = passage.is("totp_enabled");
    if is_enabled && (seed.is_none() || !passage.beside.seals) {
        let why = "its seed is not there or cannot be sealed; the person has no second factor here";
        passage.warn("totp_enabled", &Json::Bool(true), why);
    } else {
        passage.set("totp_enabled", is_enabled);
    }
    if let Some(seed) = seed {
        passage.cell("totp_secret", Cell::Secret(SecretString::from(seed)));
    }
}

fn role(passage: &mut Passage<'_>) {
    if passage.is("is_admin") {
        let why = "here they get no more rights than anybody until somebody gives them a role";
        passage.warn("is_admin", &Json::Bool(true), why);
    }
    person::role(passage);
}

/// There is one default here at most, and which it is may be known already.
fn default(passage: &mut Passage<'_>) {
    if passage.is("is_default") {
        let why = "which cluster is the default here is chosen here";
        passage.warn("is_default", &Json::Bool(true), why);
    }
}
