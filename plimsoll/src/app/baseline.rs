//! A database that somebody else made, and the revision whose schema it has.

use sea_orm::DatabaseConnection;
use serde::Serialize;

use super::{
    Run,
    agree::{unknown, within},
    replay,
};
use crate::{
    change::Change,
    compare::{as_it_stands, compare},
    config::Database,
    dialect::Dialect,
    error::{MigrationError, Result},
    history::{Kind, Revisions},
    introspect::introspect,
    revisions::{self, Standing, Target},
    runner::Runner,
    schema::{Beyond, Schema},
    words::{Unread, told},
};

/// How many revisions are compared in the server's own words: those that text finds to be the nearest.
const CLOSE: usize = 3;

/// The revision that a database is nearest to, and what it differs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Baseline {
    /// The revision; none when no table is there that a migration makes.
    pub revision: Option<String>,
    /// What would make the database into what the migrations up to the revision make.
    pub changes: Vec<Change>,
    /// What could not be compared.
    pub unread: Vec<Unread>,
    /// Tables that no migration makes: nobody's business.
    pub unknown: Vec<String>,
    /// What the database holds and the model has no place for.
    pub beyond: Vec<Beyond>,
    /// The revisions that are recorded as applied already.
    pub recorded: Vec<String>,
}

impl Baseline {
    /// Whether the database has just what the migrations up to the revision make.
    pub fn is_clean(&self) -> bool {
        self.changes.is_empty() && self.unread.is_empty()
    }
}

impl Run<'_> {
    /// Finds the revision whose schema the database has: the one that it differs from in nothing, the newest
    /// when there are several; else the one that it differs from the least. With `target` it is compared
    /// with that one. Changes nothing that stays: migrations that are code run on a scratch database.
    ///
    /// # Errors
    /// Those of [`App::standings`](crate::App::standings); a target that names no revision or several;
    /// [`MigrationError::NotComparable`] when migrations that are code cannot run on a scratch database.
    pub async fn baseline(&self, database: &Database, target: Option<&Target>) -> Result<Baseline> {
        let revisions = self.app.history.load()?;
        let standings = self.app.standings_of(self.db, &revisions).await?;
        let recorded = standings.iter().filter(|it| it.is_applied());
        let recorded: Vec<String> = recorded.map(|it| it.name.clone()).collect();
        let mut found = introspect(self.db).await?;
        self.app.leave_out(&mut found, &revisions);
        let schemas = self.schemas(database, &revisions).await?;

        let dialect = self.dialect();
        let unknown = unknown(&found, schemas.iter(), dialect);
        let beyond = std::mem::take(&mut found.beyond);
        let empty = Baseline {
            revision: None,
            changes: Vec::new(),
            unread: Vec::new(),
            unknown,
            beyond,
            recorded,
        };
        let close: Vec<usize> = match target {
            Some(target) => {
                let none: Vec<Standing> = revisions::compare(&revisions.known(), &[]);
                let chosen = revisions::to_apply(&none, target).map_err(MigrationError::from)?;
                chosen.last().copied().into_iter().collect()
            }
            None if unknown_to_all(&found, &empty.unknown) => return Ok(empty),
            None => nearest(&found, &empty.unknown, &schemas, dialect),
        };
        let how = self.exactly(database);
        let mut best: Option<(usize, Baseline)> = None;
        for at in close {
            let have = within(&found, &empty.unknown, &schemas[at]);
            let compared = Box::pin(compare(&have, &schemas[at], &how)).await;
            let off = compared.diff.changes.len() + compared.unread.len();
            if best.as_ref().is_none_or(|(least, _)| off < *least) {
                let it = Baseline {
                    revision: Some(revisions.list[at].name.clone()),
                    changes: compared.diff.changes,
                    unread: compared.unread,
                    ..empty.clone()
                };
                best = Some((off, it));
            }
        }
        Ok(best.map_or(empty, |(_, it)| it))
    }

    /// What the migrations up to each revision make.
    async fn schemas(&self, database: &Database, revisions: &Revisions<'_>) -> Result<Vec<Schema>> {
        let is_code = revisions.list.iter().any(|it| matches!(it.kind, Kind::Imperative(_)));
        let mut schemas = Vec::new();
        if is_code {
            let each = replay::running(database, revisions, async |db, runner| {
                behind_each(db, runner, revisions).await
            });
            schemas = Box::pin(each)
                .await
                .map_err(|error| MigrationError::NotComparable { because: told(&error) })?;
        } else {
            let mut schema = Schema::default();
            for revision in &revisions.list {
                if let Kind::Declared { steps, .. } = &revision.kind {
                    // They fit: else the history would not have been read.
                    let _ = steps.apply(&mut schema);
                }
                schemas.push(schema.clone());
            }
        }
        for schema in &mut schemas {
            self.app.leave_out(schema, revisions);
        }
        Ok(schemas)
    }
}

/// The schema behind each migration, as a database has it.
async fn behind_each(
    db: &DatabaseConnection,
    runner: &Runner<'_>,
    revisions: &Revisions<'_>,
) -> Result<Vec<Schema>> {
    let mut schemas = Vec::new();
    for revision in &revisions.list {
        runner.replay(std::slice::from_ref(&revision.name)).await?;
        schemas.push(introspect(db).await?);
    }
    Ok(schemas)
}

/// The places of the schemas that are nearest, as text tells: the nearest first, of the same the newest.
fn nearest(found: &Schema, unknown: &[String], schemas: &[Schema], dialect: Dialect) -> Vec<usize> {
    let mut all: Vec<(usize, usize)> = schemas
        .iter()
        .enumerate()
        .map(|(at, schema)| {
            (as_it_stands(&within(found, unknown, schema), schema, dialect).len(), at)
        })
        .collect();
    all.sort_by_key(|(off, at)| (*off, usize::MAX - at));
    all.into_iter().map(|(_, at)| at).take(CLOSE).collect()
}

/// Whether no table is there that a migration makes.
fn unknown_to_all(found: &Schema, unknown: &[String]) -> bool {
    found.tables.keys().all(|name| unknown.contains(name))
}
