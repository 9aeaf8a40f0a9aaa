//! Reading a database of which nothing is known but what it says itself.

mod closed;

use std::{collections::BTreeMap, path::Path};

use plimsoll::{Dialect, config::Database, connect};
use sea_orm::{
    AccessMode, ConnectionTrait as _, DatabaseTransaction, DbBackend, DbErr, IsolationLevel,
    QueryResult, Statement, TransactionTrait as _, TryGetable as _,
    sea_query::{Asterisk, Condition, Expr, ExprTrait as _, Order, Query},
};
use serde_json::{Value as Json, json};

use self::closed::{Closed, refused};
use super::{
    super::file::{self, Watch},
    shape::REVISIONS,
};
use crate::{Error, Result};

/// The columns of each table, by its name.
pub(super) type Tables = BTreeMap<String, Vec<String>>;

/// What a row says, by its columns.
pub(super) type Said = BTreeMap<String, Json>;

/// A database that is read, all of it as it was at one moment.
#[derive(Debug)]
pub(super) struct Reads {
    tx: DatabaseTransaction,
    tables: Tables,
    origin: String,
    /// The file, if it is one.
    watch: Option<Watch>,
    closed: Closed,
}

/// What a row is called in a question to `PostgreSQL`; no column is called so.
const ROW: &str = "row of the source";

const COLUMNS_OF_SQLITE: &str = "SELECT t.name, c.name FROM sqlite_master t \
     JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite~_%' \
     ESCAPE '~' ORDER BY t.name, c.cid";

/// Those that may not be read, too, which `information_schema` would not show, and whether rows are hidden
/// from the user.
const COLUMNS_OF_POSTGRES: &str = "SELECT CAST(c.relname AS text), CAST(a.attname AS text), \
     has_column_privilege(c.oid, a.attnum, 'SELECT'), row_security_active(c.oid) \
     FROM pg_catalog.pg_class c \
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid \
     WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND a.attnum > 0 \
     AND NOT a.attisdropped ORDER BY c.relname, a.attnum";

const WHO_AND_WHERE: &str = "SELECT CAST(current_schema() AS text), CAST(current_user AS text)";

impl Reads {
    /// Opens the database of a URL, or an SQLite file by its path.
    ///
    /// # Errors
    /// [`Error::Malformed`] for one that cannot be read or is on another kind of server,
    /// [`Error::Config`] for a URL or a server that is none.
    pub(super) async fn open(from: &str) -> Result<Self> {
        let path = Path::new(from);
        if path.is_file() {
            return Self::file(path).await;
        }
        let folder = std::env::current_dir().unwrap_or_default();
        let database = Database::from_url(from, &folder)?;
        let origin = database.to_string();
        match (database.dialect(), database.file()) {
            (Dialect::Sqlite, Some(path)) => Self::file(path).await,
            (Dialect::Postgres, _) => {
                let db = connect::session(&database).await;
                let db = db.map_err(|error| refused(&origin, error))?;
                let isolation = Some(IsolationLevel::RepeatableRead);
                let tx = db.begin_with_config(isolation, Some(AccessMode::ReadOnly)).await?;
                // A row that the user may not see is an error then, and is not passed over. For the
                // transaction alone: a pooler may give the session to somebody else after it.
                tx.execute_unprepared("SET LOCAL row_security = off").await?;
                Self::of(tx, origin, None).await
            }
            _ => {
                let problem = "it is neither an SQLite file nor a database of PostgreSQL";
                Err(malformed(&origin, problem.to_owned()))
            }
        }
    }

    async fn file(path: &Path) -> Result<Self> {
        let (db, watch) = file::open(path).await?;
        let tx = db.begin().await?;
        Self::of(tx, path.display().to_string(), Some(watch)).await
    }

