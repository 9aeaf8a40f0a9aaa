//! Displays as rows, and back.

use entity::displays::{app, device, location, recurrence_pattern};
use sea_orm::ActiveValue::Set;
use serde_json::{Map, Value};

use super::{App, Config, Device, Display, Location, Pattern, Recurrence, Rendered, Seen};
use crate::{
    Error, Result,
    displays::{
        brightness::Scale,
        day::{self, DayOfWeek},
    },
    text::invalid,
};

/// An app and its pattern, as they are stored.
pub(super) type AppRows = (app::Model, Option<recurrence_pattern::Model>);

/// A display, as it is stored; its apps in the order of their turns.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) device: device::Model,
    pub(super) location: Option<location::Model>,
    pub(super) apps: Vec<AppRows>,
}

impl Stored {
    /// What the rows say.
    ///
    /// # Errors
    /// [`Error::Malformed`] if one of them cannot be read.
    pub(super) fn read(&self) -> Result<Display> {
        let read = |(app, pattern): &AppRows| read_app(app, pattern.as_ref());
        Ok(Display {
            device: read_device(&self.device)?,
            location: self.location.as_ref().map(read_location),
            apps: self.apps.iter().map(read).collect::<Result<_>>()?,
            seen: read_seen(&self.device)?,
        })
    }
}

fn read_device(row: &device::Model) -> Result<Device> {
    let scale = row.custom_brightness_scale.as_ref().map(|text| text.parse::<Scale>()).transpose();
    Ok(Device {
        id: Some(row.id.clone()),
        name: row.name.clone(),
        device_type: row.device_type,
        img_url: row.img_url.clone(),
        ws_url: row.ws_url.clone(),
        notes: row.notes.clone(),
        timezone: row.timezone.clone(),
        locale: row.locale.clone(),
        brightness: row.brightness,
        custom_brightness_scale: scale.map_err(|error| malformed("display", &row.id, &error))?,
        night_mode_enabled: row.night_mode_enabled,
        night_brightness: row.night_brightness,
        night_mode_app: row.night_mode_app.clone(),
        night_start: row.night_start,
        night_end: row.night_end,
        dim_time: row.dim_time,
        dim_brightness: row.dim_brightness,
        default_interval_seconds: row.default_interval_seconds,
        pinned_app: row.pinned_app.clone(),
        interstitial_enabled: row.interstitial_enabled,
        interstitial_app: row.interstitial_app.clone(),
    })
}

fn read_seen(row: &device::Model) -> Result<Seen> {
    Ok(Seen {
        has_key: row.api_key_hash.is_some(),
        last_app_position: row.last_app_position,
        info: object(&row.info).map_err(|error| malformed("display", &row.id, &error))?,
        last_seen_at: row.last_seen_at,
        created_at: Some(row.created_at),
        updated_at: Some(row.updated_at),
    })
}

fn read_location(row: &location::Model) -> Location {
    Location {
        name: row.name.clone(),
        locality: row.locality.clone(),
        description: row.description.clone(),
        place_id: row.place_id.clone(),
        timezone: row.timezone.clone(),
        lat: row.lat,
        lng: row.lng,
    }
}

/// What the rows of an app say.
pub(in crate::displays) fn read_app(
    row: &app::Model,
    pattern: Option<&recurrence_pattern::Model>,
) -> Result<App> {
    let unread = |error: Error| {
        let key = format!("{}/{}", row.device_id, row.iname);
        malformed("app", &key, &error)
    };
    Ok(App {
        iname: row.iname.clone(),
        name: row.name.clone(),
        path: row.path.clone(),
        notes: row.notes.clone(),
        // The document may hold a secret, and an error shows what it is about.
        config: object(&row.config)
            .map(Config)
            .map_err(|_| unread(invalid("configuration", "***", "it is no object")))?,
        enabled: row.enabled,
        pushed: row.pushed,
        autopin: row.autopin,
        render_interval_minutes: row.render_interval_minutes,
        display_seconds: row.display_seconds,
        start_time: row.start_time,
        end_time: row.end_time,
        days: day::read(&row.days).map_err(unread)?,
        use_custom_recurrence: row.use_custom_recurrence,
        recurrence: Recurrence {
            every: row.recurrence_type,
            interval: row.recurrence_interval,
            start_date: row.recurrence_start_date,
            end_date: row.recurrence_end_date,
            pattern: pattern.map(read_pattern).transpose().map_err(unread)?,
        },
        rendered: Rendered {
            at: row.last_rendered_at,
            duration_ms: row.last_render_duration_ms,
            was_empty: row.last_render_was_empty,
            messages: messages(&row.render_messages).map_err(unread)?,
        },
    })
}

