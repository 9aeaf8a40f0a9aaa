//! Fenrir: pages and what is on them, environments, test users, and mail. Its models, its migration
//! and its old script made the same five tables a little differently; each of them is understood.

use entity::webtest::{
    email_item, environment,
    environment_user::{self, SecretProvider},
    page,
    page_identifier::{self, LocatorStrategy},
};
use sea_orm::ActiveEnum as _;
use secrecy::SecretString;
use serde_json::{Value as Json, json};

use super::{
    map::{Map, System},
    passage::Passage,
    value,
};
use crate::imports::Cell;

/// Why lists that say what a key says are not taken.
const SAID: &str = "the rows that it lists refer to this one";

/// Where a page is of which no address is known.
const NOWHERE: &str = "/";

pub(super) fn system() -> System {
    let maps = vec![
        Map::record::<page::Entity>("page")
            .renamed([("page_name", "name")])
            .looked(["page_url"], address)
            .may_lack(&["page_url"])
            .through("environments", "environments", designations)
            .without(["identifiers"], SAID)
            .same(["created_at", "updated_at"]),
        Map::record::<page_identifier::Entity>("identifier")
            .same(["page_id", "element_name", "locator_query", "created_at", "updated_at"])
            .through("locator_strategy", "locator_strategy", strategy)
            .through("environments", "environments", designations),
        Map::record::<environment::Entity>("environment")
            .same(["name", "url", "created_at", "updated_at"])
            .renamed([("environment_designation", "designation")])
            .through("api_url", "api_url", something)
            .through("status", "is_active", is_active)
            .without(["users"], SAID),
        Map::record::<environment_user::Entity>("user")
            .same(["username", "email", "environment_id", "created_at", "updated_at"])
            .looked(["password", "secret_provider", "secret_url", "secret_name"], password),
        Map::record::<email_item::Entity>("emailProcessorTable")
            .same(["email_item_id", "multi_item_email_ids", "multi_email_flag"])
            .same(["multi_attachment_flag", "requires_processing", "created_at", "updated_at"])
            .same(["last_processed_at"])
            .through("system", "email_system", something)
            .through("test_name", "test_name", something),
    ];
    System::of("Fenrir", "fenrir", &["001_initial_schema"], maps)
}

/// The address of a page, for which the shipped migration had no column.
fn address(passage: &mut Passage<'_>) {
    if let Some(url) = passage.text("page_url") {
        return passage.set("url", url);
    }
    let why = "no address is known; `/` stands for it";
    passage.warn("page_url", &Json::Null, why);
    passage.set("url", NOWHERE);
}

/// A list of designations; Fenrir read them as the names of its constants. What is no list has
/// none.
fn designations(json: &Json) -> Result<Json, String> {
    let list = match value::document(json)? {
        Json::Null => return Ok(json!([])),
        Json::Object(none) if none.is_empty() => return Ok(json!([])),
        Json::Array(list) => list,
        _ => return Err("it is no list".to_owned()),
    };
    let mut designations: Vec<String> = Vec::with_capacity(list.len());
    for item in &list {
        let name = item.as_str().ok_or("it is no list of designations")?.trim().to_lowercase();
        if !designations.contains(&name) {
            designations.push(name);
        }
    }
    Ok(json!(designations))
}

/// How an element is found, in any of the ways in which Selenium calls it.
fn strategy(json: &Json) -> Result<Json, String> {
    let text = json.as_str().unwrap_or_default().trim().to_lowercase();
    let name = text.strip_prefix("by.").unwrap_or(&text).replace([' ', '-'], "_");
    let name = match name.as_str() {
        "css_selector" => "css",
        "class" => "class_name",
        "tag" => "tag_name",
        other => other,
    };
    let known = LocatorStrategy::values();
    if known.iter().any(|known| known == name) {
        return Ok(json!(name));
    }
    Err(format!("it is one of {}", known.join(", ")))
}

