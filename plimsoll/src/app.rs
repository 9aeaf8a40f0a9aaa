//! A project's migrations and seeds as one thing that a command or a program runs.

mod run;

use std::time::Duration;

use sea_orm::DatabaseConnection;

use crate::{
    config::Database,
    connect,
    error::{MigrationError, Result},
    history::{History, Revisions},
    progress::Log,
    records::Records,
    revisions::{self, Standing, State, Target},
    runner::{Ran, is_settled, without_missing},
    seed::{Seeded, Seeder},
};

pub use run::Run;

/// How long the lock is waited for when nobody says otherwise.
pub const LOCK_TIMEOUT: Duration = Duration::from_mins(10);

/// A project's migrations and default rows.
///
/// ```no_run
/// # mod m20261120_090000_create_pets {
/// #     pub(crate) fn steps() -> plimsoll::Steps { plimsoll::Steps::new() }
/// # }
/// # plimsoll::history! { declared m20261120_090000_create_pets }
/// # async fn start(database: &plimsoll::config::Database) -> plimsoll::Result<()> {
/// let app = plimsoll::App::new(history());
/// let report = app.up(database).await?;
/// println!("{} migrations were applied", report.applied.len());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct App {
    history: History,
    seeds: Vec<(String, String)>,
    version: Option<&'static str>,
}

/// What a run has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The revisions that were applied, in order.
    pub applied: Vec<Ran>,
    /// What the seeders did, in order.
    pub seeded: Vec<Seeded>,
}

/// Which seeders run: all of them by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// These alone, if any is named.
    pub only: Vec<String>,
    /// Not these.
    pub skip: Vec<String>,
}

impl App {
    /// An app with these migrations and no default rows.
    pub fn new(history: History) -> Self {
        Self { history, seeds: Vec::new(), version: None }
    }

    /// Adds seed files, in the order in which they run: the name of each file, and its text.
    #[must_use]
    pub fn seeds<'s>(mut self, files: impl IntoIterator<Item = &'s (&'s str, &'s str)>) -> Self {
        self.seeds
            .extend(files.into_iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())));
        self
    }

    /// Says what `--version` answers.
    #[must_use]
    pub fn version(mut self, version: &'static str) -> Self {
        self.version = Some(version);
        self
    }

    #[cfg(feature = "cli")]
    pub(crate) fn has_seeds(&self) -> bool {
        !self.seeds.is_empty()
    }

    #[cfg(feature = "cli")]
    pub(crate) fn version_text(&self) -> Option<&'static str> {
        self.version
    }

    /// The history, for those who go through it themselves.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The revisions that the database has not, or has not whole, in order. Needs no right but to
    /// read.
    ///
    /// # Errors
    /// [`MigrationError::MissingRevisions`] when the database has revisions that the code does not
    /// know; [`MigrationError::Record`] when the records cannot be read; and what is wrong with the
    /// list itself ([`MigrationError::BadHistory`], [`MigrationError::BadMigration`]).
    pub async fn pending(&self, db: &DatabaseConnection) -> Result<Vec<String>> {
        let revisions = self.history.load()?;
        let standings = without_missing(self.standings_of(db, &revisions).await?)?;
        let mut pending: Vec<String> = standings
            .iter()
            .filter(|it| it.state == State::Pending)
            .map(|it| it.name.clone())
            .collect();
        // Recorded as applied, and half of it is gone: a run that was killed on the way back.
        let records = Records::of(&revisions, db.get_database_backend());
        if let Some(open) = records.open(db).await?
            && !is_settled(&open, &standings)
            && !pending.contains(&open.version)
        {
            pending.push(open.version);
        }
        Ok(pending)
    }

    /// How every revision stands. Needs no right but to read.
    ///
    /// # Errors
    /// Those of [`App::pending`], but for missing revisions, which are part of the answer.
    pub async fn standings(&self, db: &DatabaseConnection) -> Result<Vec<Standing>> {
        let revisions = self.history.load()?;
        self.standings_of(db, &revisions).await
    }

    async fn standings_of(
        &self,
        db: &DatabaseConnection,
        revisions: &Revisions<'_>,
    ) -> Result<Vec<Standing>> {
        let records = Records::of(revisions, db.get_database_backend());
        let applied = records.applied(db).await?;
        Ok(revisions::compare(&revisions.known(), &applied))
    }

    /// Applies what is pending and offers the default rows, under the lock: any number of
    /// processes may call it at once, and each migration runs once. Tells the log.
    ///
    /// # Errors
    /// Everything that can go wrong with the connection, the lock, a migration or a seed. What was
    /// applied before stays applied, and is named in [`MigrationError::Failed`].
    pub async fn up(&self, database: &Database) -> Result<Report> {
        let db = connect::session(database).await?;
        let report = self.up_on(&db).await;
        // The session ends with the process or here; what it says when it closes changes nothing.
        let _ = db.close().await;
        report
    }

    /// As [`App::up`], on a connection that is there: a pool of one, whose session is kept.
    ///
    /// # Errors
    /// Those of [`App::up`]; [`MigrationError::NotOneSession`] for a pool of more, which would spread
    /// a migration over several sessions.
    pub async fn up_on(&self, db: &DatabaseConnection) -> Result<Report> {
        self.on(db).up(&Target::Head, &Choice::default()).await
    }

    /// What the command can do, on a connection that is there: a pool of one, as
    /// [`connect::session`] makes it. Tells the log, and waits for the lock for [`LOCK_TIMEOUT`].
    pub fn on<'r>(&'r self, db: &'r DatabaseConnection) -> Run<'r> {
        Run { app: self, db, progress: &Log, lock: Some(LOCK_TIMEOUT) }
    }

    /// The seed files, read.
    pub(crate) fn seeders(&self) -> Result<Vec<Seeder>> {
        let mut seeders: Vec<Seeder> = Vec::new();
        for (file, text) in &self.seeds {
            let seeder = Seeder::parse(file, text)?;
            if seeders.iter().any(|other| other.name == seeder.name) {
                let problem = format!("another seeder is named `{}` too", seeder.name);
                return Err(MigrationError::BadSeed { file: file.clone(), problem }.into());
            }
            seeders.push(seeder);
        }
        Ok(seeders)
    }
}