fn read_pattern(row: &recurrence_pattern::Model) -> Result<Pattern> {
    Ok(Pattern {
        day_of_month: row.day_of_month,
        day_of_week: row.day_of_week.as_ref().map(|text| text.parse::<DayOfWeek>()).transpose()?,
        weekdays: day::read(&row.weekdays)?,
    })
}

fn object(stored: &Value) -> Result<Map<String, Value>> {
    let object = stored.as_object().cloned();
    object.ok_or_else(|| invalid("document", &stored.to_string(), "it is no object"))
}

fn messages(stored: &Value) -> Result<Vec<String>> {
    let text = |item: &Value| item.as_str().map(str::to_owned);
    let texts = stored.as_array().and_then(|items| items.iter().map(text).collect());
    texts.ok_or_else(|| invalid("messages", &stored.to_string(), "it is no list of texts"))
}

fn malformed(kind: &'static str, key: &str, error: &Error) -> Error {
    Error::Malformed { kind, key: key.to_owned(), problem: error.to_string() }
}

/// What people say about a display, without its id.
pub(super) fn device(device: &Device) -> device::ActiveModel {
    device::ActiveModel {
        name: Set(device.name.clone()),
        device_type: Set(device.device_type),
        img_url: Set(device.img_url.clone()),
        ws_url: Set(device.ws_url.clone()),
        notes: Set(device.notes.clone()),
        timezone: Set(device.timezone.clone()),
        locale: Set(device.locale.clone()),
        brightness: Set(device.brightness),
        custom_brightness_scale: Set(device.custom_brightness_scale.map(|scale| scale.to_string())),
        night_mode_enabled: Set(device.night_mode_enabled),
        night_brightness: Set(device.night_brightness),
        night_mode_app: Set(device.night_mode_app.clone()),
        night_start: Set(device.night_start),
        night_end: Set(device.night_end),
        dim_time: Set(device.dim_time),
        dim_brightness: Set(device.dim_brightness),
        default_interval_seconds: Set(device.default_interval_seconds),
        pinned_app: Set(device.pinned_app.clone()),
        interstitial_enabled: Set(device.interstitial_enabled),
        interstitial_app: Set(device.interstitial_app.clone()),
        ..Default::default()
    }
}

/// Where a display stands, without which one.
pub(super) fn location(location: &Location) -> location::ActiveModel {
    location::ActiveModel {
        name: Set(location.name.clone()),
        locality: Set(location.locality.clone()),
        description: Set(location.description.clone()),
        place_id: Set(location.place_id.clone()),
        timezone: Set(location.timezone.clone()),
        lat: Set(location.lat),
        lng: Set(location.lng),
        ..Default::default()
    }
}

/// What people say about an app, without its place and on which display it is.
pub(super) fn app(app: &App) -> app::ActiveModel {
    app::ActiveModel {
        iname: Set(app.iname.clone()),
        name: Set(app.name.clone()),
        path: Set(app.path.clone()),
        notes: Set(app.notes.clone()),
        config: Set(Value::Object(app.config.0.clone())),
        enabled: Set(app.enabled),
        pushed: Set(app.pushed),
        autopin: Set(app.autopin),
        render_interval_minutes: Set(app.render_interval_minutes),
        display_seconds: Set(app.display_seconds),
        start_time: Set(app.start_time),
        end_time: Set(app.end_time),
        days: Set(day::stored(&app.days)),
        use_custom_recurrence: Set(app.use_custom_recurrence),
        recurrence_type: Set(app.recurrence.every),
        recurrence_interval: Set(app.recurrence.interval),
        recurrence_start_date: Set(app.recurrence.start_date),
        recurrence_end_date: Set(app.recurrence.end_date),
        ..Default::default()
    }
}

/// On which days an app recurs, without which one.
pub(super) fn pattern(pattern: &Pattern) -> recurrence_pattern::ActiveModel {
    recurrence_pattern::ActiveModel {
        day_of_month: Set(pattern.day_of_month),
        day_of_week: Set(pattern.day_of_week.map(|day| day.to_string())),
        weekdays: Set(day::stored(&pattern.weekdays)),
        ..Default::default()
    }
}
