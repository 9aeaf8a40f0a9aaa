//! Days of the week, and days of a month by their weeks.

use std::{fmt, str::FromStr};

pub use chrono::Weekday;
use chrono::{Datelike as _, Days, NaiveDate};
use serde_json::Value;

use crate::{Error, Result, text::invalid};

/// All of them, from Monday on.
pub const WEEK: [Weekday; 7] = [
    Weekday::Mon,
    Weekday::Tue,
    Weekday::Wed,
    Weekday::Thu,
    Weekday::Fri,
    Weekday::Sat,
    Weekday::Sun,
];

/// What a day of the week is called where it is stored: `monday`.
pub fn name(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "monday",
        Weekday::Tue => "tuesday",
        Weekday::Wed => "wednesday",
        Weekday::Thu => "thursday",
        Weekday::Fri => "friday",
        Weekday::Sat => "saturday",
        Weekday::Sun => "sunday",
    }
}

/// The day of the week that is called so.
///
/// # Errors
/// [`Error::Invalid`] for another name.
pub fn named(text: &str) -> Result<Weekday> {
    WEEK.into_iter()
        .find(|day| name(*day) == text)
        .ok_or_else(|| invalid("day of the week", text, "it is one of `monday` to `sunday`"))
}

/// The form in which days are stored.
pub(super) fn stored(days: &[Weekday]) -> Value {
    days.iter().map(|day| name(*day)).collect()
}

/// The days in what is stored.
pub(super) fn read(stored: &Value) -> Result<Vec<Weekday>> {
    let names = stored
        .as_array()
        .and_then(|items| items.iter().map(Value::as_str).collect::<Option<Vec<&str>>>());
    let names = names.ok_or_else(|| {
        invalid("days of the week", &stored.to_string(), "it is no list of names")
    })?;
    names.into_iter().map(named).collect()
}

/// Which of the days of a month that are the same day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one from the 1st to the 7th.
    First,
    /// The one from the 8th to the 14th.
    Second,
    /// The one from the 15th to the 21st.
    Third,
    /// The one from the 22nd to the 28th.
    Fourth,
    /// The one after which there is none: the fourth or the fifth.
    Last,
}

impl Which {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::First, Self::Second, Self::Third, Self::Fourth, Self::Last];

    /// What it is called where it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
            Self::Third => "third",
            Self::Fourth => "fourth",
            Self::Last => "last",
        }
    }
}

/// A day of a month by its weekday: `first_monday`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayOfWeek {
    /// Which of those in the month.
    pub which: Which,
    /// The day of the week.
    pub weekday: Weekday,
}

impl DayOfWeek {
    /// Whether it is that day, in the month of that day.
    pub fn is(self, day: NaiveDate) -> bool {
        let week = day.day0() / 7;
        let falls = match self.which {
            Which::First => week == 0,
            Which::Second => week == 1,
            Which::Third => week == 2,
            Which::Fourth => week == 3,
            Which::Last => {
                day.checked_add_days(Days::new(7)).is_none_or(|later| later.month() != day.month())
            }
        };
        falls && day.weekday() == self.weekday
    }
}

impl fmt::Display for DayOfWeek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.which.name(), name(self.weekday))
    }
}

impl FromStr for DayOfWeek {
    type Err = Error;

    /// # Errors
    /// [`Error::Invalid`] for a text of another form.
    fn from_str(text: &str) -> Result<Self> {
        let unknown = || {
            let problem = "it is `first`, `second`, `third`, `fourth` or `last`, and behind `_` a \
                           day of the week";
            invalid("day of a month", text, problem)
        };
        let (which, weekday) = text.split_once('_').ok_or_else(unknown)?;
        let which = Which::ALL.into_iter().find(|one| one.name() == which).ok_or_else(unknown)?;
        let weekday = named(weekday).map_err(|_| unknown())?;
        Ok(Self { which, weekday })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn days_are_read_back_from_what_is_stored() {
        assert_eq!(read(&stored(&WEEK)).unwrap(), WEEK);
        assert_eq!(read(&json!(["friday", "monday"])).unwrap(), [Weekday::Fri, Weekday::Mon]);
        for wrong in [json!(["Monday"]), json!(["mon"]), json!([1]), json!("monday"), json!(null)] {
            assert!(matches!(read(&wrong), Err(Error::Invalid { .. })), "{wrong}");
        }
    }

    #[test]
    fn a_day_of_a_month_is_read_back_from_its_text() {
        for which in Which::ALL {
            for weekday in WEEK {
                let day = DayOfWeek { which, weekday };

                assert_eq!(day.to_string().parse::<DayOfWeek>().unwrap(), day);
            }
        }
        for wrong in ["", "monday", "fifth_monday", "first_", "first_mon", "First_monday", "_"] {
            assert!(matches!(wrong.parse::<DayOfWeek>(), Err(Error::Invalid { .. })), "{wrong}");
        }
    }

    #[test]
    fn each_day_of_a_month_is_at_most_two_of_its_weeks_days() {
        let on = |day| NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
        for (text, days) in [
            ("first_sunday", vec![1]),
            ("second_sunday", vec![8]),
            ("third_monday", vec![16]),
            ("fourth_thursday", vec![26]),
            ("last_thursday", vec![26]),
            ("fourth_monday", vec![23]),
            ("last_monday", vec![30]),
        ] {
            let day: DayOfWeek = text.parse().unwrap();

            let falls: Vec<u32> = (1..=30).filter(|number| day.is(on(*number))).collect();

            assert_eq!(falls, days, "{text}");
        }
    }
}
