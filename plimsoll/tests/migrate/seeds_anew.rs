//! Default rows of tables that went and came again.

use plimsoll::{App, DifferenceKind, History, testing::Scratch};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

use crate::{guests::guest, seeds::*, support::*};

plimsoll::on_every_empty_database!(
    with_the_tables_gone_the_rows_are_offered_again,
    tables_that_somebody_else_dropped_are_seeded_again,
    tables_that_seaorm_made_anew_are_seeded_again,
    tables_that_code_made_anew_are_seeded_again,
    a_journal_of_an_older_engine_is_kept,
);

async fn with_the_tables_gone_the_rows_are_offered_again(scratch: &Scratch) {
    up(scratch, &app()).await.unwrap();
    withdraw(scratch, "admin", "ship:sink").await;

    down(scratch, &app(), "-1").await.unwrap();
    assert_eq!(count(&scratch.db, "roles").await, 2);
    run(&scratch.db, "DELETE FROM roles WHERE name = 'viewer'").await;
    up(scratch, &app()).await.unwrap();
    assert_eq!(
        grants(scratch).await,
        ["admin ship:read", "admin ship:sink"],
        "the role stays away"
    );

    down(scratch, &app(), "base").await.unwrap();
    up(scratch, &app()).await.unwrap();
    assert_eq!(grants(scratch).await.len(), 3);
}

async fn tables_that_somebody_else_dropped_are_seeded_again(scratch: &Scratch) {
    up(scratch, &app()).await.unwrap();
    for table in ["grants", "rights"] {
        run(&scratch.db, &format!("DROP TABLE {table}")).await;
    }
    run(&scratch.db, "DELETE FROM seaql_migrations WHERE version = 'm02_rights'").await;

    up(scratch, &app()).await.unwrap();

    assert_eq!(grants(scratch).await.len(), 3);
}

/// As if all that is recorded had happened an hour ago.
async fn an_hour_ago(scratch: &Scratch) {
    for (table, column) in [
        ("seaql_migrations", "applied_at"),
        ("plimsoll_history", "applied_at"),
        ("plimsoll_seeds", "table_made_at"),
    ] {
        run(&scratch.db, &format!("UPDATE {table} SET {column} = {column} - 3600")).await;
    }
}

async fn tables_that_seaorm_made_anew_are_seeded_again(scratch: &Scratch) {
    struct Migrator;

    impl MigratorTrait for Migrator {
        fn migrations() -> Vec<Box<dyn MigrationTrait>> {
            history().into_migrations()
        }
    }

    up(scratch, &app()).await.unwrap();
    withdraw(scratch, "admin", "ship:sink").await;
    an_hour_ago(scratch).await;
    assert!(up(scratch, &app()).await.unwrap().seeded.is_empty(), "withdrawn is withdrawn");
    Migrator::refresh(&scratch.db).await.unwrap();

    let gone = verify(scratch, &app()).await;
    let report = up(scratch, &app()).await.unwrap();

    assert_eq!(gone.len(), 7);
    assert!(gone.iter().all(|it| it.kind == DifferenceKind::New), "{gone:?}");
    assert_eq!(inserted(&report.seeded).len(), 3);
    assert_eq!(grants(scratch).await.len(), 3);

    withdraw(scratch, "admin", "ship:sink").await;
    assert!(up(scratch, &app()).await.unwrap().seeded.is_empty());
    an_hour_ago(scratch).await;
    Migrator::down(&scratch.db, Some(1)).await.unwrap();
    run(&scratch.db, "DELETE FROM roles WHERE name = 'viewer'").await;
    Migrator::up(&scratch.db, None).await.unwrap();
    up(scratch, &app()).await.unwrap();
    assert_eq!(
        grants(scratch).await,
        ["admin ship:read", "admin ship:sink"],
        "the table of roles is the same, and the role stays away"
    );
}

async fn tables_that_code_made_anew_are_seeded_again(scratch: &Scratch) {
    fn history() -> History {
        let up = &["CREATE TABLE roles (name varchar(40) PRIMARY KEY, description varchar(200))"];
        History::new().imperative(guest("m01_roles", up).down(&["DROP TABLE roles"]))
    }
    struct Migrator;

    impl MigratorTrait for Migrator {
        fn migrations() -> Vec<Box<dyn MigrationTrait>> {
            history().into_migrations()
        }
    }

    let app = App::new(history()).seeds(&[("roles.toml", ROLES)]);
    up(scratch, &app).await.unwrap();
    run(&scratch.db, "DELETE FROM roles WHERE name = 'viewer'").await;
    an_hour_ago(scratch).await;
    up(scratch, &app).await.unwrap();
    assert_eq!(count(&scratch.db, "roles").await, 1);

    Migrator::refresh(&scratch.db).await.unwrap();
    up(scratch, &app).await.unwrap();

    assert_eq!(count(&scratch.db, "roles").await, 2);
}

async fn a_journal_of_an_older_engine_is_kept(scratch: &Scratch) {
    up(scratch, &app()).await.unwrap();
    withdraw(scratch, "admin", "ship:sink").await;
    run(&scratch.db, "ALTER TABLE plimsoll_seeds DROP COLUMN table_made_at").await;

    let again = up(scratch, &app()).await.unwrap();
    assert!(again.applied.is_empty() && again.seeded.is_empty(), "{again:?}");
    let report = up(scratch, &next_release()).await.unwrap();

    assert_eq!(
        inserted(&report.seeded),
        [("rights", vec!["ship:build"]), ("grants", vec!["admin/ship:build"])]
    );
    let made = "SELECT count(*) FROM plimsoll_seeds WHERE table_made_at IS NOT NULL";
    assert_eq!(one::<i64>(&scratch.db, made).await, 2);
    assert_eq!(grants(scratch).await, ["admin ship:build", "admin ship:read", "viewer ship:read"]);
}
