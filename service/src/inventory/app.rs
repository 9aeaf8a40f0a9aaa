//! Applications as they are told to Elder.

use entity::inventory::elder_app::{ActiveModel, Column, Entity};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set};

use super::{Inventory, app_name, host_name, names};
use crate::{
    Result,
    records::Record,
    text::{self, invalid},
};

impl Record for Entity {
    type Domain = Inventory;

    const KIND: &'static str = "application";
    const GUARDED: &'static [Column] = &[Column::ElderRegistered, Column::LastSyncAt];

    fn settle(row: &mut ActiveModel) -> Result<()> {
        if let Set(name) = &row.app_name {
            row.app_name = Set(app_name(name)?);
        }
        if let Set(hosts) = &row.hosts {
            let hosts = names("hosts", hosts, host_name)?;
            if hosts.is_empty() {
                return Err(invalid("hosts", "[]", "an application runs on one at least"));
            }
            row.hosts = Set(hosts.into());
        }
        if let Set(protocol) = &row.protocol {
            row.protocol = Set(text::key("protocol", &protocol.trim().to_lowercase(), 20)?);
        }
        if let Set(Some(url)) = &row.health_check_url {
            text::address("health_check_url", url)?;
        }
        // Whoever began before Elder was told changes it at an earlier time than that.
        if row.is_changed() {
            row.elder_registered = Set(false);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Error;

    #[test]
    fn an_application_is_put_in_order() {
        let mut row = ActiveModel {
            app_name: Set(" Shop".to_owned()),
            hosts: Set(json!(["Web-1", "web-1", "web-2"])),
            protocol: Set("HTTPS".to_owned()),
            ..Default::default()
        };

        Entity::settle(&mut row).unwrap();

        assert_eq!(row.app_name, Set("Shop".to_owned()));
        assert_eq!(row.hosts, Set(json!(["web-1", "web-2"])));
        assert_eq!(row.protocol, Set("https".to_owned()));
    }

    #[test]
    fn what_can_be_no_application_is_refused() {
        for wrong in [
            ActiveModel { app_name: Set(String::new()), ..Default::default() },
            ActiveModel { hosts: Set(json!([])), ..Default::default() },
            ActiveModel { hosts: Set(json!(["web-1", null])), ..Default::default() },
            ActiveModel { protocol: Set(" ".to_owned()), ..Default::default() },
            ActiveModel { health_check_url: Set(Some("/up".to_owned())), ..Default::default() },
        ] {
            let refused = Entity::settle(&mut wrong.clone());

            assert!(matches!(refused, Err(Error::Invalid { .. })), "{wrong:?}");
        }
    }
}
