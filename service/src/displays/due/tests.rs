//! Which app is due and shown, held against examples.

mod properties;

use chrono::Weekday;

use super::*;
use crate::displays::display::{Recurrence, RecurrenceType, Rendered};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn clock(text: &str) -> Option<NaiveTime> {
    text.parse().ok()
}

/// A display in UTC with these apps.
fn display(names: &[&str]) -> Display {
    Display { apps: names.iter().map(|name| App::new(name, "app")).collect(), ..Display::default() }
}

fn shown_from(app: &mut App, start: &str, end: &str) {
    (app.start_time, app.end_time) = (clock(start), clock(end));
}

/// What it shows when it asks so many times, each time going on from there.
fn asked(display: &mut Display, times: usize, now: DateTime<Utc>) -> String {
    let mut names = Vec::new();
    for _ in 0..times {
        let showing = next(display, now);
        display.seen.last_app_position = showing.position;
        names.push(showing.iname.unwrap_or_else(|| "-".to_owned()));
    }
    names.join(" ")
}

const NOON: &str = "2026-11-20T12:00:00Z";

#[test]
fn apps_take_turns_in_their_order() {
    let mut display = display(&["a", "b", "c"]);

    assert_eq!(asked(&mut display, 5, at(NOON)), "b c a b c");
}

#[test]
fn what_is_not_due_has_no_turn() {
    let mut display = display(&["off", "a", "empty", "b", "evening"]);
    display.apps[0].enabled = false;
    display.apps[2].rendered.was_empty = true;
    shown_from(&mut display.apps[4], "18:00:00", "20:00:00");

    assert_eq!(asked(&mut display, 4, at(NOON)), "a b a b");
    assert_eq!(asked(&mut display, 4, at("2026-11-20T18:00:00Z")), "evening a b evening");
    display.apps.truncate(1);
    assert_eq!(asked(&mut display, 2, at(NOON)), "- -");
}

#[test]
fn a_round_begins_anew_where_its_place_is_gone() {
    let mut display = display(&["a", "b"]);
    for last in [2, 7, i32::MAX, -1] {
        display.seen.last_app_position = last;

        assert_eq!(asked(&mut display, 2, at(NOON)), "a b", "{last}");
    }
}

#[test]
fn the_one_for_between_comes_after_each_of_the_others() {
    let mut display = display(&["a", "i", "b", "c"]);
    display.device.interstitial_app = Some("i".to_owned());
    display.device.interstitial_enabled = true;
    display.apps[1].enabled = false;

    assert_eq!(asked(&mut display, 7, at(NOON)), "i b i c i a i");
    display.apps[2].enabled = false;
    assert_eq!(asked(&mut display, 5, at(NOON)), "c i a i c");
    display.apps[1].rendered.was_empty = true;
    assert_eq!(asked(&mut display, 3, at(NOON)), "a c a");
    display.device.interstitial_enabled = false;
    assert_eq!(asked(&mut display, 3, at(NOON)), "c a c");
}

#[test]
fn the_one_for_between_is_not_shown_alone_unless_it_is_the_only_one() {
    let mut two = display(&["i", "a"]);
    two.device.interstitial_app = Some("i".to_owned());
    two.device.interstitial_enabled = true;
    let mut one = Display { apps: vec![two.apps[0].clone()], ..two.clone() };

    assert_eq!(asked(&mut two, 3, at(NOON)), "i a i");
    assert_eq!(asked(&mut one, 2, at(NOON)), "i i");
    two.apps[1].enabled = false;
    assert_eq!(asked(&mut two, 2, at(NOON)), "- -");
}

