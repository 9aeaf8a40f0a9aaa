//! Why a migration, a lock or a seed was refused or failed.

use std::{io, path::PathBuf, time::Duration};

use sea_orm::DbErr;

use crate::{
    misfit::{Misfit, said},
    revisions::TargetError,
};

/// Why the schema or the default rows could not be brought where they were wanted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrationError {
    /// PLM0030: the names in the list of migrations do not make a history.
    #[error("the list of migrations is wrong: {problem}")]
    BadHistory {
        /// What is wrong.
        problem: String,
    },
    /// PLM0031: a declared migration makes no sense by itself or after those before it.
    #[error("migration `{migration}` cannot run: {problem}")]
    BadMigration {
        /// The migration.
        migration: String,
        /// What is wrong.
        problem: String,
    },
    /// PLM0032: another process held the migration lock for longer than we wait.
    #[error("the migration lock was not free within {} s; it is held by {holder}", waited.as_secs())]
    LockTimeout {
        /// How long we waited.
        waited: Duration,
        /// Who holds it, as far as the database tells.
        holder: String,
    },
    /// PLM0033: the lock file beside an SQLite database cannot be used.
    #[error("cannot use the lock file `{}`", file.display())]
    LockFile {
        /// The file.
        file: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// PLM0034: the database has revisions that the code does not know.
    #[error("the database has {} that the code does not know: {}", count(revisions.len()), revisions.join(", "))]
    MissingRevisions {
        /// Their names.
        revisions: Vec<String>,
    },
    /// PLM0035: a target that cannot be reached.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// PLM0036: the database refused what a migration does.
    #[error("migration `{migration}` failed while {doing}")]
    Failed {
        /// The migration.
        migration: String,
        /// What it was doing: a step, a commit.
        doing: String,
        /// The statement, if it is known.
        statement: Option<String>,
        /// The revisions that this run had brought to an end before.
        done: Vec<String>,
        /// What remains of the migration in the database.
        remains: Remains,
        /// What the driver said.
        #[source]
        source: DbErr,
    },
    /// PLM0037: an imperative migration panicked.
    #[error("migration `{migration}` panicked: {message}")]
    Panicked {
        /// The migration.
        migration: String,
        /// What it said.
        message: String,
        /// The revisions that this run had brought to an end before.
        done: Vec<String>,
        /// What remains of the migration in the database.
        remains: Remains,
    },
    /// PLM0071: what is made at once is made in an empty database.
    #[error("the database is not empty: it has {}", what_there_is(tables, *recorded))]
    NotEmpty {
        /// The tables that are there.
        tables: Vec<String>,
        /// How many revisions are recorded as applied.
        recorded: usize,
    },
    /// PLM0072: the database refused a table of the entities.
    #[error("cannot create `{table}` as the entities want it")]
    NotCreated {
        /// The table.
        table: String,
        /// The statement.
        statement: String,
        /// What the driver said.
        #[source]
        source: DbErr,
    },
    /// PLM0080: there is nothing of the kind that was to be settled.
    #[error("there is nothing to repair: {what}")]
    NothingToRepair {
        /// What there is not.
        what: String,
    },
    /// PLM0081: a migration was added before the last that is applied, where that is refused.
    #[error("{} added before `{last}`, which is applied", were(migrations))]
    OutOfOrder {
        /// The migrations.
        migrations: Vec<String>,
        /// The last that is applied.
        last: String,
    },
    /// PLM0086: between here and the PostgreSQL server stands a pooler that gives each transaction, or
    /// each statement, a session of its own. No lock of a session holds there.
    #[error("a pooler in transaction mode stands before the server: {found}")]
    Pooler {
        /// How that was found out.
        found: String,
    },
    /// PLM0087: on a Galera cluster: the lease that is the migration lock went to somebody else, or
    /// could not be renewed in time. Nothing further was run.
    #[error("the lease of the migration lock was lost: {why}")]
    LeaseLost {
        /// Who has it now, or why it could not be renewed.
        why: String,
    },
    /// PLM0088: on a Galera cluster: the table of the lease cannot be made or used.
    #[error("cannot use the table `{table}` of the migration lock")]
    LeaseTable {
        /// The table.
        table: &'static str,
        /// What the server said.
        #[source]
        source: DbErr,
    },
    /// PLM0091: somebody asked for it.
    #[error("stopped, as asked{}", at.as_ref().map(|at| format!(", in migration `{at}`")).unwrap_or_default())]
    Stopped {
        /// The migration that was running; none between two.
        at: Option<String>,
        /// What remains of it in the database.
        remains: Remains,
        /// The revisions that this run had brought to an end before.
        done: Vec<String>,
    },
    /// PLM0038: an earlier run was killed inside a migration whose statements are not known.
    #[error(
        "an earlier run was interrupted {way} migration `{migration}`, and what it had done is not known"
    )]
    Interrupted {
        /// The migration.
        migration: String,
        /// `applying` or `reverting`.
        way: &'static str,
        /// The statement that was running, if it is known.
        statement: Option<String>,
        /// The table that the statement is about.
        table: Option<String>,
    },
    /// PLM0039: an earlier run was interrupted in a migration that this run does not lead through:
    /// the other way, or behind its target.
    #[error("an earlier run was interrupted {way} migration `{migration}`")]
    InterruptedOtherWay {
        /// The migration.
        migration: String,
        /// `applying` or `reverting`.
        way: &'static str,
    },
    /// PLM0040: an interrupted migration is not the one that the code has now.
    #[error(
        "an earlier run was interrupted in statement {position} of migration `{migration}`, which reads differently now"
    )]
    InterruptedChanged {
        /// The migration.
        migration: String,
        /// The statement, counted from 1.
        position: usize,
        /// The statement as it was sent then.
        statement: String,
    },
    /// PLM0041: the server closed the connection and with it the lock.
    #[error("the connection to the database was lost, and the migration lock with it")]
    ConnectionLost {
        /// The revisions that this run had brought to an end before.
        done: Vec<String>,
        /// What the driver said, if it was the driver that noticed.
        #[source]
        source: Option<DbErr>,
    },
    /// PLM0042: what has run cannot be read or recorded.
    #[error("cannot {doing} the history of migrations")]
    Record {
        /// `read`, `prepare`.
        doing: &'static str,
        /// What the driver said.
        #[source]
        source: DbErr,
    },
    /// PLM0043: all tables were to be dropped, and one was not.
    #[error("cannot drop the tables")]
    DropTables {
        /// Whether the user lacks the right to.
        denied: bool,
        /// What the driver said.
        #[source]
        source: DbErr,
    },
    /// PLM0044: between the question and the answer another process migrated.
    #[error(
        "another process migrated the database meanwhile; now this would {doing} {}",
        list(now)
    )]
    ChangedMeanwhile {
        /// What is done to a migration: `revert` or `forget`.
        doing: &'static str,
        /// The migrations to which it would be done now.
        now: Vec<String>,
    },
    /// PLM0045: what migrates belongs on one session, and a pool of several was given.
    #[error("migrations run on one session, and this is a pool of {connections} connections")]
    NotOneSession {
        /// How many the pool may open.
        connections: u32,
    },
    /// PLM0046: rows that are there do not fit what a migration demands.
    #[error("migration `{migration}` was refused: {}", said(misfits))]
    DoesNotFit {
        /// The migration.
        migration: String,
        /// What they do not fit, and which they are.
        misfits: Vec<Misfit>,
        /// The revisions that this run had brought to an end before.
        done: Vec<String>,
        /// What remains of the migration in the database.
        remains: Remains,
    },
    /// PLM0047: a migration loses rows or values, and nobody has said that it may.
    #[error("{} what is there for good, and nobody has said that it may: {}", if losses.len() == 1 { "a migration loses" } else { "migrations lose" }, losses.join("; "))]
    LossNotAllowed {
        /// The migrations and what they lose, a sentence each.
        losses: Vec<String>,
    },
    /// PLM0050: a seed file is not what it should be.
    #[error("seed file `{file}` is wrong: {problem}")]
    BadSeed {
        /// The file.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// PLM0051: there is no such seeder.
    #[error("there is no seeder `{name}`")]
    UnknownSeeder {
        /// What was asked for.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// PLM0052: a seeded row refers to a row that is not there.
    #[error("seeder `{seeder}` needs `{value}` in `{table}`.`{column}`, and it is not there")]
    SeedReference {
        /// The seeder.
        seeder: String,
        /// The value that was looked up.
        value: String,
        /// Where.
        table: String,
        /// In which column.
        column: String,
    },
    /// PLM0053: the database refused a seeded row.
    #[error("seeder `{seeder}` failed at `{row}`")]
    SeedFailed {
        /// The seeder.
        seeder: String,
        /// The row's key.
        row: String,
        /// What the driver said.
        #[source]
        source: DbErr,
    },
    /// PLM0060: a confirmation was needed, and nobody was there to give it.
    #[error("`{command}` needs a confirmation, and there is no terminal to ask on")]
    Unconfirmed {
        /// The command.
        command: &'static str,
    },
    /// PLM0061: a destructive command on a production database.
    #[error("`{command}` destroys data, and APP_ENV is production")]
    Production {
        /// The command.
        command: &'static str,
    },
    /// PLM0062: a migration cannot be named so.
    #[error("`{name}` cannot be a migration's name: {problem}")]
    BadName {
        /// What was asked for.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// PLM0063: the migration crate is not where it was looked for, or has a form that we cannot add to.
    #[error("cannot add a migration to `{}`: {problem}", folder.display())]
    NotAMigrationCrate {
        /// Where it was looked for.
        folder: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// PLM0064: a file of the migration crate cannot be read or written.
    #[error("cannot {doing} `{}`", file.display())]
    File {
        /// `read`, `write`.
        doing: &'static str,
        /// The file.
        file: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// PLM0065: a command that means two things to people who come from other tools.
    #[error("`migrate` alone could mean two things")]
    AmbiguousCommand {},
    /// PLM0066: the command cannot do that yet.
    #[error("{what}")]
    Unsupported {
        /// What was asked for and is not there.
        what: String,
        /// What to type instead.
        instead: String,
    },
    /// PLM0067: only a person can know what a new migration has to do, and nobody was there to say.
    #[error("{} to be said before a migration can be written", if open.len() == 1 { "one thing has".to_owned() } else { format!("{} things have", open.len()) })]
    Unanswered {
        /// What has to be said, a sentence for each with the options that say it.
        open: Vec<String>,
    },
    /// PLM0068: an answer that answers nothing.
    #[error("{problem}")]
    BadAnswer {
        /// What is wrong with it.
        problem: String,
    },
    /// PLM0070: nobody can tell what the schema is that was asked for.
    #[error("the schema cannot be told: {because}")]
    NotComparable {
        /// Why not.
        because: String,
    },
    /// PLM0074: what is dropped in the schema would take along what is in another one, or, when a copy is
    /// brought back, what belongs to none (PostgreSQL).
    #[error("in another schema, or in none, there is what depends on this one and would go along: {}", found.join(", "))]
    Elsewhere {
        /// What would go, each with its kind.
        found: Vec<String>,
    },
    /// PLM0075: a copy needs a program that is not there, or too old for the server.
    #[error("`{tool}` {problem}")]
    Tool {
        /// The program.
        tool: String,
        /// What is wrong with it, to be read after its name.
        problem: String,
        /// Which package has it.
        install: &'static str,
    },
    /// PLM0076: a program that copies databases failed.
    #[error("`{tool}` could not {doing}: {said}")]
    ToolFailed {
        /// The program.
        tool: &'static str,
        /// What it was to do.
        doing: &'static str,
        /// What it said.
        said: String,
    },
    /// PLM0077: a file is no whole copy of such a database.
    #[error("`{}` cannot be brought back: {problem}", file.display())]
    BadCopy {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// PLM0078: the file of a copy cannot be read or written, or is there already.
    #[error("cannot {doing} the copy `{}`", file.display())]
    CopyFile {
        /// `read`, `write`.
        doing: &'static str,
        /// The file.
        file: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// PLM0079: a copy was being brought back, and it stopped on the way.
    #[error("the database is half of what it was and half of the copy `{file}`")]
    HalfRestored {
        /// The copy.
        file: String,
        /// Why it stopped, if it was this run that did.
        #[source]
        source: Option<Box<super::Error>>,
    },
}

/// What a failed migration has left in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remains {
    /// Nothing: none of its statements has run, or a transaction took them back.
    Nothing,
    /// The statements before the one that failed; the next run goes on behind them.
    Resumable,
    /// Whatever its code did before it failed; the next run starts it again.
    Unknown,
}

impl Remains {
    /// The sentence for a person.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Nothing => "the database is as it was before this migration began",
            Self::Resumable => {
                "the statements before this one have run; the next run goes on behind them"
            }
            Self::Unknown => {
                "what its code did before the failure remains, because no transaction held it; the next \
                 run starts it again"
            }
        }
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

fn were(migrations: &[String]) -> String {
    let names: Vec<String> = migrations.iter().map(|name| format!("`{name}`")).collect();
    let verb = if names.len() == 1 { "migration {} was" } else { "migrations {} were" };
    verb.replace("{}", &names.join(", "))
}

/// Some of the tables, and how many revisions.
fn what_there_is(tables: &[String], recorded: usize) -> String {
    const SHOWN: usize = 5;
    let mut there: Vec<String> =
        tables.iter().take(SHOWN).map(|table| format!("table `{table}`")).collect();
    if tables.len() > SHOWN {
        there.push(format!("{} tables more", tables.len() - SHOWN));
    }
    if recorded > 0 {
        there.push(format!("{} recorded as applied", count(recorded)));
    }
    there.join(", ")
}

fn count(revisions: usize) -> String {
    if revisions == 1 { "a revision".to_owned() } else { format!("{revisions} revisions") }
}

impl MigrationError {
    /// Stopped between two migrations.
    pub(crate) fn stopped(done: Vec<String>) -> Self {
        Self::Stopped { at: None, remains: Remains::Nothing, done }
    }

    /// The same failure, which has left something else.
    #[must_use]
    pub(crate) fn leaving(mut self, left: Remains) -> Self {
        if let Self::Failed { remains, .. } | Self::Panicked { remains, .. } = &mut self {
            *remains = left;
        }
        self
    }

    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::BadHistory { .. } => "PLM0030",
            Self::BadMigration { .. } => "PLM0031",
            Self::LockTimeout { .. } => "PLM0032",
            Self::LockFile { .. } => "PLM0033",
            Self::MissingRevisions { .. } => "PLM0034",
            Self::Target(_) => "PLM0035",
            Self::Failed { .. } => "PLM0036",
            Self::Panicked { .. } => "PLM0037",
            Self::Interrupted { .. } => "PLM0038",
            Self::InterruptedOtherWay { .. } => "PLM0039",
            Self::InterruptedChanged { .. } => "PLM0040",
            Self::ConnectionLost { .. } => "PLM0041",
            Self::Record { .. } => "PLM0042",
            Self::DropTables { .. } => "PLM0043",
            Self::ChangedMeanwhile { .. } => "PLM0044",
            Self::NotOneSession { .. } => "PLM0045",
            Self::DoesNotFit { .. } => "PLM0046",
            Self::LossNotAllowed { .. } => "PLM0047",
            Self::BadSeed { .. } => "PLM0050",
            Self::UnknownSeeder { .. } => "PLM0051",
            Self::SeedReference { .. } => "PLM0052",
            Self::SeedFailed { .. } => "PLM0053",
            Self::Unconfirmed { .. } => "PLM0060",
            Self::Production { .. } => "PLM0061",
            Self::BadName { .. } => "PLM0062",
            Self::NotAMigrationCrate { .. } => "PLM0063",
            Self::File { .. } => "PLM0064",
            Self::AmbiguousCommand {} => "PLM0065",
            Self::Unsupported { .. } => "PLM0066",
            Self::Unanswered { .. } => "PLM0067",
            Self::BadAnswer { .. } => "PLM0068",
            Self::NotComparable { .. } => "PLM0070",
            Self::NotEmpty { .. } => "PLM0071",
            Self::NotCreated { .. } => "PLM0072",
            Self::NothingToRepair { .. } => "PLM0080",
            Self::OutOfOrder { .. } => "PLM0081",
            Self::Pooler { .. } => "PLM0086",
            Self::LeaseLost { .. } => "PLM0087",
            Self::LeaseTable { .. } => "PLM0088",
            Self::Stopped { .. } => "PLM0091",
            Self::Elsewhere { .. } => "PLM0074",
            Self::Tool { .. } => "PLM0075",
            Self::ToolFailed { .. } => "PLM0076",
            Self::BadCopy { .. } => "PLM0077",
            Self::CopyFile { .. } => "PLM0078",
            Self::HalfRestored { .. } => "PLM0079",
        }
    }
}
