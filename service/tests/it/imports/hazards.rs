//! What goes wrong, or is lost, when the source's own script moves people. Each has a test with its
//! name: a dry run that drops tables (a); a second run that wipes what the first one brought (c);
//! people with displays who cannot be removed (e); times without a zone (h); what it loses.
//!
//! In `program` are an exit code that says nothing (b), good people who stay half moved (d), tables
//! that are there already (f) and a program that does not start (g).

use std::collections::BTreeMap;

use entity::displays::{app, device, location, recurrence_pattern};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, TryGetable,
    sea_query::{Asterisk, Expr, ExprTrait, Query},
};
use serde_json::{Map, Value, json};
use service::{
    Error, Rights, World, displays,
    identity::user,
    imports::Options,
    rights::{Actor, DeleteUsers},
};

use super::{
    file::{File, bring, counts, made, named, person_with, run},
    state::State,
};
use crate::people::admin;

plimsoll::on_every_database!(migration::app:
    a_dry_run_drops_no_table_and_makes_no_row,
    a_second_run_after_success_wipes_nothing,
    people_with_displays_can_be_removed,
    times_without_a_zone_are_taken_as_utc,
    the_repository_of_everybody_is_kept,
    parts_of_a_second_are_kept,
    the_names_of_places_are_kept,
    every_shape_of_documents_is_understood,
);

/// The rows of every table there is.
async fn rows(db: &DatabaseConnection) -> BTreeMap<String, i64> {
    let mut rows = BTreeMap::new();
    for table in entity::schema() {
        let count = Expr::col(Asterisk).count();
        let query = Query::select().expr(count).from(table.name.clone()).take();
        let row = db.query_one(&query).await.unwrap().unwrap();
        rows.insert(table.name, i64::try_get_by(&row, 0_usize).unwrap());
    }
    rows
}

async fn a_dry_run_drops_no_table_and_makes_no_row(db: &DatabaseConnection) {
    let file = File::sample().await;
    let dry = |update: bool| Options { dry_run: true, update, ..Options::default() };
    let empty = rows(db).await;

    let first = run(db, &file, &dry(false)).await.unwrap();
    assert_eq!(made(&first)["users"], 3);
    assert_eq!(rows(db).await, empty);

    bring(db, &file).await;
    file.change("admin", "\"brightness\":35", "\"brightness\":50").await;
    let (filled, before) = (rows(db).await, State::of(db).await);
    for update in [false, true] {
        let again = run(db, &file, &dry(update)).await.unwrap();
        assert_eq!(again.tables["devices"].updated, u64::from(update));
        assert_eq!(rows(db).await, filled);
        assert_eq!(State::of(db).await.difference(&before), None);
    }
}

async fn a_second_run_after_success_wipes_nothing(db: &DatabaseConnection) {
    let file = File::sample().await;
    bring(db, &file).await;
    let guest = named(db, "guest_2").await;
    let own = device::ActiveModel {
        id: Set("0000abcd".to_owned()),
        user_id: Set(guest.id),
        ..Default::default()
    };
    own.insert(db).await.unwrap();
    let before = State::of(db).await;

    let second = bring(db, &file).await;
    assert!(made(&second).values().all(|made| *made == 0), "{:?}", second.tables);
    assert_eq!(State::of(db).await.difference(&before), None);

    // Who is in the source no more stays here.
    assert_eq!(file.execute("DELETE FROM json_data WHERE username = 'legacy'").await, 1);
    let third = bring(db, &file).await;
    assert_eq!((third.records, third.faults), (2, 0), "{:?}", third.remarks);
    assert_eq!(State::of(db).await.difference(&before), None);

    // As the source's own script leaves its file.
    file.execute("ALTER TABLE json_data RENAME TO json_data_backup").await;
    let gone = run(db, &file, &Options::default()).await;
    assert!(matches!(gone, Err(Error::Malformed { kind: "source", .. })), "{gone:?}");
    assert_eq!(State::of(db).await.difference(&before), None);
}

