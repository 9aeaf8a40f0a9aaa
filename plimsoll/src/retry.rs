//! Transactions that are tried again when the database asks for it.
//!
//! A serialization failure, a deadlock or a busy database is no fault of the statement: the same
//! work done again mostly succeeds. [`transaction`] is the one place that does so. The work may
//! run several times, so it holds nothing but database work: no mail, no request to another
//! server.
//!
//! Whoever waits for it may stop waiting: it is rolled back then, unless it had come to `COMMIT`,
//! and no connection goes back to the pool with it. SeaORM's own `begin` does not see to that.
//!
//! A connection that is lost during `COMMIT` is never followed by another attempt, because nobody
//! knows whether the transaction took place; the error is returned as it is.

use std::{
    marker::PhantomData,
    time::{Duration, Instant},
};

use backon::{BackoffBuilder, ExponentialBuilder};
use futures_timer::Delay;
pub use futures_util::future::BoxFuture;
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, IsolationLevel, RuntimeErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
    sqlx::{self, error::DatabaseError, mysql::MySqlDatabaseError, postgres::PgDatabaseError},
};
use tracing::Instrument as _;

use crate::Error;

/// Lets the work of a transaction borrow what lives longer than the transaction (`'w`), as
/// [`std::thread::scope`] lets a thread. There is nothing to do with it: `|tx, _| …`.
#[derive(Clone, Copy, Debug)]
pub struct Borrows<'c, 'w>(PhantomData<&'c &'w ()>);

impl Borrows<'_, '_> {
    /// For whoever wraps [`transaction`](fn@transaction) and lets the work of others borrow, too.
    #[expect(clippy::new_without_default, reason = "there is no value that it would be of")]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

/// An error that a transaction can end in.
pub trait Retryable: From<DbErr> {
    /// The database's error in it, if that is what it is; only then may the work be tried again.
    fn database_error(&self) -> Option<&DbErr>;
}

impl Retryable for DbErr {
    fn database_error(&self) -> Option<&DbErr> {
        Some(self)
    }
}

impl Retryable for Error {
    fn database_error(&self) -> Option<&DbErr> {
        match self {
            Self::Database { source } => Some(source),
            _ => None,
        }
    }
}

/// How often and for how long a transaction is tried again, and how it begins.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// How often the work is done at most, the first time included.
    pub attempts: usize,
    /// The upper end of the first wait; it doubles each time. The wait itself is random, from
    /// nothing to this, so that those who met once do not meet again.
    pub first_delay: Duration,
    /// What no wait exceeds.
    pub longest_delay: Duration,
    /// No attempt begins later than this after the first.
    pub total: Duration,
    /// The isolation level, where it is not the server's. SQLite has but one, the strictest.
    pub isolation: Option<IsolationLevel>,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 10,
            first_delay: Duration::from_millis(20),
            longest_delay: Duration::from_secs(1),
            total: Duration::from_secs(15),
            isolation: None,
        }
    }
}

/// Does `work` in a transaction with the default [`Retry`].
///
/// ```
/// use plimsoll::retry;
/// use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};
///
/// async fn count_up(db: &DatabaseConnection, sql: &str) -> Result<u64, DbErr> {
///     retry::transaction(db, |tx, _| {
///         Box::pin(async move { Ok(tx.execute_unprepared(sql).await?.rows_affected()) })
///     })
///     .await
/// }
/// ```
///
/// # Errors
/// What `work` returned last, or the database's error from `BEGIN` or `COMMIT`. Nothing of the
/// work is kept then, except when the connection was lost during `COMMIT`: that outcome is unknown.
pub async fn transaction<'w, T, E, F>(db: &DatabaseConnection, work: F) -> Result<T, E>
where
    F: for<'c> FnMut(&'c DatabaseTransaction, Borrows<'c, 'w>) -> BoxFuture<'c, Result<T, E>>
        + Send,
    T: Send,
    E: Retryable + Send,
{
    Retry::default().transaction(db, work).await
}

