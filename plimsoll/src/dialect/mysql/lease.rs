//! The lease that takes the place of `GET_LOCK` on a Galera cluster, where that locks one node alone.
//!
//! A row says who holds it, and each change of the row counts on. Its holder counts on as long as it
//! runs; whoever waits takes it over when the count has stood still for [`TERM`] by its own watch, so
//! that no two clocks are compared. A take names the count that was seen: of two that see the same one
//! the cluster lets one through, whichever nodes they are on. A renewal that waits behind a long `ALTER` is
//! in the order of the cluster already, and a take that comes after it is refused.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use futures_timer::Delay;
use futures_util::future::{Either, select};
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DbErr, Statement,
    sqlx::{self, Connection as _, Executor as _, MySqlPool, mysql::MySqlPoolOptions},
};

use crate::{
    connect::{beside_mysql, within},
    error::{Error, MigrationError, Result},
    names,
    random::{OsRandom, Random as _},
    retry::{Retry, is_transient, of_query},
    who,
};

/// The table of the lease, made by whoever first needs it.
pub(crate) const TABLE: &str = "plimsoll_lock";

/// How long a holder that says nothing is waited for.
pub(crate) const TERM: Duration = Duration::from_secs(20);
/// How long a holder waits between two renewals.
const BEAT: Duration = Duration::from_secs(3);
/// A holder that could not renew for so long takes it for lost, before anybody takes it over.
const LATEST: Duration = Duration::from_secs(12);
/// How long an answer is waited for before the server is asked whether it is there at all.
const PATIENCE: Duration = Duration::from_secs(4);

const COLUMNS: [&str; 6] = ["id", "token", "holder", "since", "renewed", "beat"];
const CREATE: &str = "CREATE TABLE IF NOT EXISTS plimsoll_lock (id int NOT NULL PRIMARY KEY, \
     token varchar(32), holder varchar(255), since datetime, renewed datetime, \
     beat bigint NOT NULL) ENGINE = InnoDB CHARACTER SET utf8mb4";
const BEGIN: &str = "INSERT IGNORE INTO plimsoll_lock (id, beat) VALUES (1, 0)";
const LOOK: &str = "SELECT token, beat FROM plimsoll_lock WHERE id = 1";
const TAKE: &str = "UPDATE plimsoll_lock SET token = ?, holder = ?, beat = beat + 1, \
     since = UTC_TIMESTAMP(), renewed = UTC_TIMESTAMP() WHERE id = 1 AND beat = ?";
const RENEW: &str = "UPDATE plimsoll_lock SET beat = beat + 1, renewed = UTC_TIMESTAMP() \
     WHERE id = 1 AND token = ?";
const GIVE_BACK: &str = "UPDATE plimsoll_lock SET beat = beat + 1, token = NULL, holder = NULL, \
     since = NULL, renewed = NULL WHERE id = 1 AND token = ?";

/// What every session of the lease begins with: what it reads is what the whole cluster has agreed on.
/// What it writes does not wait for that, else a renewal would not be in the order of the cluster while a
/// statement that changes a table runs.
const SESSION: &str = "SET SESSION wsrep_sync_wait = 1, SESSION innodb_lock_wait_timeout = 5, \
     SESSION time_zone = '+00:00'";

/// The lease, held or waited for, with connections of its own.
#[derive(Debug)]
pub(crate) struct Lease {
    pool: MySqlPool,
    token: String,
    /// The count of whoever holds it, and since when it stands still.
    seen: Option<(i64, Instant)>,
    /// When it was last renewed, if it is held.
    renewed: Option<Instant>,
}

