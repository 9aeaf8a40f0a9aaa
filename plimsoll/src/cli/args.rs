//! What can be typed.

use std::{path::PathBuf, time::Duration};

use clap::{
    ArgAction, Args, Parser, Subcommand, ValueEnum, builder::RangedU64ValueParser, value_parser,
};

use super::{baseline::Baseline, copies, drop_all, repair::Repair, verify::Verify};
use crate::{
    app::LOCK_TIMEOUT, dialect::Dialect, draft::Answers, limits::Limits, revisions::Target,
};

/// Migrates the database.
#[derive(Debug, Parser)]
#[command(name = "migration", bin_name = "migration", disable_help_subcommand = true)]
#[command(
    after_help = "TARGET: nothing, head, base, +N, -N, a revision or any beginning of it that only one has.\n\
                  Exit codes: 0 done or clean, 1 error or refused, 2 not clean, 130 interrupted."
)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) common: Common,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub(super) struct Common {
    /// The database; else `DATABASE_URL`, else its parts, else the embedded SQLite file.
    #[arg(short = 'u', long, global = true, value_name = "URL")]
    pub(super) database_url: Option<String>,
    /// The PostgreSQL schema to work in.
    #[arg(short = 's', long, global = true, value_name = "SCHEMA")]
    pub(super) database_schema: Option<String>,
    /// Print one JSON document on standard output.
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Print the result alone.
    #[arg(short, long, global = true)]
    pub(super) quiet: bool,
    /// Print more.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(super) verbose: u8,
    /// Answer every confirmation beforehand.
    #[arg(short, long, global = true, visible_alias = "force")]
    pub(super) yes: bool,
    /// Colours; by themselves on a terminal, unless `NO_COLOR` is set.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(super) color: Color,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Apply pending migrations, then offer the default rows.
    #[command(visible_alias = "upgrade")]
    Up(Up),
    /// Revert migrations, one if nothing else is said. Asks first.
    #[command(visible_alias = "downgrade")]
    Down(Down),
    /// Revert migrations and apply them again, one if nothing else is said. Asks first.
    Redo(Redo),
    /// Record the migrations up to TARGET as applied and forget the later ones, without running any. Asks
    /// before it forgets.
    Stamp(Stamp),
    /// Take over a database that somebody else made: find the revision whose schema it has, and record
    /// it when nothing differs. Exit code 2 when something does.
    Baseline(Baseline),
    /// Show what a crash or an edit left behind, and settle it. Exit code 2 when there is something.
    Repair(Repair),
    /// Show how every migration stands. Exit code 2 when one is pending, missing, changed or
    /// interrupted.
    Status,
    /// Show the revision that the database is at.
    Current,
    /// Show the newest revision that the code knows.
    Heads,
    /// List all revisions, newest last, and where the database is.
    History,
    /// Drop all tables, then apply all migrations. Asks first.
    Fresh(Refill),
    /// Revert all migrations, then apply them again. Asks first.
    Refresh(Refill),
    /// Revert all migrations and forget the history. Asks first.
    Reset(Reset),
    /// Make the tables that the entities want in an empty database, and record every migration as
    /// applied without running it: for tests.
    CreateAll(Refill),
    /// Drop every table of the database, known or not. Asks for its name.
    DropAll(drop_all::DropAll),
    /// Make a copy of the database.
    Backup(copies::Backup),
    /// Bring the database back to what a copy has. Asks first.
    Restore(copies::Restore),
    /// Offer the default rows; those that were offered before are left alone.
    Seed(Seed),
    /// Write a migration.
    #[command(visible_aliases = ["revision", "makemigration"])]
    Generate(Generate),
    /// Show what differs between entities, migrations and the database.
    Diff(Diff),
    /// Say whether entities, migrations and the database agree. Exit code 2 when they do not, 1 when
    /// something could not be compared.
    Check(Check),
    /// Print a schema as SQL, or with --json as data.
    Schema(Schema),
    /// Draw the tables and how they refer to each other.
    Diagram(Diagram),
    /// Replay the history on databases made for the purpose: each migration up, down, up. Exit code 2
    /// when the schema does not come back.
    Verify(Verify),
    /// Wait until the database answers.
    Wait(Wait),
    /// Explain why there is nothing to initialise.
    Init,
    /// Means different things elsewhere: says what to type instead.
    #[command(hide = true)]
    Migrate {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
}

/// Options of what prints SQL without a database.
#[derive(Debug, Args)]
pub(super) struct Script {
    /// Print the SQL of all migrations up to TARGET, or of FROM..TO, and never connect.
    #[arg(long, conflicts_with = "dry_run")]
    pub(super) sql: bool,
    /// For which database; else for the one that is configured.
    #[arg(long, value_name = "DIALECT", requires = "sql")]
    pub(super) dialect: Option<Kind>,
}

/// A kind of database, as it is typed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Kind {
    Sqlite,
    #[value(alias = "postgresql")]
    Postgres,
    #[value(alias = "mariadb")]
    Mysql,
}

