//! Documents with values in them that JSON has no form for, and that Python writes all the same:
//! `NaN`, `Infinity`, and texts with half of a surrogate pair; besides, numbers that no float
//! holds.
//!
//! A document that is JSON is read as JSON. Only another one is looked at value by value, so that
//! those are read that can be.

use serde_json::{Error, Map, Value as Json};

/// As deep as `serde_json` reads.
const DEEPEST: usize = 127;

/// A value that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unread {
    /// Where it stands.
    pub(super) path: String,
    /// What it is.
    pub(super) why: &'static str,
}

const NO_NUMBER: &str = "JSON has no such number";
const TOO_LARGE: &str = "the number is too large";
const HALF: &str = "half of a surrogate pair is no character";
const HALF_NAME: &str = "its name has half of a surrogate pair, which is no character";

/// What a document says, without the values that cannot be read; in a list `null` stands for one.
///
/// # Errors
/// That of the JSON, where more is wrong with it than single values.
pub(super) fn read(text: &str) -> Result<(Json, Vec<Unread>), Error> {
    serde_json::from_str(text).map(|json| (json, Vec::new())).or_else(|error| {
        let mut reader = Reader { rest: text, path: Vec::new(), unread: Vec::new() };
        match reader.document() {
            Some(json) => Ok((json, reader.unread)),
            None => Err(error),
        }
    })
}

/// What a value comes to.
enum Found {
    Is(Json),
    /// It was noted, and is left out.
    Unread,
}

/// A document as far as it was not read yet.
struct Reader<'t> {
    rest: &'t str,
    path: Vec<String>,
    unread: Vec<Unread>,
}

impl<'t> Reader<'t> {
    fn document(&mut self) -> Option<Json> {
        self.blank();
        let json = self.object()?;
        self.blank();
        self.rest.is_empty().then_some(json)
    }

    /// The next value; nothing where there is none.
    fn value(&mut self) -> Option<Found> {
        self.blank();
        match self.rest.chars().next()? {
            '{' | '[' if self.path.len() >= DEEPEST => None,
            '{' => self.object().map(Found::Is),
            '[' => self.list().map(Found::Is),
            '"' => match text(self.token()?)? {
                Ok(text) => Some(Found::Is(Json::String(text))),
                Err(_) => Some(self.leave(HALF)),
            },
            _ => self.bare(),
        }
    }

    fn object(&mut self) -> Option<Json> {
        let mut object = Map::new();
        self.take('{')?;
        self.blank();
        if self.take('}').is_some() {
            return Some(Json::Object(object));
        }
        loop {
            self.blank();
            let name = text(self.token()?)?;
            self.blank();
            self.take(':')?;
            let (name, is_whole) = match name {
                Ok(name) => (name, true),
                Err(mended) => (mended, false),
            };
            self.path.push(name);
            let value = if is_whole { self.value()? } else { self.nameless()? };
            let name = self.path.pop()?;
            // Of two members with the same name the last one counts.
            match value {
                Found::Is(value) => object.insert(name, value),
                Found::Unread if is_whole => object.remove(&name),
                Found::Unread => None,
            };
            self.blank();
            if self.take(',').is_none() {
                self.take('}')?;
                return Some(Json::Object(object));
            }
        }
    }

    fn list(&mut self) -> Option<Json> {
        let mut list = Vec::new();
        self.take('[')?;
        self.blank();
        if self.take(']').is_some() {
            return Some(Json::Array(list));
        }
        loop {
            self.path.push(list.len().to_string());
            let value = self.value()?;
            self.path.pop();
            list.push(match value {
                Found::Is(value) => value,
                Found::Unread => Json::Null,
            });
            self.blank();
            if self.take(',').is_none() {
                self.take(']')?;
                return Some(Json::Array(list));
            }
        }
    }

    /// A value whose name cannot be read: it is left out whatever it is, as one.
    fn nameless(&mut self) -> Option<Found> {
        let noted = self.unread.len();
        self.value()?;
        self.unread.truncate(noted);
        Some(self.leave(HALF_NAME))
    }

    /// A number, or a word.
    fn bare(&mut self) -> Option<Found> {
        let is_end = |c: char| ",:[]{}\"".contains(c) || is_blank(c);
        let (token, rest) = self.rest.split_at(self.rest.find(is_end).unwrap_or(self.rest.len()));
        self.rest = rest;
        match (serde_json::from_str(token), token) {
            (Ok(json), _) => Some(Found::Is(json)),
            (Err(_), "NaN" | "Infinity" | "-Infinity") => Some(self.leave(NO_NUMBER)),
            (Err(_), token) if is_number(token) => Some(self.leave(TOO_LARGE)),
            (Err(_), _) => None,
        }
    }

    /// Notes that the value was left out that was read last.
    fn leave(&mut self, why: &'static str) -> Found {
        self.unread.push(Unread { path: self.path.join("."), why });
        Found::Unread
    }

