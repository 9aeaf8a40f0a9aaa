//! A migration that is code and does something else than when it ran is found by running it once more
//! where nothing is kept.

use plimsoll::{
    App, History, Repair,
    prelude::*,
    revisions::{Standing, State},
    testing::Scratch,
};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

use crate::{
    guests::{Guest, guest},
    interrupted::settle,
    repair::wreck,
    support::*,
};

plimsoll::on_every_empty_database!(
    code_that_does_something_else_since_it_ran_is_found_and_accepted,
    other_words_for_the_same_are_no_edit,
    rows_and_tables_of_others_are_no_edit,
    what_seaorm_ran_has_nothing_to_be_compared_with,
    code_that_became_a_declared_migration_is_no_edit,
);

const CREATE: &str = "CREATE TABLE ships (id int PRIMARY KEY, name varchar(80))";
const NARROW: &[&str] = &[CREATE];
const FILLED: &[&str] = &[CREATE, "INSERT INTO ships (id, name) VALUES (1, 'Rex')"];
const OTHER_ROWS: &[&str] = &[CREATE, "INSERT INTO ships (id, name) VALUES (2, 'Ada'), (3, 'Bo')"];
const WIDE: &[&str] = &["CREATE TABLE ships (id int PRIMARY KEY, name varchar(90))"];

fn with(code: Guest) -> App {
    App::new(
        History::new()
            .declared("m01", || table("ports"))
            .imperative(code.down(&["DROP TABLE ships"]))
            .imperative(guest("m03", &["CREATE TABLE crew (id int)"]).down(&["DROP TABLE crew"])),
    )
}

/// The revisions that `check` and `repair` take for changed, which are the same.
async fn changed(scratch: &Scratch, app: &App) -> Vec<String> {
    let names = |standings: &[Standing]| -> Vec<String> {
        let changed = standings.iter().filter(|it| it.state == State::Changed);
        changed.map(|it| it.name.clone()).collect()
    };
    let db = session(scratch).await;
    let agreed = Box::pin(app.on(&db).agreement(&scratch.database, false)).await.unwrap();
    db.close().await.unwrap();
    let changed = names(&agreed.standings);
    assert!(agreed.database.comparison().is_some(), "{:?}", agreed.database);
    assert_eq!(names(&wreck(scratch, app).await.standings), changed, "`repair` sees the same");
    changed
}

async fn code_that_does_something_else_since_it_ran_is_found_and_accepted(scratch: &Scratch) {
    for transaction in [None, Some(true), Some(false)] {
        let code = |up| with(guest("m02_code", up).transaction(transaction));
        up(scratch, &code(NARROW)).await.unwrap();
        assert_eq!(changed(scratch, &code(NARROW)).await, [""; 0]);

        let (edited, found) = (code(WIDE), changed(scratch, &code(WIDE)).await);

        assert_eq!(found, ["m02_code"], "{transaction:?}");
        let sentence = settle(scratch, &edited, &Repair::Accept("m02".to_owned())).await;
        assert_eq!(sentence, "what `m02_code` says now is what has run");
        assert_eq!(changed(scratch, &edited).await, [""; 0]);
        assert_eq!(changed(scratch, &code(NARROW)).await, ["m02_code"]);
        down(scratch, &edited, "base").await.unwrap();
    }
}

async fn other_words_for_the_same_are_no_edit(scratch: &Scratch) {
    let said = &["CREATE TABLE ships (id int PRIMARY KEY, name varchar(80))"];
    let otherwise = &[
        "-- what sails\r\ncreate table \r\n  ships (\r\n id  INT not null /* a number */)",
        "DROP TABLE ships",
        "CREATE TABLE ships (id INTEGER PRIMARY KEY, name VARCHAR(80) NULL)",
    ];
    up(scratch, &with(guest("m02_code", said))).await.unwrap();

    assert_eq!(changed(scratch, &with(guest("m02_code", otherwise))).await, [""; 0]);
}

async fn rows_and_tables_of_others_are_no_edit(scratch: &Scratch) {
    // What came by other hands is there before the first of them, and between two.
    run(&scratch.db, "CREATE TABLE theirs (id int PRIMARY KEY)").await;
    run(&scratch.db, "INSERT INTO theirs VALUES (1), (2)").await;
    let app = with(guest("m02_code", FILLED));
    let db = session(scratch).await;
    app.on(&db).up(&to("m02_code"), &plimsoll::Choice::default()).await.unwrap();
    db.close().await.unwrap();
    run(&scratch.db, "ALTER TABLE theirs ADD COLUMN size int").await;
    up(scratch, &app).await.unwrap();

    assert_eq!(changed(scratch, &app).await, [""; 0]);
    assert_eq!(changed(scratch, &with(guest("m02_code", OTHER_ROWS))).await, [""; 0]);
}

async fn what_seaorm_ran_has_nothing_to_be_compared_with(scratch: &Scratch) {
    struct Theirs;
    impl MigratorTrait for Theirs {
        fn migrations() -> Vec<Box<dyn MigrationTrait>> {
            vec![Box::new(guest("m01_code", NARROW))]
        }
    }
    Theirs::up(&scratch.db, None).await.unwrap();

    let app = App::new(History::new().imperative(guest("m01_code", WIDE)));
    assert_eq!(changed(scratch, &app).await, [""; 0]);
}

async fn code_that_became_a_declared_migration_is_no_edit(scratch: &Scratch) {
    let declared = || {
        Steps::new().create_table("ships", |t| {
            t.column(integer("id").primary_key()).column(string_len_null("name", 80))
        })
    };
    let code = App::new(History::new().imperative(guest("m01", NARROW)));
    let as_data = App::new(History::new().declared("m01", declared));

    up(scratch, &code).await.unwrap();
    assert_eq!(changed(scratch, &as_data).await, [""; 0]);
    down(
        scratch,
        &App::new(History::new().imperative(guest("m01", &[]).down(&["DROP TABLE ships"]))),
        "base",
    )
    .await
    .unwrap();
    up(scratch, &as_data).await.unwrap();
    assert_eq!(changed(scratch, &code).await, [""; 0]);
}
