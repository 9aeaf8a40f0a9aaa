//! What the database refuses, and what panics.

use std::time::Duration;

use plimsoll::{
    App, Dialect, Error, History, MigrationError, Remains, prelude::*, testing::Scratch,
};
use sea_orm::DatabaseConnection;

use crate::{
    guests::{At, Panics, guest},
    support::*,
};

plimsoll::on_every_empty_database!(
    a_migration_that_fails_in_its_third_statement_goes_on_when_the_cause_is_gone,
    a_first_statement_that_is_refused_is_never_taken_for_done,
    code_that_fails_leaves_what_its_transaction_allows,
    rows_that_code_inserts_in_a_transaction_are_taken_back_with_it,
    a_journal_that_cannot_be_written_is_not_blamed_on_the_statement,
    what_was_applied_before_a_failure_is_named_and_stays,
    a_panic_is_an_error_and_the_lock_is_free,
    steps_that_panic_are_an_error_before_anything_runs,
    a_down_that_panics_is_an_error,
    a_user_who_may_only_read_can_look_and_has_nothing_to_do,
);

/// What a failed migration said.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) migration: String,
    pub(crate) doing: String,
    pub(crate) statement: Option<String>,
    pub(crate) done: Vec<String>,
    pub(crate) remains: Remains,
}

pub(crate) fn failed(error: &Error) -> Failed {
    let Error::Migration(MigrationError::Failed {
        migration, doing, statement, done, remains, ..
    }) = error
    else {
        panic!("{}", chain(error))
    };
    Failed {
        migration: migration.clone(),
        doing: doing.clone(),
        statement: statement.clone(),
        done: done.clone(),
        remains: *remains,
    }
}

/// Whether somebody else could migrate now.
async fn is_free(scratch: &Scratch) -> bool {
    let nothing = App::new(History::new());
    let db = session(scratch).await;
    let now = nothing.on(&db).locked_within(Some(Duration::ZERO));
    // SeaORM's records would be missing from an empty history: the lock comes before them.
    let outcome =
        now.fresh(&plimsoll::Choice { only: vec!["none".to_owned()], skip: Vec::new() }).await;
    assert_eq!(outcome.unwrap_err().code(), "PLM0051");
    let outcome = now.seed(&plimsoll::Choice::default(), plimsoll::Mode::Restore).await;
    db.close().await.unwrap();
    match outcome {
        Ok(_) => true,
        Err(Error::Migration(MigrationError::LockTimeout { .. })) => false,
        Err(error) => panic!("{}", chain(&error)),
    }
}

pub(crate) fn four() -> Steps {
    ["one", "two", "three", "four"].into_iter().fold(Steps::new(), |steps, name| {
        steps.create_table(name, |t| t.column(big_pk_auto("id")).column(string_len("name", 80)))
    })
}

fn before() -> Steps {
    table("before")
}

pub(crate) fn of_four() -> App {
    App::new(History::new().declared("m01_before", before).declared("m02_four", four))
}

async fn a_migration_that_fails_in_its_third_statement_goes_on_when_the_cause_is_gone(
    scratch: &Scratch,
) {
    let db = &scratch.db;
    run(db, "CREATE TABLE three (mine int)").await;

    let error = up(scratch, &of_four()).await.unwrap_err();

    let failed = failed(&error);
    assert_eq!(error.code(), "PLM0036");
    assert_eq!(failed.migration, "m02_four");
    assert_eq!(failed.doing, "applying `three`");
    assert_eq!(failed.done, ["m01_before"]);
    assert!(failed.statement.unwrap().contains("three"));
    assert!(error.hint().unwrap().contains("done before it in this run: m01_before"));
    assert_eq!(recorded(db).await, ["m01_before"]);
    if dialect(db) == Dialect::Mysql {
        assert_eq!(failed.remains, Remains::Resumable);
        assert_eq!(tables(db).await, ["before", "one", "three", "two"]);
    } else {
        assert_eq!(failed.remains, Remains::Nothing);
        assert_eq!(tables(db).await, ["before", "three"]);
    }

    let error = up(scratch, &of_four()).await.unwrap_err();
    assert_eq!(error.code(), "PLM0036", "it fails again, at the same statement");
    assert_eq!(one::<i64>(db, "SELECT count(*) FROM three").await, 0);
    run(db, "DROP TABLE three").await;
    let (report, heard) = heard_up(scratch, &of_four(), "head").await;

    assert_eq!(applied(&report.unwrap()), ["m02_four"]);
    assert_eq!(heard.has("resuming m02_four 2"), dialect(db) == Dialect::Mysql, "{heard:?}");
    assert_eq!(tables(db).await, ["before", "four", "one", "three", "two"]);
    assert_eq!(open(db).await, 0);
    down(scratch, &of_four(), "base").await.unwrap();
    assert!(tables(db).await.is_empty());
}

