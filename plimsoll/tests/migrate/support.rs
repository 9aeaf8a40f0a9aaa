//! What the tests ask a database, and the migrations they ask it about.

use std::{
    process::{Command, Output, Stdio},
    sync::Mutex,
};

use plimsoll::{
    App, Choice, Dialect, History, Mode, Ran, Report, Seeded, Steps, connect,
    prelude::*,
    progress::{Event, Progress},
    revisions::Target,
    testing::Scratch,
};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};
use secrecy::ExposeSecret as _;

pub(crate) use crate::database::*;

/// A connection of its own, which keeps what is set in it.
pub(crate) async fn session(scratch: &Scratch) -> DatabaseConnection {
    connect::session(&scratch.database).await.unwrap()
}

pub(crate) async fn refused(db: &impl ConnectionTrait, sql: &str) -> DbErr {
    match db.execute_unprepared(sql).await {
        Ok(_) => panic!("this was to be refused: {sql}"),
        Err(error) => error,
    }
}

/// The rows of the journal of interrupted migrations.
pub(crate) async fn open(db: &impl ConnectionTrait) -> i64 {
    count(db, "plimsoll_journal").await
}

/// What a run tells, as lines.
#[derive(Debug, Default)]
pub(crate) struct Heard(Mutex<Vec<String>>);

impl Heard {
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn has(&self, part: &str) -> bool {
        self.lines().iter().any(|line| line.contains(part))
    }
}

impl Progress for Heard {
    fn tell(&self, event: Event<'_>) {
        let line = match event {
            Event::Waiting { holder } => format!("waiting for {holder}"),
            Event::Resuming { migration, finished } => format!("resuming {migration} {finished}"),
            Event::Began { migration, reverting: false } => format!("apply {migration}"),
            Event::Began { migration, reverting: true } => format!("revert {migration}"),
            Event::SeederSkipped { seeder, because } => format!("skipped {seeder}: {because}"),
            Event::Warning { sentence } => format!("warning: {sentence}"),
            Event::Losing { losses } => {
                let lines = losses.iter().map(|loss| format!("lost: {}", loss.describe()));
                return self.0.lock().unwrap().extend(lines);
            }
            Event::Copied { copy } => format!("copied to {}", copy.file.display()),
            _ => return,
        };
        self.0.lock().unwrap().push(line);
    }
}

/// Applies everything, on a connection of its own.
pub(crate) async fn up(scratch: &Scratch, app: &App) -> plimsoll::Result<Report> {
    let db = session(scratch).await;
    let report = app.up_on(&db).await;
    let _ = db.close().await;
    report
}

/// Reverts as far as `target`, on a connection of its own.
pub(crate) async fn down(scratch: &Scratch, app: &App, target: &str) -> plimsoll::Result<Vec<Ran>> {
    let db = session(scratch).await;
    let reverted = app.on(&db).down(&to(target), None).await;
    let _ = db.close().await;
    reverted
}

/// Applies as far as `target`, and tells what was told.
pub(crate) async fn heard_up(
    scratch: &Scratch,
    app: &App,
    target: &str,
) -> (plimsoll::Result<Report>, Heard) {
    let heard = Heard::default();
    let db = session(scratch).await;
    let report = app.on(&db).telling(&heard).up(&to(target), &Choice::default()).await;
    let _ = db.close().await;
    (report, heard)
}

pub(crate) async fn seed(scratch: &Scratch, app: &App) -> plimsoll::Result<Vec<Seeded>> {
    let db = session(scratch).await;
    let seeded = app.on(&db).seed(&Choice::default(), Mode::Offer).await;
    let _ = db.close().await;
    seeded
}

pub(crate) fn to(target: &str) -> Target {
    let Ok(target) = target.parse();
    target
}

pub(crate) fn applied(report: &Report) -> Vec<&str> {
    names(&report.applied)
}

pub(crate) fn names(ran: &[Ran]) -> Vec<&str> {
    ran.iter().map(|ran| ran.name.as_str()).collect()
}

/// The error's text and all that stands behind it.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let source = error.source().map(|source| format!(": {}", chain(source)));
    format!("{error}{}", source.unwrap_or_default())
}

/// An app of one declared migration.
pub(crate) fn app_of(steps: fn() -> Steps) -> App {
    App::new(History::new().declared("m01", steps))
}

/// Does what `steps` say to the database.
pub(crate) async fn make(scratch: &Scratch, steps: fn() -> Steps) {
    up(scratch, &app_of(steps)).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
}

/// A table with a key and a name.
pub(crate) fn table(name: &str) -> Steps {
    Steps::new().create_table(name, |t| t.column(big_pk_auto("id")).column(string_len("name", 80)))
}

/// The program that sails the history of that name against the database.
pub(crate) fn ship(scratch: &Scratch, arguments: &[&str]) -> Command {
    ship_to(scratch.database.url().expose_secret(), arguments)
}

/// The same on the database of that address.
pub(crate) fn ship_to(url: &str, arguments: &[&str]) -> Command {
    let mut command = sailing(arguments);
    command.env("DATABASE_URL", url);
    command
}

/// The same without a database.
pub(crate) fn sailing(arguments: &[&str]) -> Command {
    let tests = std::env::current_exe().unwrap();
    let folder = tests.ancestors().nth(2).unwrap().join("examples");
    let program = folder.join(format!("ship{}", std::env::consts::EXE_SUFFIX));
    assert!(
        program.exists(),
        "`{}` is not built: `cargo test -p plimsoll` builds it, `--test migrate` alone does not",
        program.display()
    );
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The migrations that runs with `--json` say they applied, one after the other.
pub(crate) fn applied_in(answers: &[String]) -> Vec<String> {
    let mut applied = Vec::new();
    for document in answers {
        let document: serde_json::Value = serde_json::from_str(document).unwrap();
        let names = document["applied"].as_array().unwrap().iter();
        applied.extend(names.map(|it| it["name"].as_str().unwrap().to_owned()));
    }
    applied
}

/// What a process said, for the message of a failed assertion.
pub(crate) fn said(output: &Output) -> String {
    format!(
        "{}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Tells whoever runs the tests with `--nocapture` what was measured.
#[expect(clippy::print_stdout, reason = "it belongs to the output of the test")]
pub(crate) fn measured(what: impl std::fmt::Display) {
    println!("{what}");
}

/// The session of this database whose statement holds `part`.
pub(crate) async fn session_of(db: &DatabaseConnection, part: &str) -> Option<i64> {
    let find = match dialect(db) {
        Dialect::Sqlite => return None,
        Dialect::Postgres => format!(
            "SELECT pid::bigint FROM pg_stat_activity WHERE datname = current_database() \
             AND pid <> pg_backend_pid() AND state = 'active' AND query ILIKE '%{part}%'"
        ),
        Dialect::Mysql => format!(
            "SELECT CAST(id AS SIGNED) FROM information_schema.processlist \
             WHERE db = DATABASE() AND id <> CONNECTION_ID() AND info LIKE '%{part}%'"
        ),
    };
    all::<i64>(db, &find).await.pop()
}
