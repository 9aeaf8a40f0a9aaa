//! What a document of tronbyt says, of whichever shape it is, as rows.

use std::collections::BTreeSet;

use entity::{displays::device::DeviceType, identity::user::ThemePreference};
use sea_orm::ActiveEnum as _;
use serde_json::{Value as Json, json};

use super::{cells::Cells, lenient, member, part::Part};
use crate::{
    displays::brightness::Scale,
    identity::{
        fold::fold,
        password::legacy,
        secret::{hash, is_brought_key},
    },
    imports::unit::{Unit, Weight},
};

/// How the documents of a file are read.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// Their number: 0 to 4.
    pub(super) version: i64,
    /// The folded name of the role that people get.
    pub(super) role: String,
}

/// Whoever ran a tronbyt server.
const ADMIN: &str = "admin";

impl Shape {
    /// The record of a person: who they are, and all that is theirs.
    pub(super) fn unit(&self, id: i64, name: Option<&str>, data: Option<&str>) -> Unit {
        let key = name.map_or_else(|| format!("row {id}"), str::to_owned);
        let mut unit = Unit { key: key.chars().take(255).collect(), ..Unit::default() };
        let document = match data.map(lenient::read) {
            Some(Ok((Json::Object(document), unread))) => {
                for lenient::Unread { path, why } in unread {
                    unit.remark(Weight::Fault, path, &Json::Null, format!("{why}; it is left out"));
                }
                document
            }
            Some(Ok((other, _))) => {
                unit.remark(Weight::Fault, "", &other, "the document is no object");
                return unit;
            }
            Some(Err(error)) => {
                let why = format!("the document is no JSON: {error}");
                unit.remark(Weight::Fault, "", &Json::Null, why);
                return unit;
            }
            None => {
                unit.remark(Weight::Fault, "", &Json::Null, "there is no document that is text");
                return unit;
            }
        };
        let person = Part { path: String::new(), object: &document };
        let Some(username) = username(&mut unit, &person, name) else { return unit };
        person.knows(&mut unit, &member::PERSON);
        self.person(&mut unit, &person, &username);
        let mut seen = BTreeSet::new();
        for (map_key, device) in person.map(&mut unit, "devices") {
            self.device(&mut unit, &mut seen, &username, (map_key.as_str(), device));
        }
        unit
    }

    fn person(&self, unit: &mut Unit, person: &Part<'_>, username: &str) {
        let mut cells = Cells::default();
        cells.set("username", username);
        cells.set("username_key", fold(username));
        let email = person.text(unit, "email").map(|email| email.to_lowercase());
        if let Some(email) = email.filter(|email| !email.trim().is_empty()) {
            cells.set("email_key", fold(&email));
            cells.set("email", email);
        }
        if let Some(password) = person.text(unit, "password") {
            if let Err(why) = legacy::looks_verifiable(&password) {
                let why = format!("{why}; it is kept, and needs a reset to be replaced");
                unit.remark(Weight::Warning, "password", &Json::Null, why);
            }
            cells.set("password_hash", password);
        } else {
            let why = "there is none; a reset gives them one";
            unit.remark(Weight::Warning, "password", &Json::Null, why);
        }
        cells.maybe(
            "theme_preference",
            person.one_of(unit, "theme_preference", &ThemePreference::values()),
        );
        cells.maybe("app_repo_url", person.text(unit, "app_repo_url"));
        cells.maybe("system_repo_url", person.text(unit, "system_repo_url"));
        let key = format!("users/{username}");
        if username == ADMIN {
            let why = "they ran the old server; here they get no more rights than anybody until \
                       somebody gives them a role";
            unit.remark(Weight::Warning, "", &Json::Null, why);
        }
        let api_key = person.text(unit, "api_key").filter(|key| {
            let is_one = is_brought_key(key);
            if !is_one {
                let why =
                    "a key has 32 letters and digits; it is left out, and a new one is made here";
                unit.remark(Weight::Warning, "api_key", &Json::Null, why);
            }
            is_one
        });
        unit.push("users", &key, "", cells);
        let mut role = Cells::default();
        role.row("user_id", &key);
        role.named("role_id", "roles", "name_key", &self.role);
        unit.push("user_roles", &format!("user_roles/{username}"), "", role);
        if let Some(secret) = api_key {
            let mut cells = Cells::default();
            cells.row("user_id", &key);
            cells.set("name", "tronbyt");
            cells.set("prefix", secret.chars().take(4).collect::<String>());
            cells.set("key_hash", hash(&secret));
            cells.set("scopes", json!(["display:read", "display:update"]));
            unit.push("api_keys", &format!("api_keys/{username}"), "api_key", cells);
        }
    }