impl Lease {
    /// Connects to where `db` is connected, and makes the table when it is not there.
    ///
    /// # Errors
    /// [`MigrationError::LeaseTable`].
    pub(crate) async fn open(db: &DatabaseConnection) -> Result<Self> {
        let mut token = [0; 16];
        OsRandom.fill(&mut token);
        // The second is for the question whether the server is there while the first waits.
        let pool = MySqlPoolOptions::new()
            .max_connections(2)
            .acquire_timeout(PATIENCE)
            .after_connect(|session, _| {
                Box::pin(async move { session.execute(SESSION).await.map(drop) })
            })
            .connect_lazy_with(beside_mysql(db));
        let token = names::hex(&token);
        let lease = Self { pool, token, seen: None, renewed: None };
        let retry = Retry::default();
        let mut pauses = retry.pauses();
        loop {
            match lease.prepare().await {
                Ok(()) => return Ok(lease),
                // Another node makes it now.
                Err(error) if is_transient(&error) => match pauses.next() {
                    Some(pause) => Delay::new(pause).await,
                    None => return Err(of_table(error)),
                },
                Err(error) => return Err(of_table(error)),
            }
        }
    }

    async fn prepare(&self) -> Result<(), DbErr> {
        const THERE: &str = "SELECT CAST(column_name AS CHAR) FROM information_schema.columns \
             WHERE table_schema = DATABASE() AND table_name = 'plimsoll_lock'";
        let columns: Vec<String> =
            sqlx::query_scalar(THERE).fetch_all(&self.pool).await.map_err(of_query)?;
        if columns.is_empty() {
            sqlx::query(CREATE).execute(&self.pool).await.map_err(of_query)?;
            sqlx::query(BEGIN).execute(&self.pool).await.map_err(of_query)?;
        } else if let Some(missing) = COLUMNS.iter().find(|it| !columns.iter().any(|is| is == *it))
        {
            let problem = format!("it has no column `{missing}`: another version made it");
            return Err(DbErr::Custom(problem));
        }
        Ok(())
    }

    /// Tries to take it; keeps it when it is held. Gives whether it is held.
    ///
    /// # Errors
    /// [`MigrationError::LeaseTable`].
    pub(crate) async fn take(&mut self) -> Result<bool> {
        match self.try_take().await {
            // Another node was first, or this one does not take part now.
            Err(error) if is_transient(&error) => {
                self.seen = None;
                Ok(false)
            }
            tried => tried.map_err(of_table),
        }
    }

    async fn try_take(&mut self) -> Result<bool, DbErr> {
        if let Some(renewed) = self.renewed {
            if renewed.elapsed() < BEAT {
                return Ok(true);
            }
            let sent = Instant::now();
            self.renewed = self.change(RENEW).await?.then_some(sent);
            return Ok(self.renewed.is_some());
        }
        let row: Option<(Option<String>, i64)> =
            sqlx::query_as(LOOK).fetch_optional(&self.pool).await.map_err(of_query)?;
        let Some((holder, beat)) = row else {
            sqlx::query(BEGIN).execute(&self.pool).await.map_err(of_query)?;
            return Ok(false);
        };
        // A take of which the answer was lost.
        if holder.as_ref() == Some(&self.token) {
            self.renewed = Some(Instant::now());
            return Ok(true);
        }
        let stands = match self.seen {
            Some((seen, since)) if seen == beat => since.elapsed(),
            _ => {
                self.seen = Some((beat, Instant::now()));
                Duration::ZERO
            }
        };
        if holder.is_some() && stands < TERM {
            return Ok(false);
        }
        let sent = Instant::now();
        let take = sqlx::query(TAKE).bind(&self.token).bind(who::process()).bind(beat);
        let taken = take.execute(&self.pool).await.map_err(of_query)?.rows_affected() == 1;
        self.renewed = taken.then_some(sent);
        Ok(taken)
    }

    async fn change(&self, sql: &'static str) -> Result<bool, DbErr> {
        let changed = sqlx::query(sql).bind(&self.token).execute(&self.pool).await;
        Ok(changed.map_err(of_query)?.rows_affected() == 1)
    }

    pub(crate) fn is_held(&self) -> bool {
        self.renewed.is_some()
    }

    /// Renews it until it is lost, and tells how.
    pub(crate) async fn keep(&self) -> Error {
        let mut confirmed = self.renewed.unwrap_or_else(Instant::now);
        loop {
            match self.renew().await {
                Ok(true) => confirmed = Instant::now(),
                Ok(false) => return self.lost_to().await,
                Err(error) if confirmed.elapsed() >= LATEST => {
                    let why = format!(
                        "it could not be renewed for {} s: {error}",
                        confirmed.elapsed().as_secs()
                    );
                    return MigrationError::LeaseLost { why }.into();
                }
                Err(error) => tracing::debug!(%error, "the lease is not renewed yet"),
            }
            Delay::new(BEAT).await;
        }
    }

