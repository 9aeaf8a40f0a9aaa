//! A schema straight from the entities.

mod rows;

use std::time::{Duration, Instant};

use super::{Choice, Run, run::choose};
use crate::{
    catalog,
    config::Database,
    diff::diff,
    error::{MigrationError, Result},
    history::Revisions,
    normal::normal,
    plan::statements_of_changes,
    records::{Records, Took},
    render::{self, Statement, renderer},
    revisions::Target,
    runner::{Rehearsed, Stamp, empty},
    schema::Schema,
    seed::{Mode, Seeded},
    steps::Rows,
};

/// What [`Run::create_all`] made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Created {
    /// The tables, by name.
    pub tables: Vec<String>,
    /// The revisions that are recorded as applied from now on.
    pub recorded: Vec<String>,
    /// Those of them that do more than make a schema and insert rows: what else they do to rows, and by
    /// code, was not done. Rows that only the database could tell of were not inserted, either: those
    /// that refer to others by keys that it counts, or that an older form of their table has taken.
    pub not_run: Vec<String>,
    /// What the seeders did.
    pub seeded: Vec<Seeded>,
    /// How long all of it took, the wait for the lock included.
    pub took: Duration,
}

impl Run<'_> {
    /// Makes every table that the entities want, inserts the rows that declared migrations insert
    /// ([`Steps::insert`](crate::Steps::insert)) and that are left in the end, records all migrations as
    /// applied and runs none of them, then offers the default rows: a database for tests, faster than a
    /// long history makes it. What else migrations do is not there: rows that they change by SQL, views,
    /// triggers, what code does.
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
        let Creation { schema, make, fill, not_run } = self.creation(database, &revisions).await?;
        let run = [make, fill].concat();
        let tables: Vec<&str> = schema.tables.keys().map(String::as_str).collect();
        let runner = self.start(&revisions).await?;
        let created = async {
            let is_left = |table: &str| self.app.is_left_alone(table, &revisions);
            let stamp = runner.create(&run, &tables, is_left).await?;
            let seeded = self.seeds(&revisions, &all).run(&chosen, Mode::Offer).await?;
            Ok(Created {
                tables: tables.iter().map(|&table| table.to_owned()).collect(),
                recorded: stamp.recorded,
                not_run,
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
        let Creation { make, fill, .. } = self.creation(database, &revisions).await?;
        let stamp = Stamp::of(&revisions, &standings, &Target::Head)?;
        let sql = |them: Vec<Statement>| them.into_iter().map(|it| it.sql).collect();
        let mut rehearsed = vec![
            Rehearsed::by_itself("the records begin", records.missing(self.db).await?),
            Rehearsed::by_itself("every table of the entities", sql(make)),
        ];
        if !fill.is_empty() {
            rehearsed.push(Rehearsed::by_itself("the rows that migrations insert", sql(fill)));
        }
        rehearsed.push(Rehearsed::by_itself(
            "every migration is applied",
            stamp.statements(&revisions, &records, Took::InScript),
        ));
        Ok(rehearsed)
    }

    /// What the entities want, and the statements that make it.
    async fn creation(&self, database: &Database, revisions: &Revisions<'_>) -> Result<Creation> {
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
        let make = statements_of_changes(dialect, &changes, &nothing);
        let make = make.map_err(|why| not(why.to_string()))?;
        let left = rows::left(revisions, &want);
        let insert = |rows: &Rows| {
            render::rows::insert(renderer(dialect), rows, want.tables.get(&rows.table))
        };
        let fill = left.rows.iter().flat_map(insert).collect();
        Ok(Creation { schema: want, make, fill, not_run: left.not_run })
    }
}

/// A database as it is made at once.
struct Creation {
    /// What the entities want.
    schema: Schema,
    /// The statements that make it.
    make: Vec<Statement>,
    /// Those that insert the rows of the history.
    fill: Vec<Statement>,
    /// The migrations of which that is not all.
    not_run: Vec<String>,
}
