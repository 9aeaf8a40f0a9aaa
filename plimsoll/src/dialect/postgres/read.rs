//! What PostgreSQL's catalog says.

use super::render::Postgres;
use crate::{
    dialect::{
        Dialect,
        read::{Read, bytes, type_parts},
        token::{Kind, Token, closing, tokens},
    },
    schema::{Default, Type, Value},
};

impl Read for Postgres {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    /// As `format_type` writes it.
    fn read_type(&self, written: &str) -> Type {
        if let Some(of) = written.strip_suffix("[]") {
            return Type::Array(Box::new(self.read_type(of)));
        }
        let (name, numbers) = type_parts(written);
        match (&*name, &*numbers) {
            ("boolean", []) => Type::Boolean,
            ("smallint", []) => Type::SmallInteger,
            ("integer", []) => Type::Integer,
            ("bigint", []) => Type::BigInteger,
            ("real", []) => Type::Float,
            ("double precision", []) => Type::Double,
            ("numeric" | "decimal", [precision, scale]) => {
                Type::Decimal(Some((*precision, *scale)))
            }
            ("numeric" | "decimal", []) => Type::Decimal(None),
            ("character" | "char", [length]) => Type::Char(*length),
            ("character varying" | "varchar", [length]) => Type::String(Some(*length)),
            ("character varying" | "varchar", []) => Type::String(None),
            ("text", []) => Type::Text,
            ("bytea", []) => Type::Blob,
            ("date", []) => Type::Date,
            // Six digits of a second are what there is without a number.
            ("time" | "time without time zone", [] | [6]) => Type::Time,
            ("timestamp" | "timestamp without time zone", [] | [6]) => Type::DateTime,
            ("timestamptz" | "timestamp with time zone", [] | [6]) => Type::Timestamp,
            ("json", []) => Type::Json,
            ("jsonb", []) => Type::JsonBinary,
            ("uuid", []) => Type::Uuid,
            _ => Type::Custom(written.to_owned()),
        }
    }

    fn is_now(&self, written: &str, ty: &Type) -> bool {
        let found = self.without_casts(tokens(Dialect::Postgres, written));
        let words: Vec<&Token> =
            found.iter().filter(|it| !it.is_sign("(") && !it.is_sign(")")).collect();
        let is_utc = |zone: &Token| matches!(&zone.kind, Kind::Text(name) if name.eq_ignore_ascii_case("utc"));
        match (ty, &*words) {
            (Type::Timestamp, [now]) => now.is("current_timestamp") || now.is("now"),
            (Type::DateTime | Type::Date | Type::Time, [now, at, time, zone, utc]) => {
                (now.is("current_timestamp") || now.is("now"))
                    && at.is("at")
                    && time.is("time")
                    && zone.is("zone")
                    && is_utc(utc)
            }
            _ => false,
        }
    }

    fn read_default(&self, text: &str, ty: &Type) -> Option<Default> {
        if self.is_now(text, ty) {
            return Some(Default::Now);
        }
        let found = self.without_casts(tokens(Dialect::Postgres, text));
        match (ty, &*found) {
            // `'\x0aff'`, and what the renderer writes in place of it.
            (Type::Blob, [token]) => {
                if let Kind::Text(text) = &token.kind
                    && let Some(bytes) = text.strip_prefix("\\x").and_then(bytes)
                {
                    return Some(Default::Value(Value::Bytes(bytes)));
                }
            }
            (Type::Blob, [decode, _, digits, _, how, _]) if decode.is("decode") => {
                if let (Kind::Text(digits), Kind::Text(how)) = (&digits.kind, &how.kind)
                    && how == "hex"
                    && let Some(bytes) = bytes(digits)
                {
                    return Some(Default::Value(Value::Bytes(bytes)));
                }
            }
            // `ARRAY[]::text[]`
            (Type::Array(_), [array, open, close])
                if array.is("array") && open.is_sign("[") && close.is_sign("]") =>
            {
                return Some(Default::Value(Value::Text("{}".to_owned())));
            }
            _ => {}
        }
        self.constant_or_sql(text, &found, ty)
    }

    /// Without `::type` behind anything, which PostgreSQL adds to every constant.
    fn without_casts(&self, tokens: Vec<Token>) -> Vec<Token> {
        let mut kept = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            if tokens[at].is_sign("::") {
                at = behind_type(&tokens, at + 1);
            } else {
                kept.push(tokens[at].clone());
                at += 1;
            }
        }
        kept
    }
}

