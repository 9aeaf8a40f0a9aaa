//! Applies and reverts migrations on the session that holds the lock.

mod batches;
mod one;
mod rehearse;
mod seen;
mod stamp;
mod unfinished;

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbErr, TransactionTrait as _};

use crate::{
    backup::Backup,
    catalog,
    dialect::{Dialect, lock::row, mysql},
    error::{MigrationError, Result},
    history::{Kind, Revisions},
    lock::{self, Guard},
    loss::{self, Amount, Loss},
    progress::{Event, Progress},
    records::{Begun, Open, Records, Way},
    retry,
    revisions::{self, Standing, State, Target},
};

use one::One;
pub use rehearse::Rehearsed;
pub(crate) use rehearse::rehearse;
use rehearse::{Rendered, render};
pub use stamp::Stamp;
pub use unfinished::Unfinished;
pub(crate) use unfinished::unfinished;

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
    db: &'r DatabaseConnection,
    revisions: &'r Revisions<'r>,
    records: Records<'r>,
    progress: &'r dyn Progress,
    /// The session that the lock belongs to, as its server names it.
    session: Option<i64>,
    guard: Option<Guard>,
    /// The copy that is made before anything changes; none when there is one already.
    backup: Mutex<Option<Backup>>,
}

impl<'r> Runner<'r> {
    /// Takes the lock, unless `limit` is `None`, and prepares the records.
    pub(crate) async fn start(
        db: &'r DatabaseConnection,
        revisions: &'r Revisions<'r>,
        progress: &'r dyn Progress,
        limit: Option<Duration>,
    ) -> Result<Self> {
        only_one(db)?;
        let records = Records::of(revisions, db.get_database_backend());
        let guard = match limit {
            Some(limit) => {
                let waiting = |holder: &str| progress.tell(Event::Waiting { holder });
                Some(lock::acquire(db, limit, waiting).await?)
            }
            None => None,
        };
        let backup = Mutex::new(None);
        let mut runner = Self { db, revisions, records, progress, session: None, guard, backup };
        match runner.prepare().await {
            Ok(()) => Ok(runner),
            Err(error) => {
                runner.finish().await;
                Err(error)
            }
        }
    }

    async fn prepare(&mut self) -> Result<()> {
        self.session = session_id(self.db).await?;
        if self.dialect() == Dialect::Mysql
            && let Some(file) = mysql::backup::half(self.db).await?
        {
            return Err(MigrationError::HalfRestored { file, source: None }.into());
        }
        self.records.prepare(self.db).await
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
        let copy = backup.make(self.db, revision).await?;
        self.progress.tell(Event::Copied { copy: &copy });
        Ok(())
    }

    /// Frees the lock: the session may go on.
    pub(crate) async fn finish(self) {
        if let Some(guard) = self.guard {
            lock::release(self.db, guard).await;
        }
    }

    fn dialect(&self) -> Dialect {
        self.records.dialect
    }

    /// How every revision stands now.
    pub(crate) async fn standings(&self) -> Result<Vec<Standing>> {
        let applied = self.records.applied(self.db).await?;
        Ok(revisions::compare(&self.revisions.known(), &applied))
    }

    /// Applies what is pending as far as `target`. What loses rows or values that were there before
    /// has to say that it may, unless the run may lose anything.
    pub(crate) async fn up(&self, target: &Target, may_lose: bool) -> Result<Vec<Ran>> {
        let standings = self.known_standings().await?;
        for changed in standings.iter().filter(|it| it.state == State::Changed) {
            let sentence = format!(
                "migration `{}` was edited after it was applied; what it says now has not run",
                changed.name
            );
            self.progress.tell(Event::Warning { sentence: &sentence });
        }
        let run = revisions::to_apply(&standings, target).map_err(MigrationError::from)?;
        self.announce(&run, may_lose).await?;
        self.back_up().await?;
        self.run(&standings, run, Way::Up).await
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
        loss::count(self.db, &mut losses).await;
        let refused = losses.iter().filter(|it| !may_lose && it.is_for_good() && !it.allowed);
        let refused: Vec<String> = refused.map(Loss::refusal).collect();
        if !refused.is_empty() {
            return Err(MigrationError::LossNotAllowed { losses: refused }.into());
        }
        // What comes earlier in this run, by code, or went in the one that was interrupted.
        losses.retain(|loss| loss.amount != Amount::Missing);
        if !losses.is_empty() {
            self.progress.tell(Event::Losing { losses: &losses });
        }
        Ok(())
    }

