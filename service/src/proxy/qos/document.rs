//! JSON objects whose parts are known: what may be in them, and what is there by itself.

use std::ops::RangeInclusive;

use sea_orm::prelude::Json;
use serde_json::Map;

use crate::{Error, Result, text::invalid};

/// An object that has all of its parts, and no others.
#[derive(Debug)]
pub(in crate::proxy) struct Document {
    kind: &'static str,
    parts: Map<String, Json>,
}

impl Document {
    /// What was given, and the parts that were not as in `by_itself`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is no object, or has a part that `by_itself` has not.
    pub(in crate::proxy) fn read(
        kind: &'static str,
        given: &Json,
        by_itself: Json,
    ) -> Result<Self> {
        let (Json::Object(named), Json::Object(mut parts)) = (given, by_itself) else {
            return Err(invalid(kind, &given.to_string(), "it is no object"));
        };
        for (name, value) in named {
            let Some(part) = parts.get_mut(name) else {
                return Err(invalid(kind, name, "there is no such part"));
            };
            *part = value.clone();
        }
        Ok(Self { kind, parts })
    }

    /// A whole number in that range; none for null.
    pub(in crate::proxy) fn whole(
        &self,
        name: &str,
        range: RangeInclusive<i32>,
    ) -> Result<Option<i32>> {
        let part = &self.parts[name];
        let number = part.as_i64().and_then(|number| i32::try_from(number).ok());
        let number = number.filter(|number| range.contains(number));
        if number.is_none() && !part.is_null() {
            let (least, most) = range.into_inner();
            return Err(self.refuse(name, &format!("is a whole number from {least} to {most}")));
        }
        Ok(number)
    }

    /// The same, where null will not do.
    pub(in crate::proxy) fn number(&self, name: &str, range: RangeInclusive<i32>) -> Result<i32> {
        self.whole(name, range)?.ok_or_else(|| self.refuse(name, "is a number"))
    }

    /// A number that is not negative; none for null.
    pub(in crate::proxy) fn amount(&self, name: &str) -> Result<Option<f64>> {
        let part = &self.parts[name];
        let amount = part.as_f64().filter(|amount| amount.is_finite() && *amount >= 0.0);
        if amount.is_none() && !part.is_null() {
            return Err(self.refuse(name, "is a number that is not negative"));
        }
        Ok(amount)
    }

    /// A text; none for null.
    pub(in crate::proxy) fn text(&self, name: &str) -> Result<Option<&str>> {
        let part = &self.parts[name];
        if !part.is_string() && !part.is_null() {
            return Err(self.refuse(name, "is a text"));
        }
        Ok(part.as_str())
    }

    /// The place of a word among those that there are.
    pub(in crate::proxy) fn word(&self, name: &str, words: &[&str]) -> Result<usize> {
        let word = self.parts[name].as_str();
        words
            .iter()
            .position(|known| word == Some(*known))
            .ok_or_else(|| self.refuse(name, &format!("is one of {}", words.join(", "))))
    }

    /// The refusal of a part.
    pub(in crate::proxy) fn refuse(&self, name: &str, problem: &str) -> Error {
        invalid(self.kind, &self.parts[name].to_string(), &format!("`{name}` {problem}"))
    }

    /// The whole document.
    pub(in crate::proxy) fn into_json(self) -> Json {
        Json::Object(self.parts)
    }
}

/// What is stored in that row will not do: somebody wrote it behind the program.
pub(in crate::proxy) fn malformed(kind: &'static str, id: i64) -> impl FnOnce(Error) -> Error {
    move |error| Error::Malformed { kind, key: id.to_string(), problem: error.to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(given: &Json) -> Result<Document> {
        Document::read("thing", given, json!({"size": 1, "name": "x", "cost": null}))
    }

    #[test]
    fn what_is_not_given_is_as_by_itself() {
        let empty = read(&json!({})).unwrap();
        let given = read(&json!({"size": null, "cost": 0.5})).unwrap();

        assert_eq!(empty.into_json(), json!({"size": 1, "name": "x", "cost": null}));
        assert_eq!(given.into_json(), json!({"size": null, "name": "x", "cost": 0.5}));
    }

    #[test]
    fn what_is_no_object_or_has_other_parts_is_refused() {
        for wrong in [json!(null), json!([]), json!("{}"), json!({"Size": 1}), json!({"": 1})] {
            let refused = read(&wrong);

            assert!(matches!(refused, Err(Error::Invalid { kind: "thing", .. })), "{wrong}");
        }
    }

    #[test]
    fn a_part_is_of_its_kind_and_in_its_range() {
        for (size, whole) in [
            (json!(1), Some(1)),
            (json!(10), Some(10)),
            (json!(i32::MAX), None),
            (json!(null), None),
        ] {
            let document = read(&json!({"size": size})).unwrap();
            let read = document.whole("size", 1..=10);

            assert_eq!(read.as_ref().ok().copied().flatten(), whole, "{size}");
            assert_eq!(read.is_ok(), whole.is_some() || size.is_null(), "{size}");
            assert_eq!(document.number("size", 1..=10).ok(), whole, "{size}");
        }
        for size in
            [json!(0), json!(-1), json!(11), json!(1.0), json!("1"), json!(true), json!([1])]
        {
            assert!(read(&json!({"size": size})).unwrap().whole("size", 1..=10).is_err(), "{size}");
        }
        for (cost, is_good) in [
            (json!(0), true),
            (json!(0.25), true),
            (json!(null), true),
            (json!(-0.25), false),
            (json!("1"), false),
        ] {
            let document = read(&json!({"cost": cost})).unwrap();

            assert_eq!(document.amount("cost").is_ok(), is_good, "{cost}");
        }
        let document = read(&json!({"name": "b", "size": null})).unwrap();
        assert_eq!(document.text("name").unwrap(), Some("b"));
        assert_eq!(document.text("size").unwrap(), None);
        assert_eq!(document.word("name", &["a", "b"]).unwrap(), 1);
        assert!(document.word("name", &["a", "c"]).is_err());
        assert!(read(&json!({"name": 1})).unwrap().text("name").is_err());
        assert!(read(&json!({"name": null})).unwrap().word("name", &["null"]).is_err());
    }
}
