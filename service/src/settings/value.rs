//! What a setting can be set to, and its text in the database.

use entity::settings::application_setting::DataType;
use serde_json::Value as Json;

/// The longest text, in bytes, that all three databases keep.
const MOST_BYTES: usize = 65_535;

/// How many arrays and objects may stand in each other: what `serde_json` still reads back.
const DEEPEST: usize = 127;

/// The value of a setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Any text.
    String(String),
    /// A whole number.
    Integer(i64),
    /// A number.
    Float(f64),
    /// Yes or no.
    Boolean(bool),
    /// Any JSON document.
    Json(Json),
}

impl Value {
    /// A JSON document as a value of that type.
    ///
    /// # Errors
    /// The type that the document would be of by itself.
    pub(super) fn from_json(data_type: DataType, json: Json) -> Result<Self, DataType> {
        match (data_type, json) {
            (DataType::Json, json) => Ok(Self::Json(json)),
            (DataType::String, Json::String(text)) => Ok(Self::String(text)),
            (DataType::Boolean, Json::Bool(is_so)) => Ok(Self::Boolean(is_so)),
            (DataType::Integer, Json::Number(number)) => {
                number.as_i64().map(Self::Integer).ok_or(DataType::Float)
            }
            (DataType::Float, Json::Number(number)) => {
                number.as_f64().map(Self::Float).ok_or(DataType::Json)
            }
            (_, Json::String(_)) => Err(DataType::String),
            (_, Json::Bool(_)) => Err(DataType::Boolean),
            (_, Json::Number(number)) if number.is_i64() => Err(DataType::Integer),
            (_, Json::Number(_)) => Err(DataType::Float),
            (_, Json::Null | Json::Array(_) | Json::Object(_)) => Err(DataType::Json),
        }
    }

    /// Reads the text of a value. Numbers are as JSON writes them, `true` and `false` are the only
    /// booleans; nothing is trimmed and nothing is guessed.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(data_type: DataType, text: &str) -> Result<Self, String> {
        match data_type {
            DataType::String => Ok(Self::String(text.to_owned())),
            DataType::Integer => number(text)
                .and_then(|number| number.as_i64())
                .map(Self::Integer)
                .ok_or_else(|| "not a whole number of 64 bits".to_owned()),
            DataType::Float => number(text)
                .and_then(|number| number.as_f64())
                .map(Self::Float)
                .ok_or_else(|| "not a number".to_owned()),
            DataType::Boolean => match text {
                "true" => Ok(Self::Boolean(true)),
                "false" => Ok(Self::Boolean(false)),
                _ => Err("neither `true` nor `false`".to_owned()),
            },
            DataType::Json => {
                serde_json::from_str(text).map(Self::Json).map_err(|error| error.to_string())
            }
        }
    }

    /// The one text that stands for this value.
    ///
    /// # Errors
    /// Why not all databases could keep it.
    pub fn to_text(&self) -> Result<String, &'static str> {
        let text = match self {
            Self::String(text) if text.contains('\0') => return Err("it has a NUL character"),
            Self::String(text) => text.clone(),
            Self::Integer(number) => number.to_string(),
            Self::Float(number) if !number.is_finite() => return Err("it is not a finite number"),
            // Adding zero turns -0.0, which equals 0.0, into it.
            Self::Float(number) => format!("{:?}", number + 0.0),
            Self::Boolean(yes) => yes.to_string(),
            Self::Json(document) => {
                let mut text = String::new();
                write_json(document, DEEPEST, &mut text)?;
                text
            }
        };
        if text.len() > MOST_BYTES {
            return Err("it is longer than 65535 bytes");
        }
        Ok(text)
    }

    /// The type of the value.
    pub fn data_type(&self) -> DataType {
        match self {
            Self::String(_) => DataType::String,
            Self::Integer(_) => DataType::Integer,
            Self::Float(_) => DataType::Float,
            Self::Boolean(_) => DataType::Boolean,
            Self::Json(_) => DataType::Json,
        }
    }
}

/// A type that the value of a setting can be read as.
pub trait FromValue: Sized {
    /// Takes the value out.
    ///
    /// # Errors
    /// The type that it would have to be of.
    fn from_value(value: Value) -> Result<Self, DataType>;
}

impl FromValue for Value {
    fn from_value(value: Value) -> Result<Self, DataType> {
        Ok(value)
    }
}

macro_rules! typed {
    ($($variant:ident: $ty:ty;)+) => {
        $(
            impl FromValue for $ty {
                fn from_value(value: Value) -> Result<Self, DataType> {
                    match value {
                        Value::$variant(inner) => Ok(inner),
                        _ => Err(DataType::$variant),
                    }
                }
            }

            impl From<$ty> for Value {
                fn from(inner: $ty) -> Self {
                    Self::$variant(inner)
                }
            }
        )+
    };
}

