//! What a crash or an edit left behind: looked at, and settled.

use serde::Serialize;

use super::{
    Run,
    agree::{unknown, within},
};
use crate::{
    change::Change,
    compare::compare,
    config::Database,
    error::Result,
    history::Revisions,
    introspect::introspect,
    records::{Begun, Open, Records, Way},
    revisions::{self, Standing},
    runner::{Repair, Repaired, Unfinished, repair, still_open, unfinished},
};

/// What there is to settle.
#[derive(Clone, Debug)]
pub struct Wreck {
    /// How every revision stands.
    pub standings: Vec<Standing>,
    /// The migration that was begun and not ended.
    pub unfinished: Option<Unfinished>,
    /// What the database shows of it.
    pub shown: Option<Shown>,
}

/// What a database shows of a migration that was begun and not ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// The statement that was running, as far as it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
    /// The table that the statement is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// What the database lacks of having it whole, as sentences; none when that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lacks: Option<Vec<String>>,
    /// What the database has of it: what would have to go, as sentences; none when that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has: Option<Vec<String>>,
}

impl Run<'_> {
    /// What there is to settle. Changes nothing; migrations that are code run on a scratch database, to
    /// see what the interrupted one makes.
    ///
    /// # Errors
    /// Those of [`App::standings`](crate::App::standings), and a database that does not answer.
    pub async fn wreck(&self, database: &Database) -> Result<Wreck> {
        let revisions = self.app.history.load()?;
        let records = Records::of(&revisions, self.dialect());
        let (mut standings, open) = records.look(self.db, &revisions).await?;
        let again = self.again(database, &revisions, &standings).await;
        revisions::did_otherwise(&mut standings, &again);
        let unfinished = unfinished(self.db, &standings, open.clone()).await?;
        let shown = match open.filter(|_| unfinished.is_some()) {
            Some(open) => {
                let (lacks, has) = self.made_of(database, &revisions, &standings, &open).await?;
                let (statement, table) = match open.begun {
                    Begun::Statement(it) => (Some(it.sql), Some(it.table)),
                    Begun::Code | Begun::Nothing => (None, None),
                };
                Some(Shown { statement, table, lacks, has })
            }
            None => None,
        };
        Ok(Wreck { standings, unfinished, shown })
    }

    /// What the database lacks of the end of the interrupted migration, and of its beginning.
    async fn made_of(
        &self,
        database: &Database,
        revisions: &Revisions<'_>,
        standings: &[Standing],
        open: &Open,
    ) -> Result<(Option<Vec<String>>, Option<Vec<String>>)> {
        if !revisions.list.iter().any(|it| it.name == open.version) {
            return Ok((None, None));
        }
        let applied = standings.iter().filter(|it| it.is_applied() && it.name != open.version);
        let without: Vec<String> = applied.map(|it| it.name.clone()).collect();
        let with: Vec<String> = without.iter().cloned().chain([open.version.clone()]).collect();
        let mut found = introspect(self.db).await?;
        self.app.leave_out(&mut found, revisions);
        let (end, beginning) = match open.way {
            Way::Up => (with, without),
            Way::Down => (without, with),
        };
        // Where it cannot be told, whoever looks has to.
        let made = async |names: &[String]| {
            let made = self.made(database, revisions, names, false).await;
            made.ok().map(|it| it.schema)
        };
        let (end, beginning) = (made(&end).await, made(&beginning).await);
        // What nobody made is no part of it.
        let unknown = unknown(&found, [&end, &beginning].into_iter().flatten(), self.dialect());
        let how = self.exactly(database);
        let mut told = [None, None];
        for (made, told) in [&end, &beginning].into_iter().zip(&mut told) {
            let Some(made) = made else { continue };
            let compared = Box::pin(compare(&within(&found, &unknown, made), made, &how)).await;
            *told = Some(compared.diff.changes.iter().map(Change::describe).collect());
        }
        Ok(told.into())
    }

    /// What is recorded of the applied migrations where they run once more, on a scratch database; nothing
    /// when none of them has a record of what it did, or they cannot run there.
    async fn again(
        &self,
        database: &Database,
        revisions: &Revisions<'_>,
        standings: &[Standing],
    ) -> Vec<Standing> {
        if !standings.iter().any(|it| it.did().is_some()) {
            return Vec::new();
        }
        let applied = standings.iter().filter(|it| it.is_applied());
        let applied: Vec<String> = applied.map(|it| it.name.clone()).collect();
        let made = self.made(database, revisions, &applied, false).await;
        made.map(|it| it.again).unwrap_or_default()
    }

    /// The same where it is needed: to accept what code does now.
    async fn again_for(
        &self,
        how: &Repair,
        database: &Database,
        revisions: &Revisions<'_>,
    ) -> Result<Vec<Standing>> {
        match how {
            Repair::Accept(_) => {
                let standings = self.app.standings_of(self.db, revisions).await?;
                Ok(self.again(database, revisions, &standings).await)
            }
            Repair::Done | Repair::Undone | Repair::Forget(_) => Ok(Vec::new()),
        }
    }

    /// Settles it, under the lock: the records say so from then on, and nothing else changes. Nothing
    /// unless it is what is `expected`. To accept a migration that is code, it runs on a scratch database.
    ///
    /// # Errors
    /// [`MigrationError::NothingToRepair`](crate::MigrationError::NothingToRepair), a name that no revision
    /// in that state has, and those of the lock.
    pub async fn repair(
        &self,
        database: &Database,
        how: &Repair,
        expected: Option<&Repaired>,
    ) -> Result<Repaired> {
        let revisions = self.app.history.load()?;
        let again = self.again_for(how, database, &revisions).await?;
        let runner = self.start(&revisions).await?;
        let repaired = runner.locked(runner.repair(how, &again, expected)).await;
        runner.finish(repaired).await
    }

    /// What [`Run::repair`] would do.
    ///
    /// # Errors
    /// Those of [`Run::repair`], without the lock.
    pub async fn rehearse_repair(&self, database: &Database, how: &Repair) -> Result<Repaired> {
        let revisions = self.app.history.load()?;
        let records = Records::of(&revisions, self.dialect());
        let (standings, open) = records.look(self.db, &revisions).await?;
        let open = still_open(self.db, open, &standings).await?;
        let again = self.again_for(how, database, &revisions).await?;
        repair(&revisions, &records, standings, &again, open.as_ref(), how)
    }
}
