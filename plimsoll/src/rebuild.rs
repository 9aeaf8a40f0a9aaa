//! Runs the statements of a migration on `SQLite` when some of them build a table anew.
//!
//! While the old table is dropped, `foreign_keys` must be off: a row that refers to it would be
//! deleted or emptied with it. Within a transaction that cannot be switched, so it is switched
//! before; and because it belongs to a connection, one connection does it all.

use std::collections::BTreeMap;

use sea_orm::{
    ConnectionTrait as _, DatabaseTransaction, DbErr, RuntimeErr, Statement as Query,
    sqlx::{self, Row as _, Sqlite, SqlitePool, pool::PoolConnection, sqlite::SqliteRow},
};

use crate::{
    change::Change,
    dialect::Dialect,
    guard::Asking,
    misfit::{Misfit, said},
    render::{Effect, Rebuild, Statement, renderer},
    schema::Beyond,
};

/// What a script begins with, before its transaction, that builds a table anew.
pub(crate) const OFF: &str = "PRAGMA foreign_keys = OFF";

/// What it ends with.
pub(crate) const ON: &str = "PRAGMA foreign_keys = ON";

/// Whether one of the statements builds a table anew.
pub(crate) fn is_needed(statements: &[Statement]) -> bool {
    statements.iter().any(|statement| matches!(statement.effect, Effect::Rebuild(_)))
}

/// What a table has that would be built anew and that the copy would lose, because no schema of ours
/// tells it.
pub(crate) fn lost(statements: &[Statement], beyond: &[Beyond]) -> Option<String> {
    statements.iter().find_map(|statement| {
        let Effect::Rebuild(rebuild) = &statement.effect else { return None };
        let name = &rebuild.from.name;
        let is_of_it = |it: &&Beyond| it.table.as_ref() == Some(name) && it.kind != "trigger";
        let it = beyond.iter().find(is_of_it)?;
        Some(format!(
            "table `{name}` has to be built anew, and would lose what no migration can say: {} {}",
            it.kind, it.name
        ))
    })
}

/// What went wrong, and at which statement; none when it was around them.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) at: Option<usize>,
    pub(crate) source: DbErr,
    /// The rows that did not fit, when that is it.
    pub(crate) misfits: Vec<Misfit>,
    /// Whether somebody asked to stop.
    pub(crate) is_stopped: bool,
}

impl From<DbErr> for Failure {
    fn from(source: DbErr) -> Self {
        Self { at: None, source, misfits: Vec::new(), is_stopped: false }
    }
}

/// Runs the statements and then those of `record`, all or none of them. Rows, and rows that refer
/// to them, are counted before and after; what is on a table and was not declared stays on it.
///
/// Before each statement but the first the rows are asked what `guards` has for it. `ended` is told of
/// every statement that has run, and says whether to go on.
pub(crate) async fn run(
    pool: &SqlitePool,
    statements: &[Statement],
    guards: &[Asking],
    record: &[String],
    mut ended: impl FnMut(usize) -> bool,
) -> Result<(), Failure> {
    let connection = pool.acquire().await.map_err(sqlx_error)?;
    let mut session = Session::Own(Box::new(connection));
    let were_on = session.number("PRAGMA foreign_keys").await? != 0;
    session.execute(OFF).await?;
    // A connection in a transaction says nothing and leaves it as it is.
    if session.number("PRAGMA foreign_keys").await? != 0 {
        return Err(cannot(
            "foreign_keys cannot be switched off: the connection is in a transaction",
        ));
    }
    let outcome = in_transaction(&mut session, statements, guards, record, &mut ended).await;
    if outcome.is_err() {
        let _ = session.execute("ROLLBACK").await;
    }
    let _ = session.execute("PRAGMA legacy_alter_table = OFF").await;
    if were_on {
        session.execute(ON).await?;
    }
    outcome
}

async fn in_transaction(
    session: &mut Session<'_>,
    statements: &[Statement],
    guards: &[Asking],
    record: &[String],
    ended: &mut impl FnMut(usize) -> bool,
) -> Result<(), Failure> {
    session.execute("BEGIN IMMEDIATE").await?;
    let mut before = session.orphans().await?;
    for (at, statement) in statements.iter().enumerate() {
        let failed = |source| Failure { at: Some(at), ..Failure::from(source) };
        let mut misfits = Vec::new();
        for Asking { guard, .. } in guards.iter().filter(|it| at > 0 && it.at == at) {
            misfits.extend(guard.misfit(&session.rows(&guard.sql).await.map_err(failed)?));
        }
        if !misfits.is_empty() {
            let source = DbErr::Migration(said(&misfits));
            return Err(Failure { misfits, ..failed(source) });
        }
        session.make(statement).await.map_err(failed)?;
        if let Effect::Changes(changes) = &statement.effect {
            before = changes.iter().fold(before, renamed);
        }
        if !ended(at + 1) {
            let why = cannot("somebody asked to stop");
            return Err(Failure { is_stopped: true, ..why });
        }
    }
    for (tables, rows) in session.orphans().await? {
        if rows > before.get(&tables).copied().unwrap_or_default() {
            let (child, parent) = tables;
            return Err(cannot(&format!(
                "{rows} rows of `{child}` would refer to rows of `{parent}` that are not there"
            )));
        }
    }
    for sql in record {
        session.execute(sql).await?;
    }
    Ok(session.execute("COMMIT").await?)
}

