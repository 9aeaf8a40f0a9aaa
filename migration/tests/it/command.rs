//! Every command and every name it goes by: what it prints where, and its exit code.

use std::{
    thread,
    time::{Duration, Instant},
};

use plimsoll::testing::Scratch;
use serde_json::Value;

use crate::{
    database::*,
    process::{Said, known, migration, migration_in, names, says},
};

plimsoll::on_every_empty_database!(
    every_command_prints_its_result_on_standard_output,
    every_document_is_json_and_nothing_else_is_printed,
    targets_and_the_names_of_other_tools_are_understood,
    a_dry_run_prints_sql_and_changes_nothing,
    what_a_dry_run_prints_does_it,
    what_a_dry_run_of_beginning_anew_prints_does_it,
    revisions_that_the_code_does_not_know_are_listed,
    an_edited_migration_is_shown_as_changed,
    a_time_limit_is_the_sessions,
    a_log_that_nobody_reads_changes_nothing,
    what_the_database_refuses_is_said_in_its_words,
);

const FIRST: &str = "m20261120_090000_create_application_settings";

fn last() -> String {
    known().pop().unwrap()
}

async fn every_command_prints_its_result_on_standard_output(scratch: &Scratch) {
    let (all, newest) = (known().len(), last());
    let before = says(scratch, 2, &["status"]);
    assert_eq!(before.out.lines().count(), all);
    assert!(before.out.lines().all(|line| line.starts_with("pending  m2026")), "{before:#?}");
    let pending = format!("{all} migrations pending; `cargo run -p migration -- up` applies them");
    assert!(before.err.contains(&pending), "{before:#?}");
    assert_eq!(says(scratch, 0, &["current"]).out, "base\n");
    assert_eq!(says(scratch, 0, &["heads"]).out, format!("{newest}\n"));
    assert!(fingerprint(&scratch.db).await.is_empty(), "looking makes nothing");

    let up = says(scratch, 0, &["up"]);
    assert!(up.out.starts_with(&format!("{all} migrations applied, ")), "{up:#?}");
    assert_eq!(up.out.lines().count(), 1);
    assert!(up.err.starts_with(&format!("database: {}", scratch.database)), "{up:#?}");
    assert!(up.err.contains("+ create table `users`"));
    assert!(up.err.contains("seeds: roles: 4 new"), "{up:#?}");

    let again = says(scratch, 0, &["up"]);
    assert!(again.out.starts_with("nothing to do in "), "{again:#?}");
    let status = says(scratch, 0, &["status"]);
    assert!(status.out.lines().all(|line| line.starts_with("applied  m2026")), "{status:#?}");
    assert_eq!(says(scratch, 0, &["current"]).out, format!("{newest} (head)\n"));
    let history = says(scratch, 0, &["history"]);
    assert_eq!(history.out.lines().last().unwrap(), format!("{newest} <- the database is here"));
    let verbose = says(scratch, 0, &["history", "-v"]);
    assert!(verbose.out.contains("    + create table `users`"), "{verbose:#?}");
    let init = says(scratch, 0, &["init"]);
    assert!(init.out.contains("nothing to initialise"));
    let list = says(scratch, 0, &["seed", "--list"]);
    assert!(list.out.contains("roles: 4 rows into `roles`"), "{list:#?}");
    assert!(says(scratch, 0, &["seed"]).out.contains("roles: 0 rows inserted, 4 as before"));

    let quiet = says(scratch, 0, &["down", "--yes", "-q"]);
    assert!(quiet.out.starts_with("1 migration reverted in "));
    assert!(quiet.err.is_empty(), "{quiet:#?}");
    says(scratch, 0, &["up"]);
    for (command, result) in [
        ("redo", "1 migration reverted, 1 migration applied".to_owned()),
        ("fresh", format!("{all} migrations applied")),
        ("refresh", format!("{all} migrations reverted, {all} migrations applied")),
        ("reset", format!("{all} migrations reverted")),
    ] {
        let said = says(scratch, 0, &[command, "--yes"]);
        assert!(said.out.starts_with(&result), "{said:#?}");
    }
    assert!(tables(&scratch.db).await.is_empty());
}