/// The position behind the type that begins at `at`.
fn behind_type(tokens: &[Token], mut at: usize) -> usize {
    let is = |at: usize, word: &str| tokens.get(at).is_some_and(|it| it.is(word));
    let is_sign = |at: usize, sign: &str| tokens.get(at).is_some_and(|it| it.is_sign(sign));
    let two_words = (is(at, "double") && is(at + 1, "precision"))
        || (is(at, "character") && is(at + 1, "varying"))
        || (is(at, "bit") && is(at + 1, "varying"));
    let is_time = is(at, "timestamp") || is(at, "time");
    at += if two_words { 2 } else { 1 };
    while is_sign(at, ".") {
        at += 2;
    }
    if is_sign(at, "(") {
        at = closing(tokens, at).map_or(tokens.len(), |end| end + 1);
    }
    if is_time && (is(at, "with") || is(at, "without")) && is(at + 1, "time") {
        at += 3;
    }
    while is_sign(at, "[") {
        at += 2;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Rule, Sql};

    fn value(value: impl Into<Value>) -> Default {
        Default::Value(value.into())
    }

    #[test]
    fn casts_around_constants_are_left_out() {
        let text = Type::String(Some(80));
        let default = |text, ty: &Type| Postgres.read_default(text, ty);

        assert_eq!(default("'x'::character varying", &text), Some(value("x")));
        assert_eq!(default("''::text", &Type::Text), Some(value("")));
        assert_eq!(default("'ab'::bpchar", &Type::Char(3)), Some(value("ab")));
        assert_eq!(default("'-1'::integer", &Type::Integer), Some(value(-1_i64)));
        assert_eq!(default("'{}'::text[]", &Type::Array(Box::new(Type::Text))), Some(value("{}")));
        assert_eq!(default("'sad'::mood", &Type::Text), Some(value("sad")));
        assert_eq!(
            default(r"'\x00ff'::bytea", &Type::Blob),
            Some(Default::Value(Value::Bytes(vec![0, 255])))
        );
        assert_eq!(default("NULL::character varying", &text), None);
        assert_eq!(default("true", &Type::Boolean), Some(value(true)));
        assert_eq!(default("(1 + 2)", &Type::Integer), Some(Default::Sql(Sql::new("1 + 2"))));
    }

    #[test]
    fn the_present_time_is_known_however_it_is_cast() {
        for (text, ty) in [
            ("CURRENT_TIMESTAMP", Type::Timestamp),
            ("now()", Type::Timestamp),
            ("(CURRENT_TIMESTAMP AT TIME ZONE 'UTC'::text)", Type::DateTime),
            ("(now() AT TIME ZONE 'utc'::text)", Type::DateTime),
            ("((CURRENT_TIMESTAMP AT TIME ZONE 'UTC'::text))::date", Type::Date),
        ] {
            assert_eq!(Postgres.read_default(text, &ty), Some(Default::Now), "{text}");
        }
        assert_ne!(Postgres.read_default("now()", &Type::DateTime), Some(Default::Now));
    }

    #[test]
    fn enumerations_and_ranges_are_read_as_the_server_rewrites_them() {
        let one_of = |values: &[&str]| Rule::OneOf {
            column: "state".to_owned(),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        };

        assert_eq!(
            Postgres.read_rule(
                "((state)::text = ANY ((ARRAY['a'::character varying, 'it''s'::character varying])::text[]))"
            ),
            one_of(&["a", "it's"])
        );
        // So it is when the type of the column has become longer.
        assert_eq!(
            Postgres.read_rule(
                "(state = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text]))"
            ),
            one_of(&["a", "b"])
        );
        assert_eq!(Postgres.read_rule("((state)::text = 'a'::text)"), one_of(&["a"]));
        assert_eq!(
            Postgres.read_rule("((\"Size\" >= '-5'::integer) AND (\"Size\" <= 40))"),
            Rule::Range { column: "Size".to_owned(), min: Some(-5), max: Some(40) }
        );
        for other in [
            "((a)::text = (b)::text)",
            "(a >= 1) AND (b <= 2)",
            "(a <> 1)",
            "(lower(a) = 'x'::text)",
        ] {
            assert_eq!(Postgres.read_rule(other), Rule::Sql(Sql::new(other)), "{other}");
        }
    }
}
