//! People, their roles, and what they proved themselves with.

use entity::identity::{api_key, password_reset, refresh_token, role, user, user_role};
use secrecy::SecretString;
use serde_json::{Value as Json, json};

use super::{
    super::{
        map::Map,
        passage::{Passage, named},
        person,
        reads::Said,
        value,
    },
    form,
};
use crate::{
    identity::{secret, totp},
    imports::Cell,
    rights, text,
};

/// The longest address.
const LONGEST: usize = 255;

/// Where the addresses of people are.
const PEOPLE: &str = "auth_user";

pub(super) fn maps() -> Vec<Map> {
    vec![
        Map::of::<user::Entity>(PEOPLE)
            .looked(["email"], name)
            .looked(["password"], password)
            .looked(["active"], is_active)
            .looked(["tf_totp_secret", "tf_primary_method"], second_factor)
            .renamed([("confirmed_at", "verified_at")])
            .looked([], is_verified)
            .same(["full_name", "last_login_at", "current_login_at", "last_login_ip"])
            .same(["current_login_ip", "login_count", "created_at", "updated_at"])
            .without(["fs_uniquifier"], "there is no security stamp here"),
        Map::of::<role::Entity>("auth_role")
            .looked(["name"], person::role_name)
            .looked(["permissions"], permissions)
            .same(["description", "created_at"]),
        Map::of::<user_role::Entity>("auth_user_roles").same(["user_id", "role_id"]),
        Map::of::<refresh_token::Entity>("auth_refresh_tokens")
            .same(["user_id", "expires_at", "created_at"])
            .looked(["token_hash"], token_hash)
            .looked([], family)
            .looked(["revoked"], revoked),
        Map::of::<password_reset::Entity>("auth_password_resets")
            .same(["user_id", "expires_at", "created_at"])
            .looked(["token_hash"], token_hash)
            .looked(["used"], used),
        Map::of::<api_key::Entity>("api_keys")
            .same(["name", "rate_limit", "created_at", "expires_at", "last_used_at"])
            .through("scopes", "scopes", form::list)
            .looked(["enabled"], enabled)
            .looked(["key_hash"], key_hash)
            .looked(["user_id"], owner)
            .finding(PEOPLE, ["email", "id"], owner_named)
            .may_be_missing(),
    ]
}

/// Gough's people have no name but their address.
fn name(passage: &mut Passage<'_>) {
    let email = passage.text("email").unwrap_or_default();
    match text::name("e-mail address", &email, LONGEST) {
        Ok(name) => {
            passage.set("email", name.shown.to_lowercase());
            passage.set("email_key", name.key.clone());
            passage.set("username", name.shown);
            passage.set("username_key", name.key);
        }
        Err(error) => person::refuse(passage, "email", error),
    }
}

fn password(passage: &mut Passage<'_>) {
    person::password_in(passage, "password");
}

/// Who was not said to be active was let in nowhere.
fn is_active(passage: &mut Passage<'_>) {
    let is_active = passage.is("active");
    passage.set("is_active", is_active);
}

fn is_verified(passage: &mut Passage<'_>) {
    let is_verified = passage.gets("verified_at");
    passage.set("is_verified", is_verified);
}

/// Without its seed a second factor would let nobody in, and there is none here but one-time
/// passwords.
fn second_factor(passage: &mut Passage<'_>) {
    let kept = passage.text("tf_totp_secret");
    let seed = kept.as_deref().and_then(seed);
    let is_unread = kept.is_some() && seed.is_none();
    if is_unread {
        let why = "it is no seed that can be read; the person has no second factor here";
        passage.warn("tf_totp_secret", &Json::Null, why);
    }
    let method = passage.text("tf_primary_method");
    match method.as_deref().map(str::trim).map(str::to_lowercase).as_deref() {
        None => {}
        Some("authenticator") if seed.is_some() && passage.beside.seals => {
            passage.set("totp_enabled", true);
        }
        Some("authenticator") if is_unread => {}
        Some("authenticator") => {
            let why = "its seed is not there or cannot be sealed; the person has no second factor \
                       here";
            passage.warn("tf_primary_method", &json!(method), why);
        }
        Some(_) => {
            let why = "there is no such second factor here; the person has none";
            passage.warn("tf_primary_method", &json!(method), why);
        }
    }
    if let Some(seed) = seed {
        passage.cell("totp_secret", Cell::Secret(SecretString::from(seed)));
    }
}

