//! The lock that lets one process at a time migrate a database.
//!
//! It belongs to the session that runs the statements: a server goes on with the statement of a
//! client that was killed, and a lock on another connection would be free while it does.

use std::time::{Duration, Instant};

use futures_timer::Delay;
use sea_orm::DatabaseConnection;

pub(crate) use crate::dialect::lock::Guard;
use crate::{
    dialect::{Dialect, lock::Try, mysql, postgres, sqlite},
    error::{MigrationError, Result},
    stop::Stop,
};

/// How long one waits before the first look again; each wait is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// The longest pause between two looks: how late a free lock is noticed.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Takes the lock of the database, waiting for at most `limit`. Whoever waits is told by `waiting`,
/// once, who holds it; who is asked to stop waits no longer.
///
/// # Errors
/// [`MigrationError::LockTimeout`] when it was not free in time, [`MigrationError::Stopped`], [`MigrationError::LockFile`] when
/// the file beside an SQLite database cannot be used, [`crate::Error::Database`] when the server
/// does not answer.
pub(crate) async fn acquire(
    db: &DatabaseConnection,
    limit: Duration,
    stop: &Stop,
    mut waiting: impl FnMut(&str),
) -> Result<Guard> {
    let dialect = Dialect::from(db.get_database_backend());
    let file = match dialect {
        Dialect::Sqlite => match sqlite::lock::file(db).await? {
            Some(file) => Some(file),
            None => return Ok(Guard::Alone),
        },
        Dialect::Postgres | Dialect::Mysql => None,
    };
    let began = Instant::now();
    let (mut pause, mut told) = (FIRST_PAUSE, false);
    loop {
        let tried = match (&file, dialect) {
            (Some(file), _) => sqlite::lock::take(file)?,
            (None, Dialect::Mysql) => mysql::lock::take(db).await?,
            (None, _) => postgres::lock::take(db).await?,
        };
        if let Try::Held(guard) = tried {
            return Ok(guard);
        }
        if stop.is_asked() {
            return Err(MigrationError::stopped(Vec::new()).into());
        }
        let waited = began.elapsed();
        if !told || waited >= limit {
            let holder = match (&file, dialect) {
                (Some(file), _) => sqlite::lock::holder(file),
                // Who holds it is good to know and no more: without the right to see, one waits.
                (None, Dialect::Mysql) => mysql::lock::holder(db).await.unwrap_or_default(),
                (None, _) => postgres::lock::holder(db).await.unwrap_or_default(),
            };
            let holder = holder.unwrap_or_else(|| "a process that cannot be seen".to_owned());
            if waited >= limit {
                return Err(MigrationError::LockTimeout { waited, holder }.into());
            }
            waiting(&holder);
            told = true;
        }
        Delay::new(pause.min(limit.saturating_sub(waited))).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Whether a process holds the lock now. Needs no right but to read.
///
/// # Errors
/// [`crate::Error::Database`] when the server does not answer.
pub(crate) async fn is_held(db: &DatabaseConnection) -> Result<bool> {
    match Dialect::from(db.get_database_backend()) {
        Dialect::Sqlite => {
            let file = sqlite::lock::file(db).await?;
            Ok(file.is_some_and(|file| sqlite::lock::is_held(&file)))
        }
        Dialect::Postgres => Ok(postgres::lock::holder(db).await?.is_some()),
        Dialect::Mysql => mysql::lock::is_held(db).await,
    }
}

/// Frees the lock while its session goes on. A session that has ended has freed it already.
pub(crate) async fn release(db: &DatabaseConnection, guard: Guard) {
    let freed = match (&guard, Dialect::from(db.get_database_backend())) {
        (Guard::Session, Dialect::Postgres) => postgres::lock::release(db).await,
        (Guard::Session, Dialect::Mysql) => mysql::lock::release(db).await,
        (Guard::Session, Dialect::Sqlite) | (Guard::File(_) | Guard::Alone, _) => Ok(()),
    };
    if let Err(error) = freed {
        tracing::debug!(%error, "the session of the migration lock has ended");
    }
}
