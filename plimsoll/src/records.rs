//! What has run, as the database keeps it: SeaORM's table, exactly as SeaORM has it, and beside it
//! the engine's own for what SeaORM does not record.

mod read;

use std::time::Duration;

use chrono::Utc;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, RuntimeErr};
use sea_orm_migration::seaql_migrations;
use sea_query::{Alias, ColumnDef};

use crate::{
    change::Change,
    dialect::Dialect,
    error::{MigrationError, Result},
    history::Revisions,
    names,
    plain::Plain,
    render::{self as rendered, Render, renderer},
    revisions::Applied,
    schema::TableBuilder,
    who::who,
};

pub(crate) use read::{Offer, Read};

/// The engine's own record of what has run: who applied it, how long it took, its checksum.
const HISTORY: &str = "plimsoll_history";
/// Which default rows were offered.
pub(crate) const SEEDS: &str = "plimsoll_seeds";
/// What `MySQL` is asked once and reads in the statements behind: a statement that reads the catalog and
/// writes cannot be replicated as text.
const HAS_RUN: &str = "@plimsoll_has_run";
/// What is running, where a transaction cannot keep it: at most one row a history.
const JOURNAL: &str = "plimsoll_journal";
const COLUMNS: &str = "(history, version, way, finished, finished_digest, statement, effect)";

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

/// How long a migration took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Took {
    /// It stands in a script, has not run yet, and may be run by anybody.
    InScript,
    /// So long.
    Exactly(Duration),
    /// So long until now, and as long as it is from now until the statement runs.
    AndOn(Duration),
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

/// Whether SeaORM or the engine keeps what has run in this table, of the history that is in `history`.
pub(crate) fn is_own(table: &str, history: &str) -> bool {
    table == history || table.starts_with("plimsoll_")
}

/// Whether a statement failed because its table is not there.
pub(crate) fn is_missing_table(error: &DbErr) -> bool {
    is_refused_with(error, &["42P01", "42S02"], "no such table")
}

/// Whether a statement failed because its table or a column of it is not there.
pub(crate) fn is_missing(error: &DbErr) -> bool {
    is_missing_table(error) || is_refused_with(error, &["42703", "42S22"], "no such column")
}

