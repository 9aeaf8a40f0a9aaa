//! Hosts and applications as they are told to Elder, the inventory that other systems look them up in.
//!
//! What is kept here is what Elder is to know. Whoever tells it asks for what [waits](sync::pending),
//! and [says](sync::registered) what Elder has taken.

mod app;
mod host;
pub mod placement;
pub mod sync;

use entity::inventory::elder_config;
use sea_orm::{ActiveValue::Set, prelude::Json};

use crate::{
    Result,
    records::{Domain, Record},
    rights::{CreateInventory, DeleteInventory, ReadInventory, UpdateInventory},
    text::{self, invalid},
};

/// The tables of this domain, and the rights to them.
#[derive(Clone, Copy, Debug)]
pub enum Inventory {}

impl Domain for Inventory {
    const NAME: &'static str = "inventory";
    type Create = CreateInventory;
    type Read = ReadInventory;
    type Update = UpdateInventory;
    type Delete = DeleteInventory;
}

impl Record for elder_config::Entity {
    type Domain = Inventory;

    const KIND: &'static str = "Elder server";
    const GUARDED: &'static [elder_config::Column] = &[
        elder_config::Column::LastSyncStatus,
        elder_config::Column::LastError,
        elder_config::Column::LastSyncAt,
    ];

    fn settle(row: &mut elder_config::ActiveModel) -> Result<()> {
        match &row.elder_url {
            Set(url) => text::address("elder_url", url),
            _ => Ok(()),
        }
    }
}

/// The name of a host, in lower case.
fn host_name(input: &str) -> Result<String> {
    text::key("name of a host", &input.trim().to_lowercase(), 255)
}

/// The name of an application.
fn app_name(input: &str) -> Result<String> {
    text::key("name of an application", input.trim(), 255)
}

/// The names in a list, each put in order and once.
fn names(
    kind: &'static str,
    list: &Json,
    put: impl Fn(&str) -> Result<String>,
) -> Result<Vec<String>> {
    let wrong = || invalid(kind, &list.to_string(), "it is a list of names");
    let mut names = Vec::new();
    for name in list.as_array().ok_or_else(wrong)? {
        let name = put(name.as_str().ok_or_else(wrong)?)?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Error;

    #[test]
    fn a_list_has_each_name_once_in_the_order_in_which_they_came() {
        let list = json!([" Web-2", "web-1", "WEB-2", "web-1 "]);

        assert_eq!(names("hosts", &list, host_name).unwrap(), ["web-2", "web-1"]);
        let list = json!(["Shop", "shop", "Shop"]);
        assert_eq!(names("apps", &list, app_name).unwrap(), ["Shop", "shop"]);
    }

    #[test]
    fn what_is_no_list_of_names_is_refused() {
        for wrong in [json!({}), json!("web-1"), json!([1]), json!([""]), json!(["a\nb"])] {
            let refused = names("hosts", &wrong, host_name);

            assert!(matches!(refused, Err(Error::Invalid { .. })), "{wrong}");
        }
    }
}
