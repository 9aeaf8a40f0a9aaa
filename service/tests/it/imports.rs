//! What is brought in from other systems.

mod deadlock;
mod faults;
mod file;
mod full;
mod full_disk;
mod generated;
mod hazards;
mod invented;
mod killed;
mod large;
mod made_at_once;
mod matched;
mod program;
mod state;
mod taken_out;
mod undone;
mod unreadable;
mod written;

use std::{collections::BTreeMap, path::Path};

use entity::{
    displays::{app, device, location, recurrence_pattern},
    identity::user,
    imports::{import, import_record},
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait,
    IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
};
use serde_json::{Value, json};
use service::{
    Error, World,
    imports::{self, ImportStatus, Options, source::tronbyt::Tronbyt},
    rule::Rule,
};

use self::file::{File, bring, counts, made, named, person_with, refused, run, uuid};
use crate::people::person;

plimsoll::on_every_database!(migration::app:
    the_sample_comes_in_whole_and_nothing_the_source_lost_is_lost,
    a_dry_run_says_the_same_and_changes_nothing,
    again_nothing_comes_twice_and_a_change_comes_only_when_asked,
    a_bad_record_takes_no_other_with_it,
    all_or_nothing_keeps_nothing_when_something_is_refused,
    people_who_are_there_are_matched_and_never_overwritten,
    what_an_import_brought_is_taken_out_and_nothing_else,
    an_import_that_was_interrupted_is_gone_on_with,
    legacy_forms_are_understood,
    a_file_that_is_none_is_refused_and_never_altered,
);

async fn the_sample_comes_in_whole_and_nothing_the_source_lost_is_lost(db: &DatabaseConnection) {
    let report = bring(db, &File::sample().await).await;

    assert_eq!(report.faults, 0, "{:?}", report.remarks);
    assert_eq!(counts(db).await, [3, 3, 4, 2, 2, 2, 1]);
    let expected = [
        ("api_keys", 2),
        ("apps", 4),
        ("devices", 3),
        ("locations", 2),
        ("recurrence_patterns", 2),
        ("user_roles", 3),
        ("users", 3),
    ];
    assert_eq!(made(&report), BTreeMap::from(expected));
    let admin = named(db, "admin").await;
    assert_eq!(admin.email.as_deref(), Some("admin@example.org"));
    assert_eq!(admin.system_repo_url.as_deref(), Some("https://example.org/apps.git"));
    assert_eq!(named(db, "guest_2").await.email, None);
    let kitchen = device::Entity::find_by_id("a1b2c3d4").one(db).await.unwrap().unwrap();
    assert_eq!(kitchen.locale.as_deref(), Some("de_DE"));
    assert_eq!(kitchen.last_seen_at, Some("2025-11-23T12:00:00Z".parse().unwrap()));
    assert_eq!((kitchen.user_id, kitchen.brightness), (admin.id, 35));
    let clock = app::Entity::find().filter(app::Column::Iname.eq("123")).one(db).await.unwrap();
    let clock = clock.unwrap();
    assert_eq!(clock.last_render_duration_ms, 412);
    assert_eq!(clock.days, json!(["monday", "friday"]));
    assert_eq!(clock.last_rendered_at.map(|at| at.timestamp()), Some(1_763_900_000));
    let place = location::Entity::find().filter(location::Column::DeviceId.eq("deadbeef"));
    let place = place.one(db).await.unwrap().unwrap();
    assert_eq!([place.name, place.locality], [(); 2].map(|()| Some("Springfield".to_owned())));
    let import = import::Entity::find().one(db).await.unwrap().unwrap();
    assert_eq!((import.status, import.scope.as_str()), (ImportStatus::Finished, "tronbyt"));
}

async fn a_dry_run_says_the_same_and_changes_nothing(db: &DatabaseConnection) {
    let file = File::sample().await;
    let before = counts(db).await;
    let dry = Options { dry_run: true, ..Options::default() };

    let foreseen = run(db, &file, &dry).await.unwrap();
    let after = counts(db).await;
    let report = bring(db, &file).await;

    assert_eq!(before, after);
    assert_eq!(foreseen.import_id, None);
    assert_eq!((foreseen.tables, foreseen.remarks), (report.tables, report.remarks));
}

