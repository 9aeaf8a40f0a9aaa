//! Members of JSON objects that are there twice: readers do not agree on which of the two counts.

use std::{collections::HashSet, fmt};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
};

/// Where the first member stands that is there twice in its object: a JSON pointer (RFC 6901). What is
/// no JSON, or deeper than a body may be, is looked through as far as it can be read.
pub(super) fn doubled(json: &[u8]) -> Option<String> {
    let mut steps = None;
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let read = Look { steps: &mut steps }.deserialize(&mut deserializer);
    read.err().and(steps).map(|steps| pointer(&steps))
}

/// The steps, the last of them first, as a pointer.
fn pointer(steps: &[String]) -> String {
    let escaped = |step: &String| format!("/{}", step.replace('~', "~0").replace('/', "~1"));
    steps.iter().rev().map(escaped).collect()
}

/// Looks through a value. What it finds goes back to the outermost value as an error; the steps are
/// noted on that way and not on the way in, where most of what is passed is sound.
struct Look<'s> {
    steps: &'s mut Option<Vec<String>>,
}

impl Look<'_> {
    fn inside(&mut self) -> Look<'_> {
        Look { steps: self.steps }
    }

    /// Notes by which step what was found is reached, if something was found.
    fn through(&mut self, step: impl FnOnce() -> String) {
        if let Some(steps) = self.steps {
            steps.push(step());
        }
    }
}

impl<'de> DeserializeSeed<'de> for Look<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        let mut known = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if known.contains(&name) {
                *self.steps = Some(vec![name]);
                return Err(A::Error::custom("a member is there twice"));
            }
            if let Err(error) = members.next_value_seed(self.inside()) {
                self.through(|| name);
                return Err(error);
            }
            known.insert(name);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<(), A::Error> {
        for at in 0_usize.. {
            match elements.next_element_seed(self.inside()) {
                Ok(Some(())) => {}
                Ok(None) => break,
                Err(error) => {
                    self.through(|| at.to_string());
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_is_there_twice_is_found_wherever_it_stands() {
        for (json, expected) in [
            (r#"{"a": 1, "a": 1}"#, "/a"),
            (r#"{"a": 1, "b": 2, "a": null}"#, "/a"),
            (r#"{"a": 1, "\u0061": 1}"#, "/a"),
            (r#"{"": 1, "": 1}"#, "/"),
            (r#"{"x": {"y": {"a": [], "a": {}}}}"#, "/x/y/a"),
            (r#"{"x": [1, {"b": 1}, {"a": 1, "a": 2}]}"#, "/x/2/a"),
            (r#"[{"a": 1, "a": 2}]"#, "/0/a"),
            (r#"{"a/b": {"c~d": 1, "c~d": 2}}"#, "/a~1b/c~0d"),
            (r#"{"a": {"a": 1}, "b": {"a": 1}, "b": 1}"#, "/b"),
            // Nothing that comes behind makes it better.
            (r#"{"a": 1, "a": 1"#, "/a"),
        ] {
            assert_eq!(doubled(json.as_bytes()).as_deref(), Some(expected), "{json}");
        }
    }

    #[test]
    fn what_is_there_once_is_nothing_to_find() {
        let deep = format!(r#"{}{{"a": 1, "a": 1}}{}"#, "[".repeat(200), "]".repeat(200));
        for json in [
            r#"{"a": {"a": {"a": 1}}, "b": [{"a": 1}, {"a": 1}], "A": 1}"#,
            r#"{"a": null, "b": true, "c": -1, "d": 18446744073709551615, "e": 1.5e3, "f": "a"}"#,
            "[]",
            "7",
            r#"{"a": 1"#,
            r#"{"a": 1, 7: 1}"#,
            "",
            "{",
            &deep,
        ] {
            assert_eq!(doubled(json.as_bytes()), None, "{json}");
        }
        assert_eq!(doubled(b"{\"a\": \"\xff\"}"), None);
    }
}
