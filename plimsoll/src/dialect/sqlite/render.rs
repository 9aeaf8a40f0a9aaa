//! SQLite's statements. Types are named as sea-query names them, so that entities read them back.

use std::fmt::Write as _;

use crate::{
    change::Change,
    dialect::{
        Dialect,
        render::{Effect, Render, Statement, Unrenderable},
    },
    names::hex,
    schema::{Column, Table, TableOption, Type},
};

pub(crate) struct Sqlite;

/// The types that a strict table knows.
const STRICT: [&str; 6] = ["int", "integer", "real", "text", "blob", "any"];

impl Render for Sqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn bytes(&self, bytes: &[u8]) -> String {
        format!("x'{}'", hex(bytes))
    }

    fn ty(&self, ty: &Type) -> Result<String, Unrenderable> {
        Ok(match ty {
            Type::Boolean => "boolean".to_owned(),
            Type::TinyInteger | Type::TinyUnsigned => "tinyint".to_owned(),
            Type::SmallInteger | Type::SmallUnsigned => "smallint".to_owned(),
            // Both must be this very word: only an `integer` key counts up.
            Type::Integer | Type::Unsigned | Type::BigInteger | Type::BigUnsigned => {
                "integer".to_owned()
            }
            Type::Float => "float".to_owned(),
            Type::Double => "double".to_owned(),
            Type::Decimal(Some((precision, scale))) => format!("real({precision}, {scale})"),
            Type::Decimal(None) => "real_decimal".to_owned(),
            Type::Char(length) => format!("char({length})"),
            Type::String(Some(length)) => format!("varchar({length})"),
            Type::String(None) => "varchar".to_owned(),
            Type::Text => "text".to_owned(),
            Type::Binary(length) => format!("blob({length})"),
            Type::VarBinary(length) => format!("varbinary_blob({length})"),
            Type::Blob => "blob".to_owned(),
            Type::Date => "date_text".to_owned(),
            Type::Time => "time_text".to_owned(),
            Type::DateTime => "datetime_text".to_owned(),
            Type::Timestamp => "timestamp_with_timezone_text".to_owned(),
            Type::Year => "year_text".to_owned(),
            Type::Json => "json_text".to_owned(),
            Type::JsonBinary => "jsonb_text".to_owned(),
            Type::Uuid => "uuid_text".to_owned(),
            Type::Enum { .. } => "enum_text".to_owned(),
            Type::Custom(text) => text.clone(),
            Type::Array(_) => return Err(self.refuse("a list as a type")),
            Type::Unsupported(what) => return Err(self.refuse(what)),
        })
    }

    /// In the form that sqlx writes: RFC 3339 with three digits of a second or none. SQLite's own
    /// `CURRENT_TIMESTAMP` has a space and no zone, and sorts before every moment of its day.
    fn now(&self, ty: &Type) -> Option<&'static str> {
        Some(match ty {
            Type::Timestamp => {
                "(replace(strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'), '.000+', '+'))"
            }
            Type::DateTime => {
                "(replace(replace(strftime('%Y-%m-%d %H:%M:%f|', 'now'), '.000|', '|'), '|', ''))"
            }
            Type::Date => "(date('now'))",
            Type::Time => "(replace(replace(strftime('%H:%M:%f|', 'now'), '.000|', '|'), '|', ''))",
            _ => return None,
        })
    }

    fn column(&self, table: &Table, column: &Column) -> Result<String, Unrenderable> {
        let ty = match column.ty {
            // The one of a strict table's types that is another word.
            Type::Float | Type::Double if table.options.contains(&TableOption::Strict) => {
                "real".to_owned()
            }
            _ => self.ty(&column.ty)?,
        };
        let is_strict = table.options.contains(&TableOption::Strict);
        if is_strict && !STRICT.iter().any(|of_it| ty.eq_ignore_ascii_case(of_it)) {
            let what = format!("the type `{ty}` of `{}` in a strict table", column.name);
            return Err(self.refuse(what));
        }
        let mut text = format!("{} {ty}", self.quote(&column.name));
        if let Some(collation) = &column.collation {
            let _ = write!(text, " COLLATE {}", self.quote(collation));
        }
        if !column.nullable {
            text.push_str(" NOT NULL");
        }
        if column.auto_increment {
            if table.primary_key != [column.name.clone()] {
                return Err(self.refuse(format!(
                    "auto-increment on `{}`, which is not the whole primary key,",
                    column.name
                )));
            }
            text.push_str(" PRIMARY KEY AUTOINCREMENT");
        }
        if let Some(default) = self.default(column)? {
            text.push_str(" DEFAULT ");
            text.push_str(&default);
        }
        if let Some(generated) = &column.generated {
            let kept = if generated.stored { "STORED" } else { "VIRTUAL" };
            let expr = generated.expr.text(Dialect::Sqlite);
            let _ = write!(text, " GENERATED ALWAYS AS ({expr}) {kept}");
        }
        Ok(text)
    }

    fn change(&self, change: &Change) -> Result<Vec<Statement>, Unrenderable> {
        Ok(match change {
            Change::CreateTable(table) => {
                let mut parts = self.columns_and_constraints(table)?;
                let counts = table.columns.iter().any(|column| column.auto_increment);
                if !table.primary_key.is_empty() && !counts {
                    parts.push(format!("PRIMARY KEY ({})", self.quoted(&table.primary_key)));
                }
                let options = self.options(table, |option| match option {
                    TableOption::Strict => Some("STRICT".to_owned()),
                    TableOption::WithoutRowid => Some("WITHOUT ROWID".to_owned()),
                    _ => None,
                })?;
                let options = options.iter().map(|it| format!(" {it}")).collect::<Vec<_>>();
                let mut statements = vec![self.create_table(table, &parts, &options.join(","))];
                for index in &table.indexes {
                    statements.push(self.create_index(&table.name, index)?);
                }
                statements
            }
            Change::DropTable(table) => vec![self.drop_table(table)],
            Change::CreateIndex { table, index } => vec![self.create_index(table, index)?],
            Change::DropIndex { table, index } => vec![Statement {
                sql: format!("DROP INDEX {}", self.quote(&index.name)),
                table: table.clone(),
                effect: Effect::Index { name: index.name.clone(), exists: false },
            }],
            _ => super::alter::statements(change)?,
        })
    }
}

impl Sqlite {
    /// The column with all that stands behind its name, in a table that is there already.
    pub(super) fn any_column(&self, column: &Column) -> Result<String, Unrenderable> {
        self.column(&Table::new(""), column)
    }
}
