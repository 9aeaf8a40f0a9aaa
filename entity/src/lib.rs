//! The tables of the workspace, as types: a module per domain, a file per table.
//!
//! [`schema`] lists them for the engine, which compares them with what the
//! migrations build. What SeaORM's attributes cannot say about a table is
//! declared beside its model through [`plimsoll::Beside`].

use plimsoll::{schema::Table, table_of};

pub mod identity;
mod secret;
pub mod settings;

pub use secret::Secret;

/// Every table that an entity describes, in the order in which the migrations create them.
pub fn schema() -> Vec<Table> {
    vec![
        table_of::<settings::application_setting::Entity>(),
        table_of::<identity::user::Entity>(),
        table_of::<identity::role::Entity>(),
        table_of::<identity::permission::Entity>(),
        table_of::<identity::user_role::Entity>(),
        table_of::<identity::role_permission::Entity>(),
        table_of::<identity::access_token::Entity>(),
        table_of::<identity::refresh_token::Entity>(),
        table_of::<identity::password_reset::Entity>(),
        table_of::<identity::api_key::Entity>(),
        table_of::<identity::recovery_code::Entity>(),
        table_of::<identity::authz_version::Entity>(),
        table_of::<identity::login_throttle::Entity>(),
        table_of::<identity::setup_token::Entity>(),
    ]
}
