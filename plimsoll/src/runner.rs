//! Applies and reverts migrations on the session that holds the lock.

mod at_once;
mod batches;
mod create;
mod did;
mod guest;
mod one;
mod one_by_one;
mod rehearse;
mod repair;
mod seen;
mod stamp;
mod together;
mod unfinished;

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbErr, TransactionTrait as _};

use crate::{
    backup::Backup,
    catalog,
    dialect::{Dialect, lock::row, postgres::elsewhere::Dropped},
    error::{Error, MigrationError, Result},
    history::{Kind, Revisions},
    limits::Settings,
    lock::{self, Guard},
    loss::{self, Amount, Loss},
    plain::Plain,
    progress::Event,
    records::{Open, Records, Took, Way},
    retry,
    revisions::{self, Standing, State, Target},
    stop::Heeding,
    terms::{Terms, or_stopped},
};

pub(crate) use create::empty;
pub use rehearse::Rehearsed;
pub(crate) use rehearse::rehearse;
pub(crate) use repair::repair;
pub use repair::{Repair, Repaired};
pub use stamp::Stamp;
pub use unfinished::Unfinished;
use unfinished::{interrupted, is_nothing};
pub(crate) use unfinished::{is_settled, resume_first, still_open, unfinished};

/// A revision that a run has applied or reverted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// Its name.
    pub name: String,
    /// How long it took.
    pub took: Duration,
}

/// A run: the session, the lock, and what is known of the database.
pub(crate) struct Runner<'r> {
    pool: &'r DatabaseConnection,
    /// The one connection of the pool, between two uses of it that need not give it back: the pool
    /// tests it each time.
    held: Mutex<Option<Plain>>,
    /// Of which revisions the records still had something, although they have not run, when they were
    /// last looked at.
    stale: Mutex<BTreeSet<String>>,
    revisions: &'r Revisions<'r>,
    records: Records<'r>,
    terms: Terms<'r>,
    /// What the session was told of waiting, and what it is to be told when the run ends.
    settings: Option<Settings>,
    /// The session that the lock belongs to, as its server names it.
    session: Option<i64>,
    guard: Option<Guard>,
    /// The copy that is made before anything changes; none when there is one already.
    backup: Mutex<Option<Backup>>,
    _heeding: Heeding,
}

impl<'r> Runner<'r> {
    /// Takes the lock, unless there is to be none, and prepares the records.
    pub(crate) async fn start(
        db: &'r DatabaseConnection,
        revisions: &'r Revisions<'r>,
        terms: Terms<'r>,
    ) -> Result<Self> {
        only_one(db)?;
        let records = Records::of(revisions, db.get_database_backend());
        let heeding = terms.stop.heed();
        let guard = match terms.lock {
            Some(limit) => {
                let waiting = |holder: &str| terms.progress.tell(Event::Waiting { holder });
                Some(lock::acquire(db, limit, &terms.stop, waiting).await?)
            }
            None => None,
        };
        let mut runner = Self {
            pool: db,
            held: Mutex::default(),
            stale: Mutex::default(),
            revisions,
            records,
            terms,
            settings: None,
            session: None,
            guard: None,
            backup: Mutex::new(None),
            _heeding: heeding,
        };
        let prepared = lock::holding(guard.as_ref(), runner.prepare()).await;
        runner.guard = guard;
        match prepared {
            Ok(()) => Ok(runner),
            Err(error) => runner.finish(Err(error)).await,
        }
    }

    async fn prepare(&mut self) -> Result<()> {
        self.session = session_id(self.db()).await?;
        if let Some(limits) = &self.terms.limits {
            self.settings = Some(Settings::set(self.db(), limits).await?);
        }
        self.terms.patiently(async || self.records.prepare(self.db()).await).await
    }

    /// Has a copy of the database made before anything changes.
    pub(crate) fn with_backup(mut self, backup: Option<Backup>) -> Self {
        self.backup = Mutex::new(backup);
        self
    }

    /// Makes the copy that was asked for, once.
    pub(crate) async fn back_up(&self) -> Result<()> {
        let backup = self.backup.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(backup) = backup else { return Ok(()) };
        let standings = self.standings().await?;
        let revision = standings.iter().rfind(|it| it.is_applied()).map(|it| it.name.as_str());
        let copy = backup.make(self.db(), revision, &self.terms.stop).await?;
        self.terms.progress.tell(Event::Copied { copy: &copy });
        Ok(())
    }

