//! Secret backends: the places that secrets are read from.

use entity::secrets::secret_backend::{ActiveModel, Column, Entity};
pub use entity::secrets::secret_backend::{Model, SecretBackendType};
use sea_orm::{ActiveValue::Set, Condition};
use serde_json::Value;

use super::Secrets;
use crate::{
    Result,
    audit::Audited,
    records::{self, Record},
    rights::{Granted, UpdateSecrets},
    text::invalid,
};

impl Record for Entity {
    type Domain = Secrets;

    const KIND: &'static str = "secret backend";
    const GUARDED: &'static [Column] = &[Column::IsDefault];

    fn settle(row: &mut ActiveModel) -> Result<()> {
        if let Set(config) = &row.config_data {
            without_credentials("config_data", config)?;
        }
        records::default_stays_in_use::<Entity>(row, "backend")
    }
}

/// Makes a backend the one that is meant where none is named; the one before is it no more.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such backend, [`Rule::Inactive`](crate::rule::Rule::Inactive) if
/// it is out of use.
pub async fn make_default(
    unit: &Audited<'_>,
    by: &Granted<UpdateSecrets>,
    id: i64,
) -> Result<Model> {
    records::make_default::<Entity>(unit, by.to(), id, |_| Condition::all()).await
}

/// Makes sure that settings are an object in which nothing is a credential by its name, and no
/// address has a password in it. Names are looked at on every level.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) with the name of the first that is one, and never its
/// value.
pub(crate) fn without_credentials(column: &'static str, settings: &Value) -> Result<()> {
    if !settings.is_object() {
        return Err(invalid(column, "***", "it is an object"));
    }
    match credential(column, settings) {
        Some((name, problem)) => Err(invalid(column, name, problem)),
        None => Ok(()),
    }
}

/// What is a credential in a value of that name, and why it is taken for one.
fn credential<'v>(name: &'v str, value: &'v Value) -> Option<(&'v str, &'static str)> {
    // It says whether there is one, at most.
    if matches!(value, Value::Null | Value::Bool(_)) {
        return None;
    }
    if is_credential(name) {
        return Some((name, "so are credentials called; here stands where one lies, at most"));
    }
    match value {
        Value::String(text) if has_password(text) => Some((name, "the address has a password")),
        Value::Array(parts) => parts.iter().find_map(|part| credential(name, part)),
        Value::Object(parts) => parts.iter().find_map(|(name, part)| credential(name, part)),
        _ => None,
    }
}

/// What the name of a credential ends in, or a word of it.
const CREDENTIALS: [&str; 7] =
    ["credential", "key", "passphrase", "passwd", "password", "secret", "token"];

/// Words that are too short for that, and are credentials by themselves.
const WORDS: [&str; 5] = ["authorization", "jwt", "pass", "pin", "pwd"];

/// Behind the name of a credential: where it lies, what it is called, how it is treated.
const ABOUT: [&str; 22] = [
    "address",
    "arn",
    "dir",
    "endpoint",
    "engine",
    "env",
    "file",
    "id",
    "mount",
    "name",
    "namespace",
    "path",
    "policy",
    "prefix",
    "region",
    "ring",
    "seconds",
    "store",
    "ttl",
    "type",
    "url",
    "version",
];

/// Whether something of that name unlocks what it is about: `password`, `apiKey`, `token_2`, but
/// not `key_path` or `tokenTtl`.
fn is_credential(name: &str) -> bool {
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        // The password of a role of Vault; an address of Azure's with a key in it.
        [.., "secret", "id"] | [.., "connection", "string"] => true,
        [.., "public", "key" | "keys"] => false,
        [.., last] if ABOUT.contains(last) => false,
        words => words.iter().any(|word| {
            let one = word.strip_suffix('s').unwrap_or(word);
            WORDS.contains(word) || CREDENTIALS.iter().any(|name| one.ends_with(name))
        }),
    }
}

/// The words of a name, in lower case and without digits behind them: of `API_key2` they are `api`
/// and `key`, and so of `apiKey`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in name.chars() {
        if !c.is_alphanumeric() || c.is_uppercase() && !before.is_uppercase() {
            words.push(String::new());
        }
        if c.is_alphanumeric() {
            words.last_mut().expect("there is one").extend(c.to_lowercase());
        }
        before = c;
    }
    let words = words.iter().map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()));
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Whether the text is an address like `https://name:password@host`.
fn has_password(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Error;

    #[test]
    fn a_name_that_is_a_credentials_is_told_from_one_about_where_it_lies() {
        for name in [
            "password",
            "PASSWORD",
            "db-passwd",
            "clientSecret",
            "client_secret",
            "clientsecret",
            "apiKey",
            "API_KEY",
            "APIKEY",
            "access_key2",
            "keys",
            "vault token",
            "tokens",
            "credentials",
            "secret_id",
            "SecretID",
            "connectionString",
            "key_material",
            "passphrase",
            "pwd",
            "jwt",
            "Authorization",
        ] {
            assert!(is_credential(name), "{name}");
        }
        for name in [
            "address",
            "role_id",
            "key_path",
            "keyPath",
            "key_id",
            "access_key_id",
            "password_file",
            "credentials_path",
            "token_ttl",
            "tokenUrl",
            "secret_name",
            "secrets_mount",
            "key_ring",
            "public_key",
            "namespace",
            "compass",
            "",
            "_",
        ] {
            assert!(!is_credential(name), "{name}");
        }
    }

    #[test]
    fn credentials_are_found_on_every_level_and_never_told() {
        for (settings, name) in [
            (json!({"password": "hunter2"}), "password"),
            (json!({"a": [{"b": {"apiKey": "hunter2"}}]}), "apiKey"),
            (json!({"token": {"value": "hunter2"}}), "token"),
            (json!({"pin": 4711}), "pin"),
            (json!({"hosts": ["https://a", "https://ana:hunter2@b/c"]}), "hosts"),
            (json!("hunter2"), "***"),
            (json!([{"address": "hunter2"}]), "***"),
        ] {
            let refused = without_credentials("config_data", &settings).unwrap_err();

            let Error::Invalid { kind, input, .. } = &refused else { panic!("{refused}") };
            assert_eq!((*kind, input.as_str()), ("config_data", name));
            assert!(!refused.to_string().contains("hunter2"), "{refused}");
        }
    }

    #[test]
    fn addresses_mounts_and_paths_are_no_credentials() {
        for settings in [
            json!({}),
            json!({"address": "https://vault.example.org:8200/v1?a=b:c@d", "mount": "kv"}),
            json!({"auth": {"role_id": "plimsoll", "token_path": "/run/token"}}),
            json!({"user": "https://ana@example.org", "has_token": true, "key": null}),
        ] {
            without_credentials("config_data", &settings).unwrap();
        }
    }
}