    async fn of(tx: DatabaseTransaction, origin: String, watch: Option<Watch>) -> Result<Self> {
        let backend = tx.get_database_backend();
        let is_postgres = backend == DbBackend::Postgres;
        let sql = if is_postgres { COLUMNS_OF_POSTGRES } else { COLUMNS_OF_SQLITE };
        let (tables, closed) = (Tables::new(), Closed::default());
        let mut reads = Self { tx, tables, origin, watch, closed };
        let rows = reads.tx.query_all_raw(Statement::from_string(backend, sql)).await;
        for row in rows.map_err(|error| reads.malformed(error.to_string()))? {
            let (table, column) = (text(&row, 0)?, text(&row, 1)?);
            if is_postgres && !bool::try_get_by(&row, 2_usize).map_err(DbErr::from)? {
                reads.closed.tables.insert(table.clone());
            }
            if is_postgres && bool::try_get_by(&row, 3_usize).map_err(DbErr::from)? {
                reads.closed.in_part.insert(table.clone());
            }
            reads.tables.entry(table).or_default().push(column);
        }
        if is_postgres && !reads.closed.is_empty() {
            let asked = Statement::from_string(backend, WHO_AND_WHERE);
            if let Some(row) = reads.tx.query_one_raw(asked).await? {
                (reads.closed.schema, reads.closed.user) = (text(&row, 0)?, text(&row, 1)?);
            }
        }
        Ok(reads)
    }

    /// Whether the table may be read.
    ///
    /// # Errors
    /// [`Error::Malformed`] if not, with what lets the user.
    fn is_open(&self, table: &str) -> Result<()> {
        match self.closed.why(table) {
            Some(why) => Err(self.malformed(why)),
            None => Ok(()),
        }
    }

    /// Whether the file is as it was, if it is one.
    fn is_the_same(&self) -> Result<()> {
        self.watch.as_ref().map_or(Ok(()), Watch::look)
    }

    /// Where it is, without credentials.
    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    /// The tables that there are.
    pub(super) fn tables(&self) -> &Tables {
        &self.tables
    }

    /// The revisions that Alembic has noted down; usually one.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the table of them has another shape, or may not be read.
    pub(super) async fn revisions(&self) -> Result<Vec<String>> {
        self.is_open(REVISIONS)?;
        let query = Query::select().column("version_num").from(REVISIONS).take();
        let rows = self.read(REVISIONS, self.tx.query_all(&query).await)?;
        rows.iter().map(|row| self.read(REVISIONS, text(row, 0))).collect()
    }

