//! Whole domains as text that another database takes in: one JSON document on each line, as
//! `docs/export.md` says. [`Json`](crate::imports::source::json::Json) reads it.
//!
//! All of it is of one moment: it is read in one transaction, a page at a time.

mod by_key;
mod choice;
mod form;
mod page;
mod unknown;

use std::collections::{BTreeMap, VecDeque};

use plimsoll::schema::Table;
use sea_orm::{
    AccessMode, ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, DbBackend,
    IsolationLevel, SqliteTransactionMode, TransactionOptions, TransactionTrait as _,
    TryGetable as _,
    sea_query::{Order, Query},
};
use serde_json::{Value as Json, json};

use self::choice::Choice;
pub(crate) use self::choice::{is_exported, name_of};
pub use self::{
    choice::{ALL, LEFT_OUT, domains},
    unknown::Unknown,
};
use crate::{Result, identity::secret::hash};

/// Which form it is; another number is another form.
pub const VERSION: u64 = 1;

/// How many rows are read at once.
const AT_ONCE: u64 = 500;

/// An export on its way.
#[derive(Debug)]
pub struct Export {
    tx: DatabaseTransaction,
    choice: Choice,
    unknown: Vec<Unknown>,
    header: Option<Json>,
    /// The tables that are still to come; the first is being read.
    left: VecDeque<&'static Table>,
    /// The key of the last row of that table.
    after: Option<Vec<Json>>,
    rows: BTreeMap<&'static str, u64>,
    is_done: bool,
}

impl Export {
    /// Begins an export of these domains; [`ALL`] among them means all. What is written meanwhile
    /// does not come into it.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) for a domain that there is not, of which nothing
    /// is exported, or whose rows refer to those of another that has to come along.
    pub async fn begin(db: &DatabaseConnection, domains: &[String]) -> Result<Self> {
        let choice = Choice::of(domains)?;
        let revision = migration(db, Order::Desc).await.map(|(name, _)| name);
        let names: Vec<&str> = choice.tables.iter().map(|table| &*table.name).collect();
        let header = json!({
            "plimsoll_export": VERSION,
            "domains": choice.domains,
            "tables": names,
            "revision": revision,
            "database": identity(db).await,
        });
        let tx = db.begin_with_options(one_moment(db)).await?;
        let found = plimsoll::introspect(&tx).await?;
        let is_all = domains.iter().any(|name| name == ALL);
        let unknown = unknown::unknown(&found, &choice.tables, is_all);
        let left = choice.tables.iter().copied().collect();
        let rows = choice.tables.iter().map(|table| (&*table.name, 0)).collect();
        let header = Some(header);
        Ok(Self { tx, choice, unknown, header, left, after: None, rows, is_done: false })
    }

    /// The next lines, each with its end; nothing behind the last.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) for a row that names one of another domain by its
    /// key, so that the domain has to come along.
    pub async fn some(&mut self) -> Result<Option<String>> {
        if let Some(header) = self.header.take() {
            return Ok(Some(format!("{header}\n")));
        }
        if let Some(table) = self.left.front().copied() {
            return self.page(table).await.map(Some);
        }
        if self.is_done {
            return Ok(None);
        }
        self.is_done = true;
        let rows: u64 = self.rows.values().sum();
        Ok(Some(format!("{}\n", json!({"end": true, "rows": rows}))))
    }

    /// What stays behind because this program does not know it: columns of the tables that are exported,
    /// and, where all domains are, whole tables.
    pub fn unknown(&self) -> &[Unknown] {
        &self.unknown
    }

    /// How many rows of which table have come so far.
    pub fn rows(&self) -> &BTreeMap<&'static str, u64> {
        &self.rows
    }

    async fn page(&mut self, table: &'static Table) -> Result<String> {
        let rows = page::rows(&self.tx, table, self.after.as_deref(), AT_ONCE).await?;
        let names = page::names(&self.tx, table, &self.choice, &rows).await?;
        let there = page::there(&self.tx, table, &self.choice, &rows).await?;
        let mut lines = String::new();
        for row in &rows {
            let line = form::line(table, row, &names, &there);
            lines.push_str(&line.to_string());
            lines.push('\n');
        }
        let count = rows.len() as u64;
        *self.rows.entry(&table.name).or_default() += count;
        self.after = rows.last().map(|row| page::key(table, row));
        if count < AT_ONCE {
            self.left.pop_front();
            self.after = None;
        }
        Ok(lines)
    }
}

/// A transaction that sees one moment. SQLite's does whenever it only reads.
fn one_moment(db: &DatabaseConnection) -> TransactionOptions {
    if db.get_database_backend() == DbBackend::Sqlite {
        return TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred),
            ..TransactionOptions::default()
        };
    }
    TransactionOptions {
        isolation_level: Some(IsolationLevel::RepeatableRead),
        access_mode: Some(AccessMode::ReadOnly),
        sqlite_transaction_mode: None,
    }
}

/// What this database is told from others by: eight hexadecimal digits, of when its history began. A
/// copy of it has the same.
async fn identity(db: &DatabaseConnection) -> Option<String> {
    let (name, applied_at) = migration(db, Order::Asc).await?;
    let mut digest = hash(&format!("{name} {applied_at}"));
    digest.truncate(8);
    Some(digest)
}

/// The first or the last migration that the database says was applied, and when, in seconds since 1970.
async fn migration(db: &DatabaseConnection, order: Order) -> Option<(String, i64)> {
    let query = Query::select()
        .columns(["version", "applied_at"])
        .from(unknown::HISTORY)
        .order_by("version", order)
        .limit(1)
        .take();
    // A database that was made without migrations has no such table.
    let row = db.query_one(&query).await.ok().flatten()?;
    Some((String::try_get_by(&row, 0_usize).ok()?, i64::try_get_by(&row, 1_usize).ok()?))
}