async fn every_document_is_json_and_nothing_else_is_printed(scratch: &Scratch) {
    let json = |code: i32, arguments: &[&str]| -> Value {
        let said = says(scratch, code, &[arguments, &["--json"]].concat());
        assert!(said.err.is_empty(), "{said:#?}");
        said.document()
    };

    let (all, last) = (known().len(), last());
    let status = json(2, &["status"]);
    assert_eq!(status["current"], Value::Null);
    assert_eq!(status["revisions"][0]["state"], "pending");
    assert_eq!(json(0, &["heads"])["revisions"], serde_json::json!([last]));
    assert_eq!(json(0, &["current"])["revisions"], serde_json::json!([]));
    let plan = json(0, &["up", "--dry-run"]);
    assert_eq!(names(&plan["plan"])[0], FIRST);
    assert!(plan["plan"][0]["statements"][0].as_str().unwrap().starts_with("CREATE TABLE"));
    let up = json(0, &["up"]);
    assert_eq!(names(&up["applied"]).len(), all);
    assert!(up["applied"][0]["took_ms"].is_u64());
    assert_eq!(up["seeded"][1]["seeder"], "roles");
    assert_eq!(up["seeded"][1]["inserted"].as_array().unwrap().len(), 4);
    assert_eq!(json(0, &["up"])["applied"], serde_json::json!([]));
    let history = json(0, &["history"]);
    assert_eq!(history["current"], last.as_str());
    assert!(history["revisions"][0]["applied_at"].as_str().unwrap().starts_with("20"));
    assert_eq!(json(0, &["seed", "--list"])["seeders"][0]["name"], "settings");
    assert_eq!(json(0, &["seed", "--verify"])["differences"], serde_json::json!([]));
    assert_eq!(json(0, &["seed", "--dry-run"])["seeded"][0]["inserted"], serde_json::json!([]));
    assert_eq!(names(&json(0, &["down", "--yes"])["reverted"]), [last]);
    let redo = json(0, &["redo", "2", "--yes"]);
    let [reverted, applied] = ["reverted", "applied"].map(|it| names(&redo[it]));
    assert_eq!((reverted.len(), &reverted[0], &reverted[1]), (2, &applied[1], &applied[0]));
    let planned = json(0, &["stamp", "base", "--dry-run"]);
    assert!(!planned["statements"].as_array().unwrap().is_empty());
    let stamped = json(0, &["stamp", "-1", "--yes"]);
    assert_eq!(stamped["forgotten"], serde_json::json!([redo["applied"][1]["name"]]));
    assert_eq!(json(0, &["stamp", "+1"])["recorded"], stamped["forgotten"]);
    assert_eq!(json(0, &["refresh", "--yes"])["reverted"].as_array().unwrap().len(), all - 1);
    assert!(json(0, &["init"])["message"].is_string());
    assert_eq!(json(0, &["reset", "--yes"])["reverted"].as_array().unwrap().len(), all);
    assert_eq!(json(0, &["fresh", "--yes"])["applied"].as_array().unwrap().len(), all);

    let error = json(1, &["up", "nowhere"]);
    assert_eq!(error["error"]["code"], "PLM0035");
    assert!(error["error"]["hint"].as_str().unwrap().contains(FIRST));
    assert_eq!(json(1, &["down"])["error"]["code"], "PLM0060");
    assert_eq!(json(1, &["migrate"])["error"]["code"], "PLM0065");
    assert_eq!(json(1, &["seed", "ports"])["error"]["code"], "PLM0051");
    assert_eq!(json(1, &["generate", "x"])["error"]["code"], "PLM0063");
}

async fn targets_and_the_names_of_other_tools_are_understood(scratch: &Scratch) {
    let db = &scratch.db;
    says(scratch, 0, &["upgrade", "+1"]);
    assert_eq!(recorded(db).await, [FIRST]);
    says(scratch, 0, &["upgrade", "m20261120_0910"]);
    says(scratch, 0, &["up", "-n", "1"]);
    assert_eq!(recorded(db).await.len(), 3);
    says(scratch, 0, &["downgrade", "-2", "--force"]);
    assert_eq!(recorded(db).await, [FIRST]);
    says(scratch, 0, &["upgrade", "head"]);
    says(scratch, 0, &["downgrade", FIRST, "-y"]);
    assert_eq!(recorded(db).await, [FIRST]);
    says(scratch, 0, &["downgrade", "base", "-y"]);
    assert!(recorded(db).await.is_empty());

    for (arguments, part) in [
        (&["up", "m2026"][..], &*format!("{} revisions begin with `m2026`", known().len())),
        (&["up", "base"], "does not lie forward"),
        (&["down", "+1", "-y"], "does not lie back"),
        (&["down", FIRST, "-y"], "does not lie back"),
    ] {
        let said = says(scratch, 1, arguments);
        assert!(said.err.contains("error[PLM0035]") && said.err.contains(part), "{said:#?}");
        assert!(said.out.is_empty());
    }
    for arguments in [&["migrate"][..], &["migrate", "-m", "x"]] {
        let said = says(scratch, 1, arguments);
        assert!(said.err.contains("error[PLM0065]"), "{said:#?}");
        assert!(said.err.contains("type `up`") && said.err.contains("type `generate NAME`"));
    }
}

