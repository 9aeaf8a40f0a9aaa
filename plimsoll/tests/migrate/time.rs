//! Moments: made by default and made by a query, they are one kind.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use futures_timer::Delay;
use plimsoll::{Dialect, prelude::*, testing::Scratch};
use sea_orm::{ConnectionTrait, Statement, Value as Bound};

use crate::support::*;

plimsoll::on_every_empty_database!(
    defaults_and_queries_sort_and_compare_together,
    a_default_has_the_very_text_that_a_query_writes,
    the_default_is_utc_whatever_the_session_is,
    far_years_and_microseconds_are_kept,
);

fn moments() -> Steps {
    Steps::new().create_table("moments", |t| {
        t.column(big_pk_auto("id"))
            .column(string_len("by", 10))
            .column(timestamp_with_time_zone("at").default(Expr::current_timestamp()))
            .column(date_time("plain_at").default(Expr::current_timestamp()))
            .column(date("day").default(Expr::current_date()))
            .column(time("hour").default(Expr::current_time()))
    })
}

async fn insert_at(db: &impl ConnectionTrait, at: DateTime<Utc>) {
    let statement = sea_query::Query::insert()
        .into_table("moments")
        .columns(["by", "at", "plain_at"])
        .values_panic(["query".into(), at.into(), at.naive_utc().into()])
        .take();
    db.execute(&statement).await.unwrap_or_else(|error| panic!("{at}: {error}"));
}

async fn insert_by_default(db: &impl ConnectionTrait) {
    let by = quote(db, "by");
    run(db, &format!("INSERT INTO moments ({by}) VALUES ('default')")).await;
}

/// The ids from `at` on, in the order of time.
async fn since(db: &impl ConnectionTrait, at: DateTime<Utc>) -> Vec<i64> {
    let statement = sea_query::Query::select()
        .column("id")
        .from("moments")
        .and_where(Expr::col("at").gte(at))
        .order_by("at", sea_query::Order::Asc)
        .take();
    let rows = db.query_all(&statement).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

async fn defaults_and_queries_sort_and_compare_together(scratch: &Scratch) {
    make(scratch, moments).await;
    let db = &scratch.db;

    for _ in 0..6 {
        insert_by_default(db).await;
        Delay::new(Duration::from_millis(7)).await;
        insert_at(db, Utc::now()).await;
        Delay::new(Duration::from_millis(7)).await;
    }

    let order: Vec<i64> = (1..=12).collect();
    let times: Vec<DateTime<Utc>> = all(db, "SELECT at FROM moments ORDER BY id").await;
    for (at, time) in times.iter().enumerate() {
        assert_eq!(since(db, *time).await, order[at..], "from row {} on", at + 1);
    }
    let plain: Vec<i64> = all(db, "SELECT id FROM moments ORDER BY plain_at").await;
    assert_eq!(plain, order);
}

/// What SQLite makes of a column's default at another moment than now.
async fn default_at(db: &impl ConnectionTrait, column: &str, moment: &str) -> String {
    let sql =
        format!("SELECT dflt_value FROM pragma_table_info('moments') WHERE name = '{column}'");
    let default: String = one(db, &sql).await;
    assert!(default.contains("'now'"), "{default}");
    one(db, &format!("SELECT {}", default.replace("'now'", &format!("'{moment}'")))).await
}

async fn a_default_has_the_very_text_that_a_query_writes(scratch: &Scratch) {
    make(scratch, moments).await;
    let db = &scratch.db;
    if dialect(db) != Dialect::Sqlite {
        // The servers keep moments, and no texts.
        insert_by_default(db).await;
        let at: DateTime<Utc> = one(db, "SELECT at FROM moments").await;
        assert!((Utc::now() - at).abs() < TimeDelta::seconds(5));
        return;
    }

    for moment in ["13:04:50.000", "13:04:50.001", "13:04:50.120", "23:59:59.999", "00:00:00.000"] {
        let text = format!("2026-11-20 {moment}");
        let at = NaiveDateTime::parse_from_str(&text, "%F %T%.f").unwrap().and_utc();
        run(db, "DELETE FROM moments").await;
        insert_at(db, at).await;
        let statement = Statement::from_sql_and_values(
            db.get_database_backend(),
            "UPDATE moments SET day = ?, hour = ?",
            [Bound::from(at.date_naive()), Bound::from(at.time())],
        );
        db.execute_raw(statement).await.unwrap();

        for column in ["at", "plain_at", "day", "hour"] {
            let written: String = one(db, &format!("SELECT {column} FROM moments")).await;
            assert_eq!(default_at(db, column, &text).await, written, "{column}");
        }
    }
}

async fn the_default_is_utc_whatever_the_session_is(scratch: &Scratch) {
    make(scratch, moments).await;
    let db = session(scratch).await;
    match dialect(&db) {
        Dialect::Sqlite => {}
        Dialect::Postgres => run(&db, "SET TimeZone = 'Asia/Kathmandu'").await,
        Dialect::Mysql => run(&db, "SET time_zone = '+05:00'").await,
    }

    insert_by_default(&db).await;
    db.close().await.unwrap();

    let row = &rows(&scratch.db, "SELECT at, plain_at, day, hour FROM moments").await[0];
    let now = Utc::now();
    let at: DateTime<Utc> = row.try_get_by_index(0).unwrap();
    let plain: NaiveDateTime = row.try_get_by_index(1).unwrap();
    let day: NaiveDate = row.try_get_by_index(2).unwrap();
    let hour: NaiveTime = row.try_get_by_index(3).unwrap();
    for made in [at, plain.and_utc(), day.and_time(hour).and_utc()] {
        assert!((now - made).abs() < TimeDelta::seconds(30), "{made} is not {now}");
    }
}

const FAR: [&str; 4] = [
    "2500-01-01T00:00:00.123456Z",
    "2038-01-19T03:14:08Z",
    "1969-07-20T20:17:40.000001Z",
    "2026-11-20T13:04:50.123456Z",
];

fn far() -> [DateTime<Utc>; 4] {
    FAR.map(|text| text.parse().unwrap())
}

/// The rows come as literals: the driver binds a moment to a query on MariaDB as a TIMESTAMP, which
/// is NULL outside the years from 1970 to 2038.
async fn far_years_and_microseconds_are_kept(scratch: &Scratch) {
    fn steps() -> Steps {
        moments().insert("moments", ["by", "at"], far().map(|at| row!["literal", at]))
    }
    make(scratch, steps).await;
    let db = &scratch.db;

    assert_eq!(all::<DateTime<Utc>>(db, "SELECT at FROM moments ORDER BY id").await, far());
    insert_at(db, far()[3]).await;
    insert_by_default(db).await;
    assert_eq!(since(db, far()[3]).await, [4, 5, 6, 2, 1]);
}
