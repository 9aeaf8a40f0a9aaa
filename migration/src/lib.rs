//! The history of the schema: every migration in its order, and the default rows.

#![warn(missing_docs)]

mod versions {
    pub(crate) mod m20261120_090000_create_application_settings;
    pub(crate) mod m20261120_091000_create_users_roles_permissions;
    pub(crate) mod m20261120_092000_create_tokens_and_keys;
    pub(crate) mod m20261124_100000_create_login_throttles_and_setup_tokens;
    pub(crate) mod m20261126_174903_create_audit;
    pub(crate) mod m20261126_174907_create_teams;
    pub(crate) mod m20261126_174912_create_proxy;
    pub(crate) mod m20261126_174917_create_secrets;
    pub(crate) mod m20261126_174922_create_netboot;
    pub(crate) mod m20261126_174927_create_cloud;
    pub(crate) mod m20261126_174932_create_fleet;
    pub(crate) mod m20261126_174939_create_inventory;
    pub(crate) mod m20261126_174947_create_access;
    pub(crate) mod m20261126_174954_create_gateway;
    pub(crate) mod m20261126_175001_create_displays;
    pub(crate) mod m20261126_175008_create_webtest;
    pub(crate) mod m20261126_225930_keep_what_tronbyt_lost;
    pub(crate) mod m20261126_225938_create_imports;
    pub(crate) mod m20261127_075003_create_mail_and_idempotency_keys;
}

use versions::*;

plimsoll::history! {
    declared m20261120_090000_create_application_settings,
    declared m20261120_091000_create_users_roles_permissions,
    declared m20261120_092000_create_tokens_and_keys,
    declared m20261124_100000_create_login_throttles_and_setup_tokens,
    declared m20261126_174903_create_audit,
    declared m20261126_174907_create_teams,
    declared m20261126_174912_create_proxy,
    declared m20261126_174917_create_secrets,
    declared m20261126_174922_create_netboot,
    declared m20261126_174927_create_cloud,
    declared m20261126_174932_create_fleet,
    declared m20261126_174939_create_inventory,
    declared m20261126_174947_create_access,
    declared m20261126_174954_create_gateway,
    declared m20261126_175001_create_displays,
    declared m20261126_175008_create_webtest,
    declared m20261126_225930_keep_what_tronbyt_lost,
    declared m20261126_225938_create_imports,
    declared m20261127_075003_create_mail_and_idempotency_keys,
}

/// The default rows, in the order in which they are offered.
pub const SEEDS: &[(&str, &str)] = &[
    ("settings.toml", include_str!("../seeds/settings.toml")),
    ("roles.toml", include_str!("../seeds/roles.toml")),
    ("permissions.toml", include_str!("../seeds/permissions.toml")),
    ("grants.toml", include_str!("../seeds/grants.toml")),
];

/// The migrations and the default rows together, for the command and for programs.
pub fn app() -> plimsoll::App {
    plimsoll::App::new(history()).seeds(SEEDS)
}