async fn again_nothing_comes_twice_and_a_change_comes_only_when_asked(db: &DatabaseConnection) {
    let file = File::sample().await;
    bring(db, &file).await;
    let first = counts(db).await;

    let again = bring(db, &file).await;
    assert!(made(&again).values().all(|made| *made == 0), "{:?}", again.tables);
    assert_eq!(again.tables["devices"].same, 3);
    assert_eq!(counts(db).await[..6], first[..6]);

    file.change("admin", "\"brightness\":35", "\"brightness\":50").await;
    let told = bring(db, &file).await;
    let brightness =
        async || device::Entity::find_by_id("a1b2c3d4").one(db).await.unwrap().unwrap().brightness;
    assert_eq!((told.tables["devices"].different, brightness().await), (1, 35));
    let path = "devices.a1b2c3d4.brightness";
    let remark = told.remarks.iter().find(|remark| remark.path == path).unwrap();
    assert_eq!(remark.reason, "here it is 35, the source says 50: --update changes it");

    let update = Options { update: true, ..Options::default() };
    let updated = run(db, &file, &update).await.unwrap();
    assert_eq!((updated.tables["devices"].updated, brightness().await), (1, 50));
    let at_last = bring(db, &file).await;
    assert_eq!(at_last.tables["devices"].same, 3);
    assert_eq!(at_last.warnings, again.warnings);
}

async fn a_bad_record_takes_no_other_with_it(db: &DatabaseConnection) {
    let app = |iname: &str, more: Value| {
        let mut app = json!({"iname": iname, "name": "clock"});
        app.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        app
    };
    let file = File::of(
        &[
            person_with("good", &json!({"id": "00000001", "apps": {"a": app("a", json!({}))}})),
            ("broken", "{".to_owned()),
            person_with("bright", &json!({"id": "00000002", "brightness": 101})),
            person_with("nameless", &json!({"id": "00000003", "apps": {"x": {"name": "clock"}}})),
            person_with(
                "half",
                &json!({"id": "00000004", "apps": {
                    "a": app("a", json!({"order": -1})),
                    "b": app("b", json!({"order": 1})),
                }}),
            ),
            person_with("short", &json!({"id": "123"})),
            person_with("thief", &json!({"id": "00000001"})),
            ("somebody", json!({"username": "somebody else", "password": ""}).to_string()),
        ],
        4,
    )
    .await;

    let report = bring(db, &file).await;

    let told: Vec<(&str, &str, &str)> = refused(&report)
        .iter()
        .map(|fault| (fault.unit.as_str(), fault.path.as_str(), fault.value.as_str()))
        .collect();
    for expected in [
        ("broken", "", ""),
        ("bright", "devices.00000002.brightness", "101"),
        ("nameless", "devices.00000003.apps.x.iname", ""),
        ("half", "devices.00000004.apps.a.order", "-1"),
        ("short", "devices.123.id", "\"123\""),
        ("thief", "devices.00000001", ""),
        ("somebody", "username", "\"somebody else\""),
    ] {
        assert!(told.contains(&expected), "{expected:?} in {told:#?}");
    }
    assert_eq!(report.faults, 7, "{told:#?}");
    let names: Vec<String> = user::Entity::find()
        .order_by_asc(user::Column::Username)
        .all(db)
        .await
        .unwrap()
        .into_iter()
        .map(|user| user.username)
        .collect();
    assert_eq!(names, ["bright", "good", "half", "nameless", "short", "thief"]);
    let apps: Vec<String> = app::Entity::find()
        .order_by_asc(app::Column::Iname)
        .all(db)
        .await
        .unwrap()
        .into_iter()
        .map(|app| format!("{}/{}", app.device_id, app.iname))
        .collect();
    assert_eq!(apps, ["00000001/a", "00000004/b"]);
    // What was refused is looked at again, and told again.
    assert_eq!(bring(db, &file).await.faults, 7);
}

