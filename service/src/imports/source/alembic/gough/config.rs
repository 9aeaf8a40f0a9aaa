//! Settings of services outside, without the credentials that Gough let stand in them.

use serde_json::{Map, Value as Json, json};

use super::super::{passage::Passage, value};
use crate::secrets::backend::without_credentials;

/// The column, there and here.
const COLUMN: &str = "config_data";

/// The settings in `config_data`. Each credential that is left out is told, by its name.
pub(super) fn config(passage: &mut Passage<'_>) {
    let mut settings = match value::document(passage.json(COLUMN)) {
        Ok(Json::Null) => return,
        Ok(Json::Object(settings)) => settings,
        // What stands there may be a credential.
        _ => return passage.refuse(COLUMN, &Json::Null, "it is no object in JSON"),
    };
    for path in cleaned(&mut settings, "") {
        let why = "a credential does not stand among settings; store it as a secret";
        passage.warn(&format!("{COLUMN}.{path}"), &Json::Null, why);
    }
    passage.set(COLUMN, settings);
}

/// Takes out what is a credential, on every level, and says where it was.
fn cleaned(settings: &mut Map<String, Json>, above: &str) -> Vec<String> {
    let mut out = Vec::new();
    settings.retain(|name, value| {
        let path = format!("{above}{name}");
        let is_told = !matches!(value, Json::Null | Json::Bool(_));
        if is_told && is_refused(name, json!("a word")) {
            out.push(path);
            return false;
        }
        for part in parts(value) {
            out.append(&mut cleaned(part, &format!("{path}.")));
        }
        let is_refused = is_refused(name, value.clone());
        if is_refused {
            out.push(path);
        }
        !is_refused
    });
    out
}

/// The objects in a value.
fn parts(value: &mut Json) -> Vec<&mut Map<String, Json>> {
    match value {
        Json::Object(part) => vec![part],
        Json::Array(list) => list.iter_mut().filter_map(Json::as_object_mut).collect(),
        _ => Vec::new(),
    }
}

fn is_refused(name: &str, value: Json) -> bool {
    let one = Map::from_iter([(name.to_owned(), value)]);
    without_credentials(COLUMN, &Json::Object(one)).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_taken_out_on_every_level_and_the_rest_stays() {
        let Json::Object(mut settings) = json!({
            "url": "https://vault.example.org",
            "token": "geheim",
            "token_ttl": 60,
            "mounts": [{"path": "kv", "password": "geheim"}, "plain"],
            "proxy": {"url": "http://ana:geheim@proxy.example.org", "is_secret": true},
        }) else {
            unreachable!()
        };

        let out = cleaned(&mut settings, "");

        assert_eq!(out, ["mounts.password", "proxy.url", "token"]);
        let left = json!({
            "url": "https://vault.example.org",
            "token_ttl": 60,
            "mounts": [{"path": "kv"}, "plain"],
            "proxy": {"is_secret": true},
        });
        assert_eq!(Json::Object(settings), left);
    }
}
