//! Displays as they are kept, and what can be none.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveTime, Timelike as _};
use entity::displays::{app, device};
use sea_orm::ActiveValue::Set;

use super::{App, Device, Display, Location, Pattern};
use crate::{
    Error, Result, cell,
    displays::zone,
    text::{self, invalid},
};

/// The display as it is kept: its id in lower case, no text that says nothing, times of whole seconds,
/// no pattern without a day.
///
/// # Errors
/// [`Error::Invalid`] for an id that can be none, [`Error::AlreadyExists`] for two apps with one name.
pub(super) fn settled(display: &Display) -> Result<Display> {
    let mut names = BTreeSet::new();
    if let Some(app) = display.apps.iter().find(|app| !names.insert(&app.iname)) {
        return Err(Error::AlreadyExists { kind: "app", key: app.iname.clone() });
    }
    Ok(Display {
        device: settled_device(&display.device)?,
        location: display.location.clone().map(settled_location),
        apps: display.apps.iter().cloned().map(settled_app).collect(),
        seen: display.seen.clone(),
    })
}

/// The displays of one person as they are kept.
///
/// # Errors
/// As for [`settled`], and [`Error::AlreadyExists`] for two with one id.
pub(super) fn all_settled(displays: &[Display]) -> Result<Vec<Display>> {
    let settled: Vec<Display> = displays.iter().map(settled).collect::<Result<_>>()?;
    let mut ids = BTreeSet::new();
    let twice = settled.iter().filter_map(|one| one.device.id.as_ref()).find(|id| !ids.insert(*id));
    match twice {
        Some(id) => Err(Error::AlreadyExists { kind: "display", key: id.clone() }),
        None => Ok(settled),
    }
}

fn settled_device(device: &Device) -> Result<Device> {
    let said = device.clone();
    Ok(Device {
        id: said.id.map(|id| identity(&id)).transpose()?,
        name: something(said.name),
        img_url: something(said.img_url),
        ws_url: something(said.ws_url),
        notes: something(said.notes),
        timezone: something(said.timezone),
        locale: something(said.locale),
        night_mode_app: something(said.night_mode_app),
        night_start: said.night_start.map(whole),
        night_end: said.night_end.map(whole),
        dim_time: said.dim_time.map(whole),
        pinned_app: something(said.pinned_app),
        interstitial_app: something(said.interstitial_app),
        ..said
    })
}

fn settled_location(said: Location) -> Location {
    Location {
        name: something(said.name),
        locality: something(said.locality),
        description: something(said.description),
        place_id: something(said.place_id),
        timezone: something(said.timezone),
        ..said
    }
}

fn settled_app(mut said: App) -> App {
    said.path = something(said.path);
    said.notes = something(said.notes);
    said.start_time = said.start_time.map(whole);
    said.end_time = said.end_time.map(whole);
    said.recurrence.pattern =
        said.recurrence.pattern.filter(|pattern| *pattern != Pattern::default());
    said
}

/// An id as it is looked for: in lower case, in which it is stored.
pub(in crate::displays) fn folded(id: &str) -> String {
    id.to_ascii_lowercase()
}

/// An id as it is stored.
fn identity(input: &str) -> Result<String> {
    let id = folded(input);
    if id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(id);
    }
    Err(invalid("id of a display", input, "it is eight hexadecimal digits"))
}