    /// The next text, with its quotation marks, as it is written.
    fn token(&mut self) -> Option<&'t str> {
        let mut is_escaped = false;
        let behind = self.rest.strip_prefix('"')?;
        let end = behind.find(|c: char| {
            let is_end = c == '"' && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            is_end
        })?;
        let (token, rest) = self.rest.split_at(end + 2);
        self.rest = rest;
        Some(token)
    }

    fn take(&mut self, c: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(c)?;
        Some(())
    }

    fn blank(&mut self) {
        self.rest = self.rest.trim_start_matches(is_blank);
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

/// A text as it is written; an error with what is left of it where halves of surrogate pairs are in
/// it, and nothing where it is none.
fn text(token: &str) -> Option<Result<String, String>> {
    match serde_json::from_str(token) {
        Ok(text) => Some(Ok(text)),
        Err(_) => serde_json::from_str(&without_halves(token)?).ok().map(Err),
    }
}

/// The text with U+FFFD for each half of a surrogate pair; nothing where an escape ends too early.
fn without_halves(token: &str) -> Option<String> {
    let mut whole = String::with_capacity(token.len());
    let mut rest = token;
    while let Some(at) = rest.find('\\') {
        whole.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match unit(rest) {
            Some(0xd800..=0xdbff) if rest.get(6..).and_then(unit).is_some_and(is_second) => 12,
            Some(0xd800..=0xdfff) => {
                whole.push('\u{fffd}');
                rest = &rest[6..];
                continue;
            }
            Some(_) => 6,
            None => 1 + rest[1..].chars().next()?.len_utf8(),
        };
        whole.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    whole.push_str(rest);
    Some(whole)
}

/// The code unit that the text begins with as `\uXXXX`.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u16::from_str_radix(digits, 16).ok()
}

/// Whether the code unit is the second half of a surrogate pair.
fn is_second(unit: u16) -> bool {
    (0xdc00..=0xdfff).contains(&unit)
}

/// Whether it is a number of JSON, of whatever size.
fn is_number(token: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let rest = token.strip_prefix('-').unwrap_or(token);
    let (rest, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
    let (whole, part) = rest.split_once('.').unwrap_or((rest, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let is_padded = whole.len() > 1 && whole.starts_with('0');
    digits(whole) && !is_padded && digits(part) && digits(exponent)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn paths(text: &str) -> (Json, Vec<(String, &'static str)>) {
        let (json, unread) = read(text).unwrap();
        (json, unread.into_iter().map(|it| (it.path, it.why)).collect())
    }

    #[test]
    fn what_json_cannot_say_is_left_out_with_its_path_and_all_else_is_read() {
        let large = format!("1{}", "0".repeat(400));
        let text = format!(
            r#" {{"a": NaN, "b": {{"c": [1, -Infinity, "x"], "d": "\ud83d", "e": "\ud83d\ude00"}},
            "f": 1e999, "g": {large}, "h": "\\ud83d \" \u00e9", "i": [], "j": {{}},
            "l": 1, "l": NaN, "m": NaN, "m": 1, "k": Infinity}} "#
        );

        let (json, unread) = paths(&text);

        let expected = json!({
            "b": {"c": [1, null, "x"], "e": "😀"},
            "h": "\\ud83d \" é",
            "i": [],
            "j": {},
            "m": 1,
        });
        assert_eq!(json, expected);
        let of = |path: &str, why| (path.to_owned(), why);
        let expected = [
            of("a", NO_NUMBER),
            of("b.c.1", NO_NUMBER),
            of("b.d", HALF),
            of("f", TOO_LARGE),
            of("g", TOO_LARGE),
            of("l", NO_NUMBER),
            of("m", NO_NUMBER),
            of("k", NO_NUMBER),
        ];
        assert_eq!(unread, expected);
    }

    #[test]
    fn halves_of_pairs_are_told_from_whole_ones() {
        for (token, expected) in [
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\ude00\ud83d""#, "\"\u{fffd}\u{fffd}\""),
            (r#""\ud83d\ud83d\ude00!""#, "\"\u{fffd}\\ud83d\\ude00!\""),
            (r#""\uD83Dü\\uD83D""#, "\"\u{fffd}ü\\\\uD83D\""),
            (r#""a\nb\ud83d""#, "\"a\\nb\u{fffd}\""),
        ] {
            assert_eq!(without_halves(token).as_deref(), Some(expected), "{token}");
        }
    }

    #[test]
    fn a_name_with_half_a_pair_takes_only_its_own_value_with_it() {
        let (json, unread) = paths(r#"{"a": {"\ud83d": {"x": NaN}, "b": 1}}"#);

        assert_eq!(json, json!({"a": {"b": 1}}));
        assert_eq!(unread, [("a.\u{fffd}".to_owned(), HALF_NAME)]);
    }

    #[test]
    fn what_is_no_document_for_other_reasons_stays_none() {
        let deep = format!("{{\"a\": NaN, \"b\": {}{}}}", "[".repeat(200), "]".repeat(200));
        for wrong in [
            "",
            "NaN",
            "{",
            r#"{"a": NaN"#,
            r#"{"a": NaN} 1"#,
            r#"{"a": NaN,}"#,
            r#"{"a": nan}"#,
            r#"{"a": -NaN}"#,
            r#"{"a": NaN, "b": 01}"#,
            r#"{"a": NaN, "b": 1.}"#,
            r#"{"a": NaN, "b": "\x"}"#,
            r#"{"a": NaN, "b": "\ud8"}"#,
            r#"{"a": NaN "b": 1}"#,
            r#"{"a": NaN, b: 1}"#,
            "{\"a\": NaN, \"b\": \"\n\"}",
            "{\"a\": NaN, \"b\": \"\\",
            deep.as_str(),
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<f64>().prop_map(Json::from),
            any::<String>().prop_map(Json::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                prop::collection::btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|map| map.into_iter().collect::<Map<_, _>>().into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_json_is_read_as_json(json in any_json()) {
            let text = json!({"a": json}).to_string();
            let strict: Json = serde_json::from_str(&text).unwrap();
            let mut reader = Reader { rest: &text, path: Vec::new(), unread: Vec::new() };

            prop_assert_eq!(reader.document(), Some(strict.clone()));
            prop_assert!(reader.unread.is_empty());
            prop_assert_eq!(read(&text).unwrap(), (strict, Vec::new()));
        }
    }
}
