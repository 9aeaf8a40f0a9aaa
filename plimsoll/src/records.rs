//! What has run, as the database keeps it: SeaORM's table, exactly as SeaORM has it, and beside it
//! the engine's own for what SeaORM does not record.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, RuntimeErr, Statement};
use sea_orm_migration::seaql_migrations;
use sea_query::{Alias, ColumnDef};

use crate::{
    change::Change,
    dialect::Dialect,
    error::{MigrationError, Result},
    history::Revisions,
    names,
    render::{self as rendered, Render, renderer},
    revisions::Applied,
    schema::TableBuilder,
};

/// The engine's own record of what has run: checksum and duration.
const HISTORY: &str = "plimsoll_history";
/// What is running, where a transaction cannot keep it: at most one row a history.
const JOURNAL: &str = "plimsoll_journal";

/// A migration that was begun and not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Open {
    pub(crate) version: String,
    pub(crate) way: Way,
    /// Statements that have run for certain.
    pub(crate) finished: usize,
    /// The digest of those statements.
    pub(crate) finished_digest: String,
    /// What was begun after them.
    pub(crate) begun: Begun,
}

/// What an open migration had begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    /// Code: what it did is not known.
    Code,
    /// This statement.
    Statement(rendered::Statement),
    /// Nothing: it stopped between two statements.
    Nothing,
}

/// The direction of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Up,
    Down,
}

impl Way {
    pub(crate) fn verb(self) -> &'static str {
        match self {
            Self::Up => "applying",
            Self::Down => "reverting",
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// Whether a statement failed because its table is not there.
pub(crate) fn is_missing_table(error: &DbErr) -> bool {
    let (DbErr::Query(RuntimeErr::SqlxError(error)) | DbErr::Exec(RuntimeErr::SqlxError(error))) =
        error
    else {
        return false;
    };
    error.as_database_error().is_some_and(|error| {
        matches!(error.code().as_deref(), Some("42P01" | "42S02"))
            || error.message().starts_with("no such table")
    })
}

/// The records of one history, told apart from those of others in the same database.
pub(crate) struct Records<'h> {
    /// SeaORM's table.
    pub(crate) table: &'h str,
    pub(crate) dialect: Dialect,
}

impl<'h> Records<'h> {
    /// The records of the history that `revisions` are of.
    pub(crate) fn of(revisions: &'h Revisions<'_>, dialect: impl Into<Dialect>) -> Self {
        Self { table: &revisions.table, dialect: dialect.into() }
    }

    fn render(&self) -> &'static dyn Render {
        renderer(self.dialect)
    }

    fn text(&self, text: &str) -> String {
        self.render().text(text)
    }

    /// What has run; nothing when no table of history is there. Needs no right but to read.
    pub(crate) async fn applied(&self, db: &impl ConnectionTrait) -> Result<Vec<Applied>> {
        let failed = |source| MigrationError::Record { doing: "read", source };
        let table = self.render().quote(self.table);
        let sql = format!("SELECT version, applied_at FROM {table} ORDER BY version");
        let Some(rows) = self.read(db, sql).await.map_err(failed)? else { return Ok(Vec::new()) };
        let sql = format!(
            "SELECT version, applied_at, took_ms, checksum FROM {HISTORY} WHERE history = {}",
            self.text(self.table)
        );
        let own = self.read(db, sql).await.map_err(failed)?.unwrap_or_default();
        let mut details = Vec::new();
        for row in &own {
            let detail: (String, i64, i64, Option<String>) = (
                row.try_get_by("version").map_err(failed)?,
                row.try_get_by("applied_at").map_err(failed)?,
                row.try_get_by("took_ms").map_err(failed)?,
                row.try_get_by("checksum").map_err(failed)?,
            );
            details.push(detail);
        }
        let mut applied = Vec::new();
        for row in &rows {
            let name: String = row.try_get_by("version").map_err(failed)?;
            let seconds: i64 = row.try_get_by("applied_at").map_err(failed)?;
            // A record of another moment is of a run that another tool has taken back since.
            let detail =
                details.iter().find(|(version, at, ..)| *version == name && *at == seconds);
            applied.push(Applied {
                at: DateTime::from_timestamp(seconds, 0),
                took_ms: detail.map(|(_, _, took, _)| *took),
                checksum: detail.and_then(|(.., checksum)| checksum.clone()),
                name,
            });
        }
        Ok(applied)
    }

