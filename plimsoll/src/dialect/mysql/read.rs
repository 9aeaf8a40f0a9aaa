//! What the catalog of MySQL and MariaDB says.

use super::render::Mysql;
use crate::{
    dialect::{
        Dialect,
        read::{Read, type_parts},
        render::Render as _,
        token::{Kind, Token, bare, tokens},
    },
    schema::Type,
};

impl Read for Mysql {
    fn dialect(&self) -> Dialect {
        Dialect::Mysql
    }

    /// As `COLUMN_TYPE` has it. MariaDB shows how wide a whole number is displayed, MySQL does not.
    fn read_type(&self, written: &str) -> Type {
        if written.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("enum(")) {
            let values = tokens(Dialect::Mysql, &written[4..]).into_iter();
            let values = values.filter_map(|token| match token.kind {
                Kind::Text(text) => Some(text),
                _ => None,
            });
            return Type::Enum { name: String::new(), values: values.collect() };
        }
        let (name, numbers) = type_parts(written);
        match (&*name, &*numbers) {
            ("boolean", []) | ("tinyint", [1]) => Type::Boolean,
            ("tinyint", [] | [_]) => Type::TinyInteger,
            ("smallint", [] | [_]) => Type::SmallInteger,
            ("int", [] | [_]) => Type::Integer,
            ("bigint", [] | [_]) => Type::BigInteger,
            ("tinyint unsigned", [] | [_]) => Type::TinyUnsigned,
            ("smallint unsigned", [] | [_]) => Type::SmallUnsigned,
            ("int unsigned", [] | [_]) => Type::Unsigned,
            ("bigint unsigned", [] | [_]) => Type::BigUnsigned,
            ("float", []) => Type::Float,
            ("double", []) => Type::Double,
            ("decimal", [10, 0] | []) => Type::Decimal(None),
            ("decimal", [precision, scale]) => Type::Decimal(Some((*precision, *scale))),
            ("char", [length]) => Type::Char(*length),
            ("varchar", [length]) => Type::String(Some(*length)),
            ("longtext", []) => Type::Text,
            ("binary", [length]) => Type::Binary(*length),
            ("varbinary", [length]) => Type::VarBinary(*length),
            ("longblob", []) => Type::Blob,
            ("date", []) => Type::Date,
            ("time", [6]) => Type::Time,
            ("datetime", [6]) => Type::DateTime,
            ("year", [] | [4]) => Type::Year,
            ("json", []) => Type::Json,
            _ => Type::Custom(written.to_owned()),
        }
    }

    fn is_now(&self, written: &str, ty: &Type) -> bool {
        let inner = |sql: &str| -> Vec<Kind> {
            let found = tokens(Dialect::Mysql, &sql.to_lowercase());
            bare(&found).iter().map(|token| token.kind.clone()).collect()
        };
        self.now(ty).is_some_and(|now| inner(now) == inner(written))
    }

    /// Without the character set that MySQL puts before every text: `_utf8mb4'x'`.
    fn without_casts(&self, tokens: Vec<Token>) -> Vec<Token> {
        let is_text = |it: Option<&Token>| matches!(it.map(|it| &it.kind), Some(Kind::Text(_)));
        let kept = tokens.iter().enumerate().filter(|(at, token)| {
            let introduces = matches!(&token.kind, Kind::Word(word) if word.starts_with('_'));
            !(introduces && is_text(tokens.get(at + 1)))
        });
        kept.map(|(_, token)| token.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Rule;

    #[test]
    fn types_of_both_are_read_with_and_without_widths() {
        for (mariadb, mysql, ty) in [
            ("int(11)", "int", Type::Integer),
            ("bigint(20) unsigned", "bigint unsigned", Type::BigUnsigned),
            ("tinyint(1)", "tinyint(1)", Type::Boolean),
            ("tinyint(4)", "tinyint", Type::TinyInteger),
            ("year(4)", "year", Type::Year),
            ("decimal(10,0)", "decimal(10,0)", Type::Decimal(None)),
            ("varchar(80)", "varchar(80)", Type::String(Some(80))),
        ] {
            assert_eq!((Mysql.read_type(mariadb), Mysql.read_type(mysql)), (ty.clone(), ty));
        }
        let values = vec!["a,b".to_owned(), "it's".to_owned()];
        let ty = Type::Enum { name: String::new(), values };
        assert_eq!(Mysql.read_type("enum('a,b','it''s')"), ty);
        assert_eq!(Mysql.read_type("mediumtext"), Type::Custom("mediumtext".to_owned()));
        assert_eq!(
            Mysql.read_type("int(10) unsigned zerofill"),
            Type::Custom("int(10) unsigned zerofill".to_owned())
        );
    }

    #[test]
    fn conditions_are_read_as_both_write_them() {
        let range = |min, max| Rule::Range { column: "size".to_owned(), min, max };

        assert_eq!(Mysql.read_rule("`size` >= 0"), range(Some(0), None));
        assert_eq!(
            Mysql.read_rule("((`size` >= -(1)) and (`size` <= 5))"),
            range(Some(-1), Some(5))
        );
        let other = "`size` >= 0 or `size` <= 5";
        assert_eq!(Mysql.read_rule(other), Rule::Sql(crate::schema::Sql::new(other)));
    }
}
