//! How a variable's text becomes a value.

use std::{
    net::SocketAddr,
    num::{NonZeroU16, NonZeroU32},
    time::Duration,
};

/// A type that a variable can be read as.
pub trait Setting: Sized {
    /// What is allowed, to be read after "which is not" and "set it to".
    const ALLOWED: &'static str;

    /// Reads a trimmed value; `None` when it is not one of [`ALLOWED`](Self::ALLOWED).
    fn read(value: &str) -> Option<Self>;
}

/// What the process is for (`APP_ENV`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Environment {
    /// A machine on which data may be lost.
    #[default]
    Development,
    /// Where destroying needs a second word.
    Production,
}

/// How log lines look (`LOG_FORMAT`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON document a line.
    Json,
}

impl Setting for Environment {
    const ALLOWED: &'static str = "development or production";

    fn read(value: &str) -> Option<Self> {
        match value.to_ascii_lowercase().as_str() {
            "development" => Some(Self::Development),
            "production" => Some(Self::Production),
            _ => None,
        }
    }
}

impl Setting for LogFormat {
    const ALLOWED: &'static str = "text or json";

    fn read(value: &str) -> Option<Self> {
        match value.to_ascii_lowercase().as_str() {
            "text" => Some(Self::Text),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

impl Setting for bool {
    const ALLOWED: &'static str = "true or false (also 1, 0, yes, no, on, off)";

    fn read(value: &str) -> Option<Self> {
        match value.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Some(true),
            "false" | "0" | "no" | "off" => Some(false),
            _ => None,
        }
    }
}

impl Setting for String {
    const ALLOWED: &'static str = "a text";

    fn read(value: &str) -> Option<Self> {
        Some(value.to_owned())
    }
}

/// A list, separated by commas.
impl Setting for Vec<String> {
    const ALLOWED: &'static str = "names separated by commas";

    fn read(value: &str) -> Option<Self> {
        let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
        Some(names.map(str::to_owned).collect())
    }
}

/// A port.
impl Setting for NonZeroU16 {
    const ALLOWED: &'static str = "a port number from 1 to 65535";

    fn read(value: &str) -> Option<Self> {
        value.parse().ok()
    }
}

/// A count. A pool sets memory aside for each connection that it may open.
impl Setting for NonZeroU32 {
    const ALLOWED: &'static str = "a whole number from 1 to 65535";

    fn read(value: &str) -> Option<Self> {
        value.parse::<NonZeroU16>().ok().map(Self::from)
    }
}

/// What is added to the time now, which has an end.
impl Setting for Duration {
    const ALLOWED: &'static str = "a number of seconds above 0 and at most 31536000, such as 30";

    fn read(value: &str) -> Option<Self> {
        let a_year = Self::from_hours(365 * 24);
        let duration = Self::try_from_secs_f64(value.parse().ok()?).ok()?;
        Some(duration).filter(|duration| !duration.is_zero() && *duration <= a_year)
    }
}

impl Setting for SocketAddr {
    const ALLOWED: &'static str = "an address and a port, such as 127.0.0.1:8080";

    fn read(value: &str) -> Option<Self> {
        value.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_yes_and_no_are_understood_and_nothing_else() {
        for yes in ["true", "1", "yes", "on", "TRUE", "Yes"] {
            assert_eq!(bool::read(yes), Some(true), "{yes}");
        }
        for no in ["false", "0", "no", "off", "False"] {
            assert_eq!(bool::read(no), Some(false), "{no}");
        }
        for neither in ["", "2", "y", "enabled", "tru"] {
            assert_eq!(bool::read(neither), None, "{neither}");
        }
    }

    #[test]
    fn seconds_are_positive_numbers_and_at_most_a_year() {
        assert_eq!(Duration::read("30"), Some(Duration::from_secs(30)));
        assert_eq!(Duration::read("0.5"), Some(Duration::from_millis(500)));
        assert_eq!(Duration::read("31536000"), Some(Duration::from_hours(8760)));
        for wrong in ["0", "-1", "inf", "NaN", "1e40", "1e19", "31536001", "5s", ""] {
            assert_eq!(Duration::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn lists_are_trimmed_and_have_no_empty_names() {
        assert_eq!(
            <Vec<String>>::read(" roles, ,grants,"),
            Some(vec!["roles".into(), "grants".into()])
        );
    }

    #[test]
    fn ports_and_counts_are_whole_and_neither_zero_nor_huge() {
        assert_eq!(NonZeroU16::read("5432").map(NonZeroU16::get), Some(5432));
        for wrong in ["0", "65536", "54x", "-1", "1.5"] {
            assert_eq!(NonZeroU16::read(wrong), None, "{wrong}");
        }
        assert_eq!(NonZeroU32::read("65535").map(NonZeroU32::get), Some(65535));
        for wrong in ["0", "-1", "65536", "4294967295"] {
            assert_eq!(NonZeroU32::read(wrong), None, "{wrong}");
        }
    }
}
