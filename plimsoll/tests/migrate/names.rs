//! Names that need their quotes.

use plimsoll::{Dialect, prelude::*, testing::Scratch};

use crate::support::*;

plimsoll::on_every_empty_database!(any_name_makes_a_table_and_goes_again);

/// 63 bytes: what the narrowest of the three takes.
const LONG: &str = "a_name_of_sixty_three_bytes_which_is_all_that_postgres_can_hold";

const NAMES: [&str; 11] = [
    "order",
    "Select",
    "UPPER",
    "with space",
    "it's",
    "dou\"ble",
    "back`tick",
    "semi;colon -- ?",
    "naïve_Ærø_☃",
    "back\\slash",
    LONG,
];

fn with_name(steps: Steps, name: &'static str) -> Steps {
    steps
        .create_table(name, |t| {
            t.column(big_pk_auto(name))
                .column(string_len("limit", 20).default("x"))
                .column(big_integer_null("desc"))
                .column(big_integer("Level").default(1))
                .unique(["limit"])
                .index(["Level", "desc"])
                .one_of("limit", ["x", "y"])
                .at_least("Level", 0)
                .foreign_key(["desc"], name, [name], OnDelete::SetNull)
                .comment(name)
        })
        .create_index(name, ["limit", name])
        .insert(name, [name, "limit"], [row![1, "x"]])
}

fn portable() -> Steps {
    NAMES.into_iter().fold(Steps::new(), with_name)
}

/// MariaDB's names have no characters beyond the first plane of Unicode.
fn of_emoji() -> Steps {
    with_name(Steps::new(), "🚢 ship")
}

async fn any_name_makes_a_table_and_goes_again(scratch: &Scratch) {
    assert_eq!(LONG.len(), 63);
    let app = app_of(portable);

    up(scratch, &app).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
    let db = &scratch.db;
    for name in NAMES {
        let (table, limit) = (quote(db, name), quote(db, "limit"));
        run(db, &format!("INSERT INTO {table} ({limit}) VALUES ('y')")).await;
        refused(db, &format!("INSERT INTO {table} ({limit}) VALUES ('y')")).await;
        refused(db, &format!("INSERT INTO {table} ({limit}) VALUES ('z')")).await;
        let keys: Vec<i64> =
            all(db, &format!("SELECT {table} FROM {table} ORDER BY {table}")).await;
        assert_eq!(keys[0], 1, "{name}");
    }
    assert_eq!(tables(db).await.len(), NAMES.len());
    down(scratch, &app, "base").await.unwrap();

    assert!(tables(&scratch.db).await.is_empty());
    if dialect(&scratch.db) != Dialect::Mysql {
        let app = app_of(of_emoji);
        up(scratch, &app).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
        assert_eq!(tables(&scratch.db).await, ["🚢 ship"]);
        down(scratch, &app, "base").await.unwrap();
    }
}
