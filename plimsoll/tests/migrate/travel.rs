//! Forward and back, over a history of both kinds.

use plimsoll::{
    App, Choice, Dialect, Error, History, MigrationError, prelude::*, revisions::State,
    testing::Scratch,
};

use crate::{
    guests::{CreateHarbours, guest},
    support::*,
};

plimsoll::on_every_empty_database!(
    up_and_down_and_up_come_back_to_the_same_schema,
    every_target_is_reached_and_no_more_runs,
    a_migration_added_before_applied_ones_still_runs,
    an_edited_migration_is_told_of_and_left_alone,
    revisions_that_the_code_does_not_know_stop_every_journey,
    a_name_that_is_there_twice_is_refused,
    what_changed_between_question_and_answer_is_not_reverted,
    a_rehearsal_changes_nothing,
    fresh_refresh_and_reset_do_what_they_say,
    redo_reverts_and_applies_the_same_again_and_nothing_else,
    a_session_can_migrate_twice_and_leaves_no_lock,
    another_table_can_hold_the_history,
    a_session_is_enough_to_run_what_is_sent_elsewhere,
);

fn fleet() -> Steps {
    Steps::new()
        .create_table("ships", |t| {
            t.column(big_pk_auto("id"))
                .column(string_len("name", 80))
                .column(string_len("kind", 10).default("sail"))
                .column(timestamp_with_time_zone("built_at").default(Expr::current_timestamp()))
                .column(decimal_len("draught", 6, 2).default(1.5))
                .unique(["name"])
                .one_of("kind", ["sail", "steam"])
                .index(["kind", "built_at"])
                .comment("what floats")
        })
        .create_table("crew", |t| {
            t.column(big_pk_auto("id"))
                .column(big_integer("ship_id"))
                .column(big_integer_null("captain_id"))
                .index(["ship_id"])
                .index(["captain_id"])
                .foreign_key(["ship_id"], "ships", ["id"], OnDelete::Cascade)
                .foreign_key(["captain_id"], "crew", ["id"], OnDelete::SetNull)
        })
        .insert("ships", ["id", "name"], [row![1, "Fenrir"], row![2, "Plimsoll"]])
        .insert("crew", ["id", "ship_id", "captain_id"], [row![1, 1, Value::Null], row![2, 1, 1]])
}

fn index() -> Steps {
    Steps::new().create_index("ships", ["draught"]).add_index(
        "crew",
        Index::over("crew", ["ship_id", "captain_id"]).unique().named("one captain"),
    )
}

fn marks() -> Steps {
    Steps::new()
        .create_table("marks", |t| t.column(string_len("name", 20)).primary_key(["name"]))
        .insert("marks", ["name"], [row!["summer"]])
}

fn mixed() -> App {
    App::new(
        History::new()
            .declared("m01_fleet", fleet)
            .imperative(CreateHarbours)
            .imperative(
                guest(
                    "m03_in_one",
                    &["CREATE TABLE in_one (id bigint)", "INSERT INTO in_one VALUES (1)"],
                )
                .down(&["DROP TABLE in_one"])
                .transaction(Some(true)),
            )
            .declared("m04_index", index)
            .imperative(
                guest("m05_alone", &["CREATE TABLE alone (id bigint)"])
                    .down(&["DROP TABLE alone"])
                    .transaction(Some(false)),
            )
            .declared("m06_marks", marks),
    )
}

const MIXED: [&str; 6] =
    ["m01_fleet", "m02_create_harbours", "m03_in_one", "m04_index", "m05_alone", "m06_marks"];

