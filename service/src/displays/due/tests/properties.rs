//! Which app is due and shown, whatever the display and the moment: held against a slow reading of the
//! same rules, day by day and minute by minute.

use std::collections::BTreeSet;

use chrono::{Days, Offset as _, TimeZone as _, Weekday};
use chrono_tz::Tz;
use proptest::{collection::vec, option, prelude::*, sample::select};

use super::{super::*, at};
use crate::displays::{
    day::{DayOfWeek, WEEK, Which},
    display::{Location, Pattern, Recurrence, RecurrenceType, Rendered},
};

/// The same rules, read word by word.
mod slowly {
    use super::*;

    /// The names of the apps that are due.
    pub(super) fn due(display: &Display, now: DateTime<Utc>) -> BTreeSet<String> {
        let local = local(display, now);
        let is_due = |app: &&App| {
            app.enabled
                && !app.rendered.was_empty
                && minutes(app, local.date()).contains(&minute(local))
        };
        display.apps.iter().filter(is_due).map(|app| app.iname.clone()).collect()
    }

    /// UTC and what the zone is off it, added by hand.
    fn local(display: &Display, now: DateTime<Utc>) -> NaiveDateTime {
        let mut zone = Tz::UTC;
        let place = display.location.as_ref();
        for name in
            [place.and_then(|place| place.timezone.clone()), display.device.timezone.clone()]
        {
            if let Some(known) = name.and_then(|name| name.parse().ok()) {
                zone = known;
            }
        }
        let off = zone.offset_from_utc_datetime(&now.naive_utc()).fix().local_minus_utc();
        now.naive_utc() + TimeDelta::seconds(off.into())
    }

    fn minute(of: NaiveDateTime) -> String {
        of.format("%Y-%m-%d %H:%M").to_string()
    }

    /// Every minute in which the app is shown that begins to be so on that day or the day before.
    fn minutes(app: &App, day: NaiveDate) -> BTreeSet<String> {
        let mut minutes = BTreeSet::new();
        for day in [day - Days::new(1), day] {
            if !is_on(app, day) {
                continue;
            }
            let mut time = day.and_time(app.start_time.unwrap_or(NaiveTime::MIN));
            let last =
                app.end_time.map_or("23:59".to_owned(), |end| end.format("%H:%M").to_string());
            loop {
                minutes.insert(minute(time));
                if time.format("%H:%M").to_string() == last {
                    break;
                }
                time += TimeDelta::minutes(1);
            }
        }
        minutes
    }

    fn is_on(app: &App, day: NaiveDate) -> bool {
        if app.use_custom_recurrence {
            return days(&app.recurrence, day).contains(&day);
        }
        app.days.is_empty() || app.days.iter().any(|one| *one == day.weekday())
    }

