//! What a killed run left behind, and what comes after it.

#[cfg(unix)]
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use plimsoll::{
    App, Dialect, Error, History, MigrationError, Repair, prelude::*, testing::Scratch,
};

use crate::{
    failure::{failed, four, of_four},
    guests::guest,
    support::*,
};

plimsoll::on_every_empty_database!(
    code_that_was_killed_without_a_transaction_is_settled_by_the_commands_that_are_named,
    code_that_was_killed_in_a_transaction_runs_again_where_it_can,
    rows_that_were_killed_in_a_transaction_are_inserted_once,
    an_interrupted_way_is_finished_before_the_other,
    finished_statements_may_not_be_edited_and_the_rest_may,
    an_interrupted_migration_is_resumed_before_one_that_was_added_in_front,
    an_interrupted_migration_that_is_gone_is_settled,
    a_migration_of_which_nothing_has_run_yet_stands_in_no_way,
    a_rehearsal_begins_where_the_last_run_was_interrupted,
);

#[cfg(unix)]
pub(crate) fn is_killed(status: ExitStatus) -> bool {
    status.signal() == Some(9)
}

#[cfg(not(unix))]
pub(crate) fn is_killed(status: ExitStatus) -> bool {
    !status.success()
}

/// The history of a ship that sinks, as it should have been.
pub(crate) fn afloat(transaction: Option<bool>, work: &'static [&'static str]) -> App {
    App::new(
        History::new()
            .declared("m01_ports", || table("ports"))
            .imperative(guest("m02_sinking", work).transaction(transaction))
            .declared("m03_cargo", || table("cargo")),
    )
}

pub(crate) fn sink(scratch: &Scratch, history: &str) {
    let output = ship(scratch, &[history, "up"]).output().unwrap();
    assert!(is_killed(output.status), "{}", said(&output));
}

/// Both ways out have to be named.
fn is_unsettled(error: &Error) {
    let Error::Migration(MigrationError::Interrupted { migration, way, .. }) = error else {
        panic!("{}", chain(error))
    };
    assert_eq!((migration.as_str(), *way, error.code()), ("m02_sinking", "applying", "PLM0038"));
    let hint = error.hint().unwrap();
    assert!(hint.contains("`repair --done`") && hint.contains("`repair --undo`"), "{hint}");
}

/// Settles what was interrupted, and says what is recorded.
pub(crate) async fn settle(scratch: &Scratch, app: &App, how: &Repair) -> String {
    let db = session(scratch).await;
    let repaired = app.on(&db).repair(&scratch.database, how, None).await;
    db.close().await.unwrap();
    repaired.unwrap_or_else(|error| panic!("{}", chain(&error))).sentence
}

async fn code_that_was_killed_without_a_transaction_is_settled_by_the_commands_that_are_named(
    scratch: &Scratch,
) {
    let db = &scratch.db;
    let app = afloat(Some(false), &["CREATE TABLE half (id bigint)"]);
    sink(scratch, "sinking");
    assert_eq!(tables(db).await, ["half", "ports"]);

    is_unsettled(&up(scratch, &app).await.unwrap_err());
    is_unsettled(&down(scratch, &app, "base").await.unwrap_err());
    assert_eq!(tables(db).await, ["half", "ports"], "nothing was touched");

    let sentence = settle(scratch, &app, &Repair::Done).await;
    assert_eq!(sentence, "`m02_sinking` is applied from now on");
    let report = up(scratch, &app).await.unwrap();
    assert_eq!(applied(&report), ["m03_cargo"]);
    assert_eq!(recorded(db).await, ["m01_ports", "m02_sinking", "m03_cargo"]);

    let db = session(scratch).await;
    app.on(&db).fresh(&plimsoll::Choice::default()).await.unwrap();
    db.close().await.unwrap();
    down(scratch, &app, "m01").await.unwrap();
    run(&scratch.db, "DROP TABLE half").await;
    sink(scratch, "sinking");
    is_unsettled(&up(scratch, &app).await.unwrap_err());
    run(&scratch.db, "DROP TABLE half").await;
    let sentence = settle(scratch, &app, &Repair::Undone).await;
    assert_eq!(sentence, "`m02_sinking` is pending from now on");
    let report = up(scratch, &app).await.unwrap();
    assert_eq!(applied(&report), ["m02_sinking", "m03_cargo"]);
}

async fn code_that_was_killed_in_a_transaction_runs_again_where_it_can(scratch: &Scratch) {
    let app = afloat(Some(true), &["CREATE TABLE half (id bigint)"]);
    sink(scratch, "sinking-in-one");

    let outcome = up(scratch, &app).await;

    if dialect(&scratch.db) == Dialect::Mysql {
        // Its DDL has committed the transaction unasked: to start again would fail, or worse.
        is_unsettled(&outcome.unwrap_err());
        assert_eq!(tables(&scratch.db).await, ["half", "ports"]);
    } else {
        assert_eq!(applied(&outcome.unwrap()), ["m02_sinking", "m03_cargo"]);
        assert_eq!(tables(&scratch.db).await, ["cargo", "half", "ports"]);
    }
}

