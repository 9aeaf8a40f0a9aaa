//! Displays: who may do what with them, and that one is loaded as it was saved.

mod keys;
mod pictures;
mod saves;

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta};
use entity::displays::{app, device, location, recurrence_pattern};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait,
    IntoActiveModel, PaginatorTrait, QueryFilter,
};
use serde_json::json;
use service::{
    Error, Result, World,
    displays::{
        By,
        app::by_iname,
        brightness::Scale,
        day::{DayOfWeek, Weekday, Which},
        display::{
            App, Config, Device, DeviceType, Display, Location, Part, Pattern, Recurrence,
            RecurrenceType, Rendered, Saved, Seen, delete, load, load_all, owner, save, save_all,
        },
    },
    rights::Actor,
};

use crate::people::person;
use crate::worlds::world;

plimsoll::on_every_database!(migration::app:
    a_display_is_loaded_as_it_was_saved,
    all_displays_of_a_person_take_as_many_queries_as_one,
    everybody_has_their_own_and_needs_a_right_to_those_of_others,
    an_api_key_does_with_its_owners_what_is_among_its_scopes,
    what_is_no_display_is_refused,
    a_display_that_is_deleted_says_what_went_with_it,
    what_is_stored_and_cannot_be_read_is_told_and_a_save_replaces_it,
);

async fn actor(db: &DatabaseConnection, name: &str) -> Actor {
    Actor::of(&person(db, name, &[]).await)
}

/// A display with these apps.
fn showing(id: &str, apps: &[&str]) -> Display {
    Display {
        device: Device { id: Some(id.to_owned()), ..Device::default() },
        apps: apps.iter().map(|name| App::new(name, "clock")).collect(),
        ..Display::default()
    }
}

/// Saves a display of the actor.
async fn keep(db: &DatabaseConnection, actor: &Actor, display: &Display) -> Result<Saved> {
    save(db, &world().0, actor, actor.user_id(), display, None).await
}

/// The display as people say it is.
fn said(mut display: Display) -> Display {
    display.seen = Seen::default();
    for app in &mut display.apps {
        app.rendered = Rendered::default();
    }
    display
}

fn time(hour: u32, minute: u32) -> Option<NaiveTime> {
    NaiveTime::from_hms_opt(hour, minute, 0)
}

/// A display of which everything is said.
fn full(id: &str) -> Display {
    let text = |text: &str| Some(text.to_owned());
    let mut clock = App::new("123", "bigclock");
    clock.path = text("system-apps/apps/bigclock/big_clock.star");
    clock.notes = text("ünïcode 🚢");
    clock.config = Config(
        json!({"is_24_hour": "true", "deep": {"list": [1, 2.5, null, true]}})
            .as_object()
            .cloned()
            .unwrap(),
    );
    clock.autopin = true;
    clock.render_interval_minutes = 10;
    clock.display_seconds = 20;
    clock.start_time = time(8, 0);
    clock.end_time = time(21, 30);
    clock.days = vec![Weekday::Fri, Weekday::Mon];
    let mut weather = App::new("456", "weather");
    weather.enabled = false;
    weather.use_custom_recurrence = true;
    weather.recurrence = Recurrence {
        every: RecurrenceType::Monthly,
        interval: 2,
        start_date: NaiveDate::from_ymd_opt(2026, 11, 1),
        end_date: NaiveDate::from_ymd_opt(2027, 12, 31),
        pattern: Some(Pattern {
            day_of_month: Some(31),
            day_of_week: Some(DayOfWeek { which: Which::Last, weekday: Weekday::Fri }),
            weekdays: vec![Weekday::Sun],
        }),
    };
    Display {
        device: Device {
            id: text(id),
            name: text("Kitchen"),
            device_type: DeviceType::TronbytS3Wide,
            img_url: text("http://server.example:8000/a1b2c3d4/next"),
            ws_url: text("ws://server.example:8000/a1b2c3d4/ws"),
            notes: text("behind the door"),
            locale: text("de_DE"),
            timezone: text("Europe/Berlin"),
            brightness: 35,
            custom_brightness_scale: Some(Scale::new([0, 1, 2, 3, 4, 100]).unwrap()),
            night_mode_enabled: true,
            night_brightness: 3,
            night_mode_app: text("123"),
            night_start: time(22, 0),
            night_end: time(6, 30),
            dim_time: time(20, 0),
            dim_brightness: Some(12),
            default_interval_seconds: 25,
            pinned_app: text("456"),
            interstitial_enabled: true,
            interstitial_app: text("no such app"),
        },
        location: Some(Location {
            name: text("at home"),
            locality: text("Berlin"),
            description: text("Berlin, Germany"),
            place_id: text("place-example"),
            timezone: text("Europe/Berlin"),
            ..Location::at(52.52, 13.405)
        }),
        apps: vec![clock, weather],
        seen: Seen::default(),
    }
}

