//! What `up --sql` and `down --sql` print, run by the database's own client.

use plimsoll::{Dialect, testing::Scratch};

use crate::{
    client::{run_by_client, tried_by_client},
    database::*,
    process::{Said, known, migration, migration_in, says},
};

plimsoll::on_every_empty_database!(
    the_clients_make_what_the_command_makes_and_take_it_back,
    a_range_leads_from_one_revision_to_the_next,
    a_second_run_of_a_script_stops_at_once,
    what_cannot_be_printed_is_said,
);

/// What the command prints that can reach no database.
fn printed(dialect: Dialect, arguments: &[&str]) -> String {
    let print = || {
        let arguments = [arguments, &["--sql", "--dialect", dialect.name()]].concat();
        let mut command = migration_in(&std::env::temp_dir(), &arguments);
        command.env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none");
        Said::of(&mut command).with(0).out
    };
    let script = print();
    assert_eq!(print(), script, "the same each time");
    script
}

#[cfg(target_os = "linux")]
#[test]
fn a_script_that_cannot_be_written_to_its_end_is_no_success() {
    for arguments in [&["up", "--sql", "--dialect", "sqlite"][..], &["heads"], &["heads", "--json"]]
    {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let said = Said::of(migration_in(&std::env::temp_dir(), arguments).stdout(full)).with(1);
        assert!(said.err.contains("the result could not be written"), "{arguments:?}: {said:?}");
    }
}

/// The schema, and what is recorded, but for who did it and when.
async fn state(scratch: &Scratch) -> Vec<String> {
    let mut lines = fingerprint(&scratch.db).await;
    // A script offers no default rows.
    lines.retain(|line| !line.contains("plimsoll_seeds"));
    lines.extend(recorded(&scratch.db).await);
    let history = "SELECT concat(history, ' ', version, ' ', checksum, ' ', engine) FROM plimsoll_history ORDER BY version";
    let history = match dialect(&scratch.db) {
        Dialect::Sqlite => history.replace(", ' ', ", " || ' ' || ").replace("concat", ""),
        Dialect::Postgres | Dialect::Mysql => history.to_owned(),
    };
    lines.extend(all::<String>(&scratch.db, &history).await);
    lines.push(format!("{} begun", count(&scratch.db, "plimsoll_journal").await));
    lines
}

async fn the_clients_make_what_the_command_makes_and_take_it_back(scratch: &Scratch) {
    let is = dialect(&scratch.db);
    let (there, back) = (printed(is, &["up"]), printed(is, &["down", "head..base"]));
    assert_eq!(there, printed(is, &["up", "base..head"]));
    assert_eq!(back, printed(is, &["down", ".."]));
    says(scratch, 0, &["up"]);
    let by_command = state(scratch).await;
    says(scratch, 0, &["down", "base", "--yes"]);
    let taken_back = state(scratch).await;
    says(scratch, 0, &["drop-all", "--yes"]);

    run_by_client(scratch, &there);

    assert_eq!(state(scratch).await, by_command);
    let status = says(scratch, 0, &["status"]);
    assert!(status.out.lines().all(|line| line.starts_with("applied  m2026")), "{status:#?}");
    says(scratch, 0, &["check"]);
    let up = says(scratch, 0, &["up"]);
    assert!(up.out.starts_with("0 migrations applied, "), "{up:#?}");
    assert!(up.err.contains("seeds: roles: 4 new"), "{up:#?}");
    says(scratch, 0, &["seed", "--verify"]);
    run_by_client(scratch, &back);
    assert_eq!(state(scratch).await, taken_back);
    assert!(tables(&scratch.db).await.is_empty());
    assert_eq!(says(scratch, 0, &["current"]).out, "base\n");
    // What a script made the command takes back.
    run_by_client(scratch, &there);
    says(scratch, 0, &["down", "base", "--yes"]);
    assert_eq!(state(scratch).await, taken_back);
}

async fn a_range_leads_from_one_revision_to_the_next(scratch: &Scratch) {
    let is = dialect(&scratch.db);
    let mut revisions = vec!["base".to_owned()];
    revisions.extend(known());
    let mut states = vec![Vec::new()];
    for pair in revisions.windows(2) {
        run_by_client(scratch, &printed(is, &["up", &format!("{}..{}", pair[0], pair[1])]));
        assert_eq!(recorded(&scratch.db).await.last(), Some(&pair[1]));
        states.push(state(scratch).await);
    }
    says(scratch, 0, &["status"]);
    for (at, pair) in revisions.windows(2).enumerate().rev() {
        run_by_client(scratch, &printed(is, &["down", &format!("{}..{}", pair[1], pair[0])]));
        if at > 0 {
            assert_eq!(state(scratch).await, states[at], "{}", pair[0]);
        }
    }
    assert!(recorded(&scratch.db).await.is_empty());
    says(scratch, 0, &["up"]);
    assert_eq!(state(scratch).await, states[revisions.len() - 1]);
}

async fn a_second_run_of_a_script_stops_at_once(scratch: &Scratch) {
    let script = printed(dialect(&scratch.db), &["up"]);
    run_by_client(scratch, &script);
    let before = state(scratch).await;

    let output = tried_by_client(scratch, &script);

    assert!(!output.status.success());
    assert_eq!(state(scratch).await, before);
    says(scratch, 0, &["status"]);
}

async fn what_cannot_be_printed_is_said(scratch: &Scratch) {
    let listed = printed(Dialect::Postgres, &["up", "-s", "a, B"]);
    assert!(listed.contains("\nSET search_path TO \"a\",\"B\";\n"), "{listed}");
    let bare = Said::of(&mut migration(scratch, &["down", "--sql"])).with(1);
    assert!(bare.err.contains("down --sql FROM..TO"), "{bare:#?}");
    let lost = Said::of(&mut migration(scratch, &["up", "nowhere..", "--sql"])).with(1);
    assert!(lost.err.contains("error[PLM0035]"), "{lost:#?}");
}
