//! What the command says of a migration that was begun and not ended.

use std::{
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use futures_timer::Delay;
use plimsoll::{Dialect, testing::Scratch};
use serde_json::Value;

use crate::support::*;

plimsoll::on_every_empty_database!(
    status_names_the_code_that_was_killed_and_what_settles_it,
    status_shows_a_way_back_that_stopped_half_way,
    status_shows_a_way_forward_that_stopped_half_way,
    a_migration_that_runs_is_not_taken_for_an_interrupted_one,
    an_interrupted_migration_that_the_code_has_no_more_is_shown,
);

/// What the command said on standard output and standard error, having ended with that code.
fn says(scratch: &Scratch, code: i32, arguments: &[&str]) -> (String, String) {
    let output = ship(scratch, arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{}", said(&output));
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

fn document(scratch: &Scratch, code: i32, arguments: &[&str]) -> Value {
    let (out, err) = says(scratch, code, &[arguments, &["--json"]].concat());
    assert!(err.is_empty(), "{err}");
    serde_json::from_str(&out).unwrap()
}

async fn status_names_the_code_that_was_killed_and_what_settles_it(scratch: &Scratch) {
    ship(scratch, &["sinking", "up"]).output().unwrap();
    // Until the server has noticed that nobody is there any more, the lock is held.
    for _ in 0..300 {
        if !says(scratch, 2, &["sinking", "status"]).0.contains("running") {
            break;
        }
        Delay::new(Duration::from_millis(50)).await;
    }

    let (out, err) = says(scratch, 2, &["sinking", "status"]);

    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].starts_with("applied     m01_ports  20"), "{out}");
    assert_eq!(lines[1], "interrupted m02_sinking  applying, how far is not known");
    assert_eq!(lines[2], "pending     m03_cargo");
    assert!(
        err.contains("`m02_sinking` was begun and not ended; `repair` shows what is there"),
        "{err}"
    );
    assert!(err.contains("1 migration pending"), "{err}");
    let (out, _) = says(scratch, 0, &["sinking", "current"]);
    assert_eq!(out, "m01_ports (interrupted `m02_sinking`: applying, how far is not known)\n");
    let (out, _) = says(scratch, 0, &["sinking", "history"]);
    assert!(out.contains("m02_sinking (interrupted)"), "{out}");

    let status = document(scratch, 2, &["sinking", "status"]);
    let sinking = &status["revisions"][1];
    assert_eq!((&sinking["state"], &sinking["way"]), (&"interrupted".into(), &"up".into()));
    assert_eq!(sinking["finished"], Value::Null);
    assert!(status["revisions"][0].get("way").is_none());
    assert_eq!(document(scratch, 0, &["sinking", "current"])["interrupted"], "m02_sinking");
    assert!(sinking["next"].as_str().unwrap().contains("`repair --done`"));
    says(scratch, 0, &["sinking", "repair", "--done", "--yes"]);
    let (out, _) = says(scratch, 2, &["sinking", "status"]);
    assert!(out.lines().nth(1).unwrap().starts_with("applied  m02_sinking"), "{out}");
}

async fn status_shows_a_way_back_that_stopped_half_way(scratch: &Scratch) {
    let db = &scratch.db;
    says(scratch, 0, &["twelve", "up", "+1"]);
    if dialect(db) != Dialect::Mysql {
        // What is not whole is taken back there.
        return;
    }
    run(db, "CREATE TABLE guest (id bigint, FOREIGN KEY (id) REFERENCES c (id))").await;
    says(scratch, 1, &["twelve", "down", "--yes"]);

    let (out, err) = says(scratch, 2, &["twelve", "status"]);

    let line = out.lines().next().unwrap();
    assert!(line.starts_with("interrupted m01_twelve  reverting, after "), "{out}");
    assert!(err.contains("finish it first with `down`"), "{err}");
    let (out, _) = says(scratch, 0, &["twelve", "current"]);
    assert!(out.starts_with("m01_twelve (interrupted `m01_twelve`: reverting, after "), "{out}");
    let status = document(scratch, 2, &["twelve", "status"]);
    let twelve = &status["revisions"][0];
    assert_eq!((&twelve["state"], &twelve["way"]), (&"interrupted".into(), &"down".into()));
    assert!(twelve["finished"].as_u64().unwrap() > 0);
    run(db, "DROP TABLE guest").await;
    says(scratch, 0, &["twelve", "down", "--yes"]);
    assert!(!says(scratch, 2, &["twelve", "status"]).0.contains("interrupted"));
}

async fn status_shows_a_way_forward_that_stopped_half_way(scratch: &Scratch) {
    let db = &scratch.db;
    run(db, "CREATE TABLE c (mine int)").await;
    says(scratch, 1, &["twelve", "up"]);

    let (out, err) = says(scratch, 2, &["twelve", "status"]);

    let line = out.lines().next().unwrap();
    if dialect(db) != Dialect::Mysql {
        assert_eq!(line, "pending  m01_twelve");
        return;
    }
    assert!(line.starts_with("interrupted m01_twelve  applying, after "), "{out}");
    assert!(err.contains("finish it first with `up`"), "{err}");
    run(db, "DROP TABLE c").await;
    says(scratch, 0, &["twelve", "up"]);
    says(scratch, 0, &["twelve", "status"]);
}

async fn a_migration_that_runs_is_not_taken_for_an_interrupted_one(scratch: &Scratch) {
    let mut child =
        ship(scratch, &["held-alone", "up", "-q"]).stdin(Stdio::piped()).spawn().unwrap();
    let began = Instant::now();
    let running = loop {
        let output = ship(scratch, &["held-alone", "status"]).output().unwrap();
        let told = said(&output);
        assert!(!told.contains("interrupted"), "{told}");
        if told.contains("running  m02_alone") {
            break told;
        }
        assert!(began.elapsed() < Duration::from_mins(1), "{told}");
        thread::sleep(Duration::from_millis(50));
    };
    // Whoever would change something waits for it.
    for way in ["down", "redo", "reset"] {
        let (_, err) = says(scratch, 1, &["held-alone", way, "-y", "--lock-timeout", "0"]);
        assert!(err.contains("PLM0032"), "{way}: {err}");
        says(scratch, 0, &["held-alone", way, "--dry-run"]);
    }
    drop(child.stdin.take());

    assert!(child.wait().unwrap().success());
    assert!(running.contains("m02_alone  applying, how far is not known"), "{running}");
    assert!(running.contains("wait until the process"), "{running}");
    says(scratch, 0, &["held-alone", "status"]);
}

async fn an_interrupted_migration_that_the_code_has_no_more_is_shown(scratch: &Scratch) {
    ship(scratch, &["sinking", "up"]).output().unwrap();

    let (out, err) = says(scratch, 2, &["slow", "status"]);

    assert!(out.contains("interrupted m02_sinking  applying"), "{out}");
    assert!(
        err.contains("`m02_sinking` was begun and not ended; `repair` shows what is there"),
        "{err}"
    );
}
