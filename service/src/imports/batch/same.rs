//! When two rows, or two values, are the same.

use serde_json::Value as Json;

use super::Resolved;

/// Whether a text of the row has blanks behind it, with which two of the databases tell it from the one
/// without.
pub(super) fn has_blanks(resolved: &Resolved<'_>) -> bool {
    let mut texts = resolved.fields.values().filter_map(Json::as_str);
    texts.any(|text| text.ends_with(' '))
}

/// Whether two values are the same, numbers in documents by what they are worth.
pub(super) fn is_same(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Number(one), Json::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Json::Object(one), Json::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(name, value)| other.get(name).is_some_and(|other| is_same(value, other)))
        }
        _ => one == other,
    }
}