fn is_refused_with(error: &DbErr, codes: &[&str], message: &str) -> bool {
    let (DbErr::Query(RuntimeErr::SqlxError(error)) | DbErr::Exec(RuntimeErr::SqlxError(error))) =
        error
    else {
        return false;
    };
    error.as_database_error().is_some_and(|error| {
        error.code().is_some_and(|code| codes.contains(&&*code))
            || error.message().starts_with(message)
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
    pub(crate) async fn applied(&self, db: &DatabaseConnection) -> Result<Vec<Applied>> {
        Ok(self.read(db, false).await?.applied)
    }

    /// The migration that an earlier run left open.
    pub(crate) async fn open(&self, db: &DatabaseConnection) -> Result<Option<Open>> {
        Ok(self.read(db, false).await?.open)
    }

    /// Creates the tables that are not there, and gives older ones the columns that they lack. Called
    /// under the lock.
    pub(crate) async fn prepare(&self, db: &DatabaseConnection) -> Result<()> {
        let failed = |source| MigrationError::Record { doing: "prepare", source };
        let missing = self.missing(db).await?;
        if missing.is_empty() {
            return Ok(());
        }
        let mut plain = Plain::of(db).await.map_err(failed)?;
        let all: Vec<&str> = missing.iter().map(String::as_str).collect();
        let Err(source) = plain.run_whole(&all).await else { return Ok(()) };
        drop(plain);
        // A run without the lock can have been faster.
        if self.read(db, false).await?.lacking.is_none() {
            Ok(())
        } else {
            Err(failed(source).into())
        }
    }

    /// The statements that create those of the records' tables that are not there, and add what older
    /// ones lack. Needs no right but to read.
    pub(crate) async fn missing(&self, db: &DatabaseConnection) -> Result<Vec<String>> {
        let Some(lacking) = self.read(db, false).await?.lacking else { return Ok(Vec::new()) };
        let mut statements = Vec::new();
        for (table, create) in self.tables()? {
            if !lacking.has_table(self.table, &table) {
                statements.extend(create);
            } else if table == HISTORY && lacking.is_older() {
                statements.push(widen(self.dialect));
            }
        }
        Ok(statements)
    }

    /// The statements that create those tables of the records that are not there, wherever they run.
    pub(crate) fn creation(&self) -> Result<Vec<String>> {
        const IF_NOT: &str = "CREATE TABLE IF NOT EXISTS ";
        let all = self.tables()?.into_iter().flat_map(|(_, create)| create);
        let careful = all.map(|sql| match sql.strip_prefix("CREATE TABLE ") {
            Some(table) if !sql.starts_with(IF_NOT) => format!("{IF_NOT}{table}"),
            _ => sql,
        });
        Ok(careful.collect())
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

    /// The statements that record that a migration has run, and close it in the journal. Those of a
    /// script, which has not run yet, know no time.
    pub(crate) fn add(&self, version: &str, checksum: Option<&str>, took: Took) -> Vec<String> {
        let mut statements = vec![self.forget(&self.text(version))];
        statements.extend(self.add_first(version, checksum, took));
        statements.push(self.closing());
        statements
    }

    /// The same where the records have nothing of it, and nothing is open.
    pub(crate) fn add_first(
        &self,
        version: &str,
        checksum: Option<&str>,
        took: Took,
    ) -> Vec<String> {
        let seconds = match (took, self.dialect) {
            (Took::InScript, Dialect::Sqlite) => {
                "CAST(strftime('%s', 'now') AS INTEGER)".to_owned()
            }
            (Took::InScript, Dialect::Postgres) => {
                "CAST(extract(epoch FROM now()) AS bigint)".to_owned()
            }
            (Took::InScript, Dialect::Mysql) => "UNIX_TIMESTAMP()".to_owned(),
            _ => Utc::now().timestamp().to_string(),
        };
        // Of a script the database knows who runs it.
        let by = match (took, self.dialect) {
            (Took::InScript, Dialect::Sqlite) => "NULL".to_owned(),
            (Took::InScript, Dialect::Postgres) => "CAST(session_user AS text)".to_owned(),
            (Took::InScript, Dialect::Mysql) => "USER()".to_owned(),
            _ => self.text(&who()),
        };
        let took = self.milliseconds(took);
        let checksum = checksum.map_or_else(|| "NULL".to_owned(), |checksum| self.text(checksum));
        let table = self.render().quote(self.table);
        let (history, version) = (self.text(self.table), self.text(version));
        let engine = self.text(env!("CARGO_PKG_VERSION"));
        vec![
            format!("INSERT INTO {table} (version, applied_at) VALUES ({version}, {seconds})"),
            format!(
                "INSERT INTO {HISTORY} (history, version, applied_at, took_ms, checksum, engine, applied_by) \
                 SELECT {history}, version, applied_at, {took}, {checksum}, {engine}, {by} \
                 FROM {table} \
                 WHERE version = {version}"
            ),
        ]
    }

    /// How long a migration took, as the database reads it.
    fn milliseconds(&self, took: Took) -> String {
        match (took, self.dialect) {
            (Took::InScript, _) => "0".to_owned(),
            (Took::Exactly(took), _) => took.as_millis().to_string(),
            // The same clock as here.
            (Took::AndOn(before), Dialect::Sqlite) => {
                let began = Utc::now() - before;
                let began = self.text(&began.format("%Y-%m-%d %H:%M:%S%.3f").to_string());
                format!(
                    "CAST(max(0, (julianday('now') - julianday({began})) * 86400000) AS INTEGER)"
                )
            }
            // Since the transaction began.
            (Took::AndOn(before), Dialect::Postgres) => format!(
                "{} + CAST(extract(epoch FROM clock_timestamp() - now()) * 1000 AS bigint)",
                before.as_millis()
            ),
            // It runs at once.
            (Took::AndOn(before), Dialect::Mysql) => before.as_millis().to_string(),
        }
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
            Begun::Statement(it) => self.texts_of(&it)?,
        };
        Ok(self.entry(version, way, finished, &statement, &effect))
    }

    /// As [`Self::beginning`] on MySQL, for a statement that begins unless `condition` is true; else nothing
    /// does.
    pub(crate) fn beginning_unless(
        &self,
        condition: &str,
        version: &str,
        way: Way,
        finished: &[&str],
        statement: &rendered::Statement,
    ) -> Result<Vec<String>, DbErr> {
        let (sql, effect) = self.texts_of(statement)?;
        let unless = |other: &str, text: &str| format!("IF({HAS_RUN}, {other}, {text})");
        let (sql, effect) = (unless("''", &sql), unless("NULL", &effect));
        let entry = self.entry(version, way, finished, &sql, &effect);
        Ok(vec![keeping(condition), entry])
    }

    /// As [`Self::beginning_unless`] where nothing is open and nothing of the migration has run: nothing is
    /// open afterwards, too, when the condition is true.
    pub(crate) fn opening_unless(
        &self,
        condition: &str,
        version: &str,
        way: Way,
        statement: &rendered::Statement,
    ) -> Result<Vec<String>, DbErr> {
        let (sql, effect) = self.texts_of(statement)?;
        let values = self.values(version, way, &[], &sql, &effect);
        let insert = format!(
            "INSERT INTO {JOURNAL} {COLUMNS} SELECT {values} FROM DUAL WHERE NOT {HAS_RUN}"
        );
        Ok(vec![keeping(condition), insert])
    }

    /// A statement as the journal has it: its text and its effect.
    fn texts_of(&self, statement: &rendered::Statement) -> Result<(String, String), DbErr> {
        let effect = serde_json::to_string(&(&statement.table, &statement.effect))
            .map_err(|why| DbErr::Custom(why.to_string()))?;
        Ok((self.text(&statement.sql), self.text(&effect)))
    }

    fn entry(
        &self,
        version: &str,
        way: Way,
        finished: &[&str],
        statement: &str,
        effect: &str,
    ) -> String {
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
        let values = self.values(version, way, finished, statement, effect);
        format!("{insert} INTO {JOURNAL} {COLUMNS} VALUES ({values}){replace}")
    }

    /// What [`COLUMNS`] get.
    fn values(
        &self,
        version: &str,
        way: Way,
        finished: &[&str],
        statement: &str,
        effect: &str,
    ) -> String {
        format!(
            "{}, {}, {}, {}, {}, {statement}, {effect}",
            self.text(self.table),
            self.text(version),
            self.text(way.name()),
            finished.len(),
            self.text(&digest(finished)),
        )
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

    /// The statement that sets how long a revision took.
    pub(crate) fn took(&self, version: &str, took: Duration) -> String {
        let (history, version) = (self.text(self.table), self.text(version));
        let took = self.milliseconds(Took::Exactly(took));
        format!(
            "UPDATE {HISTORY} SET took_ms = {took} WHERE history = {history} AND version = {version}"
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

/// The statement after which [`HAS_RUN`] says whether the condition is true.
fn keeping(condition: &str) -> String {
    format!("SET {HAS_RUN} = (SELECT {condition})")
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
        .column(ColumnDef::new("applied_by").string_len(255).null())
        .primary_key(["history", "version"])
}

/// The statement that adds to an older [`history`] what it lacks.
fn widen(dialect: Dialect) -> String {
    // `SQLite` and `MySQL` have no IF NOT EXISTS here; the lock keeps others away.
    let ty = if dialect == Dialect::Sqlite { "varchar(255)" } else { "varchar(255) NULL" };
    format!("ALTER TABLE {HISTORY} ADD COLUMN applied_by {ty}")
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
