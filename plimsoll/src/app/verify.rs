//! Whether every migration goes, comes back, and goes again, on a database made for the purpose.

mod rows;

use std::time::{Duration, Instant};

use sea_orm::DatabaseConnection;
use serde::{Serialize, Serializer};

use super::{App, replay};
use crate::{
    change::Change,
    compare::as_it_stands,
    config::Database,
    dialect::Dialect,
    error::{Error, MigrationError, Result},
    history::{Revision, Revisions},
    introspect::introspect,
    misfit::said,
    normal::normal,
    revisions::Target,
    runner::Runner,
    schema::Schema,
    words::told,
};

use rows::{Filled, Kept};

/// What came out for each migration, in the order of the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// On which kind of database.
    pub dialect: Dialect,
    /// What came out for each.
    pub migrations: Vec<VerifiedMigration>,
}

/// What came out for a migration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VerifiedMigration {
    /// Its name.
    pub name: String,
    /// How long it took to go, to come back, and to go again, in milliseconds when it is data.
    #[serde(rename = "took_ms", serialize_with = "milliseconds")]
    pub took: Duration,
    /// How many rows there were to lose.
    pub rows: usize,
    /// What is wrong, as sentences.
    pub faults: Vec<String>,
    /// What was not looked at, and why, as sentences.
    pub remarks: Vec<String>,
}

fn milliseconds<S: Serializer>(took: &Duration, to: S) -> std::result::Result<S::Ok, S::Error> {
    to.serialize_u128(took.as_millis())
}

impl Verified {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.faults().next().is_none()
    }

    /// What is wrong, each behind the name of the migration.
    pub fn faults(&self) -> impl Iterator<Item = String> {
        let each = self.migrations.iter();
        each.flat_map(|it| it.faults.iter().map(|fault| format!("`{}` {fault}", it.name)))
    }
}

impl App {
    /// Lets every migration go, come back and go again, each behind those before it, on an empty database
    /// of the same kind as `database`: in memory for `SQLite`, a scratch database on the same server for the
    /// others, which is gone afterwards. Each time the schema has to be what it was.
    ///
    /// With `data` there are rows in the tables, made for the purpose: those that a migration does not say
    /// that it loses ([`Steps::losses`](crate::Steps::losses)), and whose values it does not change for
    /// good, have to come back as they were. A table that takes none of them is named in the remarks.
    ///
    /// `told` hears of each migration when it is done. A migration that fails is a fault and no error; one
    /// of code that has no `down` is one, too. The seeds are no part of it.
    ///
    /// # Errors
    /// What is wrong with the list itself, and a server on which no database can be made.
    pub async fn verify(
        &self,
        database: &Database,
        data: bool,
        told: &mut dyn FnMut(&VerifiedMigration),
    ) -> Result<Verified> {
        let revisions = self.history.load()?;
        let mut migrations = Vec::new();
        while migrations.len() < revisions.list.len() {
            let before = migrations.len();
            let goes_on = replay::running(database, &revisions, async |db, runner| {
                let round = Round { app: self, revisions: &revisions, db, runner, data };
                Box::pin(round.go(&mut migrations, told)).await
            });
            // Behind a migration that left nobody knows what, the next begin on a new database.
            if !Box::pin(goes_on).await? {
                let rest = revisions.list.len() - migrations.len();
                if rest > 0 {
                    let why = format!("stands before {rest} that could not be looked at");
                    migrations.last_mut().iter_mut().for_each(|it| it.remarks.push(why.clone()));
                }
                break;
            }
            debug_assert!(migrations.len() > before);
        }
        Ok(Verified { dialect: database.dialect(), migrations })
    }
}

/// The migrations on one scratch database.
struct Round<'r> {
    app: &'r App,
    revisions: &'r Revisions<'r>,
    db: &'r DatabaseConnection,
    runner: &'r Runner<'r>,
    data: bool,
}