/// The rows that refer to nothing, by the names of their tables when the change has been made.
fn renamed(
    orphans: BTreeMap<(String, String), i64>,
    change: &Change,
) -> BTreeMap<(String, String), i64> {
    let Change::RenameTable { from, to } = change else { return orphans };
    let name = |name: String| if name == *from { to.clone() } else { name };
    orphans.into_iter().map(|((child, parent), rows)| ((name(child), name(parent)), rows)).collect()
}

/// Runs one statement in somebody else's transaction, where `foreign_keys` stays as it is.
///
/// # Errors
/// Also when rows of any table refer to a table that would be built anew or dropped: they would be
/// lost. Those of a table that is dropped as well, by one of `all` in the transaction, go anyway.
pub(crate) async fn run_within(
    transaction: &DatabaseTransaction,
    statement: &Statement,
    all: &[Statement],
) -> Result<(), DbErr> {
    let mut session = Session::Others(transaction);
    let (name, doing, next) = match &statement.effect {
        Effect::Rebuild(rebuild) => {
            (&rebuild.to.name, "built anew", "run the migrations outside one")
        }
        Effect::Table { exists: false } => {
            (&statement.table, "dropped", "take them away first, or their foreign key")
        }
        _ => return session.make(statement).await,
    };
    if session.number("PRAGMA foreign_keys").await? != 0 {
        let referring = session.referring(name).await?;
        let goes = |table: &String| {
            let drops = |it: &Statement| it.effect == Effect::Table { exists: false };
            doing == "dropped" && all.iter().any(|it| drops(it) && it.table == *table)
        };
        if let Some(table) = referring.iter().find(|table| !goes(table)) {
            return Err(DbErr::Custom(format!(
                "table `{name}` has to be {doing}, and rows of `{table}` refer to it: within a \
                 transaction SQLite would delete them; {next}"
            )));
        }
    }
    session.make(statement).await
}

fn cannot(why: &str) -> Failure {
    DbErr::Custom(why.to_owned()).into()
}

fn sqlx_error(error: sqlx::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(error.into()))
}

/// What statements run in.
enum Session<'s> {
    /// A connection of which all is known.
    Own(Box<PoolConnection<Sqlite>>),
    /// Somebody else's transaction.
    Others(&'s DatabaseTransaction),
}

