//! Providers, and the MAAS servers that manage our own racks.
//!
//! Neither has credentials in clear: those of a provider are in the secrets store, and its row says
//! where; the key of a MAAS server is sealed.

use entity::cloud::{
    cloud_provider::{ActiveModel, Column, Entity},
    maas_config,
};
use sea_orm::ActiveValue::Set;

use super::Cloud;
use crate::{Result, records::Record, secrets::backend::without_credentials};

impl Record for Entity {
    type Domain = Cloud;

    const KIND: &'static str = "provider";
    const GUARDED: &'static [Column] = &[Column::LastSyncAt];

    fn settle(row: &mut ActiveModel) -> Result<()> {
        match &row.config_data {
            Set(config) => without_credentials("config_data", config),
            _ => Ok(()),
        }
    }
}

impl Record for maas_config::Entity {
    type Domain = Cloud;

    const KIND: &'static str = "MAAS server";
}
