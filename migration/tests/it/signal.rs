//! Ctrl-C, and being asked to end, while a migration runs.
#![cfg(unix)]

use std::{
    process::{Child, Command},
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
    let mut child = migration(scratch, arguments).spawn().unwrap();
    thread::sleep(Duration::from_millis(700));
    assert!(child.try_wait().unwrap().is_none(), "it waits for the reader");
    child
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