    /// Does `work` as long as the lock is held.
    pub(crate) fn locked<T>(
        &self,
        work: impl Future<Output = Result<T>>,
    ) -> impl Future<Output = Result<T>> {
        lock::holding(self.guard.as_ref(), work)
    }

    /// Leaves the session as it was, and frees the lock: it may go on. Gives what the run came to.
    pub(crate) async fn finish<T>(self, outcome: Result<T>) -> Result<T> {
        if let Err(Error::Migration(MigrationError::LeaseLost { .. })) = &outcome {
            // The session may be in the middle of a statement.
            return outcome;
        }
        let db = self.db();
        if let Some(settings) = &self.settings {
            settings.restore(db).await;
        }
        if let Some(guard) = self.guard {
            lock::release(db, guard).await;
        }
        outcome.map_err(|error| or_stopped(error, &self.terms.stop))
    }

    /// The pool, with its connection in it.
    fn db(&self) -> &'r DatabaseConnection {
        drop(self.held());
        self.pool
    }

    fn held(&self) -> Option<Plain> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The pool's connection, for statements as plain text.
    async fn plain(&self) -> Result<Plain, DbErr> {
        match self.held() {
            Some(plain) => Ok(plain),
            None => Plain::of(self.pool).await,
        }
    }

    /// For how long each of several statements that write down how far it is may stay without an answer: as
    /// long as it may wait for a table and for a row, and a minute.
    fn patience(&self) -> Option<Duration> {
        let limits = self.terms.limits.as_ref()?;
        Some(Duration::from_mins(1) + limits.wait * 2)
    }

    /// Keeps the connection for the next who wants it; [`Self::db`] gives it back to the pool.
    fn hold(&self, plain: Plain) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(plain);
    }

    fn dialect(&self) -> Dialect {
        self.records.dialect
    }

    /// How every revision stands now.
    pub(crate) async fn standings(&self) -> Result<Vec<Standing>> {
        Ok(self.look().await?.0)
    }

    /// Applies what is pending as far as `target`. What loses rows or values that were there before
    /// has to say that it may, unless the run may lose anything. Gives what has run, and the names of what
    /// is still pending.
    pub(crate) async fn up(
        &self,
        target: &Target,
        may_lose: bool,
    ) -> Result<(Vec<Ran>, Vec<String>)> {
        let (standings, open) = self.look_at_known().await?;
        for changed in standings.iter().filter(|it| it.state == State::Changed) {
            let sentence = format!(
                "migration `{}` was edited after it was applied; what it says now has not run",
                changed.name
            );
            self.terms.progress.tell(Event::Warning { sentence: &sentence });
        }
        let run = revisions::to_apply(&standings, target).map_err(MigrationError::from)?;
        self.in_order(&standings, &run)?;
        self.announce(&run, may_lose).await?;
        self.back_up().await?;
        let is_left = |(at, it): &(usize, &Standing)| {
            it.state == State::Pending && run.binary_search(at).is_err()
        };
        let left = standings.iter().enumerate().filter(is_left).map(|(_, it)| it.name.clone());
        let left = left.collect();
        Ok((self.run(&standings, open, run, Way::Up).await?, left))
    }

    /// The names of what is pending now.
    pub(crate) async fn pending(&self) -> Result<Vec<String>> {
        let standings = self.standings().await?;
        let pending = standings.into_iter().filter(|it| it.state == State::Pending);
        Ok(pending.map(|it| it.name).collect())
    }

    /// Tells what applying these revisions loses.
    ///
    /// # Errors
    /// [`MigrationError::LossNotAllowed`] when one of them does not say that it may.
    async fn announce(&self, run: &[usize], may_lose: bool) -> Result<()> {
        let mut losses = loss::of(run.iter().filter_map(|at| {
            let revision = &self.revisions.list[*at];
            // What code loses nobody knows, and so nobody can be told at each `up`.
            match &revision.kind {
                Kind::Declared { steps, .. } => Some((&*revision.name, Some(steps.clone()))),
                Kind::Imperative(_) => None,
            }
        }));
        losses.retain(|loss| loss.place().is_some());
        loss::count(self.db(), &mut losses).await;
        let refused = losses.iter().filter(|it| !may_lose && it.is_for_good() && !it.allowed);
        let refused: Vec<String> = refused.map(Loss::refusal).collect();
        if !refused.is_empty() {
            return Err(MigrationError::LossNotAllowed { losses: refused }.into());
        }
        // What comes earlier in this run, by code, or went in the one that was interrupted.
        losses.retain(|loss| loss.amount != Amount::Missing);
        if !losses.is_empty() {
            self.terms.progress.tell(Event::Losing { losses: &losses });
        }
        Ok(())
    }

    /// Refuses, or tells of, what runs behind a later revision.
    fn in_order(&self, standings: &[Standing], run: &[usize]) -> Result<()> {
        let runs = |it: &&Standing| run.iter().any(|at| standings[*at].name == it.name);
        let late: Vec<String> = revisions::out_of_order(standings)
            .into_iter()
            .filter(runs)
            .map(|it| it.name.clone())
            .collect();
        let Some((_, last)) = revisions::last_applied(standings).filter(|_| !late.is_empty())
        else {
            return Ok(());
        };
        let found = MigrationError::OutOfOrder { migrations: late, last: last.name.clone() };
        if self.terms.in_order {
            return Err(found.into());
        }
        let sentence = format!("{found}: it runs behind it");
        self.terms.progress.tell(Event::Warning { sentence: &sentence });
        Ok(())
    }

    /// Applies the revisions of these names, in the order of the list.
    pub(crate) async fn replay(&self, names: &[String]) -> Result<Vec<Ran>> {
        let (standings, open) = self.look_at_known().await?;
        let chosen = standings.iter().enumerate().filter(|(_, it)| names.contains(&it.name));
        self.run(&standings, open, chosen.map(|(at, _)| at).collect(), Way::Up).await
    }

    /// Reverts what is applied, newest first, as far as `target`; nothing unless it is what is
    /// `expected`.
    pub(crate) async fn down(
        &self,
        target: &Target,
        expected: Option<&[String]>,
    ) -> Result<Vec<Ran>> {
        let (standings, open) = self.look_at_known().await?;
        let run = revisions::to_revert(&standings, target).map_err(MigrationError::from)?;
        let names: Vec<String> = run.iter().map(|at| standings[*at].name.clone()).collect();
        if expected.is_some_and(|expected| *expected != names) {
            return Err(MigrationError::ChangedMeanwhile { doing: "revert", now: names }.into());
        }
        self.back_up().await?;
        self.run(&standings, open, run, Way::Down).await
    }

    /// Records the revisions up to `target` as applied and forgets the later ones, and runs none of them;
    /// nothing unless that is what is `expected`.
    pub(crate) async fn stamp(&self, target: &Target, expected: Option<&Stamp>) -> Result<Stamp> {
        let (standings, open) = self.look_at_known().await?;
        if let Some(open) = open.filter(|open| !is_settled(open, &standings)) {
            return Err(interrupted(&open).into());
        }
        let stamp = Stamp::of(self.revisions, &standings, target)?;
        if expected.is_some_and(|expected| *expected != stamp) {
            let now = stamp.forgotten;
            return Err(MigrationError::ChangedMeanwhile { doing: "forget", now }.into());
        }
        self.back_up().await?;
        let statements =
            stamp.statements(self.revisions, &self.records, Took::Exactly(Duration::ZERO));
        self.keep(&statements, "stamp").await?;
        Ok(stamp)
    }

    /// Writes to the records, all of it or nothing.
    async fn keep(&self, statements: &[String], doing: &'static str) -> Result<()> {
        let kept = self.terms.patiently(async || {
            let tx = self.db().begin_with_options(retry::to_write(self.db(), None)).await?;
            for sql in statements {
                tx.execute_unprepared(sql).await?;
            }
            tx.commit().await
        });
        Ok(kept.await.map_err(|source| MigrationError::Record { doing, source })?)
    }

    /// Settles what a crash or an edit left behind; nothing unless it is what is `expected`.
    pub(crate) async fn repair(
        &self,
        how: &Repair,
        again: &[Standing],
        expected: Option<&Repaired>,
    ) -> Result<Repaired> {
        let (standings, open) = self.look().await?;
        let open = still_open(self.db(), open, &standings).await?;
        let repaired = repair(self.revisions, &self.records, standings, again, open.as_ref(), how)?;
        if expected.is_some_and(|expected| expected.sentence != repaired.sentence) {
            let now = vec![repaired.name];
            return Err(MigrationError::ChangedMeanwhile { doing: "settle", now }.into());
        }
        self.back_up().await?;
        self.keep(&repaired.statements, "repair").await?;
        Ok(repaired)
    }

    /// Forgets what has run, as SeaORM's `reset` does.
    pub(crate) async fn uninstall(&self) -> Result<()> {
        self.records.uninstall(self.db()).await
    }

    /// Drops every table of the schema, and begins the records anew.
    pub(crate) async fn drop_tables(&self) -> Result<()> {
        let failed = catalog::not_dropped;
        // PostgreSQL also finds a history in a later schema of the search path. It would stay, and
        // say that everything has run.
        let table = &self.revisions.table;
        if self.dialect() == Dialect::Postgres
            && !catalog::has_table(self.db(), table).await.map_err(failed)?
        {
            let why = format!("table `{table}` is in another schema of the search path");
            return Err(failed(DbErr::Custom(why)).into());
        }
        catalog::keep_elsewhere(self.db(), Dropped::Tables).await?;
        self.back_up().await?;
        let drop = async || catalog::drop_tables(self.db()).await;
        self.terms.patiently(drop).await.map_err(catalog::of_dropping)?;
        self.records.prepare(self.db()).await
    }

    /// How every revision stands, and what an earlier run left open.
    async fn look(&self) -> Result<(Vec<Standing>, Option<Open>)> {
        let read = self.records.read(self.db(), false).await?;
        let standings = read.standings(self.revisions);
        *self.stale.lock().unwrap_or_else(PoisonError::into_inner) = read.stale;
        Ok((standings, read.open))
    }

    /// The same, when the code knows every revision.
    async fn look_at_known(&self) -> Result<(Vec<Standing>, Option<Open>)> {
        let (standings, mut open) = self.look().await?;
        if let Some(left) = &open
            && is_nothing(self.db(), left).await?
        {
            self.close().await?;
            open = None;
        }
        Ok((without_missing(standings)?, open))
    }

    /// Writes down that nothing is open.
    async fn close(&self) -> Result<()> {
        let closed = self.records.close(self.db()).await;
        Ok(closed.map_err(|source| MigrationError::Record { doing: "tidy", source })?)
    }
}

