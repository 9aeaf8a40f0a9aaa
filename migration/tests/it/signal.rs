//! Ctrl-C while a migration runs.
#![cfg(unix)]

use std::{
    os::unix::process::ExitStatusExt as _,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use plimsoll::{Dialect, connect, testing::Scratch};

use crate::{
    database::*,
    process::{migration, says},
};

plimsoll::on_every_empty_database!(an_interrupt_ends_it_and_the_next_goes_on);

async fn an_interrupt_ends_it_and_the_next_goes_on(scratch: &Scratch) {
    says(scratch, 0, &["up", "+1"]);
    // Somebody reads the history in a transaction, so that the next record of it has to wait.
    let reader = connect::session(&scratch.database).await.unwrap();
    let (stop, go) = match dialect(&reader) {
        Dialect::Sqlite => ("BEGIN IMMEDIATE", "ROLLBACK"),
        Dialect::Postgres => ("BEGIN; LOCK TABLE plimsoll_history IN SHARE MODE", "ROLLBACK"),
        Dialect::Mysql => ("LOCK TABLES plimsoll_history READ", "UNLOCK TABLES"),
    };
    run(&reader, stop).await;
    let mut child = migration(scratch, &["up"]).spawn().unwrap();
    thread::sleep(Duration::from_millis(500));
    assert!(child.try_wait().unwrap().is_none(), "it waits for the reader");

    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let interrupted = Instant::now();
    let status = child.wait().unwrap();
    assert!(interrupted.elapsed() < Duration::from_secs(10));
    run(&reader, go).await;
    reader.close().await.unwrap();

    assert!(status.signal() == Some(2) || status.code() == Some(130), "{status}");
    says(scratch, 0, &["up", "--lock-timeout", "5"]);
    says(scratch, 0, &["status"]);
    says(scratch, 0, &["seed", "--verify"]);
}