async fn up_and_down_and_up_come_back_to_the_same_schema(scratch: &Scratch) {
    let (app, db) = (mixed(), &scratch.db);

    let report = up(scratch, &app).await.unwrap();
    assert_eq!(applied(&report), MIXED);
    let first = fingerprint(db).await;
    assert!(first.len() > 6, "{first:#?}");
    assert_eq!(tables(db).await.len(), 6);

    let reverted = down(scratch, &app, "base").await.unwrap();
    let mut backwards = MIXED;
    backwards.reverse();
    assert_eq!(names(&reverted), backwards);
    assert!(tables(db).await.is_empty(), "{:?}", tables(db).await);
    assert!(recorded(db).await.is_empty());

    up(scratch, &app).await.unwrap();
    assert_eq!(fingerprint(db).await, first);
    assert_eq!(recorded(db).await, MIXED);
    assert_eq!(count(db, "ships").await, 2);
    assert_eq!(open(db).await, 0);

    for steps in 1..MIXED.len() {
        down(scratch, &app, &format!("-{steps}")).await.unwrap();
        assert_eq!(recorded(db).await, MIXED[..MIXED.len() - steps]);
        up(scratch, &app).await.unwrap();
        assert_eq!(fingerprint(db).await, first);
    }
}

async fn every_target_is_reached_and_no_more_runs(scratch: &Scratch) {
    let app = mixed();
    let go = async |target: &str| heard_up(scratch, &app, target).await.0;

    assert_eq!(applied(&go("+2").await.unwrap()), MIXED[..2]);
    assert_eq!(applied(&go("m04").await.unwrap()), MIXED[2..4]);
    assert!(go("m04_index").await.unwrap().applied.is_empty());
    let Err(Error::Migration(MigrationError::Target(_))) = go("m01").await else {
        panic!("it is back")
    };
    let Err(Error::Migration(MigrationError::Target(_))) = go("m0").await else { panic!("which") };
    let Err(Error::Migration(MigrationError::Target(_))) = go("nowhere").await else {
        panic!("where")
    };
    assert_eq!(applied(&go("head").await.unwrap()), MIXED[4..]);
    assert_eq!(names(&down(scratch, &app, "m05_alone").await.unwrap()), MIXED[5..]);
    assert_eq!(names(&down(scratch, &app, "-2").await.unwrap()), [MIXED[4], MIXED[3]]);
    let Err(Error::Migration(MigrationError::Target(_))) = down(scratch, &app, "m06").await else {
        panic!("it is not applied")
    };
    assert_eq!(recorded(&scratch.db).await, MIXED[..3]);
}

async fn a_migration_added_before_applied_ones_still_runs(scratch: &Scratch) {
    let before =
        App::new(History::new().declared("m01", || table("a")).declared("m03", || table("c")));
    let after = App::new(
        History::new()
            .declared("m01", || table("a"))
            .declared("m02", || table("b"))
            .declared("m03", || table("c")),
    );
    up(scratch, &before).await.unwrap();

    let report = up(scratch, &after).await.unwrap();

    assert_eq!(applied(&report), ["m02"]);
    assert_eq!(tables(&scratch.db).await, ["a", "b", "c"]);
    assert_eq!(names(&down(scratch, &after, "-2").await.unwrap()), ["m03", "m02"]);
}

async fn an_edited_migration_is_told_of_and_left_alone(scratch: &Scratch) {
    let before = App::new(History::new().declared("m01", || table("a")));
    let after = App::new(
        History::new()
            .declared("m01", || table("a").create_index("a", ["name"]))
            .declared("m02", || table("b")),
    );
    up(scratch, &before).await.unwrap();

    let (report, heard) = heard_up(scratch, &after, "head").await;

    assert_eq!(applied(&report.unwrap()), ["m02"]);
    assert!(heard.has("warning: migration `m01` was edited after it was applied"), "{heard:?}");
    let standings = after.standings(&scratch.db).await.unwrap();
    assert_eq!(standings[0].state, State::Changed);
    assert_eq!(standings[1].state, State::Applied);
    let (again, heard) = heard_up(scratch, &after, "head").await;
    assert!(again.unwrap().applied.is_empty());
    assert!(heard.has("warning"), "{heard:?}");
}