    /// The migration that an earlier run left open.
    pub(crate) async fn open(&self, db: &impl ConnectionTrait) -> Result<Option<Open>> {
        let failed = |source| MigrationError::Record { doing: "read", source };
        let sql = format!(
            "SELECT version, way, finished, finished_digest, statement, effect FROM {JOURNAL} \
             WHERE history = {}",
            self.text(self.table)
        );
        let rows = self.read(db, sql).await.map_err(failed)?.unwrap_or_default();
        let Some(row) = rows.first() else { return Ok(None) };
        let way: String = row.try_get_by("way").map_err(failed)?;
        let finished: i64 = row.try_get_by("finished").map_err(failed)?;
        Ok(Some(Open {
            version: row.try_get_by("version").map_err(failed)?,
            way: if way == Way::Down.name() { Way::Down } else { Way::Up },
            finished: usize::try_from(finished).unwrap_or_default(),
            finished_digest: row.try_get_by("finished_digest").map_err(failed)?,
            begun: begun(
                row.try_get_by("statement").map_err(failed)?,
                row.try_get_by::<Option<String>, _>("effect").map_err(failed)?.as_deref(),
            ),
        }))
    }

    /// The rows of a query, or none when its table is not there.
    async fn read(
        &self,
        db: &impl ConnectionTrait,
        sql: String,
    ) -> Result<Option<Vec<sea_orm::QueryResult>>, DbErr> {
        match db.query_all_raw(Statement::from_string(self.dialect.into(), sql)).await {
            Ok(rows) => Ok(Some(rows)),
            Err(error) if is_missing_table(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Creates the tables that are not there. Called under the lock.
    pub(crate) async fn prepare(&self, db: &DatabaseConnection) -> Result<()> {
        let failed = |source| MigrationError::Record { doing: "prepare", source };
        for statement in self.missing(db).await? {
            db.execute_unprepared(&statement).await.map_err(failed)?;
        }
        Ok(())
    }

    /// The statements that create those of the records' tables that are not there. Needs no right
    /// but to read.
    pub(crate) async fn missing(&self, db: &DatabaseConnection) -> Result<Vec<String>> {
        let failed = |source| MigrationError::Record { doing: "read", source };
        let mut statements = Vec::new();
        for (table, create) in self.tables()? {
            if self.is_missing(db, &table).await.map_err(failed)? {
                statements.extend(create);
            }
        }
        Ok(statements)
    }

    /// The statements that create all tables of the records.
    pub(crate) fn creation(&self) -> Result<Vec<String>> {
        Ok(self.tables()?.into_iter().flat_map(|(_, create)| create).collect())
    }

    /// The tables of the records, each with the statements that create it.
    fn tables(&self) -> Result<Vec<(String, Vec<String>)>> {
        let seaql = sea_orm::Schema::new(self.dialect.into())
            .create_table_from_entity(seaql_migrations::Entity)
            .table(Alias::new(self.table))
            .if_not_exists()
            .take();
        let seaql = DbBackend::from(self.dialect).build(&seaql).sql;
        let mut tables = vec![(self.table.to_owned(), vec![seaql])];
        for table in [history(), journal()] {
            let (table, _) = table.finish();
            let name = table.name.clone();
            let create = self.render().change(&Change::CreateTable(table)).map_err(|why| {
                let source = DbErr::Custom(why.to_string());
                MigrationError::Record { doing: "prepare", source }
            })?;
            tables.push((name, create.into_iter().map(|statement| statement.sql).collect()));
        }
        Ok(tables)
    }

    async fn is_missing(&self, db: &DatabaseConnection, table: &str) -> Result<bool, DbErr> {
        let sql = format!("SELECT 1 FROM {} WHERE 1 = 0", self.render().quote(table));
        Ok(self.read(db, sql).await?.is_none())
    }

    /// The statements that record that a migration has run, and close it in the journal. Those of a
    /// script, which has not run yet, know no time.
    pub(crate) fn add(
        &self,
        version: &str,
        checksum: Option<&str>,
        took: Option<Duration>,
    ) -> Vec<String> {
        let seconds = match (took, self.dialect) {
            (Some(_), _) => Utc::now().timestamp().to_string(),
            (None, Dialect::Sqlite) => "CAST(strftime('%s', 'now') AS INTEGER)".to_owned(),
            (None, Dialect::Postgres) => "CAST(extract(epoch FROM now()) AS bigint)".to_owned(),
            (None, Dialect::Mysql) => "UNIX_TIMESTAMP()".to_owned(),
        };
        let took = took.unwrap_or_default().as_millis();
        let checksum = checksum.map_or_else(|| "NULL".to_owned(), |checksum| self.text(checksum));
        let table = self.render().quote(self.table);
        let (history, version) = (self.text(self.table), self.text(version));
        let engine = self.text(env!("CARGO_PKG_VERSION"));
        vec![
            self.forget(&version),
            format!("INSERT INTO {table} (version, applied_at) VALUES ({version}, {seconds})"),
            format!(
                "INSERT INTO {HISTORY} (history, version, applied_at, took_ms, checksum, engine) \
                 SELECT {history}, version, applied_at, {took}, {checksum}, {engine} FROM {table} \
                 WHERE version = {version}"
            ),
            self.closing(),
        ]
    }

    /// The statements that record that a migration was taken back, and close it in the journal.
    pub(crate) fn remove(&self, version: &str) -> Vec<String> {
        let table = self.render().quote(self.table);
        let version = self.text(version);
        vec![
            format!("DELETE FROM {table} WHERE version = {version}"),
            self.forget(&version),
            self.closing(),
        ]
    }

    /// Drops what the engine's own table says of a revision.
    fn forget(&self, version: &str) -> String {
        let history = self.text(self.table);
        format!("DELETE FROM {HISTORY} WHERE history = {history} AND version = {version}")
    }

    /// The statement after which nothing is open.
    pub(crate) fn closing(&self) -> String {
        format!("DELETE FROM {JOURNAL} WHERE history = {}", self.text(self.table))
    }

    /// Writes down what of a migration has ended and what begins now: in one statement, because a
    /// run that is killed between two would leave nothing written.
    pub(crate) async fn begin(
        &self,
        db: &impl ConnectionTrait,
        version: &str,
        way: Way,
        finished: &[&str],
        begun: Begun,
    ) -> Result<(), DbErr> {
        db.execute_unprepared(&self.beginning(version, way, finished, begun)?).await.map(drop)
    }

    /// The statement of [`Self::begin`].
    pub(crate) fn beginning(
        &self,
        version: &str,
        way: Way,
        finished: &[&str],
        begun: Begun,
    ) -> Result<String, DbErr> {
        let (statement, effect) = match begun {
            Begun::Code => ("NULL".to_owned(), "NULL".to_owned()),
            Begun::Nothing => ("''".to_owned(), "NULL".to_owned()),
            Begun::Statement(it) => {
                let effect = serde_json::to_string(&(it.table, it.effect))
                    .map_err(|why| DbErr::Custom(why.to_string()))?;
                (self.text(&it.sql), self.text(&effect))
            }
        };
        let (insert, replace) = match self.dialect {
            Dialect::Mysql => ("REPLACE", ""),
            Dialect::Sqlite | Dialect::Postgres => (
                "INSERT",
                " ON CONFLICT (history) DO UPDATE SET version = excluded.version, \
                   way = excluded.way, finished = excluded.finished, \
                   finished_digest = excluded.finished_digest, statement = excluded.statement, \
                   effect = excluded.effect",
            ),
        };
        Ok(format!(
            "{insert} INTO {JOURNAL} \
               (history, version, way, finished, finished_digest, statement, effect) \
             VALUES ({}, {}, {}, {}, {}, {statement}, {effect}){replace}",
            self.text(self.table),
            self.text(version),
            self.text(way.name()),
            finished.len(),
            self.text(&digest(finished)),
        ))
    }

    /// Nothing is open any more.
    pub(crate) async fn close(&self, db: &impl ConnectionTrait) -> Result<(), DbErr> {
        db.execute_unprepared(&self.closing()).await.map(|_| ())
    }

    /// The statement that records another checksum of a revision.
    pub(crate) fn accepting(&self, version: &str, checksum: &str) -> String {
        format!(
            "UPDATE {HISTORY} SET checksum = {} WHERE history = {} AND version = {}",
            self.text(checksum),
            self.text(self.table),
            self.text(version)
        )
    }

    /// Drops SeaORM's table, as `reset` there does, and what the engine keeps of this history.
    pub(crate) async fn uninstall(&self, db: &DatabaseConnection) -> Result<()> {
        let failed = |source| MigrationError::Record { doing: "drop", source };
        for statement in self.forgetting() {
            db.execute_unprepared(&statement).await.map_err(failed)?;
        }
        Ok(())
    }

    /// What [`Self::uninstall`] does.
    pub(crate) fn forgetting(&self) -> Vec<String> {
        vec![
            format!("DELETE FROM {HISTORY} WHERE history = {}", self.text(self.table)),
            format!("DROP TABLE {}", self.render().quote(self.table)),
        ]
    }
}

/// What the journal says was begun. An effect that cannot be read is one that cannot be looked for.
fn begun(statement: Option<String>, effect: Option<&str>) -> Begun {
    match (statement, effect.map(serde_json::from_str)) {
        (Some(sql), Some(Ok((table, effect)))) => {
            Begun::Statement(rendered::Statement { sql, table, effect })
        }
        (Some(text), None) if text.is_empty() => Begun::Nothing,
        _ => Begun::Code,
    }
}

/// A digest of statements that have run.
pub(crate) fn digest(statements: &[&str]) -> String {
    use sha2::{Digest as _, Sha256};

    let mut digest = Sha256::new();
    for statement in statements {
        digest.update(statement.as_bytes());
        digest.update([0]);
    }
    names::hex(&digest.finalize())
}

fn history() -> TableBuilder {
    TableBuilder::new(HISTORY)
        .column(ColumnDef::new("history").string_len(64).not_null())
        .column(ColumnDef::new("version").string_len(255).not_null())
        .column(ColumnDef::new("applied_at").big_integer().not_null())
        .column(ColumnDef::new("took_ms").big_integer().not_null())
        .column(ColumnDef::new("checksum").char_len(64).null())
        .column(ColumnDef::new("engine").string_len(32).not_null())
        .primary_key(["history", "version"])
}

fn journal() -> TableBuilder {
    TableBuilder::new(JOURNAL)
        .column(ColumnDef::new("history").string_len(64).not_null())
        .column(ColumnDef::new("version").string_len(255).not_null())
        .column(ColumnDef::new("way").string_len(4).not_null())
        .column(ColumnDef::new("finished").big_integer().not_null())
        .column(ColumnDef::new("finished_digest").char_len(64).not_null())
        .column(ColumnDef::new("statement").text().null())
        .column(ColumnDef::new("effect").text().null())
        .primary_key(["history"])
}
