//! PostgreSQL's statements.

use std::fmt::Write as _;

use crate::{
    change::Change,
    dialect::{
        Dialect,
        render::{Effect, Render, Statement, Unrenderable},
    },
    names::hex,
    schema::{Column, Table, TableOption, Type, Unique},
};

pub(crate) struct Postgres;

/// Lets the database count on from the greatest key that was given. Never back, because a key that
/// was used once means its row for ever; and never from below 1, where no sequence of ours begins.
pub(crate) fn count_on(table: &str, column: &str) -> String {
    let name = |text: &str| Postgres.text(text);
    let (table, quoted) = (Postgres.quote(table), Postgres.quote(column));
    format!(
        "SELECT setval(keys.sequence, greatest(keys.last, 1), keys.last >= 1) FROM (\
           SELECT it.sequence, greatest(pg_sequence_last_value(it.sequence), \
             (SELECT max({quoted}) FROM {table})) AS last \
           FROM (SELECT pg_get_serial_sequence({}, {})::regclass AS sequence) AS it) AS keys",
        name(&table),
        name(column),
    )
}

impl Render for Postgres {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    /// The form with `E` means the same whatever `standard_conforming_strings` is.
    fn text(&self, text: &str) -> String {
        if text.contains('\\') {
            format!("E'{}'", text.replace('\\', r"\\").replace('\'', "''"))
        } else {
            format!("'{}'", text.replace('\'', "''"))
        }
    }

    fn bytes(&self, bytes: &[u8]) -> String {
        format!("decode('{}', 'hex')", hex(bytes))
    }

    fn ty(&self, ty: &Type) -> Result<String, Unrenderable> {
        Ok(match ty {
            Type::Boolean => "boolean".to_owned(),
            Type::TinyInteger | Type::SmallInteger | Type::TinyUnsigned | Type::Year => {
                "smallint".to_owned()
            }
            Type::Integer | Type::SmallUnsigned => "integer".to_owned(),
            Type::BigInteger | Type::Unsigned | Type::BigUnsigned => "bigint".to_owned(),
            Type::Float => "real".to_owned(),
            Type::Double => "double precision".to_owned(),
            Type::Decimal(Some((precision, scale))) => format!("decimal({precision}, {scale})"),
            Type::Decimal(None) => "decimal".to_owned(),
            Type::Char(length) => format!("char({length})"),
            Type::String(Some(length)) => format!("varchar({length})"),
            Type::String(None) => "varchar".to_owned(),
            Type::Text => "text".to_owned(),
            Type::Binary(_) | Type::VarBinary(_) | Type::Blob => "bytea".to_owned(),
            Type::Date => "date".to_owned(),
            Type::Time => "time".to_owned(),
            Type::DateTime => "timestamp".to_owned(),
            Type::Timestamp => "timestamptz".to_owned(),
            Type::Json => "json".to_owned(),
            Type::JsonBinary => "jsonb".to_owned(),
            Type::Uuid => "uuid".to_owned(),
            Type::Array(of) => format!("{}[]", self.ty(of)?),
            Type::Custom(text) => text.clone(),
            Type::Enum { name, .. } => self.quote(name),
            Type::Unsupported(what) => return Err(self.refuse(what)),
        })
    }

    fn now(&self, ty: &Type) -> Option<&'static str> {
        Some(match ty {
            Type::Timestamp => "CURRENT_TIMESTAMP",
            Type::DateTime => "(CURRENT_TIMESTAMP AT TIME ZONE 'UTC')",
            Type::Date => "((CURRENT_TIMESTAMP AT TIME ZONE 'UTC')::date)",
            Type::Time => "((CURRENT_TIMESTAMP AT TIME ZONE 'UTC')::time)",
            _ => return None,
        })
    }

    fn column(&self, _: &Table, column: &Column) -> Result<String, Unrenderable> {
        self.any_column(column)
    }

    fn change(&self, change: &Change) -> Result<Vec<Statement>, Unrenderable> {
        Ok(match change {
            Change::CreateTable(table) => {
                let (table, later) = once(table);
                let table = &table;
                let mut parts = self.columns_and_constraints(table)?;
                if !table.primary_key.is_empty() {
                    parts.push(format!("PRIMARY KEY ({})", self.quoted(&table.primary_key)));
                }
                let options = self.options(table, |option| match option {
                    TableOption::Unlogged => Some("UNLOGGED ".to_owned()),
                    _ => None,
                })?;
                let mut created = self.create_table(table, &parts, "");
                created.sql.insert_str("CREATE ".len(), &options.concat());
                let mut statements = vec![created];
                for unique in later {
                    let table = table.name.clone();
                    statements.extend(self.change(&Change::AddUnique { table, unique })?);
                }
                for index in &table.indexes {
                    statements.push(self.create_index(&table.name, index)?);
                }
                statements.extend(self.comments(table));
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

/// The table without the constraints that hold once more unique what another does: within a CREATE
/// TABLE they would silently become one.
fn once(table: &Table) -> (Table, Vec<Unique>) {
    let mut table = table.clone();
    let mut held = vec![table.primary_key.clone()];
    let (first, later) = table.uniques.into_iter().partition(|unique| {
        let is_new = !held.contains(&unique.columns);
        held.push(unique.columns.clone());
        is_new
    });
    table.uniques = first;
    (table, later)
}

impl Postgres {
    /// The column with all that stands behind its name, in whatever table.
    pub(super) fn any_column(&self, column: &Column) -> Result<String, Unrenderable> {
        let mut text = format!("{} {}", self.quote(&column.name), self.ty(&column.ty)?);
        if let Some(collation) = &column.collation {
            let _ = write!(text, " COLLATE {}", self.quote(collation));
        }
        if column.auto_increment {
            text.push_str(" GENERATED BY DEFAULT AS IDENTITY");
        }
        if !column.nullable {
            text.push_str(" NOT NULL");
        }
        if let Some(default) = self.default(column)? {
            text.push_str(" DEFAULT ");
            text.push_str(&default);
        }
        if let Some(generated) = &column.generated {
            if !generated.stored {
                return Err(self.refuse(format!(
                    "the generated column `{}`, which is not stored,",
                    column.name
                )));
            }
            let expr = generated.expr.text(Dialect::Postgres);
            let _ = write!(text, " GENERATED ALWAYS AS ({expr}) STORED");
        }
        Ok(text)
    }

    fn comments(&self, table: &Table) -> Vec<Statement> {
        let name = self.quote(&table.name);
        let of_table = table.comment.iter().map(|text| (format!("TABLE {name}"), text));
        let of_columns = table.columns.iter().filter_map(|column| {
            let text = column.comment.as_ref()?;
            Some((format!("COLUMN {name}.{}", self.quote(&column.name)), text))
        });
        of_table
            .chain(of_columns)
            .map(|(what, text)| Statement {
                sql: format!("COMMENT ON {what} IS {}", self.text(text)),
                table: table.name.clone(),
                effect: Effect::Comment,
            })
            .collect()
    }
}
