//! A display with its apps and its place, which are loaded and saved as one.

mod load;
mod places;
mod rows;
mod save;
mod saving;
mod settle;
mod shows;

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc, Weekday};
pub use entity::displays::{app::RecurrenceType, device::DeviceType};
use serde_json::{Map, Value};

pub use self::{
    load::{load, load_all, owner},
    save::{Part, Saved, delete, save, save_all},
    shows::shows,
};
pub(super) use self::{rows::read_app, save::edit, saving::insert_app, settle::folded};
use super::{brightness::Scale, day::DayOfWeek};

/// A display, as it is loaded and saved.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Display {
    /// What people say about it.
    pub device: Device,
    /// Where it stands.
    pub location: Option<Location>,
    /// Its apps, in the order of their turns.
    pub apps: Vec<App>,
    /// What came from the display itself. A save writes none of it.
    pub seen: Seen,
}

/// What people say about a display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Eight hexadecimal digits in lower case; none where it is to be made.
    pub id: Option<String>,
    /// What it is called.
    pub name: Option<String>,
    /// What it is built from.
    pub device_type: DeviceType,
    /// Where it fetches its next picture.
    pub img_url: Option<String>,
    /// Where it connects to, when it keeps a connection open.
    pub ws_url: Option<String>,
    /// What else there is to say.
    pub notes: Option<String>,
    /// The name of its time zone.
    pub timezone: Option<String>,
    /// The language and country of what it shows: `de_DE`.
    pub locale: Option<String>,
    /// Its brightness by day, in percent.
    pub brightness: i32,
    /// What the levels of brightness stand for, where they do not stand for the usual.
    pub custom_brightness_scale: Option<Scale>,
    /// Whether it has a night.
    pub night_mode_enabled: bool,
    /// Its brightness at night, in percent.
    pub night_brightness: i32,
    /// The installation that alone is shown at night.
    pub night_mode_app: Option<String>,
    /// When its night begins; it has none, without.
    pub night_start: Option<NaiveTime>,
    /// When its night and what is dimmed end; at six, without.
    pub night_end: Option<NaiveTime>,
    /// From when on it is dimmed.
    pub dim_time: Option<NaiveTime>,
    /// Its brightness while it is dimmed, in percent; that by day, without.
    pub dim_brightness: Option<i32>,
    /// For how long an app is shown that does not say so itself.
    pub default_interval_seconds: i32,
    /// The installation that alone is shown, until it is unpinned.
    pub pinned_app: Option<String>,
    /// Whether there is an app that is shown between any two others.
    pub interstitial_enabled: bool,
    /// The installation that is shown there.
    pub interstitial_app: Option<String>,
}

impl Default for Device {
    fn default() -> Self {
        Self {
            id: None,
            name: None,
            device_type: DeviceType::TidbytGen1,
            img_url: None,
            ws_url: None,
            notes: None,
            timezone: None,
            locale: None,
            brightness: 100,
            custom_brightness_scale: None,
            night_mode_enabled: false,
            night_brightness: 0,
            night_mode_app: None,
            night_start: None,
            night_end: None,
            dim_time: None,
            dim_brightness: None,
            default_interval_seconds: 15,
            pinned_app: None,
            interstitial_enabled: false,
            interstitial_app: None,
        }
    }
}

impl Device {
    /// What its levels of brightness stand for.
    pub fn scale(&self) -> Scale {
        self.custom_brightness_scale.unwrap_or_default()
    }
}

/// What came from a display itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Whether it has a key to prove itself by.
    pub has_key: bool,
    /// How far it has come in the round of its apps.
    pub last_app_position: i32,
    /// What it says of itself.
    pub info: Map<String, Value>,
    /// When it was last heard of.
    pub last_seen_at: Option<DateTime<Utc>>,
    /// When it was made; none of one that is to be made.
    pub created_at: Option<DateTime<Utc>>,
    /// When what people say about it was last changed.
    pub updated_at: Option<DateTime<Utc>>,
}

