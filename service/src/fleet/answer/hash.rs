//! What tells whether an answer is another one.

use sea_orm::prelude::Json;

use crate::identity::secret;

/// The SHA-256, in hexadecimal, of the rows in a form in which neither their order counts nor that of
/// their columns.
pub(super) fn hash(rows: &Json) -> String {
    let mut lines: Vec<String> = match rows {
        Json::Array(rows) => rows.iter().map(canonical).collect(),
        other => vec![canonical(other)],
    };
    lines.sort_unstable();
    secret::hash(&lines.join("\n"))
}

/// The document on one line, the names of its parts in order.
fn canonical(document: &Json) -> String {
    match document {
        Json::Object(parts) => {
            let mut parts: Vec<_> = parts.iter().collect();
            parts.sort_unstable_by_key(|(name, _)| *name);
            let parts: Vec<String> = parts
                .into_iter()
                .map(|(name, part)| format!("{}:{}", Json::from(name.as_str()), canonical(part)))
                .collect();
            format!("{{{}}}", parts.join(","))
        }
        Json::Array(parts) => {
            let parts: Vec<String> = parts.iter().map(canonical).collect();
            format!("[{}]", parts.join(","))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn neither_the_order_of_rows_nor_that_of_columns_makes_another_answer() {
        let one = json!([{"name": "sshd", "port": "22"}, {"name": "nginx", "port": "80"}]);
        let other = json!([{"port": "80", "name": "nginx"}, {"port": "22", "name": "sshd"}]);

        assert_eq!(hash(&one), hash(&other));
        assert_eq!(hash(&one).len(), 64);
    }

    #[test]
    fn another_value_another_name_or_another_number_of_rows_makes_another_answer() {
        let all = [
            json!([]),
            json!([{}]),
            json!([{}, {}]),
            json!([{"a": "1"}]),
            json!([{"a": 1}]),
            json!([{"b": "1"}]),
            json!([{"a": "1"}, {"a": "1"}]),
            json!([{"a": "1", "b": "2"}]),
            json!([{"a": "1"}, {"b": "2"}]),
            json!([{"a": "1\n{}"}]),
            json!([{"a": ["1", "2"]}]),
            json!([{"a": ["2", "1"]}]),
            json!([{"a": null}]),
        ];
        for (at, one) in all.iter().enumerate() {
            for other in &all[at + 1..] {
                assert_ne!(hash(one), hash(other), "{one} {other}");
            }
        }
    }
}
