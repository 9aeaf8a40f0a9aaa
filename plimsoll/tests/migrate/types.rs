//! Every type that a column can have.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use plimsoll::{Dialect, Error, MigrationError, prelude::*, testing::Scratch};
use sea_orm::{ConnectionTrait, TryGetable, Value as Bound};
use sea_query::Query;

use crate::support::*;

plimsoll::on_every_empty_database!(
    one_of_each_type_is_created_and_keeps_what_a_query_writes,
    a_native_enumeration_is_created_before_its_column_and_goes_behind_it,
    a_type_that_the_database_has_not_is_refused_before_anything_runs,
    comments_are_where_the_database_keeps_them,
    a_generated_column_computes,
);

/// A column and what a query writes into it.
pub(crate) fn columns() -> Vec<(ColumnDef, Bound)> {
    let moment: DateTime<Utc> = "2026-11-20T13:04:50.123456Z".parse().unwrap();
    let uuid = sea_query::prelude::Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
    let of = |name: &'static str| ColumnDef::new(name);
    vec![
        (of("boolean").boolean().take(), true.into()),
        (of("tiny_integer").tiny_integer().take(), i16::from(i8::MIN).into()),
        (of("small_integer").small_integer().take(), i16::MIN.into()),
        (of("integer").integer().take(), i32::MIN.into()),
        (of("big_integer").big_integer().take(), i64::MIN.into()),
        (of("tiny_unsigned").tiny_unsigned().take(), i16::from(u8::MAX).into()),
        (of("small_unsigned").small_unsigned().take(), i32::from(u16::MAX).into()),
        (of("unsigned").unsigned().take(), i64::from(u32::MAX).into()),
        (of("big_unsigned").big_unsigned().take(), i64::MAX.into()),
        (of("float").float().take(), 1.5_f32.into()),
        (of("double").double().take(), 0.1_f64.into()),
        (of("decimal").decimal().take(), 7.0_f64.into()),
        (of("decimal_len").decimal_len(12, 3).take(), 1.5_f64.into()),
        (of("money").money().take(), 2.25_f64.into()),
        (of("char").char().take(), "x".into()),
        (of("char_len").char_len(3).take(), "xyz".into()),
        (of("string").string().take(), "🚢".repeat(200).into()),
        (of("string_len").string_len(3).take(), "🚢🚢🚢".into()),
        (of("text").text().take(), "long ".repeat(20_000).into()),
        (of("binary").binary_len(4).take(), vec![0_u8, 1, 254, 255].into()),
        (of("var_binary").var_binary(8).take(), vec![0_u8, 255].into()),
        (of("blob").blob().take(), vec![7_u8; 100_000].into()),
        (of("date").date().take(), moment.date_naive().into()),
        (of("time").time().take(), moment.time().into()),
        (of("date_time").date_time().take(), moment.naive_utc().into()),
        (of("timestamp").timestamp().take(), moment.naive_utc().into()),
        (of("with_zone").timestamp_with_time_zone().take(), moment.into()),
        (of("year").year().take(), 2026_i16.into()),
        (of("json").json().take(), serde_json::json!({"a": [1, "🚢"]}).into()),
        (of("json_binary").json_binary().take(), serde_json::json!([null]).into()),
        (of("uuid").uuid().take(), uuid.into()),
    ]
}

fn one_of_each() -> Steps {
    Steps::new().create_table("each", |t| {
        columns().into_iter().fold(t.column(big_pk_auto("id")), |t, (column, _)| t.column(column))
    })
}

async fn kept<T>(db: &impl ConnectionTrait, column: &str, written: &T)
where
    T: TryGetable + PartialEq + std::fmt::Debug,
{
    let found: T =
        one(db, &format!("SELECT {} FROM {}", quote(db, column), quote(db, "each"))).await;
    assert_eq!(&found, written, "{column}");
}

async fn one_of_each_type_is_created_and_keeps_what_a_query_writes(scratch: &Scratch) {
    make(scratch, one_of_each).await;
    let db = &scratch.db;
    let (definitions, values): (Vec<ColumnDef>, Vec<Bound>) = columns().into_iter().unzip();
    let names: Vec<String> = definitions.iter().map(ColumnDef::get_column_name).collect();
    let insert = Query::insert()
        .into_table("each")
        .columns(names.iter().cloned())
        .values_panic(values.iter().cloned().map(sea_query::Expr::from))
        .take();

    db.execute(&insert).await.unwrap();

    for (name, value) in names.iter().zip(values) {
        match value {
            Bound::Bool(Some(value)) => kept(db, name, &value).await,
            Bound::SmallInt(Some(value)) if name == "year" && dialect(db) != Dialect::Postgres => {
                let sql = format!("SELECT CAST({name} AS CHAR) FROM {}", quote(db, "each"));
                assert_eq!(one::<String>(db, &sql).await, value.to_string());
            }
            Bound::SmallInt(Some(value))
                if name.starts_with("tiny") || name.ends_with("unsigned") =>
            {
                whole(db, name, value.into()).await;
            }
            Bound::SmallInt(Some(value)) => kept(db, name, &value).await,
            Bound::Int(Some(value)) if name.ends_with("unsigned") => {
                whole(db, name, value.into()).await;
            }
            Bound::Int(Some(value)) => kept(db, name, &value).await,
            Bound::BigInt(Some(value)) if name.ends_with("unsigned") => {
                whole(db, name, value).await;
            }
            Bound::BigInt(Some(value)) => kept(db, name, &value).await,
            Bound::Float(Some(value)) => kept(db, name, &value).await,
            Bound::Double(Some(value)) if name == "double" => kept(db, name, &value).await,
            Bound::Double(Some(value)) => {
                let (column, table) = (quote(db, name), quote(db, "each"));
                let sql = format!("SELECT count(*) FROM {table} WHERE {column} = {value}");
                assert_eq!(one::<i64>(db, &sql).await, 1, "{name}");
            }
            Bound::String(Some(value)) => kept(db, name, &value).await,
            Bound::Bytes(Some(value)) => kept(db, name, &value).await,
            Bound::ChronoDate(Some(value)) => kept::<NaiveDate>(db, name, &value).await,
            Bound::ChronoTime(Some(value)) => kept::<NaiveTime>(db, name, &value).await,
            Bound::ChronoDateTime(Some(value)) => kept::<NaiveDateTime>(db, name, &value).await,
            Bound::ChronoDateTimeUtc(Some(value)) => kept::<DateTime<Utc>>(db, name, &value).await,
            Bound::Json(Some(value)) => kept(db, name, &*value).await,
            Bound::Uuid(Some(value)) => kept(db, name, &value).await,
            other => panic!("{name}: {other:?}"),
        }
    }
}

