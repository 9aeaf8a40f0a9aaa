//! The same history under SeaORM's own runner, in the same table.

use plimsoll::{App, History, prelude::*, revisions::State, testing::Scratch};
use sea_orm_migration::{MigrationStatus, MigrationTrait, MigratorTrait};

use crate::{
    guests::{CreateHarbours, guest},
    support::*,
};

plimsoll::on_every_empty_database!(
    seaorm_goes_on_where_we_stopped,
    we_go_on_where_seaorm_stopped,
    seaorm_runs_declared_migrations_to_the_same_schema,
    a_declared_migration_behind_code_knows_what_was_declared_before,
    a_record_of_another_run_is_not_ours,
);

fn ships() -> Steps {
    table("ships").create_index("ships", ["name"])
}

fn more() -> Steps {
    table("more").insert("ships", ["id", "name"], [row![41, "Plimsoll"]])
}

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        History::new()
            .declared("m01_ships", ships)
            .imperative(CreateHarbours)
            .declared("m03_more", more)
            .imperative(
                guest("m04_guest", &["CREATE TABLE guests (id bigint)"])
                    .down(&["DROP TABLE guests"]),
            )
            .into_migrations()
    }
}

const NAMES: [&str; 4] = ["m01_ships", "m02_create_harbours", "m03_more", "m04_guest"];

fn app() -> App {
    App::new(History::of::<Migrator>())
}

/// SeaORM's own word on what is applied.
async fn seaorm_status(scratch: &Scratch) -> Vec<(String, bool)> {
    let known = Migrator::get_migration_with_status(&scratch.db).await.unwrap();
    known.iter().map(|it| (it.name().to_owned(), it.status() == MigrationStatus::Applied)).collect()
}

async fn seaorm_goes_on_where_we_stopped(scratch: &Scratch) {
    heard_up(scratch, &app(), "m02").await.0.unwrap();
    let stands: Vec<bool> = seaorm_status(scratch).await.into_iter().map(|(_, is)| is).collect();
    assert_eq!(stands, [true, true, false, false]);

    Migrator::up(&scratch.db, None).await.unwrap();
    assert_eq!(recorded(&scratch.db).await, NAMES);
    assert!(app().pending(&scratch.db).await.unwrap().is_empty());
    Migrator::down(&scratch.db, Some(3)).await.unwrap();
    assert_eq!(recorded(&scratch.db).await, NAMES[..1]);
    assert_eq!(tables(&scratch.db).await, ["ships"]);

    let report = up(scratch, &app()).await.unwrap();
    assert_eq!(applied(&report), NAMES[1..]);
    Migrator::down(&scratch.db, None).await.unwrap();
    assert!(tables(&scratch.db).await.is_empty());
}

async fn we_go_on_where_seaorm_stopped(scratch: &Scratch) {
    Migrator::up(&scratch.db, Some(2)).await.unwrap();
    let report = up(scratch, &app()).await.unwrap();

    assert_eq!(applied(&report), NAMES[2..]);
    let standings = app().standings(&scratch.db).await.unwrap();
    assert!(standings.iter().all(|it| it.state == State::Applied && it.at.is_some()));
    assert_eq!(standings[0].took_ms, None);
    assert!(standings[2].took_ms.is_some());
    assert_eq!(names(&down(scratch, &app(), "base").await.unwrap()).len(), 4);
    assert!(tables(&scratch.db).await.is_empty());
    let stands = seaorm_status(scratch).await;
    assert!(stands.iter().all(|(_, is_applied)| !is_applied), "{stands:?}");
}

async fn seaorm_runs_declared_migrations_to_the_same_schema(scratch: &Scratch) {
    let user = |text: &String| !text.contains("plimsoll_");
    up(scratch, &app()).await.unwrap();
    let ours: Vec<String> = fingerprint(&scratch.db).await.into_iter().filter(user).collect();
    Migrator::fresh(&scratch.db).await.unwrap();

    let theirs: Vec<String> = fingerprint(&scratch.db).await.into_iter().filter(user).collect();

    assert_eq!(ours, theirs, "the table `seaql_migrations` itself included");
    assert_eq!(recorded(&scratch.db).await, NAMES);
}

/// On PostgreSQL a row with a given key moves the sequence, also when SeaORM inserts it.
async fn a_declared_migration_behind_code_knows_what_was_declared_before(scratch: &Scratch) {
    Migrator::up(&scratch.db, None).await.unwrap();

    run(&scratch.db, "INSERT INTO ships (name) VALUES ('next')").await;

    assert_eq!(one::<i64>(&scratch.db, "SELECT max(id) FROM ships").await, 42);
}

async fn a_record_of_another_run_is_not_ours(scratch: &Scratch) {
    fn edited() -> Steps {
        table("ships")
    }
    up(scratch, &app()).await.unwrap();
    // As if SeaORM had taken it back and applied it again an hour later, edited.
    run(
        &scratch.db,
        "UPDATE seaql_migrations SET applied_at = applied_at + 3600 WHERE version = 'm01_ships'",
    )
    .await;
    let app = App::new(
        History::new()
            .declared("m01_ships", edited)
            .imperative(CreateHarbours)
            .declared("m03_more", more)
            .imperative(guest("m04_guest", &[])),
    );

    let standings = app.standings(&scratch.db).await.unwrap();

    assert_eq!(standings[0].state, State::Applied);
    assert_eq!(standings[0].took_ms, None);
}
