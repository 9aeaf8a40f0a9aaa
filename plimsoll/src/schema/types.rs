//! Types that are portable, with room for what only one database has.

use serde::{Deserialize, Serialize};

/// A type that all three databases have in some form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Type {
    /// True or false.
    Boolean,
    /// 8 bits with sign.
    TinyInteger,
    /// 16 bits with sign.
    SmallInteger,
    /// 32 bits with sign.
    Integer,
    /// 64 bits with sign.
    BigInteger,
    /// 8 bits without sign; the next wider signed type where there is none.
    TinyUnsigned,
    /// 16 bits without sign; the next wider signed type where there is none.
    SmallUnsigned,
    /// 32 bits without sign; the next wider signed type where there is none.
    Unsigned,
    /// 64 bits without sign; 64 bits with sign where there is none.
    BigUnsigned,
    /// 32-bit floating point.
    Float,
    /// 64-bit floating point.
    Double,
    /// Exact digits: precision and scale.
    Decimal(Option<(u32, u32)>),
    /// Text of a fixed length, padded.
    Char(u32),
    /// Text of at most so many characters; the database's own limit without one.
    String(Option<u32>),
    /// Text without a stated limit.
    Text,
    /// Bytes of a fixed length.
    Binary(u32),
    /// At most so many bytes.
    VarBinary(u32),
    /// Bytes without a stated limit.
    Blob,
    /// A day.
    Date,
    /// A time of day.
    Time,
    /// A day and a time of day, without a zone.
    DateTime,
    /// A moment: UTC, with zone.
    Timestamp,
    /// A year.
    Year,
    /// A JSON document, kept as text.
    Json,
    /// A JSON document in the database's own form.
    JsonBinary,
    /// A UUID.
    Uuid,
    /// A native enumeration.
    Enum {
        /// The name of the type, where types have names.
        name: String,
        /// The values in their order.
        values: Vec<String>,
    },
    /// A list of a type.
    Array(Box<Type>),
    /// A type written as the database's own text, the same on all three.
    Custom(String),
    /// A type that this engine cannot render; what it was is told to whoever uses it.
    Unsupported(String),
}

impl Type {
    /// The enumeration that stands beside the tables, if it is one, or a list of one.
    pub(crate) fn named_enum(&self) -> Option<(&String, &Vec<String>)> {
        match self {
            Self::Enum { name, values } if !name.is_empty() => Some((name, values)),
            Self::Array(of) => of.named_enum(),
            _ => None,
        }
    }

    /// Whether both are numbers, texts, or days and moments.
    #[cfg(feature = "migrate")]
    pub(crate) fn is_akin(&self, other: &Self) -> bool {
        let is_text = |ty: &Self| {
            matches!(ty, Self::Char(_) | Self::String(_) | Self::Text | Self::Enum { .. })
        };
        let is_time = |ty: &Self| matches!(ty, Self::Date | Self::DateTime | Self::Timestamp);
        let kinds: [&dyn Fn(&Self) -> bool; 3] = [&Self::is_number, &is_text, &is_time];
        kinds.iter().any(|is_it| is_it(self) && is_it(other))
    }

    /// Whether the whole number is one of its values.
    #[cfg(feature = "migrate")]
    pub(crate) fn holds(&self, number: i128) -> bool {
        match self {
            Self::Year => (1901..=2155).contains(&number),
            ty => ty.whole().is_some_and(|(least, most)| (least..=most).contains(&number)),
        }
    }

    /// Whether its values are whole numbers.
    pub(crate) fn is_whole_number(&self) -> bool {
        self.whole().is_some_and(|_| *self != Self::Boolean)
    }

    /// Whether its values are numbers.
    pub(crate) fn is_number(&self) -> bool {
        self.is_whole_number()
            || matches!(self, Self::Float | Self::Double | Self::Decimal(_) | Self::Year)
    }

    /// Whether a value of this type may not fit into `other`, or only by losing something.
    pub(crate) fn is_narrowed_by(&self, other: &Self) -> bool {
        if self == other {
            return false;
        }
        match (self, other) {
            (Self::Decimal(Some((digits, scale))), Self::Decimal(Some((other, other_scale)))) => {
                other_scale < scale || other - other_scale.min(other) < digits - scale.min(digits)
            }
            (Self::Decimal(_), Self::Decimal(None))
            | (_, Self::Text)
            | (Self::Float, Self::Double)
            | (Self::Date, Self::DateTime | Self::Timestamp)
            | (Self::Json, Self::JsonBinary)
            | (Self::JsonBinary, Self::Json) => false,
            (Self::Enum { values, .. }, Self::Enum { values: other, .. }) => {
                values.iter().any(|value| !other.contains(value))
            }
            (Self::Array(of), Self::Array(other)) => of.is_narrowed_by(other),
            _ => match (self.whole(), other.whole(), self.length(), other.length()) {
                (Some((least, most)), Some((other_least, other_most)), ..) => {
                    other_least > least || other_most < most
                }
                (Some((least, most)), None, ..) => match other {
                    Self::Decimal(None) => false,
                    Self::Decimal(Some((digits, scale))) => {
                        let room = 10_i128.pow((digits - scale.min(digits)).min(38));
                        least <= -room || most >= room
                    }
                    Self::Double => most > 1 << 53,
                    _ => true,
                },
                (_, _, Some(length), Some(other)) => match (length, other) {
                    (_, None) => false,
                    (None, Some(_)) => true,
                    (Some(length), Some(other)) => other < length,
                },
                _ => true,
            },
        }
    }

    /// The least and the greatest whole number of the type, if it is one of whole numbers.
    pub(crate) fn whole(&self) -> Option<(i128, i128)> {
        let signed = |bits: u32| Some((-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1));
        let unsigned = |bits: u32| Some((0, (1_i128 << bits) - 1));
        match self {
            Self::Boolean => Some((0, 1)),
            Self::TinyInteger => signed(8),
            Self::SmallInteger => signed(16),
            Self::Integer => signed(32),
            Self::BigInteger => signed(64),
            Self::TinyUnsigned => unsigned(8),
            Self::SmallUnsigned => unsigned(16),
            Self::Unsigned => unsigned(32),
            Self::BigUnsigned => unsigned(64),
            _ => None,
        }
    }

    /// How many characters or bytes a text or bytes may have at most: nothing for other types,
    /// `Some(None)` without a limit.
    #[expect(clippy::option_option, reason = "no text, and a text without a limit")]
    fn length(&self) -> Option<Option<u32>> {
        match self {
            Self::Char(length) | Self::Binary(length) | Self::VarBinary(length) => {
                Some(Some(*length))
            }
            Self::String(length) => Some(*length),
            Self::Text | Self::Blob => Some(None),
            _ => None,
        }
    }
}
