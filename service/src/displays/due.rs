//! Which app a display shows at a moment, and how brightly: worked out from the display and the moment
//! alone.
//!
//! All is by the clock of the display ([`zone`]), and by its minutes. What is between two
//! o'clock and three does not come on the day on which clocks go from two to three, and comes twice where
//! they go from three to two.
//!
//! | what | when |
//! |---|---|
//! | pinned | it alone, whatever else is said of it |
//! | night | `night_mode_app` alone, whatever else is said of it, where there is such an app |
//! | else | the next in the round that is due |
//!
//! An app is due that is enabled, was not empty when it was last rendered, and is shown at that time of
//! that day. A time beyond midnight belongs to the day on which it began.

use chrono::{
    DateTime, Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike as _, Utc,
};

use super::{
    display::{App, Device, Display},
    zone,
};

/// When a night ends that does not say so: at six.
const MORNING: u32 = 6 * 60;

/// The last minute of a day.
const LAST: u32 = 24 * 60 - 1;

/// For how many seconds an app is shown of which nobody says so.
const SECONDS: i32 = 15;

/// What a display shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Showing {
    /// The installation that is shown; none where there is nothing to show.
    pub iname: Option<String>,
    /// For how long.
    pub seconds: i32,
    /// How brightly, in percent.
    pub brightness: i32,
    /// How far the display has come in its round with this.
    pub position: i32,
}

/// What a display shows next, if it asks at that moment.
pub fn next(display: &Display, now: DateTime<Utc>) -> Showing {
    let local = zone::local(display, now);
    let last = display.seen.last_app_position;
    let (app, position) = match alone(display, local.time()) {
        Some(app) => (Some(app), last),
        None => turn(display, local).map_or((None, last), |(app, place)| (Some(app), place)),
    };
    let own = app.map_or(0, |app| app.display_seconds);
    let seconds = [own, display.device.default_interval_seconds];
    Showing {
        iname: app.map(|app| app.iname.clone()),
        seconds: seconds.into_iter().find(|seconds| *seconds > 0).unwrap_or(SECONDS),
        brightness: brightness_at(&display.device, local.time()),
        position,
    }
}

/// The apps of a display that are due at that moment, in the order of their turns.
pub fn due(display: &Display, now: DateTime<Utc>) -> Vec<&App> {
    let local = zone::local(display, now);
    display.apps.iter().filter(|app| is_due(app, local)).collect()
}

/// How bright a display is at that moment, in percent: at night as at night, dimmed before and after
/// as far as it is said, else as by day.
pub fn brightness(display: &Display, now: DateTime<Utc>) -> i32 {
    brightness_at(&display.device, zone::local(display, now).time())
}

/// The apps of a display that wait to be rendered at that moment, in the order of their turns: those that
/// would be shown then if there were something to see in them, and were rendered long enough ago.
pub fn to_render(display: &Display, now: DateTime<Utc>) -> Vec<&App> {
    let local = zone::local(display, now);
    let (alone, between) = (alone(display, local.time()), between(display));
    let may_be_shown = |app: &App| match alone {
        Some(alone) => alone.iname == app.iname,
        None => {
            between.is_some_and(|between| between.iname == app.iname)
                || app.enabled && is_in_time(app, local)
        }
    };
    let is_old = |app: &App| {
        let least = TimeDelta::minutes(app.render_interval_minutes.into());
        app.rendered.at.is_none_or(|at| at > now || now - at >= least)
    };
    let is_made_here = |app: &App| !app.pushed && app.path.is_some();
    let waits = |app: &&App| is_made_here(app) && may_be_shown(app) && is_old(app);
    display.apps.iter().filter(waits).collect()
}

/// The app that is shown alone, if one is.
fn alone(display: &Display, time: NaiveTime) -> Option<&App> {
    let device = &display.device;
    let pinned = installed(display, device.pinned_app.as_deref());
    pinned.or_else(|| {
        let name = device.night_mode_app.as_deref().filter(|_| is_night(device, time));
        installed(display, name)
    })
}

