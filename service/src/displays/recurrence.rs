//! On which days something recurs.

use chrono::{Datelike as _, NaiveDate};

use super::display::{Recurrence, RecurrenceType};

/// Where counting begins that says nothing about it, as in the system that recurrences come from.
const BEGINNING: NaiveDate = NaiveDate::from_ymd_opt(2025, 1, 1).expect("it is a day");

impl Recurrence {
    /// Whether it falls on that day.
    ///
    /// Nothing recurs before the day on which counting begins, nor after the last day. Days and weeks
    /// are counted from that day on, months and years by the calendar: the month or year that it is in
    /// is the first. A day that a month has not is passed over, and so is 29 February in most years.
    pub fn falls_on(&self, day: NaiveDate) -> bool {
        let start = self.start_date.unwrap_or(BEGINNING);
        if day < start || self.end_date.is_some_and(|end| day > end) {
            return false;
        }
        let interval = i64::from(self.interval.max(1));
        let days = (day - start).num_days();
        let years = i64::from(day.year()) - i64::from(start.year());
        let months = years * 12 + i64::from(day.month()) - i64::from(start.month());
        match self.every {
            RecurrenceType::Daily => days % interval == 0,
            RecurrenceType::Weekly => days / 7 % interval == 0 && self.is_in_week(start, day),
            RecurrenceType::Monthly => months % interval == 0 && self.is_in_month(start, day),
            RecurrenceType::Yearly => {
                years % interval == 0
                    && day.month() == start.month()
                    && self.is_in_month(start, day)
            }
        }
    }

    /// Whether it is one of the weekdays of the pattern; without any, that of the first day.
    fn is_in_week(&self, start: NaiveDate, day: NaiveDate) -> bool {
        match &self.pattern {
            Some(pattern) if !pattern.weekdays.is_empty() => {
                pattern.weekdays.contains(&day.weekday())
            }
            _ => day.weekday() == start.weekday(),
        }
    }

    /// Whether it is the day of the pattern by its number, else by its weekday; without either, the
    /// day with the number of the first day.
    fn is_in_month(&self, start: NaiveDate, day: NaiveDate) -> bool {
        let pattern = self.pattern.as_ref();
        let number = pattern.and_then(|pattern| pattern.day_of_month);
        let weekday = pattern.and_then(|pattern| pattern.day_of_week);
        match (number, weekday) {
            (Some(number), _) => i64::from(day.day()) == i64::from(number),
            (None, Some(weekday)) => weekday.is(day),
            (None, None) => day.day() == start.day(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::displays::{day, display::Pattern};

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// The days from `from` to `to`, of that year, on which it falls.
    fn days(recurrence: &Recurrence, from: &str, to: &str) -> Vec<String> {
        let days = date(from).iter_days().take_while(|day| *day <= date(to));
        days.filter(|day| recurrence.falls_on(*day)).map(|day| day.to_string()).collect()
    }

    fn every(interval: i32, every: RecurrenceType, start: &str) -> Recurrence {
        Recurrence { every, interval, start_date: Some(date(start)), ..Recurrence::default() }
    }

    fn with(pattern: Pattern, recurrence: &Recurrence) -> Recurrence {
        Recurrence { pattern: Some(pattern), ..recurrence.clone() }
    }

    #[test]
    fn days_are_counted_from_the_first() {
        let third = every(3, RecurrenceType::Daily, "2026-02-26");
        let ends = Recurrence { end_date: Some(date("2026-03-01")), ..third.clone() };

        assert_eq!(
            days(&third, "2026-02-20", "2026-03-07"),
            ["2026-02-26", "2026-03-01", "2026-03-04", "2026-03-07"]
        );
        assert_eq!(days(&ends, "2026-02-20", "2026-03-07"), ["2026-02-26", "2026-03-01"]);
    }

    #[test]
    fn weeks_are_counted_from_the_first_day_and_not_from_mondays() {
        // A Wednesday: its second week begins on Wednesday the 11th, its third on the 18th.
        let second = every(2, RecurrenceType::Weekly, "2026-11-04");
        let pattern =
            Pattern { weekdays: vec![day::Weekday::Mon, day::Weekday::Wed], ..Pattern::default() };

        assert_eq!(days(&second, "2026-11-01", "2026-11-30"), ["2026-11-04", "2026-11-18"]);
        assert_eq!(
            days(&with(pattern, &second), "2026-11-01", "2026-11-30"),
            ["2026-11-04", "2026-11-09", "2026-11-18", "2026-11-23"]
        );
    }

    #[test]
    fn a_day_that_a_month_has_not_is_passed_over() {
        let monthly = every(1, RecurrenceType::Monthly, "2026-01-31");
        let tenth = Pattern { day_of_month: Some(10), ..Pattern::default() };
        let tenth = with(tenth, &every(2, RecurrenceType::Monthly, "2026-01-20"));

        assert_eq!(
            days(&monthly, "2026-01-01", "2026-06-30"),
            ["2026-01-31", "2026-03-31", "2026-05-31"]
        );
        // The tenth of the first month is before the first day.
        assert_eq!(days(&tenth, "2026-01-01", "2026-06-30"), ["2026-03-10", "2026-05-10"]);
    }

    #[test]
    fn a_month_has_its_days_by_their_weeks() {
        let last =
            Pattern { day_of_week: Some("last_friday".parse().unwrap()), ..Pattern::default() };
        let both = Pattern { day_of_month: Some(3), ..last.clone() };
        let monthly = every(1, RecurrenceType::Monthly, "2026-01-01");

        assert_eq!(
            days(&with(last, &monthly), "2026-01-01", "2026-03-31"),
            ["2026-01-30", "2026-02-27", "2026-03-27"]
        );
        assert_eq!(
            days(&with(both, &monthly), "2026-01-01", "2026-02-28"),
            ["2026-01-03", "2026-02-03"]
        );
    }

    #[test]
    fn a_leap_day_comes_back_in_leap_years_and_years_go_on_being_counted() {
        let yearly = every(1, RecurrenceType::Yearly, "2024-02-29");
        let third = every(3, RecurrenceType::Yearly, "2024-02-29");
        let thanks =
            Pattern { day_of_week: Some("fourth_thursday".parse().unwrap()), ..Pattern::default() };
        let thanks = with(thanks, &every(1, RecurrenceType::Yearly, "2025-11-01"));

        assert_eq!(
            days(&yearly, "2024-01-01", "2032-12-31"),
            ["2024-02-29", "2028-02-29", "2032-02-29"]
        );
        assert_eq!(days(&third, "2024-01-01", "2036-12-31"), ["2024-02-29", "2036-02-29"]);
        assert_eq!(days(&thanks, "2025-01-01", "2026-12-31"), ["2025-11-27", "2026-11-26"]);
    }

    #[test]
    fn without_a_first_day_counting_begins_with_2025() {
        let weekly = Recurrence { every: RecurrenceType::Weekly, ..Recurrence::default() };

        assert_eq!(days(&weekly, "2024-12-20", "2025-01-10"), ["2025-01-01", "2025-01-08"]);
    }
}
