//! How long the statements of a run may wait and work, as the session is told.

use std::time::Duration;

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbErr, Statement};

use crate::{
    dialect::Dialect,
    error::{MigrationError, Result},
    render::renderer,
    retry::{self, Retry},
};

/// How long the statements of a run may wait and work.
///
/// A statement that changes a table waits until nobody uses it, and whoever comes after it waits behind it:
/// a short wait that is tried again keeps an application alive that a long one would stop.
/// | | `PostgreSQL` | `MySQL`, `MariaDB` | `SQLite` |
/// |---|---|---|---|
/// | [`wait`](Self::wait) | `lock_timeout` | `lock_wait_timeout`, `innodb_lock_wait_timeout` (whole seconds) | `busy_timeout` |
/// | [`statement`](Self::statement) | `statement_timeout` | `max_statement_time` (`MariaDB` alone) | none |
///
/// They are set when a run has something to do, and set back when it ends. Code that runs outside a
/// transaction waits as long as the session did before: it could not be done once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long a statement waits each time for a table or a row that others use: 5 s.
    pub wait: Duration,
    /// How long the server may work on one statement: without a limit, whatever the server or the role
    /// has for others.
    pub statement: Option<Duration>,
    /// For how long what others were in the way of is tried again, with pauses of up to 10 s: 2 minutes.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { wait: Duration::from_secs(5), statement: None, patience: Duration::from_mins(2) }
    }
}

impl Limits {
    /// How what others were in the way of is tried again.
    pub(crate) fn retry(&self) -> Retry {
        Retry {
            attempts: usize::MAX,
            first_delay: Duration::from_millis(500),
            longest_delay: Duration::from_secs(10),
            total: self.patience,
            isolation: None,
        }
    }

    /// What the session is told, of the settings that it has.
    fn settings(&self, known: &[Setting]) -> Vec<Setting> {
        let milliseconds = |time: Duration| time.as_millis().to_string();
        // MySQL counts whole seconds, and takes none for less than one.
        let seconds = || self.wait.as_millis().div_ceil(1000).max(1).to_string();
        let value = |name: &str| match name {
            "busy_timeout" => milliseconds(self.wait),
            // None at all would be without a limit.
            "lock_timeout" => format!("{}ms", self.wait.as_millis().max(1)),
            "statement_timeout" => {
                format!("{}ms", milliseconds(self.statement.unwrap_or_default()))
            }
            "max_statement_time" => self.statement.unwrap_or_default().as_secs_f64().to_string(),
            "idle_in_transaction_session_timeout" => "0".to_owned(),
            _ => seconds(),
        };
        known.iter().map(|(name, _)| (name.clone(), value(name))).collect()
    }
}

/// The name of a setting and its value.
type Setting = (String, String);

/// The settings of a session that a run changes.
#[derive(Debug)]
pub(crate) struct Settings {
    before: Vec<Setting>,
    during: Vec<Setting>,
}

impl Settings {
    /// Tells the session of the limits.
    ///
    /// # Errors
    /// [`MigrationError::Unsupported`] for a limit that the server does not have; [`crate::Error::Database`].
    pub(crate) async fn set(db: &DatabaseConnection, limits: &Limits) -> Result<Self> {
        let ask = match Dialect::from(db.get_database_backend()) {
            Dialect::Sqlite => {
                "SELECT 'busy_timeout', CAST(timeout AS TEXT) FROM pragma_busy_timeout"
            }
            Dialect::Postgres => {
                "SELECT name, current_setting(name) FROM (VALUES ('lock_timeout'), \
                 ('statement_timeout'), ('idle_in_transaction_session_timeout')) AS it (name)"
            }
            // What a server does not know is not among them: `MySQL` has no `max_statement_time`.
            Dialect::Mysql => {
                "SHOW SESSION VARIABLES WHERE Variable_name IN \
                 ('lock_wait_timeout', 'innodb_lock_wait_timeout', 'max_statement_time')"
            }
        };
        let mut before: Vec<Setting> = Vec::new();
        for row in db.query_all_raw(Statement::from_string(db.get_database_backend(), ask)).await? {
            before.push((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
        }
        let has_limit = before.iter().any(|(name, _)| name.contains("statement_time"));
        if limits.statement.is_some() && !has_limit {
            return Err(MigrationError::Unsupported {
                what: "this database has no limit for the time of a statement".to_owned(),
                instead: "leave --statement-timeout out".to_owned(),
            }
            .into());
        }
        let settings = Self { during: limits.settings(&before), before };
        settings.impose(db).await?;
        Ok(settings)
    }

    /// Lets statements wait as long as the session did before.
    pub(crate) async fn lift(&self, db: &DatabaseConnection) -> Result<(), DbErr> {
        let waits = |(name, _): &&Setting| !name.contains("statement_time");
        tell(db, self.before.iter().filter(waits)).await
    }

    /// Sets the limits, again.
    pub(crate) async fn impose(&self, db: &DatabaseConnection) -> Result<(), DbErr> {
        tell(db, self.during.iter()).await
    }

    /// Leaves the session as it was. One that has ended needs nothing.
    pub(crate) async fn restore(&self, db: &DatabaseConnection) {
        if let Err(error) = tell(db, self.before.iter()).await {
            tracing::debug!(%error, "the session of the migrations has ended");
        }
    }
}

/// Sets all of them in one message.
async fn tell<'s>(
    db: &DatabaseConnection,
    settings: impl Iterator<Item = &'s Setting>,
) -> Result<(), DbErr> {
    let dialect = Dialect::from(db.get_database_backend());
    let each: Vec<String> = settings
        .map(|(name, value)| match dialect {
            Dialect::Sqlite => format!("PRAGMA {name} = {value}"),
            Dialect::Postgres => format!("SET {name} = {}", renderer(dialect).text(value)),
            Dialect::Mysql => format!("SESSION {name} = {value}"),
        })
        .collect();
    let sql = match dialect {
        Dialect::Mysql => format!("SET {}", each.join(", ")),
        Dialect::Sqlite | Dialect::Postgres => each.join("; "),
    };
    if each.is_empty() { Ok(()) } else { db.execute_unprepared(&sql).await.map(drop) }
}

/// Whether a statement failed because others were in its way, so that it may well succeed later.
pub(crate) fn is_hindered(error: &DbErr) -> bool {
    retry::is_transient(error) || retry::is_lock_timeout(error)
}
