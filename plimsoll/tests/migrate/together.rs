//! Migrations of new tables one behind the other, which SQLite gets in one message.

use std::{ops::RangeInclusive, sync::Mutex, time::Duration};

use futures_timer::Delay;
use futures_util::future::join;
use plimsoll::{
    App, Choice, Dialect, History, MigrationError, Remains, Steps, Stop,
    change::Change,
    prelude::*,
    progress::{Event, Progress},
    schema::{Index, Sql},
    testing::Scratch,
};

use crate::{crash::clear, failure::failed, support::*};

plimsoll::on_every_empty_database!(
    before_the_one_that_is_refused_all_are_kept_and_behind_it_none,
    each_is_told_of_in_its_turn,
    a_run_that_is_asked_to_stop_says_which_have_run,
    a_rule_that_a_later_table_breaks_is_told_of_that_migration,
    how_long_one_waited_is_not_written_down_of_those_behind_it,
    a_predicate_that_could_be_read_otherwise_takes_no_other_along,
);

/// As many migrations of a table each.
fn fleet(count: usize) -> App {
    let declare = |history: History, at: usize| {
        let name: &'static str = Box::leak(format!("m{at:02}").into_boxed_str());
        history.declared(name, move || table(&format!("ships_{at:02}")))
    };
    App::new((1..=count).fold(History::new(), declare))
}

fn named(migrations: RangeInclusive<usize>) -> Vec<String> {
    migrations.map(|at| format!("m{at:02}")).collect()
}

async fn before_the_one_that_is_refused_all_are_kept_and_behind_it_none(scratch: &Scratch) {
    let db = &scratch.db;
    run(db, "CREATE TABLE ships_04 (mine int)").await;

    let (outcome, heard) = heard_up(scratch, &fleet(7), "head").await;

    let failed = failed(&outcome.unwrap_err());
    assert_eq!((&*failed.migration, failed.done), ("m04", named(1..=3)));
    let told = heard.lines().into_iter().filter(|line| line.starts_with("apply"));
    let begun: Vec<String> = named(1..=4).iter().map(|name| format!("apply {name}")).collect();
    assert_eq!(told.collect::<Vec<_>>(), begun);
    assert!(failed.statement.unwrap().contains("ships_04"));
    assert_eq!(recorded(db).await, named(1..=3));
    assert_eq!(tables(db).await, ["ships_01", "ships_02", "ships_03", "ships_04"]);
    assert_eq!((count(db, "ships_04").await, open(db).await), (0, 0));
    run(db, "DROP TABLE ships_04").await;
    assert_eq!(applied(&up(scratch, &fleet(7)).await.unwrap()), named(4..=7));
    assert_eq!(count(db, "plimsoll_history").await, 7);
}

/// What a run tells of migrations and their steps.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Progress for Told {
    fn tell(&self, event: Event<'_>) {
        let line = match event {
            Event::Planned { migrations } => format!("{migrations} planned"),
            Event::Began { migration, .. } => format!("{migration} began"),
            Event::Step { sign, sentence, .. } => format!("{sign} {sentence}"),
            Event::Ended { migration, .. } => format!("{migration} ended"),
            Event::Done => "done".to_owned(),
            _ => return,
        };
        self.0.lock().unwrap().push(line);
    }
}

async fn each_is_told_of_in_its_turn(scratch: &Scratch) {
    let (app, told, session) = (fleet(40), Told::default(), session(scratch).await);

    let report = app.on(&session).telling(&told).up(&to("head"), &Choice::default()).await.unwrap();

    assert_eq!(applied(&report), named(1..=40));
    let each = (1..=40).flat_map(|at| {
        let name = format!("m{at:02}");
        let step = format!("+ create table `ships_{at:02}`");
        [format!("{name} began"), step, format!("{name} ended")]
    });
    let all: Vec<String> = ["40 planned".to_owned()].into_iter().chain(each).collect();
    let told = told.0.into_inner().unwrap();
    assert_eq!(told[..all.len()], all);
    assert_eq!(told[all.len()..], ["done"]);
    let _ = session.close().await;
}

/// Asks to stop when the first has ended.
struct Stops(Stop);

impl Progress for Stops {
    fn tell(&self, event: Event<'_>) {
        if let Event::Ended { .. } = event {
            self.0.ask();
        }
    }
}

