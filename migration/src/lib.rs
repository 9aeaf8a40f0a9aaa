//! The history of the schema: every migration in its order, and the default rows.

#![warn(missing_docs)]

mod versions {
    pub(crate) mod m20261120_090000_create_application_settings;
    pub(crate) mod m20261120_091000_create_users_roles_permissions;
    pub(crate) mod m20261120_092000_create_tokens_and_keys;
    pub(crate) mod m20261124_100000_create_login_throttles_and_setup_tokens;
}

use versions::*;

plimsoll::history! {
    declared m20261120_090000_create_application_settings,
    declared m20261120_091000_create_users_roles_permissions,
    declared m20261120_092000_create_tokens_and_keys,
    declared m20261124_100000_create_login_throttles_and_setup_tokens,
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
