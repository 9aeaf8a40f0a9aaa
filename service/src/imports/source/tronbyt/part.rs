//! A part of a document, read as whatever people and older versions have written there.

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde_json::{Map, Value as Json, json};

use crate::{
    cell::{DAYS, is_day, shown, time},
    displays::{
        brightness::Scale,
        day::{self, DayOfWeek},
    },
    imports::unit::{Unit, Weight},
    world::is_kept,
};

/// A part of a document: where it stands, and what is in it.
pub(super) struct Part<'d> {
    pub(super) path: String,
    pub(super) object: &'d Map<String, Json>,
}

impl<'d> Part<'d> {
    pub(super) fn of(unit: &mut Unit, path: String, json: &'d Json) -> Option<Self> {
        let Json::Object(object) = json else {
            unit.remark(Weight::Fault, path, json, "it is no object; it is left out");
            return None;
        };
        Some(Self { path, object })
    }

    fn at(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn found(&self, name: &str) -> Option<&'d Json> {
        self.object.get(name).filter(|json| !json.is_null())
    }

    /// What stands there, for a remark; never a secret.
    fn shown(&self, name: &str) -> &Json {
        let is_secret = matches!(name, "password" | "api_key");
        self.object.get(name).filter(|_| !is_secret).unwrap_or(&Json::Null)
    }

    pub(super) fn warn(&self, unit: &mut Unit, name: &str, why: &str) {
        let value = self.shown(name);
        unit.remark(Weight::Warning, self.at(name), value, why);
    }

    pub(super) fn fault(&self, unit: &mut Unit, name: &str, why: &str) {
        let value = self.shown(name);
        unit.remark(Weight::Fault, self.at(name), value, why);
    }

    /// Tells of each member that is none of these. It is not shown: it may be a secret.
    pub(super) fn knows(&self, unit: &mut Unit, members: &[&str]) {
        for (name, json) in self.object {
            if !json.is_null() && !members.contains(&name.as_str()) {
                let why = "nobody knows what it is; it is left out";
                unit.remark(Weight::Warning, self.at(name), &Json::Null, why);
            }
        }
    }

    /// The parts of a map, with their keys.
    pub(super) fn map(&self, unit: &mut Unit, name: &str) -> Vec<(String, &'d Json)> {
        match self.found(name) {
            None => Vec::new(),
            Some(Json::Object(map)) => map.iter().map(|(key, json)| (key.clone(), json)).collect(),
            Some(_) => {
                self.fault(unit, name, "it is no object; nothing of it comes in");
                Vec::new()
            }
        }
    }

    /// A text that says something.
    pub(super) fn text(&self, unit: &mut Unit, name: &str) -> Option<String> {
        match self.found(name)? {
            Json::String(text) if text.is_empty() => None,
            Json::String(text) => Some(text.clone()),
            // Numbers as names are a habit of people who write JSON by hand.
            Json::Number(number) => Some(number.to_string()),
            _ => {
                self.warn(unit, name, "it is no text; it is left out");
                None
            }
        }
    }

    /// The texts of a list.
    pub(super) fn texts(&self, unit: &mut Unit, name: &str) -> Json {
        let list = match self.found(name) {
            None => return json!([]),
            Some(Json::Array(list)) => list,
            Some(_) => {
                self.warn(unit, name, "it is no list of texts; it is left out");
                return json!([]);
            }
        };
        for (at, item) in list.iter().enumerate().filter(|(_, item)| !item.is_string()) {
            let path = format!("{}.{at}", self.at(name));
            unit.remark(Weight::Warning, path, item, "it is no text; it is left out");
        }
        list.iter().filter(|item| item.is_string()).cloned().collect()
    }

    pub(super) fn one_of(&self, unit: &mut Unit, name: &str, known: &[String]) -> Option<String> {
        let text = self.text(unit, name)?;
        if known.contains(&text) {
            return Some(text);
        }
        self.warn(unit, name, &format!("it is none of {}; the default is taken", known.join(", ")));
        None
    }

    pub(super) fn number(&self, unit: &mut Unit, name: &str) -> Option<i64> {
        let json = self.found(name)?;
        let number = match json {
            Json::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
            Json::String(text) => text.parse().ok(),
            _ => None,
        };
        if number.is_none() {
            self.warn(unit, name, "it is no whole number; the default is taken");
        }
        number
    }

    pub(super) fn degrees(&self, unit: &mut Unit, name: &str) -> Option<f64> {
        let json = self.found(name)?;
        let number = json.as_f64().or_else(|| json.as_str()?.parse().ok());
        if number.is_none() {
            self.warn(unit, name, "it is no number");
        }
        number.filter(|number| number.is_finite())
    }

    pub(super) fn flag(&self, unit: &mut Unit, name: &str) -> Option<bool> {
        match self.found(name)? {
            Json::Bool(flag) => Some(*flag),
            Json::Number(number) if number.as_i64() == Some(0) => Some(false),
            Json::Number(number) if number.as_i64() == Some(1) => Some(true),
            _ => {
                self.warn(unit, name, "it is neither true nor false; the default is taken");
                None
            }
        }
    }