impl Retry {
    /// Does `work` in a transaction: `BEGIN` (on SQLite `BEGIN IMMEDIATE`, because a transaction
    /// that reads first and writes later cannot wait its turn there), the work, `COMMIT`; all of it
    /// again after an error for which [`is_transient`] holds, else `ROLLBACK`.
    ///
    /// # Errors
    /// As for [`transaction`](fn@transaction).
    pub async fn transaction<'w, T, E, F>(
        &self,
        db: &DatabaseConnection,
        mut work: F,
    ) -> Result<T, E>
    where
        F: for<'c> FnMut(&'c DatabaseTransaction, Borrows<'c, 'w>) -> BoxFuture<'c, Result<T, E>>
            + Send,
        T: Send,
        E: Retryable + Send,
    {
        let began = Instant::now();
        let mut pauses = self.pauses();
        let mut attempt = 1;
        loop {
            let error = match self.once(db, &mut work).await {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            let Some(cause) = error.database_error().filter(|cause| is_transient(cause)) else {
                return Err(error);
            };
            let Some(delay) = pauses.next() else { return Err(error) };
            if began.elapsed() + delay > self.total {
                return Err(error);
            }
            tracing::info!(attempt, ?delay, error = %cause, "the transaction is tried again");
            Delay::new(delay).await;
            attempt += 1;
        }
    }

    /// How long to wait before each attempt but the first.
    pub(crate) fn pauses(&self) -> impl Iterator<Item = Duration> {
        let ceilings = ExponentialBuilder::new()
            .with_min_delay(self.first_delay)
            .with_max_delay(self.longest_delay)
            .with_max_times(self.attempts.saturating_sub(1))
            .build();
        ceilings.map(below)
    }

    async fn once<'w, T, E, F>(&self, db: &DatabaseConnection, work: &mut F) -> Result<T, E>
    where
        F: for<'c> FnMut(&'c DatabaseTransaction, Borrows<'c, 'w>) -> BoxFuture<'c, Result<T, E>>
            + Send,
        T: Send,
        E: Retryable + Send,
    {
        let tx = begin(db, to_write(db, self.isolation)).await?;
        match work(&tx, Borrows::new()).await {
            Ok(done) => {
                tx.commit().await?;
                Ok(done)
            }
            Err(error) => {
                if let Err(second) = tx.rollback().await {
                    tracing::debug!(error = %second, "the rollback failed, too");
                }
                Err(error)
            }
        }
    }
}

/// How a transaction begins that will write. SQLite takes the file at once (`BEGIN IMMEDIATE`): one
/// that reads first and writes later is refused without a wait. It has no levels of isolation.
pub(crate) fn to_write(
    db: &DatabaseConnection,
    isolation: Option<IsolationLevel>,
) -> TransactionOptions {
    let embedded = db.get_database_backend() == DbBackend::Sqlite;
    TransactionOptions {
        isolation_level: isolation.filter(|_| !embedded),
        access_mode: None,
        sqlite_transaction_mode: embedded.then_some(SqliteTransactionMode::Immediate),
    }
}

/// Begins a transaction in a task of its own, which goes on when nobody waits for it any more.
///
/// A `BEGIN` that is given up half-way (a request's time limit, a client that is gone) leaves the
/// transaction open on `PostgreSQL` and `MySQL`: sqlx does not count it before the answer, so that
/// no `ROLLBACK` follows, the connection goes back to its pool, and what is written through it
/// later is lost. A transaction that has begun and is given up is rolled back.
async fn begin(
    db: &DatabaseConnection,
    options: TransactionOptions,
) -> Result<DatabaseTransaction, DbErr> {
    let db = db.clone();
    let begun = async move { db.begin_with_options(options).await };
    // sqlx's own, because it is the same on all runtimes.
    sqlx::__rt::spawn(begun.in_current_span()).await
}

/// A random part of `ceiling`.
fn below(ceiling: Duration) -> Duration {
    let part = getrandom::u32().map_or(0.5, |random| f64::from(random) / f64::from(u32::MAX));
    ceiling.mul_f64(part)
}

/// Whether the same transaction, done again, may well succeed: serialization failures and
/// deadlocks, lock wait time-outs, rows changed since they were read, a Galera node that is not
/// ready, a busy or locked SQLite file.
pub fn is_transient(error: &DbErr) -> bool {
    let Some(sqlx::Error::Database(error)) = driver_error(error) else { return false };
    if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
        return matches!(error.code(), "40001" | "40P01");
    }
    if let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() {
        // 1020 is what MariaDB 11.6 and later answer where another wrote first (`innodb_snapshot_isolation`).
        return matches!(error.number(), 1213 | 1205 | 1047 | 1020);
    }
    let code = error.code().and_then(|code| code.parse::<u32>().ok());
    matches!(code.map(sqlite_primary), Some(SQLITE_BUSY | SQLITE_LOCKED))
}

/// Whether a statement was given up because others held for too long what it waited for.
#[cfg(feature = "migrate")]
pub(crate) fn is_lock_timeout(error: &DbErr) -> bool {
    let Some(sqlx::Error::Database(error)) = driver_error(error) else { return false };
    let postgres = error.try_downcast_ref::<PgDatabaseError>();
    postgres.is_some_and(|error| error.code() == "55P03")
        || error
            .try_downcast_ref::<MySqlDatabaseError>()
            .is_some_and(|error| error.number() == 1205)
}