    /// Every day up to that one on which it recurs, from the first on.
    fn days(recurrence: &Recurrence, until: NaiveDate) -> BTreeSet<NaiveDate> {
        let first_of_2025 = NaiveDate::from_ymd_opt(2025, 1, 1).unwrap();
        let start = recurrence.start_date.unwrap_or(first_of_2025);
        let pattern = recurrence.pattern.clone().unwrap_or_default();
        let every = u32::try_from(recurrence.interval).unwrap();
        let mut days = BTreeSet::new();
        let (mut year, mut month) = (start.year(), start.month());
        match recurrence.every {
            RecurrenceType::Daily => {
                let mut day = start;
                while day <= until {
                    days.insert(day);
                    day = day + Days::new(every.into());
                }
            }
            RecurrenceType::Weekly => {
                let mut week = start;
                while week <= until {
                    for day in week.iter_days().take(7) {
                        let is_named = pattern.weekdays.contains(&day.weekday());
                        let is_first = pattern.weekdays.is_empty() && day == week;
                        if is_named || is_first {
                            days.insert(day);
                        }
                    }
                    week = week + Days::new((7 * every).into());
                }
            }
            RecurrenceType::Monthly => {
                while (year, month) <= (until.year(), until.month()) {
                    days.extend(of_month(year, month, start, &pattern));
                    for _ in 0..every {
                        (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
                    }
                }
            }
            RecurrenceType::Yearly => {
                while year <= until.year() {
                    days.extend(of_month(year, month, start, &pattern));
                    year += recurrence.interval;
                }
            }
        }
        let ended = |day: &NaiveDate| recurrence.end_date.is_some_and(|end| *day > end);
        days.into_iter().filter(|day| *day >= start && *day <= until && !ended(day)).collect()
    }

    /// The day of a month that the pattern means, if the month has it.
    fn of_month(year: i32, month: u32, start: NaiveDate, pattern: &Pattern) -> Option<NaiveDate> {
        let whole: Vec<NaiveDate> =
            (1..=31).filter_map(|day| NaiveDate::from_ymd_opt(year, month, day)).collect();
        if let Some(number) = pattern.day_of_month {
            return whole.into_iter().find(|day| day.day().to_string() == number.to_string());
        }
        let Some(DayOfWeek { which, weekday }) = pattern.day_of_week else {
            return whole.into_iter().find(|day| day.day() == start.day());
        };
        let mut those = whole.into_iter().filter(|day| day.weekday() == weekday);
        match which {
            Which::First => those.next(),
            Which::Second => those.nth(1),
            Which::Third => those.nth(2),
            Which::Fourth => those.nth(3),
            Which::Last => those.next_back(),
        }
    }
}

fn zones() -> impl Strategy<Value = Option<String>> {
    let names = [
        "Europe/Berlin",
        "America/New_York",
        "America/Sao_Paulo",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "Pacific/Apia",
        "Pacific/Kiritimati",
        "UTC",
        "Nowhere/At_All",
    ];
    option::of(select(names.map(str::to_owned).to_vec()))
}

/// Moments of five years, and such as are near where clocks are set.
fn moments() -> impl Strategy<Value = DateTime<Utc>> {
    let set = ["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z", "2026-03-08T07:00:00Z"];
    let near = (select(set.to_vec()), -8_000..8_000_i64)
        .prop_map(|(set, seconds)| at(set) + TimeDelta::seconds(seconds));
    let any = (0..5 * 365 * 86_400_i64)
        .prop_map(|seconds| at("2024-01-01T00:00:00Z") + TimeDelta::seconds(seconds));
    prop_oneof![any, near]
}

fn times() -> impl Strategy<Value = Option<NaiveTime>> {
    let time = (0..24_u32, prop_oneof![Just(0), Just(59), 0..60_u32], 0..60_u32);
    option::of(time.prop_map(|(h, m, s)| NaiveTime::from_hms_opt(h, m, s).unwrap()))
}

fn dates(from: &str, days: u64) -> impl Strategy<Value = Option<NaiveDate>> {
    let from: NaiveDate = from.parse().unwrap();
    option::of((0..days).prop_map(move |days| from + Days::new(days)))
}

fn weekdays() -> impl Strategy<Value = Vec<Weekday>> {
    vec(select(WEEK.to_vec()), 0..4)
}

fn patterns() -> impl Strategy<Value = Option<Pattern>> {
    let day_of_week = (select(Which::ALL.to_vec()), select(WEEK.to_vec()))
        .prop_map(|(which, weekday)| DayOfWeek { which, weekday });
    let pattern = (option::of(1..=31), option::weighted(0.7, day_of_week), weekdays());
    option::weighted(
        0.7,
        pattern.prop_map(|(day_of_month, day_of_week, weekdays)| Pattern {
            day_of_month,
            day_of_week,
            weekdays,
        }),
    )
}

fn recurrences() -> impl Strategy<Value = Recurrence> {
    let every = select(vec![
        RecurrenceType::Daily,
        RecurrenceType::Weekly,
        RecurrenceType::Monthly,
        RecurrenceType::Yearly,
    ]);
    let start_date = dates("2023-06-15", 900);
    (every, 1..5_i32, start_date, dates("2025-12-01", 900), patterns()).prop_map(
        |(every, interval, start_date, end_date, pattern)| Recurrence {
            every,
            interval,
            start_date,
            end_date,
            pattern,
        },
    )
}

fn apps() -> impl Strategy<Value = App> {
    let time = (times(), times(), weekdays());
    let state = (option::weighted(0.7, recurrences()), any::<[bool; 4]>());
    (time, state).prop_map(|((start_time, end_time, days), (recurrence, off))| App {
        start_time,
        end_time,
        days,
        use_custom_recurrence: recurrence.is_some(),
        recurrence: recurrence.unwrap_or_default(),
        // One of four is off, and one of four is empty.
        enabled: !(off[0] && off[1]),
        rendered: Rendered { was_empty: off[2] && off[3], ..Rendered::default() },
        ..App::new("", "app")
    })
}

/// Displays whose apps have their numbers for names.
fn displays() -> impl Strategy<Value = Display> {
    (zones(), option::of(zones()), vec(apps(), 0..6)).prop_map(|(timezone, place, apps)| {
        let named = |(at, app): (usize, App)| App { iname: at.to_string(), ..app };
        let mut display = Display {
            location: place.map(|timezone| Location { timezone, ..Location::at(0.0, 0.0) }),
            apps: apps.into_iter().enumerate().map(named).collect(),
            ..Display::default()
        };
        display.device.timezone = timezone;
        display
    })
}

fn cases(base: u32) -> ProptestConfig {
    let cases = plimsoll::testing::cases(base);
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn those_are_due_that_a_slow_reading_finds(display in displays(), now in moments()) {
        let found: BTreeSet<String> =
            due(&display, now).into_iter().map(|app| app.iname.clone()).collect();

        prop_assert_eq!(found, slowly::due(&display, now));
    }
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn each_that_is_due_has_its_turn_and_one_for_between_comes_between(
        mut display in displays(),
        now in moments(),
        between in option::of(0..6_usize),
        last in -1..20_i32,
    ) {
        let between = between.filter(|_| display.apps.len() > 1).map(|name| name.to_string());
        let between = between.filter(|name| display.apps.iter().any(|app| app.iname == *name));
        display.device.interstitial_enabled = between.is_some();
        display.device.interstitial_app.clone_from(&between);
        display.seen.last_app_position = last;
        let mut expected: Vec<String> =
            due(&display, now).into_iter().map(|app| app.iname.clone()).collect();
        expected.retain(|name| Some(name) != between.as_ref());
        let is_shown = between.as_ref().is_some_and(|name| {
            display.apps.iter().any(|app| app.iname == *name && !app.rendered.was_empty)
        });

        // Twice round, with a turn to begin with.
        let width = if is_shown { 2 } else { 1 };
        let mut shown = Vec::new();
        for _ in 0..=2 * width * expected.len().max(1) {
            let showing = next(&display, now);
            display.seen.last_app_position = showing.position;
            shown.push(showing.iname);
        }

        if expected.is_empty() {
            prop_assert!(shown.iter().all(Option::is_none), "{shown:?}");
        } else {
            let shown: Vec<String> = shown.into_iter().flatten().collect();
            if is_shown {
                let is_between = |name: &String| Some(name) == between.as_ref();
                prop_assert!(shown.windows(2).all(|two| is_between(&two[0]) != is_between(&two[1])));
            }
            let turns: Vec<String> =
                shown.into_iter().filter(|name| Some(name) != between.as_ref()).collect();
            let begin = expected.iter().position(|name| *name == turns[0]).unwrap();
            let round = expected.iter().cycle().skip(begin).take(turns.len());
            prop_assert!(turns.iter().eq(round), "{turns:?} of {expected:?}");
        }
    }
}
