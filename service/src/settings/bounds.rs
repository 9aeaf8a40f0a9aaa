//! What a setting can be set to where not every value of its type means something.

use std::ops::RangeInclusive;

use super::Value;

/// The most characters of the name of the application: it stands in a header of each mail.
pub(crate) const LONGEST_NAME: usize = 100;

/// How many of something there can be.
const COUNT: RangeInclusive<i64> = 0..=2_147_483_647;
/// For how many days something can be kept.
const DAYS: RangeInclusive<i64> = 0..=65_535;

/// Why the setting of that key cannot have that value; nothing when it can, or has another type.
pub(super) fn problem(key: &str, value: &Value) -> Option<String> {
    match value {
        Value::Integer(number) => {
            let range = range(key).filter(|range| !range.contains(number))?;
            Some(format!("it must be a whole number from {} to {}", range.start(), range.end()))
        }
        Value::String(name) if key == "app.name" => {
            let is_one = !name.trim().is_empty() && name.chars().nth(LONGEST_NAME).is_none();
            (!is_one).then(|| format!("it must have 1 to {LONGEST_NAME} characters"))
        }
        Value::String(_) | Value::Float(_) | Value::Boolean(_) | Value::Json(_) => None,
    }
}

fn range(key: &str) -> Option<RangeInclusive<i64>> {
    match key {
        "api_keys.max_per_user" | "users.max_count" => Some(COUNT),
        _ => key.starts_with("retention.").then_some(DAYS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_a_least_and_a_most() {
        for (key, most) in [
            ("api_keys.max_per_user", 2_147_483_647_i64),
            ("users.max_count", 2_147_483_647),
            ("retention.mails_days", 65_535),
        ] {
            for good in [0, 1, most] {
                assert_eq!(problem(key, &good.into()), None, "{key} {good}");
            }
            let wanted = format!("it must be a whole number from 0 to {most}");
            for wrong in [i64::MIN, -1, most + 1, i64::MAX] {
                assert_eq!(problem(key, &wrong.into()), Some(wanted.clone()), "{key} {wrong}");
            }
        }
        assert_eq!(problem("of.somebody.else", &i64::MIN.into()), None);
        assert_eq!(problem("users.max_count", &"-1".into()), None, "it is refused by its type");
    }

    #[test]
    fn the_application_has_a_name_that_a_line_can_hold() {
        let problem = |name: &str| problem("app.name", &name.into());

        for good in ["P".to_owned(), "Harbour 🚢".to_owned(), "🚢".repeat(LONGEST_NAME)] {
            assert_eq!(problem(&good), None, "{good}");
        }
        for wrong in [String::new(), " \t".to_owned(), "x".repeat(LONGEST_NAME + 1)] {
            assert!(problem(&wrong).is_some(), "{wrong:?}");
        }
    }
}
