//! Saving: what goes, what is made, what stays as it is, and that saves at once come one after the other.

use futures_util::future::join_all;
use service::{displays::app, rule::Rule};

use super::*;

plimsoll::on_every_database!(migration::app:
    a_save_adds_changes_and_removes_and_leaves_what_is_equal,
    a_display_without_an_id_gets_one_that_is_free,
    an_app_keeps_its_row_where_the_order_changes,
    an_app_that_goes_is_named_no_more,
    one_app_is_installed_changed_and_taken_away,
    a_save_from_what_is_there_no_more_is_refused,
    a_save_takes_back_nothing_that_came_from_the_display,
    whole_saves_at_once_end_in_one_of_their_states,
    saves_of_different_displays_at_once_all_stay,
);

async fn rows(db: &DatabaseConnection) -> Vec<(String, String, i32, DateTime<chrono::Utc>)> {
    let mut rows: Vec<_> = entity::displays::app::Entity::find()
        .all(db)
        .await
        .unwrap()
        .into_iter()
        .map(|row| (row.device_id, row.iname, row.position, row.updated_at))
        .collect();
    rows.sort();
    rows
}

async fn a_save_adds_changes_and_removes_and_leaves_what_is_equal(db: &DatabaseConnection) {
    let (world, clock) = world();
    let ana = actor(db, "ana").await;
    let user_id = ana.user_id();
    let (one, two) = (full("00000001"), showing("00000002", &["a", "b"]));
    save_all(db, &world, &ana, user_id, &[one.clone(), two], None).await.unwrap();
    let before = load_all(db, &ana, user_id).await.unwrap();
    let first = rows(db).await;
    let later = clock.advance(TimeDelta::hours(1));

    let unchanged = save_all(db, &world, &ana, user_id, &before, None).await.unwrap();
    let mut changed = one.clone();
    changed.device.brightness = 50;
    changed.apps[1].recurrence.pattern = None;
    changed.location = None;
    changed.apps.push(App::new("789", "new"));
    let three = showing("00000003", &["c"]);
    let saved = save_all(db, &world, &ana, user_id, &[changed.clone(), three], None).await.unwrap();

    assert_eq!(unchanged, Saved::default());
    let part = |id: &str, iname: &str| Part::App(id.to_owned(), iname.to_owned());
    let display = |id: &str| Part::Display(id.to_owned());
    assert_eq!(saved.added, [part("00000001", "789"), display("00000003")]);
    assert_eq!(saved.changed, [part("00000001", "456"), display("00000001")]);
    assert_eq!(saved.removed, [Part::Location("00000001".to_owned()), display("00000002")]);
    let after = load_all(db, &ana, user_id).await.unwrap();
    assert_eq!(said(after[0].clone()), changed);
    assert_eq!(after[0].seen.updated_at, Some(later));
    assert_eq!(after[0].seen.created_at, before[0].seen.created_at);
    // The rows of its apps are as they were, also that whose pattern has gone.
    assert_eq!(rows(db).await[..2], first[..2]);
    assert_eq!(recurrence_pattern::Entity::find().count(db).await.unwrap(), 0);
    assert_eq!(location::Entity::find().count(db).await.unwrap(), 0);
}

async fn a_display_without_an_id_gets_one_that_is_free(db: &DatabaseConnection) {
    let ana = actor(db, "ana").await;
    let random = || Arc::new(plimsoll::random::SeededRandom::new(7));
    let mut made = Vec::new();
    for _ in 0..3 {
        // Each begins with the same ids.
        let world = World { random: random(), ..world().0 };
        let new = Display { apps: vec![App::new("a", "clock")], ..Display::default() };
        let saved = save(db, &world, &ana, ana.user_id(), &new, None).await.unwrap();
        made.extend(saved.added);
    }

    let all = load_all(db, &ana, ana.user_id()).await.unwrap();

    let ids: BTreeSet<String> = all.into_iter().map(|display| display.device.id.unwrap()).collect();
    let parts: BTreeSet<Part> = ids.iter().cloned().map(Part::Display).collect();
    assert_eq!(made.into_iter().collect::<BTreeSet<_>>(), parts);
    assert_eq!(ids.len(), 3);
    for id in &ids {
        let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        assert!(id.len() == 8 && id.chars().all(is_digit), "{id}");
    }
}

