//! What every database can write, and what all of them write alike.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    change::Change,
    dialect::Dialect,
    schema::{
        Check, Column, Default, ForeignKey, Index, OnDelete, OnUpdate, Rule, Table, Type, Value,
    },
};

/// A statement, and what it leaves behind when it has run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The text, without a semicolon at its end.
    pub sql: String,
    /// The table that it touches.
    pub table: String,
    /// What tells afterwards whether it has run.
    pub effect: Effect,
}

/// What a statement leaves behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The table is there, or is gone.
    Table {
        /// Whether it is there.
        exists: bool,
    },
    /// The index of that name is there, or is gone.
    Index {
        /// The index.
        name: String,
        /// Whether it is there.
        exists: bool,
    },
    /// A comment: to run it again does no harm.
    Comment,
    /// Rows, which a transaction keeps or takes back.
    Rows,
}

/// What cannot be said to a database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} cannot be rendered for {dialect}")]
pub struct Unrenderable {
    what: String,
    dialect: Dialect,
}

/// What a database writes in its own way, and what all write alike.
pub(crate) trait Render {
    fn dialect(&self) -> Dialect;

    /// A name between the database's quotes.
    fn quote(&self, name: &str) -> String {
        format!("\"{}\"", name.replace('"', "\"\""))
    }

    /// A constant.
    fn literal(&self, value: &Value) -> String {
        match value {
            Value::Null => "NULL".to_owned(),
            Value::Bool(true) => "TRUE".to_owned(),
            Value::Bool(false) => "FALSE".to_owned(),
            Value::Int(number) => number.to_string(),
            Value::Number(digits) => digits.clone(),
            Value::Text(text) => self.text(text),
            Value::Bytes(bytes) => self.bytes(bytes),
            Value::Time(time) => self.time(*time),
        }
    }

    /// A constant text.
    fn text(&self, text: &str) -> String {
        format!("'{}'", text.replace('\'', "''"))
    }

    fn bytes(&self, bytes: &[u8]) -> String;

    /// A constant moment, in the form in which queries write it.
    fn time(&self, time: DateTime<Utc>) -> String {
        format!("'{}'", time.to_rfc3339_opts(SecondsFormat::AutoSi, false))
    }

    fn ty(&self, ty: &Type) -> Result<String, Unrenderable>;

    /// The present moment, day or time in UTC, in the form in which queries write it into a column
    /// of that type; `None` for a type that holds no time.
    fn now(&self, ty: &Type) -> Option<&'static str>;

    /// The statements of a change.
    fn change(&self, change: &Change) -> Result<Vec<Statement>, Unrenderable>;

    /// The column with all that stands behind its name.
    fn column(&self, table: &Table, column: &Column) -> Result<String, Unrenderable>;

    fn refuse(&self, what: impl Into<String>) -> Unrenderable
    where
        Self: Sized,
    {
        Unrenderable { what: what.into(), dialect: self.dialect() }
    }

    fn quoted(&self, names: &[String]) -> String {
        names.iter().map(|name| self.quote(name)).collect::<Vec<_>>().join(", ")
    }

    /// The default of a column, or why there is none.
    fn default(&self, column: &Column) -> Result<Option<String>, Unrenderable> {
        let Some(default) = &column.default else { return Ok(None) };
        let text = match default {
            Default::Value(value) => self.literal(value),
            Default::Sql(sql) => format!("({})", sql.text(self.dialect())),
            Default::Now => self
                .now(&column.ty)
                .ok_or_else(|| Unrenderable {
                    what: format!("the present time as default of column `{}`", column.name),
                    dialect: self.dialect(),
                })?
                .to_owned(),
        };
        Ok(Some(text))
    }

    fn check(&self, check: &Check) -> String {
        let rule = match &check.rule {
            Rule::OneOf { column, values } => {
                let values: Vec<String> = values.iter().map(|value| self.text(value)).collect();
                format!("{} IN ({})", self.quote(column), values.join(", "))
            }
            Rule::Range { column, min, max } => {
                let column = self.quote(column);
                let bounds = [min.map(|min| (">=", min)), max.map(|max| ("<=", max))];
                let bounds: Vec<String> = bounds
                    .into_iter()
                    .flatten()
                    .map(|(sign, bound)| format!("{column} {sign} {bound}"))
                    .collect();
                bounds.join(" AND ")
            }
            Rule::Sql(sql) => sql.text(self.dialect()).to_owned(),
        };
        format!("CONSTRAINT {} CHECK ({rule})", self.quote(&check.name))
    }

    fn foreign_key(&self, key: &ForeignKey) -> String {
        let on_update = match key.on_update {
            OnUpdate::NoAction => "",
            OnUpdate::Cascade => " ON UPDATE CASCADE",
            OnUpdate::Restrict => " ON UPDATE RESTRICT",
            OnUpdate::SetNull => " ON UPDATE SET NULL",
            OnUpdate::SetDefault => " ON UPDATE SET DEFAULT",
        };
        let on_delete = match key.on_delete {
            OnDelete::Cascade => "CASCADE",
            OnDelete::Restrict => "RESTRICT",
            OnDelete::SetNull => "SET NULL",
            OnDelete::NoAction => "NO ACTION",
            OnDelete::SetDefault => "SET DEFAULT",
        };
        format!(
            "CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({}) ON DELETE {on_delete}{on_update}",
            self.quote(&key.name),
            self.quoted(&key.columns),
            self.quote(&key.references),
            self.quoted(&key.referenced_columns),
        )
    }

    fn index_columns(&self, index: &Index) -> String {
        let columns: Vec<String> = index
            .columns
            .iter()
            .map(|it| {
                let direction = if it.descending { " DESC" } else { "" };
                format!("{}{direction}", self.quote(&it.column))
            })
            .collect();
        columns.join(", ")
    }

    fn create_index(&self, table: &str, index: &Index) -> Statement {
        let unique = if index.unique { "UNIQUE " } else { "" };
        Statement {
            sql: format!(
                "CREATE {unique}INDEX {} ON {} ({})",
                self.quote(&index.name),
                self.quote(table),
                self.index_columns(index),
            ),
            table: table.to_owned(),
            effect: Effect::Index { name: index.name.clone(), exists: true },
        }
    }

    /// What stands between the parentheses of CREATE TABLE, but for the primary key and indexes.
    fn columns_and_constraints(&self, table: &Table) -> Result<Vec<String>, Unrenderable> {
        let mut parts = Vec::new();
        for column in &table.columns {
            parts.push(self.column(table, column)?);
        }
        for unique in &table.uniques {
            parts.push(format!(
                "CONSTRAINT {} UNIQUE ({})",
                self.quote(&unique.name),
                self.quoted(&unique.columns)
            ));
        }
        parts.extend(table.checks.iter().map(|check| self.check(check)));
        parts.extend(table.foreign_keys.iter().map(|key| self.foreign_key(key)));
        Ok(parts)
    }

    fn create_table(&self, table: &Table, parts: &[String], options: &str) -> Statement {
        Statement {
            sql: format!(
                "CREATE TABLE {} (\n  {}\n){options}",
                self.quote(&table.name),
                parts.join(",\n  ")
            ),
            table: table.name.clone(),
            effect: Effect::Table { exists: true },
        }
    }

    fn drop_table(&self, table: &Table) -> Statement {
        Statement {
            sql: format!("DROP TABLE {}", self.quote(&table.name)),
            table: table.name.clone(),
            effect: Effect::Table { exists: false },
        }
    }
}