    /// Applies the revisions of these names, in the order of the list.
    pub(crate) async fn replay(&self, names: &[String]) -> Result<Vec<Ran>> {
        let standings = self.known_standings().await?;
        let chosen = standings.iter().enumerate().filter(|(_, it)| names.contains(&it.name));
        self.run(&standings, chosen.map(|(at, _)| at).collect(), Way::Up).await
    }

    /// Reverts what is applied, newest first, as far as `target`; nothing unless it is what is
    /// `expected`.
    pub(crate) async fn down(
        &self,
        target: &Target,
        expected: Option<&[String]>,
    ) -> Result<Vec<Ran>> {
        let standings = self.known_standings().await?;
        let run = revisions::to_revert(&standings, target).map_err(MigrationError::from)?;
        let names: Vec<String> = run.iter().map(|at| standings[*at].name.clone()).collect();
        if expected.is_some_and(|expected| *expected != names) {
            return Err(MigrationError::ChangedMeanwhile { doing: "revert", now: names }.into());
        }
        self.back_up().await?;
        self.run(&standings, run, Way::Down).await
    }

    /// Records the revisions up to `target` as applied and forgets the later ones, and runs none of them;
    /// nothing unless that is what is `expected`.
    pub(crate) async fn stamp(&self, target: &Target, expected: Option<&Stamp>) -> Result<Stamp> {
        let standings = self.known_standings().await?;
        let open = self.records.open(self.db).await?;
        if let Some(open) = open.filter(|open| !is_settled(open, &standings)) {
            let settle = self.records.settle(&open);
            let (migration, way) = (open.version, open.way.verb());
            return Err(MigrationError::Interrupted { migration, way, settle }.into());
        }
        let stamp = Stamp::of(self.revisions, &standings, target)?;
        if expected.is_some_and(|expected| *expected != stamp) {
            let now = stamp.forgotten;
            return Err(MigrationError::ChangedMeanwhile { doing: "forget", now }.into());
        }
        self.back_up().await?;
        let failed = |source| MigrationError::Record { doing: "stamp", source };
        let begun = self.db.begin_with_options(retry::to_write(self.db, None)).await;
        let transaction = begun.map_err(failed)?;
        for sql in stamp.statements(self.revisions, &self.records, Some(Duration::ZERO)) {
            transaction.execute_unprepared(&sql).await.map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)?;
        Ok(stamp)
    }

    /// Forgets what has run, as SeaORM's `reset` does.
    pub(crate) async fn uninstall(&self) -> Result<()> {
        self.records.uninstall(self.db).await
    }

    /// Drops every table of the schema, and begins the records anew.
    pub(crate) async fn drop_tables(&self) -> Result<()> {
        let failed = |source| MigrationError::DropTables { source };
        // PostgreSQL also finds a history in a later schema of the search path. It would stay, and
        // say that everything has run.
        let table = &self.revisions.table;
        if self.dialect() == Dialect::Postgres
            && !catalog::has_table(self.db, table).await.map_err(failed)?
        {
            let why = format!("table `{table}` is in another schema of the search path");
            return Err(failed(DbErr::Custom(why)).into());
        }
        self.back_up().await?;
        catalog::drop_tables(self.db).await.map_err(failed)?;
        self.records.prepare(self.db).await
    }

    async fn known_standings(&self) -> Result<Vec<Standing>> {
        without_missing(self.standings().await?)
    }

