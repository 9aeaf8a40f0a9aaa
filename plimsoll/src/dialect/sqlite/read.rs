//! What SQLite's catalog says.

use super::render::Sqlite;
use crate::{
    dialect::{
        Dialect,
        read::{Read, type_parts},
        render::Render as _,
        token::{Kind, bare, text, tokens},
    },
    schema::{Default, Type},
};

impl Read for Sqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    /// The names that sea-query gives, and the usual others of the same meaning.
    fn read_type(&self, written: &str) -> Type {
        let (name, numbers) = type_parts(written);
        match (&*name, &*numbers) {
            ("boolean" | "bool", []) => Type::Boolean,
            ("tinyint", []) => Type::TinyInteger,
            ("smallint", []) => Type::SmallInteger,
            // All of 64 bits, whatever they are called.
            ("integer" | "int" | "bigint", []) => Type::BigInteger,
            ("float", []) => Type::Float,
            ("double" | "double precision" | "real", []) => Type::Double,
            ("real" | "decimal" | "numeric", [precision, scale]) => {
                Type::Decimal(Some((*precision, *scale)))
            }
            ("decimal" | "numeric", [precision]) => Type::Decimal(Some((*precision, 0))),
            ("real_decimal" | "decimal" | "numeric", []) => Type::Decimal(None),
            ("char", [length]) => Type::Char(*length),
            ("varchar", [length]) => Type::String(Some(*length)),
            ("varchar", []) => Type::String(None),
            ("text", []) => Type::Text,
            ("blob", [length]) => Type::Binary(*length),
            ("varbinary_blob", [length]) => Type::VarBinary(*length),
            // What SeaORM writes for bytes of no stated length, which are 255 elsewhere.
            ("varbinary_blob", []) => Type::VarBinary(255),
            ("blob", []) => Type::Blob,
            ("date_text", []) => Type::Date,
            ("time_text", []) => Type::Time,
            ("datetime_text" | "timestamp_text", []) => Type::DateTime,
            ("timestamp_with_timezone_text", []) => Type::Timestamp,
            ("year_text", []) => Type::Year,
            ("json_text", []) => Type::Json,
            ("jsonb_text", []) => Type::JsonBinary,
            ("uuid_text", []) => Type::Uuid,
            _ => Type::Custom(written.to_owned()),
        }
    }

    /// A name is a text where there is nothing to be named.
    fn read_default(&self, text: &str, ty: &Type) -> Option<Default> {
        if let [token] = bare(&tokens(Dialect::Sqlite, text)) {
            match &token.kind {
                Kind::Name(name) => return self.read_default(&self.text(name), ty),
                Kind::Word(word) if !is_constant(word) => {
                    return self.read_default(&self.text(word), ty);
                }
                _ => {}
            }
        }
        if self.is_now(text, ty) {
            return Some(Default::Now);
        }
        self.constant_or_sql(text, &tokens(Dialect::Sqlite, text), ty)
    }

    fn is_now(&self, written: &str, ty: &Type) -> bool {
        let inner = |sql: &str| text(sql, bare(&tokens(Dialect::Sqlite, sql))).to_owned();
        self.now(ty).is_some_and(|now| inner(now) == inner(written))
    }
}

/// Whether a word is a value of its own.
fn is_constant(word: &str) -> bool {
    let words = ["true", "false", "null", "current_time", "current_date", "current_timestamp"];
    words.iter().any(|it| it.eq_ignore_ascii_case(word))
}