impl Round<'_> {
    /// Verifies what is not in `done` yet, until one leaves the database in a state that the next cannot
    /// begin with. Says whether another database would help.
    async fn go(
        &self,
        done: &mut Vec<VerifiedMigration>,
        told: &mut dyn FnMut(&VerifiedMigration),
    ) -> Result<bool> {
        let names: Vec<String> = self.revisions.list.iter().map(|it| it.name.clone()).collect();
        match self.runner.replay(&names[..done.len()]).await {
            // What could not go before is told there.
            Err(_) => Ok(false),
            Ok(_) => self.each(done, told).await,
        }
    }

    async fn each(
        &self,
        done: &mut Vec<VerifiedMigration>,
        told: &mut dyn FnMut(&VerifiedMigration),
    ) -> Result<bool> {
        let mut schema = self.look().await?;
        while let Some(revision) = self.revisions.list.get(done.len()) {
            let mut it = VerifiedMigration { name: revision.name.clone(), ..Default::default() };
            let filled = if self.data {
                rows::fill(self.db, &schema, &mut it.remarks).await?
            } else {
                Filled::default()
            };
            it.rows = filled.rows();
            let began = Instant::now();
            let left = self.one(revision, &schema, filled, &mut it).await?;
            it.took = began.elapsed();
            told(&it);
            done.push(it);
            match left {
                Left::Schema(after) => schema = *after,
                Left::Unknown => return Ok(true),
                Left::Nothing => return Ok(false),
            }
        }
        Ok(true)
    }

    /// There, back, and there again.
    async fn one(
        &self,
        revision: &Revision<'_>,
        before: &Schema,
        mut filled: Filled,
        it: &mut VerifiedMigration,
    ) -> Result<Left> {
        let name = [revision.name.clone()];
        let snapshot = rows::snapshot(self.db, before).await?;
        let mut went = self.runner.replay(&name).await;
        if let Err(error) = &went
            && it.rows > 0
        {
            // Whether it is the rows shows when there are none.
            let why = told(error);
            filled.empty(self.db).await?;
            went = self.runner.replay(&name).await;
            if went.is_ok() {
                it.without_rows(&why);
            }
        }
        if let Err(error) = went {
            it.faults.push(format!("cannot be applied: {}", told(&error)));
            return Ok(Left::Nothing);
        }
        let there = self.look().await?;
        let mut came = self.runner.down(&Target::Back(1), Some(&name)).await;
        if let Err(Error::Migration(MigrationError::DoesNotFit { misfits, .. })) = &came
            && it.rows > 0
        {
            it.without_rows(&said(misfits));
            filled.empty(self.db).await?;
            came = self.runner.down(&Target::Back(1), Some(&name)).await;
        }
        if let Err(error) = came {
            it.faults.push(format!("cannot be taken back: {}", told(&error)));
            let is_as_it_was = self.differences(&there, &self.look().await?).is_empty();
            let is_recorded = self
                .runner
                .standings()
                .await?
                .iter()
                .any(|of| of.name == revision.name && of.is_applied());
            let is_whole = is_as_it_was && is_recorded;
            return Ok(if is_whole { Left::Schema(Box::new(there)) } else { Left::Unknown });
        }
        let back = self.look().await?;
        let mut differ = |fault: &str, sentences: Vec<String>| {
            it.faults.extend(sentences.iter().map(|sentence| format!("{fault}: {sentence}")));
            sentences.is_empty()
        };
        let is_back = differ(
            "leaves something else when it is taken back; what it left would have to",
            self.differences(&back, before),
        );
        if is_back && it.rows > 0 {
            let now = rows::snapshot(self.db, before).await?;
            let kept = Kept::of(revision);
            let lost = snapshot.differences(&now, |table, column| kept.keeps(table, column));
            differ("does not bring rows back", lost);
        }
        if let Err(error) = self.runner.replay(&name).await {
            it.faults.push(format!("cannot be applied again: {}", told(&error)));
            return Ok(Left::Unknown);
        }
        let again = self.look().await?;
        let sentences = self.differences(&again, &there);
        let is_same =
            differ("makes something else the second time; what it made would have to", sentences);
        Ok(if is_back && is_same { Left::Schema(Box::new(again)) } else { Left::Unknown })
    }

    /// The schema that is there.
    async fn look(&self) -> Result<Schema> {
        let mut found = introspect(self.db).await?;
        self.app.leave_out(&mut found, self.revisions);
        Ok(normal(&found, self.dialect()))
    }

    /// What would make `have` into `want`.
    fn differences(&self, have: &Schema, want: &Schema) -> Vec<String> {
        let changes = as_it_stands(have, want, self.dialect());
        let mut sentences: Vec<String> = changes.iter().map(Change::describe).collect();
        let beyond = |of: &Schema, other: &Schema, verb: &str| -> Vec<String> {
            let only = of.beyond.iter().filter(|it| !other.beyond.contains(it));
            only.map(|it| format!("{verb} {} `{}`", it.kind, it.name)).collect()
        };
        sentences.extend(beyond(want, have, "have"));
        sentences.extend(beyond(have, want, "lose"));
        sentences
    }

    fn dialect(&self) -> Dialect {
        self.db.get_database_backend().into()
    }
}

impl VerifiedMigration {
    /// Says why there were no rows after all.
    fn without_rows(&mut self, why: &str) {
        self.remarks
            .push(format!("ran without rows, because those that were made do not fit: {why}"));
        self.rows = 0;
    }
}

/// What a migration leaves for the next.
enum Left {
    /// The schema that it makes.
    Schema(Box<Schema>),
    /// What a new database would not have.
    Unknown,
    /// No database on which the next could begin.
    Nothing,
}