/// Refuses a pool: what one of its sessions locks or sets, another would not have.
///
/// # Errors
/// [`MigrationError::NotOneSession`].
pub(crate) fn only_one(db: &DatabaseConnection) -> Result<()> {
    let connections = match Dialect::from(db.get_database_backend()) {
        Dialect::Sqlite => db.get_sqlite_connection_pool().options().get_max_connections(),
        Dialect::Postgres => db.get_postgres_connection_pool().options().get_max_connections(),
        Dialect::Mysql => db.get_mysql_connection_pool().options().get_max_connections(),
    };
    if connections > 1 {
        return Err(MigrationError::NotOneSession { connections }.into());
    }
    Ok(())
}

/// How every revision stands, when the code knows them all.
///
/// # Errors
/// [`MigrationError::MissingRevisions`] when it does not.
pub(crate) fn without_missing(standings: Vec<Standing>) -> Result<Vec<Standing>> {
    let missing: Vec<String> = standings
        .iter()
        .filter(|it| it.state == State::Missing)
        .map(|it| it.name.clone())
        .collect();
    if missing.is_empty() {
        Ok(standings)
    } else {
        Err(MigrationError::MissingRevisions { revisions: missing }.into())
    }
}

/// The name that the server has for this session; none for SQLite, which has no server.
async fn session_id(db: &DatabaseConnection) -> Result<Option<i64>, DbErr> {
    let sql = match Dialect::from(db.get_database_backend()) {
        Dialect::Sqlite => return Ok(None),
        Dialect::Postgres => "SELECT pg_backend_pid()::bigint",
        Dialect::Mysql => "SELECT CAST(CONNECTION_ID() AS SIGNED)",
    };
    row(db, sql.to_owned()).await?.map(|row| row.try_get_by_index(0)).transpose()
}