async fn a_dry_run_prints_sql_and_changes_nothing(scratch: &Scratch) {
    let said = says(scratch, 0, &["up", "--dry-run"]);
    assert!(said.out.contains(&format!("-- {FIRST}\n")), "{}", said.out);
    assert!(said.out.contains("INSERT INTO") && said.out.contains("seaql_migrations"));
    assert!(said.out.contains("-- then default rows are offered"), "{}", said.out);
    assert!(fingerprint(&scratch.db).await.is_empty());

    says(scratch, 0, &["up"]);
    let before = fingerprint(&scratch.db).await;
    let said = says(scratch, 0, &["down", "base", "--dry-run"]);
    assert!(said.out.contains("DROP TABLE"), "{}", said.out);
    assert_eq!(says(scratch, 0, &["up", "--dry-run"]).out, "-- nothing to do\n");
    says(scratch, 0, &["seed", "--dry-run"]);
    assert_eq!(fingerprint(&scratch.db).await, before);
}

/// Runs what was printed, as a person would by the database's own client.
async fn run_script(scratch: &Scratch, script: &str) {
    let client = plimsoll::connect::session(&scratch.database).await.unwrap();
    run(&client, script).await;
    client.close().await.unwrap();
}

async fn what_a_dry_run_prints_does_it(scratch: &Scratch) {
    let script = says(scratch, 0, &["up", "--dry-run"]).out;

    run_script(scratch, &script).await;

    let status = says(scratch, 0, &["status"]);
    assert!(status.out.lines().all(|line| line.starts_with("applied  m2026")), "{status:#?}");
    let by_script = fingerprint(&scratch.db).await;
    let up = says(scratch, 0, &["up"]);
    assert!(up.out.starts_with("0 migrations applied, "), "{up:#?}");
    says(scratch, 0, &["fresh", "--yes"]);
    let mut by_command = fingerprint(&scratch.db).await;
    by_command.retain(|line| !line.contains("plimsoll_seeds"));
    assert_eq!(by_script, by_command);
}

async fn what_a_dry_run_of_beginning_anew_prints_does_it(scratch: &Scratch) {
    says(scratch, 0, &["up"]);
    let whole = fingerprint(&scratch.db).await;
    for command in ["fresh", "refresh", "reset"] {
        let script = says(scratch, 0, &[command, "--dry-run"]).out;
        assert_eq!(fingerprint(&scratch.db).await, whole, "{command} changes nothing");

        run_script(scratch, &script).await;

        if command == "reset" {
            assert!(tables(&scratch.db).await.is_empty());
            assert_eq!(says(scratch, 0, &["current"]).out, "base\n");
        }
        says(scratch, 0, &["up"]);
        assert_eq!(fingerprint(&scratch.db).await, whole, "{command}");
        assert_eq!(says(scratch, 0, &["seed", "--verify"]).code, Some(0));
    }
}

async fn revisions_that_the_code_does_not_know_are_listed(scratch: &Scratch) {
    says(scratch, 0, &["up"]);
    run(&scratch.db, "INSERT INTO seaql_migrations VALUES ('m20990101_000000_from_later', 1)")
        .await;

    let status = says(scratch, 2, &["status"]);
    assert!(status.out.contains("missing  m20990101_000000_from_later"), "{status:#?}");
    assert!(status.err.contains("run a build that has it"), "{status:#?}");
    for arguments in [&["up"][..], &["down", "--yes"], &["up", "--dry-run"], &["refresh", "--yes"]]
    {
        let said = says(scratch, 1, arguments);
        assert!(said.err.contains("error[PLM0034]"), "{said:#?}");
        assert!(said.err.contains("m20990101_000000_from_later"), "{said:#?}");
    }
    assert_eq!(recorded(&scratch.db).await.len(), known().len() + 1);
}