fn something(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// `MySQL` keeps no part of a second in a time of day.
fn whole(time: NaiveTime) -> NaiveTime {
    time.with_nanosecond(0).unwrap_or(time)
}

/// Whether what the row of a display sets can be so, as far as one column says it.
///
/// # Errors
/// [`Error::Invalid`] if not.
pub(super) fn look_at_device(row: &device::ActiveModel) -> Result<()> {
    match &row.timezone {
        Set(Some(name)) => zone::known(name),
        _ => Ok(()),
    }
}

/// The same of the row of an app.
///
/// # Errors
/// [`Error::Invalid`] if not.
pub(super) fn look_at_app(row: &app::ActiveModel) -> Result<()> {
    if let Set(iname) = &row.iname {
        text::key("name of an installation", iname, 64)?;
    }
    if let Set(name) = &row.name {
        text::key("name of an app", name, 255)?;
    }
    for date in [&row.recurrence_start_date, &row.recurrence_end_date] {
        if let Set(Some(date)) = date {
            kept(*date)?;
        }
    }
    Ok(())
}

fn kept(date: NaiveDate) -> Result<()> {
    if cell::is_day(date) {
        return Ok(());
    }
    Err(invalid("date", &date.to_string(), cell::DAYS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_id(id: &str) -> Display {
        Display {
            device: Device { id: Some(id.to_owned()), ..Device::default() },
            ..Display::default()
        }
    }

    #[test]
    fn an_id_is_eight_hexadecimal_digits_and_kept_in_lower_case() {
        let kept = settled(&with_id("A1B2C3D4")).unwrap();

        assert_eq!(kept.device.id.as_deref(), Some("a1b2c3d4"));
        for wrong in ["", "a1b2c3d", "a1b2c3d4e", "a1b2c3dg", "a1b2c3d ", "ａ1b2c3", "a1b2\0c3d"] {
            assert!(matches!(settled(&with_id(wrong)), Err(Error::Invalid { .. })), "{wrong:?}");
        }
    }

    #[test]
    fn what_says_nothing_is_nothing() {
        let empty = || Some(String::new());
        let mut app = App::new("1", "clock");
        app.notes = empty();
        app.recurrence.pattern = Some(Pattern::default());
        app.start_time = NaiveTime::from_hms_nano_opt(8, 0, 1, 999_999_999);
        let mut display = with_id("00000001");
        display.device.name = empty();
        display.device.pinned_app = empty();
        display.location = Some(Location { locality: empty(), ..Location::at(1.0, 2.0) });
        display.apps = vec![app];

        let kept = settled(&display).unwrap();

        assert_eq!(kept.device, Device { id: Some("00000001".to_owned()), ..Device::default() });
        assert_eq!(kept.location, Some(Location::at(1.0, 2.0)));
        let start_time = NaiveTime::from_hms_opt(8, 0, 1);
        assert_eq!(kept.apps, [App { start_time, ..App::new("1", "clock") }]);
        assert_eq!(settled(&kept).unwrap(), kept);
    }

    #[test]
    fn nothing_is_there_twice() {
        let mut twins = with_id("00000001");
        twins.apps = vec![App::new("1", "clock"), App::new("1", "weather")];
        let ids = [with_id("0000000a"), with_id("0000000A")];

        let apps = settled(&twins);
        let displays = all_settled(&ids);

        assert!(matches!(apps, Err(Error::AlreadyExists { kind: "app", .. })), "{apps:?}");
        assert!(
            matches!(displays, Err(Error::AlreadyExists { kind: "display", .. })),
            "{displays:?}"
        );
        assert_eq!(all_settled(&[Display::default(), Display::default()]).unwrap().len(), 2);
    }

    #[test]
    fn a_row_is_looked_at_where_it_sets_something() {
        let app = |iname: &str, name: &str| app::ActiveModel {
            iname: Set(iname.to_owned()),
            name: Set(name.to_owned()),
            ..Default::default()
        };
        let on = |year| app::ActiveModel {
            recurrence_start_date: Set(NaiveDate::from_ymd_opt(year, 1, 1)),
            ..Default::default()
        };
        let zone = |name: &str| device::ActiveModel {
            timezone: Set(Some(name.to_owned())),
            ..Default::default()
        };

        for good in [app("1", "clock"), on(1000), on(9999), app::ActiveModel::default()] {
            assert!(look_at_app(&good).is_ok(), "{good:?}");
        }
        for wrong in [app("", "clock"), app(" 1", "clock"), app("1", ""), on(999), on(10_000)] {
            assert!(look_at_app(&wrong).is_err(), "{wrong:?}");
        }
        assert!(look_at_device(&zone("Asia/Kathmandu")).is_ok());
        assert!(look_at_device(&zone("Nowhere")).is_err());
    }
}