async fn a_display_is_loaded_as_it_was_saved(db: &DatabaseConnection) {
    let ana = actor(db, "ana").await;
    let made = full("A1B2C3D4");

    let saved = keep(db, &ana, &made).await.unwrap();
    let loaded = load(db, By::Actor(&ana, "A1b2c3d4")).await.unwrap();
    let again = keep(db, &ana, &loaded).await.unwrap();

    assert_eq!(saved.added, [Part::Display("a1b2c3d4".to_owned())]);
    assert_eq!(said(loaded.clone()), full("a1b2c3d4"));
    assert_eq!(again, Saved::default());
    let now = world().0.clock.now();
    assert_eq!(loaded.seen.created_at, Some(now));
    assert!(!loaded.seen.has_key);
    assert_eq!(owner(db, By::Actor(&ana, "a1b2c3d4")).await.unwrap(), ana.user_id());
    let app = by_iname(db, By::Actor(&ana, "a1b2c3d4"), "456").await.unwrap();
    assert_eq!(app, loaded.apps[1]);
    let all = load_all(db, &ana, ana.user_id()).await.unwrap();
    assert_eq!((all.len(), &all[0]), (1, &loaded));
    for wrong in ["", "4", "456 ", "weather", "45\0"] {
        let missing = by_iname(db, By::Actor(&ana, "a1b2c3d4"), wrong).await;
        assert!(matches!(missing, Err(Error::NotFound { kind: "app", .. })), "{missing:?}");
    }
    // What was told to an app is nothing for logs.
    assert!(!format!("{loaded:?}").contains("is_24_hour"), "{loaded:?}");
}

async fn all_displays_of_a_person_take_as_many_queries_as_one(db: &DatabaseConnection) {
    let (ana, bo) = (actor(db, "ana").await, actor(db, "bo").await);
    keep(db, &ana, &full("00000001")).await.unwrap();
    for at in 2..8 {
        keep(db, &bo, &full(&format!("{at:08x}"))).await.unwrap();
    }
    let seen = Arc::new(AtomicUsize::new(0));
    let mut watched = db.clone();
    let count = seen.clone();
    watched.set_metric_callback(move |_| {
        count.fetch_add(1, SeqCst);
    });

    let mut taken = Vec::new();
    for who in [&ana, &bo] {
        let before = seen.load(SeqCst);
        let all = load_all(&watched, who, who.user_id()).await.unwrap();
        taken.push((all.len(), seen.load(SeqCst) - before));
    }
    let before = seen.load(SeqCst);
    load(&watched, By::Actor(&ana, "00000001")).await.unwrap();

    assert_eq!(taken, [(1, 4), (6, 4)]);
    assert_eq!(seen.load(SeqCst) - before, 4);
}

