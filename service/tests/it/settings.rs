//! Settings are read and set as what they are.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta};
use entity::settings::application_setting::{ActiveModel, Column, DataType, Entity};
use futures_timer::Delay;
use plimsoll::clock::ManualClock;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, TransactionTrait,
    sea_query::Expr,
};
use serde_json::json;
use service::{
    Error, World,
    rights::{ReadSettings, UpdateSettings},
    settings::{self, Value},
};

use crate::people::admin;

plimsoll::on_every_database!(migration::app:
    every_seeded_setting_can_be_read,
    a_value_of_every_type_is_read_back_as_it_was_set,
    what_is_not_mutable_stays_as_it_is,
    no_number_is_without_bounds_and_none_beyond_them_is_read,
    a_setting_keeps_its_type,
    an_unknown_key_is_named,
    a_key_or_category_is_known_by_every_character,
    a_document_that_could_not_be_read_back_is_refused,
    changes_at_once_leave_one_of_their_values,
    a_value_that_not_all_databases_keep_is_refused,
    what_was_written_behind_the_program_is_named,
    a_change_is_stamped_by_the_clock,
    lists_are_in_order_and_by_category,
    a_setting_that_becomes_immutable_meanwhile_is_not_changed,
);

async fn insert(db: &DatabaseConnection, key: &str, data_type: DataType, value: &str) {
    let row = ActiveModel {
        key: Set(key.to_owned()),
        value: Set(value.to_owned()),
        data_type: Set(data_type),
        ..Default::default()
    };
    Entity::insert(row).exec(db).await.unwrap();
}

async fn freeze(db: &impl sea_orm::ConnectionTrait, key: &str) {
    Entity::update_many()
        .col_expr(Column::IsMutable, Expr::value(false))
        .filter(Column::Key.eq(key))
        .exec(db)
        .await
        .unwrap();
}

async fn every_seeded_setting_can_be_read(db: &DatabaseConnection) {
    let by = admin::<ReadSettings>(db).await;

    let all = settings::list(db, &by).await.unwrap();

    assert!(!all.is_empty());
    for setting in all {
        assert_eq!(settings::get::<Value>(db, &by, &setting.key).await.unwrap(), setting.value);
    }
}

async fn a_value_of_every_type_is_read_back_as_it_was_set(db: &DatabaseConnection) {
    let read = admin::<ReadSettings>(db).await;
    let write = admin::<UpdateSettings>(db).await;
    let world = World::system();
    for (key, data_type, value) in [
        ("t.string", DataType::String, ""),
        ("t.integer", DataType::Integer, "0"),
        ("t.float", DataType::Float, "0"),
        ("t.boolean", DataType::Boolean, "false"),
        ("t.json", DataType::Json, "null"),
    ] {
        insert(db, key, data_type, value).await;
    }
    let document = json!({"ships": ["🚢", "⛵"], "depth": 7.5, "a": null});

    settings::set(db, &write, &world, "t.string", " 🚢 'quoted' ").await.unwrap();
    settings::set(db, &write, &world, "t.integer", i64::MIN).await.unwrap();
    settings::set(db, &write, &world, "t.float", 0.1).await.unwrap();
    settings::set(db, &write, &world, "t.boolean", true).await.unwrap();
    settings::set(db, &write, &world, "t.json", document.clone()).await.unwrap();

    let text: String = settings::get(db, &read, "t.string").await.unwrap();
    let integer: i64 = settings::get(db, &read, "t.integer").await.unwrap();
    let float: f64 = settings::get(db, &read, "t.float").await.unwrap();
    let boolean: bool = settings::get(db, &read, "t.boolean").await.unwrap();
    let json: serde_json::Value = settings::get(db, &read, "t.json").await.unwrap();
    let any: Value = settings::get(db, &read, "t.integer").await.unwrap();
    assert_eq!(text, " 🚢 'quoted' ");
    assert_eq!(integer, i64::MIN);
    assert_eq!(float.to_bits(), 0.1_f64.to_bits());
    assert!(boolean);
    assert_eq!(json, document);
    assert_eq!(any, Value::Integer(i64::MIN));
}

