//! A database that somebody else made is taken over.

use plimsoll::{App, Baseline, History, prelude::*, revisions::Target, testing::Scratch};

use crate::{guests::guest, support::*};

plimsoll::on_every_empty_database!(
    the_revision_is_found_whose_schema_the_database_has,
    it_is_found_behind_code_too,
    of_several_with_the_same_schema_it_is_the_newest,
    what_differs_is_told_of_the_nearest_and_of_the_one_that_is_named,
    an_empty_database_has_none,
);

fn app() -> App {
    App::new(
        History::new()
            .declared("m01", || table("ports"))
            .declared("m02", || {
                Steps::new().create_table("ships", |t| {
                    t.column(big_pk_auto("id"))
                        .column(string_len("flag", 2).default("no"))
                        .column(big_integer("port_id"))
                        .check("known", "flag <> 'xx'")
                        .foreign_key(["port_id"], "ports", ["id"], OnDelete::Cascade)
                        .index(["port_id"])
                })
            })
            .declared("m03", || {
                Steps::new().alter("ships", |t| t.add(|t| t.column(integer_null("tons"))))
            }),
    )
}

async fn found(scratch: &Scratch, app: &App, target: Option<&str>) -> Baseline {
    let db = session(scratch).await;
    let target: Option<Target> = target.map(to);
    let found = Box::pin(app.on(&db).baseline(&scratch.database, target.as_ref())).await;
    db.close().await.unwrap();
    found.unwrap_or_else(|error| panic!("{}", chain(&error)))
}

/// Applies as far as `target`, and takes away all that says so.
async fn made_by_hand(scratch: &Scratch, app: &App, target: &str) {
    heard_up(scratch, app, target).await.0.unwrap();
    for table in ["plimsoll_history", "plimsoll_journal", "seaql_migrations"] {
        run(&scratch.db, &format!("DROP TABLE {table}")).await;
    }
}

fn sentences(found: &Baseline) -> Vec<String> {
    found.changes.iter().map(plimsoll::Change::describe).collect()
}

async fn the_revision_is_found_whose_schema_the_database_has(scratch: &Scratch) {
    made_by_hand(scratch, &app(), "m02").await;
    run(&scratch.db, "CREATE TABLE beside (id int)").await;

    let found = found(scratch, &app(), None).await;

    assert_eq!(found.revision.as_deref(), Some("m02"));
    assert!(found.is_clean(), "{found:?}");
    assert_eq!(found.unknown, ["beside"]);
    assert!(found.recorded.is_empty());
}

async fn it_is_found_behind_code_too(scratch: &Scratch) {
    let app = App::new(
        History::new()
            .declared("m01", || table("ports"))
            .imperative(guest("m02", &["CREATE TABLE guests (id int PRIMARY KEY)"]))
            .declared("m03", || table("crew")),
    );
    made_by_hand(scratch, &app, "m02").await;

    let found = found(scratch, &app, None).await;

    assert_eq!(found.revision.as_deref(), Some("m02"));
    assert!(found.is_clean(), "{found:?}");
}

async fn of_several_with_the_same_schema_it_is_the_newest(scratch: &Scratch) {
    let app = App::new(
        History::new()
            .declared("m01", || table("ports"))
            .declared("m02", || Steps::new().insert("ports", ["name"], [row!["Hull"]]))
            .declared("m03", || table("crew")),
    );
    made_by_hand(scratch, &app, "m01").await;

    assert_eq!(found(scratch, &app, None).await.revision.as_deref(), Some("m02"));
}

async fn what_differs_is_told_of_the_nearest_and_of_the_one_that_is_named(scratch: &Scratch) {
    made_by_hand(scratch, &app(), "m03").await;
    run(&scratch.db, "ALTER TABLE ports ADD COLUMN country varchar(2)").await;

    let nearest = found(scratch, &app(), None).await;
    assert_eq!(nearest.revision.as_deref(), Some("m03"));
    assert_eq!(sentences(&nearest), ["drop column `ports.country`"]);

    let named = found(scratch, &app(), Some("m02")).await;
    assert_eq!(named.revision.as_deref(), Some("m02"));
    let mut told = sentences(&named);
    told.sort();
    assert_eq!(told, ["drop column `ports.country`", "drop column `ships.tons`"]);
}

async fn an_empty_database_has_none(scratch: &Scratch) {
    let found = found(scratch, &app(), None).await;

    assert_eq!(found.revision, None);
    assert!(found.is_clean());
}