async fn an_app_keeps_its_row_where_the_order_changes(db: &DatabaseConnection) {
    let (ana, id) = (actor(db, "ana").await, "a1b2c3d4");
    keep(db, &ana, &showing(id, &["a", "b", "c"])).await.unwrap();
    // As they can come from elsewhere: places with gaps, and two with one place.
    for (iname, position) in [("a", 5), ("b", 5), ("c", 9)] {
        entity::displays::app::Entity::update_many()
            .set(entity::displays::app::ActiveModel {
                position: Set(position),
                ..Default::default()
            })
            .filter(entity::displays::app::Column::Iname.eq(iname))
            .exec(db)
            .await
            .unwrap();
    }

    let same = keep(db, &ana, &showing(id, &["a", "b", "c"])).await.unwrap();
    let moved = keep(db, &ana, &showing(id, &["c", "a", "b"])).await.unwrap();
    let between = keep(db, &ana, &showing(id, &["c", "new", "a", "b"])).await.unwrap();

    assert_eq!(same, Saved::default());
    let part = |iname: &str| Part::App(id.to_owned(), iname.to_owned());
    assert_eq!(moved.changed, [part("a"), part("b")]);
    assert_eq!((between.added, between.removed), (vec![part("new")], vec![]));
    let names: Vec<String> = load(db, By::Actor(&ana, id))
        .await
        .unwrap()
        .apps
        .into_iter()
        .map(|app| app.iname)
        .collect();
    assert_eq!(names, ["c", "new", "a", "b"]);
}

async fn an_app_that_goes_is_named_no_more(db: &DatabaseConnection) {
    let (ana, id) = (actor(db, "ana").await, "a1b2c3d4");
    let mut display = showing(id, &["a", "b", "c"]);
    display.device.night_mode_app = Some("a".to_owned());
    display.device.pinned_app = Some("b".to_owned());
    display.device.interstitial_app = Some("later".to_owned());
    keep(db, &ana, &display).await.unwrap();

    // By a save that does without one, and by itself.
    display.apps.remove(0);
    let saved = keep(db, &ana, &display).await.unwrap();
    let (world, _) = world();
    let taken = app::delete(db, &world, &ana, id, "b").await.unwrap();
    let again = app::delete(db, &world, &ana, id, "b").await;

    let part = |iname: &str| Part::App(id.to_owned(), iname.to_owned());
    assert_eq!(saved.removed, [part("a")]);
    assert_eq!(taken.removed, [part("b")]);
    assert!(matches!(again, Err(Error::NotFound { kind: "app", .. })), "{again:?}");
    let left = load(db, By::Actor(&ana, id)).await.unwrap();
    assert_eq!(left.apps.len(), 1);
    // A name that nothing has had yet may be meant for something that comes.
    assert_eq!(left.device.interstitial_app.as_deref(), Some("later"));
    assert_eq!((left.device.night_mode_app, left.device.pinned_app), (None, None));
}

async fn one_app_is_installed_changed_and_taken_away(db: &DatabaseConnection) {
    let (ana, bo, id) = (actor(db, "ana").await, actor(db, "bo").await, "a1b2c3d4");
    keep(db, &ana, &showing(id, &["a"])).await.unwrap();
    let (world, _) = world();
    let mut new = App::new("b", "weather");

    let added = app::save(db, &world, &ana, id, &new).await.unwrap();
    new.display_seconds = 7;
    let changed = app::save(db, &world, &ana, id, &new).await.unwrap();
    let refused = app::save(db, &world, &bo, id, &new).await;
    let invalid = app::save(db, &world, &ana, id, &App::new("", "weather")).await;
    let taken = app::delete(db, &world, &ana, id, "a").await.unwrap();

    let part = |iname: &str| Part::App(id.to_owned(), iname.to_owned());
    assert_eq!(added.added, [part("b")]);
    assert_eq!(changed.changed, [part("b")]);
    assert_eq!(taken.removed, [part("a")]);
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
    assert!(matches!(invalid, Err(Error::Invalid { .. })), "{invalid:?}");
    assert_eq!(load(db, By::Actor(&ana, id)).await.unwrap().apps, [new]);
}

async fn a_save_from_what_is_there_no_more_is_refused(db: &DatabaseConnection) {
    let (ana, id) = (actor(db, "ana").await, "a1b2c3d4");
    let (world, user_id) = (&world().0, ana.user_id());
    keep(db, &ana, &showing(id, &["a"])).await.unwrap();
    let start = load_all(db, &ana, user_id).await.unwrap();
    let (one, other) = (showing(id, &["a", "b"]), [showing(id, &["a", "c"])]);

    save(db, world, &ana, user_id, &one, Some(&start[0])).await.unwrap();
    let late = save(db, world, &ana, user_id, &other[0], Some(&start[0])).await;
    let all_late = save_all(db, world, &ana, user_id, &other, Some(&start)).await;
    let now = load_all(db, &ana, user_id).await.unwrap();
    save_all(db, world, &ana, user_id, &other, Some(&now)).await.unwrap();
    delete(db, &ana, id).await.unwrap();
    let gone = save(db, world, &ana, user_id, &one, Some(&now[0])).await;
    let none = save_all(db, world, &ana, user_id, &[], Some(&now)).await;

    for refused in [late, all_late, gone, none] {
        assert!(matches!(refused, Err(Error::Refused { rule: Rule::Stale, .. })), "{refused:?}");
    }
    save_all(db, world, &ana, user_id, &[one], Some(&[])).await.unwrap();
}