async fn rows_that_were_killed_in_a_transaction_are_inserted_once(scratch: &Scratch) {
    let app = afloat(Some(true), &["INSERT INTO ports (name) VALUES ('m02_sinking')"]);
    sink(scratch, "sinking-rows");
    assert_eq!(count(&scratch.db, "ports").await, 0);

    let report = up(scratch, &app).await.unwrap();

    assert_eq!(applied(&report), ["m02_sinking", "m03_cargo"]);
    assert_eq!(all::<String>(&scratch.db, "SELECT name FROM ports").await, ["m02_sinking"]);
}

async fn an_interrupted_way_is_finished_before_the_other(scratch: &Scratch) {
    let (app, db) = (of_four(), &scratch.db);
    up(scratch, &app).await.unwrap();
    let reference = match dialect(db) {
        Dialect::Mysql => "CREATE TABLE guest (id bigint, FOREIGN KEY (id) REFERENCES two (id))",
        Dialect::Sqlite | Dialect::Postgres => "CREATE TABLE guest (id bigint REFERENCES two (id))",
    };
    run(db, reference).await;
    if dialect(db) == Dialect::Sqlite {
        // Dropping a table deletes its rows first, which a row that refers to one of them forbids.
        run(db, "INSERT INTO two (id, name) VALUES (1, 'x')").await;
        run(db, "INSERT INTO guest VALUES (1)").await;
    }

    let error = down(scratch, &app, "-1").await.unwrap_err();
    assert_eq!(failed(&error).doing, "reverting `two`");
    if dialect(db) != Dialect::Mysql {
        assert_eq!(tables(db).await, ["before", "four", "guest", "one", "three", "two"]);
        assert!(up(scratch, &app).await.unwrap().applied.is_empty());
        return;
    }
    assert_eq!(tables(db).await, ["before", "guest", "one", "two"]);

    let error = up(scratch, &app).await.unwrap_err();
    let Error::Migration(MigrationError::InterruptedOtherWay { migration, way }) = &error else {
        panic!("{}", chain(&error))
    };
    assert_eq!((migration.as_str(), *way, error.code()), ("m02_four", "reverting", "PLM0039"));
    assert!(error.hint().unwrap().contains("finish it first with `down`"));
    run(db, "DROP TABLE guest").await;
    assert_eq!(names(&down(scratch, &app, "-1").await.unwrap()), ["m02_four"]);
    assert_eq!(tables(db).await, ["before"]);

    run(db, "CREATE TABLE three (mine int)").await;
    up(scratch, &app).await.unwrap_err();
    let error = down(scratch, &app, "base").await.unwrap_err();
    assert_eq!(error.code(), "PLM0039");
    assert!(error.hint().unwrap().contains("finish it first with `up`"));
    run(db, "DROP TABLE three").await;
    up(scratch, &app).await.unwrap();
    down(scratch, &app, "base").await.unwrap();
    assert!(tables(db).await.is_empty());
}

/// Stops the history of four behind its second statement, on the database that can.
async fn stop_behind_two(scratch: &Scratch) -> bool {
    if dialect(&scratch.db) != Dialect::Mysql {
        // The others take back what is not whole; `failure` tests that.
        return false;
    }
    run(&scratch.db, "CREATE TABLE three (mine int)").await;
    up(scratch, &of_four()).await.unwrap_err();
    run(&scratch.db, "DROP TABLE three").await;
    true
}

async fn finished_statements_may_not_be_edited_and_the_rest_may(scratch: &Scratch) {
    fn edited_before() -> Steps {
        Steps::new()
            .create_table("one", |t| t.column(big_pk_auto("id")).column(integer("edited")))
            .create_table("two", |t| t.column(big_pk_auto("id")))
            .create_table("three", |t| t.column(big_pk_auto("id")))
    }
    fn shorter() -> Steps {
        table("one")
    }
    fn edited_behind() -> Steps {
        ["one", "two", "drei"].into_iter().fold(Steps::new(), |steps, name| {
            steps.create_table(name, |t| t.column(big_pk_auto("id")).column(string_len("name", 80)))
        })
    }
    let with = |steps| {
        App::new(
            History::new().declared("m01_before", || table("before")).declared("m02_four", steps),
        )
    };
    if !stop_behind_two(scratch).await {
        return;
    }
    let db = &scratch.db;

    for steps in [edited_before as fn() -> Steps, shorter] {
        let error = up(scratch, &with(steps)).await.unwrap_err();
        let Error::Migration(MigrationError::InterruptedChanged { migration, .. }) = &error else {
            panic!("{}", chain(&error))
        };
        assert_eq!((migration.as_str(), error.code()), ("m02_four", "PLM0040"));
    }
    let code = App::new(
        History::new()
            .declared("m01_before", || table("before"))
            .imperative(guest("m02_four", &[])),
    );
    assert_eq!(up(scratch, &code).await.unwrap_err().code(), "PLM0040");
    assert_eq!(tables(db).await, ["before", "one", "two"], "nothing was touched");

    up(scratch, &with(edited_behind)).await.unwrap();
    assert_eq!(tables(db).await, ["before", "drei", "one", "two"]);
    assert_eq!(open(db).await, 0);
}