impl Session<'_> {
    async fn execute(&mut self, sql: &str) -> Result<(), DbErr> {
        match self {
            Self::Own(connection) => {
                let run = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut ***connection).await;
                run.map(drop).map_err(sqlx_error)
            }
            Self::Others(transaction) => transaction.execute_unprepared(sql).await.map(drop),
        }
    }

    /// The rows of a query: each a text, which may be missing, and a number.
    async fn rows(&mut self, sql: &str) -> Result<Vec<(Option<String>, i64)>, DbErr> {
        match self {
            Self::Own(connection) => {
                let query = sqlx::raw_sql(sqlx::AssertSqlSafe(sql));
                let rows: Vec<SqliteRow> =
                    query.fetch_all(&mut ***connection).await.map_err(sqlx_error)?;
                let rows = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
                rows.collect::<Result<_, sqlx::Error>>().map_err(sqlx_error)
            }
            Self::Others(transaction) => {
                let query = Query::from_string(transaction.get_database_backend(), sql);
                let rows = transaction.query_all_raw(query).await?;
                let rows =
                    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)));
                rows.collect()
            }
        }
    }

    async fn number(&mut self, sql: &str) -> Result<i64, DbErr> {
        let name = sql.strip_prefix("PRAGMA ");
        let sql = match name {
            Some(name) => format!("SELECT NULL, {name} FROM pragma_{name}"),
            None => sql.to_owned(),
        };
        Ok(self.rows(&sql).await?.first().map(|(_, number)| *number).unwrap_or_default())
    }

    async fn texts(&mut self, sql: &str) -> Result<Vec<String>, DbErr> {
        Ok(self.rows(sql).await?.into_iter().filter_map(|(text, _)| text).collect())
    }

    async fn count(&mut self, table: &str) -> Result<i64, DbErr> {
        let table = renderer(Dialect::Sqlite).quote(table);
        self.number(&format!("SELECT NULL, count(*) FROM {table}")).await
    }

    /// The tables with foreign keys into this one, itself among them.
    async fn referring(&mut self, table: &str) -> Result<Vec<String>, DbErr> {
        let table = renderer(Dialect::Sqlite).text(table);
        self.texts(&format!(
            "SELECT DISTINCT s.name, 0 FROM sqlite_schema s, pragma_foreign_key_list(s.name) k \
             WHERE s.type = 'table' AND k.\"table\" = {table} COLLATE NOCASE"
        ))
        .await
    }

    /// The rows that refer to none, by the two tables.
    async fn orphans(&mut self) -> Result<BTreeMap<(String, String), i64>, DbErr> {
        let found = self
            .rows(
                "SELECT hex(\"table\") || ' ' || hex(parent), count(*) FROM pragma_foreign_key_check \
                 GROUP BY 1",
            )
            .await?;
        let mut orphans = BTreeMap::new();
        for (tables, rows) in found {
            let tables = tables.unwrap_or_default();
            let (child, parent) = tables.split_once(' ').unwrap_or_default();
            orphans.insert((of_hex(child), of_hex(parent)), rows);
        }
        Ok(orphans)
    }

    async fn make(&mut self, statement: &Statement) -> Result<(), DbErr> {
        match &statement.effect {
            Effect::Rebuild(rebuild) => self.rebuild(rebuild).await,
            _ => self.execute(&statement.sql).await,
        }
    }

    async fn rebuild(&mut self, rebuild: &Rebuild) -> Result<(), DbErr> {
        let name = &rebuild.to.name;
        let text = renderer(Dialect::Sqlite).text(name);
        let on_it = self.on_it(rebuild, &text).await?;
        let views = self.working_views().await?;
        let mut counted = vec![(name.clone(), self.count(name).await?)];
        for table in self.referring(name).await? {
            let rows = self.count(&table).await?;
            counted.push((table, rows));
        }
        // Else other tables' triggers and views, which name a table that is gone for a moment, would
        // stand in the way.
        self.execute("PRAGMA legacy_alter_table = ON").await?;
        for sql in &rebuild.replace {
            self.execute(sql).await?;
        }
        self.execute("PRAGMA legacy_alter_table = OFF").await?;
        for sql in rebuild.indexes.iter().chain(&on_it) {
            self.execute(sql).await?;
        }
        for (table, rows) in counted {
            let now = self.count(&table).await?;
            if now != rows {
                let why = format!("table `{table}` had {rows} rows and would have {now}");
                return Err(DbErr::Custom(why));
            }
        }
        for view in views {
            let look =
                format!("SELECT NULL, 0 FROM {} LIMIT 0", renderer(Dialect::Sqlite).quote(&view));
            self.rows(&look).await.map_err(|error| {
                DbErr::Custom(format!("view `{view}` could not be read any more: {error}"))
            })?;
        }
        Ok(())
    }

    /// What creates the triggers of the table, and the indexes on it that nobody declared.
    async fn on_it(&mut self, rebuild: &Rebuild, table: &str) -> Result<Vec<String>, DbErr> {
        let found = self
            .rows(&format!(
                "SELECT hex(name) || ' ' || hex(sql), type = 'index' FROM sqlite_schema \
                 WHERE tbl_name = {table} COLLATE NOCASE AND type IN ('index', 'trigger') \
                 AND sql IS NOT NULL ORDER BY rowid"
            ))
            .await?;
        let mut texts = Vec::new();
        for (text, is_index) in found {
            let text = text.unwrap_or_default();
            let (name, sql) = text.split_once(' ').unwrap_or_default();
            let (name, sql) = (of_hex(name), of_hex(sql));
            let mut declared = rebuild.from.indexes.iter().chain(&rebuild.to.indexes);
            if is_index == 0 || !declared.any(|index| index.name.eq_ignore_ascii_case(&name)) {
                texts.push(sql);
            }
        }
        Ok(texts)
    }

    /// The views that can be read now.
    async fn working_views(&mut self) -> Result<Vec<String>, DbErr> {
        let mut working = Vec::new();
        for view in self.texts("SELECT name, 0 FROM sqlite_schema WHERE type = 'view'").await? {
            let name = renderer(Dialect::Sqlite).quote(&view);
            if self.rows(&format!("SELECT NULL, 0 FROM {name} LIMIT 0")).await.is_ok() {
                working.push(view);
            }
        }
        Ok(working)
    }
}

/// The text of hexadecimal digits: a name may hold whatever else could stand between two.
fn of_hex(digits: &str) -> String {
    let digit =
        |at: usize| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Vec<u8> = (0..digits.len()).step_by(2).filter_map(digit).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}
