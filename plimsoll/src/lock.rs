//! The lock that lets one process at a time migrate a database.
//!
//! It belongs to the session that runs the statements: a server goes on with the statement of a
//! client that was killed, and a lock on another connection would be free while it does. On a Galera
//! cluster no session can lock all nodes; there it is a lease, which is renewed while the run goes on.

use std::{
    path::PathBuf,
    pin::pin,
    time::{Duration, Instant},
};

use futures_timer::Delay;
use futures_util::future::{Either, select};
use sea_orm::DatabaseConnection;

pub(crate) use crate::dialect::lock::Guard;
use crate::{
    connect::within,
    dialect::{
        Dialect,
        lock::Try,
        mysql::{self, lease::Lease},
        postgres, sqlite,
    },
    error::{MigrationError, Result},
    stop::Stop,
};

/// How long one waits before the first look again; each wait is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// The longest pause between two looks: how late a free lock is noticed.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);
/// How long a try at a lease may take, however soon the limit is: a node answers when it has caught up.
const SHORTEST_TRY: Duration = Duration::from_secs(2);

/// What is tried.
enum Means {
    File(PathBuf),
    Advisory { sure: bool },
    Named,
    Lease(Lease),
}

impl Means {
    /// Those of the database; nothing for one in memory, which nobody else can reach.
    async fn of(db: &DatabaseConnection) -> Result<Option<Self>> {
        Ok(match Dialect::from(db.get_database_backend()) {
            Dialect::Sqlite => sqlite::lock::file(db).await?.map(Self::File),
            Dialect::Postgres => Some(Self::Advisory { sure: false }),
            Dialect::Mysql => Some(Self::Named),
        })
    }

    async fn once(&mut self, db: &DatabaseConnection, left: Duration) -> Result<Try> {
        match self {
            Self::File(file) => sqlite::lock::take(file),
            Self::Advisory { sure } => postgres::lock::take(db, *sure).await,
            Self::Named => mysql::lock::take(db).await,
            Self::Lease(lease) => {
                let taken = match within(left.max(SHORTEST_TRY), lease.take()).await {
                    Some(taken) => taken?,
                    None => false,
                };
                let is_held = taken && mysql::lock::take_here(db).await;
                Ok(if is_held { Try::Held(Guard::Session) } else { Try::Busy })
            }
        }
    }

    /// Who holds it. It is good to know and no more: without the right to see, one waits.
    async fn holder(&self, db: &DatabaseConnection) -> String {
        let holder = match self {
            Self::File(file) => sqlite::lock::holder(file),
            Self::Advisory { .. } => postgres::lock::holder(db).await.unwrap_or_default(),
            Self::Named => mysql::lock::holder(db).await.unwrap_or_default(),
            Self::Lease(lease) if lease.is_held() => {
                mysql::lock::holder(db).await.unwrap_or_default()
            }
            Self::Lease(_) => mysql::lease::holder(db).await.unwrap_or_default(),
        };
        holder.unwrap_or_else(|| "a process that cannot be seen".to_owned())
    }
}

/// Takes the lock of the database, waiting for at most `limit`. Whoever waits is told by `waiting`,
/// once, who holds it; who is asked to stop waits no longer.
///
/// # Errors
/// [`MigrationError::LockTimeout`] when it was not free in time, [`MigrationError::Stopped`], [`MigrationError::LockFile`] when
/// the file beside an SQLite database cannot be used, [`MigrationError::Pooler`] where a lock would not
/// hold, [`MigrationError::LeaseTable`] and [`MigrationError::LeaseLost`] on a Galera cluster,
/// [`crate::Error::Database`] when the server does not answer.
pub(crate) async fn acquire(
    db: &DatabaseConnection,
    limit: Duration,
    stop: &Stop,
    waiting: impl FnMut(&str),
) -> Result<Guard> {
    let Some(mut means) = Means::of(db).await? else { return Ok(Guard::Alone) };
    let taken = wait(db, &mut means, limit, stop, waiting).await;
    match (taken, means) {
        (Ok(_), Means::Lease(lease)) => {
            let guard = Guard::Lease(lease);
            let behind = async { Ok(mysql::lease::catch_up(db).await?) };
            match holding(Some(&guard), behind).await {
                Ok(()) => Ok(guard),
                Err(error) => {
                    release(db, guard).await;
                    Err(error)
                }
            }
        }
        (Err(error), Means::Lease(lease)) => {
            release(db, Guard::Lease(lease)).await;
            Err(error)
        }
        (taken, _) => taken,
    }
}

async fn wait(
    db: &DatabaseConnection,
    means: &mut Means,
    limit: Duration,
    stop: &Stop,
    mut waiting: impl FnMut(&str),
) -> Result<Guard> {
    let began = Instant::now();
    let (mut pause, mut told) = (FIRST_PAUSE, false);
    loop {
        match means.once(db, limit.saturating_sub(began.elapsed())).await? {
            Try::Held(guard) => return Ok(guard),
            Try::Busy => {}
            Try::Doubtful => {
                *means = if matches!(means, Means::Named) {
                    Means::Lease(Lease::open(db).await?)
                } else {
                    postgres::pooler::refuse(db).await?;
                    Means::Advisory { sure: true }
                };
                continue;
            }
        }
        if stop.is_asked() {
            return Err(MigrationError::stopped(Vec::new()).into());
        }
        let waited = began.elapsed();
        if !told || waited >= limit {
            let holder = means.holder(db).await;
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

/// Does `work` as long as the lock is held. A lease is renewed meanwhile, and when it is lost nothing
/// further of the work is sent.
///
/// # Errors
/// Those of `work`; [`MigrationError::LeaseLost`].
pub(crate) fn holding<T>(
    guard: Option<&Guard>,
    work: impl Future<Output = Result<T>>,
) -> impl Future<Output = Result<T>> {
    let work = Box::pin(work);
    async move {
        let Some(Guard::Lease(lease)) = guard else { return work.await };
        match select(work, pin!(lease.keep())).await {
            Either::Left((done, _)) => done,
            Either::Right((lost, _)) => Err(lost),
        }
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
        (Guard::Lease(lease), _) => {
            // The node's first: whoever has the lease then finds it free.
            let here = mysql::lock::release(db).await;
            lease.release().await.and(here)
        }
        (Guard::Session, Dialect::Sqlite) | (Guard::File(_) | Guard::Alone, _) => Ok(()),
    };
    if let Err(error) = freed {
        tracing::debug!(%error, "the session of the migration lock has ended");
    }
}