async fn an_interrupted_migration_is_resumed_before_one_that_was_added_in_front(scratch: &Scratch) {
    let more = App::new(
        History::new()
            .declared("m01_before", || table("before"))
            .declared("m01_new", || table("new"))
            .declared("m02_four", four),
    );
    if !stop_behind_two(scratch).await {
        return;
    }

    let (refused, _) = heard_up(scratch, &more, "m01_new").await;
    assert_eq!(refused.unwrap_err().code(), "PLM0039", "this way does not lead through it");
    let report = up(scratch, &more).await.unwrap();

    assert_eq!(applied(&report), ["m02_four", "m01_new"]);
    assert_eq!(tables(&scratch.db).await, ["before", "four", "new", "one", "three", "two"]);
}

async fn an_interrupted_migration_that_is_gone_is_settled(scratch: &Scratch) {
    let without = App::new(
        History::new()
            .declared("m01_before", || table("before"))
            .declared("m03", || table("later")),
    );
    if !stop_behind_two(scratch).await {
        return;
    }

    let error = up(scratch, &without).await.unwrap_err();
    let Error::Migration(MigrationError::Interrupted { migration, .. }) = &error else {
        panic!("{}", chain(&error))
    };
    assert_eq!(migration, "m02_four");
    settle(scratch, &without, &Repair::Undone).await;

    assert_eq!(applied(&up(scratch, &without).await.unwrap()), ["m03"]);
}

/// A run that was killed between two migrations, or before the server had the first statement, leaves
/// it written down.
async fn a_migration_of_which_nothing_has_run_yet_stands_in_no_way(scratch: &Scratch) {
    let db = &scratch.db;
    let first = || History::new().declared("m01", || table("ports"));
    let app = App::new(first().declared("m02", || table("ships")));
    let begun = "INSERT INTO plimsoll_journal \
        (history, version, way, finished, finished_digest, statement, effect) \
        VALUES ('seaql_migrations', 'm02', 'up', 0, \
        'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', \
        'CREATE TABLE ships (id bigint)', '[\"ships\",{\"table\":{\"exists\":true}}]')";

    up(scratch, &App::new(first())).await.unwrap();
    run(db, begun).await;
    assert_eq!(app.on(db).unfinished().await.unwrap().1, None);
    assert_eq!(app.pending(db).await.unwrap(), ["m02"]);
    for how in [Repair::Done, Repair::Undone] {
        let rehearsed = app.on(db).rehearse_repair(&scratch.database, &how).await;
        assert_eq!(rehearsed.unwrap_err().code(), "PLM0080");
        let session = session(scratch).await;
        let repaired = app.on(&session).repair(&scratch.database, &how, None).await;
        session.close().await.unwrap();
        assert_eq!(repaired.unwrap_err().code(), "PLM0080");
    }
    assert_eq!(app.on(db).rehearse_down(&to("base")).await.unwrap().len(), 1);
    down(scratch, &app, "base").await.unwrap();
    assert_eq!((tables(db).await.len(), open(db).await), (0, 0));

    up(scratch, &App::new(first())).await.unwrap();
    run(db, begun).await;
    let without = App::new(first().declared("m03", || table("crew")));
    assert_eq!(applied(&up(scratch, &without).await.unwrap()), ["m03"]);
    assert_eq!((tables(db).await, open(db).await), (vec!["crew".into(), "ports".into()], 0));

    // With its table there it is the work of the killed run, and not as the code has it now.
    down(scratch, &without, "base").await.unwrap();
    up(scratch, &App::new(first())).await.unwrap();
    run(db, begun).await;
    run(db, "CREATE TABLE ships (id bigint)").await;
    assert_eq!(app.on(db).unfinished().await.unwrap().1.unwrap().name, "m02");
    assert_eq!(up(scratch, &app).await.unwrap_err().code(), "PLM0040");
    assert_eq!(open(db).await, 1);
}

async fn a_rehearsal_begins_where_the_last_run_was_interrupted(scratch: &Scratch) {
    if !stop_behind_two(scratch).await {
        return;
    }

    let rehearsed = of_four().on(&scratch.db).rehearse_up(&to("head")).await.unwrap();

    let statements = rehearsed[0].statements.as_ref().unwrap();
    assert!(statements[0].contains("`three`"), "{statements:?}");
}