    async fn run(
        &self,
        standings: &[Standing],
        mut positions: Vec<usize>,
        way: Way,
    ) -> Result<Vec<Ran>> {
        let mut open = self.records.open(self.db).await?;
        if open.take_if(|open| is_settled(open, standings)).is_some() {
            self.records
                .close(self.db)
                .await
                .map_err(|source| MigrationError::Record { doing: "tidy", source })?;
        }
        if let Some(open) = &open {
            resume_first(&self.records, open, way, standings, &mut positions)?;
        }
        // All of them are rendered before the first runs: what the database has no form for is
        // refused before anything has changed.
        let mut plan = Vec::new();
        for at in positions {
            let revision = &self.revisions.list[at];
            // Behind code it is known when its turn comes.
            let rendered = match render(self.dialect(), revision, way, None) {
                Err(_) if !revision.is_known() => Rendered::default(),
                rendered => rendered?,
            };
            plan.push((revision, rendered));
        }
        self.progress.tell(Event::Planned { migrations: plan.len() });
        let mut done: Vec<Ran> = Vec::new();
        for (revision, mut rendered) in plan {
            let names = || done.iter().map(|ran| ran.name.clone()).collect::<Vec<_>>();
            self.still_the_same_session(names).await?;
            self.progress
                .tell(Event::Began { migration: &revision.name, reverting: way == Way::Down });
            let began = Instant::now();
            let left = open.take();
            let one = One { runner: self, revision, way, began, done: names() };
            if !revision.is_known() {
                let found = one.look().await?;
                rendered = render(self.dialect(), revision, way, Some(&found))?;
            }
            match (&revision.kind, &rendered, left) {
                // It was data when it was interrupted.
                (Kind::Imperative(_), _, Some(left)) => return Err(one.changed(&left).into()),
                (Kind::Imperative(migration), _, None) => one.imperative(*migration).await?,
                (Kind::Declared { .. }, rendered, left) => match self.dialect() {
                    Dialect::Mysql => one.journaled(rendered, left).await?,
                    Dialect::Sqlite | Dialect::Postgres => one.in_parts(rendered, left).await?,
                },
            }
            let took = began.elapsed();
            self.progress.tell(Event::Ended { migration: &revision.name, took });
            done.push(Ran { name: revision.name.clone(), took });
        }
        self.progress.tell(Event::Done);
        Ok(done)
    }

    /// A pool replaces a connection that broke, and the lock would be gone with the old one.
    async fn still_the_same_session(&self, done: impl Fn() -> Vec<String>) -> Result<()> {
        match session_id(self.db).await {
            Ok(session) if session == self.session => Ok(()),
            Ok(_) => Err(MigrationError::ConnectionLost { done: done(), source: None }.into()),
            Err(source) => {
                Err(MigrationError::ConnectionLost { done: done(), source: Some(source) }.into())
            }
        }
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

/// Whether somebody has recorded by hand what an interrupted migration came to.
pub(crate) fn is_settled(open: &Open, standings: &[Standing]) -> bool {
    let is_applied = standings.iter().any(|it| it.name == open.version && it.is_applied());
    match open.way {
        Way::Up => is_applied,
        Way::Down => !is_applied,
    }
}

/// Puts the migration that an earlier run left open before all others: there is one journal entry.
///
/// # Errors
/// [`MigrationError::Interrupted`] when what it did is not known, or the code has it no more;
/// [`MigrationError::InterruptedOtherWay`] when this run does not lead through it.
pub(crate) fn resume_first(
    records: &Records<'_>,
    open: &Open,
    way: Way,
    standings: &[Standing],
    positions: &mut [usize],
) -> Result<(), MigrationError> {
    let migration = open.version.clone();
    let verb = open.way.verb();
    let position = standings.iter().position(|it| it.name == open.version);
    let (Some(position), false) = (position, open.begun == Begun::Code) else {
        let settle = records.settle(open);
        return Err(MigrationError::Interrupted { migration, way: verb, settle });
    };
    match positions.iter().position(|at| *at == position) {
        Some(at) if open.way == way => {
            positions[..=at].rotate_right(1);
            Ok(())
        }
        _ => Err(MigrationError::InterruptedOtherWay { migration, way: verb }),
    }
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
