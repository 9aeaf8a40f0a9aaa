//! What a row gets that names no column.

use chrono::{DateTime, NaiveDate, Utc};
use plimsoll::{Dialect, prelude::*, testing::Scratch};

use crate::support::*;

plimsoll::on_every_empty_database!(
    a_row_gets_the_default_of_every_column,
    an_expression_is_a_default,
);

const MOMENT: &str = "2026-11-20T13:04:50.123456Z";
const DOCUMENT: &str = r#"{"it's":"\\ 🚢"}"#;

fn moment() -> DateTime<Utc> {
    MOMENT.parse().unwrap()
}

fn defaults() -> Steps {
    let bytes = sea_query::Value::Bytes(Some(vec![0, 39, 92, 255]));
    Steps::new().create_table("defaults", |t| {
        t.column(big_pk_auto("id"))
            .column(boolean("yes").default(true))
            .column(boolean("no").default(false))
            .column(small_integer("small").default(-1))
            .column(integer("whole").default(i32::MIN))
            .column(big_integer("least").default(i64::MIN))
            .column(big_integer("greatest").default(i64::MAX))
            .column(double("fraction").default(-0.25))
            .column(decimal_len("exact", 10, 2).default(1.5))
            .column(string_len("quoted", 80).default("it's \"so\" \\ `x` 🚢"))
            .column(string_len("empty", 80).default(""))
            .column(text("story").default("it's\nlong \\ 🚢"))
            .column(text("blank").default(""))
            .column(text_null("none").default(Option::<String>::None))
            .column(string_len_null("absent", 80))
            .column(json("document").default(DOCUMENT))
            .column(json_binary("documents").default("[]"))
            .column(blob("bytes").default(bytes.clone()))
            .column(date("day").default(NaiveDate::from_ymd_opt(2026, 11, 20).unwrap()))
            .column(timestamp_with_time_zone("moment").default(moment()))
    })
}

async fn a_row_gets_the_default_of_every_column(scratch: &Scratch) {
    make(scratch, defaults).await;
    let db = &scratch.db;

    run(db, "INSERT INTO defaults (id) VALUES (7)").await;

    let found = rows(
        db,
        "SELECT yes, no, small, whole, least, greatest, fraction, quoted, empty, story, blank, none, \
           absent, document, documents, bytes, day, moment FROM defaults",
    )
    .await;
    let row = &found[0];
    assert!(row.try_get_by_index::<bool>(0).unwrap());
    assert!(!row.try_get_by_index::<bool>(1).unwrap());
    assert_eq!(row.try_get_by_index::<i16>(2).unwrap(), -1);
    assert_eq!(row.try_get_by_index::<i32>(3).unwrap(), i32::MIN);
    assert_eq!(row.try_get_by_index::<i64>(4).unwrap(), i64::MIN);
    assert_eq!(row.try_get_by_index::<i64>(5).unwrap(), i64::MAX);
    assert!((row.try_get_by_index::<f64>(6).unwrap() + 0.25).abs() < f64::EPSILON);
    assert_eq!(row.try_get_by_index::<String>(7).unwrap(), "it's \"so\" \\ `x` 🚢");
    assert_eq!(row.try_get_by_index::<String>(8).unwrap(), "");
    assert_eq!(row.try_get_by_index::<String>(9).unwrap(), "it's\nlong \\ 🚢");
    assert_eq!(row.try_get_by_index::<String>(10).unwrap(), "");
    assert_eq!(row.try_get_by_index::<Option<String>>(11).unwrap(), None);
    assert_eq!(row.try_get_by_index::<Option<String>>(12).unwrap(), None);
    let document: serde_json::Value = serde_json::from_str(DOCUMENT).unwrap();
    assert_eq!(row.try_get_by_index::<serde_json::Value>(13).unwrap(), document);
    assert_eq!(row.try_get_by_index::<serde_json::Value>(14).unwrap(), serde_json::json!([]));
    assert_eq!(row.try_get_by_index::<Vec<u8>>(15).unwrap(), [0, 39, 92, 255]);
    assert_eq!(row.try_get_by_index::<NaiveDate>(16).unwrap().to_string(), "2026-11-20");
    assert_eq!(row.try_get_by_index::<DateTime<Utc>>(17).unwrap(), moment());
    assert_eq!(one::<i64>(db, "SELECT count(*) FROM defaults WHERE exact = 1.5").await, 1);
}

async fn an_expression_is_a_default(scratch: &Scratch) {
    fn steps() -> Steps {
        Steps::new().create_table("computed", |t| {
            t.column(big_pk_auto("id"))
                .column(string_len("name", 20).default(Expr::cust("lower('ABC')")))
                .column(integer("number").default(Expr::val(20).add(22)))
        })
    }
    make(scratch, steps).await;
    let db = &scratch.db;

    let insert = match dialect(db) {
        Dialect::Mysql => "INSERT INTO computed () VALUES ()",
        Dialect::Sqlite | Dialect::Postgres => "INSERT INTO computed DEFAULT VALUES",
    };
    run(db, insert).await;

    assert_eq!(one::<String>(db, "SELECT name FROM computed").await, "abc");
    assert_eq!(one::<i32>(db, "SELECT number FROM computed").await, 42);
}