async fn no_number_is_without_bounds_and_none_beyond_them_is_read(db: &DatabaseConnection) {
    let (read, write) = (admin::<ReadSettings>(db).await, admin::<UpdateSettings>(db).await);
    let world = World::system();
    let all = settings::list(db, &read).await.unwrap();
    let numbers: Vec<&str> = all
        .iter()
        .filter(|setting| matches!(setting.value, Value::Integer(_)))
        .map(|setting| setting.key.as_str())
        .collect();
    assert!(numbers.len() > 2, "{numbers:?}");

    for key in &numbers {
        for beyond in [i64::MIN, -1, i64::MAX] {
            let refused = settings::set(db, &write, &world, key, beyond).await;
            assert!(matches!(refused, Err(Error::Invalid { .. })), "{key} {beyond}: {refused:?}");
        }
        settings::set(db, &write, &world, key, 0_i64).await.unwrap();
    }
    // Written behind the program, or before there were bounds.
    Entity::update_many()
        .col_expr(Column::Value, Expr::value("-1"))
        .filter(Column::Key.is_in(numbers.iter().copied()))
        .exec(db)
        .await
        .unwrap();

    for key in numbers {
        let read = settings::get::<i64>(db, &read, key).await;
        assert!(matches!(read, Err(Error::Malformed { .. })), "{key}: {read:?}");
    }
    assert_eq!(settings::list(db, &read).await.unwrap().len(), all.len(), "they can be mended");
}

async fn what_is_not_mutable_stays_as_it_is(db: &DatabaseConnection) {
    let read = admin::<ReadSettings>(db).await;
    let write = admin::<UpdateSettings>(db).await;
    insert(db, "t.fixed", DataType::Integer, "5").await;
    freeze(db, "t.fixed").await;
    let before = settings::by_key(db, &read, "t.fixed").await.unwrap();

    let refused = settings::set(db, &write, &World::system(), "t.fixed", 6_i64).await;

    assert!(matches!(refused, Err(Error::Immutable { key }) if key == "t.fixed"));
    assert_eq!(settings::by_key(db, &read, "t.fixed").await.unwrap(), before);
}

async fn a_setting_keeps_its_type(db: &DatabaseConnection) {
    let read = admin::<ReadSettings>(db).await;
    let write = admin::<UpdateSettings>(db).await;
    insert(db, "t.integer", DataType::Integer, "5").await;

    let written = settings::set(db, &write, &World::system(), "t.integer", "6").await;
    let asked = settings::get::<bool>(db, &read, "t.integer").await;

    let message = written.unwrap_err().to_string();
    assert_eq!(message, "setting `t.integer` holds type `integer`, not `string`");
    assert!(matches!(
        asked,
        Err(Error::WrongType { holds: DataType::Integer, wanted: DataType::Boolean, .. })
    ));
    assert_eq!(settings::get::<i64>(db, &read, "t.integer").await.unwrap(), 5);
}

async fn an_unknown_key_is_named(db: &DatabaseConnection) {
    let read = admin::<ReadSettings>(db).await;
    let write = admin::<UpdateSettings>(db).await;

    let got = settings::get::<Value>(db, &read, "no.such").await.unwrap_err();
    let set = settings::set(db, &write, &World::system(), "no.such", 1_i64).await.unwrap_err();

    assert!(matches!(got, Error::NotFound { .. }));
    assert_eq!(got.to_string(), "setting `no.such` does not exist");
    assert_eq!(set.to_string(), "setting `no.such` does not exist");
}

async fn a_key_or_category_is_known_by_every_character(db: &DatabaseConnection) {
    let read = admin::<ReadSettings>(db).await;
    let write = admin::<UpdateSettings>(db).await;
    let world = World::system();
    let before: String = settings::get(db, &read, "app.name").await.unwrap();

    for key in ["app.name ", " app.name", "app.name\0", "\0", "APP.NAME", "app_name", "app.%", ""] {
        let got = settings::get::<Value>(db, &read, key).await.unwrap_err();
        let whole = settings::by_key(db, &read, key).await.unwrap_err();
        let set = settings::set(db, &write, &world, key, "other").await.unwrap_err();

        for error in [got, whole, set] {
            assert!(
                matches!(&error, Error::NotFound { key: named, .. } if named == key),
                "{error:?}"
            );
        }
    }
    for category in ["app ", "APP", "app\0", ""] {
        let found = settings::by_category(db, &read, Some(category)).await.unwrap();
        assert!(found.is_empty(), "{category:?}: {found:?}");
    }
    assert_eq!(settings::get::<String>(db, &read, "app.name").await.unwrap(), before);
}

async fn a_document_that_could_not_be_read_back_is_refused(db: &DatabaseConnection) {
    let read = admin::<ReadSettings>(db).await;
    let write = admin::<UpdateSettings>(db).await;
    insert(db, "t.json", DataType::Json, "[]").await;
    let deep = (0..1000).fold(json!(1), |inner, _| json!({ "a": inner }));

    let refused = settings::set(db, &write, &World::system(), "t.json", deep).await;

    assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    let kept: serde_json::Value = settings::get(db, &read, "t.json").await.unwrap();
    assert_eq!(kept, json!([]));
}