async fn all_or_nothing_keeps_nothing_when_something_is_refused(db: &DatabaseConnection) {
    let bad = File::of(
        &[
            person_with("good", &json!({"id": "00000001"})),
            person_with("bright", &json!({"id": "00000002", "brightness": 101})),
        ],
        4,
    )
    .await;
    let options = Options { all_or_nothing: true, ..Options::default() };
    let before = counts(db).await;

    let refused = run(db, &bad, &options).await;

    assert!(matches!(refused, Err(Error::Refused { rule: Rule::AllOrNothing, .. })), "{refused:?}");
    assert_eq!(counts(db).await, before);
    let report = run(db, &File::sample().await, &options).await.unwrap();
    assert_eq!((made(&report)["users"], made(&report)["apps"]), (3, 4));
}

async fn people_who_are_there_are_matched_and_never_overwritten(db: &DatabaseConnection) {
    let guest = person(db, "Guest_2", &[]).await;
    let admin = person(db, "admin", &["admin"]).await;
    let mut other = admin.clone().into_active_model();
    other.email = Set(Some("other@example.org".to_owned()));
    other.email_key = Set(Some("other@example.org".to_owned()));
    other.update(db).await.unwrap();
    let file = File::sample().await;

    let clash = bring(db, &file).await;
    assert_eq!(refused(&clash).len(), 1, "{:?}", clash.remarks);
    assert!(refused(&clash)[0].reason.contains("another e-mail address"), "{:?}", refused(&clash));
    assert_eq!((clash.tables["users"].made, clash.tables["users"].matched), (1, 1));
    let kept = named(db, "Guest_2").await;
    assert_eq!((kept.id, kept.password_hash), (guest.id, None));

    let names = BTreeMap::from([("admin".to_owned(), "tronbyt-admin".to_owned())]);
    let settled = run(db, &file, &Options { names, ..Options::default() }).await.unwrap();
    assert_eq!(settled.faults, 0, "{:?}", settled.remarks);
    let brought = named(db, "tronbyt-admin").await;
    let kitchen = device::Entity::find_by_id("a1b2c3d4").one(db).await.unwrap().unwrap();
    assert_eq!(kitchen.user_id, brought.id);
    assert_eq!(named(db, "admin").await.email.as_deref(), Some("other@example.org"));
}

async fn what_an_import_brought_is_taken_out_and_nothing_else(db: &DatabaseConnection) {
    let guest = person(db, "guest_2", &[]).await;
    let report = bring(db, &File::sample().await).await;
    let id = report.import_id.unwrap();
    let legacy = named(db, "legacy").await;
    let own = device::ActiveModel {
        id: Set("0000abcd".to_owned()),
        user_id: Set(legacy.id),
        ..Default::default()
    };
    own.insert(db).await.unwrap();

    let undone = imports::undo(db, &World::system(), id).await.unwrap();

    let kept: Vec<_> = undone.kept.iter().map(|kept| kept.source.as_str()).collect();
    assert_eq!(kept, ["users/legacy"]);
    assert!(undone.kept[0].because.contains("`devices`"), "{:?}", undone.kept);
    assert_eq!((undone.removed["users"], undone.removed["devices"]), (1, 3));
    assert_eq!(counts(db).await[..6], [2, 1, 0, 0, 0, 0]);
    assert_eq!(named(db, "guest_2").await.id, guest.id);
    assert_eq!(import_record::Entity::find().count(db).await.unwrap(), 0);
    let again = imports::undo(db, &World::system(), id).await;
    assert!(matches!(again, Err(Error::Refused { rule: Rule::Transition, .. })), "{again:?}");
}

