//! What a run tells while it goes on.

use std::time::Duration;

use crate::{backup::Copied, loss::Loss};

/// One thing that happened.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'e> {
    /// Another process holds the lock.
    Waiting {
        /// Who, as far as the database tells.
        holder: &'e str,
    },
    /// Others are in the way of a statement; it will be tried again.
    Hindered {
        /// What the database said.
        because: &'e str,
        /// When it is tried again.
        pause: Duration,
    },
    /// An interrupted migration is taken up again.
    Resuming {
        /// The migration.
        migration: &'e str,
        /// How many of its statements had run.
        finished: usize,
    },
    /// It is known what will run.
    Planned {
        /// How many migrations.
        migrations: usize,
    },
    /// All that was planned has run.
    Done,
    /// A migration begins.
    Began {
        /// The migration.
        migration: &'e str,
        /// Whether it is reverted rather than applied.
        reverting: bool,
    },
    /// A step of a declared migration has run.
    Step {
        /// `+` for what appears, `-` for what disappears, `~` for what changes.
        sign: char,
        /// The step in a sentence.
        sentence: &'e str,
        /// How long it took.
        took: Duration,
    },
    /// A batch of rows was kept.
    Rows {
        /// The table.
        table: &'e str,
        /// How many rows have been gone through.
        done: u64,
        /// How many there were when it began.
        of: u64,
    },
    /// A migration has ended.
    Ended {
        /// The migration.
        migration: &'e str,
        /// How long it took.
        took: Duration,
    },
    /// A seeder was skipped.
    SeederSkipped {
        /// The seeder.
        seeder: &'e str,
        /// Why.
        because: &'e str,
    },
    /// A seeder has run.
    Seeded {
        /// The seeder.
        seeder: &'e str,
        /// How many rows it inserted.
        inserted: usize,
        /// How many rows it set back.
        restored: usize,
        /// How many were left as they are.
        left: usize,
    },
    /// It is known what will be lost.
    Losing {
        /// What, and how much of it there is.
        losses: &'e [Loss],
    },
    /// A copy of the database was made before anything changed.
    Copied {
        /// The copy.
        copy: &'e Copied,
    },
    /// Something that the person should know.
    Warning {
        /// The sentence.
        sentence: &'e str,
    },
}

/// Whoever wants to be told.
pub trait Progress: Send + Sync {
    /// Takes one event.
    fn tell(&self, event: Event<'_>);
}

/// Tells the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct Log;

/// As a number that the JSON of log lines has; none there is of 128 bits.
fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

impl Progress for Log {
    fn tell(&self, event: Event<'_>) {
        match event {
            Event::Waiting { holder } => tracing::info!(holder, "waiting for the migration lock"),
            Event::Hindered { because, pause } => {
                tracing::warn!(because, pause_ms = milliseconds(pause), "others are in the way");
            }
            Event::Resuming { migration, finished } => {
                tracing::info!(migration, finished, "resuming an interrupted migration");
            }
            Event::Planned { migrations } => tracing::debug!(migrations, "planned"),
            Event::Losing { losses } => {
                for loss in losses {
                    let migration = loss.migration.as_deref();
                    tracing::warn!(migration, "will be lost: {}", loss.describe());
                }
            }
            Event::Copied { copy } => {
                tracing::info!(file = %copy.file.display(), bytes = copy.bytes, "the database was copied");
            }
            Event::Done => tracing::debug!("done"),
            Event::Began { migration, reverting } => {
                tracing::debug!(migration, reverting, "migration begins");
            }
            Event::Step { sign, sentence, took } => {
                tracing::debug!(%sign, sentence, took_ms = milliseconds(took), "step");
            }
            Event::Rows { table, done, of } => {
                tracing::debug!(table, done, of, "rows");
            }
            Event::Ended { migration, took } => {
                tracing::info!(migration, took_ms = milliseconds(took), "migration ended");
            }
            Event::SeederSkipped { seeder, because } => {
                tracing::info!(seeder, because, "seeder skipped");
            }
            Event::Seeded { seeder, inserted, restored, left } => {
                tracing::info!(seeder, inserted, restored, left, "seeded");
            }
            Event::Warning { sentence } => tracing::warn!("{sentence}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn how_long_a_migration_took_is_a_number_in_json() {
        let lines = Lines::default();
        let writer = lines.clone();
        let to_json = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();

        tracing::subscriber::with_default(to_json, || {
            Log.tell(Event::Ended { migration: "m01", took: Duration::from_millis(1500) });
        });

        let line = lines.0.lock().unwrap().clone();
        let line: serde_json::Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(line["fields"]["took_ms"], 1500);
    }
}