typed! {
    String: String;
    Integer: i64;
    Float: f64;
    Boolean: bool;
    Json: Json;
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

/// A number in JSON's grammar, which alone has one way to write most numbers: no `+`, no `007`, no
/// `.5`, no `inf`.
fn number(text: &str) -> Option<serde_json::Number> {
    let is_bare = text.starts_with(|c: char| c == '-' || c.is_ascii_digit())
        && text.ends_with(|c: char| c.is_ascii_digit());
    if is_bare { serde_json::from_str(text).ok() } else { None }
}

/// Writes a document without spaces and with its keys in order. `serde_json` would keep the order
/// in which they were read if any crate of the build asked it to.
fn write_json(document: &Json, levels: usize, text: &mut String) -> Result<(), &'static str> {
    let inner = || levels.checked_sub(1).ok_or("it is nested more than 127 levels deep");
    match document {
        Json::Object(members) => {
            let inner = inner()?;
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            text.push('{');
            for (at, (key, member)) in members.into_iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                write_json(&Json::String(key.clone()), inner, text)?;
                text.push(':');
                write_json(member, inner, text)?;
            }
            text.push('}');
        }
        Json::Array(items) => {
            let inner = inner()?;
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                write_json(item, inner, text)?;
            }
            text.push(']');
        }
        Json::Number(number) if number.as_f64() == Some(0.0) && number.is_f64() => {
            text.push_str("0.0");
        }
        scalar => text.push_str(&scalar.to_string()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_value_is_read_back_from_its_text() {
        let values = [
            Value::from(""),
            Value::from(" spaces, \"quotes\" and 🚢 "),
            Value::from(i64::MIN),
            Value::from(i64::MAX),
            Value::from(0.1),
            Value::from(5.0),
            Value::from(f64::MAX),
            Value::from(f64::MIN_POSITIVE),
            Value::from(true),
            Value::from(false),
            Value::from(json!({"b": [1, 2.5, null], "a": {"ü": "🚢\n"}})),
            Value::from(json!(null)),
        ];
        for value in values {
            let text = value.to_text().unwrap();

            assert_eq!(Value::parse(value.data_type(), &text), Ok(value), "{text}");
        }
    }

    #[test]
    fn equal_values_have_the_same_text() {
        let one: Json = serde_json::from_str(r#"{ "b": 1, "a": [ true ] }"#).unwrap();
        let other: Json = serde_json::from_str(r#"{"a":[true],"b":1}"#).unwrap();

        assert_eq!(Value::from(one).to_text().unwrap(), r#"{"a":[true],"b":1}"#);
        assert_eq!(Value::from(other).to_text().unwrap(), r#"{"a":[true],"b":1}"#);
        assert_eq!(Value::from(-0.0).to_text(), Value::from(0.0).to_text());
        assert_eq!(Value::from(json!([-0.0])).to_text(), Value::from(json!([0.0])).to_text());
        assert_eq!(Value::from(5.0).to_text().unwrap(), "5.0");
    }

    #[test]
    fn only_one_way_to_write_a_number_or_a_boolean_is_read() {
        for text in
            ["", " 5", "5 ", "5\n", "+5", "007", "5.0", "0x10", "five", "9223372036854775808"]
        {
            assert!(Value::parse(DataType::Integer, text).is_err(), "{text:?}");
        }
        for text in ["", " 1.5", "1.5 ", "+1.5", ".5", "1.", "inf", "NaN", "1e999", "1,5"] {
            assert!(Value::parse(DataType::Float, text).is_err(), "{text:?}");
        }
        for text in ["", "True", "TRUE", "1", "yes", " true"] {
            assert!(Value::parse(DataType::Boolean, text).is_err(), "{text:?}");
        }
        for text in ["", "{", "{'a':1}", "{} {}"] {
            assert!(Value::parse(DataType::Json, text).is_err(), "{text:?}");
        }
        assert_eq!(Value::parse(DataType::Integer, "-5"), Ok(Value::Integer(-5)));
        assert_eq!(Value::parse(DataType::Float, "5"), Ok(Value::Float(5.0)));
    }

    #[test]
    fn what_not_all_databases_keep_has_no_text() {
        assert!(Value::from("a\0b").to_text().is_err());
        assert!(Value::from("🚢".repeat(20_000)).to_text().is_err());
        assert!(Value::from(f64::NAN).to_text().is_err());
        assert!(Value::from(f64::INFINITY).to_text().is_err());
        assert_eq!(Value::from(json!("a\0b")).to_text().unwrap(), r#""a\u0000b""#);
    }

    #[test]
    fn a_float_is_read_back_to_the_last_bit() {
        let mut bits = 1_u64;
        for _ in 0..100_000 {
            // Knuth's generator: every exponent comes by.
            bits = bits
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let number = f64::from_bits(bits);
            if !number.is_finite() {
                continue;
            }
            for value in [Value::from(number), Value::from(json!(number))] {
                let text = value.to_text().unwrap();

                assert_eq!(Value::parse(value.data_type(), &text), Ok(value), "{text}");
            }
        }
    }

    #[test]
    fn a_document_is_as_deep_as_it_can_be_read_back() {
        let nested = |levels| (0..levels).fold(json!(1), |inner, _| json!([inner]));
        let deepest = Value::from(nested(127));

        let text = deepest.to_text().unwrap();

        assert_eq!(Value::parse(DataType::Json, &text), Ok(deepest));
        assert!(Value::from(nested(128)).to_text().is_err());
        assert!(Value::parse(DataType::Json, &format!("[{text}]")).is_err());
    }
}