/// A text; an empty one is none.
#[expect(clippy::unnecessary_wraps, reason = "it reads as others do that can fail")]
fn something(json: &Json) -> Result<Json, String> {
    let is_empty = json.as_str().is_some_and(|text| text.trim().is_empty());
    Ok(if is_empty { Json::Null } else { json.clone() })
}

/// Only `false` is not active: nothing ever was, since any text that is not empty counted as yes.
#[expect(clippy::unnecessary_wraps, reason = "it reads as others do that can fail")]
fn is_active(json: &Json) -> Result<Json, String> {
    let text = value::text(json).unwrap_or_default();
    Ok(json!(!matches!(text.trim().to_lowercase().as_str(), "false" | "0")))
}

/// A password that was in clear is sealed among the secrets; one that a provider keeps stays there.
fn password(passage: &mut Passage<'_>) {
    let outside = ["secret_provider", "secret_url", "secret_name"];
    let given = outside.map(|name| passage.text(name));
    let password = value::text(passage.json("password")).filter(|text| !text.is_empty());
    if let Some(password) = password {
        keep(passage, password);
        if given.iter().any(Option::is_some) {
            let why = "the password itself is known, and kept here; where else it is is left out";
            tell(passage, &outside, why);
        }
        return;
    }
    let [Some(provider), Some(url), Some(name)] = given else {
        if given.iter().any(Option::is_some) {
            let why = "a provider, an address and a name go together; it is left out";
            tell(passage, &outside, why);
        }
        return;
    };
    let provider = provider.trim().to_lowercase();
    let is_known = SecretProvider::values().contains(&provider);
    passage.set("secret_provider", if is_known { provider } else { "other".to_owned() });
    passage.set("secret_url", url);
    passage.set("secret_name", name);
}

/// Puts a password among the secrets, under a path that no other source has.
fn keep(passage: &mut Passage<'_>, password: String) {
    let path = format!("imports/{}/{}", segment(&passage.beside.scope), passage.key());
    let username = passage.text("username").unwrap_or_default();
    let description = format!("password of test user `{username}`");
    let cells = vec![
        ("path", Cell::Is(json!(path))),
        ("description", Cell::Is(json!(description))),
        ("encrypted_data", Cell::Secret(SecretString::from(password))),
    ];
    let secret = passage.before("encrypted_secrets", "password", cells);
    passage.cell("secret_id", Cell::Row(secret));
}

/// The name of a source as a part of a path: few characters, none of them upper case.
fn segment(name: &str) -> String {
    let part = |c: char| {
        let c = c.to_ascii_lowercase();
        if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' }
    };
    name.chars().map(part).collect()
}

fn tell(passage: &mut Passage<'_>, names: &[&str], why: &str) {
    for name in names {
        if let Some(text) = passage.text(name) {
            passage.warn(name, &json!(text), why);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fenrir_wrote_is_what_it_meant() {
        for (given, expected) in [
            (json!(["LOCAL", "prod", "Prod"]), json!(["local", "prod"])),
            (json!("[\"DEV\"]"), json!(["dev"])),
            (json!({}), json!([])),
            (json!("null"), json!([])),
        ] {
            assert_eq!(designations(&given), Ok(expected), "{given}");
        }
        assert!(designations(&json!({"dev": true})).is_err());
        for (given, expected) in [
            ("css selector", "css"),
            ("By.CSS_SELECTOR", "css"),
            ("XPATH", "xpath"),
            ("partial link text", "partial_link_text"),
            ("class name", "class_name"),
        ] {
            assert_eq!(strategy(&json!(given)), Ok(json!(expected)), "{given}");
        }
        assert!(strategy(&json!("telepathy")).is_err());
        assert_eq!(is_active(&json!("False")), Ok(json!(false)));
        assert_eq!(is_active(&json!("maintenance")), Ok(json!(true)));
        assert_eq!(segment("Fenrir Süd_2"), "fenrir-s-d-2");
    }
}