async fn revisions_that_the_code_does_not_know_stop_every_journey(scratch: &Scratch) {
    let newer =
        App::new(History::new().declared("m01", || table("a")).declared("m02", || table("b")));
    let older =
        App::new(History::new().declared("m01", || table("a")).declared("m03", || table("c")));
    up(scratch, &newer).await.unwrap();
    let before = fingerprint(&scratch.db).await;

    for error in [
        up(scratch, &older).await.unwrap_err(),
        down(scratch, &older, "base").await.unwrap_err(),
        older.pending(&scratch.db).await.unwrap_err(),
        older.on(&scratch.db).rehearse_up(&to("head")).await.unwrap_err(),
        older.on(&scratch.db).refresh(&Choice::default()).await.unwrap_err(),
        older.on(&scratch.db).reset().await.unwrap_err(),
    ] {
        let Error::Migration(MigrationError::MissingRevisions { revisions }) = &error else {
            panic!("{error:?}")
        };
        assert_eq!(revisions, &["m02"]);
        assert_eq!(error.code(), "PLM0034");
        assert!(error.hint().unwrap().contains("run a build that has it"));
    }

    assert_eq!(fingerprint(&scratch.db).await, before);
    let standings = older.standings(&scratch.db).await.unwrap();
    let states: Vec<State> = standings.iter().map(|it| it.state).collect();
    assert_eq!(states, [State::Applied, State::Pending, State::Missing]);
}

async fn a_name_that_is_there_twice_is_refused(scratch: &Scratch) {
    let twice =
        App::new(History::new().declared("m01", || table("a")).imperative(guest("m01", &[])));

    let error = up(scratch, &twice).await.unwrap_err();

    assert_eq!(error.code(), "PLM0030");
    assert!(error.to_string().contains("`m01` is in the list twice"), "{error}");
    assert!(fingerprint(&scratch.db).await.is_empty());
}

async fn what_changed_between_question_and_answer_is_not_reverted(scratch: &Scratch) {
    let app = mixed();
    up(scratch, &app).await.unwrap();
    let db = session(scratch).await;

    let expected = ["m05_alone".to_owned()];
    let refused = app.on(&db).down(&to("-1"), Some(&expected)).await;

    assert_eq!(refused.unwrap_err().code(), "PLM0044");
    let expected = ["m06_marks".to_owned()];
    assert_eq!(app.on(&db).down(&to("-1"), Some(&expected)).await.unwrap().len(), 1);
    db.close().await.unwrap();
}

async fn a_rehearsal_changes_nothing(scratch: &Scratch) {
    let app = mixed();
    let forward = app.on(&scratch.db).rehearse_up(&to("m02")).await.unwrap();
    assert!(fingerprint(&scratch.db).await.is_empty(), "not even the tables of the history");

    assert_eq!(forward.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), MIXED[..2]);
    let statements = forward[0].statements.as_ref().unwrap();
    assert!(statements[0].starts_with("CREATE TABLE"), "{statements:?}");
    assert_eq!(forward[1].statements, None);
    up(scratch, &app).await.unwrap();
    let before = fingerprint(&scratch.db).await;
    let back = app.on(&scratch.db).rehearse_down(&to("base")).await.unwrap();

    assert_eq!(back.len(), 6);
    let lost = back[5].losses.as_ref().unwrap();
    assert!(lost.contains(&"drop table `ships`".to_owned()), "{lost:?}");
    assert_eq!(fingerprint(&scratch.db).await, before);
    assert_eq!(recorded(&scratch.db).await, MIXED);
}

