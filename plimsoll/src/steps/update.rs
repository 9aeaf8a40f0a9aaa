//! Rows that get other values, in one statement or batch by batch.

use serde::{Deserialize, Serialize};

use crate::schema::{Sql, Value};

/// How many rows a batch has when nobody says otherwise.
const BATCH: u32 = 10_000;

/// Rows of a table that get other values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    /// The table.
    pub table: String,
    /// What it does; nothing when only the way back does something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Assignment>,
    /// What takes it back; nothing when nothing has to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back: Option<Assignment>,
    /// Batch by batch, each kept by itself, instead of all at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batches: Option<Batches>,
}

/// Which columns get which values, in which rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// The columns and what they get.
    pub set: Vec<(String, Source)>,
    /// What must hold for a row; all rows without one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<Condition>,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Source {
    /// A constant.
    Value(Value),
    /// The present day, time or moment in UTC, as the column's type has it.
    Now,
    /// Another column of the row.
    Column(String),
    /// An expression.
    Sql(Sql),
}

/// What must hold for a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Condition {
    /// The column is NULL.
    Null(String),
    /// The column is not NULL.
    NotNull(String),
    /// The column has the value.
    Equal(String, Value),
    /// Any other condition.
    Sql(Sql),
}

/// How rows are gone through: by their key, so many at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batches {
    /// The column by which a row is known and the rows are sorted: unique, and never NULL.
    pub key: String,
    /// How many rows a batch has at most.
    pub rows: u32,
}

/// Builds an [`Update`].
#[derive(Clone, Debug)]
pub struct UpdateBuilder {
    update: Update,
    is_back: bool,
}

impl UpdateBuilder {
    pub(super) fn new(table: &str, batches: Option<Batches>) -> Self {
        let update = Update { table: table.to_owned(), run: None, back: None, batches };
        Self { update, is_back: false }
    }

    pub(super) fn finish(self) -> Update {
        self.update
    }

    fn assignment(&mut self) -> &mut Assignment {
        let place = if self.is_back { &mut self.update.back } else { &mut self.update.run };
        place.get_or_insert_default()
    }

    fn assign(mut self, column: impl Into<String>, source: Source) -> Self {
        self.assignment().set.push((column.into(), source));
        self
    }

    fn only(mut self, condition: Condition) -> Self {
        self.assignment().only.push(condition);
        self
    }

    /// Gives the column a constant.
    #[must_use]
    pub fn set(self, column: impl Into<String>, value: impl Into<Value>) -> Self {
        self.assign(column, Source::Value(value.into()))
    }

    /// Gives the column the present day, time or moment in UTC, as its type has it.
    #[must_use]
    pub fn set_now(self, column: impl Into<String>) -> Self {
        self.assign(column, Source::Now)
    }

    /// Gives the column what another column of the row has.
    #[must_use]
    pub fn copy(self, column: impl Into<String>, from: impl Into<String>) -> Self {
        self.assign(column, Source::Column(from.into()))
    }

    /// Gives the column the value of an expression.
    #[must_use]
    pub fn set_sql(self, column: impl Into<String>, expr: impl Into<Sql>) -> Self {
        self.assign(column, Source::Sql(expr.into()))
    }

    /// In rows alone in which the column is NULL.
    #[must_use]
    pub fn where_null(self, column: impl Into<String>) -> Self {
        self.only(Condition::Null(column.into()))
    }

    /// In rows alone in which the column is not NULL.
    #[must_use]
    pub fn where_not_null(self, column: impl Into<String>) -> Self {
        self.only(Condition::NotNull(column.into()))
    }

    /// In rows alone in which the column has that value.
    #[must_use]
    pub fn where_equal(self, column: impl Into<String>, value: impl Into<Value>) -> Self {
        self.only(Condition::Equal(column.into(), value.into()))
    }

    /// In rows alone for which a condition holds.
    #[must_use]
    pub fn where_sql(self, condition: impl Into<Sql>) -> Self {
        self.only(Condition::Sql(condition.into()))
    }

    /// So many rows in a batch. Says nothing of an update that is made at once.
    #[must_use]
    pub fn rows(mut self, rows: u32) -> Self {
        if let Some(batches) = &mut self.update.batches {
            batches.rows = rows;
        }
        self
    }

    /// Says how it is taken back, in the same words. Without it nothing has to be.
    #[must_use]
    pub fn back(mut self, back: impl FnOnce(Self) -> Self) -> Self {
        self.is_back = true;
        self = back(self);
        self.is_back = false;
        self
    }
}

impl Batches {
    pub(super) fn by(key: impl Into<String>) -> Self {
        Self { key: key.into(), rows: BATCH }
    }
}

impl Update {
    pub(super) fn reverse(&self) -> Self {
        Self { run: self.back.clone(), back: self.run.clone(), ..self.clone() }
    }

    pub(super) fn describe(&self) -> String {
        let Some(run) = &self.run else {
            return format!("leave the rows of `{}` as they are", self.table);
        };
        let columns: Vec<String> =
            run.set.iter().map(|(column, _)| format!("`{column}`")).collect();
        let columns = columns.join(", ");
        match &self.batches {
            Some(batches) => format!(
                "set {columns} of `{}`, {} rows at a time by `{}`",
                self.table, batches.rows, batches.key
            ),
            None => format!("set {columns} of `{}`", self.table),
        }
    }

    /// What is wrong with it by itself.
    pub(super) fn problem(&self) -> Option<String> {
        let assignments: Vec<&Assignment> = self.run.iter().chain(&self.back).collect();
        if assignments.is_empty() || assignments.iter().any(|it| it.set.is_empty()) {
            return Some(format!("an update of `{}` sets no column", self.table));
        }
        let batches = self.batches.as_ref()?;
        if batches.rows == 0 {
            return Some(format!("a backfill of `{}` has batches of no rows", self.table));
        }
        let mut set = assignments.iter().flat_map(|it| &it.set);
        if set.any(|(column, _)| *column == batches.key) {
            return Some(format!(
                "a backfill of `{}` sets `{}`, by which it goes through the rows",
                self.table, batches.key
            ));
        }
        None
    }
}