/// Whether the user lacks a right.
#[cfg(feature = "migrate")]
pub(crate) fn is_denied(error: &DbErr) -> bool {
    let Some(sqlx::Error::Database(error)) = driver_error(error) else { return false };
    let postgres = error.try_downcast_ref::<PgDatabaseError>();
    postgres.is_some_and(|error| error.code() == "42501")
        || error
            .try_downcast_ref::<MySqlDatabaseError>()
            .is_some_and(|error| matches!(error.number(), 1044 | 1142 | 1227))
}

/// Whether the database cannot be reached or does not serve now, so that nothing is wrong with what
/// was asked: no connection could be made or had in time, the connection broke or was ended by the
/// server, the server starts, stops or has no connection left.
///
/// It says nothing about whether the work took place; what may be done again at once is what
/// [`is_transient`] says.
pub fn is_unavailable(error: &DbErr) -> bool {
    if matches!(error, DbErr::Conn(_) | DbErr::ConnectionAcquire(_)) {
        return true;
    }
    match driver_error(error) {
        Some(sqlx::Error::Database(error)) => is_no_service(error.as_ref()),
        Some(
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed,
        ) => true,
        _ => false,
    }
}

fn is_no_service(error: &dyn DatabaseError) -> bool {
    if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
        // The class of connections; too many of them; ended or not yet accepted by the server.
        let code = error.code();
        return code.starts_with("08")
            || matches!(code, "53300" | "57P01" | "57P02" | "57P03" | "57P05");
    }
    if let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() {
        // Too many connections; of this user; stopping; the statement or the connection ended; idle
        // for too long.
        return matches!(error.number(), 1040 | 1203 | 1053 | 1317 | 1927 | 4031);
    }
    false
}

/// Whether the database cannot keep anything now, whatever it is asked: its disk is full, cannot be written
/// or read, may only be read, or is damaged.
pub fn is_broken(error: &DbErr) -> bool {
    let Some(sqlx::Error::Database(error)) = driver_error(error) else { return false };
    if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
        // The classes of what it lacks, of its system, and of what it did not expect of itself.
        return ["53", "58", "XX"].iter().any(|class| error.code().starts_with(class));
    }
    if let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() {
        // The disk is full; a file cannot be read or written; the engine; a full table; only to be read.
        return matches!(error.number(), 1021 | 1024 | 1026 | 1030 | 1114 | 1290 | 1836);
    }
    // SQLITE_NOMEM, READONLY, IOERR, CORRUPT, FULL, CANTOPEN and NOTADB.
    let code = error.code().and_then(|code| code.parse::<u32>().ok());
    matches!(code.map(sqlite_primary), Some(7 | 8 | 10 | 11 | 13 | 14 | 26))
}

pub(crate) const SQLITE_BUSY: u32 = 5;
pub(crate) const SQLITE_LOCKED: u32 = 6;

/// SQLite's extended codes (`BUSY_SNAPSHOT`, 517) hold the primary one in the low byte.
pub(crate) fn sqlite_primary(code: u32) -> u32 {
    code & 0xff
}

/// What the driver says of a question, as SeaORM says it.
pub(crate) fn of_query(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}

/// The driver's error in SeaORM's.
pub(crate) fn driver_error(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_spread_from_nothing_to_the_ceiling() {
        let ceiling = Duration::from_secs(1);
        let waits: Vec<Duration> = (0..1000).map(|_| below(ceiling)).collect();

        assert!(waits.iter().all(|wait| *wait <= ceiling));
        assert!(waits.iter().any(|wait| *wait < ceiling / 10));
        assert!(waits.iter().any(|wait| *wait > ceiling * 9 / 10));
    }

    #[test]
    fn what_is_no_database_error_is_not_transient() {
        assert!(!is_transient(&DbErr::Custom("40001".to_owned())));
        let lost = sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into());
        assert!(!is_transient(&DbErr::Exec(RuntimeErr::SqlxError(lost.into()))));
    }

    #[test]
    fn a_lost_connection_is_no_service_and_not_tried_again() {
        let reset = std::io::ErrorKind::ConnectionReset.into();
        for lost in [
            sqlx::Error::Io(reset),
            sqlx::Error::PoolTimedOut,
            sqlx::Error::PoolClosed,
            sqlx::Error::WorkerCrashed,
        ] {
            let lost = DbErr::Query(RuntimeErr::SqlxError(lost.into()));
            assert!(is_unavailable(&lost) && !is_transient(&lost), "{lost}");
        }
        let wrong = DbErr::Query(RuntimeErr::SqlxError(sqlx::Error::RowNotFound.into()));
        assert!(!is_unavailable(&wrong) && !is_unavailable(&DbErr::Custom("08006".to_owned())));
    }

    #[test]
    fn only_the_database_variant_of_our_error_is_retried() {
        let refused = Error::Database { source: DbErr::Custom("no".to_owned()) };
        assert!(refused.database_error().is_some());
        assert!(Error::LoggingTwice {}.database_error().is_none());
    }
}