impl From<Kind> for Dialect {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Sqlite => Self::Sqlite,
            Kind::Postgres => Self::Postgres,
            Kind::Mysql => Self::Mysql,
        }
    }
}

/// As many seconds as every database takes: PostgreSQL and SQLite count milliseconds in 31 bits.
fn seconds() -> RangedU64ValueParser {
    value_parser!(u64).range(..=2_147_483)
}

/// Options of what changes the database.
#[derive(Debug, Args)]
pub(super) struct Lock {
    /// How long to wait for another process that migrates.
    #[arg(long = "lock-timeout", value_name = "SECONDS", default_value_t = LOCK_TIMEOUT.as_secs(), value_parser = seconds())]
    timeout: u64,
    /// Take no lock: nobody else may migrate meanwhile.
    #[arg(long = "no-lock", conflicts_with = "timeout")]
    none: bool,
    /// How long the server may work on one statement (PostgreSQL, MySQL, MariaDB).
    #[arg(long, value_name = "SECONDS", value_parser = seconds())]
    statement_timeout: Option<u64>,
    /// How long a statement waits, each time, for a table or a row that others use. It is tried again
    /// for two minutes.
    #[arg(long, value_name = "SECONDS", default_value_t = Limits::default().wait.as_secs(), value_parser = seconds())]
    table_timeout: u64,
    /// Make a copy of the database first, in FILE or in a folder `backups`; `restore` brings it back.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    #[expect(clippy::option_option, reason = "the option may be there without a file")]
    pub(super) backup: Option<Option<PathBuf>>,
}

impl Lock {
    /// How long statements wait and work.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            wait: Duration::from_secs(self.table_timeout),
            statement: self.statement_timeout.filter(|it| *it > 0).map(Duration::from_secs),
            ..Limits::default()
        }
    }

    /// How long the lock is waited for; nothing without a lock.
    pub(super) fn limit(&self) -> Option<Duration> {
        (!self.none).then(|| Duration::from_secs(self.timeout))
    }
}

#[derive(Debug, Args)]
pub(super) struct Up {
    /// How far: head if nothing is said.
    #[arg(allow_negative_numbers = true)]
    target: Option<String>,
    /// So many migrations and no more.
    #[arg(short = 'n', long = "num", value_name = "N", conflicts_with = "target")]
    number: Option<usize>,
    /// Print the SQL that would run, and change nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) script: Script,
    /// Leave out this seeder.
    #[arg(long, value_name = "SEEDER")]
    pub(super) skip: Vec<String>,
    /// Let a migration run that was added before the last applied, where that is refused.
    #[arg(long)]
    pub(super) out_of_order: bool,
    #[command(flatten)]
    pub(super) lock: Lock,
}

impl Up {
    /// From where to where a script leads.
    pub(super) fn range(&self) -> (Target, Target) {
        range(self.target.as_deref(), [Target::Base, Target::Head])
            .unwrap_or_else(|| (Target::Base, self.target()))
    }

    pub(super) fn target(&self) -> Target {
        target(self.target.as_deref(), self.number.map(Target::Forward), Target::Head)
    }
}

#[derive(Debug, Args)]
pub(super) struct Down {
    /// How far; TARGET itself stays applied. One migration if nothing is said.
    #[arg(allow_negative_numbers = true)]
    target: Option<String>,
    /// So many migrations.
    #[arg(short = 'n', long = "num", value_name = "N", conflicts_with = "target")]
    number: Option<usize>,
    /// Print the SQL that would run, and change nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) script: Script,
    #[command(flatten)]
    pub(super) lock: Lock,
}

impl Down {
    /// From where to where a script leads; back there is no telling without `FROM..TO`.
    pub(super) fn range(&self) -> Option<(Target, Target)> {
        range(self.target.as_deref(), [Target::Head, Target::Base])
    }

    pub(super) fn target(&self) -> Target {
        target(self.target.as_deref(), self.number.map(Target::Back), Target::Back(1))
    }
}

