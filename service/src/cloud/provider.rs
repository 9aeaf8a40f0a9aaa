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
use crate::{Result, records::Record, secrets::backend::without_credentials, text};

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

    fn settle(row: &mut maas_config::ActiveModel) -> Result<()> {
        match &row.maas_url {
            Set(url) => text::address("maas_url", url),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn the_address_of_a_maas_server_has_no_password_in_it() {
        let at = |url: &str| maas_config::ActiveModel {
            maas_url: Set(url.to_owned()),
            ..Default::default()
        };

        let refused = maas_config::Entity::settle(&mut at("http://ana:geheim@maas:5240/MAAS"));

        assert!(matches!(refused, Err(Error::Invalid { kind: "maas_url", .. })), "{refused:?}");
        maas_config::Entity::settle(&mut at("http://maas.example.org:5240/MAAS")).unwrap();
    }
}
