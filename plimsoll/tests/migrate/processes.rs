//! Many processes at once.

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use futures_timer::Delay;
use plimsoll::{
    App, Choice, Error, History, MigrationError,
    prelude::*,
    random::{OsRandom, Random as _},
    testing::Scratch,
};
use sea_orm::{ConnectionTrait as _, Statement};

use crate::{
    crash::{SOON, Watched, clear, end_state},
    interrupted::is_killed,
    support::*,
};

plimsoll::on_every_empty_database!(
    sixteen_processes_migrate_an_empty_database_once,
    sixteen_processes_seed_once,
    whoever_waits_is_told_who_holds_the_lock,
    whoever_waits_too_long_is_told_who_holds_the_lock,
    without_the_lock_nobody_waits,
    two_histories_in_one_database_take_turns,
    a_migration_that_takes_its_time_shows_a_bar_on_a_terminal,
);

pub(crate) const EIGHT: [&str; 8] = [
    "m01_ports",
    "m02_ships",
    "m03_guest",
    "m04_cargo",
    "m05_in_one",
    "m06_crew",
    "m07_alone",
    "m08_index",
];

/// Starts so many at once; each must end well.
fn all_at_once(scratch: &Scratch, processes: usize, arguments: &[&str]) -> Vec<String> {
    all_end_well(start(scratch, processes, arguments))
}

fn start(scratch: &Scratch, processes: usize, arguments: &[&str]) -> Vec<Child> {
    (0..processes).map(|_| ship(scratch, arguments).spawn().unwrap()).collect()
}

fn all_end_well(children: Vec<Child>) -> Vec<String> {
    let outputs = children.into_iter().map(|child| child.wait_with_output().unwrap());
    let ended: Vec<_> = outputs.collect();
    ended
        .iter()
        .map(|output| {
            assert!(output.status.success(), "{}", said(output));
            String::from_utf8(output.stdout.clone()).unwrap()
        })
        .collect()
}

/// Every third round the holder is killed: in the middle of a long statement, and the next time at any
/// moment.
async fn sixteen_processes_migrate_an_empty_database_once(scratch: &Scratch) {
    let db = &scratch.db;
    for round in 0..plimsoll::testing::cases(3) {
        let began = Instant::now();
        let what = match round % 6 {
            2 => killed_in_a_statement(scratch).await,
            5 => killed_at_any_moment(scratch).await,
            _ => all_of_them_live(scratch).await,
        };
        measured(format!("16 processes on {}, {what}: {:?}", dialect(db), began.elapsed()));
        clear(db).await;
        assert!(tables(db).await.is_empty());
    }
}