async fn a_save_takes_back_nothing_that_came_from_the_display(db: &DatabaseConnection) {
    let (ana, id) = (actor(db, "ana").await, "a1b2c3d4");
    keep(db, &ana, &showing(id, &["a"])).await.unwrap();
    let before = load(db, By::Actor(&ana, id)).await.unwrap();
    let moment = DateTime::from_timestamp(1_800_000_000, 0);
    let row = device::ActiveModel {
        last_app_position: Set(3),
        last_seen_at: Set(moment),
        info: Set(json!({"firmware_version": "1.2"})),
        api_key_hash: Set(Some("00".into())),
        ..Default::default()
    };
    device::Entity::update_many().set(row).exec(db).await.unwrap();
    let row = entity::displays::app::ActiveModel {
        last_rendered_at: Set(moment),
        last_render_was_empty: Set(true),
        last_render_duration_ms: Set(7),
        render_messages: Set(json!(["no network"])),
        ..Default::default()
    };
    entity::displays::app::Entity::update_many().set(row).exec(db).await.unwrap();

    let mut changed = before.clone();
    changed.device.brightness = 1;
    changed.apps[0].display_seconds = 1;
    keep(db, &ana, &changed).await.unwrap();

    let after = load(db, By::Actor(&ana, id)).await.unwrap();
    assert_eq!(after.seen.last_app_position, 3);
    assert_eq!(after.seen.last_seen_at, moment);
    assert_eq!(after.seen.info["firmware_version"], json!("1.2"));
    assert!(after.seen.has_key);
    let rendered = Rendered {
        at: moment,
        duration_ms: 7,
        was_empty: true,
        messages: vec!["no network".to_owned()],
    };
    assert_eq!(after.apps[0].rendered, rendered);
    assert_eq!(said(after), said(changed));
}

/// Two states that have nothing in common but the ids of their displays.
async fn whole_saves_at_once_end_in_one_of_their_states(db: &DatabaseConnection) {
    let ana = actor(db, "ana").await;
    let (world, user_id) = (&world().0, ana.user_id());
    let mut one = vec![full("00000001"), showing("00000002", &["a", "b", "c"])];
    one[1].device.brightness = 10;
    let mut other = vec![
        showing("00000001", &["456", "123", "x"]),
        showing("00000002", &["c", "y"]),
        full("00000003"),
    ];
    other[0].device.timezone = Some("Asia/Tokyo".to_owned());
    for round in 0..plimsoll::testing::cases(3) {
        if round % 2 == 1 {
            save_all(db, world, &ana, user_id, &[], None).await.unwrap();
        }

        let outcomes = join_all((0..6).map(|at| {
            let state = if at % 2 == 0 { &one } else { &other };
            save_all(db, world, &ana, user_id, state, None)
        }))
        .await;

        for outcome in outcomes {
            outcome.unwrap();
        }
        let mut left: Vec<Display> =
            load_all(db, &ana, user_id).await.unwrap().into_iter().map(said).collect();
        left.sort_by(|a, b| a.device.id.cmp(&b.device.id));
        assert!(left == one || left == other, "{left:?}");
    }
}

async fn saves_of_different_displays_at_once_all_stay(db: &DatabaseConnection) {
    let ana = actor(db, "ana").await;
    keep(db, &ana, &showing("000000ff", &[])).await.unwrap();
    let (world, ana) = (&world().0, &ana);

    let outcomes = join_all((0..8_u32).map(|at| async move {
        keep(db, ana, &showing(&format!("{at:08x}"), &["a", "b"])).await?;
        app::save(db, world, ana, "000000ff", &App::new(&at.to_string(), "clock")).await
    }))
    .await;

    for outcome in outcomes {
        outcome.unwrap();
    }
    let all = load_all(db, ana, ana.user_id()).await.unwrap();
    assert_eq!(all.len(), 9);
    let apps = |display: &Display| display.apps.len();
    assert_eq!(all.iter().map(apps).sum::<usize>(), 8 * 2 + 8);
}
