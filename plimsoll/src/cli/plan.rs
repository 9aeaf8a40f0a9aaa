//! What would run, as a script that a database's own client runs.

use std::ops::Range;

use serde::Serialize;

use super::Context;
use crate::{
    app::App,
    config::Database,
    connect::{MYSQL_SESSION, search_path},
    dialect::Dialect,
    error::{MigrationError, Result},
    records::{Records, Way},
    revisions::{self, State, Target},
    runner::{Rehearsed, rehearse},
};

/// What would run, for people and for programs.
#[derive(Serialize)]
pub(super) struct Plan<'p> {
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<String>,
    dialect: Dialect,
    /// The schema to work in, when one was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    search_path: Option<String>,
    /// What creates the tables of the records.
    records: &'p [String],
    #[serde(rename = "plan")]
    entries: Vec<Entry<'p>>,
    /// Whether default rows are offered behind it.
    seeds: bool,
}

#[derive(Serialize)]
struct Entry<'p> {
    name: &'p str,
    /// Nothing for a migration that is code.
    statements: Option<&'p [String]>,
    #[serde(skip)]
    transaction: Option<Range<usize>>,
}

impl<'p> Plan<'p> {
    pub(super) fn of(dialect: Dialect, records: &'p [String], rehearsed: &'p [Rehearsed]) -> Self {
        let entries = rehearsed
            .iter()
            .map(|it| Entry {
                name: &it.name,
                statements: it.statements.as_deref(),
                transaction: it.transaction.clone(),
            })
            .collect();
        Self { database: None, dialect, search_path: None, records, entries, seeds: false }
    }

    /// The same for this database.
    pub(super) fn on(self, database: &Database) -> Self {
        let plan = self.in_schema(database.schema().map(str::to_owned));
        Self { database: Some(database.to_string()), ..plan }
    }

    /// The same in the schema that was named.
    pub(super) fn in_schema(self, search_path: Option<String>) -> Self {
        Self { search_path, ..self }
    }

    /// The same, behind which default rows are offered or not.
    pub(super) fn with_seeds(self, seeds: bool) -> Self {
        Self { seeds, ..self }
    }

    /// Prints it.
    pub(super) fn print(&self, context: &Context<'_>) {
        let line = |text: &str| context.output.line(text);
        if self.entries.is_empty() && !self.seeds {
            line("-- nothing to do");
        }
        if !self.entries.is_empty() {
            line(match self.dialect {
                Dialect::Sqlite => "-- stop at the first error: sqlite3 -bail FILE",
                Dialect::Postgres => "-- stop at the first error: psql -v ON_ERROR_STOP=1",
                Dialect::Mysql => {
                    "-- the client stops at the first error; what ran before it stays, and `up` does not know it"
                }
            });
            // What every session of the engine begins with.
            match self.dialect {
                Dialect::Sqlite => line("PRAGMA foreign_keys = ON;"),
                Dialect::Postgres => {
                    line("SET TIME ZONE 'UTC';");
                    if let Some(path) = &self.search_path {
                        line(&format!("SET search_path TO {};", search_path(path)));
                    }
                }
                Dialect::Mysql => line(&format!("{MYSQL_SESSION};")),
            }
        }
        for statement in self.records {
            line(&format!("{statement};"));
        }
        for Entry { name, statements, transaction } in &self.entries {
            line(&format!("-- {name}"));
            let Some(statements) = statements else {
                line("-- its statements are computed by its own code");
                continue;
            };
            for (at, statement) in statements.iter().enumerate() {
                if transaction.as_ref().is_some_and(|it| it.start == at) {
                    line("BEGIN;");
                }
                line(&format!("{statement};"));
                if transaction.as_ref().is_some_and(|it| it.end == at + 1) {
                    line("COMMIT;");
                }
            }
        }
        if self.seeds {
            line("-- then default rows are offered: `seed --dry-run` says which");
        }
        context.output.document(self);
    }
}

/// What leads a `dialect` database from `from` to `target`, without one: the statements that
/// create the records when it leads up from base, and what is done to each revision.
///
/// # Errors
/// [`MigrationError::Target`]; [`MigrationError::Unsupported`] when a revision on the way is
/// code, whose statements are known only when it runs.
pub(super) fn script(
    app: &App,
    dialect: Dialect,
    way: Way,
    from: &Target,
    target: &Target,
) -> Result<(Vec<String>, Vec<Rehearsed>)> {
    let revisions = app.history().load()?;
    let mut standings = revisions::compare(&revisions.known(), &[]);
    let there = match from {
        Target::Base => Vec::new(),
        from => revisions::to_apply(&standings, from).map_err(MigrationError::from)?,
    };
    for at in &there {
        standings[*at].state = State::Applied;
    }
    let positions = match way {
        Way::Up => revisions::to_apply(&standings, target),
        Way::Down => revisions::to_revert(&standings, target),
    };
    let positions = positions.map_err(MigrationError::from)?;
    let script = rehearse(dialect, &revisions, &positions, way, None)?;
    if let Some(code) = script.iter().find(|it| it.statements.is_none()) {
        return Err(MigrationError::Unsupported {
            what: format!(
                "migration `{}` is code, and what it does is known only when it runs",
                code.name
            ),
            instead: "name a range without it: `--sql FROM..TO`".to_owned(),
        }
        .into());
    }
    let prepare = if way == Way::Up && there.is_empty() {
        Records::of(&revisions, dialect).creation()?
    } else {
        Vec::new()
    };
    Ok((prepare, script))
}
