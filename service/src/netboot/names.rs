//! Lists of names in a column: of eggs, of profiles, of devices.

use std::collections::BTreeSet;

use sea_orm::prelude::Json;

use crate::{
    Error, Result,
    text::{self, invalid},
};

/// How many names a list has at most.
const MOST: usize = 1_000;

/// Makes sure that a document is a list of at most a thousand names, none of them twice, and gives
/// them back.
///
/// # Errors
/// [`Error::Invalid`] for any other.
pub(super) fn settled<'l>(column: &'static str, list: &'l Json) -> Result<Vec<&'l str>> {
    let names = texts(list)
        .ok_or_else(|| invalid(column, &list.to_string(), "it is not a list of texts"))?;
    if names.len() > MOST {
        let given = format!("{} names", names.len());
        return Err(invalid(column, &given, &format!("{MOST} are the most")));
    }
    let mut seen = BTreeSet::new();
    for name in &names {
        text::key(column, name, 255)?;
        if !seen.insert(*name) {
            return Err(invalid(column, name, "it is there twice"));
        }
    }
    Ok(names)
}

/// The names in a stored list.
///
/// # Errors
/// [`Error::Malformed`] for what is no list of texts.
pub(super) fn read<'l>(kind: &'static str, key: &str, list: &'l Json) -> Result<Vec<&'l str>> {
    texts(list).ok_or_else(|| Error::Malformed {
        kind,
        key: key.to_owned(),
        problem: "its list of eggs is not a list of texts".to_owned(),
    })
}

/// Whether a stored list has the name in it.
pub(super) fn contains(list: &Json, name: &str) -> bool {
    list.as_array().is_some_and(|list| list.iter().any(|one| one.as_str() == Some(name)))
}

fn texts(list: &Json) -> Option<Vec<&str>> {
    list.as_array()?.iter().map(Json::as_str).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_of_names_has_texts_in_it_and_none_twice() {
        assert_eq!(settled("eggs", &json!(["b", "a"])).unwrap(), ["b", "a"]);
        assert!(settled("eggs", &json!([])).unwrap().is_empty());
        let many =
            |number: usize| (0..number).map(|at| json!(format!("egg {at}"))).collect::<Json>();
        assert_eq!(settled("eggs", &many(MOST)).unwrap().len(), MOST);
        for wrong in [
            json!(null),
            json!("a"),
            json!({"a": 1}),
            json!([1]),
            json!(["a", null]),
            json!([["a"]]),
            json!(["a", "b", "a"]),
            json!([""]),
            json!([" a"]),
            json!(["a\n"]),
            json!(["a".repeat(256)]),
            many(MOST + 1),
        ] {
            let refused = settled("eggs", &wrong);

            assert!(matches!(refused, Err(Error::Invalid { kind: "eggs", .. })), "{wrong}");
        }
    }

    #[test]
    fn what_was_stored_as_no_list_is_told() {
        let object = json!({"a": 1});
        let refused = read("egg", "docker", &object);

        assert!(matches!(refused, Err(Error::Malformed { kind: "egg", .. })), "{refused:?}");
        assert!(!contains(&json!({"a": 1}), "a") && !contains(&json!(["a"]), "b"));
        assert!(contains(&json!([1, "a"]), "a"));
    }
}