/// The app that has the next turn, and how far the round has come with it.
///
/// The round goes through the apps one after the other, from the place of the last turn on. Where there
/// is an app for between, it takes no turn of its own: each turn is followed by it, also the last of a
/// round, and the places of the round count it.
fn turn(display: &Display, local: NaiveDateTime) -> Option<(&App, i32)> {
    let between = between(display);
    let is_between = |app: &App| between.is_some_and(|between| between.iname == app.iname);
    let round: Vec<&App> = display.apps.iter().filter(|app| !is_between(app)).collect();
    let width = if between.is_some() { 2 } else { 1 };
    let last = usize::try_from(display.seen.last_app_position).ok();
    let last = last.filter(|last| *last < round.len() * width);

    let first = last.map_or(0, |last| last / width + 1);
    let mut places = (first..first + round.len()).map(|place| place % round.len());
    let place = places.find(|place| is_due(round[*place], local))?;
    match (between, last) {
        (Some(between), Some(last)) if last % 2 == 0 && !between.rendered.was_empty => {
            Some((between, position(last + 1)))
        }
        _ => Some((round[place], position(place * width))),
    }
}

/// The app that is shown between any two others, where there are others.
fn between(display: &Display) -> Option<&App> {
    let name = display.device.interstitial_app.as_deref();
    let app = installed(display, name.filter(|_| display.device.interstitial_enabled))?;
    (display.apps.len() > 1).then_some(app)
}

fn position(place: usize) -> i32 {
    i32::try_from(place).unwrap_or_default()
}

fn installed<'d>(display: &'d Display, name: Option<&str>) -> Option<&'d App> {
    let name = name?;
    display.apps.iter().find(|app| app.iname == name)
}

fn is_due(app: &App, local: NaiveDateTime) -> bool {
    app.enabled && !app.rendered.was_empty && is_in_time(app, local)
}

/// Whether it is shown at that time of that day.
fn is_in_time(app: &App, local: NaiveDateTime) -> bool {
    opened(app, local).is_some_and(|day| {
        if app.use_custom_recurrence {
            app.recurrence.falls_on(day)
        } else {
            app.days.is_empty() || app.days.contains(&day.weekday())
        }
    })
}

/// The day on which the time began in which it is shown now. The first and the last minute belong to it;
/// where they are the same, it is that minute.
fn opened(app: &App, local: NaiveDateTime) -> Option<NaiveDate> {
    let now = minute(local.time());
    let start = app.start_time.map_or(0, minute);
    let end = app.end_time.map_or(LAST, minute);
    let is_begun = start <= now;
    let is_over = now > end;
    if start <= end {
        (is_begun && !is_over).then(|| local.date())
    } else if is_begun {
        Some(local.date())
    } else if is_over {
        None
    } else {
        local.date().pred_opt()
    }
}

fn is_night(device: &Device, time: NaiveTime) -> bool {
    let end = device.night_end.map_or(MORNING, minute);
    device.night_mode_enabled
        && device.night_start.is_some_and(|start| is_within(minute(start), end, time))
}

fn brightness_at(device: &Device, time: NaiveTime) -> i32 {
    let end = device.night_end.map_or(MORNING, minute);
    let is_dimmed = device.dim_time.is_some_and(|start| is_within(minute(start), end, time));
    if is_night(device, time) {
        device.night_brightness
    } else {
        device.dim_brightness.filter(|_| is_dimmed).unwrap_or(device.brightness)
    }
}

/// Whether it is between these minutes, of which the last does not belong to it; where they are the same,
/// it never is.
fn is_within(start: u32, end: u32, time: NaiveTime) -> bool {
    let is_begun = start <= minute(time);
    let is_over = end <= minute(time);
    if start <= end { is_begun && !is_over } else { is_begun || !is_over }
}

/// Which minute of the day it is.
fn minute(time: NaiveTime) -> u32 {
    time.hour() * 60 + time.minute()
}

#[cfg(test)]
mod tests;
