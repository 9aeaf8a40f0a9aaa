//! The statements of MySQL and MariaDB. A table and its indexes are one statement, because there
//! each statement of this kind is atomic and no two of them are.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use crate::{
    change::Change,
    dialect::{
        Dialect,
        render::{Effect, Render, Statement, Unrenderable},
    },
    names::hex,
    schema::{Column, Default, Index, OnDelete, Table, TableOption, Type, Value},
};

/// Always written out: others may be the server's default, and do without foreign keys.
pub(super) const ENGINE: &str = "InnoDB";

/// Always written out: a bare MariaDB has latin1, and the usual collations ignore case and accents.
pub(crate) const COLLATION: &str = "utf8mb4_bin";

pub(crate) struct Mysql;

impl Render for Mysql {
    fn dialect(&self) -> Dialect {
        Dialect::Mysql
    }

    fn quote(&self, name: &str) -> String {
        format!("`{}`", name.replace('`', "``"))
    }

    fn text(&self, text: &str) -> String {
        format!("'{}'", text.replace('\\', r"\\").replace('\'', "''"))
    }

    fn bytes(&self, bytes: &[u8]) -> String {
        format!("x'{}'", hex(bytes))
    }

    fn time(&self, time: DateTime<Utc>) -> String {
        format!("'{}'", time.naive_utc().format("%F %T%.6f"))
    }

    fn ty(&self, ty: &Type) -> Result<String, Unrenderable> {
        Ok(match ty {
            Type::Boolean => "boolean".to_owned(),
            Type::TinyInteger => "tinyint".to_owned(),
            Type::SmallInteger => "smallint".to_owned(),
            Type::Integer => "int".to_owned(),
            Type::BigInteger => "bigint".to_owned(),
            Type::TinyUnsigned => "tinyint unsigned".to_owned(),
            Type::SmallUnsigned => "smallint unsigned".to_owned(),
            Type::Unsigned => "int unsigned".to_owned(),
            Type::BigUnsigned => "bigint unsigned".to_owned(),
            Type::Float => "float".to_owned(),
            Type::Double => "double".to_owned(),
            Type::Decimal(Some((precision, scale))) => format!("decimal({precision}, {scale})"),
            Type::Decimal(None) => "decimal".to_owned(),
            Type::Char(length) => format!("char({length})"),
            Type::String(length) => format!("varchar({})", length.unwrap_or(255)),
            // `text` ends at 64 KiB; the other two databases have no such end.
            Type::Text => "longtext".to_owned(),
            Type::Binary(length) => format!("binary({length})"),
            Type::VarBinary(length) => format!("varbinary({length})"),
            Type::Blob => "longblob".to_owned(),
            Type::Date => "date".to_owned(),
            Type::Time => "time(6)".to_owned(),
            // Not TIMESTAMP, which ends in 2038 and moves with the zone of the session.
            Type::DateTime | Type::Timestamp => "datetime(6)".to_owned(),
            Type::Year => "year".to_owned(),
            Type::Json | Type::JsonBinary => "json".to_owned(),
            Type::Uuid => "binary(16)".to_owned(),
            Type::Enum { values, .. } => {
                let values: Vec<String> = values.iter().map(|value| self.text(value)).collect();
                format!("enum({})", values.join(", "))
            }
            Type::Custom(text) => text.clone(),
            Type::Array(_) => return Err(self.refuse("a list as a type")),
            Type::Unsupported(what) => return Err(self.refuse(what)),
        })
    }

    /// `UTC_TIMESTAMP`, because `CURRENT_TIMESTAMP` is in the zone of the session that inserts.
    fn now(&self, ty: &Type) -> Option<&'static str> {
        Some(match ty {
            Type::Timestamp | Type::DateTime => "(utc_timestamp(6))",
            Type::Date => "(utc_date())",
            Type::Time => "(utc_time(6))",
            _ => return None,
        })
    }

    fn column(&self, _: &Table, column: &Column) -> Result<String, Unrenderable> {
        self.any_column(column)
    }

    fn change(&self, change: &Change) -> Result<Vec<Statement>, Unrenderable> {
        Ok(match change {
            Change::CreateTable(table) => vec![self.whole_table(table)?],
            Change::DropTable(table) => vec![self.drop_table(table)],
            Change::CreateIndex { table, index } => {
                vec![Statement {
                    sql: format!(
                        "CREATE {}INDEX {} ON {} ({})",
                        self.kind(index)?,
                        self.quote(&index.name),
                        self.quote(table),
                        self.index_parts(index)?,
                    ),
                    table: table.clone(),
                    effect: Effect::Index { name: index.name.clone(), exists: true },
                }]
            }
            Change::DropIndex { table, index } => vec![Statement {
                sql: format!("DROP INDEX {} ON {}", self.quote(&index.name), self.quote(table)),
                table: table.clone(),
                effect: Effect::Index { name: index.name.clone(), exists: false },
            }],
            _ => super::alter::statements(change)?,
        })
    }
}