async fn a_first_statement_that_is_refused_is_never_taken_for_done(scratch: &Scratch) {
    let db = &scratch.db;
    run(db, "CREATE TABLE one (mine int)").await;

    for _ in 0..3 {
        let error = up(scratch, &of_four()).await.unwrap_err();
        let failed = failed(&error);
        assert_eq!(failed.doing, "applying `one`");
        assert_eq!(failed.remains, Remains::Nothing);
        assert_eq!(tables(db).await, ["before", "one"]);
        assert_eq!(open(db).await, 0);
    }
    run(db, "DROP TABLE one").await;
    up(scratch, &of_four()).await.unwrap();

    run(db, "INSERT INTO one (name) VALUES ('ours')").await;
}

async fn code_that_fails_leaves_what_its_transaction_allows(scratch: &Scratch) {
    let db = &scratch.db;
    for (transaction, is_kept) in [
        (None, dialect(db) != Dialect::Postgres),
        (Some(false), true),
        (Some(true), dialect(db) == Dialect::Mysql),
    ] {
        let broken =
            guest("m02_broken", &["CREATE TABLE half (id bigint)", "SELECT nonsense FROM nowhere"]);
        let mended =
            guest("m02_broken", &["CREATE TABLE whole (id bigint)"]).down(&["DROP TABLE whole"]);
        let history = |it| History::new().declared("m01", before).imperative(it);

        let error =
            up(scratch, &App::new(history(broken.transaction(transaction)))).await.unwrap_err();

        let failed = failed(&error);
        assert_eq!(failed.remains, if is_kept { Remains::Unknown } else { Remains::Nothing });
        assert_eq!(failed.doing, "applying it");
        assert_eq!(failed.done, ["m01"]);
        assert_eq!(tables(db).await.contains(&"half".to_owned()), is_kept, "{transaction:?}");
        assert_eq!(open(db).await, 0, "it ended by itself");
        let mended = App::new(history(mended.transaction(transaction)));
        up(scratch, &mended).await.unwrap();
        down(scratch, &mended, "base").await.unwrap();
        if is_kept {
            run(db, "DROP TABLE half").await;
        }
    }
}

/// Rows alone go with the transaction, on MariaDB too, and so it is said.
async fn rows_that_code_inserts_in_a_transaction_are_taken_back_with_it(scratch: &Scratch) {
    let db = &scratch.db;
    let broken = guest(
        "m02_broken",
        &["INSERT INTO before (name) VALUES ('half')", "SELECT nonsense FROM nowhere"],
    );
    let history = History::new().declared("m01", || table("before"));
    let app = App::new(history.imperative(broken.transaction(Some(true))));

    let error = up(scratch, &app).await.unwrap_err();

    assert_eq!(failed(&error).remains, Remains::Nothing);
    assert_eq!(count(db, &quote(db, "before")).await, 0);
    assert_eq!(open(db).await, 0);
}

async fn a_journal_that_cannot_be_written_is_not_blamed_on_the_statement(scratch: &Scratch) {
    let db = &scratch.db;
    if dialect(db) != Dialect::Mysql {
        // The others need none.
        return;
    }
    up(scratch, &app_of(|| table("a"))).await.unwrap();
    run(
        db,
        "CREATE TRIGGER shut BEFORE INSERT ON plimsoll_journal FOR EACH ROW \
             SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'read only'",
    )
    .await;

    let error = down(scratch, &app_of(|| table("a")), "base").await.unwrap_err();

    let failed = failed(&error);
    assert_eq!(failed.doing, "writing down how far it is");
    assert_eq!((failed.statement, failed.remains), (None, Remains::Nothing));
    assert!(error.hint().unwrap().starts_with("the database is as it was before"));
    assert_eq!(tables(db).await, ["a"]);
}

async fn what_was_applied_before_a_failure_is_named_and_stays(scratch: &Scratch) {
    let app = App::new(
        History::new()
            .declared("m01", || table("a"))
            .declared("m02", || table("b"))
            .declared("m03", || Steps::new().insert("a", ["name"], [row![Value::Null]])),
    );

    let error = up(scratch, &app).await.unwrap_err();

    assert_eq!(failed(&error).done, ["m01", "m02"]);
    assert_eq!(recorded(&scratch.db).await, ["m01", "m02"]);
    assert_eq!(tables(&scratch.db).await, ["a", "b"]);
    assert!(is_free(scratch).await);
}