/// Runs what a rehearsal printed, instead of migrating: it must come to the same.
async fn a_session_is_enough_to_run_what_is_sent_elsewhere(scratch: &Scratch) {
    let app = App::new(History::new().declared("m01_fleet", fleet).declared("m02_marks", marks));
    up(scratch, &app).await.unwrap();
    let wanted = fingerprint(&scratch.db).await;
    down(scratch, &app, "base").await.unwrap();

    for it in app.on(&scratch.db).rehearse_up(&to("head")).await.unwrap() {
        for statement in it.statements.unwrap() {
            run(&scratch.db, &statement).await;
        }
    }

    assert_eq!(fingerprint(&scratch.db).await, wanted);
    assert!(app.pending(&scratch.db).await.unwrap().is_empty());
    assert!(up(scratch, &app).await.unwrap().applied.is_empty());
}

async fn redo_reverts_and_applies_the_same_again_and_nothing_else(scratch: &Scratch) {
    let app = mixed();
    heard_up(scratch, &app, "+5").await.0.unwrap();
    let wanted = fingerprint(&scratch.db).await;
    let db = session(scratch).await;

    let rehearsed = app.on(&db).rehearse_redo(&to("-2")).await.unwrap();
    let (reverted, report) = app.on(&db).redo(&to("-2"), None, &Choice::default()).await.unwrap();

    assert_eq!(names(&reverted), [MIXED[4], MIXED[3]]);
    assert_eq!(applied(&report), MIXED[3..5]);
    let rehearsed: Vec<&str> = rehearsed.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(rehearsed, [MIXED[4], MIXED[3], MIXED[3], MIXED[4]]);
    assert_eq!(recorded(&db).await, MIXED[..5]);
    assert_eq!(fingerprint(&db).await, wanted);
    let error = app.on(&db).redo(&to("-1"), Some(&[]), &Choice::default()).await.unwrap_err();
    assert_eq!(error.code(), "PLM0044", "{error}");
    let (reverted, report) = app.on(&db).redo(&to("m05"), None, &Choice::default()).await.unwrap();
    assert!(reverted.is_empty() && report.applied.is_empty());
    db.close().await.unwrap();
}

async fn fresh_refresh_and_reset_do_what_they_say(scratch: &Scratch) {
    let app = mixed();
    up(scratch, &app).await.unwrap();
    run(&scratch.db, "CREATE TABLE stray (id bigint)").await;
    let db = session(scratch).await;

    let report = app.on(&db).fresh(&Choice::default()).await.unwrap();
    assert_eq!(applied(&report), MIXED);
    assert!(!tables(&db).await.contains(&"stray".to_owned()));
    let wanted = fingerprint(&db).await;

    run(&db, "INSERT INTO harbours (name) VALUES ('Bergen')").await;
    let (reverted, report) = app.on(&db).refresh(&Choice::default()).await.unwrap();
    assert_eq!((reverted.len(), report.applied.len()), (6, 6));
    assert_eq!(count(&db, "harbours").await, 0);
    assert_eq!(fingerprint(&db).await, wanted);

    assert_eq!(app.on(&db).reset().await.unwrap().len(), 6);
    assert!(tables(&db).await.is_empty());
    refused(&db, "SELECT * FROM seaql_migrations").await;
    assert_eq!(app.pending(&db).await.unwrap(), MIXED);
    db.close().await.unwrap();
}

mod a_virtual_table_is_dropped_with_its_shadows {
    use super::*;

    #[test]
    fn sqlite() {
        plimsoll::testing::run_empty(Dialect::Sqlite, async |scratch| {
            let db = session(scratch).await;
            run(&db, "CREATE VIRTUAL TABLE papers USING fts5(text)").await;

            let report = mixed().on(&db).fresh(&Choice::default()).await.unwrap();

            assert_eq!(applied(&report), MIXED);
            assert!(tables(&db).await.iter().all(|name| !name.starts_with("papers")));
            db.close().await.unwrap();
        });
    }
}

mod a_schema_of_any_name_is_the_one_that_is_migrated {
    use super::*;

