//! The history as somebody says that it is, with nothing run.

use plimsoll::{App, Dialect, Error, History, MigrationError, Stamp, testing::Scratch};
use sea_orm::{ConnectionTrait as _, Statement};

use crate::support::*;

plimsoll::on_every_empty_database!(
    a_database_that_has_it_all_is_stamped_and_goes_on_from_there,
    what_is_behind_the_target_is_forgotten,
    a_target_that_nobody_knows_changes_nothing,
    nothing_is_stamped_over_a_migration_that_is_half_done,
    what_changed_meanwhile_is_not_stamped,
);

const NAMES: [&str; 3] = ["m01_ports", "m02_ships", "m03_crew"];

fn app() -> App {
    let history = History::new();
    App::new(
        history
            .declared(NAMES[0], || table("ports"))
            .declared(NAMES[1], || table("ships"))
            .declared(NAMES[2], || table("crew")),
    )
}

async fn stamp(scratch: &Scratch, target: &str) -> plimsoll::Result<Stamp> {
    let db = session(scratch).await;
    let stamped = app().on(&db).stamp(&to(target), None).await;
    let _ = db.close().await;
    stamped
}

/// Somebody made two of the three tables by other means.
async fn a_database_that_has_it_all_is_stamped_and_goes_on_from_there(scratch: &Scratch) {
    let others = App::new(
        History::new()
            .recorded_in("of_others")
            .declared("one", || table("ports"))
            .declared("two", || table("ships")),
    );
    up(scratch, &others).await.unwrap();
    run(&scratch.db, "INSERT INTO ports (name) VALUES ('Bergen')").await;

    let stamped = stamp(scratch, "m02").await.unwrap();

    assert_eq!((&*stamped.recorded, &*stamped.forgotten), (&names_of(&NAMES[..2])[..], &[][..]));
    assert_eq!(recorded(&scratch.db).await, NAMES[..2]);
    assert_eq!(applied(&up(scratch, &app()).await.unwrap()), [NAMES[2]]);
    assert_eq!(count(&scratch.db, "ports").await, 1);
    let standings = app().standings(&scratch.db).await.unwrap();
    assert!(standings.iter().all(plimsoll::revisions::Standing::is_applied), "{standings:?}");
    assert_eq!(stamp(scratch, "head").await.unwrap(), Stamp::default());
    // From then on it is as if it had run.
    assert_eq!(names(&down(scratch, &app(), "base").await.unwrap()).len(), 3);
}

fn names_of(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

async fn what_is_behind_the_target_is_forgotten(scratch: &Scratch) {
    up(scratch, &app()).await.unwrap();
    let before = tables(&scratch.db).await;

    let stamped = stamp(scratch, "-2").await.unwrap();
    assert_eq!(stamped.forgotten, NAMES[1..]);
    assert_eq!(recorded(&scratch.db).await, NAMES[..1]);
    let stamped = stamp(scratch, "base").await.unwrap();
    assert_eq!(stamped.forgotten, NAMES[..1]);

    assert!(recorded(&scratch.db).await.is_empty());
    assert_eq!(count(&scratch.db, "plimsoll_history").await, 0);
    assert_eq!(tables(&scratch.db).await, before, "nothing was run");
    assert_eq!(stamp(scratch, "+1").await.unwrap().recorded, NAMES[..1]);
}

async fn a_target_that_nobody_knows_changes_nothing(scratch: &Scratch) {
    for target in ["nowhere", "m0", ""] {
        let error = stamp(scratch, target).await.unwrap_err();
        assert_eq!(error.code(), "PLM0035", "{target}: {error}");
    }
    assert!(recorded(&scratch.db).await.is_empty());
}

async fn nothing_is_stamped_over_a_migration_that_is_half_done(scratch: &Scratch) {
    if dialect(&scratch.db) != Dialect::Mysql {
        // What is not whole is taken back there.
        return;
    }
    for statements in 14.. {
        crate::crash::clear(&scratch.db).await;
        let behind = statements.to_string();
        ship(scratch, &["twelve", "killed-after", &behind]).output().unwrap();
        // Killed so early that nothing of it has run, it leaves nothing half done.
        let journal = Statement::from_string(
            scratch.db.get_database_backend(),
            "SELECT version FROM plimsoll_journal",
        );
        let is_open = scratch.db.query_all_raw(journal).await.is_ok_and(|rows| rows.len() == 1);
        if is_open && !tables(&scratch.db).await.is_empty() {
            break;
        }
        assert!(statements < 60, "no run was killed in the middle");
    }
    let history = || History::new().declared("m01_twelve", || table("a"));
    let db = session(scratch).await;

    let error = App::new(history()).on(&db).stamp(&to("head"), None).await.unwrap_err();

    let Error::Migration(MigrationError::Interrupted { migration, .. }) = &error else {
        panic!("{}", chain(&error))
    };
    assert_eq!(migration, "m01_twelve");
    assert_eq!(open(&db).await, 1);
    assert!(recorded(&db).await.is_empty());
}

async fn what_changed_meanwhile_is_not_stamped(scratch: &Scratch) {
    up(scratch, &app()).await.unwrap();
    let db = session(scratch).await;
    let app = app();
    let run = app.on(&db);
    let (expected, statements) = run.rehearse_stamp(&to("m02")).await.unwrap();
    assert_eq!((&*expected.forgotten, statements.len()), (&names_of(&NAMES[2..])[..], 3));
    run.stamp(&to("base"), None).await.unwrap();

    let error = run.stamp(&to("m02"), Some(&expected)).await.unwrap_err();

    assert_eq!(error.code(), "PLM0044", "{error}");
    assert!(recorded(&db).await.is_empty());
}
