//! Ctrl-C, and being asked to end, while a migration runs.
#![cfg(unix)]

use std::{
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use plimsoll::{Dialect, connect, testing::Scratch};
use sea_orm::DatabaseConnection;

use crate::{
    database::*,
    process::{Said, migration, says},
};

plimsoll::on_every_empty_database!(
    whoever_is_asked_to_end_stops_behind_the_statement_and_the_next_goes_on,
    whoever_is_asked_twice_ends_at_once,
    what_a_shell_starts_in_the_background_heeds_a_request_to_end_all_the_same,
);

/// Reads the history in a transaction, so that the next record of it has to wait.
async fn reader(scratch: &Scratch) -> DatabaseConnection {
    let reader = connect::session(&scratch.database).await.unwrap();
    let stop = match dialect(&reader) {
        Dialect::Sqlite => "BEGIN IMMEDIATE",
        Dialect::Postgres => "BEGIN; LOCK TABLE plimsoll_history IN SHARE MODE",
        Dialect::Mysql => "LOCK TABLES plimsoll_history READ",
    };
    run(&reader, stop).await;
    reader
}

async fn let_go(reader: DatabaseConnection) {
    let go = if dialect(&reader) == Dialect::Mysql { "UNLOCK TABLES" } else { "ROLLBACK" };
    run(&reader, go).await;
    reader.close().await.unwrap();
}

/// A run that has begun and waits for the reader.
fn waiting(scratch: &Scratch, arguments: &[&str]) -> Child {
    begun(&mut migration(scratch, arguments))
}

fn begun(command: &mut Command) -> Child {
    let mut child = command.spawn().unwrap();
    thread::sleep(Duration::from_millis(700));
    assert!(child.try_wait().unwrap().is_none(), "it waits for the reader");
    child
}

/// As a shell starts what is to run in the background behind `nohup`.
fn in_background(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' INT HUP; exec \"$0\" \"$@\""]);
    shell.arg(command.get_program()).args(command.get_args());
    shell.env_clear();
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    shell
}

fn send(signal: &str, child: &Child) {
    let kill = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
}

fn ended(child: Child) -> Said {
    Said::from(child.wait_with_output().unwrap())
}

async fn whoever_is_asked_to_end_stops_behind_the_statement_and_the_next_goes_on(
    scratch: &Scratch,
) {
    says(scratch, 0, &["up", "+1"]);
    let reader = reader(scratch).await;

    for signal in ["-INT", "-TERM"] {
        let child = waiting(scratch, &["up", "--json", "--table-timeout", "1"]);
        send(signal, &child);
        let said = ended(child);

        assert_eq!(said.code, Some(130), "{said:?}");
        assert_eq!(said.document()["error"]["code"], "PLM0091", "{said:?}");
        assert!(said.err.contains("once more ends it at once"), "{said:?}");
    }

    let_go(reader).await;
    says(scratch, 0, &["up", "--lock-timeout", "5"]);
    says(scratch, 0, &["status"]);
    says(scratch, 0, &["seed", "--verify"]);
}

async fn whoever_is_asked_twice_ends_at_once(scratch: &Scratch) {
    says(scratch, 0, &["up", "+1"]);
    let reader = reader(scratch).await;

    // One that waits much longer than this test would.
    let child = waiting(scratch, &["up", "--table-timeout", "600"]);
    send("-INT", &child);
    thread::sleep(Duration::from_millis(300));
    send("-INT", &child);
    let said = ended(child);

    assert_eq!(said.code, Some(130), "{said:?}");
    assert!(!said.err.contains("PLM0091"), "{said:?}");
    let_go(reader).await;
    says(scratch, 0, &["up", "--lock-timeout", "20"]);
    says(scratch, 0, &["status"]);
}

async fn what_a_shell_starts_in_the_background_heeds_a_request_to_end_all_the_same(
    scratch: &Scratch,
) {
    says(scratch, 0, &["up", "+1"]);
    let reader = reader(scratch).await;

    let up = migration(scratch, &["up", "--json", "--table-timeout", "1"]);
    let child = begun(&mut in_background(&up));
    // What it was told to ignore it ignores.
    send("-INT", &child);
    send("-HUP", &child);
    thread::sleep(Duration::from_millis(300));
    send("-TERM", &child);
    let said = ended(child);

    assert_eq!(said.code, Some(130), "{said:?}");
    assert_eq!(said.document()["error"]["code"], "PLM0091", "{said:?}");
    let_go(reader).await;
    says(scratch, 0, &["up", "--lock-timeout", "5"]);
    says(scratch, 0, &["status"]);
}