/// Where a display stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Location {
    /// What its owner calls the place.
    pub name: Option<String>,
    /// The town or the district.
    pub locality: Option<String>,
    /// The place in words.
    pub description: Option<String>,
    /// What the service that found the place calls it.
    pub place_id: Option<String>,
    /// The name of the time zone there.
    pub timezone: Option<String>,
    /// Degrees north of the equator.
    pub lat: f64,
    /// Degrees east of Greenwich.
    pub lng: f64,
}

impl Location {
    /// A place of which nothing else is known.
    pub fn at(lat: f64, lng: f64) -> Self {
        let (name, locality, description) = (None, None, None);
        Self { name, locality, description, place_id: None, timezone: None, lat, lng }
    }
}

/// An app that is installed on a display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// Names the installation among those of the display.
    pub iname: String,
    /// The name of what is installed.
    pub name: String,
    /// The source that is rendered; what is pushed has none.
    pub path: Option<String>,
    /// What else there is to say.
    pub notes: Option<String>,
    /// What it was told by whoever installed it.
    pub config: Config,
    /// Whether it takes its turns.
    pub enabled: bool,
    /// Whether its picture is sent from outside.
    pub pushed: bool,
    /// Whether it pins itself whenever there is something to see in it.
    pub autopin: bool,
    /// The least time between two renderings; 0: whenever it is shown.
    pub render_interval_minutes: i32,
    /// For how long it is shown; 0: for as long as the display says.
    pub display_seconds: i32,
    /// From which minute of a day on it is shown; from the first, without one.
    pub start_time: Option<NaiveTime>,
    /// The last minute in which it is shown; the last of the day, without one. Where it comes before
    /// `start_time`, it is on the next day.
    pub end_time: Option<NaiveTime>,
    /// On which days of the week it is shown; on each, without any.
    pub days: Vec<Weekday>,
    /// Whether `recurrence` counts, and not `days`.
    pub use_custom_recurrence: bool,
    /// On which days it recurs.
    pub recurrence: Recurrence,
    /// How it was last rendered. A save writes none of it.
    pub rendered: Rendered,
}

impl App {
    /// An app that takes its turns every day.
    pub fn new(iname: &str, name: &str) -> Self {
        Self {
            iname: iname.to_owned(),
            name: name.to_owned(),
            path: None,
            notes: None,
            config: Config::default(),
            enabled: true,
            pushed: false,
            autopin: false,
            render_interval_minutes: 0,
            display_seconds: 0,
            start_time: None,
            end_time: None,
            days: Vec::new(),
            use_custom_recurrence: false,
            recurrence: Recurrence::default(),
            rendered: Rendered::default(),
        }
    }
}

/// What an app was told, which can be keys to services of others. `Debug` shows none of it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Config(pub Map<String, Value>);

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// On which days something recurs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recurrence {
    /// What `interval` counts.
    pub every: RecurrenceType,
    /// Every so many days, weeks, months or years.
    pub interval: i32,
    /// The first day, on which counting begins; 1 January 2025, without one.
    pub start_date: Option<NaiveDate>,
    /// The last day; none, without one.
    pub end_date: Option<NaiveDate>,
    /// On which days of its weeks, months or years; on that on which counting began, without one.
    pub pattern: Option<Pattern>,
}

impl Default for Recurrence {
    fn default() -> Self {
        Self {
            every: RecurrenceType::Daily,
            interval: 1,
            start_date: None,
            end_date: None,
            pattern: None,
        }
    }
}

/// On which days of its weeks, months or years something recurs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern {
    /// The number of a day, for months and years.
    pub day_of_month: Option<i32>,
    /// A day by its weekday, for months and years where no number is given.
    pub day_of_week: Option<DayOfWeek>,
    /// Days of the week, for weeks.
    pub weekdays: Vec<Weekday>,
}

/// How an app was last rendered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// When; never, without.
    pub at: Option<DateTime<Utc>>,
    /// How long it took.
    pub duration_ms: i32,
    /// Whether there was nothing to see.
    pub was_empty: bool,
    /// What there was to say.
    pub messages: Vec<String>,
}