/// The seed in base32, which may stand in the JSON that passlib writes.
fn seed(kept: &str) -> Option<String> {
    let text = match serde_json::from_str(kept) {
        Ok(Json::Object(totp)) => totp.get("key")?.as_str()?.to_owned(),
        _ => kept.to_owned(),
    };
    totp::seed(&text).is_some().then_some(text)
}

/// What a role allows, as far as there is such a permission here.
fn permissions(passage: &mut Passage<'_>) {
    let given = passage.json("permissions").clone();
    let codes = match form::list(&given) {
        Ok(Json::Array(codes)) => codes,
        Ok(_) => return,
        Err(why) => return passage.warn("permissions", &given, &format!("{why}; it is left out")),
    };
    let mut taken = Vec::new();
    for code in codes {
        match code.as_str().map(str::trim) {
            Some(text) if rights::ALL.contains(&text) => {
                if !taken.contains(&text.to_owned()) {
                    taken.push(text.to_owned());
                }
            }
            _ => {
                let why = "there is no such permission here; the role comes without it";
                passage.warn("permissions", &code, why);
            }
        }
    }
    for code in taken {
        let role = Cell::Row(passage.key().to_owned());
        let part = format!("permission/{code}");
        let permission = Cell::Named("permissions", "code", code);
        let cells = vec![("role_id", role), ("permission_id", permission)];
        passage.behind("role_permissions", &part, cells);
    }
}

fn token_hash(passage: &mut Passage<'_>) {
    match passage.text("token_hash") {
        Some(hash) => passage.set("token_hash", hash),
        None => passage.refuse("token_hash", &Json::Null, "a token without its hash is none"),
    }
}

/// Each token is a session of its own, which has the same name whenever it is brought in.
fn family(passage: &mut Passage<'_>) {
    let Some(began) = passage.moment("created_at") else {
        let why = "a session has a time at which it began";
        return passage.refuse("created_at", &Json::Null, why);
    };
    let hash = secret::hash(&format!("{}/{}", passage.beside.scope, passage.key()));
    let parts = [&hash[..8], &hash[8..12], &hash[12..16], &hash[16..20], &hash[20..32]];
    passage.set("family_id", parts.join("-"));
    passage.set("family_started_at", began);
}

fn revoked(passage: &mut Passage<'_>) {
    if passage.is("revoked") {
        ended(passage, "revoked_at");
    }
}

fn used(passage: &mut Passage<'_>) {
    if passage.is("used") {
        ended(passage, "used_at");
    }
}

fn enabled(passage: &mut Passage<'_>) {
    if !passage.is("enabled") {
        ended(passage, "revoked_at");
    }
}

/// Gough did not keep when; the only time that is the same whenever it is asked for is that at
/// which the row was made.
fn ended(passage: &mut Passage<'_>, column: &'static str) {
    match passage.moment("created_at") {
        Some(made) => passage.set(column, made),
        None => passage.refuse("created_at", &Json::Null, "there is no time at which it was made"),
    }
}

fn key_hash(passage: &mut Passage<'_>) {
    let hash = passage.text("key_hash").unwrap_or_default().trim().to_lowercase();
    if !form::is_hash(&hash) {
        let why = "no key can be looked up by a hash of its kind; it comes revoked";
        passage.warn("key_hash", &Json::Null, why);
        ended(passage, "revoked_at");
    }
    passage.set("key_hash", hash);
    passage.set("prefix", "gough");
}

/// The person that a text names, by their address or their key.
fn owner(passage: &mut Passage<'_>) {
    let text = passage.text("user_id").unwrap_or_default();
    let by_name = passage.found(PEOPLE, "email", &address(&text));
    match by_name.unwrap_or(text.trim()).parse::<i64>() {
        Ok(id) => passage.cell("user_id", Cell::Row(named(PEOPLE, &[id]))),
        Err(_) => passage.refuse("user_id", &json!(text), "it names nobody"),
    }
}

fn owner_named(said: &Said) -> Vec<String> {
    said.get("user_id").and_then(value::text).map(|text| address(&text)).into_iter().collect()
}

fn address(text: &str) -> String {
    text.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_read_by_itself_and_in_the_document_around_it() {
        let base32 = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
        let document = format!("{{\"key\": \"{base32}\", \"type\": \"totp\", \"v\": 1}}");

        assert_eq!(seed(base32).as_deref(), Some(base32));
        assert_eq!(seed(&document).as_deref(), Some(base32));
        for sealed in ["{\"enckey\": {\"c\": 14}}", "not base32!", "{}"] {
            assert_eq!(seed(sealed), None, "{sealed}");
        }
    }
}
