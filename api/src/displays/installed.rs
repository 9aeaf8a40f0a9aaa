//! What people say about an app of a display, in both directions.

use chrono::{NaiveDate, NaiveTime};
use sea_orm::ActiveEnum as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use service::displays::{
    day::{self, DayOfWeek, Weekday},
    display::{App, Config, Pattern, Recurrence, Rendered},
};
use utoipa::ToSchema;

use super::words;
use crate::{
    Problem,
    extract::{object, some_object},
};

/// An app that is installed on a display. What is absent is as a new app has it.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DisplayApp {
    /// Names the installation among those of the display: 1 to 64 characters.
    #[schema(required, min_length = 1, max_length = 64)]
    pub(super) iname: String,
    /// Of what is installed.
    #[schema(required, min_length = 1, max_length = 255)]
    name: String,
    /// The source that is rendered; what is pushed has none.
    path: Option<String>,
    notes: Option<String>,
    /// What it was told by whoever installed it.
    #[schema(value_type = Object)]
    config: Map<String, Value>,
    /// Whether it takes its turns.
    enabled: bool,
    /// Whether its picture is sent from outside.
    pushed: bool,
    /// Whether it pins itself whenever there is something to see in it.
    autopin: bool,
    /// The least time between two renderings; 0: whenever it is shown.
    #[schema(minimum = 0)]
    render_interval_minutes: i32,
    /// For how long it is shown; 0: for as long as the display says.
    #[schema(minimum = 0)]
    display_seconds: i32,
    start_time: Option<NaiveTime>,
    /// Earlier than `start_time` where it is shown beyond midnight.
    end_time: Option<NaiveTime>,
    /// On which days it is shown; on each, without any.
    #[schema(schema_with = words::weekdays)]
    days: Vec<String>,
    /// Whether `recurrence` counts, and not `days`.
    use_custom_recurrence: bool,
    #[serde(deserialize_with = "object")]
    recurrence: DisplayRecurrence,
}

/// On which days an app recurs.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct DisplayRecurrence {
    #[schema(schema_with = words::recurrence_types)]
    every: String,
    /// Every so many days, weeks, months or years.
    #[schema(minimum = 1)]
    interval: i32,
    /// The first day, on which counting begins.
    start_date: Option<NaiveDate>,
    /// The last day; none, without one.
    end_date: Option<NaiveDate>,
    #[serde(deserialize_with = "some_object")]
    pattern: Option<DisplayPattern>,
}

/// On which days of its weeks, months or years an app recurs.
#[derive(Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct DisplayPattern {
    #[schema(minimum = 1, maximum = 31)]
    day_of_month: Option<i32>,
    /// `first_monday`, `last_friday`, …
    day_of_week: Option<String>,
    #[schema(schema_with = words::weekdays)]
    weekdays: Vec<String>,
}

impl Default for DisplayApp {
    fn default() -> Self {
        Self::from(&App::new("", ""))
    }
}

impl Default for DisplayRecurrence {
    fn default() -> Self {
        Self::from(&Recurrence::default())
    }
}

impl DisplayApp {
    /// The app that it describes.
    pub(super) fn read(self) -> Result<App, Problem> {
        Ok(App {
            iname: self.iname,
            name: self.name,
            path: self.path,
            notes: self.notes,
            config: Config(self.config),
            enabled: self.enabled,
            pushed: self.pushed,
            autopin: self.autopin,
            render_interval_minutes: self.render_interval_minutes,
            display_seconds: self.display_seconds,
            start_time: self.start_time,
            end_time: self.end_time,
            days: read_days(&self.days)?,
            use_custom_recurrence: self.use_custom_recurrence,
            recurrence: self.recurrence.read()?,
            rendered: Rendered::default(),
        })
    }
}

impl DisplayRecurrence {
    fn read(self) -> Result<Recurrence, Problem> {
        Ok(Recurrence {
            every: words::read("every", &self.every)?,
            interval: self.interval,
            start_date: self.start_date,
            end_date: self.end_date,
            pattern: self.pattern.map(DisplayPattern::read).transpose()?,
        })
    }
}

impl DisplayPattern {
    fn read(self) -> Result<Pattern, Problem> {
        Ok(Pattern {
            day_of_month: self.day_of_month,
            day_of_week: self.day_of_week.map(|text| text.parse::<DayOfWeek>()).transpose()?,
            weekdays: read_days(&self.weekdays)?,
        })
    }
}

impl From<&App> for DisplayApp {
    fn from(app: &App) -> Self {
        let app = app.clone();
        Self {
            iname: app.iname,
            name: app.name,
            path: app.path,
            notes: app.notes,
            config: app.config.0,
            enabled: app.enabled,
            pushed: app.pushed,
            autopin: app.autopin,
            render_interval_minutes: app.render_interval_minutes,
            display_seconds: app.display_seconds,
            start_time: app.start_time,
            end_time: app.end_time,
            days: shown_days(&app.days),
            use_custom_recurrence: app.use_custom_recurrence,
            recurrence: DisplayRecurrence::from(&app.recurrence),
        }
    }
}

impl From<&Recurrence> for DisplayRecurrence {
    fn from(recurrence: &Recurrence) -> Self {
        Self {
            every: recurrence.every.to_value(),
            interval: recurrence.interval,
            start_date: recurrence.start_date,
            end_date: recurrence.end_date,
            pattern: recurrence.pattern.as_ref().map(Into::into),
        }
    }
}

impl From<&Pattern> for DisplayPattern {
    fn from(pattern: &Pattern) -> Self {
        Self {
            day_of_month: pattern.day_of_month,
            day_of_week: pattern.day_of_week.map(|day| day.to_string()),
            weekdays: shown_days(&pattern.weekdays),
        }
    }
}

fn read_days(names: &[String]) -> service::Result<Vec<Weekday>> {
    names.iter().map(|name| day::named(name)).collect()
}

fn shown_days(days: &[Weekday]) -> Vec<String> {
    days.iter().map(|day| day::name(*day).to_owned()).collect()
}