    /// How many rows a table has.
    ///
    /// # Errors
    /// [`Error::Malformed`] if it cannot be read.
    pub(super) async fn count(&self, table: &'static str) -> Result<u64> {
        self.is_open(table)?;
        let query = Query::select().expr(Expr::col(Asterisk).count()).from(table).take();
        let row = self.read(table, self.tx.query_one(&query).await)?;
        let count = row.and_then(|row| i64::try_get_by(&row, 0_usize).ok()).unwrap_or_default();
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// At most `limit` rows of a table in the order of their keys, from the beginning or behind a
    /// key.
    ///
    /// # Errors
    /// [`Error::Malformed`] for a table that cannot be read, a value that is no text and no number, and
    /// a file that was changed meanwhile.
    pub(super) async fn rows(
        &self,
        table: &'static str,
        key: &[&'static str],
        after: Option<&[i64]>,
        limit: usize,
    ) -> Result<Vec<Said>> {
        let is_postgres = self.tx.get_database_backend() == DbBackend::Postgres;
        let columns = self.tables.get(table).map_or(&[][..], Vec::as_slice);
        let mut query = Query::select();
        query.from_as(table, ROW).limit(limit as u64);
        if is_postgres {
            query.expr(Expr::cust(format!("CAST(row_to_json(\"{ROW}\") AS text)")));
        } else {
            query.columns(columns.iter().cloned());
        }
        for name in key {
            query.order_by(*name, Order::Asc);
        }
        if let Some(after) = after {
            query.cond_where(behind(key, after));
        }
        let mut said = Vec::with_capacity(limit);
        let rows = self.tx.query_all(&query).await;
        // A file that was changed meanwhile can look like a broken one.
        self.is_the_same()?;
        for row in self.read(table, rows)? {
            said.push(if is_postgres {
                let document = serde_json::from_str(&self.read(table, text(&row, 0))?);
                document.map_err(|error| self.malformed(format!("`{table}`: {error}")))?
            } else {
                self.of_sqlite(table, columns, &row)?
            });
        }
        Ok(said)
    }

    /// Two columns, as texts, of the rows that have one of these texts in the first; none of a
    /// table that is not there.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the table cannot be read.
    pub(super) async fn pairs(
        &self,
        table: &'static str,
        [by, gives]: [&'static str; 2],
        texts: &[String],
    ) -> Result<Vec<(String, String)>> {
        if !self.tables.contains_key(table) {
            return Ok(Vec::new());
        }
        self.is_open(table)?;
        let as_text = |name: &str| Expr::cust(format!("CAST(\"{name}\" AS text)"));
        let query = Query::select()
            .expr(as_text(by))
            .expr(as_text(gives))
            .from(table)
            .and_where(as_text(by).is_in(texts.iter().cloned()))
            .order_by(gives, Order::Asc)
            .take();
        let rows = self.read(table, self.tx.query_all(&query).await)?;
        let pair = |row: &QueryResult| Ok((text(row, 0)?, text(row, 1)?));
        rows.iter().map(|row| self.read(table, pair(row))).collect()
    }

    /// The key of a row: whole numbers.
    ///
    /// # Errors
    /// [`Error::Malformed`] for any other.
    pub(super) fn key(&self, table: &str, names: &[&'static str], row: &Said) -> Result<Vec<i64>> {
        let part = |name: &&str| {
            let number = row.get(*name).and_then(Json::as_i64);
            let problem = || format!("`{table}` has a row whose `{name}` is no whole number");
            number.ok_or_else(|| self.malformed(problem()))
        };
        names.iter().map(part).collect()
    }

    /// A row of SQLite, which keeps what it is given, of whatever type the column is.
    fn of_sqlite(&self, table: &str, columns: &[String], row: &QueryResult) -> Result<Said> {
        let mut said = Said::new();
        for (at, name) in columns.iter().enumerate() {
            let json = if let Ok(number) = Option::<i64>::try_get_by(row, at) {
                json!(number)
            } else if let Ok(number) = Option::<f64>::try_get_by(row, at) {
                json!(number)
            } else if let Ok(text) = Option::<String>::try_get_by(row, at) {
                json!(text)
            } else {
                let bytes = Vec::<u8>::try_get_by(row, at).unwrap_or_default();
                let problem = || format!("`{table}` has bytes in `{name}` that are no text");
                json!(String::from_utf8(bytes).map_err(|_| self.malformed(problem()))?)
            };
            said.insert(name.clone(), json);
        }
        Ok(said)
    }

    /// What the source answered when it was asked about a table. That it cannot is told of the source: the
    /// database that the import fills would be looked at in vain.
    fn read<T>(&self, table: &str, answer: Result<T, DbErr>) -> Result<T> {
        answer.map_err(|error| self.malformed(format!("`{table}`: {error}")))
    }

    /// What is wrong with the source.
    pub(super) fn malformed(&self, problem: String) -> Error {
        malformed(&self.origin, problem)
    }
}

fn malformed(origin: &str, problem: String) -> Error {
    Error::Malformed { kind: "source", key: origin.to_owned(), problem }
}

fn text(row: &QueryResult, at: usize) -> Result<String, DbErr> {
    String::try_get_by(row, at).map_err(DbErr::from)
}

/// The rows behind that key.
fn behind(key: &[&'static str], after: &[i64]) -> Condition {
    let mut any = Condition::any();
    for (at, (name, value)) in key.iter().zip(after).enumerate() {
        let mut all = Condition::all();
        for (name, value) in key.iter().zip(after).take(at) {
            all = all.add(Expr::col(*name).eq(*value));
        }
        any = any.add(all.add(Expr::col(*name).gt(*value)));
    }
    any
}