    /// Renews it once, and waits for that as long as the server answers at all: behind a statement that
    /// changes a table everywhere it takes as long as that.
    async fn renew(&self) -> Result<bool, DbErr> {
        let mut renewing = pin!(self.change(RENEW));
        loop {
            match select(renewing, Delay::new(PATIENCE)).await {
                Either::Left((renewed, _)) => return renewed,
                Either::Right(((), still)) => renewing = still,
            }
            let asked = within(PATIENCE, async { self.pool.acquire().await?.ping().await }).await;
            asked.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(of_query)?;
        }
    }

    async fn lost_to(&self) -> Error {
        const HOLDER: &str = "SELECT holder FROM plimsoll_lock WHERE id = 1";
        let holder = sqlx::query_scalar::<_, Option<String>>(HOLDER).fetch_optional(&self.pool);
        let why = match within(PATIENCE, holder).await {
            Some(Ok(Some(Some(holder)))) => format!("{holder} has it now"),
            Some(Ok(_)) => "somebody took it away, and nobody has it now".to_owned(),
            Some(Err(error)) => format!("nobody knows who has it now: {error}"),
            None => "nobody knows who has it now".to_owned(),
        };
        MigrationError::LeaseLost { why }.into()
    }

    /// Gives it back.
    pub(crate) async fn release(&self) -> Result<(), DbErr> {
        let released = self.change(GIVE_BACK).await.map(drop);
        let _ = within(PATIENCE, self.pool.close()).await;
        released
    }
}

/// Who holds it, as far as this node knows; who has not renewed it for longer than its term only might.
pub(crate) async fn holder(db: &DatabaseConnection) -> Result<Option<String>> {
    let sql = format!(
        "SELECT CAST(CONCAT(holder, ' since ', DATE_FORMAT(since, '%Y-%m-%dT%H:%i:%sZ'), \
           ', last heard of ', TIMESTAMPDIFF(SECOND, renewed, UTC_TIMESTAMP()), ' s ago') AS CHAR) \
         FROM {TABLE} WHERE id = 1"
    );
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    Ok(row.map(|row| row.try_get_by_index::<Option<String>>(0)).transpose()?.flatten())
}

/// Whether somebody holds it who was heard of within its term.
pub(crate) async fn is_held(db: &DatabaseConnection) -> Result<bool> {
    let sql = format!(
        "SELECT CAST(COUNT(*) AS SIGNED) FROM {TABLE} WHERE id = 1 AND token IS NOT NULL \
         AND renewed > UTC_TIMESTAMP() - INTERVAL {} SECOND",
        TERM.as_secs()
    );
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    let held: Option<i64> = row.map(|row| row.try_get_by_index(0)).transpose()?;
    Ok(held.is_some_and(|held| held > 0))
}

/// Lets the session of the run see all that the cluster had agreed on when the lease was taken.
pub(crate) async fn catch_up(db: &DatabaseConnection) -> Result<(), DbErr> {
    const BEHIND: &str =
        "SET @plimsoll_sync_wait = @@SESSION.wsrep_sync_wait, SESSION wsrep_sync_wait = 1";
    const AS_IT_WAS: &str = "SET SESSION wsrep_sync_wait = @plimsoll_sync_wait";
    db.execute_unprepared(BEHIND).await?;
    let caught_up = loop {
        match db.execute_unprepared(LOOK).await {
            // What it waits for is a statement of others that takes long.
            Err(error) if is_transient(&error) => Delay::new(BEAT / 10).await,
            looked => break looked,
        }
    };
    db.execute_unprepared(AS_IT_WAS).await?;
    caught_up.map(drop)
}

fn of_table(source: DbErr) -> Error {
    MigrationError::LeaseTable { table: TABLE, source }.into()
}