/// A number in a column that is wider in one database than in another.
async fn whole(db: &impl ConnectionTrait, column: &str, written: i64) {
    let ty = if dialect(db) == Dialect::Mysql { "SIGNED" } else { "bigint" };
    let (column, table) = (quote(db, column), quote(db, "each"));
    let found: i64 = one(db, &format!("SELECT CAST({column} AS {ty}) FROM {table}")).await;
    assert_eq!(found, written, "{column}");
}

async fn a_type_that_the_database_has_not_is_refused_before_anything_runs(scratch: &Scratch) {
    fn native() -> Steps {
        table("first").create_table("moods", |t| {
            t.column(ColumnDef::new("mood").enumeration("mood", ["it's", "fine"]))
        })
    }
    fn list() -> Steps {
        table("first").create_table("lists", |t| {
            t.column(ColumnDef::new("list").array(sea_query::ColumnType::Integer))
        })
    }
    let db = &scratch.db;
    let refused = match dialect(db) {
        Dialect::Postgres => native as fn() -> Steps,
        Dialect::Sqlite | Dialect::Mysql => list,
    };
    let taken = match dialect(db) {
        Dialect::Postgres => list as fn() -> Steps,
        Dialect::Sqlite | Dialect::Mysql => native,
    };

    let error = up(scratch, &app_of(refused)).await.unwrap_err();

    let Error::Migration(MigrationError::BadMigration { migration, problem }) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(migration, "m01");
    assert!(problem.contains("cannot be rendered for"), "{problem}");
    assert!(tables(db).await.is_empty());
    up(scratch, &app_of(taken)).await.unwrap();
    assert_eq!(tables(db).await.len(), 2);
}

async fn a_native_enumeration_is_created_before_its_column_and_goes_behind_it(scratch: &Scratch) {
    fn moods() -> Steps {
        Steps::new().create_enum("mood", ["it's", "fine"]).create_table("moods", |t| {
            t.column(big_pk_auto("id")).column(
                ColumnDef::new("mood").enumeration("mood", ["it's", "fine"]).default("fine"),
            )
        })
    }
    let db = &scratch.db;

    up(scratch, &app_of(moods)).await.unwrap();

    run(db, "INSERT INTO moods (mood) VALUES ('it''s')").await;
    run(db, "INSERT INTO moods (id) VALUES (7)").await;
    let agreement = app_of(moods).on(db).agreement(&scratch.database, false).await.unwrap();
    assert!(agreement.is_clean() && agreement.is_whole(), "{agreement:#?}");
    down(scratch, &app_of(moods), "base").await.unwrap();
    assert!(tables(db).await.is_empty());
    assert_eq!(plimsoll::introspect(db).await.unwrap().enums.len(), 0);
}

/// Without characters beyond the first plane of Unicode, which MariaDB keeps as `?` in a comment.
async fn comments_are_where_the_database_keeps_them(scratch: &Scratch) {
    fn steps() -> Steps {
        Steps::new().create_table("commented", |t| {
            t.column(big_pk_auto("id").comment("it's the \"key\" \\ ☃"))
                .column(string_len("name", 80))
                .comment("it's a \"table\" \\ ☃")
        })
    }
    make(scratch, steps).await;
    let db = &scratch.db;

    let (of_table, of_column) = match dialect(db) {
        Dialect::Sqlite => return,
        Dialect::Postgres => (
            "SELECT obj_description('commented'::regclass)",
            "SELECT col_description('commented'::regclass, 1)",
        ),
        Dialect::Mysql => (
            "SELECT table_comment FROM information_schema.tables \
             WHERE table_schema = DATABASE() AND table_name = 'commented'",
            "SELECT CAST(column_comment AS CHAR) FROM information_schema.columns \
             WHERE table_schema = DATABASE() AND table_name = 'commented' AND column_name = 'id'",
        ),
    };
    assert_eq!(one::<String>(db, of_table).await, "it's a \"table\" \\ ☃");
    assert_eq!(one::<String>(db, of_column).await, "it's the \"key\" \\ ☃");
}

async fn a_generated_column_computes(scratch: &Scratch) {
    fn steps() -> Steps {
        Steps::new().create_table("sums", |t| {
            t.column(big_pk_auto("id")).column(big_integer("a")).column(
                ColumnDef::new("twice").big_integer().generated(Expr::col("a").mul(2), true),
            )
        })
    }
    make(scratch, steps).await;
    let db = &scratch.db;

    run(db, "INSERT INTO sums (a) VALUES (21)").await;
    run(db, "UPDATE sums SET a = a + 1").await;

    assert_eq!(one::<i64>(db, "SELECT twice FROM sums").await, 44);
}
