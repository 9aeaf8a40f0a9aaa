//! How parts of a schema are said in a sentence.

use std::fmt::{self, Display, Formatter};

use super::{Default, Generated, IndexKey, IndexPart, OnDelete, OnUpdate, Rule, Sql, Type, Value};
use crate::{dialect::Dialect, names::hex};

/// Texts between quotes, with commas.
fn quoted(values: &[String]) -> String {
    let quoted: Vec<String> = values.iter().map(|value| text(value)).collect();
    quoted.join(", ")
}

fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl Display for Type {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Boolean => "boolean",
            Self::TinyInteger => "tiny integer",
            Self::SmallInteger => "small integer",
            Self::Integer => "integer",
            Self::BigInteger => "big integer",
            Self::TinyUnsigned => "tiny unsigned",
            Self::SmallUnsigned => "small unsigned",
            Self::Unsigned => "unsigned",
            Self::BigUnsigned => "big unsigned",
            Self::Float => "float",
            Self::Double => "double",
            Self::Decimal(Some((precision, scale))) => {
                return write!(f, "decimal({precision}, {scale})");
            }
            Self::Decimal(None) => "decimal",
            Self::Char(length) => return write!(f, "char({length})"),
            Self::String(Some(length)) => return write!(f, "string({length})"),
            Self::String(None) => "string",
            Self::Text => "text",
            Self::Binary(length) => return write!(f, "binary({length})"),
            Self::VarBinary(length) => return write!(f, "varbinary({length})"),
            Self::Blob => "blob",
            Self::Date => "date",
            Self::Time => "time",
            Self::DateTime => "datetime",
            Self::Timestamp => "timestamp with zone",
            Self::Year => "year",
            Self::Json => "json",
            Self::JsonBinary => "binary json",
            Self::Uuid => "uuid",
            Self::Enum { name, values } if name.is_empty() => {
                return write!(f, "enum({})", quoted(values));
            }
            Self::Enum { name, .. } => return write!(f, "enum `{name}`"),
            Self::Array(of) => return write!(f, "list of {of}"),
            // SQLite has columns without one.
            Self::Custom(text) if text.is_empty() => "no type",
            Self::Custom(text) | Self::Unsupported(text) => text,
        };
        f.write_str(name)
    }
}

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(number) => write!(f, "{number}"),
            Self::Number(digits) => f.write_str(digits),
            Self::Text(value) => f.write_str(&text(value)),
            Self::Bytes(bytes) => write!(f, "x'{}'", hex(bytes)),
            Self::Time(time) => write!(f, "'{}'", time.to_rfc3339()),
        }
    }
}

impl Display for Default {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => write!(f, "{value}"),
            Self::Now => f.write_str("the present time"),
            Self::Sql(sql) => write!(f, "{sql}"),
        }
    }
}

impl Display for Sql {
    /// The text that databases without one of their own get.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.text(Dialect::Sqlite))
    }
}

impl Display for Generated {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let kept = if self.stored { "stored" } else { "virtual" };
        write!(f, "({}) {kept}", self.expr)
    }
}

impl Display for Rule {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneOf { column, values } => write!(f, "{column} in ({})", quoted(values)),
            Self::Range { column, min, max } => match (min, max) {
                (Some(min), Some(max)) => write!(f, "{column} from {min} to {max}"),
                (Some(min), None) => write!(f, "{column} at least {min}"),
                (None, Some(max)) => write!(f, "{column} at most {max}"),
                (None, None) => write!(f, "{column} anything"),
            },
            Self::Sql(sql) => write!(f, "{sql}"),
        }
    }
}

impl Display for IndexPart {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.key {
            IndexKey::Column(column) => f.write_str(column)?,
            IndexKey::Expr(expr) => write!(f, "({expr})")?,
        }
        if let Some(prefix) = self.prefix {
            write!(f, "({prefix})")?;
        }
        if self.descending {
            f.write_str(" desc")?;
        }
        Ok(())
    }
}

impl Display for OnDelete {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cascade => "cascade",
            Self::Restrict => "restrict",
            Self::SetNull => "set null",
            Self::NoAction => "no action",
            Self::SetDefault => "set default",
        })
    }
}

impl Display for OnUpdate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cascade => "cascade",
            Self::Restrict => "restrict",
            Self::SetNull => "set null",
            Self::NoAction => "no action",
            Self::SetDefault => "set default",
        })
    }
}
