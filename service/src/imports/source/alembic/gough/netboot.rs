//! Machines that boot from the network, and the eggs that are put on them. Gough's lists of eggs
//! hold their keys, those here their names.

use entity::netboot::{
    boot_event, egg, egg_group, ipxe_boot_config, ipxe_config, ipxe_image, ipxe_machine,
};
use serde_json::Value as Json;

use super::{
    super::{map::Map, passage::Passage, reads::Said},
    default, form,
};
use crate::mac::mac;

/// The table of eggs.
pub(super) const EGGS: &str = "eggs";

pub(super) fn maps() -> Vec<Map> {
    let maps = [images_and_eggs(), machines()];
    maps.into_iter().flatten().map(Map::may_be_missing).collect()
}

fn images_and_eggs() -> Vec<Map> {
    vec![
        Map::record::<ipxe_image::Entity>("ipxe_images")
            .same(["name", "display_name", "os_name", "os_version", "architecture"])
            .same(["kernel_path", "initrd_path", "squashfs_path", "kernel_params", "image_type"])
            .same(["minio_bucket", "is_active", "checksum", "size_bytes"])
            .same(["created_at", "updated_at"])
            .looked(["is_default"], default),
        Map::record::<egg::Entity>(EGGS)
            .same(["name", "display_name", "description", "egg_type", "version", "category"])
            .same(["snap_name", "snap_channel", "snap_classic", "cloud_init_content"])
            .same(["lxd_image_alias", "lxd_image_url", "is_hypervisor_config", "min_ram_mb"])
            .same(["min_disk_gb", "required_architecture", "is_active", "is_default"])
            .same(["checksum", "size_bytes", "created_at", "updated_at"])
            .through("lxd_profiles", "lxd_profiles", form::list)
            .looked(["dependencies"], dependencies)
            .finding(EGGS, ["id", "name"], |said| eggs_named(said, "dependencies")),
        Map::record::<egg_group::Entity>("egg_groups")
            .same(["name", "display_name", "description", "created_at", "updated_at"])
            .looked(["eggs"], grouped)
            .looked(["is_default"], default)
            .finding(EGGS, ["id", "name"], |said| eggs_named(said, "eggs")),
    ]
}

fn machines() -> Vec<Map> {
    vec![
        Map::record::<ipxe_boot_config::Entity>("ipxe_boot_configs")
            .same(["name", "description", "ipxe_script", "kernel_params", "timeout_seconds"])
            .same(["default_image_id", "assigned_egg_group_id", "created_at", "updated_at"])
            .through("boot_order", "boot_order", form::list)
            .looked(["is_default"], default),
        Map::record::<ipxe_machine::Entity>("ipxe_machines")
            .same(["system_id", "hostname", "mac_address", "ip_address", "status", "boot_mode"])
            .same(["architecture", "cpu_count", "memory_mb", "storage_gb", "bmc_address"])
            .same(["power_type", "zone", "pool", "boot_config_id", "last_boot_at"])
            .same(["last_seen_at", "deployed_at", "created_at", "updated_at"])
            .through("tags", "tags", form::list)
            .through("hardware_info", "hardware_info", form::object)
            .looked(["assigned_eggs"], assigned)
            .finding(EGGS, ["id", "name"], |said| eggs_named(said, "assigned_eggs")),
        Map::record::<ipxe_config::Entity>("ipxe_config")
            .same(["name", "dhcp_mode", "dhcp_interface", "dhcp_subnet", "dhcp_range_start"])
            .same(["dhcp_range_end", "dhcp_gateway", "tftp_enabled", "http_boot_url"])
            .same(["minio_bucket", "default_boot_script", "chain_url", "is_active"])
            .same(["created_at", "updated_at"])
            .through("dns_servers", "dns_servers", form::list),
        Map::record::<boot_event::Entity>("boot_events")
            .same(["machine_id", "ip_address", "event_type", "status", "created_at"])
            .through("mac_address", "mac_address", address)
            .through("details", "details", form::object),
    ]
}

/// A hardware address in the one form that it has here.
fn address(json: &Json) -> Result<Json, String> {
    let text = json.as_str().unwrap_or_default().trim();
    let address = mac("mac_address", text).map_err(|_| "it is no hardware address".to_owned())?;
    Ok(address.into())
}

fn dependencies(passage: &mut Passage<'_>) {
    eggs(passage, "dependencies");
}

fn grouped(passage: &mut Passage<'_>) {
    eggs(passage, "eggs");
}

fn assigned(passage: &mut Passage<'_>) {
    eggs(passage, "assigned_eggs");
}

/// The names of the eggs in a list, each once. What is no egg is told and left out.
pub(super) fn eggs(passage: &mut Passage<'_>, column: &'static str) {
    let items = match items(passage.json(column)) {
        Ok(Some(items)) => items,
        Ok(None) => return,
        Err(why) => {
            let given = passage.json(column).clone();
            return passage.refuse(column, &given, &why);
        }
    };
    let mut names: Vec<String> = Vec::new();
    for item in items {
        let name = match key(&item) {
            Some(key) => passage.found(EGGS, "id", &key).map(str::to_owned),
            None => item.as_str().map(|name| name.trim().to_owned()),
        };
        match name {
            Some(name) if names.contains(&name) => {}
            Some(name) => names.push(name),
            None => passage.warn(column, &item, "there is no such egg; it is left out"),
        }
    }
    passage.set(column, names);
}

/// The keys of the eggs in a list.
pub(super) fn eggs_named(said: &Said, column: &str) -> Vec<String> {
    let items = said.get(column).and_then(|json| items(json).ok()).flatten();
    items.unwrap_or_default().iter().filter_map(key).collect()
}

/// What stands in a list of eggs, in its order; objects have their place in `order`.
fn items(json: &Json) -> Result<Option<Vec<Json>>, String> {
    let Json::Array(list) = form::list(json)? else { return Ok(None) };
    let placed = |item: Json| match item.get("egg_id") {
        Some(egg) => (item.get("order").and_then(Json::as_i64).unwrap_or(0), egg.clone()),
        None => (0, item),
    };
    let mut placed: Vec<(i64, Json)> = list.into_iter().map(placed).collect();
    placed.sort_by_key(|(place, _)| *place);
    Ok(Some(placed.into_iter().map(|(_, egg)| egg).collect()))
}

/// The key of an egg, if it is one.
fn key(item: &Json) -> Option<String> {
    match item {
        Json::Number(number) => Some(number.to_string()),
        Json::String(text) => text.trim().parse::<i64>().ok().map(|key| key.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_of_eggs_has_keys_or_names_and_may_say_the_order() {
        for (given, expected) in [
            (json!([7, 3]), json!([7, 3])),
            (json!("[7, 3]"), json!([7, 3])),
            (json!("[\"docker\"]"), json!(["docker"])),
            (json!([{"egg_id": 7, "order": 2}, {"egg_id": 3, "order": 1}]), json!([3, 7])),
        ] {
            assert_eq!(items(&given).unwrap().map(Json::from), Some(expected), "{given}");
        }
        assert_eq!(items(&json!(null)), Ok(None));
        assert!(items(&json!({"egg_id": 7})).is_err());
        let keys = [json!(7), json!("7"), json!("docker"), json!(null)].map(|item| key(&item));
        assert_eq!(keys, [Some("7".to_owned()), Some("7".to_owned()), None, None]);
    }
}
