//! What is registered with Elder.

use entity::inventory::{elder_app, elder_config, elder_host};
use litemap::LiteMap;
use serde_json::{Map as Object, Value as Json, json};

use super::{
    super::{map::Map, passage::Passage, settle::settle},
    form,
};
use crate::{
    Result,
    imports::{Cell, Label},
    records::Record,
};

pub(super) fn maps() -> Vec<Map> {
    vec![
        Map::record::<elder_config::Entity>("elder_config")
            .same(["elder_url", "last_sync_at", "created_at", "updated_at"])
            .sealed("api_key", "api_key")
            .renamed([("timeout", "timeout_seconds")])
            .same(["max_retries", "is_active", "last_error"])
            .same(["sync_enabled", "sync_interval_seconds", "last_sync_status"])
            .looked(["name"], name)
            .may_lack(&[
                "name",
                "timeout",
                "max_retries",
                "is_active",
                "last_error",
                "sync_enabled",
                "sync_interval_seconds",
                "last_sync_status",
            ]),
        registered::<elder_host::Entity>("elder_hosts")
            .same(["hostname", "ip_address", "fqdn", "machine_id", "server_id", "zone", "pool"])
            .same(["elder_registered", "last_sync_at", "created_at", "updated_at"])
            .through("apps", "apps", form::list)
            .through("tags", "tags", labels)
            .through("metadata", "attributes", form::object),
        registered::<elder_app::Entity>("elder_apps")
            .same(["app_name", "port", "protocol", "path", "health_check_url", "priority"])
            .same(["elder_registered", "last_sync_at", "created_at", "updated_at"])
            .through("hosts", "hosts", form::list),
    ]
}

/// A table whose rows Elder may have been told already: being brought here does not change that.
fn registered<E: Record>(from: &'static str) -> Map {
    Map { settle: Some(settled::<E>), ..Map::of::<E>(from) }
}

fn settled<E: Record>(cells: &mut LiteMap<Label, Cell>) -> Result<()> {
    const COLUMN: &str = "elder_registered";

    let said = cells.get(COLUMN).cloned();
    settle::<E>(cells)?;
    match said {
        Some(said) => cells.insert(COLUMN.into(), said),
        None => cells.remove(COLUMN),
    };
    Ok(())
}

/// One of the two shapes has no name; the host of the address stands for it.
fn name(passage: &mut Passage<'_>) {
    let of_address = || passage.text("elder_url").as_deref().and_then(host);
    let name = passage.text("name").or_else(of_address);
    match name {
        Some(name) => passage.set("name", name),
        None => passage.refuse("name", &Json::Null, "there is none, and no address either"),
    }
}

fn host(url: &str) -> Option<String> {
    let (_, rest) = url.trim().split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    (!host.is_empty()).then(|| host.chars().take(100).collect())
}

/// Elder takes labels with a text each; a list becomes labels with an empty one.
fn labels(json: &Json) -> Result<Json, String> {
    if let Ok(object @ Json::Object(_)) = form::document(json) {
        return Ok(object);
    }
    let Json::Array(names) = form::list(json)? else { return Ok(Json::Null) };
    let mut labels = Object::new();
    for name in names {
        let name = name.as_str().ok_or("it is no list of labels")?;
        labels.insert(name.to_owned(), json!(""));
    }
    Ok(labels.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_made_of_lists_and_names_of_addresses() {
        for (given, expected) in [
            (json!("{\"env\": \"prod\"}"), json!({"env": "prod"})),
            (json!("[\"web\", \"edge\"]"), json!({"edge": "", "web": ""})),
            (json!("web"), json!({"web": ""})),
            (json!("null"), json!(null)),
        ] {
            assert_eq!(labels(&given), Ok(expected), "{given}");
        }
        assert!(labels(&json!([1])).is_err());
        assert_eq!(host("https://elder.org:8443/api").as_deref(), Some("elder.org:8443"));
        assert_eq!(host("http://ana:geheim@elder").as_deref(), Some("elder"));
        assert_eq!(host("elder"), None);
    }
}
