//! Columns read from sea-query's `ColumnDef`, which is how SeaORM's users write them.

use sea_query::{
    ColumnDef, ColumnType, Expr, Keyword, MysqlQueryBuilder, PostgresQueryBuilder,
    SqliteQueryBuilder, StringLen, TableBuilder as _,
};

use super::{Column, Default, Generated, Sql, Type, Value};

/// A column with the constraints that its definition carried.
#[derive(Clone, Debug)]
pub struct Definition {
    pub(super) column: Column,
    pub(super) primary_key: bool,
    pub(super) unique: bool,
    pub(super) check: Option<Sql>,
    pub(super) unsupported: Vec<String>,
}

/// What a column can be written as: sea-query's `ColumnDef`, in which `sea_orm_migration::schema`
/// has a helper for each type.
pub trait IntoColumn {
    /// The column as data.
    fn into_column(self) -> Definition;
}

impl IntoColumn for Definition {
    fn into_column(self) -> Definition {
        self
    }
}

impl IntoColumn for ColumnDef {
    fn into_column(self) -> Definition {
        (&self).into_column()
    }
}

impl IntoColumn for &mut ColumnDef {
    fn into_column(self) -> Definition {
        (&*self).into_column()
    }
}

impl IntoColumn for &ColumnDef {
    fn into_column(self) -> Definition {
        let spec = self.get_column_spec();
        let mut unsupported = Vec::new();
        let ty = match self.get_column_type().map(Type::try_from) {
            Some(Ok(ty)) => ty,
            Some(Err(what)) => Type::Unsupported(what),
            None => Type::Unsupported("no type".to_owned()),
        };
        if let Type::Unsupported(what) = &ty {
            unsupported.push(what.clone());
        }
        if let Some(extra) = &spec.extra {
            unsupported.push(format!("the raw text `{extra}` behind a column"));
        }
        let default = spec.default.as_ref().and_then(|expr| match Default::try_from(expr) {
            Ok(default) => Some(default),
            Err(what) => {
                unsupported.push(format!("{what} as a default"));
                None
            }
        });
        let check = spec.check.as_ref().map(|check| {
            let mut texts = [const { String::new() }; 3];
            SqliteQueryBuilder.prepare_check_constraint(check, &mut texts[0]);
            PostgresQueryBuilder.prepare_check_constraint(check, &mut texts[1]);
            MysqlQueryBuilder.prepare_check_constraint(check, &mut texts[2]);
            let [sqlite, postgres, mysql] = texts.map(|text| condition(&text));
            Sql::each(sqlite, postgres, mysql)
        });
        Definition {
            column: Column {
                name: self.get_column_name(),
                ty,
                // `None` is what entities give a nullable column.
                nullable: !spec.primary_key && spec.nullable.unwrap_or(true),
                default,
                auto_increment: spec.auto_increment,
                generated: spec
                    .generated
                    .as_ref()
                    .map(|it| Generated { expr: Sql::from(&it.expr), stored: it.stored }),
                collation: None,
                comment: spec.comment.clone(),
                renamed_from: None,
            },
            primary_key: spec.primary_key,
            unique: spec.unique,
            check,
            unsupported,
        }
    }
}

/// Takes the condition out of `CONSTRAINT "name" CHECK (condition)`.
fn condition(check: &str) -> String {
    let start = check.find("CHECK (").map_or(0, |at| at + "CHECK (".len());
    check[start..].strip_suffix(')').unwrap_or(&check[start..]).to_owned()
}

impl TryFrom<&Expr> for Default {
    type Error = String;

    /// # Errors
    /// What the expression holds that cannot be a default; never for a constant of a portable type.
    fn try_from(expr: &Expr) -> Result<Self, String> {
        Ok(match expr {
            Expr::Value(value) | Expr::Constant(value) => Self::Value(Value::try_from(value)?),
            Expr::Keyword(Keyword::Null) => Self::Value(Value::Null),
            Expr::Keyword(
                Keyword::CurrentTimestamp | Keyword::CurrentDate | Keyword::CurrentTime,
            ) => Self::Now,
            other => Self::Sql(Sql::from(other)),
        })
    }
}

impl TryFrom<&ColumnType> for Type {
    type Error = String;