#[test]
fn what_is_pinned_is_shown_alone_whatever_is_said_of_it() {
    let mut display = display(&["a", "b", "night"]);
    display.device.pinned_app = Some("b".to_owned());
    display.device.night_mode_app = Some("night".to_owned());
    display.device.night_mode_enabled = true;
    display.device.night_start = clock("00:00:00");
    display.device.night_end = clock("23:59:00");
    display.apps[1].enabled = false;
    display.apps[1].rendered.was_empty = true;

    assert_eq!(asked(&mut display, 2, at(NOON)), "b b");
    assert_eq!(display.seen.last_app_position, 0);
    display.device.pinned_app = Some("gone".to_owned());
    assert_eq!(asked(&mut display, 2, at(NOON)), "night night");
    display.device.night_mode_app = Some("gone".to_owned());
    assert_eq!(asked(&mut display, 2, at(NOON)), "night a");
}

#[test]
fn a_night_has_its_app_and_its_brightness_and_what_comes_before_is_dimmed() {
    let mut display = display(&["a", "b", "night"]);
    let device = &mut display.device;
    device.timezone = Some("Europe/Berlin".to_owned());
    device.night_mode_enabled = true;
    (device.night_start, device.night_end) = (clock("22:00:00"), clock("06:30:00"));
    (device.night_brightness, device.dim_brightness) = (3, Some(12));
    device.dim_time = clock("20:00:00");
    device.night_mode_app = Some("night".to_owned());
    for (moment, app, percent) in [
        ("2026-11-20T18:59:59Z", "b", 100),
        ("2026-11-20T19:00:00Z", "b", 12),
        ("2026-11-20T20:59:59Z", "b", 12),
        ("2026-11-20T21:00:00Z", "night", 3),
        ("2026-11-21T05:29:59Z", "night", 3),
        ("2026-11-21T05:30:00Z", "b", 100),
    ] {
        let showing = next(&display, at(moment));

        assert_eq!(showing.iname.as_deref(), Some(app), "{moment}");
        assert_eq!(showing.brightness, percent, "{moment}");
        assert_eq!(brightness(&display, at(moment)), percent, "{moment}");
    }
    // Without a night, what is dimmed is so until it would end.
    display.device.night_mode_enabled = false;
    assert_eq!(brightness(&display, at("2026-11-21T05:29:59Z")), 12);
    display.device.dim_brightness = None;
    assert_eq!(brightness(&display, at("2026-11-21T05:29:59Z")), 100);
}

#[test]
fn a_night_ends_at_six_unless_it_says_so_and_needs_a_beginning() {
    let mut display = display(&["a"]);
    display.device.night_mode_enabled = true;
    assert_eq!(brightness(&display, at("2026-11-20T03:00:00Z")), 100);
    display.device.night_start = clock("23:00:00");
    for (moment, percent) in
        [("2026-11-20T05:59:00Z", 0), ("2026-11-20T06:00:00Z", 100), ("2026-11-20T23:00:00Z", 0)]
    {
        assert_eq!(brightness(&display, at(moment)), percent, "{moment}");
    }
    display.device.night_end = clock("23:00:00");
    assert_eq!(brightness(&display, at("2026-11-20T23:00:00Z")), 100);
}

#[test]
fn an_app_is_shown_for_as_long_as_it_or_its_display_says() {
    let mut display = display(&["a"]);
    for (own, all, seconds) in [(0, 20, 20), (7, 20, 7), (0, 0, 15)] {
        display.apps[0].display_seconds = own;
        display.device.default_interval_seconds = all;

        assert_eq!(next(&display, at(NOON)).seconds, seconds);
    }
    display.apps.clear();
    let nothing = next(&display, at(NOON));
    assert_eq!((nothing.iname, nothing.seconds, nothing.brightness), (None, 15, 100));
}

