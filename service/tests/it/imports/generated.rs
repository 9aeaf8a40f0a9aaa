//! A file as large as the one that the guide of the source tells of.

use std::collections::BTreeMap;

use entity::displays::{app, device, location, recurrence_pattern};
use sea_orm::{ActiveEnum, ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter};
use serde_json::{Map, Value};

use super::{
    file::{File, bring, counts, made, named},
    invented::{display, person},
};

plimsoll::on_every_database!(migration::app:
    a_file_as_large_as_the_one_of_the_guide_comes_in_whole,
);

/// 25 people with 27 displays, 5 apps on each, 17 of them at a place.
fn people() -> Vec<(String, String)> {
    let displays = |number: u32| match number {
        0 | 1 => vec![number, 25 + number],
        _ => vec![number],
    };
    (0..25)
        .map(|number| {
            let displays = displays(number).into_iter().map(|id| display(id, 5, id < 17));
            person(number, displays.collect())
        })
        .collect()
}

async fn a_file_as_large_as_the_one_of_the_guide_comes_in_whole(db: &DatabaseConnection) {
    let people = people();
    let file = File::of(&people, 4).await;

    let report = bring(db, &file).await;

    assert_eq!((report.faults, report.warnings), (0, 0), "{:?}", report.remarks);
    assert_eq!(report.records, 25);
    assert_eq!(counts(db).await, [25, 27, 135, 17, 27, 25, 1]);
    let expected = [
        ("api_keys", 25),
        ("apps", 135),
        ("devices", 27),
        ("locations", 17),
        ("recurrence_patterns", 27),
        ("user_roles", 25),
        ("users", 25),
    ];
    assert_eq!(made(&report), BTreeMap::from(expected));
    for (name, document) in &people {
        is_there(db, name, &serde_json::from_str(document).unwrap()).await;
    }

    let again = bring(db, &file).await;
    assert!(made(&again).values().all(|made| *made == 0), "{:?}", again.tables);
    let same: BTreeMap<&str, u64> =
        again.tables.iter().map(|(table, tally)| (table.as_str(), tally.same)).collect();
    assert_eq!(same, BTreeMap::from(expected));
    assert!(again.remarks.is_empty(), "{:?}", again.remarks);
    assert_eq!(counts(db).await, [25, 27, 135, 17, 27, 25, 2]);
}

fn parts<'v>(of: &'v Value, name: &str) -> &'v Map<String, Value> {
    of[name].as_object().unwrap()
}

async fn is_there(db: &DatabaseConnection, name: &str, said: &Value) {
    let person = named(db, name).await;
    assert_eq!(said["email"], person.email.as_deref().unwrap_or_default());
    assert_eq!(said["theme_preference"], person.theme_preference.to_value());
    assert_eq!(said["app_repo_url"], person.app_repo_url.as_deref().unwrap_or_default());
    let hash = person.password_hash.unwrap();
    assert_eq!(said["password"], hash.expose());
    for (id, said) in parts(said, "devices") {
        let row = device::Entity::find_by_id(id.as_str()).one(db).await.unwrap().unwrap();
        assert_eq!(row.user_id, person.id);
        assert_eq!(said["name"], row.name.as_deref().unwrap_or_default());
        assert_eq!(said["type"], row.device_type.to_value());
        assert_eq!(said["brightness"], row.brightness);
        assert_eq!(said["locale"], row.locale.as_deref().unwrap_or_default());
        assert_eq!(said["info"], row.info);
        assert_eq!(said["night_end"], row.night_end.unwrap().format("%H:%M").to_string());
        stands(db, id, &said["location"]).await;
        for (iname, said) in parts(said, "apps") {
            shows(db, id, iname, said).await;
        }
    }
}

async fn stands(db: &DatabaseConnection, id: &str, said: &Value) {
    let found = location::Entity::find().filter(location::Column::DeviceId.eq(id));
    let found = found.one(db).await.unwrap();
    assert_eq!(found.is_none(), said.is_null(), "{id}");
    if let Some(place) = found {
        assert_eq!(said["lat"], place.lat);
        assert_eq!(said["lng"], place.lng);
        assert_eq!(said["locality"], place.locality.as_deref().unwrap_or_default());
        assert_eq!(said["description"], place.description.as_deref().unwrap_or_default());
    }
}

async fn shows(db: &DatabaseConnection, id: &str, iname: &str, said: &Value) {
    let found = app::Entity::find()
        .filter(app::Column::DeviceId.eq(id))
        .filter(app::Column::Iname.eq(iname));
    let row = found.one(db).await.unwrap().unwrap();
    assert_eq!(said["name"], row.name);
    assert_eq!(said["order"], row.position);
    assert_eq!(said["uinterval"], row.render_interval_minutes);
    assert_eq!(said["days"], row.days);
    assert_eq!(said["config"], row.config);
    assert_eq!(said["recurrence_type"], row.recurrence_type.to_value());
    assert_eq!(said["start_time"], row.start_time.unwrap().to_string());
    assert_eq!(said["recurrence_start_date"], row.recurrence_start_date.unwrap().to_string());
    assert_eq!(said["last_render"], row.last_rendered_at.unwrap().timestamp());
    let duration = format!("PT0.{:03}S", row.last_render_duration_ms);
    assert_eq!(said["last_render_duration"], duration);
    let pattern = recurrence_pattern::Entity::find()
        .filter(recurrence_pattern::Column::AppId.eq(row.id))
        .one(db)
        .await
        .unwrap();
    let weekdays = pattern.map_or_else(|| Value::Array(Vec::new()), |pattern| pattern.weekdays);
    assert_eq!(said["recurrence_pattern"]["weekdays"], weekdays);
}