async fn everybody_has_their_own_and_needs_a_right_to_those_of_others(db: &DatabaseConnection) {
    let (ana, bo) = (actor(db, "ana").await, actor(db, "bo").await);
    let boss = Actor::of(&person(db, "chief", &["maintainer"]).await);
    let id = "a1b2c3d4";
    keep(db, &ana, &showing(id, &["a"])).await.unwrap();
    let (world, changed) = (&world().0, &showing(id, &["a", "b"]));

    // Whether there is such a display is told only to those who may see it.
    for (what, id) in [("another's", id), ("nobody's", "ffffffff"), ("none", "no id")] {
        let seen = load(db, By::Actor(&bo, id)).await;
        let gone = delete(db, &bo, id).await;
        assert!(
            matches!(seen, Err(Error::Forbidden { permission: "display:read" })),
            "{what}: {seen:?}"
        );
        assert!(
            matches!(gone, Err(Error::Forbidden { permission: "display:delete" })),
            "{what}: {gone:?}"
        );
    }
    let all = load_all(db, &bo, ana.user_id()).await;
    assert!(matches!(all, Err(Error::Forbidden { permission: "display:read" })), "{all:?}");
    let replaced = save_all(db, world, &bo, ana.user_id(), &[], None).await;
    assert!(
        matches!(replaced, Err(Error::Forbidden { permission: "display:update" })),
        "{replaced:?}"
    );
    let taken = save(db, world, &bo, bo.user_id(), changed, None).await;
    assert!(matches!(taken, Err(Error::AlreadyExists { kind: "display", .. })), "{taken:?}");

    save(db, world, &boss, ana.user_id(), changed, None).await.unwrap();
    assert_eq!(load(db, By::Actor(&boss, id)).await.unwrap().apps.len(), 2);
    let missing = load(db, By::Actor(&boss, "ffffffff")).await;
    assert!(matches!(missing, Err(Error::NotFound { kind: "display", .. })), "{missing:?}");
    let nobody = save(db, world, &boss, 404, &Display::default(), None).await;
    assert!(matches!(nobody, Err(Error::NotFound { kind: "user", .. })), "{nobody:?}");
    delete(db, &boss, id).await.unwrap();

    // Who is not active has nothing any more.
    let mut row = entity::identity::user::Entity::find_by_id(ana.user_id())
        .one(db)
        .await
        .unwrap()
        .unwrap()
        .into_active_model();
    row.is_active = Set(false);
    row.update(db).await.unwrap();
    let shut_out = keep(db, &ana, changed).await;
    assert!(matches!(shut_out, Err(Error::Forbidden { .. })), "{shut_out:?}");
}

async fn an_api_key_does_with_its_owners_what_is_among_its_scopes(db: &DatabaseConnection) {
    let ana = actor(db, "ana").await;
    let id = "a1b2c3d4";
    keep(db, &ana, &showing(id, &["a"])).await.unwrap();
    let limited = |codes: &[&str]| {
        ana.clone().limited_to(codes.iter().map(|code| (*code).to_owned()).collect::<BTreeSet<_>>())
    };
    let (reads, writes) = (limited(&["display:read"]), limited(&["display:update"]));
    let none = limited(&[]);

    let changed = showing(id, &["a", "b"]);
    load(db, By::Actor(&reads, id)).await.unwrap();
    keep(db, &writes, &changed).await.unwrap();

    let unseen = load(db, By::Actor(&writes, id)).await;
    assert!(matches!(unseen, Err(Error::Forbidden { permission: "display:read" })), "{unseen:?}");
    for key in [&reads, &none] {
        let refused = keep(db, key, &showing(id, &[])).await;
        assert!(
            matches!(refused, Err(Error::Forbidden { permission: "display:update" })),
            "{refused:?}"
        );
    }
    let added = keep(db, &writes, &showing("00000002", &[])).await;
    assert!(matches!(added, Err(Error::Forbidden { permission: "display:create" })), "{added:?}");
    let (world, user_id) = (&world().0, ana.user_id());
    let removed = save_all(db, world, &writes, user_id, &[], None).await;
    assert!(
        matches!(removed, Err(Error::Forbidden { permission: "display:delete" })),
        "{removed:?}"
    );
    let left = load_all(db, &ana, user_id).await.unwrap();
    assert_eq!((left.len(), left[0].apps.len()), (1, 2));
}