async fn people_with_displays_can_be_removed(db: &DatabaseConnection) {
    bring(db, &File::sample().await).await;
    let owner = Actor::of(&named(db, "admin").await);
    let legacy = named(db, "legacy").await;
    let by = &admin::<DeleteUsers>(db).await;
    let (world, rights) = (World::system(), Rights::new(World::system()));

    displays::app::delete(db, &world, &owner, "a1b2c3d4", "456").await.unwrap();
    assert_eq!(counts(db).await[1..5], [3, 3, 2, 1]);

    let display = displays::display::delete(db, &owner, "a1b2c3d4").await.unwrap();
    assert_eq!((display.removed["apps"], display.removed["locations"]), (1, 1));
    assert_eq!(counts(db).await[1..5], [2, 2, 1, 1]);

    let person = rights.change(db, |change, _| Box::pin(user::delete(change, by, legacy.id)));
    let person = person.await.unwrap();
    for table in ["devices", "apps", "locations", "api_keys", "user_roles"] {
        assert_eq!(person.removed[table], 1, "{table}");
    }
    assert_eq!(counts(db).await[1..6], [1, 1, 0, 1, 1]);
}

async fn times_without_a_zone_are_taken_as_utc(db: &DatabaseConnection) {
    let seen = [
        ("00000001", "2025-11-23T12:00:00", "2025-11-23T12:00:00Z"),
        ("00000002", "2025-11-23T12:00:00.123456", "2025-11-23T12:00:00.123456Z"),
        ("00000003", "2025-11-23 12:00:00", "2025-11-23T12:00:00Z"),
        ("00000004", "2025-11-23T12:00:00Z", "2025-11-23T12:00:00Z"),
        ("00000005", "2025-11-23T13:00:00+01:00", "2025-11-23T12:00:00Z"),
    ];
    let devices: Map<String, Value> = seen
        .iter()
        .map(|(id, said, _)| ((*id).to_owned(), json!({"id": id, "last_seen": said})))
        .collect();
    let document = json!({"username": "ana", "password": "", "devices": devices}).to_string();
    let file = File::of(&[("ana", document)], 4).await;

    let report = bring(db, &file).await;

    // Of the password, which there is none of.
    assert_eq!((report.faults, report.warnings), (0, 1), "{:?}", report.remarks);
    for (id, said, expected) in seen {
        let row = device::Entity::find_by_id(id).one(db).await.unwrap().unwrap();
        assert_eq!(row.last_seen_at, Some(expected.parse().unwrap()), "{said}");
    }
}

async fn the_repository_of_everybody_is_kept(db: &DatabaseConnection) {
    let names = ["admin", "ana", "bo"];
    let of = |name: &str, what: &str| format!("https://example.org/{name}/{what}.git");
    let documents = names.map(|name| {
        let document = json!({
            "username": name,
            "password": "",
            "system_repo_url": of(name, "system"),
            "app_repo_url": of(name, "apps"),
        });
        (name, document.to_string())
    });

    bring(db, &File::of(&documents, 4).await).await;

    for name in names {
        let person = named(db, name).await;
        assert_eq!(person.system_repo_url, Some(of(name, "system")));
        assert_eq!(person.app_repo_url, Some(of(name, "apps")));
    }
}

async fn parts_of_a_second_are_kept(db: &DatabaseConnection) {
    let took = [
        ("a", json!("PT0.412S"), 412),
        ("b", json!("PT1M0.5S"), 60_500),
        ("c", json!("P1DT1S"), 86_401_000),
        ("d", json!(1.25), 1_250),
        ("e", json!(3), 3_000),
        ("f", json!("0.75"), 750),
        ("g", json!("PT0S"), 0),
        ("h", json!(""), 0),
        ("i", Value::Null, 0),
    ];
    let apps: Map<String, Value> = took
        .iter()
        .map(|(iname, said, _)| {
            let app = json!({"iname": iname, "name": "clock", "last_render_duration": said});
            ((*iname).to_owned(), app)
        })
        .collect();
    let file = File::of(&[person_with("ana", &json!({"id": "00000001", "apps": apps}))], 4).await;

    let report = bring(db, &file).await;

    assert_eq!((report.faults, report.warnings), (0, 1), "{:?}", report.remarks);
    let rows = app::Entity::find().order_by_asc(app::Column::Iname).all(db).await.unwrap();
    let kept: Vec<(&str, i32)> =
        rows.iter().map(|row| (row.iname.as_str(), row.last_render_duration_ms)).collect();
    let expected: Vec<(&str, i32)> = took.iter().map(|(iname, _, took)| (*iname, *took)).collect();
    assert_eq!(kept, expected);
}

