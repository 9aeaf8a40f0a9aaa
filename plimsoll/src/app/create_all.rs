//! A schema straight from the entities.

use std::time::{Duration, Instant};

use super::{Choice, Run, run::choose};
use crate::{
    catalog,
    config::Database,
    diff::diff,
    error::{MigrationError, Result},
    history::{Kind, Revisions},
    normal::normal,
    plan::statements_of_changes,
    records::{Records, Took},
    render::Statement,
    revisions::Target,
    runner::{Rehearsed, Stamp, empty},
    schema::Schema,
    seed::{Mode, Seeded},
    steps::Step,
};

/// What [`Run::create_all`] made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Created {
    /// The tables, by name.
    pub tables: Vec<String>,
    /// The revisions that are recorded as applied from now on.
    pub recorded: Vec<String>,
    /// Those of them that do more than make a schema: what they do to rows, and by code, was not done.
    pub not_run: Vec<String>,
    /// What the seeders did.
    pub seeded: Vec<Seeded>,
    /// How long all of it took, the wait for the lock included.
    pub took: Duration,
}

impl Run<'_> {
    /// Makes every table that the entities want, records all migrations as applied and runs none of
    /// them, then offers the default rows: a database for tests, faster than a long history makes it.
    /// What only migrations do is not there: rows, views, triggers, what code does.
    ///
    /// # Errors
    /// [`MigrationError::NotEmpty`] when there is anything already; [`MigrationError::NotComparable`]
    /// when the entities cannot be read, or none are registered; [`MigrationError::NotCreated`] when the
    /// database refuses a statement; those of [`App::up`](crate::App::up).
    pub async fn create_all(&self, database: &Database, choice: &Choice) -> Result<Created> {
        let began = Instant::now();
        let revisions = self.app.history.load()?;
        let all = self.app.seeders()?;
        let chosen = choose(&all, choice)?;
        let (schema, run) = self.creation(database, &revisions).await?;
        let tables: Vec<&str> = schema.tables.keys().map(String::as_str).collect();
        let runner = self.start(&revisions).await?;
        let created = async {
            let is_left = |table: &str| self.app.is_left_alone(table, &revisions);
            let stamp = runner.create(&run, &tables, is_left).await?;
            let seeded = self.seeds(&revisions, &all).run(&chosen, Mode::Offer).await?;
            Ok(Created {
                tables: tables.iter().map(|&table| table.to_owned()).collect(),
                recorded: stamp.recorded,
                not_run: not_run(&revisions),
                seeded,
                took: began.elapsed(),
            })
        };
        let created = runner.locked(created).await;
        runner.finish(created).await
    }

    /// What [`Run::create_all`] would do.
    ///
    /// # Errors
    /// Those of [`Run::create_all`], without the lock.
    pub async fn rehearse_create_all(&self, database: &Database) -> Result<Vec<Rehearsed>> {
        let revisions = self.app.history.load()?;
        let records = Records::of(&revisions, self.dialect());
        let standings = self.app.standings_of(self.db, &revisions).await?;
        let is_left = |table: &str| self.app.is_left_alone(table, &revisions);
        empty(catalog::tables(self.db).await?, &standings, is_left)?;
        let (_, run) = self.creation(database, &revisions).await?;
        let stamp = Stamp::of(&revisions, &standings, &Target::Head)?;
        Ok(vec![
            Rehearsed::by_itself("the records begin", records.missing(self.db).await?),
            Rehearsed::by_itself(
                "every table of the entities",
                run.into_iter().map(|it| it.sql).collect(),
            ),
            Rehearsed::by_itself(
                "every migration is applied",
                stamp.statements(&revisions, &records, Took::InScript),
            ),
        ])
    }

    /// What the entities want, and the statements that make it.
    async fn creation(
        &self,
        database: &Database,
        revisions: &Revisions<'_>,
    ) -> Result<(Schema, Vec<Statement>)> {
        let not = |because| MigrationError::NotComparable { because };
        if !self.app.has_entities() {
            return Err(not("no entities are registered".to_owned()).into());
        }
        if let Some(problem) = self.problems().into_iter().next() {
            return Err(not(problem).into());
        }
        let mut remarks = Vec::new();
        let want = self.wanted(database, revisions, false, &mut remarks).await?.map_err(not)?;
        let dialect = self.dialect();
        let want = normal(&want, dialect);
        let nothing = Schema::default();
        let changes = diff(&nothing, &want, &[]).changes;
        let run = statements_of_changes(dialect, &changes, &nothing);
        let run = run.map_err(|why| not(why.to_string()))?;
        Ok((want, run))
    }
}

/// The migrations that do more than make a schema.
fn not_run(revisions: &Revisions<'_>) -> Vec<String> {
    let does_more = |kind: &Kind<'_>| match kind {
        Kind::Declared { steps, .. } => {
            steps.steps().iter().any(|step| !matches!(step, Step::Change(_)))
        }
        Kind::Imperative(_) => true,
    };
    let them = revisions.list.iter().filter(|it| does_more(&it.kind));
    them.map(|it| it.name.clone()).collect()
}
