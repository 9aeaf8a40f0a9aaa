//! A run that is asked to stop.

use std::{pin::pin, time::Duration};

use futures_timer::Delay;
use futures_util::future::join;
use plimsoll::{
    App, Choice, Dialect, History, Limits, MigrationError, Remains, Steps, Stop,
    prelude::*,
    progress::{Event, Progress},
    testing::Scratch,
};
use sea_orm::{ConnectionTrait as _, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::support::*;

plimsoll::on_every_empty_database!(
    a_run_that_is_asked_to_stop_ends_behind_the_statement_and_the_next_goes_on,
    nothing_is_open_when_a_run_stops_between_two_migrations,
    a_migration_whose_table_was_made_with_the_end_of_the_one_before_is_gone_on_with,
    batches_stop_between_two_and_none_runs_twice,
    a_table_that_is_built_anew_is_as_it_was_when_the_run_is_stopped,
    code_in_a_transaction_is_taken_back_when_the_run_is_stopped,
    whoever_waits_for_the_lock_stops_waiting,
    a_run_that_others_are_in_the_way_of_stops_waiting,
);

/// Asks to stop when the step of that sign has run.
struct At {
    sign: char,
    stop: Stop,
}

impl Progress for At {
    fn tell(&self, event: Event<'_>) {
        match event {
            Event::Step { sign, .. } if sign == self.sign => self.stop.ask(),
            Event::Ended { .. } if self.sign == '.' => self.stop.ask(),
            Event::Rows { .. } if self.sign == '#' => self.stop.ask(),
            Event::Waiting { .. } if self.sign == '?' => self.stop.ask(),
            Event::Hindered { .. } if self.sign == '!' => self.stop.ask(),
            _ => {}
        }
    }
}

/// How a run was stopped: where, what remains, what was done.
type Stopped = (Option<String>, Remains, Vec<String>);

/// Applies everything, and stops at that sign.
async fn stopped_at(scratch: &Scratch, app: &App, sign: char) -> Stopped {
    let (db, stop) = (session(scratch).await, Stop::new());
    let at = At { sign, stop: stop.clone() };
    let limits = Limits { wait: Duration::from_millis(50), ..Limits::default() };
    let run = app.on(&db).telling(&at).until(&stop).within(Some(limits));
    let outcome = run.up(&to("head"), &Choice::default()).await;
    let _ = db.close().await;
    assert!(!stop.is_heeded());
    match outcome.unwrap_err() {
        plimsoll::Error::Migration(MigrationError::Stopped { at, remains, done }) => {
            (at, remains, done)
        }
        other => panic!("{}", chain(&other)),
    }
}

/// What a run that is stopped in the middle of a migration leaves of it.
fn left(scratch: &Scratch) -> Remains {
    match dialect(&scratch.db) {
        Dialect::Mysql => Remains::Resumable,
        Dialect::Sqlite | Dialect::Postgres => Remains::Nothing,
    }
}

async fn a_run_that_is_asked_to_stop_ends_behind_the_statement_and_the_next_goes_on(
    scratch: &Scratch,
) {
    let db = &scratch.db;
    let app = App::new(
        History::new()
            .declared("m01", || table("ports").insert("ports", ["name"], [row!["Hull"]]))
            .declared("m02", || Steps::new().update("ports", |u| u.set_sql("name", "upper(name)")))
            .declared("m03", || table("ships")),
    );
    up(scratch, &App::new(History::new().declared("m00", || table("moored")))).await.unwrap();
    run(db, "DELETE FROM seaql_migrations").await;

    let (at, remains, done) = stopped_at(scratch, &app, '+').await;

    // Its first statement was the first that ended.
    assert_eq!((at.as_deref(), remains), (Some("m01"), left(scratch)));
    assert_eq!(done, Vec::<String>::new());
    assert!(recorded(db).await.is_empty());
    let (report, heard) = heard_up(scratch, &app, "head").await;
    assert_eq!(applied(&report.unwrap()), ["m01", "m02", "m03"]);
    assert_eq!(heard.has("resuming m01 1"), dialect(db) == Dialect::Mysql, "{heard:?}");
    assert_eq!(one::<String>(db, "SELECT name FROM ports").await, "HULL");

    // Between two migrations nothing remains.
    down(scratch, &app, "base").await.unwrap();
    let (at, remains, done) = stopped_at(scratch, &app, '~').await;
    assert_eq!((at, remains), (None, Remains::Nothing));
    assert_eq!(done, ["m01", "m02"]);
    assert_eq!(applied(&up(scratch, &app).await.unwrap()), ["m03"]);
}

/// MariaDB writes down with the end of one that the next begins. (SQLite gets them together.)
async fn nothing_is_open_when_a_run_stops_between_two_migrations(scratch: &Scratch) {
    let db = &scratch.db;
    if dialect(db) == Dialect::Sqlite {
        return;
    }
    let ships = || {
        Steps::new().create_table("ships", |t| {
            t.column(big_pk_auto("id")).column(string_len("name", 80)).index(["name"])
        })
    };
    let app = App::new(
        History::new()
            .declared("m01", || table("ports"))
            .declared("m02", ships)
            .declared("m03", || table("crew")),
    );

    let stopped = stopped_at(scratch, &app, '+').await;

    assert_eq!(stopped, (None, Remains::Nothing, vec!["m01".to_owned()]));
    assert_eq!((tables(db).await, open(db).await), (vec!["ports".to_owned()], 0));
    let (report, heard) = heard_up(scratch, &app, "head").await;
    assert_eq!(applied(&report.unwrap()), ["m02", "m03"]);
    assert!(!heard.has("resuming"), "{heard:?}");
    assert_eq!(open(db).await, 0);
}

/// MariaDB makes the first table of the next with the message that writes down the end of one.
async fn a_migration_whose_table_was_made_with_the_end_of_the_one_before_is_gone_on_with(
    scratch: &Scratch,
) {
    let db = &scratch.db;
    let app = App::new(
        History::new()
            .declared("m01", || table("ports"))
            .declared("m02", || table("ships").insert("ships", ["name"], [row!["Hull"]]))
            .declared("m03", || table("crew")),
    );

    let (at, remains, done) = stopped_at(scratch, &app, '.').await;

    let is_mysql = dialect(db) == Dialect::Mysql;
    assert_eq!((at.as_deref(), remains), (is_mysql.then_some("m02"), left(scratch)));
    assert_eq!(done, ["m01"]);
    assert_eq!(tables(db).await.contains(&"ships".to_owned()), is_mysql);
    let (report, heard) = heard_up(scratch, &app, "head").await;
    assert_eq!(applied(&report.unwrap()), ["m02", "m03"]);
    assert_eq!(heard.has("resuming m02 1"), is_mysql, "{heard:?}");
    assert_eq!(all::<String>(db, "SELECT name FROM ships").await, ["Hull"]);
    assert_eq!(open(db).await, 0);
}

async fn batches_stop_between_two_and_none_runs_twice(scratch: &Scratch) {
    let db = &scratch.db;
    up(scratch, &App::new(History::new().declared("m01", || table("ports")))).await.unwrap();
    for _ in 0..7 {
        run(db, "INSERT INTO ports (name) VALUES ('a')").await;
    }
    let app = App::new(History::new().declared("m01", || table("ports")).declared("m02", || {
        Steps::new().backfill("ports", "id", |u| u.set_sql("name", "name || 'b'").rows(2))
    }));

    let (at, remains, _) = stopped_at(scratch, &app, '#').await;

    assert_eq!((at.as_deref(), remains), (Some("m02"), Remains::Resumable));
    let touched = "SELECT count(*) FROM ports WHERE name = 'ab'";
    assert_eq!(one::<i64>(db, touched).await, 2);
    assert_eq!(applied(&up(scratch, &app).await.unwrap()), ["m02"]);
    assert_eq!(one::<i64>(db, touched).await, 7);
}

async fn a_table_that_is_built_anew_is_as_it_was_when_the_run_is_stopped(scratch: &Scratch) {
    let db = &scratch.db;
    up(scratch, &App::new(History::new().declared("m01", || table("ports")))).await.unwrap();
    run(db, "INSERT INTO ports (name) VALUES ('Hull')").await;
    let before = fingerprint(db).await;
    let app = App::new(History::new().declared("m01", || table("ports")).declared("m02", || {
        let longer = |t: plimsoll::steps::AlterBuilder| {
            t.change(|t| t.column(string_len("name", 80)), |t| t.column(string_len("name", 200)))
        };
        Steps::new().alter("ports", longer).create_table("ships", |t| t.column(big_pk_auto("id")))
    }));

    let (at, remains, _) = stopped_at(scratch, &app, '~').await;

    assert_eq!((at.as_deref(), remains), (Some("m02"), left(scratch)));
    if remains == Remains::Nothing {
        assert_eq!(fingerprint(db).await, before);
    }
    assert_eq!(applied(&up(scratch, &app).await.unwrap()), ["m02"]);
    assert_eq!(one::<String>(db, "SELECT name FROM ports").await, "Hull");
}

/// Code that never ends by itself.
struct Endless;

impl MigrationName for Endless {
    fn name(&self) -> &'static str {
        "m02_endless"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Endless {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        loop {
            let db = manager.get_connection();
            db.execute_unprepared("INSERT INTO ports (name) VALUES ('Hull')").await?;
        }
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

async fn code_in_a_transaction_is_taken_back_when_the_run_is_stopped(scratch: &Scratch) {
    let db = &scratch.db;
    if dialect(db) == Dialect::Mysql {
        // No transaction would take back its tables, and so it goes to its end.
        return;
    }
    let app = App::new(History::new().declared("m01", || table("ports")).imperative(Endless));

    let (at, remains, done) = stopped_at(scratch, &app, '+').await;
    assert_eq!((at, remains), (None, Remains::Nothing));
    assert_eq!(done, ["m01"]);

    let (migrator, stop) = (session(scratch).await, Stop::new());
    let later = async {
        Delay::new(Duration::from_millis(200)).await;
        stop.ask();
    };
    let run = app.on(&migrator).until(&stop);
    let (target, choice) = (to("head"), Choice::default());
    let (outcome, ()) = join(pin!(run.up(&target, &choice)), later).await;

    let error = outcome.unwrap_err();
    assert_eq!(error.to_string(), "stopped, as asked, in migration `m02_endless`");
    assert_eq!(count(db, "ports").await, 0);
    assert_eq!(recorded(db).await, ["m01"]);
    // The session is good for another run.
    let only = App::new(History::new().declared("m01", || table("ports")));
    assert!(only.up_on(&migrator).await.unwrap().applied.is_empty());
    migrator.close().await.unwrap();
}

async fn whoever_waits_for_the_lock_stops_waiting(scratch: &Scratch) {
    let history = History::new().recorded_in("others").declared("m01", || table("ports"));
    let app = App::new(history);
    let mut holder = crate::processes::holder(scratch).await;

    let (at, remains, done) = stopped_at(scratch, &app, '?').await;

    assert_eq!((at, remains, done), (None, Remains::Nothing, Vec::new()));
    holder.kill().unwrap();
    holder.wait().unwrap();
}

async fn a_run_that_others_are_in_the_way_of_stops_waiting(scratch: &Scratch) {
    let db = &scratch.db;
    let first = || History::new().declared("m01", || table("ports"));
    up(scratch, &App::new(first())).await.unwrap();
    run(db, "INSERT INTO ports (name) VALUES ('Hull')").await;
    let blocker = crate::waits::blocker(scratch).await;
    let app =
        App::new(first().declared("m02", || {
            Steps::new().update("ports", |u| u.set_sql("name", "upper(name)"))
        }));

    let (at, remains, _) = stopped_at(scratch, &app, '!').await;

    assert_eq!((at.as_deref(), remains), (Some("m02"), Remains::Nothing));
    run(&blocker, "ROLLBACK").await;
    blocker.close().await.unwrap();
    assert_eq!(applied(&up(scratch, &app).await.unwrap()), ["m02"]);
}