impl Mysql {
    /// The column with all that stands behind its name, in whatever table.
    pub(super) fn any_column(&self, column: &Column) -> Result<String, Unrenderable> {
        let mut text = format!("{} {}", self.quote(&column.name), self.ty(&column.ty)?);
        if let Some(collation) = &column.collation {
            let _ = write!(text, " COLLATE {}", self.quote(collation));
        }
        if let Some(generated) = &column.generated {
            let kept = if generated.stored { "STORED" } else { "VIRTUAL" };
            let expr = generated.expr.text(Dialect::Mysql);
            let _ = write!(text, " GENERATED ALWAYS AS ({expr}) {kept}");
        } else if !column.nullable {
            text.push_str(" NOT NULL");
        }
        if let Some(default) = self.default(column)? {
            // MySQL takes a constant for these types only as an expression.
            let in_parentheses = matches!(&column.default, Some(Default::Value(value)) if *value != Value::Null)
                && matches!(column.ty, Type::Text | Type::Blob | Type::Json | Type::JsonBinary);
            let (open, close) = if in_parentheses { ("(", ")") } else { ("", "") };
            let _ = write!(text, " DEFAULT {open}{default}{close}");
        }
        if column.auto_increment {
            text.push_str(" AUTO_INCREMENT");
        }
        if let Some(comment) = &column.comment {
            text.push_str(" COMMENT ");
            text.push_str(&self.text(comment));
        }
        Ok(text)
    }

    fn whole_table(&self, table: &Table) -> Result<Statement, Unrenderable> {
        if let Some(key) =
            table.foreign_keys.iter().find(|key| key.on_delete == OnDelete::SetDefault)
        {
            let name = key.name.as_deref().unwrap_or("a foreign key");
            return Err(self.refuse(format!("ON DELETE SET DEFAULT of `{name}`")));
        }
        let mut parts = self.columns_and_constraints(table)?;
        if !table.primary_key.is_empty() {
            parts.push(format!("PRIMARY KEY ({})", self.quoted(&table.primary_key)));
        }
        for index in &table.indexes {
            parts.push(self.key(index)?);
        }
        let (mut engine, mut collation) = (ENGINE, COLLATION);
        for option in &table.options {
            match option {
                TableOption::Engine(name) => engine = name,
                TableOption::Collation(name) => collation = name,
                other => {
                    let what = format!("the option {other:?} of the table `{}`", table.name);
                    return Err(self.refuse(what));
                }
            }
        }
        let charset = collation.split('_').next().unwrap_or(collation);
        let mut options =
            format!(" ENGINE = {engine} DEFAULT CHARSET = {charset} COLLATE = {collation}");
        if let Some(comment) = &table.comment {
            options.push_str(" COMMENT = ");
            options.push_str(&self.text(comment));
        }
        Ok(self.create_table(table, &parts, &options))
    }

    pub(super) fn key(&self, index: &Index) -> Result<String, Unrenderable> {
        let kind = self.kind(index)?;
        Ok(format!("{kind}KEY {} ({})", self.quote(&index.name), self.index_parts(index)?))
    }

    /// What stands before KEY or INDEX.
    fn kind(&self, index: &Index) -> Result<&'static str, Unrenderable> {
        if index.predicate.is_some() {
            return Err(self.without("the condition", index));
        }
        if !index.include.is_empty() {
            return Err(self.without("the carried columns", index));
        }
        match (index.method.as_deref(), index.unique) {
            (None, false) => Ok(""),
            (None, true) => Ok("UNIQUE "),
            (Some("fulltext"), false) => Ok("FULLTEXT "),
            (Some("spatial"), false) => Ok("SPATIAL "),
            (Some(_), _) => Err(self.without("the method", index)),
        }
    }
}
