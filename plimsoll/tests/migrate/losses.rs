//! What is lost, counted in the database before anything runs.

use plimsoll::prelude::*;
use plimsoll::{Amount, App, Dialect, History, Loss, Lost, testing::Scratch};
use sea_orm::DbErr;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::support::*;

plimsoll::on_every_empty_database!(
    what_a_way_back_loses_is_counted,
    what_cannot_be_counted_is_no_error,
    more_rows_than_are_worth_a_count_are_not_counted,
    everything_in_the_database_is_counted,
    an_up_that_may_lose_says_what_first,
);

const HISTORY: [&str; 3] = ["m01_ports", "m02_fax", "m03_renamed"];

fn history() -> History {
    History::new()
        .declared(HISTORY[0], || table("ports"))
        .declared(HISTORY[1], || {
            Steps::new().alter("ports", |t| t.add(|t| t.column(string_len_null("fax", 40))))
        })
        .declared(HISTORY[2], || {
            Steps::new().change(Change::RenameTable { from: "ports".into(), to: "harbours".into() })
        })
}

/// Twenty harbours, of which seventeen have a fax.
async fn fill(scratch: &Scratch) {
    up(scratch, &App::new(history())).await.unwrap();
    for number in 1..=20 {
        let fax = if number > 17 { "NULL" } else { "''" };
        run(&scratch.db, &format!("INSERT INTO harbours (name, fax) VALUES ('{number}', {fax})"))
            .await;
    }
}

async fn losses(scratch: &Scratch, app: &App) -> Vec<Loss> {
    let reverted: Vec<String> = HISTORY.iter().rev().map(|name| (*name).to_owned()).collect();
    let db = session(scratch).await;
    let losses = app.on(&db).losses_of(&reverted).await.unwrap();
    let _ = db.close().await;
    losses
}

fn sentences(losses: &[Loss]) -> Vec<String> {
    losses.iter().map(Loss::describe).collect()
}

async fn what_a_way_back_loses_is_counted(scratch: &Scratch) {
    fill(scratch).await;

    let losses = losses(scratch, &App::new(history())).await;

    assert_eq!(
        sentences(&losses),
        ["column `harbours.fax`: 17 of 20 rows have a value", "table `harbours`: 20 rows",]
    );
    assert_eq!(losses[0].migration.as_deref(), Some(HISTORY[1]));
    assert_eq!(losses[0].lost, Lost::Column { table: "harbours".into(), column: "fax".into() });
    assert_eq!(losses[0].amount, Amount::Rows { rows: 20, values: 17, more: false });
}

async fn what_cannot_be_counted_is_no_error(scratch: &Scratch) {
    struct Code;
    impl MigrationName for Code {
        fn name(&self) -> &'static str {
            "m03_renamed"
        }
    }
    #[async_trait::async_trait]
    impl MigrationTrait for Code {
        async fn up(&self, _: &SchemaManager) -> Result<(), DbErr> {
            Ok(())
        }
    }
    fill(scratch).await;
    let db = &scratch.db;
    run(db, "ALTER TABLE harbours RENAME TO ports").await;
    run(db, "ALTER TABLE ports RENAME COLUMN fax TO telefax").await;
    let app = App::new(
        History::new()
            .declared(HISTORY[0], || table("ports"))
            .declared(HISTORY[1], || {
                Steps::new().alter("ports", |t| t.add(|t| t.column(string_len_null("fax", 40))))
            })
            .imperative(Code),
    );

    let found = losses(scratch, &app).await;
    run(db, "DROP TABLE ports").await;
    let gone = losses(scratch, &app).await;

    let code = "whatever its own code takes away, which is not known";
    let fax = "column `ports.fax`: not there";
    assert_eq!(sentences(&found), [code, fax, "table `ports`: 20 rows"]);
    assert_eq!(sentences(&gone), [code, fax, "table `ports`: not there"]);
}

async fn more_rows_than_are_worth_a_count_are_not_counted(scratch: &Scratch) {
    up(scratch, &App::new(history())).await.unwrap();
    let numbers = match dialect(&scratch.db) {
        Dialect::Sqlite => {
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000001) \
             INSERT INTO harbours (name) SELECT 'a' FROM n"
        }
        Dialect::Postgres => {
            "INSERT INTO harbours (name) SELECT 'a' FROM generate_series(1, 1000001)"
        }
        Dialect::Mysql => "INSERT INTO harbours (name) SELECT 'a' FROM seq_1_to_1000001",
    };
    run(&scratch.db, numbers).await;

    let losses = losses(scratch, &App::new(history())).await;

    assert_eq!(
        sentences(&losses),
        [
            "column `harbours.fax`: 0 of the first 1 000 000 rows have a value",
            "table `harbours`: more than 1 000 000 rows",
        ]
    );
}

async fn everything_in_the_database_is_counted(scratch: &Scratch) {
    fill(scratch).await;
    let odd = quote(&scratch.db, "of \"others`");
    run(&scratch.db, &format!("CREATE TABLE {odd} (id int)")).await;

    let app = App::new(history());
    let db = session(scratch).await;
    let losses = app.on(&db).all_losses().await.unwrap();

    let said = sentences(&losses);
    for expected in [
        "table `harbours`: 20 rows",
        "table `of \"others``: 0 rows",
        "table `seaql_migrations`: 3 rows",
    ] {
        assert!(said.iter().any(|it| it == expected), "{said:?}");
    }
    assert!(losses.iter().all(|it| it.migration.is_none()));
}

async fn an_up_that_may_lose_says_what_first(scratch: &Scratch) {
    fill(scratch).await;
    let drops = |allowed: bool| {
        let history = history();
        App::new(if allowed {
            history.declared("m04_gone", || {
                Steps::new()
                    .alter("harbours", |t| t.drop(|t| t.column(string_len_null("fax", 40))))
                    .allow_loss("nobody has one")
            })
        } else {
            history.declared("m04_gone", || {
                Steps::new().alter("harbours", |t| t.drop(|t| t.column(string_len_null("fax", 40))))
            })
        })
    };

    let refused = up(scratch, &drops(false)).await.unwrap_err();
    let (done, heard) = heard_up(scratch, &drops(true), "head").await;

    assert_eq!(refused.code(), "PLM0047");
    assert!(chain(&refused).contains("(17 of 20 rows have a value)"), "{}", chain(&refused));
    assert_eq!(applied(&done.unwrap()), ["m04_gone"]);
    let lines = heard.lines();
    let at = |part: &str| lines.iter().position(|line| line.contains(part));
    let lost = at("lost: column `harbours.fax`: 17 of 20 rows have a value");
    assert!(lost.is_some() && lost < at("apply m04_gone"), "{lines:?}");
}