async fn all_of_them_live(scratch: &Scratch) -> String {
    let db = &scratch.db;
    let answers = all_at_once(scratch, 16, &["eight", "up", "--json"]);

    let mut applied = applied_in(&answers);
    let mut seeded = Vec::new();
    for document in answers {
        let document: serde_json::Value = serde_json::from_str(&document).unwrap();
        for seeder in document["seeded"].as_array().unwrap() {
            seeded.extend(seeder["inserted"].as_array().unwrap().clone());
        }
    }
    applied.sort();
    assert_eq!(applied, EIGHT, "each by one process");
    assert_eq!(seeded.len(), 3, "{seeded:?}");
    assert_eq!(recorded(db).await, EIGHT);
    assert_eq!(count(db, "plimsoll_history").await, 8);
    assert_eq!(count(db, "plimsoll_seeds").await, 3);
    let ports: Vec<String> = all(db, "SELECT name FROM ports ORDER BY name").await;
    assert_eq!(ports, ["Bergen", "Genova", "Kobe", "m05_in_one", "m07_alone"]);
    assert_eq!(open(db).await, 0);
    let output = ship(scratch, &["eight", "reset", "--yes"]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(tables(db).await.is_empty());
    "all of them live".to_owned()
}

async fn killed_in_a_statement(scratch: &Scratch) -> String {
    let db = &scratch.db;
    let mut holder = holder_of(scratch, "slow").await;
    let others = start(scratch, 15, &["slow", "up", "--json"]);
    // The statement takes two seconds.
    Delay::new(Duration::from_millis(500)).await;
    assert!(holder.try_wait().unwrap().is_none(), "the holder had ended before");
    holder.kill().unwrap();
    let killed = Instant::now();
    assert!(is_killed(holder.wait().unwrap()));

    let mut applied = applied_in(&all_end_well(others));

    let took = killed.elapsed();
    applied.sort();
    assert_eq!(applied, ["m02_slow", "m03_cargo"], "each by one process");
    assert_eq!(recorded(db).await, ["m01_ports", "m02_slow", "m03_cargo"]);
    assert_eq!(count(db, "ports").await, 4, "the row of `m02_slow` and those of the seeds");
    assert_eq!(open(db).await, 0);
    assert!(took < SOON, "{took:?}");
    format!("one killed in a statement, the others done {took:?} later")
}

async fn killed_at_any_moment(scratch: &Scratch) -> String {
    let db = &scratch.db;
    let mut chance = [0];
    OsRandom.fill(&mut chance);
    let pause = Duration::from_millis(chance[0].into());
    let mut holder = ship(scratch, &["twelve", "up"]).spawn().unwrap();
    let others = start(scratch, 15, &["twelve", "up", "--json"]);
    Delay::new(pause).await;
    holder.kill().unwrap();
    let killed = Instant::now();
    let was_killed = is_killed(holder.wait().unwrap());

    let applied = applied_in(&all_end_well(others));

    let took = killed.elapsed();
    for migration in ["m01_twelve", "m02_ports"] {
        let times = applied.iter().filter(|it| *it == migration).count();
        assert!(times <= 1, "{migration} was applied {times} times");
    }
    end_state(db).await;
    assert!(took < SOON, "{took:?}");
    let what = if was_killed { "killed" } else { "done" };
    format!("the first {what} after {pause:?}, the others done {took:?} later")
}

async fn sixteen_processes_seed_once(scratch: &Scratch) {
    let output = ship(scratch, &["eight", "up", "--skip", "ports"]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(count(&scratch.db, "ports").await, 2);

    all_at_once(scratch, 16, &["eight", "seed"]);

    assert_eq!(count(&scratch.db, "ports").await, 5);
    assert_eq!(count(&scratch.db, "plimsoll_seeds").await, 3);
}

/// A process that holds the lock, in its second migration, until it is let go.
pub(crate) async fn holder(scratch: &Scratch) -> Child {
    holder_of(scratch, "held").await
}

/// A process in the second migration of this history.
async fn holder_of(scratch: &Scratch, history: &str) -> Child {
    let child = ship(scratch, &[history, "up"]).stdin(Stdio::piped()).spawn().unwrap();
    let began = Instant::now();
    let records = "SELECT version FROM seaql_migrations";
    let is_there = async || {
        let statement = Statement::from_string(scratch.db.get_database_backend(), records);
        scratch.db.query_all_raw(statement).await.is_ok_and(|rows| !rows.is_empty())
    };
    while !is_there().await {
        assert!(began.elapsed() < Duration::from_secs(20), "the first migration does not come");
        Delay::new(Duration::from_millis(10)).await;
    }
    child
}

/// Lets it go on, to its end.
fn let_go(mut holder: Child) {
    drop(holder.stdin.take());
    let output = holder.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
}

async fn whoever_waits_is_told_who_holds_the_lock(scratch: &Scratch) {
    let child = holder(scratch).await;
    let holding = child.id();

    let waiter = Watched::start(scratch, &["held", "up"]);
    let (line, _) = waiter.line("waiting for the migration lock, held by");
    let_go(child);

    let mut waiter = waiter.child;
    assert!(waiter.wait().unwrap().success());
    let who = match dialect(&scratch.db) {
        plimsoll::Dialect::Sqlite => format!("process {holding} on "),
        plimsoll::Dialect::Postgres => {
            assert!(line.contains("running: ") || line.contains("idle behind: "), "{line}");
            format!("process {holding} on ")
        }
        plimsoll::Dialect::Mysql => "connection ".to_owned(),
    };
    assert!(line.contains(&who), "{line}");
    if dialect(&scratch.db) != plimsoll::Dialect::Mysql {
        assert!(line.contains(" since 20"), "{line}");
    }
    assert_eq!(recorded(&scratch.db).await, ["m01_ports", "m02_slow", "m03_cargo"]);
    assert_eq!(count(&scratch.db, "ports").await, 4);
}

async fn whoever_waits_too_long_is_told_who_holds_the_lock(scratch: &Scratch) {
    let child = holder(scratch).await;
    let began = Instant::now();

    let output = ship(scratch, &["held", "up", "--lock-timeout", "1"]).output().unwrap();

    let waited = began.elapsed();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(output.stdout.is_empty());
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("error[PLM0032]: the migration lock was not free within 1 s; it is held by"),
        "{told}"
    );
    assert!(told.contains("--lock-timeout SECONDS"), "{told}");
    assert!(waited >= Duration::from_secs(1), "{waited:?}");
    let_go(child);
}

async fn without_the_lock_nobody_waits(scratch: &Scratch) {
    let mut child = holder(scratch).await;

    // Without the lock both would seed at once, and one of them be refused.
    let alone = &["held", "up", "+0", "--no-lock", "--skip", "ports"];
    let output = ship(scratch, alone).output().unwrap();

    assert!(!said(&output).contains("waiting"), "{}", said(&output));
    // SQLite itself lets one process write at a time, lock or no lock.
    if dialect(&scratch.db) != plimsoll::Dialect::Sqlite {
        assert!(output.status.success(), "{}", said(&output));
    }
    assert!(child.try_wait().unwrap().is_none(), "the holder had ended before");
    let_go(child);
}

async fn two_histories_in_one_database_take_turns(scratch: &Scratch) {
    let buoys = || Steps::new().create_table("buoys", |t| t.column(big_pk_auto("id")));
    let other = App::new(History::new().declared("m01_buoys", buoys).recorded_in("other"));
    let db = session(scratch).await;
    let child = holder(scratch).await;

    let at_once = other.on(&db).locked_within(Some(Duration::ZERO));
    let refused = at_once.up(&to("head"), &Choice::default()).await.unwrap_err();

    let is_lock = matches!(refused, Error::Migration(MigrationError::LockTimeout { .. }));
    assert!(is_lock, "{}", chain(&refused));
    let_go(child);
    assert_eq!(applied(&other.up_on(&db).await.unwrap()), ["m01_buoys"]);
    db.close().await.unwrap();
}

async fn a_migration_that_takes_its_time_shows_a_bar_on_a_terminal(scratch: &Scratch) {
    let bare = ship(scratch, &[]);
    let line = format!("{} held up", bare.get_program().to_str().unwrap());

    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .env_clear()
        .envs(bare.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .env("SHELL", "/bin/sh")
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .output()
        .expect("`script` of util-linux is installed");

    assert!(output.status.success(), "{}", said(&output));
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains(" 1/3 "), "while the second of three runs: {shown:?}");
    assert_eq!(recorded(&scratch.db).await, ["m01_ports", "m02_slow", "m03_cargo"]);
}
