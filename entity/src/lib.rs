//! The tables of the workspace, as types: a module per domain, a file per table.
//!
//! [`schema`] lists them for the engine, which compares them with what the
//! migrations build. What SeaORM's attributes cannot say about a table is
//! declared beside its model through [`plimsoll::Beside`].

use plimsoll::{Entities, entities};

pub mod identity;
mod secret;
pub mod settings;

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
    ]
}