    #[test]
    fn postgres() {
        plimsoll::testing::run_empty(Dialect::Postgres, async |scratch| {
            let app = mixed().seeds(&[(
                "ships.toml",
                "table = 'ships'\nkey = ['name']\n[[rows]]\nname = 'Bonaventure'\n",
            )]);
            for schema in ["Harbour", "harbour", "harbour's end"] {
                run(&scratch.db, &format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\"")).await;
                let database = scratch.database.clone().with_schema(Some(schema.to_owned()));
                let db = plimsoll::connect::session(&database).await.unwrap();
                run(&db, "CREATE TYPE stray AS ENUM ('a')").await;

                let report = app.up_on(&db).await.unwrap();
                assert_eq!(applied(&report), MIXED, "{schema}");
                assert_eq!(report.seeded[0].inserted.len(), 1, "{schema}");
                let report = app.on(&db).fresh(&Choice::default()).await.unwrap();
                assert_eq!(applied(&report), MIXED, "{schema}");
                assert_eq!(report.seeded[0].inserted.len(), 1, "{schema}");
                run(&db, "CREATE TYPE stray AS ENUM ('a')").await;
                db.close().await.unwrap();
            }
        });
    }
}

mod a_history_in_another_schema_is_not_left_behind_by_fresh {
    use super::*;

    #[test]
    fn postgres() {
        plimsoll::testing::run_empty(Dialect::Postgres, async |scratch| {
            let app = mixed();
            up(scratch, &app).await.unwrap();
            run(&scratch.db, "CREATE SCHEMA berth; CREATE TABLE berth.kept (id bigint)").await;
            let database = scratch.database.clone().with_schema(Some("berth, public".to_owned()));
            let db = plimsoll::connect::session(&database).await.unwrap();

            let refused = app.on(&db).fresh(&Choice::default()).await.unwrap_err();

            assert!(chain(&refused).contains("in another schema of the search path"));
            assert_eq!(count(&db, "kept").await, 0, "nothing was dropped");
            db.close().await.unwrap();
        });
    }
}

/// Whether somebody else could migrate now.
async fn is_free(scratch: &Scratch, app: &App) -> bool {
    let db = session(scratch).await;
    let now = app.on(&db).locked_within(Some(std::time::Duration::ZERO));
    let outcome = now.down(&to("head"), None).await;
    db.close().await.unwrap();
    match outcome {
        Ok(_) => true,
        Err(Error::Migration(MigrationError::LockTimeout { .. })) => false,
        Err(error) => panic!("{}", chain(&error)),
    }
}

async fn a_session_can_migrate_twice_and_leaves_no_lock(scratch: &Scratch) {
    let app = mixed();
    let db = session(scratch).await;

    app.up_on(&db).await.unwrap();
    assert!(is_free(scratch, &app).await, "after up");
    app.on(&db).down(&to("-1"), None).await.unwrap();
    assert!(is_free(scratch, &app).await, "after down");
    app.on(&db).up(&to("nowhere"), &Choice::default()).await.unwrap_err();
    assert!(is_free(scratch, &app).await, "after an error");
    app.up_on(&db).await.unwrap();

    assert!(is_free(scratch, &app).await, "after the second up");
    db.ping().await.unwrap();
    db.close().await.unwrap();
}

async fn another_table_can_hold_the_history(scratch: &Scratch) {
    let one = App::new(History::new().declared("m01", || table("a")).recorded_in("it's \"one\""));
    let other = App::new(History::new().declared("m01", || table("b")).recorded_in("other"));

    up(scratch, &one).await.unwrap();
    up(scratch, &other).await.unwrap();

    assert_eq!(tables(&scratch.db).await, ["a", "b", "it's \"one\"", "other"]);
    let table = quote(&scratch.db, "it's \"one\"");
    assert_eq!(count(&scratch.db, &table).await, 1);
    assert!(one.pending(&scratch.db).await.unwrap().is_empty());
    down(scratch, &one, "base").await.unwrap();
    assert!(other.pending(&scratch.db).await.unwrap().is_empty());
    assert_eq!(tables(&scratch.db).await, ["b", "it's \"one\"", "other"]);
}
