//! The server ends the session in the middle.

use std::time::Duration;

use futures_timer::Delay;
use futures_util::future::join;
use plimsoll::{App, Dialect, Error, History, MigrationError, Report, connect, testing::Scratch};
use sea_orm::DatabaseConnection;

use crate::{failure::failed, guests::guest, support::*};

plimsoll::on_every_empty_database!(
    a_session_that_is_ended_in_a_statement_is_an_error_and_the_next_run_goes_on,
    a_session_that_is_ended_while_a_declared_statement_waits_is_resumed,
    a_pool_is_refused_before_anything_runs,
    a_session_that_is_ended_between_migrations_migrates_no_more,
);

/// Ends the session of the test's database whose statement holds `part`, as soon as there is one.
async fn end_session(db: &DatabaseConnection, part: &str) {
    for _ in 0..500 {
        if let Some(session) = session_of(db, part).await {
            return end(db, session).await;
        }
        Delay::new(Duration::from_millis(10)).await;
    }
    panic!("no session runs `{part}`");
}

async fn end(db: &DatabaseConnection, session: i64) {
    match dialect(db) {
        Dialect::Mysql => run(db, &format!("KILL {session}")).await,
        Dialect::Sqlite | Dialect::Postgres => {
            assert!(one::<bool>(db, &format!("SELECT pg_terminate_backend({session}::int)")).await);
        }
    }
}

fn slow(db: &DatabaseConnection) -> &'static [&'static str] {
    match dialect(db) {
        Dialect::Mysql => &["INSERT INTO a (name) VALUES ('x')", "SELECT SLEEP(20)"],
        Dialect::Sqlite | Dialect::Postgres => {
            &["INSERT INTO a (name) VALUES ('x')", "SELECT pg_sleep(20)"]
        }
    }
}

fn history(work: &'static [&'static str]) -> App {
    App::new(
        History::new()
            .declared("m01", || table("a"))
            .imperative(guest("m02_slow", work).transaction(Some(true)))
            .declared("m03", || table("c")),
    )
}

async fn a_session_that_is_ended_in_a_statement_is_an_error_and_the_next_run_goes_on(
    scratch: &Scratch,
) {
    let db = &scratch.db;
    if dialect(db) == Dialect::Sqlite {
        return;
    }
    let app = history(slow(db));

    let (outcome, ()) = join(up(scratch, &app), end_session(db, "SLEEP(20)")).await;

    let error = outcome.unwrap_err();
    let failed = failed(&error);
    assert_eq!((failed.migration.as_str(), &*failed.done), ("m02_slow", &["m01".to_owned()][..]));
    assert_eq!(recorded(db).await, ["m01"]);
    let fixed = history(&["INSERT INTO a (name) VALUES ('x')"]);
    assert_eq!(applied(&up(scratch, &fixed).await.unwrap()), ["m02_slow", "m03"]);
    assert_eq!(count(db, "a").await, 1);
}

async fn a_session_that_is_ended_while_a_declared_statement_waits_is_resumed(scratch: &Scratch) {
    let db = &scratch.db;
    if dialect(db) == Dialect::Sqlite {
        return;
    }
    let first = App::new(History::new().declared("m01", || table("a")));
    let app =
        App::new(History::new().declared("m01", || table("a")).declared("m02", || {
            table("b").create_index("a", ["name"]).create_index("b", ["name"])
        }));
    up(scratch, &first).await.unwrap();
    let blocker = session(scratch).await;
    run(&blocker, "BEGIN").await;
    run(&blocker, "INSERT INTO a (name) VALUES ('x')").await;

    let (outcome, ()) = join(up(scratch, &app), end_session(db, "idx-a-name")).await;
    run(&blocker, "COMMIT").await;
    blocker.close().await.unwrap();

    let error = outcome.unwrap_err();
    let failed = failed(&error);
    assert_eq!(failed.doing, "applying `a`");
    assert!(failed.statement.unwrap().contains("idx-a-name"));
    let (report, heard) = heard_up(scratch, &app, "head").await;
    assert_eq!(applied(&report.unwrap()), ["m02"]);
    assert_eq!(heard.has("resuming m02 1"), dialect(db) == Dialect::Mysql, "{heard:?}");
    down(scratch, &app, "base").await.unwrap();
    assert!(tables(db).await.is_empty());
}

async fn a_pool_is_refused_before_anything_runs(scratch: &Scratch) {
    let pool = connect::pool(&scratch.database).await.unwrap();
    let app = App::new(History::new().declared("m01", || table("a")));

    let refused = app.up_on(&pool).await.unwrap_err();

    let Error::Migration(MigrationError::NotOneSession { connections }) = refused else {
        panic!("{}", chain(&refused))
    };
    assert_eq!(connections, scratch.database.pool().size.get());
    assert!(tables(&scratch.db).await.is_empty());
    pool.close().await.unwrap();
}

async fn a_session_that_is_ended_between_migrations_migrates_no_more(scratch: &Scratch) {
    let db = &scratch.db;
    let own = match dialect(db) {
        Dialect::Sqlite => return,
        Dialect::Postgres => "SELECT pg_terminate_backend(pg_backend_pid())",
        Dialect::Mysql => "KILL CONNECTION_ID()",
    };
    let session = session(scratch).await;
    let ended = session.clone();
    let app =
        App::new(History::new().declared("m01", || table("a")).declared("m02", || table("b")));
    let first = App::new(History::new().declared("m01", || table("a")));
    first.up_on(&session).await.unwrap();

    refused(&ended, own).await;
    let outcome: plimsoll::Result<Report> = app.up_on(&session).await;

    let error = outcome.unwrap_err();
    assert!(!matches!(error, Error::Migration(MigrationError::Failed { .. })), "{}", chain(&error));
    assert_eq!(tables(db).await, ["a"]);
    assert_eq!(applied(&up(scratch, &app).await.unwrap()), ["m02"]);
}