async fn changes_at_once_leave_one_of_their_values(db: &DatabaseConnection) {
    let read = admin::<ReadSettings>(db).await;
    let write = admin::<UpdateSettings>(db).await;
    let world = World::system();
    insert(db, "t.integer", DataType::Integer, "-1").await;

    let changes = (0..20_i64).map(|n| settings::set(db, &write, &world, "t.integer", n));
    let outcomes = futures_util::future::join_all(changes).await;

    for setting in outcomes {
        assert!(matches!(setting.unwrap().value, Value::Integer(0..20)));
    }
    let last: i64 = settings::get(db, &read, "t.integer").await.unwrap();
    assert!((0..20).contains(&last), "{last}");
}

async fn a_value_that_not_all_databases_keep_is_refused(db: &DatabaseConnection) {
    let write = admin::<UpdateSettings>(db).await;
    let world = World::system();
    insert(db, "t.string", DataType::String, "").await;

    let nul = settings::set(db, &write, &world, "t.string", "a\0b").await;
    let long = settings::set(db, &write, &world, "t.string", "x".repeat(65_536)).await;
    let longest = settings::set(db, &write, &world, "t.string", "x".repeat(65_535)).await;

    assert!(matches!(nul, Err(Error::Invalid { .. })));
    assert!(matches!(long, Err(Error::Invalid { .. })));
    assert_eq!(longest.unwrap().value, Value::String("x".repeat(65_535)));
}

async fn what_was_written_behind_the_program_is_named(db: &DatabaseConnection) {
    let by = admin::<ReadSettings>(db).await;
    insert(db, "t.integer", DataType::Integer, "five").await;

    let one = settings::get::<i64>(db, &by, "t.integer").await.unwrap_err();
    let list = settings::list(db, &by).await.unwrap_err();

    for error in [one, list] {
        assert!(
            matches!(&error, Error::Malformed { kind: "setting", key, .. } if key == "t.integer"),
            "{error}"
        );
    }
}

async fn a_change_is_stamped_by_the_clock(db: &DatabaseConnection) {
    let by = admin::<UpdateSettings>(db).await;
    insert(db, "t.integer", DataType::Integer, "5").await;
    let clock =
        Arc::new(ManualClock::new(DateTime::from_timestamp_micros(1_900_000_000_000_001).unwrap()));
    let world = World { clock: clock.clone(), ..World::system() };

    let first = settings::set(db, &by, &world, "t.integer", 6_i64).await.unwrap();
    clock.advance(TimeDelta::seconds(1));
    let second = settings::set(db, &by, &world, "t.integer", 6_i64).await.unwrap();

    assert_eq!(first.updated_at.timestamp_micros(), 1_900_000_000_000_001);
    assert_eq!(second.updated_at.timestamp_micros(), 1_900_000_001_000_001);
}

async fn lists_are_in_order_and_by_category(db: &DatabaseConnection) {
    let by = admin::<ReadSettings>(db).await;
    Entity::delete_many().exec(db).await.unwrap();
    for (key, category) in [
        ("b", Some("two")),
        ("A", Some("two")),
        ("c", None),
        ("d", Some("one")),
        ("a_", Some("Two")),
    ] {
        let row = ActiveModel {
            key: Set(key.to_owned()),
            value: Set(String::new()),
            category: Set(category.map(str::to_owned)),
            ..Default::default()
        };
        Entity::insert(row).exec(db).await.unwrap();
    }
    let keys = |settings: Vec<settings::Setting>| -> Vec<String> {
        settings.into_iter().map(|setting| setting.key).collect()
    };

    let all = keys(settings::list(db, &by).await.unwrap());
    let two = keys(settings::by_category(db, &by, Some("two")).await.unwrap());
    let none = keys(settings::by_category(db, &by, None).await.unwrap());
    let categories = settings::categories(db, &by).await.unwrap();

    assert_eq!(all, ["a_", "d", "A", "b", "c"]);
    assert_eq!(two, ["A", "b"]);
    assert_eq!(none, ["c"]);
    assert_eq!(categories, ["Two", "one", "two"]);
}

async fn a_setting_that_becomes_immutable_meanwhile_is_not_changed(db: &DatabaseConnection) {
    let read = admin::<ReadSettings>(db).await;
    let write = admin::<UpdateSettings>(db).await;
    insert(db, "t.race", DataType::Integer, "5").await;
    let transaction = db.begin().await.unwrap();
    freeze(&transaction, "t.race").await;

    let world = World::system();
    let (set, ()) = tokio::join!(settings::set(db, &write, &world, "t.race", 6_i64), async {
        // Long enough for the other to stand and wait; were it not, the test would still hold.
        Delay::new(Duration::from_millis(100)).await;
        transaction.commit().await.unwrap();
    });

    assert!(matches!(set, Err(Error::Immutable { .. })), "{set:?}");
    assert_eq!(settings::get::<i64>(db, &read, "t.race").await.unwrap(), 5);
}