async fn the_names_of_places_are_kept(db: &DatabaseConnection) {
    let places = [
        ("00000001", json!({"name": "Springfield"}), (Some("Springfield"), Some("Springfield"))),
        ("00000002", json!({"locality": "Berlin"}), (None, Some("Berlin"))),
        ("00000003", json!({"name": "Home", "locality": "Berlin"}), (Some("Home"), Some("Berlin"))),
        ("00000004", json!({"name": ""}), (None, None)),
    ];
    let device = |id: &str, place: &Value| {
        let mut place = place.clone();
        place["lat"] = json!(1.5);
        place["lng"] = json!("-2.5");
        (id.to_owned(), json!({"id": id, "locale": "de_DE", "location": place}))
    };
    let devices: Map<String, Value> =
        places.iter().map(|&(id, ref at, _)| device(id, at)).collect();
    let document = json!({"username": "ana", "password": "", "devices": devices}).to_string();

    let report = bring(db, &File::of(&[("ana", document)], 4).await).await;

    assert_eq!(report.faults, 0, "{:?}", report.remarks);
    for (id, _, (name, locality)) in places {
        let found = location::Entity::find().filter(location::Column::DeviceId.eq(id));
        let row = found.one(db).await.unwrap().unwrap();
        assert_eq!((row.name.as_deref(), row.locality.as_deref()), (name, locality), "{id}");
        assert_eq!((row.lat, row.lng), (1.5, -2.5), "{id}");
        let display = device::Entity::find_by_id(id).one(db).await.unwrap().unwrap();
        assert_eq!(display.locale.as_deref(), Some("de_DE"), "{id}");
    }
}

async fn every_shape_of_documents_is_understood(db: &DatabaseConnection) {
    for version in 0..=4 {
        let id = format!("{version:08}");
        let pattern = if version < 4 { json!([]) } else { json!({"day_of_month": 15}) };
        let config = if version < 1 { json!("config.json") } else { json!({"a": "b"}) };
        let display = json!({
            "id": id,
            "brightness": 4,
            "night_start": 22,
            "info": {"mac": "00:00:5e:00:53:01"},
            "location": {"name": "Springfield", "lat": 1.5, "lng": 2.5},
            "apps": {"a": {
                "iname": "a",
                "name": "clock",
                "config": config,
                "recurrence_pattern": pattern,
                "recurrence_start_date": "",
            }},
        });
        let name = format!("of-shape-{version}");
        let file = File::of(&[person_with(&name, &display)], version).await;
        let options = Options { scope: Some(name.clone()), ..Options::default() };

        let report = run(db, &file, &options).await.unwrap();

        assert_eq!(report.faults, 0, "{version}: {:?}", report.remarks);
        let row = device::Entity::find_by_id(id.as_str()).one(db).await.unwrap().unwrap();
        // The fourth level of the usual scale is 35 percent.
        let brightness = if version < 1 { 35 } else { 4 };
        assert_eq!(row.brightness, brightness, "{version}");
        assert_eq!(row.night_start.unwrap().to_string(), "22:00:00", "{version}");
        assert_eq!(row.info, json!({"mac_address": "00:00:5e:00:53:01"}), "{version}");
        let app = app::Entity::find().filter(app::Column::DeviceId.eq(id.as_str()));
        let app = app.one(db).await.unwrap().unwrap();
        let kept = if version < 1 { json!({}) } else { config };
        assert_eq!((app.config, app.recurrence_start_date), (kept, None), "{version}");
        let patterns = recurrence_pattern::Entity::find().count(db).await.unwrap();
        assert_eq!(patterns, u64::from(version == 4), "{version}");
        let place = location::Entity::find().filter(location::Column::DeviceId.eq(id.as_str()));
        let place = place.one(db).await.unwrap().unwrap();
        assert_eq!(place.locality.as_deref(), Some("Springfield"), "{version}");
    }
}