    /// # Errors
    /// The name of a type that only one of the databases has.
    fn try_from(ty: &ColumnType) -> Result<Self, String> {
        Ok(match ty {
            ColumnType::Boolean => Self::Boolean,
            ColumnType::TinyInteger => Self::TinyInteger,
            ColumnType::SmallInteger => Self::SmallInteger,
            ColumnType::Integer => Self::Integer,
            ColumnType::BigInteger => Self::BigInteger,
            ColumnType::TinyUnsigned => Self::TinyUnsigned,
            ColumnType::SmallUnsigned => Self::SmallUnsigned,
            ColumnType::Unsigned => Self::Unsigned,
            ColumnType::BigUnsigned => Self::BigUnsigned,
            ColumnType::Float => Self::Float,
            ColumnType::Double => Self::Double,
            ColumnType::Decimal(digits) => Self::Decimal(*digits),
            ColumnType::Money(digits) => Self::Decimal(Some(digits.unwrap_or((19, 4)))),
            ColumnType::Char(length) => Self::Char(length.unwrap_or(1)),
            ColumnType::String(StringLen::N(length)) => Self::String(Some(*length)),
            ColumnType::String(StringLen::None) => Self::String(None),
            ColumnType::String(StringLen::Max) | ColumnType::Text => Self::Text,
            ColumnType::Binary(length) => Self::Binary(*length),
            ColumnType::VarBinary(StringLen::N(length)) => Self::VarBinary(*length),
            ColumnType::VarBinary(StringLen::None) => Self::VarBinary(255),
            ColumnType::VarBinary(StringLen::Max) | ColumnType::Blob => Self::Blob,
            ColumnType::Date => Self::Date,
            ColumnType::Time => Self::Time,
            ColumnType::DateTime | ColumnType::Timestamp => Self::DateTime,
            ColumnType::TimestampWithTimeZone => Self::Timestamp,
            ColumnType::Year => Self::Year,
            ColumnType::Json => Self::Json,
            ColumnType::JsonBinary => Self::JsonBinary,
            ColumnType::Uuid => Self::Uuid,
            ColumnType::Enum { name, variants } => Self::Enum {
                name: name.to_string(),
                values: variants.iter().map(ToString::to_string).collect(),
            },
            ColumnType::Array(of) => Self::Array(Box::new(Self::try_from(&**of)?)),
            ColumnType::Custom(text) => Self::Custom(text.to_string()),
            other => return Err(format!("the type {other:?}")),
        })
    }
}

#[cfg(test)]
mod tests {
    use sea_query::ExprTrait as _;

    use super::*;

    fn read(column: &mut ColumnDef) -> Definition {
        column.into_column()
    }

    #[test]
    fn a_column_of_an_entity_is_nullable_unless_it_says_otherwise() {
        assert!(read(ColumnDef::new("a").text()).column.nullable);
        assert!(read(ColumnDef::new("a").text().null()).column.nullable);
        assert!(!read(ColumnDef::new("a").text().not_null()).column.nullable);
        assert!(!read(ColumnDef::new("a").big_integer().primary_key()).column.nullable);
    }

    #[test]
    fn constants_now_and_expressions_are_told_apart_in_defaults() {
        let default = |column: &mut ColumnDef| read(column).column.default.expect("a default");

        assert_eq!(
            default(ColumnDef::new("a").text().default("it's")),
            Default::Value(Value::Text("it's".to_owned()))
        );
        assert_eq!(
            default(
                ColumnDef::new("a").timestamp_with_time_zone().default(Expr::current_timestamp())
            ),
            Default::Now
        );
        assert_eq!(
            default(ColumnDef::new("a").text().default(Expr::cust("lower('X')"))),
            Default::Sql(Sql::new("lower('X')"))
        );
    }

    #[test]
    fn a_check_on_a_column_keeps_its_condition() {
        let check = read(ColumnDef::new("a").integer().check(Expr::col("a").gt(0))).check;

        assert_eq!(check, Some(Sql::each(r#""a" > 0"#, r#""a" > 0"#, "`a` > 0")));
    }

    #[test]
    fn what_cannot_be_rendered_on_all_three_is_named_and_not_dropped() {
        assert_eq!(
            read(ColumnDef::new("a").custom("x").extra("COLLATE NOCASE")).unsupported,
            ["the raw text `COLLATE NOCASE` behind a column"]
        );
        assert_eq!(read(ColumnDef::new("a").inet()).unsupported, ["the type Inet"]);
    }
}
