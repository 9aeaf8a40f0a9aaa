//! Changes of documents, as RFC 7396 has them.

use serde_json::{Map, Value};

/// Changes a document as a patch says: what is absent stays, null takes away (section 2).
pub(super) fn merge(there: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *there = patch;
        return;
    };
    if !there.is_object() {
        *there = Value::Object(Map::new());
    }
    let Some(members) = there.as_object_mut() else { return };
    for (name, said) in patch {
        if said.is_null() {
            members.remove(&name);
        } else {
            merge(members.entry(name).or_insert(Value::Null), said);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_absent_stays_null_takes_away_and_a_list_is_replaced() {
        let mut document = json!({"a": 1, "b": {"c": 2, "d": 3}, "e": [1, 2]});

        merge(&mut document, json!({"b": {"c": null, "f": {"g": null}}, "e": [3], "h": true}));

        assert_eq!(document, json!({"a": 1, "b": {"d": 3, "f": {}}, "e": [3], "h": true}));
    }
}