/// What is written as `FROM..TO`; `open` where nothing is.
fn range(named: Option<&str>, open: [Target; 2]) -> Option<(Target, Target)> {
    let (from, to) = named?.split_once("..")?;
    let [first, last] = open;
    let end =
        |text: &str, otherwise| target(Some(text).filter(|it| !it.is_empty()), None, otherwise);
    Some((end(from, first), end(to, last)))
}

fn target(named: Option<&str>, counted: Option<Target>, otherwise: Target) -> Target {
    match named {
        Some(text) => {
            let Ok(target) = text.parse();
            target
        }
        None => counted.unwrap_or(otherwise),
    }
}

#[derive(Debug, Args)]
pub(super) struct Stamp {
    /// How far: what is up to TARGET is applied from then on, and nothing else.
    #[arg(allow_negative_numbers = true)]
    target: String,
    /// Print the SQL that would run, and change nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) lock: Lock,
}

impl Stamp {
    pub(super) fn target(&self) -> Target {
        target(Some(&self.target), None, Target::Head)
    }
}

#[derive(Debug, Args)]
pub(super) struct Redo {
    /// So many migrations, or down to TARGET, which itself stays applied.
    #[arg(value_name = "N", allow_negative_numbers = true)]
    target: Option<String>,
    #[command(flatten)]
    pub(super) refill: Refill,
}

impl Redo {
    pub(super) fn target(&self) -> Target {
        let counted = self.target.as_deref().and_then(|it| it.parse().ok()).map(Target::Back);
        counted.unwrap_or_else(|| target(self.target.as_deref(), None, Target::Back(1)))
    }
}

#[derive(Debug, Args)]
pub(super) struct Refill {
    /// Print the SQL that would run, and change nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Leave out this seeder.
    #[arg(long, value_name = "SEEDER")]
    pub(super) skip: Vec<String>,
    #[command(flatten)]
    pub(super) lock: Lock,
}

#[derive(Debug, Args)]
pub(super) struct Reset {
    /// Print the SQL that would run, and change nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) lock: Lock,
}

#[derive(Debug, Args)]
pub(super) struct Wait {
    /// For how long at most.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(super) timeout: u64,
}

#[derive(Debug, Args)]
pub(super) struct Seed {
    /// These seeders alone.
    #[arg(value_name = "NAME")]
    pub(super) names: Vec<String>,
    /// Print the names of the seeders.
    #[arg(long)]
    pub(super) list: bool,
    /// Leave out this seeder.
    #[arg(long, value_name = "SEEDER")]
    pub(super) skip: Vec<String>,
    /// Show where the rows differ from the default ones. Exit code 2 when they do.
    #[arg(long, conflicts_with_all = ["reset", "dry_run"])]
    pub(super) verify: bool,
    /// Set the rows of this seeder back to the default ones. Exit code 2 when one cannot be.
    #[arg(long, value_name = "SEEDER", conflicts_with = "names")]
    pub(super) reset: Option<String>,
    /// Print what would be inserted, and change nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) lock: Lock,
}

#[derive(Debug, Args)]
pub(super) struct Generate {
    /// What the migration does, such as `create_articles`.
    #[arg(required_unless_present = "message")]
    name: Option<String>,
    /// The same, as Alembic has it.
    #[arg(short, long, conflicts_with = "name")]
    message: Option<String>,
    /// Write a blank migration to be filled in by hand.
    #[arg(long)]
    pub(super) empty: bool,
    /// What has another name: a table, or a column with its table before a point. Names may have
    /// colons of their own: the colon counts that stands between two names that are there. Names
    /// that are exchanged take one of these each.
    #[arg(long, value_name = "OLD:NEW", value_parser = renamed, conflicts_with = "empty")]
    rename: Vec<String>,
    /// What goes with what it holds: a table, or a column with its table before a point.
    #[arg(long, value_name = "NAME", conflicts_with = "empty")]
    drop: Vec<String>,
    /// What rows that are there get in a column that takes no NULL.
    #[arg(long, value_name = "COLUMN=VALUE", value_parser = assigned, conflicts_with = "empty")]
    default: Vec<(String, String)>,
    /// A table, or a domain with all its tables, and nothing but these; what has changed in others is
    /// left for later migrations.
    #[arg(long, value_name = "NAME", conflicts_with = "empty")]
    pub(super) only: Vec<String>,
    /// Print it, and write nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// The migration crate; else the one that is found in or above the working folder.
    #[arg(short = 'd', long, value_name = "FOLDER")]
    pub(super) migration_dir: Option<PathBuf>,
}

impl Generate {
    pub(super) fn name(&self) -> &str {
        self.name.as_deref().or(self.message.as_deref()).unwrap_or_default()
    }