/// On SQLite some more may have run by then; what is told is what is so.
async fn a_run_that_is_asked_to_stop_says_which_have_run(scratch: &Scratch) {
    let (db, app, stop) = (&scratch.db, fleet(60), Stop::new());
    let (migrator, stops) = (session(scratch).await, Stops(stop.clone()));
    let run = app.on(&migrator).telling(&stops).until(&stop);

    let error = run.up(&to("head"), &Choice::default()).await.unwrap_err();

    let _ = migrator.close().await;
    let plimsoll::Error::Migration(MigrationError::Stopped { at, remains, done }) = &error else {
        panic!("{}", chain(&error))
    };
    assert_eq!((at.as_deref(), *remains), (None, Remains::Nothing));
    assert!((1..60).contains(&done.len()), "{done:?}");
    assert_eq!(*done, named(1..=done.len()));
    assert_eq!(recorded(db).await, *done);
    assert_eq!(tables(db).await.len(), done.len());
    assert_eq!(applied(&up(scratch, &app).await.unwrap()), named(done.len() + 1..=60));
    assert_eq!(open(db).await, 0);
}

/// The name of an index is there once in a database of SQLite, and in a schema of PostgreSQL.
async fn a_rule_that_a_later_table_breaks_is_told_of_that_migration(scratch: &Scratch) {
    let db = &scratch.db;
    run(db, "CREATE TABLE ports (name varchar(20))").await;
    let taken = "idx-boats-name";
    run(db, &format!("CREATE INDEX {} ON ports (name)", quote(db, taken))).await;
    let boats = || {
        Steps::new().create_table("boats", |t| {
            t.column(big_pk_auto("id")).column(string_len("name", 80)).index(["name"])
        })
    };
    let app = App::new(
        History::new()
            .declared("m01", || table("ships"))
            .declared("m02", boats)
            .declared("m03", || table("crew")),
    );

    let outcome = up(scratch, &app).await;

    if dialect(db) == Dialect::Mysql {
        assert_eq!(applied(&outcome.unwrap()), ["m01", "m02", "m03"]);
        return;
    }
    let failed = failed(&outcome.unwrap_err());
    assert_eq!((&*failed.migration, failed.done), ("m02", named(1..=1)));
    assert!(failed.statement.unwrap().contains(taken));
    assert_eq!(tables(db).await, ["ports", "ships"]);
    run(db, &format!("DROP INDEX {}", quote(db, taken))).await;
    assert_eq!(applied(&up(scratch, &app).await.unwrap()), ["m02", "m03"]);
}

async fn how_long_one_waited_is_not_written_down_of_those_behind_it(scratch: &Scratch) {
    let db = &scratch.db;
    if dialect(db) != Dialect::Sqlite {
        return;
    }
    up(scratch, &fleet(1)).await.unwrap();
    let blocker = session(scratch).await;
    run(&blocker, "BEGIN IMMEDIATE").await;
    let let_go = async {
        Delay::new(Duration::from_millis(600)).await;
        run(&blocker, "ROLLBACK").await;
    };
    let app = fleet(6);

    let (report, ()) = join(up(scratch, &app), let_go).await;

    assert_eq!(applied(&report.unwrap()), named(2..=6));
    let took: Vec<i64> = all(db, "SELECT took_ms FROM plimsoll_history ORDER BY version").await;
    assert!(took[1] >= 100, "{took:?}");
    assert!(took[2..].iter().all(|it| *it < took[1]), "{took:?}");
    let _ = blocker.close().await;
}

/// What somebody writes may end in a comment, or be more than one statement.
async fn a_predicate_that_could_be_read_otherwise_takes_no_other_along(scratch: &Scratch) {
    let db = &scratch.db;
    if dialect(db) != Dialect::Sqlite {
        return;
    }
    for written in ["name > 'a' -- later", "name > 'a' /* later", "name > 'a'; SELECT 1; SELECT 2"]
    {
        let partial = move || {
            let index = Index::over("ships_03", ["name"]).filtered(Sql::new(written));
            table("ships_03").change(Change::CreateIndex { table: "ships_03".to_owned(), index })
        };
        let app = App::new(
            History::new()
                .declared("m01", || table("ships_01"))
                .declared("m02", || table("ships_02"))
                .declared("m03", partial)
                .declared("m04", || table("ships_04"))
                .declared("m05", || table("ships_05")),
        );
        run(db, "CREATE TABLE ships_04 (mine int)").await;

        let failed = failed(&up(scratch, &app).await.unwrap_err());

        assert_eq!((&*failed.migration, failed.done), ("m04", named(1..=3)), "{written}");
        assert_eq!(recorded(db).await, named(1..=3), "{written}");
        run(db, "DROP TABLE ships_04").await;
        assert_eq!(applied(&up(scratch, &app).await.unwrap()), named(4..=5), "{written}");
        clear(db).await;
    }
}
