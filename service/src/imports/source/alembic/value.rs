//! What a column here gets of what another system says, whose types and spellings are others.

use chrono::{DateTime, NaiveDateTime};
use plimsoll::schema::{Column, Rule, Table, Type};
use serde_json::{Value as Json, json};

use crate::cell::shown;

/// The value in the form that a cell has it in: flags that are numbers, documents that are texts,
/// moments without a zone (they are UTC), words of a list in another case. What the column does not
/// take besides is found by the engine.
///
/// # Errors
/// What is wrong with it, in a few words.
pub(super) fn value(table: &Table, column: &Column, json: &Json) -> Result<Json, String> {
    match &column.ty {
        _ if json.is_null() => Ok(Json::Null),
        Type::Boolean => flag(json).map(Json::from).ok_or_else(|| said("neither true nor false")),
        Type::SmallInteger | Type::Integer | Type::BigInteger => {
            whole(json).map(Json::from).ok_or_else(|| said("no whole number"))
        }
        Type::Float | Type::Double => number(json).map(Json::from).ok_or_else(|| said("no number")),
        Type::Char(_) | Type::String(_) | Type::Text => {
            let text = text(json).ok_or_else(|| said("no text"))?;
            Ok(json!(listed(table, &column.name, &text).unwrap_or(text)))
        }
        Type::Json | Type::JsonBinary => document(json),
        Type::Timestamp => {
            let moment = json.as_str().and_then(moment).ok_or_else(|| said("no moment"));
            moment.map(Json::from)
        }
        _ => Ok(json.clone()),
    }
}

fn said(what: &str) -> String {
    format!("it is {what}")
}

/// Yes or no; SQLite keeps numbers.
pub(super) fn flag(json: &Json) -> Option<bool> {
    match json {
        Json::Bool(flag) => Some(*flag),
        Json::Number(number) if number.as_i64() == Some(0) => Some(false),
        Json::Number(number) if number.as_i64() == Some(1) => Some(true),
        Json::String(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "1" => Some(true),
            "false" | "f" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn whole(json: &Json) -> Option<i64> {
    match json {
        Json::Number(number) => number.as_i64(),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn number(json: &Json) -> Option<f64> {
    let number = match json {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| number.is_finite())
}

/// A text. SQLite can have a number in its place.
pub(super) fn text(json: &Json) -> Option<String> {
    match json {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A document; where the other system keeps it as text, what the text says. An empty text is none.
pub(super) fn document(json: &Json) -> Result<Json, String> {
    match json {
        Json::String(text) if text.trim().is_empty() => Ok(Json::Null),
        Json::String(text) => {
            serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))
        }
        other => Ok(other.clone()),
    }
}

/// A moment; one without a zone is UTC.
pub(super) fn moment(text: &str) -> Option<String> {
    let text = text.trim().replacen(' ', "T", 1);
    let moment = DateTime::parse_from_rfc3339(&text).map(|moment| moment.to_utc()).ok();
    let bare = || NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f").ok();
    moment.or_else(|| bare().map(|moment| moment.and_utc())).map(shown)
}

/// The word that the column takes, if it is one of a list of words and this is one in another case
/// or with other separators.
fn listed(table: &Table, name: &str, text: &str) -> Option<String> {
    let words = table.checks.iter().find_map(|check| match &check.rule {
        Rule::OneOf { column, values } if column == name => Some(values),
        _ => None,
    })?;
    let folded = text.trim().to_lowercase().replace(['-', ' '], "_");
    words.iter().find(|word| **word == folded).cloned()
}

#[cfg(test)]
mod tests {
    use entity::proxy::{proxy_server, service};

    use super::*;
    use crate::tables;

    #[test]
    fn what_another_system_says_is_what_the_column_takes() {
        let table = tables::of::<service::Entity>();
        let of = |name: &str, json: Json| value(table, tables::column(table, name).unwrap(), &json);
        for (name, given, expected) in [
            ("tls_enabled", json!(1), json!(true)),
            ("tls_enabled", json!(false), json!(false)),
            ("tls_enabled", json!("f"), json!(false)),
            ("port", json!("443"), json!(443)),
            ("protocol", json!("TCP"), json!("tcp")),
            ("protocol", json!("sctp"), json!("sctp")),
            ("collection", json!("TCP"), json!("TCP")),
            ("attributes", json!("{\"a\": [1]}"), json!({"a": [1]})),
            ("attributes", json!({"a": null}), json!({"a": null})),
            ("attributes", json!(""), json!(null)),
            ("created_at", json!("2025-01-02 03:04:05.5"), json!("2025-01-02T03:04:05.500000Z")),
            ("created_at", json!("2025-01-02T03:04:05"), json!("2025-01-02T03:04:05.000000Z")),
            (
                "created_at",
                json!("2025-01-02 03:04:05+01:00"),
                json!("2025-01-02T02:04:05.000000Z"),
            ),
        ] {
            assert_eq!(of(name, given.clone()), Ok(expected), "{name} {given}");
        }
        for (name, given) in [
            ("tls_enabled", json!(2)),
            ("port", json!(4.5)),
            ("name", json!({})),
            ("attributes", json!("{")),
            ("created_at", json!("infinity")),
        ] {
            assert!(of(name, given.clone()).is_err(), "{name} {given}");
        }
        let servers = tables::of::<proxy_server::Entity>();
        let status = tables::column(servers, "status").unwrap();
        assert_eq!(value(servers, status, &json!("PENDING")), Ok(json!("pending")));
    }
}
