//! A project's migrations and seeds as one thing that a command or a program runs.

mod agree;
mod baseline;
mod copies;
mod create_all;
mod drafts;
mod repair;
mod replay;
mod run;
mod verify;

use std::{fmt, time::Duration};

use sea_orm::{DatabaseConnection, DbBackend, SchemaBuilder};

use crate::{
    config::Database,
    connect,
    error::{MigrationError, Result},
    history::{History, Revisions},
    limits::Limits,
    progress::Log,
    records::Records,
    revisions::{Standing, State, Target},
    runner::{Ran, still_open, without_missing},
    schema::Entities,
    seed::{Seeded, Seeder},
    stop::Stop,
    terms::Terms,
};

pub use agree::{Agreement, Compared, Whose};
pub use baseline::Baseline;
pub use create_all::Created;
pub use drafts::Beginning;
pub use repair::{Shown, Wreck};
pub use run::Run;
pub use verify::{Verified, VerifiedMigration};

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
pub struct App {
    history: History,
    seeds: Vec<(String, String)>,
    entities: Option<Source>,
    unmanaged: Vec<String>,
    in_order: bool,
    version: Option<&'static str>,
}

/// Makes the tables of registered entities.
type Registry = Box<dyn Fn(DbBackend) -> SchemaBuilder + Send + Sync>;

/// Where the entities come from.
enum Source {
    Listed(Entities),
    Registered(Registry),
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("history", &self.history).finish_non_exhaustive()
    }
}

/// What a run has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The revisions that were applied, in order.
    pub applied: Vec<Ran>,
    /// What the seeders did, in order.
    pub seeded: Vec<Seeded>,
    /// The revisions that are still pending, behind a target that was not the newest.
    pub pending: Vec<String>,
    /// How long all of it took, the wait for the lock included.
    pub took: Duration,
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
        Self {
            history,
            seeds: Vec::new(),
            entities: None,
            unmanaged: Vec::new(),
            in_order: false,
            version: None,
        }
    }

    /// Says what the code wants of the database: the entities that are listed by
    /// [`entities!`](crate::entities).
    #[must_use]
    pub fn entities(mut self, entities: Entities) -> Self {
        self.entities = Some(Source::Listed(entities));
        self
    }

    /// Says what the code wants by SeaORM's registry of entities (its feature `entity-registry`):
    ///
    /// ```ignore
    /// App::new(history()).registered(|backend| {
    ///     sea_orm::Schema::new(backend).get_schema_registry("my_crate::*")
    /// })
    /// ```
    ///
    /// A registry cannot be read, but its tables can be made: on a scratch database. What SeaORM's
    /// attributes cannot say is not in it; a list says more.
    #[must_use]
    pub fn registered(
        mut self,
        registry: impl Fn(DbBackend) -> SchemaBuilder + Send + Sync + 'static,
    ) -> Self {
        self.entities = Some(Source::Registered(Box::new(registry)));
        self
    }

    /// Leaves these tables out of every comparison: somebody else looks after them.
    #[must_use]
    pub fn unmanaged<T: Into<String>>(mut self, tables: impl IntoIterator<Item = T>) -> Self {
        self.unmanaged.extend(tables.into_iter().map(Into::into));
        self
    }

    /// Adds seed files, in the order in which they run: the name of each file, and its text.
    #[must_use]
    pub fn seeds<'s>(mut self, files: impl IntoIterator<Item = &'s (&'s str, &'s str)>) -> Self {
        self.seeds
            .extend(files.into_iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())));
        self
    }

    /// Refuses a migration that was added before the last that a database has applied, as a branch does that
    /// is merged late. Without it such a migration runs behind the others, as `SeaORM` runs it, and a warning
    /// says so.
    #[must_use]
    pub fn in_order(mut self) -> Self {
        self.in_order = true;
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
        let records = Records::of(&revisions, db.get_database_backend());
        let (standings, open) = records.look(db, &revisions).await?;
        let standings = without_missing(standings)?;
        let mut pending: Vec<String> = standings
            .iter()
            .filter(|it| it.state == State::Pending)
            .map(|it| it.name.clone())
            .collect();
        // Recorded as applied, and half of it is gone: a run that was killed on the way back.
        if let Some(open) = still_open(db, open, &standings).await?
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
        Ok(records.look(db, revisions).await?.0)
    }

    /// Applies what is pending and offers the default rows, under the lock: any number of
    /// processes may call it at once, and each migration runs once. Tells the log.
    ///
    /// # Errors
    /// Everything that can go wrong with the connection, the lock, a migration or a seed. What was
    /// applied before stays applied, and is named in [`MigrationError::Failed`]. A migration that drops
    /// what was there before has to say so ([`Steps::allow_loss`](crate::Steps::allow_loss)), else
    /// nothing runs ([`MigrationError::LossNotAllowed`]).
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
        let terms = Terms {
            progress: &Log,
            lock: Some(LOCK_TIMEOUT),
            limits: Some(Limits::default()),
            in_order: self.in_order,
            stop: Stop::new(),
        };
        Run { app: self, db, terms, may_lose: false, backup: None }
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
