//! What would run, as a script that a database's own client runs.

use std::ops::Range;

use serde::Serialize;

use super::Context;
use crate::{
    app::App,
    config::Database,
    connect::{MYSQL_SESSION, search_path},
    dialect::{Dialect, client::Client, mysql, postgres, sqlite},
    error::{MigrationError, Result},
    rebuild,
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
    /// Nothing for a migration that is code, or calls some.
    statements: Option<&'p [String]>,
    /// What is known of one that calls code.
    #[serde(skip_serializing_if = "Option::is_none")]
    known: Option<&'p [String]>,
    /// The code that it calls.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    code: &'p [String],
    #[serde(skip)]
    transactions: &'p [Range<usize>],
}

impl<'p> Plan<'p> {
    pub(super) fn of(dialect: Dialect, records: &'p [String], rehearsed: &'p [Rehearsed]) -> Self {
        let entries = rehearsed
            .iter()
            .map(|it| {
                let known = it.statements.as_deref();
                let calls = !it.code.is_empty();
                Entry {
                    name: &it.name,
                    statements: known.filter(|_| !calls),
                    known: known.filter(|_| calls),
                    code: &it.code,
                    transactions: &it.transactions,
                }
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
        context.output.verbatim(&self.text());
        context.output.document(self);
    }

    /// The script for the database's own client.
    fn text(&self) -> String {
        let client = client(self.dialect);
        let mut text = String::new();
        let mut line = |of: &str| {
            text.push_str(of);
            text.push('\n');
        };
        let told = |sql: &str| told(self.dialect, sql);
        if self.entries.is_empty() && !self.seeds {
            line("-- nothing to do");
        }
        if !self.entries.is_empty() {
            line(&format!("-- {}", client.command()));
            if self.database.is_none()
                && let Some(command) = client.at_errors()
            {
                line(command);
            }
            for setting in self.session() {
                line(&told(&setting));
            }
        }
        for statement in self.records {
            line(&told(statement));
        }
        for Entry { name, statements, known, code, transactions } in &self.entries {
            line(&format!("-- {}", in_comment(name)));
            let Some(statements) = statements else {
                let known_later = "known only when it runs";
                let what = match code {
                    [] => format!("its statements are {known_later}"),
                    code => format!("some of it is {known_later}, its code: {}", code.join(", ")),
                };
                line(&format!("-- {}", in_comment(&what)));
                line("-- no script does that: let the command run it, and print what is behind it");
                line(&told(&client.stop(&before(name))));
                for statement in known.iter().copied().flatten() {
                    // PostgreSQL ends a comment at a CR, too.
                    let told = told(statement).replace('\r', " ");
                    told.lines().for_each(|of| line(&format!("--   {of}")));
                }
                continue;
            };
            for (at, statement) in statements.iter().enumerate() {
                if transactions.iter().any(|it| it.start == at) {
                    line(&told(client.begin()));
                }
                line(&told(statement));
                if transactions.iter().any(|it| it.end == at + 1) {
                    line("COMMIT;");
                }
            }
        }
        if self.seeds {
            line("-- then default rows are offered: `seed --dry-run` says which");
        }
        text
    }

    /// What every session of the engine begins with.
    fn session(&self) -> Vec<String> {
        match self.dialect {
            Dialect::Sqlite => vec![rebuild::ON.to_owned()],
            Dialect::Postgres => {
                let path = self.search_path.iter().map(|path| search_path(path));
                let path = path.map(|path| format!("SET search_path TO {path}"));
                let always = ["SET client_encoding TO 'UTF8'", "SET TIME ZONE 'UTC'"];
                always.map(str::to_owned).into_iter().chain(path).collect()
            }
            Dialect::Mysql => vec![MYSQL_SESSION.to_owned()],
        }
    }
}

/// What tells the client of `dialect` what it is to do.
fn client(dialect: Dialect) -> &'static dyn Client {
    match dialect {
        Dialect::Sqlite => &sqlite::render::Sqlite,
        Dialect::Postgres => &postgres::render::Postgres,
        Dialect::Mysql => &mysql::render::Mysql,
    }
}

/// Why a script ends before a migration.
pub(super) fn before(name: &str) -> String {
    format!("what {name} does is known only when it runs, and this script ends before it")
}

/// A text that stays in the line of its comment.
pub(super) fn in_comment(text: &str) -> String {
    text.replace(['\n', '\r', '\0'], " ")
}

/// Prints statements that are no migration.
pub(super) fn print_statements(context: &Context<'_>, dialect: Dialect, statements: &[String]) {
    for statement in statements {
        context.output.verbatim(&format!("{}\n", told(dialect, statement)));
    }
}

/// A statement as the client reads it. Of a database that is there it is shown, whoever can run it.
fn told(dialect: Dialect, sql: &str) -> String {
    match client(dialect).statement(sql) {
        Ok(statement) => statement,
        Err(why) => format!("-- not for the client: {why}\n{sql};"),
    }
}

/// What leads a `dialect` database from `from` to `target`, without one: the statements that
/// create the records when it leads up from base, and what is done to each revision.
///
/// # Errors
/// [`MigrationError::Target`]; [`MigrationError::Unsupported`] when the client of the database cannot
/// be told a statement.
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
    for it in &script {
        let statements = it.statements.iter().flatten();
        let refused = statements.map(|sql| client(dialect).statement(sql)).find_map(Result::err);
        if let Some(why) = refused {
            return Err(MigrationError::Unsupported {
                what: format!(
                    "migration `{}` has a statement that no script can hold: {why}",
                    it.name
                ),
                instead: "let `up` or `down` run it, which needs no client".to_owned(),
            }
            .into());
        }
    }
    let prepare = if way == Way::Up && there.is_empty() {
        Records::of(&revisions, dialect).creation()?
    } else {
        Vec::new()
    };
    Ok((prepare, script))
}