    /// A display and what is on it. `seen` has the keys of the displays and apps before.
    fn device(
        &self,
        unit: &mut Unit,
        seen: &mut BTreeSet<String>,
        username: &str,
        (map_key, json): (&str, &Json),
    ) {
        let path = format!("devices.{map_key}");
        let Some(device) = Part::of(unit, path, json) else { return };
        device.knows(unit, &member::DEVICE);
        let Some(id) = device.text(unit, "id") else {
            device.fault(unit, "id", "a display has an id of eight hexadecimal digits");
            return;
        };
        if id.len() != 8 || !id.chars().all(|c| c.is_ascii_hexdigit()) {
            device.fault(unit, "id", "it is not eight hexadecimal digits; the display is left out");
            return;
        }
        let id = id.to_ascii_lowercase();
        // Two people may have a display with the same id in a broken file.
        let key = format!("devices/{username}/{id}");
        if !seen.insert(key.clone()) {
            device.fault(unit, "id", "another display of theirs has it; this one is left out");
            return;
        }
        let mut cells = Cells::default();
        cells.set("id", id.clone());
        cells.row("user_id", &format!("users/{username}"));
        for (name, column) in [
            ("name", "name"),
            ("img_url", "img_url"),
            ("ws_url", "ws_url"),
            ("notes", "notes"),
            ("night_mode_app", "night_mode_app"),
            ("pinned_app", "pinned_app"),
            ("interstitial_app", "interstitial_app"),
            ("locale", "locale"),
        ] {
            cells.maybe(column, device.text(unit, name));
        }
        cells.maybe("custom_brightness_scale", device.scale(unit, "custom_brightness_scale"));
        cells.maybe("api_key_hash", device.text(unit, "api_key").map(|key| hash(&key)));
        cells.maybe("device_type", device.one_of(unit, "type", &DeviceType::values()));
        for name in ["brightness", "night_brightness", "dim_brightness"] {
            let number = device.number(unit, name);
            cells.maybe(name, number.map(|number| self.brightness(number)));
        }
        for name in ["night_mode_enabled", "interstitial_enabled"] {
            cells.maybe(name, device.flag(unit, name));
        }
        for name in ["night_start", "night_end", "dim_time"] {
            cells.maybe(name, device.hour(unit, name));
        }
        cells.maybe("default_interval_seconds", device.number(unit, "default_interval"));
        cells.called("default_interval_seconds", "default_interval");
        cells.maybe("last_app_position", device.number(unit, "last_app_index"));
        cells.called("last_app_position", "last_app_index");
        cells.maybe("timezone", device.zone(unit, "timezone"));
        cells.maybe("last_seen_at", device.moment(unit, "last_seen"));
        cells.set("info", info(unit, &device));
        unit.push("devices", &key, &device.path, cells);
        let location = device.object.get("location").filter(|json| !json.is_null());
        if let Some(json) = location {
            location_of(unit, &device, &key, json);
        }
        for (iname, app) in device.map(unit, "apps") {
            self.app(unit, seen, (device.path.as_str(), key.as_str()), (iname.as_str(), app));
        }
    }

    fn brightness(&self, number: i64) -> i64 {
        // Before documents held percentages, they held the levels of the usual scale.
        let level = usize::try_from(number).ok().and_then(|level| Scale::default().percent(level));
        match level {
            Some(percent) if self.version < 1 => percent.into(),
            _ => number,
        }
    }
}

/// The name in the document and the one beside it, which are the same in a sound file.
fn username(unit: &mut Unit, person: &Part<'_>, beside: Option<&str>) -> Option<String> {
    let own = person.text(unit, "username");
    let name = match (own, beside) {
        (Some(own), Some(beside)) if own != beside => {
            let why = format!("`json_data.username` is `{beside}`; nobody knows who it is");
            person.fault(unit, "username", &why);
            return None;
        }
        (Some(name), _) => name,
        (None, Some(beside)) => {
            person.warn(unit, "username", "there is none; the one beside the document is taken");
            beside.to_owned()
        }
        (None, None) => {
            person.fault(unit, "username", "there is none");
            return None;
        }
    };
    let sound = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || !name.chars().all(sound) {
        person.fault(unit, "username", "a name of tronbyt has letters, digits, `_` and `-` only");
        return None;
    }
    Some(name)
}

/// What a display says of itself.
fn info(unit: &mut Unit, device: &Part<'_>) -> Json {
    let Some(json) = device.object.get("info").filter(|json| !json.is_null()) else {
        return json!({});
    };
    let Some(part) = Part::of(unit, format!("{}.info", device.path), json) else {
        return json!({});
    };
    let mut info = part.object.clone();
    if let Some(mac) = info.remove("mac") {
        info.entry("mac_address").or_insert(mac);
    }
    Json::Object(info)
}

fn location_of(unit: &mut Unit, device: &Part<'_>, key: &str, json: &Json) {
    let Some(place) = Part::of(unit, format!("{}.location", device.path), json) else { return };
    place.knows(unit, &member::LOCATION);
    let (lat, lng) = (place.degrees(unit, "lat"), place.degrees(unit, "lng"));
    let (Some(lat), Some(lng)) = (lat, lng) else {
        unit.remark(
            Weight::Fault,
            &place.path,
            &Json::Null,
            "a place has `lat` and `lng`; it is left out",
        );
        return;
    };
    let mut cells = Cells::default();
    cells.row("device_id", key);
    cells.set("lat", lat);
    cells.set("lng", lng);
    let name = place.text(unit, "name");
    let locality = place.text(unit, "locality");
    // What was the locality before documents were of shape 3.
    cells.maybe("locality", locality.or_else(|| name.clone()));
    cells.maybe("name", name);
    for name in ["description", "place_id"] {
        cells.maybe(name, place.text(unit, name));
    }
    cells.maybe("timezone", place.zone(unit, "timezone"));
    unit.push("locations", &format!("locations/{}", &key["devices/".len()..]), &place.path, cells);
}
