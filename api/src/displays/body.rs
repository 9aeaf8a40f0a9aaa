//! What people say about a display, in both directions.

use chrono::NaiveTime;
use sea_orm::ActiveEnum as _;
use serde::{Deserialize, Serialize};
use service::displays::{
    brightness::Scale,
    display::{Device, Display, Location, Seen},
};
use utoipa::ToSchema;

use super::{installed::DisplayApp, words};
use crate::{
    Problem,
    extract::{objects, some_object},
};

/// What people say about a display, with its place and its apps in the order of their turns. What
/// is absent is as a new display has it. Times are by the clock of the display.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DisplayBody {
    name: Option<String>,
    #[schema(schema_with = words::device_types)]
    device_type: String,
    /// Where it fetches its next picture.
    img_url: Option<String>,
    /// Where it connects to, when it keeps a connection open.
    ws_url: Option<String>,
    notes: Option<String>,
    /// An IANA name.
    timezone: Option<String>,
    /// The language and country of what it shows: `de_DE`.
    locale: Option<String>,
    /// Percent, by day.
    #[schema(minimum = 0, maximum = 100)]
    brightness: i32,
    /// Six percentages with commas between them, for the levels 0 to 5.
    custom_brightness_scale: Option<String>,
    night_mode_enabled: bool,
    /// Percent.
    #[schema(minimum = 0, maximum = 100)]
    night_brightness: i32,
    /// The installation that alone is shown at night.
    night_mode_app: Option<String>,
    night_start: Option<NaiveTime>,
    /// When its night and what is dimmed end; at six, without.
    night_end: Option<NaiveTime>,
    /// From when on it is dimmed.
    dim_time: Option<NaiveTime>,
    /// Percent.
    #[schema(minimum = 0, maximum = 100)]
    dim_brightness: Option<i32>,
    /// For how long an app is shown that does not say so itself.
    #[schema(minimum = 0)]
    default_interval_seconds: i32,
    /// The installation that alone is shown, until it is unpinned.
    pinned_app: Option<String>,
    interstitial_enabled: bool,
    /// The installation that is shown between any two others.
    interstitial_app: Option<String>,
    #[serde(deserialize_with = "some_object")]
    location: Option<DisplayPlace>,
    #[serde(deserialize_with = "objects")]
    apps: Vec<DisplayApp>,
}

/// Where a display stands.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DisplayPlace {
    /// What its owner calls the place.
    name: Option<String>,
    /// The town or the district.
    locality: Option<String>,
    description: Option<String>,
    /// What the service that found the place calls it.
    place_id: Option<String>,
    /// An IANA name.
    timezone: Option<String>,
    /// Degrees north of the equator.
    #[schema(minimum = -90, maximum = 90)]
    lat: f64,
    /// Degrees east of Greenwich.
    #[schema(minimum = -180, maximum = 180)]
    lng: f64,
}

impl Default for DisplayBody {
    fn default() -> Self {
        Self::from(&Display::default())
    }
}

impl DisplayBody {
    /// The display with that id; one that is to be made needs none.
    pub(super) fn read(self, id: Option<String>) -> Result<Display, Problem> {
        let scale = self.custom_brightness_scale.map(|text| text.parse::<Scale>()).transpose()?;
        let device = Device {
            id,
            name: self.name,
            device_type: words::read("device_type", &self.device_type)?,
            img_url: self.img_url,
            ws_url: self.ws_url,
            notes: self.notes,
            timezone: self.timezone,
            locale: self.locale,
            brightness: self.brightness,
            custom_brightness_scale: scale,
            night_mode_enabled: self.night_mode_enabled,
            night_brightness: self.night_brightness,
            night_mode_app: self.night_mode_app,
            night_start: self.night_start,
            night_end: self.night_end,
            dim_time: self.dim_time,
            dim_brightness: self.dim_brightness,
            default_interval_seconds: self.default_interval_seconds,
            pinned_app: self.pinned_app,
            interstitial_enabled: self.interstitial_enabled,
            interstitial_app: self.interstitial_app,
        };
        let apps = self.apps.into_iter().map(DisplayApp::read).collect::<Result<_, Problem>>()?;
        let location = self.location.map(Into::into);
        Ok(Display { device, location, apps, seen: Seen::default() })
    }
}

impl From<&Display> for DisplayBody {
    fn from(display: &Display) -> Self {
        let device = display.device.clone();
        Self {
            name: device.name,
            device_type: device.device_type.to_value(),
            img_url: device.img_url,
            ws_url: device.ws_url,
            notes: device.notes,
            timezone: device.timezone,
            locale: device.locale,
            brightness: device.brightness,
            custom_brightness_scale: device.custom_brightness_scale.map(|scale| scale.to_string()),
            night_mode_enabled: device.night_mode_enabled,
            night_brightness: device.night_brightness,
            night_mode_app: device.night_mode_app,
            night_start: device.night_start,
            night_end: device.night_end,
            dim_time: device.dim_time,
            dim_brightness: device.dim_brightness,
            default_interval_seconds: device.default_interval_seconds,
            pinned_app: device.pinned_app,
            interstitial_enabled: device.interstitial_enabled,
            interstitial_app: device.interstitial_app,
            location: display.location.clone().map(Into::into),
            apps: display.apps.iter().map(Into::into).collect(),
        }
    }
}

impl From<DisplayPlace> for Location {
    fn from(place: DisplayPlace) -> Self {
        let DisplayPlace { name, locality, description, place_id, timezone, lat, lng } = place;
        Self { name, locality, description, place_id, timezone, lat, lng }
    }
}

impl From<Location> for DisplayPlace {
    fn from(location: Location) -> Self {
        let Location { name, locality, description, place_id, timezone, lat, lng } = location;
        Self { name, locality, description, place_id, timezone, lat, lng }
    }
}