async fn what_is_no_display_is_refused(db: &DatabaseConnection) {
    let ana = actor(db, "ana").await;
    let with_device = |change: fn(&mut Device)| {
        let mut display = showing("a1b2c3d4", &["a"]);
        change(&mut display.device);
        display
    };
    let with_app = |change: fn(&mut App)| {
        let mut display = showing("a1b2c3d4", &["a"]);
        change(&mut display.apps[0]);
        display
    };
    let at = |lat, lng, timezone: Option<&str>| Display {
        location: Some(Location {
            timezone: timezone.map(str::to_owned),
            ..Location::at(lat, lng)
        }),
        ..showing("a1b2c3d4", &[])
    };

    for wrong in [
        showing("a1b2c3d", &[]),
        showing("a1b2c3dg", &[]),
        showing("a1b2c3d4", &["a", ""]),
        showing("a1b2c3d4", &["a", " b"]),
        showing("a1b2c3d4", &[&"x".repeat(65)]),
        with_device(|device| device.brightness = 101),
        with_device(|device| device.brightness = -1),
        with_device(|device| device.night_brightness = 101),
        with_device(|device| device.dim_brightness = Some(-1)),
        with_device(|device| device.default_interval_seconds = -1),
        with_device(|device| device.timezone = Some("Nowhere/At_All".to_owned())),
        with_device(|device| device.name = Some("x".repeat(256))),
        with_device(|device| device.notes = Some("a\0b".to_owned())),
        with_app(|app| app.name = String::new()),
        with_app(|app| app.render_interval_minutes = -1),
        with_app(|app| app.display_seconds = -1),
        with_app(|app| app.recurrence.interval = 0),
        with_app(|app| app.recurrence.start_date = NaiveDate::from_ymd_opt(10_000, 1, 1)),
        with_app(|app| {
            app.recurrence.start_date = NaiveDate::from_ymd_opt(2026, 11, 2);
            app.recurrence.end_date = NaiveDate::from_ymd_opt(2026, 11, 1);
        }),
        with_app(|app| {
            app.recurrence.pattern = Some(Pattern { day_of_month: Some(32), ..Pattern::default() });
        }),
        with_app(|app| {
            app.config.0.insert("a\0".to_owned(), json!(1));
        }),
        at(90.5, 0.0, None),
        at(0.0, -180.5, None),
        at(f64::NAN, 0.0, None),
        at(0.0, 0.0, Some("Nowhere/At_All")),
    ] {
        let refused = keep(db, &ana, &wrong).await;

        assert!(matches!(refused, Err(Error::Invalid { .. })), "{wrong:?}: {refused:?}");
    }
    let twins = keep(db, &ana, &showing("a1b2c3d4", &["a", "a"])).await;
    assert!(matches!(twins, Err(Error::AlreadyExists { kind: "app", .. })), "{twins:?}");
    assert_eq!(device::Entity::find().count(db).await.unwrap(), 0);
    assert_eq!(app::Entity::find().count(db).await.unwrap(), 0);
}

async fn a_display_that_is_deleted_says_what_went_with_it(db: &DatabaseConnection) {
    let ana = actor(db, "ana").await;
    keep(db, &ana, &full("a1b2c3d4")).await.unwrap();
    keep(db, &ana, &full("00000002")).await.unwrap();

    let gone = delete(db, &ana, "A1B2C3D4").await.unwrap();

    assert_eq!(
        gone.to_string(),
        "with it went 2 of `apps`, 1 of `locations`, 1 of `recurrence_patterns`"
    );
    let left = load_all(db, &ana, ana.user_id()).await.unwrap();
    assert_eq!(left.into_iter().map(said).collect::<Vec<_>>(), [full("00000002")]);
    // One's own that is gone is nobody's.
    let again = delete(db, &ana, "a1b2c3d4").await;
    assert!(matches!(again, Err(Error::Forbidden { .. })), "{again:?}");
}

async fn what_is_stored_and_cannot_be_read_is_told_and_a_save_replaces_it(db: &DatabaseConnection) {
    let (ana, id) = (actor(db, "ana").await, "a1b2c3d4");
    keep(db, &ana, &full(id)).await.unwrap();
    let rows = app::Entity::update_many()
        .set(app::ActiveModel { days: Set(json!(["someday"])), ..Default::default() })
        .filter(app::Column::Iname.eq("123"));
    rows.exec(db).await.unwrap();

    let told = load(db, By::Actor(&ana, id)).await;
    keep(db, &ana, &full(id)).await.unwrap();

    assert!(matches!(told, Err(Error::Malformed { kind: "app", .. })), "{told:?}");
    assert_eq!(said(load(db, By::Actor(&ana, id)).await.unwrap()), full(id));
    // A zone that there is no more is none, and is in the way of nothing else.
    let zone = Set(Some("Mars/Olympus".to_owned()));
    let row = location::ActiveModel { timezone: zone.clone(), ..Default::default() };
    location::Entity::update_many().set(row).exec(db).await.unwrap();
    let row = device::ActiveModel { timezone: zone, ..Default::default() };
    device::Entity::update_many().set(row).exec(db).await.unwrap();
    let mut display = load(db, By::Actor(&ana, id)).await.unwrap();
    display.device.brightness = 1;
    display.location.as_mut().unwrap().lat = 1.0;
    let saved = keep(db, &ana, &display).await.unwrap();
    assert_eq!(saved.changed, [Part::Location(id.to_owned()), Part::Display(id.to_owned())]);
}
