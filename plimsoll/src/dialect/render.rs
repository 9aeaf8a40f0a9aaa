//! What every database can write, and what all of them write alike.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    change::Change,
    dialect::Dialect,
    schema::{
        Check, Column, Default, ForeignKey, Index, IndexKey, OnDelete, OnUpdate, Rule, Table,
        TableOption, Type, Value,
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

impl Statement {
    /// A statement that makes these changes of a table.
    pub(crate) fn of(sql: impl Into<String>, changes: &[&Change]) -> Self {
        Self {
            sql: sql.into(),
            table: changes.first().map(|change| change.table().to_owned()).unwrap_or_default(),
            effect: Effect::Changes(changes.iter().map(|change| (*change).clone()).collect()),
        }
    }
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
    /// What is there is altered: the schema tells whether the changes have been made, all or none.
    Changes(Vec<Change>),
    /// An enumeration has more values, which nothing can use before they are kept: it runs ahead of
    /// the transaction, and running it again does no harm. PostgreSQL's.
    Ahead,
    /// A table is built anew, with what is on it. SQLite's.
    Rebuild(Box<Rebuild>),
    /// Rows get other values batch by batch, each kept by itself.
    Batches(Box<Batched>),
    /// Code runs in a transaction of its own: the text is a comment.
    Code {
        /// Which step of it.
        name: String,
        /// Whether it takes back what it did.
        is_back: bool,
    },
}

/// Rows that get other values batch by batch, in the order of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batched {
    /// The table, quoted.
    pub of: String,
    /// `UPDATE … SET …`.
    pub head: String,
    /// What must hold for a row besides.
    pub condition: Option<String>,
    /// The key, quoted.
    pub key: String,
    /// The expression that says the key of a row as a literal.
    pub literal: String,
    /// How many rows a batch has at most.
    pub rows: u32,
    /// The key of the last row that is done, as a literal; nothing before the first batch.
    pub position: Option<String>,
}

/// A table that is built anew: under another name, filled from the old one and put in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rebuild {
    /// The table as it was.
    pub from: Table,
    /// The table as it will be.
    pub to: Table,
    /// What creates it under another name, fills it, drops the old one and takes its name.
    pub replace: Vec<String>,
    /// What creates its indexes.
    pub indexes: Vec<String>,
}

/// What cannot be said to a database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} cannot be rendered for {dialect}")]
pub struct Unrenderable {
    what: String,
    dialect: Dialect,
}

impl Unrenderable {
    pub(crate) fn new(what: impl Into<String>, dialect: Dialect) -> Self {
        Self { what: what.into(), dialect }
    }

    /// What alters a table that only the database itself could tell of.
    pub(crate) fn unknown(table: &str, dialect: Dialect) -> Self {
        Self::new(format!("a change of table `{table}`, which no step before creates,"), dialect)
    }
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
        format!("{}CHECK ({})", self.constraint(check.name.as_ref()), self.rule(&check.rule))
    }

    /// What a condition demands.
    fn rule(&self, rule: &Rule) -> String {
        match rule {
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
        }
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
            "{}FOREIGN KEY ({}) REFERENCES {} ({}) ON DELETE {on_delete}{on_update}",
            self.constraint(key.name.as_ref()),
            self.quoted(&key.columns),
            self.quote(&key.references),
            self.quoted(&key.referenced_columns),
        )
    }

    /// What stands before a constraint that has a name.
    fn constraint(&self, name: Option<&String>) -> String {
        name.map(|name| format!("CONSTRAINT {} ", self.quote(name))).unwrap_or_default()
    }

    /// What an index sorts by, with what the database has no form for.
    fn index_parts(&self, index: &Index) -> Result<String, Unrenderable> {
        let parts = index.columns.iter().map(|part| {
            let key = match &part.key {
                IndexKey::Column(column) => self.quote(column),
                IndexKey::Expr(expr) => format!("({})", expr.text(self.dialect())),
            };
            let direction = if part.descending { " DESC" } else { "" };
            let prefix = match (part.prefix, self.dialect()) {
                (None, _) => String::new(),
                (Some(length), Dialect::Mysql) => format!("({length})"),
                (Some(_), _) => return Err(self.without("a prefix", index)),
            };
            Ok(format!("{key}{prefix}{direction}"))
        });
        Ok(parts.collect::<Result<Vec<_>, _>>()?.join(", "))
    }

    fn without(&self, what: &str, index: &Index) -> Unrenderable {
        Unrenderable {
            what: format!("{what} of the index `{}`", index.name),
            dialect: self.dialect(),
        }
    }

    fn create_index(&self, table: &str, index: &Index) -> Result<Statement, Unrenderable> {
        let unique = if index.unique { "UNIQUE " } else { "" };
        let using = match (&index.method, self.dialect()) {
            (None, _) => String::new(),
            (Some(method), Dialect::Postgres) => format!(" USING {}", self.quote(method)),
            (Some(_), _) => return Err(self.without("the method", index)),
        };
        let include = match (index.include.is_empty(), self.dialect()) {
            (true, _) => String::new(),
            (false, Dialect::Postgres) => format!(" INCLUDE ({})", self.quoted(&index.include)),
            (false, _) => return Err(self.without("the carried columns", index)),
        };
        let predicate = match &index.predicate {
            None => String::new(),
            Some(predicate) => format!(" WHERE {}", predicate.text(self.dialect())),
        };
        Ok(Statement {
            sql: format!(
                "CREATE {unique}INDEX {} ON {}{using} ({}){include}{predicate}",
                self.quote(&index.name),
                self.quote(table),
                self.index_parts(index)?,
            ),
            table: table.to_owned(),
            effect: Effect::Index { name: index.name.clone(), exists: true },
        })
    }

    /// What stands between the parentheses of CREATE TABLE, but for the primary key and indexes.
    fn columns_and_constraints(&self, table: &Table) -> Result<Vec<String>, Unrenderable> {
        let table = &table.named(self.dialect());
        let mut parts = Vec::new();
        for column in &table.columns {
            parts.push(self.column(table, column)?);
        }
        for unique in &table.uniques {
            parts.push(format!(
                "{}UNIQUE ({})",
                self.constraint(unique.name.as_ref()),
                self.quoted(&unique.columns)
            ));
        }
        parts.extend(table.checks.iter().map(|check| self.check(check)));
        parts.extend(table.foreign_keys.iter().map(|key| self.foreign_key(key)));
        Ok(parts)
    }

    /// The options of a table that the database has, each as `write` writes it.
    fn options(
        &self,
        table: &Table,
        write: impl Fn(&TableOption) -> Option<String>,
    ) -> Result<Vec<String>, Unrenderable>
    where
        Self: Sized,
    {
        let written = table.options.iter().map(|option| {
            write(option).ok_or_else(|| {
                self.refuse(format!("the option {option:?} of the table `{}`", table.name))
            })
        });
        written.collect()
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
