//! What Gough kept in texts: as JSON, as Python shows it, or as words with commas between.

use serde_json::{Value as Json, json};

use super::super::value;

/// A list, in any of these forms.
pub(super) fn list(json: &Json) -> Result<Json, String> {
    let document = match json.as_str() {
        None => json.clone(),
        Some(text) => match serde_json::from_str(text) {
            Ok(document) => document,
            Err(_) => words(text)?,
        },
    };
    match document {
        Json::Array(_) | Json::Null => Ok(document),
        _ => Err("it is no list".to_owned()),
    }
}

fn words(text: &str) -> Result<Json, String> {
    let text = text.trim();
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if inner.contains(['[', '{']) {
        return Err("it is no list that can be read".to_owned());
    }
    let around = |c: char| c.is_whitespace() || c == '\'' || c == '"';
    let words = inner.split(',').map(|word| word.trim_matches(around));
    Ok(words.filter(|word| !word.is_empty()).collect())
}

/// An object. What is none stands in one: a text that cannot be read as `text`, anything else as
/// `value`.
#[expect(clippy::unnecessary_wraps, reason = "it reads as others do that can fail")]
pub(super) fn object(json: &Json) -> Result<Json, String> {
    let Ok(document) = value::document(json) else { return Ok(json!({"text": json})) };
    Ok(match document {
        Json::Object(_) | Json::Null => document,
        other => json!({"value": other}),
    })
}

/// A document; a text that is none stays a text.
#[expect(clippy::unnecessary_wraps, reason = "it reads as others do that can fail")]
pub(super) fn document(json: &Json) -> Result<Json, String> {
    Ok(value::document(json).unwrap_or_else(|_| json.clone()))
}

/// A text in lower case.
pub(super) fn lower(json: &Json) -> Result<Json, String> {
    cased(json, str::to_lowercase)
}

/// A text in upper case.
pub(super) fn upper(json: &Json) -> Result<Json, String> {
    cased(json, str::to_uppercase)
}

fn cased(json: &Json, case: fn(&str) -> String) -> Result<Json, String> {
    let text = json.as_str().ok_or("it is no text")?;
    Ok(json!(case(text.trim())))
}

/// Whether a text is SHA-256 in hexadecimal.
pub(super) fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_in_whatever_form_it_was_kept() {
        for (given, expected) in [
            (json!(["a", 1]), json!(["a", 1])),
            (json!("[\"a\", {\"b\": 1}]"), json!(["a", {"b": 1}])),
            (json!("['a', \"b\"]"), json!(["a", "b"])),
            (json!("read, write"), json!(["read", "write"])),
            (json!("read"), json!(["read"])),
            (json!(" "), json!([])),
            (json!("null"), json!(null)),
        ] {
            assert_eq!(list(&given), Ok(expected), "{given}");
        }
        for given in [json!("{\"a\": 1}"), json!("[{'a': 1}]"), json!("5"), json!({})] {
            assert!(list(&given).is_err(), "{given}");
        }
    }

    #[test]
    fn what_is_no_object_is_kept_in_one() {
        for (given, expected) in [
            (json!("{\"a\": 1}"), json!({"a": 1})),
            (json!("{'a': 1}"), json!({"text": "{'a': 1}"})),
            (json!("[1]"), json!({"value": [1]})),
            (json!(""), json!(null)),
        ] {
            assert_eq!(object(&given), Ok(expected), "{given}");
        }
        assert_eq!(document(&json!("{'a': 1}")), Ok(json!("{'a': 1}")));
    }
}
