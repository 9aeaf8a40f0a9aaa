//! A constant as data.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A constant: the default of a column, or a cell of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// NULL.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with digits after the point, or a whole one beyond 64 bits, as its digits.
    Number(String),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A moment.
    Time(DateTime<Utc>),
}

impl Value {
    /// The moment so many seconds after the beginning of 1970 in UTC, and nanoseconds.
    ///
    /// # Panics
    /// When it is more than some 262 000 years away.
    pub fn moment(seconds: i64, nanoseconds: u32) -> Self {
        let moment = DateTime::from_timestamp(seconds, nanoseconds);
        Self::Time(moment.expect("a moment that can be told"))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Number(value.to_string())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<DateTime<Utc>> for Value {
    fn from(value: DateTime<Utc>) -> Self {
        Self::Time(value)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Reads what sea-query holds as a constant, or names what it is.
impl TryFrom<&sea_query::Value> for Value {
    type Error = String;

    fn try_from(value: &sea_query::Value) -> Result<Self, String> {
        use sea_query::Value as Sea;

        fn or_null<T>(value: Option<T>, some: impl FnOnce(T) -> Value) -> Value {
            value.map_or(Value::Null, some)
        }

        Ok(match value {
            Sea::Bool(v) => or_null(*v, Self::Bool),
            Sea::TinyInt(v) => or_null(*v, |v| Self::Int(v.into())),
            Sea::SmallInt(v) => or_null(*v, |v| Self::Int(v.into())),
            Sea::Int(v) => or_null(*v, |v| Self::Int(v.into())),
            Sea::BigInt(v) => or_null(*v, Self::Int),
            Sea::TinyUnsigned(v) => or_null(*v, |v| Self::Int(v.into())),
            Sea::SmallUnsigned(v) => or_null(*v, |v| Self::Int(v.into())),
            Sea::Unsigned(v) => or_null(*v, |v| Self::Int(v.into())),
            Sea::BigUnsigned(v) => or_null(*v, |v| match i64::try_from(v) {
                Ok(v) => Self::Int(v),
                Err(_) => Self::Number(v.to_string()),
            }),
            Sea::Float(v) => or_null(*v, |v| Self::Number(v.to_string())),
            Sea::Double(v) => or_null(*v, |v| Self::Number(v.to_string())),
            Sea::String(v) => or_null(v.clone(), Self::Text),
            Sea::Char(v) => or_null(*v, |v| Self::Text(v.to_string())),
            Sea::Bytes(v) => or_null(v.clone(), Self::Bytes),
            Sea::Json(v) => or_null(v.as_ref(), |v| Self::Text(v.to_string())),
            Sea::Uuid(v) => or_null(*v, |v| Self::Text(v.to_string())),
            Sea::ChronoDate(v) => or_null(*v, |v| Self::Text(v.to_string())),
            Sea::ChronoTime(v) => or_null(*v, |v| Self::Text(v.to_string())),
            Sea::ChronoDateTime(v) => or_null(*v, |v| Self::Text(v.to_string())),
            Sea::ChronoDateTimeUtc(v) => or_null(*v, Self::Time),
            Sea::ChronoDateTimeWithTimeZone(v) => or_null(*v, |v| Self::Time(v.to_utc())),
            other => return Err(format!("the constant {other:?}")),
        })
    }
}
