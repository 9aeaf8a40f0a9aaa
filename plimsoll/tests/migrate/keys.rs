//! Keys that the database counts up.

use plimsoll::{App, Dialect, History, prelude::*, testing::Scratch};
use sea_orm_migration::SchemaManager;

use crate::support::*;

plimsoll::on_every_empty_database!(
    keys_count_on_behind_rows_with_given_ones,
    keys_that_were_used_do_not_come_again,
    given_keys_below_one_disturb_nobody,
    keys_that_become_wider_are_counted_as_far,
);

async fn next(scratch: &Scratch, table: &str) -> i64 {
    run(&scratch.db, &format!("INSERT INTO {table} (name) VALUES ('next')")).await;
    one(&scratch.db, &format!("SELECT max(id) FROM {table}")).await
}

async fn keys_count_on_behind_rows_with_given_ones(scratch: &Scratch) {
    fn given() -> Steps {
        table("given").insert("given", ["id", "name"], [row![10, "ten"], row![3, "three"]])
    }
    fn beyond() -> Steps {
        Steps::new().insert("given", ["name", "id"], [row!["far", 4_000_000_000_i64]])
    }
    let first = App::new(History::new().declared("m01", given));
    let both = App::new(History::new().declared("m01", given).declared("m02", beyond));

    up(scratch, &first).await.unwrap();
    assert_eq!(next(scratch, "given").await, 11);
    assert_eq!(next(scratch, "given").await, 12);
    up(scratch, &both).await.unwrap();

    assert_eq!(next(scratch, "given").await, 4_000_000_001);
}

async fn keys_that_were_used_do_not_come_again(scratch: &Scratch) {
    fn create() -> Steps {
        table("used")
    }
    fn late() -> Steps {
        Steps::new().insert("used", ["id", "name"], [row![2, "late"]])
    }
    let first = App::new(History::new().declared("m01", create));
    let both = App::new(History::new().declared("m01", create).declared("m02", late));
    up(scratch, &first).await.unwrap();
    for key in 1..=5 {
        assert_eq!(next(scratch, "used").await, key);
    }
    run(&scratch.db, "DELETE FROM used").await;

    up(scratch, &both).await.unwrap();

    assert_eq!(next(scratch, "used").await, 6);
}

async fn given_keys_below_one_disturb_nobody(scratch: &Scratch) {
    fn below() -> Steps {
        table("below").insert("below", ["id", "name"], [row![-5, "below"]])
    }

    make(scratch, below).await;

    assert_eq!(next(scratch, "below").await, 1);
    assert_eq!(next(scratch, "below").await, 2);
}

/// As SeaORM's first version and many others made them.
async fn keys_that_become_wider_are_counted_as_far(scratch: &Scratch) {
    let db = session(scratch).await;
    let key = match dialect(&db) {
        Dialect::Sqlite => "integer PRIMARY KEY AUTOINCREMENT",
        Dialect::Postgres => "serial PRIMARY KEY",
        Dialect::Mysql => "int AUTO_INCREMENT PRIMARY KEY",
    };
    run(&db, &format!("CREATE TABLE counted (id {key}, name varchar(80))")).await;
    let wider = Steps::new().alter("counted", |t| {
        t.change(
            |t| t.column(integer("id").auto_increment()),
            |t| t.column(big_integer("id").auto_increment()),
        )
    });

    plimsoll::make(&SchemaManager::new(&db), &wider).await.unwrap();

    run(&db, "INSERT INTO counted (id, name) VALUES (2147483647, 'last')").await;
    if dialect(&db) == Dialect::Postgres {
        run(&db, "SELECT setval(pg_get_serial_sequence('counted', 'id'), 2147483647)").await;
    }
    assert_eq!(next(scratch, "counted").await, 2_147_483_648);
    db.close().await.unwrap();
}