#[test]
fn the_last_minute_belongs_to_it_and_a_time_beyond_midnight_to_the_day_on_which_it_began() {
    let mut display = display(&["a"]);
    display.apps[0].days = vec![Weekday::Fri];
    let mut is_due = |start: &str, end: &str, moment: &str| {
        shown_from(&mut display.apps[0], start, end);
        !due(&display, at(moment)).is_empty()
    };
    // The 20th of November 2026 is a Friday.
    for (start, end, moment, expected) in [
        ("08:00:00", "21:30:00", "2026-11-20T07:59:59Z", false),
        ("08:00:00", "21:30:00", "2026-11-20T08:00:00Z", true),
        ("08:00:00", "21:30:00", "2026-11-20T21:30:59Z", true),
        ("08:00:00", "21:30:00", "2026-11-20T21:31:00Z", false),
        ("08:00:00", "21:30:00", "2026-11-21T12:00:00Z", false),
        ("00:00:00", "23:59:00", "2026-11-20T23:59:59Z", true),
        ("12:00:00", "12:00:00", "2026-11-20T12:00:30Z", true),
        ("12:00:00", "12:00:00", "2026-11-20T12:01:00Z", false),
        ("22:00:00", "02:00:00", "2026-11-20T01:00:00Z", false),
        ("22:00:00", "02:00:00", "2026-11-20T22:00:00Z", true),
        ("22:00:00", "02:00:00", "2026-11-21T02:00:59Z", true),
        ("22:00:00", "02:00:00", "2026-11-21T02:01:00Z", false),
        ("22:00:00", "02:00:00", "2026-11-21T22:00:00Z", false),
    ] {
        assert_eq!(is_due(start, end, moment), expected, "{start} to {end}: {moment}");
    }
}

#[test]
fn an_hour_that_clocks_pass_over_does_not_come_and_one_that_they_repeat_comes_twice() {
    let mut display = display(&["a"]);
    display.device.timezone = Some("Europe/Berlin".to_owned());
    shown_from(&mut display.apps[0], "02:00:00", "02:59:00");
    let minutes = |display: &Display, from: &str| {
        let from = at(from);
        (0..24 * 60).filter(|n| !due(display, from + TimeDelta::minutes(*n)).is_empty()).count()
    };

    assert_eq!(minutes(&display, "2026-03-28T00:00:00Z"), 60);
    assert_eq!(minutes(&display, "2026-03-29T00:00:00Z"), 0);
    assert_eq!(minutes(&display, "2026-10-25T00:00:00Z"), 120);
}

#[test]
fn what_recurs_is_due_by_its_recurrence_and_not_by_its_days() {
    let mut display = display(&["a"]);
    let app = &mut display.apps[0];
    app.days = vec![Weekday::Mon];
    app.use_custom_recurrence = true;
    app.recurrence = Recurrence {
        every: RecurrenceType::Weekly,
        start_date: Some("2026-11-06".parse().unwrap()),
        interval: 2,
        ..Recurrence::default()
    };

    assert!(!due(&display, at("2026-11-20T12:00:00Z")).is_empty());
    assert!(due(&display, at("2026-11-27T12:00:00Z")).is_empty());
    assert!(due(&display, at("2026-11-23T12:00:00Z")).is_empty());
}

#[test]
fn what_would_be_shown_waits_to_be_rendered_once_it_is_old() {
    let mut display = display(&["new", "old", "young", "empty", "off", "pushed", "gone"]);
    for app in &mut display.apps {
        app.path = Some("clock.star".to_owned());
        app.render_interval_minutes = 10;
    }
    display.apps[1].rendered.at = Some(at("2026-11-20T11:50:00Z"));
    display.apps[2].rendered.at = Some(at("2026-11-20T11:50:01Z"));
    display.apps[3].rendered = Rendered { was_empty: true, ..Rendered::default() };
    display.apps[4].enabled = false;
    display.apps[5].pushed = true;
    display.apps[6].path = None;
    let names = |display: &Display| {
        to_render(display, at(NOON)).iter().map(|app| app.iname.clone()).collect::<Vec<_>>()
    };

    assert_eq!(names(&display), ["new", "old", "empty"]);
    display.device.interstitial_app = Some("off".to_owned());
    display.device.interstitial_enabled = true;
    assert_eq!(names(&display), ["new", "old", "empty", "off"]);
    display.device.pinned_app = Some("empty".to_owned());
    assert_eq!(names(&display), ["empty"]);
}