    pub(super) fn answers(&self) -> Answers {
        Answers {
            renames: Vec::new(),
            typed_renames: self.rename.clone(),
            drops: self.drop.clone(),
            defaults: self.default.clone(),
        }
    }
}

fn renamed(text: &str) -> Result<String, String> {
    let is_between = |at: usize| at > 0 && at + 1 < text.len();
    if text.match_indices(':').any(|(at, _)| is_between(at)) {
        Ok(text.to_owned())
    } else {
        Err("write what it was called, a colon, and what it is called".to_owned())
    }
}

fn assigned(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((column, value)) if !column.is_empty() => Ok((column.to_owned(), value.to_owned())),
        _ => Err("write the column, `=` and the value".to_owned()),
    }
}

#[derive(Debug, Args)]
pub(super) struct Diff {
    /// Print the SQL that would settle the differences.
    #[arg(long)]
    pub(super) sql: bool,
    /// Exit with code 2 when something differs.
    #[arg(long)]
    pub(super) exit_code: bool,
    /// Compare what can be read, and make nothing on the server for it.
    #[arg(long)]
    pub(super) shallow: bool,
    /// Count tables that nobody knows as a difference.
    #[arg(long)]
    pub(super) strict: bool,
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// Compare what can be read, and make nothing on the server for it.
    #[arg(long)]
    pub(super) shallow: bool,
    /// Count tables that nobody knows as a difference.
    #[arg(long)]
    pub(super) strict: bool,
}

/// Which of the three schemas is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Of {
    /// What is there.
    Database,
    /// What all migrations make.
    Migrations,
    /// What the entities want.
    Entities,
}

#[derive(Debug, Args)]
pub(super) struct Schema {
    /// Whose: the database's if nothing is said.
    pub(super) of: Option<Of>,
    /// In the words of which database; else of the one that is configured.
    #[arg(long, value_name = "DIALECT")]
    pub(super) dialect: Option<Kind>,
}

#[derive(Debug, Args)]
pub(super) struct Diagram {
    /// Of which schema: the entities' if there are some, else the database's.
    pub(super) of: Option<Of>,
    /// `mermaid`, `dot` or `svg`; else by the ending of the file, else `mermaid`.
    #[arg(long, value_name = "FORMAT")]
    pub(super) format: Option<String>,
    /// Write it to this file.
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Command {
        Arguments::try_parse_from(["migration"].into_iter().chain(line.split(' '))).unwrap().command
    }

    #[test]
    fn the_command_line_has_no_contradictions() {
        use clap::CommandFactory as _;

        Arguments::command().debug_assert();
    }

    #[test]
    fn targets_are_read_in_every_form() {
        let up = |line| match parse(line) {
            Command::Up(args) => args.target(),
            other => panic!("{other:?}"),
        };
        let down = |line| match parse(line) {
            Command::Down(args) => args.target(),
            other => panic!("{other:?}"),
        };

        assert_eq!(up("up"), Target::Head);
        assert_eq!(up("up +2"), Target::Forward(2));
        assert_eq!(up("upgrade head"), Target::Head);
        assert_eq!(up("up -n 3"), Target::Forward(3));
        assert_eq!(up("up -n3"), Target::Forward(3));
        assert_eq!(down("down"), Target::Back(1));
        assert_eq!(down("downgrade -1"), Target::Back(1));
        assert_eq!(down("down -2 --yes"), Target::Back(2));
        assert_eq!(down("down base"), Target::Base);
        assert_eq!(down("down -n 2"), Target::Back(2));
        assert_eq!(down("down m2026"), Target::Revision("m2026".to_owned()));
    }

    #[test]
    fn an_option_that_is_misspelt_is_not_taken_for_a_target() {
        use clap::error::ErrorKind::UnknownArgument;

        for line in ["up --dry", "up --sequel", "down --dry -2", "down -x"] {
            let said = Arguments::try_parse_from(["migration"].into_iter().chain(line.split(' ')));
            assert_eq!(said.map(|_| ()).unwrap_err().kind(), UnknownArgument, "{line}");
        }
    }

    #[test]
    fn the_names_of_other_tools_are_understood() {
        let name = |line| match parse(line) {
            Command::Generate(args) => args.name().to_owned(),
            other => panic!("{other:?}"),
        };

        assert_eq!(name("revision -m add_nickname --empty"), "add_nickname");
        assert_eq!(name("makemigration add_nickname --empty"), "add_nickname");
        assert!(matches!(parse("migrate -m x"), Command::Migrate { .. }));
        assert!(matches!(parse("migrate"), Command::Migrate { .. }));
    }
}