    /// A time of day; once it was the number of an hour.
    pub(super) fn hour(&self, unit: &mut Unit, name: &str) -> Option<String> {
        let json = self.found(name)?;
        let text = match json {
            // 24 is the midnight at the end of a day.
            Json::Number(number) => {
                number.as_i64().map(|hour| format!("{}:00", hour % 24)).unwrap_or_default()
            }
            Json::String(text) if text.is_empty() => return None,
            Json::String(text) => text.clone(),
            _ => String::new(),
        };
        let is_hour = json.as_i64().is_none_or(|hour| (0..=24).contains(&hour));
        let found = time(&text).filter(|_| is_hour);
        if found.is_none() {
            self.warn(unit, name, "it is no time of day; it is left out");
        }
        found.map(|time| time.format("%H:%M:%S").to_string())
    }

    pub(super) fn date(&self, unit: &mut Unit, name: &str) -> Option<NaiveDate> {
        let text = self.text(unit, name)?;
        let found = text.parse::<NaiveDate>().ok();
        match found {
            None => self.warn(unit, name, "it is no date; it is left out"),
            Some(day) if !is_day(day) => self.warn(unit, name, &format!("{DAYS}; it is left out")),
            Some(_) => {}
        }
        found.filter(|day| is_day(*day))
    }

    /// A moment; one without a zone is UTC.
    pub(super) fn moment(&self, unit: &mut Unit, name: &str) -> Option<String> {
        let text = self.text(unit, name)?;
        let moment = DateTime::parse_from_rfc3339(&text).map(|moment| moment.to_utc()).ok();
        let bare = || {
            let forms = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];
            let of = |form: &&str| NaiveDateTime::parse_from_str(&text, form).ok();
            forms.iter().find_map(of).map(|moment| moment.and_utc())
        };
        let found = moment.or_else(bare).filter(|moment| is_kept(*moment));
        if found.is_none() {
            self.warn(unit, name, "it is no moment from 1970 to 2037; it is left out");
        }
        found.map(shown)
    }

    pub(super) fn zone(&self, unit: &mut Unit, name: &str) -> Option<String> {
        let text = self.text(unit, name)?;
        if text.parse::<chrono_tz::Tz>().is_ok() {
            return Some(text);
        }
        self.warn(unit, name, "it is no IANA time zone; it is left out");
        None
    }

    /// A scale of brightness, in the form in which it is stored.
    pub(super) fn scale(&self, unit: &mut Unit, name: &str) -> Option<String> {
        let scale = self.text(unit, name)?.parse::<Scale>().ok();
        if scale.is_none() {
            self.warn(unit, name, "it is not six percentages; it is left out");
        }
        scale.map(|scale| scale.to_string())
    }

    /// A day of a month by its weekday: `first_monday`.
    pub(super) fn day_of_week(&self, unit: &mut Unit, name: &str) -> Option<String> {
        let day = self.text(unit, name)?.parse::<DayOfWeek>().ok();
        if day.is_none() {
            self.warn(unit, name, "it is no day such as `first_monday`; it is left out");
        }
        day.map(|day| day.to_string())
    }

    pub(super) fn weekdays(&self, unit: &mut Unit, name: &str) -> Json {
        let Some(json) = self.found(name) else { return json!([]) };
        let days: Vec<String> = json
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|day| Some(day.as_str()?.to_lowercase()))
            .filter(|day| day::named(day).is_ok())
            .collect();
        if json.as_array().is_none_or(|list| list.len() != days.len()) {
            self.warn(unit, name, "not all of it are weekdays; the others are left out");
        }
        json!(days)
    }

    /// How long something took: seconds, or an ISO 8601 duration as `PT1M0.412S`.
    pub(super) fn milliseconds(&self, unit: &mut Unit, name: &str) -> Option<i64> {
        let json = self.found(name)?;
        let seconds = match json {
            Json::Number(number) => number.as_f64(),
            Json::String(text) if text.is_empty() => return None,
            Json::String(text) => duration(text).or_else(|| text.parse().ok()),
            _ => None,
        };
        let found = seconds.and_then(|seconds| whole((seconds * 1_000.0).round()));
        let found = found.filter(|found| (0..=i64::from(i32::MAX)).contains(found));
        if found.is_none() {
            self.warn(unit, name, "it is no duration; it is left out");
        }
        found
    }
}

/// The seconds of an ISO 8601 duration of days, hours, minutes and seconds.
fn duration(text: &str) -> Option<f64> {
    let (days, clock) = text.strip_prefix('P')?.split_once('T').unwrap_or((&text[1..], ""));
    let mut seconds = 0.0;
    let mut rest = days;
    if !rest.is_empty() {
        seconds += rest.strip_suffix('D')?.parse::<f64>().ok()? * 86_400.0;
    }
    rest = clock;
    for (unit, worth) in [('H', 3_600.0), ('M', 60.0), ('S', 1.0)] {
        if let Some((number, behind)) = rest.split_once(unit) {
            seconds += number.parse::<f64>().ok()? * worth;
            rest = behind;
        }
    }
    (rest.is_empty() && !(days.is_empty() && clock.is_empty())).then_some(seconds)
}

#[expect(clippy::cast_possible_truncation, reason = "it is looked at whether it is the same")]
fn whole(number: f64) -> Option<i64> {
    let whole = number as i64;
    #[expect(clippy::cast_precision_loss, clippy::float_cmp, reason = "that is what is looked at")]
    (number.is_finite() && whole as f64 == number).then_some(whole)
}
