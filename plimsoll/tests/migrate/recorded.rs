//! What the database says of how a migration was applied, and tables of records that an older engine left.

use futures_util::future::join;
use plimsoll::{App, Dialect, History, testing::Scratch};
use serde_json::Value;

use crate::{failure::reader, support::*};

plimsoll::on_every_empty_database!(
    who_applied_a_migration_is_recorded_and_shown,
    records_of_an_older_engine_are_read_as_they_are_and_widened_by_the_next_run,
    several_runs_at_once_widen_older_records_once,
    a_database_that_seaorm_migrated_has_no_more_than_names_and_times,
    who_may_only_read_sees_how_older_records_stand,
    a_clock_that_goes_back_changes_no_order,
);

/// The records as they were before they said who had applied a migration.
async fn make_older(scratch: &Scratch) {
    let create = "CREATE TABLE plimsoll_history (history varchar(64) NOT NULL, \
         version varchar(255) NOT NULL, applied_at bigint NOT NULL, took_ms bigint NOT NULL, \
         checksum char(64) NULL, engine varchar(32) NOT NULL, PRIMARY KEY (history, version))";
    for sql in [
        "CREATE TABLE seaql_migrations (version varchar(255) NOT NULL PRIMARY KEY, \
         applied_at bigint NOT NULL)",
        create,
        "INSERT INTO seaql_migrations VALUES ('m01', 1700000000)",
        "INSERT INTO plimsoll_history VALUES \
         ('seaql_migrations', 'm01', 1700000000, 7, NULL, '0.0.9')",
    ] {
        run(&scratch.db, sql).await;
    }
}

fn two() -> App {
    let history = History::new().declared("m01", || table("ports"));
    App::new(history.declared("m02", || table("ships")))
}

fn document(scratch: &Scratch, arguments: &[&str]) -> Value {
    let output = ship(scratch, &[arguments, &["--json"]].concat()).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)))
}

async fn who_applied_a_migration_is_recorded_and_shown(scratch: &Scratch) {
    let output = ship(scratch, &["eight", "up"]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));

    let first = document(scratch, &["eight", "status"])["revisions"][0].clone();

    let by = first["applied_by"].as_str().unwrap();
    assert!(by.contains('@') && by.contains(", process "), "{by}");
    assert_eq!(first["engine"], env!("CARGO_PKG_VERSION"));
    assert_eq!(first["checksum"].as_str().unwrap().len(), 64);
    for command in ["status", "history"] {
        let output = ship(scratch, &["eight", command, "-v"]).output().unwrap();
        let said = said(&output);
        assert!(said.contains(&format!(" by {by}")), "{said}");
        assert!(said.contains(first["checksum"].as_str().unwrap()), "{said}");
    }
}

async fn records_of_an_older_engine_are_read_as_they_are_and_widened_by_the_next_run(
    scratch: &Scratch,
) {
    make_older(scratch).await;
    let db = session(scratch).await;

    let standings = two().standings(&db).await.unwrap();
    let pending = two().pending(&db).await.unwrap();

    let record = standings[0].record.clone().unwrap();
    assert_eq!(
        (record.took_ms, record.engine.as_deref(), record.by),
        (Some(7), Some("0.0.9"), None)
    );
    assert_eq!(pending, ["m02"]);

    let report = two().up_on(&db).await.unwrap();

    let standings = two().standings(&db).await.unwrap();
    assert_eq!(applied(&report), ["m02"]);
    let by: Vec<bool> =
        standings.iter().map(|it| it.record.as_ref().unwrap().by.is_some()).collect();
    assert_eq!(by, [false, true]);
    let _ = db.close().await;
}

async fn several_runs_at_once_widen_older_records_once(scratch: &Scratch) {
    make_older(scratch).await;
    let looking: Vec<_> =
        (0..4).map(|_| ship(scratch, &["eight", "status"]).spawn().unwrap()).collect();
    let (a, b) = (session(scratch).await, session(scratch).await);
    let (app, same) = (two(), two());

    let (first, second) = join(Box::pin(app.up_on(&a)), Box::pin(same.up_on(&b))).await;

    let ran = first.unwrap().applied.len() + second.unwrap().applied.len();
    assert_eq!(ran, 1, "`m02` runs once");
    for child in looking {
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    }
    let _ = (a.close().await, b.close().await);
}

async fn a_database_that_seaorm_migrated_has_no_more_than_names_and_times(scratch: &Scratch) {
    make_older(scratch).await;
    run(&scratch.db, "DROP TABLE plimsoll_history").await;
    let db = session(scratch).await;

    let standings = two().standings(&db).await.unwrap();

    let record = standings[0].record.clone().unwrap();
    assert_eq!(record.at.unwrap().timestamp(), 1_700_000_000);
    assert_eq!((record.took_ms, record.engine, record.by), (None, None, None));
    assert_eq!(standings.iter().filter(|it| it.is_applied()).count(), 1);
    let _ = db.close().await;
}

async fn who_may_only_read_sees_how_older_records_stand(scratch: &Scratch) {
    make_older(scratch).await;
    let kind = dialect(&scratch.db);
    if kind == Dialect::Sqlite {
        // It has no users; the file is opened for reading.
        let output = ship(scratch, &["eight", "status"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        return;
    }
    let (database, name) = reader(scratch, &scratch.db).await;

    let db = plimsoll::connect::session(&database).await.unwrap();
    let standings = two().standings(&db).await;
    let refused = two().up_on(&db).await;

    let _ = db.close().await;
    if kind == Dialect::Postgres {
        run(&scratch.db, &format!("DROP OWNED BY {name}")).await;
        run(&scratch.db, &format!("DROP ROLE {name}")).await;
    } else {
        run(&scratch.db, &format!("DROP USER {name}")).await;
    }
    assert_eq!(standings.unwrap().iter().filter(|it| it.is_applied()).count(), 1);
    assert!(refused.is_err(), "it may not add the column");
}

async fn a_clock_that_goes_back_changes_no_order(scratch: &Scratch) {
    let db = &scratch.db;
    let first = App::new(History::new().declared("m01", || table("ports")));
    up(scratch, &first).await.unwrap();
    // The first ran by a clock that was a century ahead.
    for records in ["seaql_migrations", "plimsoll_history"] {
        run(db, &format!("UPDATE {records} SET applied_at = 4900000000")).await;
    }

    assert_eq!(applied(&up(scratch, &two()).await.unwrap()), ["m02"]);

    let session = session(scratch).await;
    let standings = two().standings(&session).await.unwrap();
    session.close().await.unwrap();
    let at: Vec<i64> = standings.iter().map(|it| it.at.unwrap().timestamp()).collect();
    assert!(at[0] == 4_900_000_000 && at[1] < at[0], "{at:?}");
    assert_eq!(names(&down(scratch, &two(), "-1").await.unwrap()), ["m02"]);
    assert_eq!(applied(&up(scratch, &two()).await.unwrap()), ["m02"]);
    assert_eq!(names(&down(scratch, &two(), "base").await.unwrap()), ["m02", "m01"]);
}