async fn an_edited_migration_is_shown_as_changed(scratch: &Scratch) {
    says(scratch, 0, &["up"]);
    let forged = format!(
        "UPDATE plimsoll_history SET checksum = '{}' WHERE version = '{FIRST}'",
        "0".repeat(64)
    );
    run(&scratch.db, &forged).await;

    let status = says(scratch, 2, &["status"]);
    assert!(status.out.contains(&format!("changed  {FIRST}")), "{status:#?}");
    let up = says(scratch, 0, &["up"]);
    assert!(up.err.contains(&format!("warning: migration `{FIRST}` was edited")), "{up:#?}");
}

async fn a_time_limit_is_the_sessions(scratch: &Scratch) {
    let said = says(scratch, 0, &["up", "--statement-timeout", "30"]);
    let warns = said.err.contains("SQLite has no limit");
    assert_eq!(warns, dialect(&scratch.db) == plimsoll::Dialect::Sqlite, "{said:#?}");
    let said = Said::of(&mut migration(scratch, &["up", "--lock-timeout", "1", "--no-lock"]));
    assert_ne!(said.code, Some(0), "the two contradict each other");
}

async fn a_log_that_nobody_reads_changes_nothing(scratch: &Scratch) {
    for format in ["text", "json"] {
        let mut command = migration(scratch, &["fresh", "--yes"]);
        let mut child = command.env("DB_ECHO", "true").env("LOG_FORMAT", format).spawn().unwrap();
        drop((child.stdout.take(), child.stderr.take()));

        let began = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if began.elapsed() > Duration::from_mins(1) {
                child.kill().unwrap();
            }
            thread::sleep(Duration::from_millis(10));
        };

        assert_eq!(status.code(), Some(0), "{format}: {status}");
        assert_eq!(recorded(&scratch.db).await, known());
    }
}

async fn what_the_database_refuses_is_said_in_its_words(scratch: &Scratch) {
    run(&scratch.db, "CREATE TABLE users (mine int)").await;

    let said = says(scratch, 1, &["up"]);
    let document = says(scratch, 1, &["up", "--json"]).document();

    assert!(said.err.contains("error[PLM0036]"), "{said:#?}");
    let because = said.err.lines().find(|line| line.contains("because: ")).unwrap();
    assert!(because.ends_with("already exists"), "{because}");
    let causes = document["error"]["causes"].as_array().unwrap();
    assert!(causes.iter().all(|it| it.as_str().unwrap().ends_with("already exists")), "{causes:?}");
}

fn alone(arguments: &[&str]) -> Said {
    let folder = tempfile::tempdir().unwrap();
    Said::of(&mut migration_in(folder.path(), arguments))
}

#[test]
fn help_and_version_are_answers() {
    let version = alone(&["--version"]).with(0);
    assert!(
        version.out.starts_with(concat!("migration ", env!("CARGO_PKG_VERSION"))),
        "{version:#?}"
    );
    let help = alone(&["--help"]).with(0);
    for command in [
        "up",
        "down",
        "redo",
        "stamp",
        "baseline",
        "repair",
        "verify",
        "wait",
        "status",
        "current",
        "heads",
        "history",
        "fresh",
        "refresh",
        "reset",
        "generate",
        "seed",
        "init",
        "create-all",
        "drop-all",
        "backup",
        "restore",
    ] {
        assert!(help.out.contains(&format!("\n  {command} ")), "{command}: {}", help.out);
    }
}

#[test]
fn what_is_not_understood_is_an_error() {
    for arguments in [&["nonsense"][..], &[], &["up", "--nonsense"], &["status", "extra"]] {
        let said = alone(arguments).with(1);
        assert!(said.out.is_empty() && !said.err.is_empty(), "{said:#?}");
    }
}

#[test]
fn colour_is_for_terminals_and_for_whoever_asks() {
    let has_colour = |said: &Said| said.out.contains('\x1b') || said.err.contains('\x1b');
    let status = |more: &[&str], no_color: bool| {
        let folder = tempfile::tempdir().unwrap();
        let mut command = migration_in(folder.path(), &[&["status"], more].concat());
        if no_color {
            command.env("NO_COLOR", "1");
        }
        Said::of(&mut command).with(2)
    };

    assert!(!has_colour(&status(&[], false)));
    assert!(has_colour(&status(&["--color", "always"], false)));
    assert!(!has_colour(&status(&["--color", "never"], false)));
    assert!(!has_colour(&status(&[], true)));
}