async fn a_panic_is_an_error_and_the_lock_is_free(scratch: &Scratch) {
    let db = &scratch.db;
    for (at, message) in [
        (At::Call, "no future today"),
        (At::Up, "no up today"),
        (At::UseTransaction, "no answer today"),
    ] {
        for transaction in [None, Some(true), Some(false)] {
            let panics = Panics { at, transaction };
            let app = App::new(History::new().declared("m01", before).imperative(panics));
            let session = session(scratch).await;

            let error = app.up_on(&session).await.unwrap_err();

            let Error::Migration(MigrationError::Panicked { migration, message: said, .. }) =
                &error
            else {
                panic!("{}", chain(&error))
            };
            assert_eq!((migration.as_str(), said.as_str()), ("m02_panics", message));
            assert_eq!(error.code(), "PLM0037");
            assert_eq!(recorded(db).await, ["m01"]);
            assert!(is_free(scratch).await, "while the session goes on");
            assert_eq!(open(db).await, 0);
            session.close().await.unwrap();
            if tables(db).await.contains(&"panicked".to_owned()) {
                run(db, "DROP TABLE panicked").await;
            }
        }
    }
}

async fn steps_that_panic_are_an_error_before_anything_runs(scratch: &Scratch) {
    fn panics() -> Steps {
        panic!("no steps today")
    }
    let app = App::new(History::new().declared("m01", before).declared("m02", panics));

    let error = up(scratch, &app).await.unwrap_err();

    assert_eq!(error.code(), "PLM0031");
    assert!(error.to_string().contains("no steps today"), "{error}");
    assert!(tables(&scratch.db).await.is_empty());
    assert!(is_free(scratch).await);
}

async fn a_down_that_panics_is_an_error(scratch: &Scratch) {
    let panics = Panics { at: At::Down, transaction: None };
    let app = App::new(History::new().declared("m01", before).imperative(panics));
    up(scratch, &app).await.unwrap();

    let error = down(scratch, &app, "base").await.unwrap_err();

    assert_eq!(error.code(), "PLM0037");
    assert_eq!(recorded(&scratch.db).await, ["m01", "m02_panics"]);
    assert!(is_free(scratch).await);
    assert!(tables(&scratch.db).await.contains(&"panicked".to_owned()));
}

/// The database as somebody else may see it.
pub(crate) async fn reader(
    scratch: &Scratch,
    admin: &DatabaseConnection,
) -> (plimsoll::config::Database, String) {
    use secrecy::ExposeSecret as _;

    let name = format!("r{}", scratch.database.name().rsplit('_').next().unwrap());
    match dialect(admin) {
        Dialect::Sqlite => unreachable!("files have no users"),
        Dialect::Postgres => {
            run(admin, &format!("CREATE ROLE {name} LOGIN PASSWORD 'geheim'")).await;
            run(admin, &format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")).await;
        }
        Dialect::Mysql => {
            run(admin, &format!("CREATE USER {name} IDENTIFIED BY 'geheim'")).await;
            let database = quote(admin, &scratch.database.name());
            run(admin, &format!("GRANT SELECT ON {database}.* TO {name}")).await;
        }
    }
    let mut url = url::Url::parse(scratch.database.url().expose_secret()).unwrap();
    url.set_username(&name).unwrap();
    url.set_password(Some("geheim")).unwrap();
    let database =
        plimsoll::config::Database::from_url(url.as_str(), std::path::Path::new("/")).unwrap();
    (database, name)
}

async fn a_user_who_may_only_read_can_look_and_has_nothing_to_do(scratch: &Scratch) {
    const SEEDS: &[(&str, &str)] =
        &[("rows.toml", "table = 'before'\nkey = ['name']\n[[rows]]\nname = 'x'\n")];
    let app = || App::new(History::new().declared("m01", before)).seeds(SEEDS);
    let more = App::new(History::new().declared("m01", before).declared("m02", || table("more")));
    up(scratch, &app()).await.unwrap();
    if dialect(&scratch.db) == Dialect::Sqlite {
        // The rights of files are the command's matter: the tests of the `migration` crate try them.
        return;
    }
    let (database, name) = reader(scratch, &scratch.db).await;

    let db = plimsoll::connect::session(&database).await.unwrap();
    let standings = app().standings(&db).await;
    let nothing = app().up_on(&db).await;
    let rehearsed = more.on(&db).rehearse_up(&to("head")).await;
    let differences = app().on(&db).verify_seeds(&plimsoll::Choice::default()).await;
    let refused = more.up_on(&db).await;
    db.close().await.unwrap();
    if dialect(&scratch.db) == Dialect::Postgres {
        run(&scratch.db, &format!("DROP OWNED BY {name}")).await;
    }
    run(&scratch.db, &format!("DROP USER {name}")).await;

    assert_eq!(standings.unwrap().len(), 1);
    assert!(nothing.unwrap().applied.is_empty());
    assert_eq!(rehearsed.unwrap().len(), 1);
    assert!(differences.unwrap().is_empty());
    let refused = refused.unwrap_err();
    assert!(["PLM0036", "PLM0042", "PLM0026"].contains(&refused.code()), "{}", chain(&refused));
}
