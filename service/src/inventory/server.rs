//! Elder servers, and the keys that they are spoken to with.

pub use entity::inventory::elder_config::Model;
use entity::inventory::elder_config::{ActiveModel, Column, Entity};
use sea_orm::ActiveValue::{NotSet, Set};
use secrecy::SecretString;

use crate::{
    Result, World,
    audit::Audited,
    records,
    rights::{CreateInventory, Granted},
    seal::Keyring,
};

/// An Elder server to add. What is `None` is as the table has it by itself.
#[derive(Clone, Debug, Default)]
pub struct NewServer {
    /// Its name, up to 100 characters; unique.
    pub name: String,
    /// Where it is: an address of the web.
    pub elder_url: String,
    /// How long one request may take.
    pub timeout_seconds: Option<i32>,
    /// How often a request is tried again.
    pub max_retries: Option<i32>,
    /// How long it is from one synchronisation to the next.
    pub sync_interval_seconds: Option<i32>,
    /// Whether it is spoken to at all.
    pub is_active: Option<bool>,
    /// Whether it is synchronised by itself.
    pub sync_enabled: Option<bool>,
}

/// Adds an Elder server with the key that it is spoken to with, sealed.
///
/// # Errors
/// Those of [`records::create_with_secrets`].
pub async fn create(
    unit: &Audited<'_>,
    by: &Granted<CreateInventory>,
    sealing: (&Keyring, &World),
    new: NewServer,
    api_key: &SecretString,
) -> Result<Model> {
    let row = ActiveModel {
        name: Set(new.name),
        elder_url: Set(new.elder_url),
        timeout_seconds: new.timeout_seconds.map_or(NotSet, Set),
        max_retries: new.max_retries.map_or(NotSet, Set),
        sync_interval_seconds: new.sync_interval_seconds.map_or(NotSet, Set),
        is_active: new.is_active.map_or(NotSet, Set),
        sync_enabled: new.sync_enabled.map_or(NotSet, Set),
        ..Default::default()
    };
    let secrets = [(Column::ApiKey, api_key.clone())];
    records::create_with_secrets::<Entity>(unit, by, sealing, row, &secrets).await
}
