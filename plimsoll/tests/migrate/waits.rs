//! How long a run waits for others, and what it leaves of that in its session.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use futures_timer::Delay;
use futures_util::future::join;
use plimsoll::{
    App, Choice, Dialect, History, Limits, Steps,
    prelude::*,
    progress::{Event, Progress},
    testing::Scratch,
};
use sea_orm::DatabaseConnection;

use crate::{failure::failed, guests::guest, support::*};

plimsoll::on_every_empty_database!(
    what_others_are_in_the_way_of_is_tried_again_until_they_are_gone,
    when_patience_ends_it_is_an_error_and_the_next_run_goes_on,
    a_session_is_left_as_it_was_however_the_run_ends,
    code_that_cannot_be_done_once_more_waits_as_the_session_did,
);

/// Counts how often others were in the way.
#[derive(Default)]
struct Hindered(AtomicUsize);

impl Hindered {
    fn times(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Progress for Hindered {
    fn tell(&self, event: Event<'_>) {
        if let Event::Hindered { .. } = event {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}

fn app() -> App {
    App::new(
        History::new()
            .declared("m01_ports", || table("ports"))
            .declared("m02_rows", || {
                Steps::new().update("ports", |u| u.set_sql("name", "upper(name)"))
            })
            .declared("m03_column", || {
                Steps::new().alter("ports", |t| {
                    t.add(|t| t.column(string_len_null("country", 2)).index(["country"]))
                })
            }),
    )
}

fn impatient(wait: u64, patience: u64) -> Limits {
    Limits {
        wait: Duration::from_millis(wait),
        patience: Duration::from_secs(patience),
        ..Limits::default()
    }
}

/// A session in whose way every statement is that changes `ports`.
pub(crate) async fn blocker(scratch: &Scratch) -> DatabaseConnection {
    let blocker = session(scratch).await;
    let begin = if dialect(&blocker) == Dialect::Sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" };
    run(&blocker, begin).await;
    run(&blocker, "UPDATE ports SET name = 'Grimsby'").await;
    blocker
}

async fn with_a_port(scratch: &Scratch) {
    up(scratch, &App::new(History::new().declared("m01_ports", || table("ports")))).await.unwrap();
    run(&scratch.db, "INSERT INTO ports (name) VALUES ('Hull')").await;
}

async fn what_others_are_in_the_way_of_is_tried_again_until_they_are_gone(scratch: &Scratch) {
    let db = &scratch.db;
    with_a_port(scratch).await;
    let app = app();

    for revision in ["m02_rows", "m03_column"] {
        let (blocker, hindered) = (blocker(scratch).await, Hindered::default());
        let migrator = session(scratch).await;
        let limited = app.on(&migrator).telling(&hindered).within(Some(impatient(50, 60)));
        let (target, choice) = (to("+1"), Choice::default());
        let let_go = async {
            while hindered.times() < 2 {
                Delay::new(Duration::from_millis(10)).await;
            }
            run(&blocker, "ROLLBACK").await;
        };
        let (report, ()) = join(limited.up(&target, &choice), let_go).await;

        assert_eq!(applied(&report.unwrap()), [revision]);
        migrator.close().await.unwrap();
        blocker.close().await.unwrap();
    }

    assert_eq!(one::<String>(db, "SELECT name FROM ports").await, "HULL");
    assert_eq!(count(db, "ports").await, 1);
    assert_eq!(open(db).await, 0);
}

async fn when_patience_ends_it_is_an_error_and_the_next_run_goes_on(scratch: &Scratch) {
    let db = &scratch.db;
    with_a_port(scratch).await;
    let blocker = blocker(scratch).await;
    let migrator = session(scratch).await;

    let app = app();
    let limited = app.on(&migrator).within(Some(impatient(50, 0)));
    let error = limited.up(&to("head"), &Choice::default()).await.unwrap_err();

    assert_eq!(failed(&error).migration, "m02_rows");
    assert_eq!(recorded(db).await, ["m01_ports"]);
    run(&blocker, "ROLLBACK").await;
    let report = limited.up(&to("head"), &Choice::default()).await.unwrap();
    assert_eq!(applied(&report), ["m02_rows", "m03_column"]);
    migrator.close().await.unwrap();
    blocker.close().await.unwrap();
}

/// What the session has that a run would set, as one text.
fn settings(db: &DatabaseConnection) -> &'static str {
    match dialect(db) {
        Dialect::Sqlite => "SELECT CAST(timeout AS TEXT) FROM pragma_busy_timeout",
        Dialect::Postgres => {
            "SELECT current_setting('lock_timeout') || ' ' || current_setting('statement_timeout') \
             || ' ' || current_setting('idle_in_transaction_session_timeout')"
        }
        Dialect::Mysql => {
            "SELECT CAST(CONCAT(@@lock_wait_timeout, ' ', @@innodb_lock_wait_timeout, ' ', \
             @@max_statement_time) AS CHAR)"
        }
    }
}

/// A session with settings of its own, and what they are.
async fn own_session(scratch: &Scratch) -> (DatabaseConnection, String) {
    let own = session(scratch).await;
    let set = match dialect(&own) {
        Dialect::Sqlite => "PRAGMA busy_timeout = 7777",
        Dialect::Postgres => {
            "SET lock_timeout = '7s'; SET statement_timeout = '70s'; \
             SET idle_in_transaction_session_timeout = '77s'"
        }
        Dialect::Mysql => {
            "SET SESSION lock_wait_timeout = 77, SESSION innodb_lock_wait_timeout = 78, \
             SESSION max_statement_time = 79.5"
        }
    };
    run(&own, set).await;
    let before = one::<String>(&own, settings(&own)).await;
    (own, before)
}

async fn a_session_is_left_as_it_was_however_the_run_ends(scratch: &Scratch) {
    let (own, before) = own_session(scratch).await;
    let app = App::new(
        History::new()
            .declared("m01", || table("ports"))
            .imperative(guest("m02_wrong", &["THIS IS NOT SQL"])),
    );

    app.on(&own).up(&to("+1"), &Choice::default()).await.unwrap();
    let after_success = one::<String>(&own, settings(&own)).await;
    app.up_on(&own).await.unwrap_err();
    let after_failure = one::<String>(&own, settings(&own)).await;

    assert_eq!([after_success, after_failure], [before.clone(), before]);
    own.close().await.unwrap();
}

async fn code_that_cannot_be_done_once_more_waits_as_the_session_did(scratch: &Scratch) {
    let (own, before) = own_session(scratch).await;
    // What it sees is all but the time of a statement, which is limited everywhere.
    let see: &'static str = format!(
        "INSERT INTO seen (name) {}",
        settings(&own).replace(", ' ', @@max_statement_time", "")
    )
    .leak();
    let statements: &'static [&'static str] = vec![see].leak();
    let in_transaction = dialect(&own) != Dialect::Mysql;
    let app = App::new(
        History::new()
            .declared("m01", || table("seen"))
            .imperative(guest("m02_at_large", statements).transaction(Some(false)))
            .imperative(guest("m03", statements).transaction(Some(in_transaction))),
    );

    app.up_on(&own).await.unwrap();

    let seen: Vec<String> = all(&own, "SELECT name FROM seen ORDER BY id").await;
    let first = |text: &str| text.split(' ').next().unwrap_or_default().to_owned();
    assert_eq!(first(&seen[0]), first(&before));
    match dialect(&own) {
        Dialect::Sqlite => assert_eq!(seen[1], "5000"),
        Dialect::Postgres => assert_eq!(seen[1], "5s 0 0"),
        // There is no transaction that would take its tables back.
        Dialect::Mysql => assert_eq!(seen[1], seen[0]),
    }
    own.close().await.unwrap();
}
