//! The tables of the workspace, as types: a module per domain, a file per table.
//!
//! [`schema`] lists them for the engine, which compares them with what the
//! migrations build. What SeaORM's attributes cannot say about a table is
//! declared beside its model through [`plimsoll::Beside`].

use plimsoll::{Entities, entities};

pub mod access;
pub mod audit;
pub mod cloud;
pub mod displays;
pub mod fleet;
pub mod gateway;
pub mod identity;
pub mod imports;
pub mod inventory;
pub mod netboot;
pub mod proxy;
mod secret;
pub mod secrets;
pub mod settings;
pub mod teams;
pub mod webtest;

pub use secret::Secret;

/// Every table that an entity describes, in the order in which the migrations create them.
pub fn schema() -> Entities {
    entities![
        settings::application_setting::Entity,
        identity::user::Entity,
        identity::role::Entity,
        identity::permission::Entity,
        identity::user_role::Entity,
        identity::role_permission::Entity,
        identity::access_token::Entity,
        identity::refresh_token::Entity,
        identity::password_reset::Entity,
        identity::api_key::Entity,
        identity::recovery_code::Entity,
        identity::authz_version::Entity,
        identity::login_throttle::Entity,
        identity::setup_token::Entity,
        identity::idempotency_key::Entity,
        audit::audit_chain::Entity,
        audit::system_log::Entity,
        teams::resource_team::Entity,
        teams::team_member::Entity,
        teams::resource_assignment::Entity,
        proxy::cluster::Entity,
        proxy::service::Entity,
        proxy::proxy_server::Entity,
        proxy::user_cluster_assignment::Entity,
        proxy::user_service_assignment::Entity,
        proxy::proxy_metric::Entity,
        proxy::certificate::Entity,
        proxy::qos_policy::Entity,
        proxy::route_table::Entity,
        proxy::route_health_status::Entity,
        proxy::tracing_config::Entity,
        proxy::tracing_stat::Entity,
        secrets::secret_backend::Entity,
        secrets::encrypted_secret::Entity,
        netboot::ipxe_image::Entity,
        netboot::egg::Entity,
        netboot::egg_group::Entity,
        netboot::ipxe_boot_config::Entity,
        netboot::ipxe_machine::Entity,
        netboot::ipxe_config::Entity,
        netboot::boot_event::Entity,
        cloud::cloud_provider::Entity,
        cloud::lxd_cluster::Entity,
        cloud::cloud_machine::Entity,
        cloud::maas_config::Entity,
        cloud::server::Entity,
        cloud::lxd_cluster_member::Entity,
        cloud::storage_backend::Entity,
        cloud::cloud_init_template::Entity,
        cloud::package_config::Entity,
        cloud::deployment_job::Entity,
        fleet::fleetdm_config::Entity,
        fleet::fleet_host::Entity,
        fleet::fleet_query::Entity,
        fleet::query_execution::Entity,
        fleet::fleet_alert::Entity,
        fleet::alert_history::Entity,
        fleet::osquery_result::Entity,
        inventory::elder_config::Entity,
        inventory::elder_host::Entity,
        inventory::elder_app::Entity,
        access::enrollment_key::Entity,
        access::access_agent::Entity,
        access::ssh_ca_config::Entity,
        access::shell_session::Entity,
        gateway::api_definition::Entity,
        gateway::api_usage::Entity,
        displays::device::Entity,
        displays::app::Entity,
        displays::location::Entity,
        displays::recurrence_pattern::Entity,
        webtest::page::Entity,
        webtest::page_identifier::Entity,
        webtest::environment::Entity,
        webtest::environment_user::Entity,
        webtest::email_item::Entity,
        imports::import::Entity,
        imports::import_record::Entity,
        identity::email_verification::Entity,
        identity::mail::Entity,
    ]
}
