//! Hosts as they are told to Elder.

use std::net::IpAddr;

use entity::inventory::elder_host::{ActiveModel, Column, Entity};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, prelude::Json};

use super::{Inventory, app_name, host_name, names};
use crate::{
    Result,
    records::Record,
    text::{self, invalid},
};

impl Record for Entity {
    type Domain = Inventory;

    const KIND: &'static str = "host of the inventory";
    const GUARDED: &'static [Column] = &[Column::ElderRegistered, Column::LastSyncAt];

    fn settle(row: &mut ActiveModel) -> Result<()> {
        if let Set(hostname) = &row.hostname {
            row.hostname = Set(host_name(hostname)?);
        }
        if let Set(fqdn) = &row.fqdn {
            row.fqdn = Set(host_name(fqdn)?);
        }
        if let Set(address) = &row.ip_address {
            row.ip_address = Set(ip_address(address)?);
        }
        if let Set(apps) = &row.apps {
            row.apps = Set(names("apps", apps, app_name)?.into());
        }
        if let Set(tags) = &row.tags {
            are_labels(tags)?;
        }
        if let Set(attributes) = &row.attributes
            && !attributes.is_object()
        {
            return Err(invalid("attributes", &attributes.to_string(), "they are an object"));
        }
        // Whoever began before Elder was told changes it at an earlier time than that.
        if row.is_changed() {
            row.elder_registered = Set(false);
        }
        Ok(())
    }
}

/// An address in the one form that it is kept in.
fn ip_address(input: &str) -> Result<String> {
    match input.trim().parse::<IpAddr>() {
        Ok(address) => Ok(address.to_string()),
        Err(_) => Err(invalid("IP address", input, "it is neither of version 4 nor of version 6")),
    }
}

/// Elder takes labels with a text each.
fn are_labels(tags: &Json) -> Result<()> {
    let wrong = || invalid("tags", &tags.to_string(), "they are an object with a text each");
    for (label, value) in tags.as_object().ok_or_else(wrong)? {
        text::key("tag", label, 100)?;
        value.as_str().ok_or_else(wrong)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Error;

    fn web() -> ActiveModel {
        ActiveModel {
            hostname: Set("Web-1".to_owned()),
            fqdn: Set("Web-1.Example.org ".to_owned()),
            ip_address: Set("2001:DB8:0:0::1".to_owned()),
            apps: Set(json!(["shop", " shop", "blog"])),
            tags: Set(json!({"env": "prod", "old": ""})),
            attributes: Set(json!({"rack": 7})),
            ..Default::default()
        }
    }

    #[test]
    fn a_host_is_put_in_order() {
        let mut row = web();

        Entity::settle(&mut row).unwrap();

        assert_eq!(row.hostname, Set("web-1".to_owned()));
        assert_eq!(row.fqdn, Set("web-1.example.org".to_owned()));
        assert_eq!(row.ip_address, Set("2001:db8::1".to_owned()));
        assert_eq!(row.apps, Set(json!(["shop", "blog"])));
        assert_eq!(row.tags, Set(json!({"env": "prod", "old": ""})));
    }

    #[test]
    fn what_can_be_no_host_is_refused() {
        for wrong in [
            ActiveModel { hostname: Set(" ".to_owned()), ..web() },
            ActiveModel { fqdn: Set("web\0".to_owned()), ..web() },
            ActiveModel { ip_address: Set("192.0.2.256".to_owned()), ..web() },
            ActiveModel { ip_address: Set("192.0.2.1/24".to_owned()), ..web() },
            ActiveModel { apps: Set(json!({"shop": true})), ..web() },
            ActiveModel { tags: Set(json!(["prod"])), ..web() },
            ActiveModel { tags: Set(json!({"env": 1})), ..web() },
            ActiveModel { tags: Set(json!({"": "prod"})), ..web() },
            ActiveModel { attributes: Set(json!([])), ..web() },
        ] {
            let refused = Entity::settle(&mut wrong.clone());

            assert!(matches!(refused, Err(Error::Invalid { .. })), "{wrong:?}");
        }
    }
}
