//! Names that need their quotes.

use plimsoll::{Dialect, prelude::*, testing::Scratch};

use crate::support::*;

plimsoll::on_every_empty_database!(
    any_name_makes_a_table_and_goes_again,
    names_that_would_be_the_same_when_they_are_cut_are_refused_before_anything_runs,
    derived_names_stay_apart_however_long,
    one_name_that_is_cut_makes_a_table_and_goes_again,
);

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

/// 66 bytes, of which the last tells them apart.
fn cut(last: char) -> String {
    format!("{}{last}", "long_".repeat(13))
}

fn of_long_tables() -> Steps {
    let named =
        |steps: Steps, name: &str| steps.create_table(name, |t| t.column(big_pk_auto("id")));
    named(named(named(Steps::new(), "before"), &cut('a')), &cut('b'))
}

fn of_long_columns() -> Steps {
    table("before").create_table("t", |t| {
        t.column(big_pk_auto("id")).column(integer(cut('a'))).column(integer(cut('b')))
    })
}

fn of_long_indexes() -> Steps {
    table("before")
        .create_table("t", |t| t.column(big_pk_auto("id")).column(integer("a")))
        .add_index("t", Index::over("t", ["a"]).named(cut('a')))
        .add_index("t", Index::over("t", ["a", "id"]).named(cut('b')))
}

async fn names_that_would_be_the_same_when_they_are_cut_are_refused_before_anything_runs(
    scratch: &Scratch,
) {
    for steps in [of_long_tables, of_long_columns, of_long_indexes] {
        let app = app_of(steps);
        let outcome = up(scratch, &app).await;
        let expected = match dialect(&scratch.db) {
            Dialect::Sqlite => {
                outcome.unwrap();
                down(scratch, &app, "base").await.unwrap();
                continue;
            }
            Dialect::Postgres => "of which it keeps the first 63 bytes, which are the same, cannot",
            Dialect::Mysql => "of 66 characters, 64 being all that fit, cannot be rendered",
        };
        let error = chain(&outcome.unwrap_err());
        assert!(error.contains(expected) && error.contains(&cut('a')), "{error}");
        assert!(tables(&scratch.db).await.is_empty());
    }
}

fn of_long_columns_with_everything() -> Steps {
    let [one, other] = ['a', 'b'].map(|last| format!("{}{last}", "x".repeat(62)));
    Steps::new().create_table(LONG, |t| {
        t.column(big_pk_auto("id"))
            .column(big_integer(one.clone()))
            .column(big_integer(other.clone()))
            .index([&*one])
            .index([&*other])
            .unique([&*one, "id"])
            .unique([&*other, "id"])
            .at_least(one.clone(), 0)
            .at_least(other.clone(), 0)
            .foreign_key([&*one], LONG, ["id"], OnDelete::NoAction)
            .foreign_key([&*other], LONG, ["id"], OnDelete::NoAction)
    })
}

async fn derived_names_stay_apart_however_long(scratch: &Scratch) {
    let app = app_of(of_long_columns_with_everything);

    up(scratch, &app).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
    down(scratch, &app, "base").await.unwrap();

    assert!(tables(&scratch.db).await.is_empty());
}

fn of_one_long() -> Steps {
    Steps::new()
        .create_table(&cut('a'), |t| {
            t.column(big_pk_auto("id")).column(integer(cut('b'))).index([cut('b')])
        })
        .insert(&cut('a'), [&*cut('b')], [row![7]])
}

/// Where names are cut, a single one is found again under what is left of it.
async fn one_name_that_is_cut_makes_a_table_and_goes_again(scratch: &Scratch) {
    if dialect(&scratch.db) == Dialect::Mysql {
        return;
    }
    let app = app_of(of_one_long);

    up(scratch, &app).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert_eq!(tables(&scratch.db).await.len(), 1);
    let agreement = app.on(&scratch.db).agreement(&scratch.database, false).await.unwrap();
    assert!(agreement.is_clean(), "{:?}", agreement.database);
    down(scratch, &app, "base").await.unwrap();

    assert!(tables(&scratch.db).await.is_empty());
}