async fn an_import_that_was_interrupted_is_gone_on_with(db: &DatabaseConnection) {
    let file = File::sample().await;
    let resume = Options { resume: true, ..Options::default() };
    let none = run(db, &file, &resume).await;
    assert!(matches!(none, Err(Error::Refused { rule: Rule::Interrupted, .. })), "{none:?}");
    let first = bring(db, &file).await.import_id;
    // As a run leaves it that is killed behind its first batch.
    let open = import::Entity::find().one(db).await.unwrap().unwrap();
    let mut open = open.into_active_model();
    (open.status, open.ended_at) = (Set(ImportStatus::Running), Set(None));
    open.update(db).await.unwrap();
    import_record::Entity::delete_many()
        .filter(import_record::Column::RecordKey.eq("legacy"))
        .exec(db)
        .await
        .unwrap();
    user::Entity::delete_many().filter(user::Column::Username.eq("legacy")).exec(db).await.unwrap();

    let another = run(db, &file, &Options::default()).await;
    assert!(matches!(another, Err(Error::Refused { rule: Rule::Interrupted, .. })), "{another:?}");
    let report = run(db, &file, &resume).await.unwrap();

    assert_eq!(report.import_id, first);
    assert_eq!((report.tables["users"].made, report.tables["users"].same), (1, 2));
    assert_eq!(counts(db).await, [3, 3, 4, 2, 2, 2, 1]);
}

async fn legacy_forms_are_understood(db: &DatabaseConnection) {
    let file = File::of(
        &[person_with(
            "old",
            &json!({
                "id": "DEADBEEF", "brightness": 4, "night_start": 22, "night_end": 24,
                "info": {"mac": "00:00:5e:00:53:01"}, "timezone": "Nowhere/Town",
                "last_seen": "2025-11-23 12:00:00.5",
                "apps": {"a": {
                    "iname": "a", "name": "clock", "recurrence_pattern": [],
                    "recurrence_start_date": "", "start_time": "not-a-time", "end_time": "7:05",
                    "last_render_duration": 1.25,
                }},
            }),
        )],
        0,
    )
    .await;

    let report = bring(db, &file).await;

    assert_eq!(report.faults, 0, "{:?}", report.remarks);
    let device = device::Entity::find_by_id("deadbeef").one(db).await.unwrap().unwrap();
    assert_eq!((device.brightness, device.timezone), (35, None));
    assert_eq!(device.night_start.unwrap().to_string(), "22:00:00");
    assert_eq!(device.night_end.unwrap().to_string(), "00:00:00");
    assert_eq!(device.info, json!({"mac_address": "00:00:5e:00:53:01"}));
    let app = app::Entity::find().one(db).await.unwrap().unwrap();
    assert_eq!((app.start_time, app.recurrence_start_date), (None, None));
    assert_eq!(app.end_time.unwrap().to_string(), "07:05:00");
    assert_eq!(app.last_render_duration_ms, 1_250);
    assert_eq!(recurrence_pattern::Entity::find().count(db).await.unwrap(), 0);
    let paths: Vec<&str> = report.remarks.iter().map(|remark| remark.path.as_str()).collect();
    assert!(paths.contains(&"devices.DEADBEEF.apps.a.start_time"), "{paths:?}");
    assert!(paths.contains(&"devices.DEADBEEF.timezone"), "{paths:?}");
}

async fn a_file_that_is_none_is_refused_and_never_altered(db: &DatabaseConnection) {
    let missing = Tronbyt::open(Path::new("/nowhere/usersdb.sqlite"), "viewer".to_owned()).await;
    assert!(matches!(missing, Err(Error::Malformed { kind: "source", .. })), "{missing:?}");
    let text = std::env::temp_dir().join(format!("plimsoll-{}.txt", uuid()));
    std::fs::write(&text, "no database at all, and long enough to be read as one").unwrap();
    let none = Tronbyt::open(&text, "viewer".to_owned()).await;
    std::fs::remove_file(&text).unwrap();
    assert!(matches!(none, Err(Error::Malformed { kind: "source", .. })), "{none:?}");
    let newer = File::of::<&str>(&[], 5).await;
    let unknown = Tronbyt::open(&newer.path, "viewer".to_owned()).await;
    assert!(matches!(unknown, Err(Error::Malformed { kind: "source", .. })), "{unknown:?}");

    let file = File::sample().await;
    let before = std::fs::read(&file.path).unwrap();
    bring(db, &file).await;
    assert_eq!(std::fs::read(&file.path).unwrap(), before);
}
