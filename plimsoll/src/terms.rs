//! On which terms a run goes on: whom it tells, how long it waits, when it tries again, when it stops.

use std::time::{Duration, Instant};

use futures_timer::Delay;
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbErr};

use crate::{
    error::{Error, MigrationError},
    limits::{Limits, is_hindered},
    progress::{Event, Progress},
    stop::Stop,
};

/// What whoever starts a run says of it.
#[derive(Clone)]
pub(crate) struct Terms<'r> {
    /// Who is told.
    pub(crate) progress: &'r dyn Progress,
    /// How long the lock is waited for; without it there is no lock.
    pub(crate) lock: Option<Duration>,
    /// How long statements wait and work; without them the session stays as it is.
    pub(crate) limits: Option<Limits>,
    /// Whether a migration is refused that was added before the last applied.
    pub(crate) in_order: bool,
    /// The wish to stop.
    pub(crate) stop: Stop,
}

impl<'r> Terms<'r> {
    /// Those of a run on a database that nobody else knows of.
    pub(crate) fn alone(progress: &'r dyn Progress) -> Self {
        Self { progress, lock: None, limits: None, in_order: false, stop: Stop::new() }
    }

    /// Sends a statement that is whole by itself, and sends it again while others are in its way.
    pub(crate) async fn send(&self, db: &DatabaseConnection, sql: &str) -> Result<(), DbErr> {
        self.patiently(async || db.execute_unprepared(sql).await.map(drop)).await
    }

    /// Does `work`, and does it again while others are in its way, for as long as patience lasts and nobody
    /// asks to stop. Nothing may be left of an attempt that failed.
    pub(crate) async fn patiently<T, E: Caused>(
        &self,
        mut work: impl AsyncFnMut() -> Result<T, E>,
    ) -> Result<T, E> {
        let Self { progress, limits, stop, .. } = self;
        let retry = limits.unwrap_or_default().retry();
        let began = Instant::now();
        let mut pauses = retry.pauses();
        loop {
            let error = match work().await {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            let Some(why) = error.cause().filter(|why| is_hindered(why)) else {
                return Err(error);
            };
            let Some(pause) = pauses.next() else { return Err(error) };
            if stop.is_asked() || began.elapsed() + pause > retry.total {
                return Err(error);
            }
            progress.tell(Event::Hindered { because: &why.to_string(), pause });
            stop.unless_asked(Delay::new(pause)).await;
            if stop.is_asked() {
                return Err(error);
            }
        }
    }
}

/// An error that the database may be the cause of.
pub(crate) trait Caused {
    /// What the database said, when nothing is left of what it was said about.
    fn cause(&self) -> Option<&DbErr>;
}

impl Caused for DbErr {
    fn cause(&self) -> Option<&DbErr> {
        Some(self)
    }
}

impl Caused for Error {
    fn cause(&self) -> Option<&DbErr> {
        match self {
            Self::Database { source }
            | Self::Migration(
                MigrationError::Failed { source, .. }
                | MigrationError::Record { source, .. }
                | MigrationError::SeedFailed { source, .. },
            ) => Some(source),
            _ => None,
        }
    }
}

/// Says of an error that came of others being in the way, when somebody has asked to stop meanwhile, that
/// the run was stopped.
pub(crate) fn or_stopped(error: Error, stop: &Stop) -> Error {
    if !stop.is_asked() || !error.cause().is_some_and(is_hindered) {
        return error;
    }
    match error {
        Error::Migration(MigrationError::Failed { migration, remains, done, .. }) => {
            MigrationError::Stopped { at: Some(migration), remains, done }.into()
        }
        _ => MigrationError::stopped(Vec::new()).into(),
    }
}
