//! What the documents of tronbyt have in them, of whatever shape they are. All else is told.
//!
//! `info` of a display and `config` of an app are kept whole and have no list.

/// Of a person.
pub(super) const PERSON: [&str; 8] = [
    "username",
    "password",
    "email",
    "api_key",
    "theme_preference",
    "system_repo_url",
    "app_repo_url",
    "devices",
];

/// Of a display.
pub(super) const DEVICE: [&str; 27] = [
    "id",
    "name",
    "type",
    "api_key",
    "img_url",
    "ws_url",
    "notes",
    "brightness",
    "custom_brightness_scale",
    "night_brightness",
    "dim_brightness",
    "night_mode_enabled",
    "night_mode_app",
    "night_start",
    "night_end",
    "dim_time",
    "default_interval",
    "timezone",
    "locale",
    "last_app_index",
    "pinned_app",
    "interstitial_enabled",
    "interstitial_app",
    "last_seen",
    "info",
    "location",
    "apps",
];

/// Of the place where a display is.
pub(super) const LOCATION: [&str; 7] =
    ["name", "locality", "description", "place_id", "timezone", "lat", "lng"];

/// Of an app. Its `id` never said anything, and is left out without a word.
pub(super) const APP: [&str; 25] = [
    "id",
    "iname",
    "name",
    "uinterval",
    "display_time",
    "notes",
    "enabled",
    "pushed",
    "order",
    "last_render",
    "last_render_duration",
    "path",
    "start_time",
    "end_time",
    "days",
    "use_custom_recurrence",
    "recurrence_type",
    "recurrence_interval",
    "recurrence_pattern",
    "recurrence_start_date",
    "recurrence_end_date",
    "config",
    "empty_last_render",
    "render_messages",
    "autopin",
];

/// Of the days on which an app recurs.
pub(super) const PATTERN: [&str; 3] = ["day_of_month", "day_of_week", "weekdays"];
