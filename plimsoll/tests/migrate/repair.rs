//! What a crash or an edit left behind is shown, and settled by somebody who has looked.

use std::time::Duration;

use futures_timer::Delay;
use plimsoll::{App, History, Repair, Wreck, prelude::*, testing::Scratch};

use crate::{
    interrupted::{afloat, settle, sink},
    support::*,
};

plimsoll::on_every_empty_database!(
    code_that_was_killed_is_shown_with_what_is_there_of_it,
    what_was_interrupted_on_the_way_back_is_settled_the_other_way_round,
    an_edit_that_changes_nothing_is_accepted,
    a_revision_that_is_gone_for_good_is_forgotten,
    what_is_not_there_is_not_settled,
    a_migration_that_was_added_before_the_last_is_told_and_refused_where_that_is_wanted,
);

pub(crate) async fn wreck(scratch: &Scratch, app: &App) -> Wreck {
    let db = session(scratch).await;
    let wreck = Box::pin(app.on(&db).wreck(&scratch.database)).await.unwrap();
    db.close().await.unwrap();
    wreck
}

async fn code_that_was_killed_is_shown_with_what_is_there_of_it(scratch: &Scratch) {
    let app =
        afloat(Some(false), &["CREATE TABLE half (id bigint)", "CREATE TABLE rest (id bigint)"]);
    sink(scratch, "sinking");

    let mut wreck = wreck(scratch, &app).await;
    // Until the server has noticed that nobody is there any more, the lock is held.
    for _ in 0..100 {
        if !wreck.unfinished.as_ref().unwrap().running {
            break;
        }
        Delay::new(Duration::from_millis(50)).await;
        wreck = self::wreck(scratch, &app).await;
    }

    let unfinished = wreck.unfinished.unwrap();
    assert_eq!((unfinished.name.as_str(), unfinished.finished), ("m02_sinking", None));
    assert!(unfinished.next.contains("`repair --undo`"), "{}", unfinished.next);
    let shown = wreck.shown.unwrap();
    assert_eq!(shown.lacks.unwrap(), ["create table `rest`"]);
    assert_eq!(shown.has.unwrap(), ["drop table `half`"]);
    assert_eq!(open(&scratch.db).await, 1, "it was only looked at");
}

async fn what_was_interrupted_on_the_way_back_is_settled_the_other_way_round(scratch: &Scratch) {
    let db = &scratch.db;
    let app = App::new(
        History::new().declared("m01", || table("ports")).declared("m02", || table("ships")),
    );
    up(scratch, &app).await.unwrap();
    let interrupted = "INSERT INTO plimsoll_journal \
        (history, version, way, finished, finished_digest) \
        VALUES ('seaql_migrations', 'm02', 'down', 0, \
        'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')";

    run(db, interrupted).await;
    let wreck = wreck(scratch, &app).await;
    let shown = wreck.shown.unwrap();
    assert_eq!(shown.lacks.unwrap(), ["drop table `ships`"], "it has not gone back yet");
    assert_eq!(shown.has.unwrap(), [""; 0]);
    let sentence = settle(scratch, &app, &Repair::Undone).await;
    assert_eq!(sentence, "`m02` is applied from now on");
    assert_eq!(recorded(db).await, ["m01", "m02"]);

    run(db, interrupted).await;
    run(db, "DROP TABLE ships").await;
    let sentence = settle(scratch, &app, &Repair::Done).await;
    assert_eq!(sentence, "`m02` is pending from now on");
    assert_eq!(recorded(db).await, ["m01"]);
    assert_eq!(applied(&up(scratch, &app).await.unwrap()), ["m02"]);
}

async fn an_edit_that_changes_nothing_is_accepted(scratch: &Scratch) {
    let with = |default: i32| {
        App::new(History::new().declared("m01", move || table("ports")).declared(
            "m02",
            move || {
                Steps::new().create_table("ships", |t| {
                    t.column(big_pk_auto("id")).column(integer("size").default(default))
                })
            },
        ))
    };
    up(scratch, &with(1)).await.unwrap();
    let edited = with(2);
    let names = |wreck: &Wreck, state: plimsoll::revisions::State| -> Vec<String> {
        let of = wreck.standings.iter().filter(|it| it.state == state);
        of.map(|it| it.name.clone()).collect()
    };
    let changed = plimsoll::revisions::State::Changed;
    assert_eq!(names(&wreck(scratch, &edited).await, changed), ["m02"]);

    settle(scratch, &edited, &Repair::Accept("m0".to_owned())).await;

    assert_eq!(names(&wreck(scratch, &edited).await, changed), [""; 0]);
    assert_eq!(names(&wreck(scratch, &with(1)).await, changed), ["m02"]);
}

async fn a_revision_that_is_gone_for_good_is_forgotten(scratch: &Scratch) {
    let first = || History::new().declared("m01", || table("ports"));
    up(scratch, &App::new(first().declared("m02_gone", || table("ships")))).await.unwrap();
    let app = App::new(first().declared("m03", || table("crew")));
    assert_eq!(up(scratch, &app).await.unwrap_err().code(), "PLM0034");

    settle(scratch, &app, &Repair::Forget("m02".to_owned())).await;

    assert_eq!(applied(&up(scratch, &app).await.unwrap()), ["m03"]);
    assert_eq!(recorded(&scratch.db).await, ["m01", "m03"]);
    assert_eq!(count(&scratch.db, "plimsoll_history").await, 2);
    assert_eq!(tables(&scratch.db).await, ["crew", "ports", "ships"], "nothing was touched");
}

async fn what_is_not_there_is_not_settled(scratch: &Scratch) {
    let app = App::new(History::new().declared("m01", || table("ports")));
    up(scratch, &app).await.unwrap();
    let db = session(scratch).await;

    for (how, code) in [
        (Repair::Done, "PLM0080"),
        (Repair::Undone, "PLM0080"),
        (Repair::Accept("m01".to_owned()), "PLM0080"),
        (Repair::Forget("m01".to_owned()), "PLM0080"),
    ] {
        let error = app.on(&db).repair(&scratch.database, &how, None).await.unwrap_err();
        assert_eq!(error.code(), code, "{how:?}");
    }
    run(&db, "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m00_gone', 1)").await;
    let error = app
        .on(&db)
        .repair(&scratch.database, &Repair::Forget("m01".to_owned()), None)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "PLM0035");
    assert!(error.hint().unwrap().contains("m00_gone"));
    db.close().await.unwrap();
}

async fn a_migration_that_was_added_before_the_last_is_told_and_refused_where_that_is_wanted(
    scratch: &Scratch,
) {
    let without = App::new(
        History::new().declared("m01", || table("ports")).declared("m03", || table("crew")),
    );
    up(scratch, &without).await.unwrap();
    let with = || {
        App::new(
            History::new()
                .declared("m01", || table("ports"))
                .declared("m02", || table("ships"))
                .declared("m03", || table("crew")),
        )
    };

    let error = up(scratch, &with().in_order()).await.unwrap_err();
    assert_eq!(error.code(), "PLM0081");
    assert_eq!(error.to_string(), "migration `m02` was added before `m03`, which is applied");
    assert_eq!(tables(&scratch.db).await, ["crew", "ports"]);
    let (report, heard) = heard_up(scratch, &with(), "head").await;

    assert_eq!(applied(&report.unwrap()), ["m02"]);
    assert!(heard.has("warning: migration `m02` was added before `m03`"), "{heard:?}");
}
