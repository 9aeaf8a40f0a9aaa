//! What a document of tronbyt says, of whichever shape it is, as rows.

use std::collections::BTreeMap;

use chrono::DateTime;
use entity::{
    displays::{app::RecurrenceType, device::DeviceType},
    identity::user::ThemePreference,
};
use sea_orm::ActiveEnum as _;
use serde_json::{Value as Json, json};

use super::part::Part;
use crate::{
    cell::shown,
    displays::brightness::Scale,
    identity::{
        fold::fold,
        password::legacy,
        secret::{hash, is_brought_key},
    },
    imports::unit::{Cell, Row, Unit, Weight},
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
        let document = match data.map(serde_json::from_str::<Json>) {
            Some(Ok(Json::Object(document))) => document,
            Some(Ok(other)) => {
                unit.remark(Weight::Fault, "", &other, "the document is no object");
                return unit;
            }
            Some(Err(error)) => {
                let why = format!("the document is no JSON: {error}");
                unit.remark(Weight::Fault, "", &Json::Null, why);
                return unit;
            }
            None => {
                unit.remark(Weight::Fault, "", &Json::Null, "there is no document");
                return unit;
            }
        };
        let person = Part { path: String::new(), object: &document };
        let Some(username) = username(&mut unit, &person, name) else { return unit };
        self.person(&mut unit, &person, &username);
        for (map_key, device) in person.map(&mut unit, "devices") {
            self.device(&mut unit, &username, &map_key, device);
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

    fn device(&self, unit: &mut Unit, username: &str, map_key: &str, json: &Json) {
        let path = format!("devices.{map_key}");
        let Some(device) = Part::of(unit, path, json) else { return };
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
        if unit.has(&key) {
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
            self.app(unit, &device.path, &key, &iname, app);
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

    fn app(&self, unit: &mut Unit, within: &str, device: &str, map_key: &str, json: &Json) {
        let path = format!("{within}.apps.{map_key}");
        let Some(app) = Part::of(unit, path, json) else { return };
        let (iname, name) = (app.text(unit, "iname"), app.text(unit, "name"));
        let (Some(iname), Some(name)) = (&iname, &name) else {
            let lacks = if iname.is_none() { "iname" } else { "name" };
            app.fault(unit, lacks, "an app has an iname and a name; it is left out");
            return;
        };
        let key = format!("apps/{}/{iname}", &device["devices/".len()..]);
        if unit.has(&key) {
            app.fault(unit, "iname", "another app of the display has it; this one is left out");
            return;
        }
        let mut cells = Cells::default();
        cells.row("device_id", device);
        cells.set("iname", iname.clone());
        cells.set("name", name.clone());
        cells.maybe("path", app.text(unit, "path"));
        cells.maybe("notes", app.text(unit, "notes"));
        for (name, column) in [
            ("order", "position"),
            ("uinterval", "render_interval_minutes"),
            ("display_time", "display_seconds"),
            ("recurrence_interval", "recurrence_interval"),
        ] {
            cells.maybe(column, app.number(unit, name));
            cells.called(column, name);
        }
        for (name, column) in [
            ("enabled", "enabled"),
            ("pushed", "pushed"),
            ("autopin", "autopin"),
            ("use_custom_recurrence", "use_custom_recurrence"),
            ("empty_last_render", "last_render_was_empty"),
        ] {
            cells.maybe(column, app.flag(unit, name));
            cells.called(column, name);
        }
        for name in ["start_time", "end_time"] {
            cells.maybe(name, app.hour(unit, name));
        }
        cells.maybe(
            "recurrence_type",
            app.one_of(unit, "recurrence_type", &RecurrenceType::values()),
        );
        let began = app.date(unit, "recurrence_start_date");
        let ended = app.date(unit, "recurrence_end_date");
        if began.is_some() && ended.is_some() && ended < began {
            let why = "it is before `recurrence_start_date`; the app is left out";
            app.fault(unit, "recurrence_end_date", why);
            return;
        }
        cells.maybe("recurrence_start_date", began.map(|day| day.to_string()));
        cells.maybe("recurrence_end_date", ended.map(|day| day.to_string()));
        cells.set("days", app.weekdays(unit, "days"));
        let config = app.object.get("config").filter(|json| !json.is_null());
        match config {
            Some(Json::Object(config)) => cells.set("config", Json::Object(config.clone())),
            Some(_) if self.version < 1 => {
                let why = "it was kept in a file beside the database; install the app anew";
                app.warn(unit, "config", why);
            }
            Some(_) => app.warn(unit, "config", "it is no object; it is left out"),
            None => {}
        }
        let messages = app.object.get("render_messages").and_then(Json::as_array);
        let messages: Vec<&Json> =
            messages.into_iter().flatten().filter(|message| message.is_string()).collect();
        cells.set("render_messages", json!(messages));
        let rendered = app.number(unit, "last_render").filter(|seconds| *seconds > 0);
        let moment = rendered.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        if rendered.is_some() && moment.is_none() {
            app.warn(unit, "last_render", "it is no moment; it is left out");
        }
        cells.maybe("last_rendered_at", moment.map(shown));
        cells.maybe("last_render_duration_ms", app.milliseconds(unit, "last_render_duration"));
        unit.push("apps", &key, &app.path, cells);
        pattern(unit, &app, &key);
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

/// The days on which an app recurs; a row only where one of the three says something.
fn pattern(unit: &mut Unit, app: &Part<'_>, key: &str) {
    let json = match app.object.get("recurrence_pattern") {
        None | Some(Json::Null) => return,
        // Documents before shape 4 had a list, and nothing in it.
        Some(Json::Array(list)) if list.is_empty() => return,
        Some(Json::Array(_)) => {
            app.warn(
                unit,
                "recurrence_pattern",
                "a list with something in it was never used; it is left out",
            );
            return;
        }
        Some(json) => json,
    };
    let Some(part) = Part::of(unit, format!("{}.recurrence_pattern", app.path), json) else {
        return;
    };
    let day_of_month = part.number(unit, "day_of_month").filter(|day| *day != 0);
    let day_of_week = part.day_of_week(unit, "day_of_week");
    let weekdays = part.weekdays(unit, "weekdays");
    let is_nothing = day_of_month.is_none()
        && day_of_week.is_none()
        && weekdays.as_array().is_some_and(Vec::is_empty);
    if is_nothing {
        return;
    }
    let mut cells = Cells::default();
    cells.row("app_id", key);
    cells.maybe("day_of_month", day_of_month);
    cells.maybe("day_of_week", day_of_week);
    cells.set("weekdays", weekdays);
    let pattern = format!("recurrence_patterns/{}", &key["apps/".len()..]);
    unit.push("recurrence_patterns", &pattern, &part.path, cells);
}

/// The columns of a row that is being made.
#[derive(Default)]
struct Cells {
    cells: BTreeMap<String, Cell>,
    names: BTreeMap<String, String>,
}

impl Cells {
    fn set(&mut self, column: &str, value: impl Into<Json>) {
        self.cells.insert(column.to_owned(), Cell::Is(value.into()));
    }

    fn maybe(&mut self, column: &str, value: Option<impl Into<Json>>) {
        if let Some(value) = value {
            self.set(column, value);
        }
    }

    /// What the document calls the column.
    fn called(&mut self, column: &str, name: &str) {
        if column != name {
            self.names.insert(column.to_owned(), name.to_owned());
        }
    }

    fn row(&mut self, column: &str, key: &str) {
        self.cells.insert(column.to_owned(), Cell::Row(key.to_owned()));
    }

    fn named(&mut self, column: &str, table: &'static str, by: &'static str, text: &str) {
        self.cells.insert(column.to_owned(), Cell::Named(table, by, text.to_owned()));
    }
}

impl Unit {
    fn has(&self, key: &str) -> bool {
        self.rows.iter().any(|row| row.key == key)
    }

    fn push(&mut self, table: &str, key: &str, path: &str, cells: Cells) {
        let (table, key, path) = (table.to_owned(), key.to_owned(), path.to_owned());
        let Cells { cells, names } = cells;
        self.rows.push(Row { table, key, path, cells, names });
    }
}
