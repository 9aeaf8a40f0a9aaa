//! Pictures: which one a display shows as it asks, which were sent, and how they were rendered.

use std::{collections::BTreeMap, time::Duration};

use futures_util::future::join_all;
use plimsoll::retry::BoxFuture;
use sea_orm::{ConnectionTrait, DbBackend};
use secrecy::SecretString;
use service::{
    audit::audited,
    displays::{
        app::{self, Rendering},
        display::shows,
        key,
    },
    rule::Rule,
};

use super::*;

plimsoll::on_every_database!(migration::app:
    a_display_goes_on_in_its_round_each_time_it_asks,
    what_a_display_shows_goes_by_its_clock,
    ten_that_ask_at_once_go_ten_steps,
    who_never_gets_a_turn_is_refused_in_the_end,
    what_is_sent_is_shown_behind_the_others,
    pushes_at_once_under_one_name_install_one_app,
    a_rendering_is_taken_down,
    what_pins_itself_is_pinned_as_long_as_there_is_something_to_see,
    only_who_may_change_a_display_sends_it_pictures,
    what_displays_do_beside_saves_is_not_lost,
);

/// A display of the actor with a key.
async fn with_key(db: &DatabaseConnection, actor: &Actor, display: &Display) -> SecretString {
    keep(db, actor, display).await.unwrap();
    let id = display.device.id.as_deref().unwrap();
    let world = &world().0;
    audited(db, world, |unit, _| Box::pin(key::make(unit, world, actor, id)) as BoxFuture<'_, _>)
        .await
        .unwrap()
}

async fn a_display_goes_on_in_its_round_each_time_it_asks(db: &DatabaseConnection) {
    let (world, clock) = world();
    let ana = actor(db, "ana").await;
    let mut display = showing("a1b2c3d4", &["a", "b", "c"]);
    display.apps[2].enabled = false;
    display.apps[1].display_seconds = 7;
    let key = with_key(db, &ana, &display).await;
    let before = load(db, By::Key(&key)).await.unwrap();

    let mut shown = Vec::new();
    for _ in 0..3 {
        clock.advance(TimeDelta::seconds(15));
        let showing = shows(db, &world, &key).await.unwrap();
        shown.push((showing.iname.unwrap(), showing.seconds, showing.brightness));
    }

    let expected = [("b", 7, 100), ("a", 15, 100), ("b", 7, 100)];
    assert_eq!(shown, expected.map(|(name, seconds, percent)| (name.to_owned(), seconds, percent)));
    let after = load(db, By::Key(&key)).await.unwrap();
    assert_eq!(after.seen.last_app_position, 1);
    assert_eq!(after.seen.last_seen_at, Some(world.clock.now()));
    assert_eq!(after.seen.updated_at, before.seen.updated_at);
    let unknown = shows(db, &world, &"none".into()).await;
    assert!(matches!(unknown, Err(Error::Unauthenticated)), "{unknown:?}");
    // What is pinned is shown, and the round waits.
    display.device.pinned_app = Some("c".to_owned());
    keep(db, &ana, &display).await.unwrap();
    for _ in 0..2 {
        assert_eq!(shows(db, &world, &key).await.unwrap().iname.as_deref(), Some("c"));
    }
    let pinned = load(db, By::Key(&key)).await.unwrap();
    assert_eq!(pinned.seen.last_app_position, 1);
    keep(db, &ana, &showing("a1b2c3d4", &[])).await.unwrap();
    assert_eq!(shows(db, &world, &key).await.unwrap().iname, None);
}

async fn what_a_display_shows_goes_by_its_clock(db: &DatabaseConnection) {
    let (world, clock) = world();
    let ana = actor(db, "ana").await;
    let mut display = showing("a1b2c3d4", &["day", "night"]);
    display.device.timezone = Some("Asia/Kathmandu".to_owned());
    display.device.night_mode_enabled = true;
    display.device.night_mode_app = Some("night".to_owned());
    (display.device.night_start, display.device.night_end) = (time(22, 0), time(6, 0));
    display.apps[1].enabled = false;
    let key = with_key(db, &ana, &display).await;

    for (moment, iname, percent) in [
        ("2026-11-20T16:14:59Z", "day", 100),
        ("2026-11-20T16:15:00Z", "night", 0),
        ("2026-11-21T00:14:59Z", "night", 0),
        ("2026-11-21T00:15:00Z", "day", 100),
    ] {
        clock.set(moment.parse().unwrap());
        let showing = shows(db, &world, &key).await.unwrap();

        assert_eq!(showing.iname.as_deref(), Some(iname), "{moment}");
        assert_eq!(showing.brightness, percent, "{moment}");
    }
}

async fn ten_that_ask_at_once_go_ten_steps(db: &DatabaseConnection) {
    let ana = actor(db, "ana").await;
    let (world, apps) = (&world().0, ["a", "b", "c"]);
    let key = &with_key(db, &ana, &showing("a1b2c3d4", &apps)).await;
    let mut position = 0;
    for _ in 0..plimsoll::testing::cases(3) {
        let shown = join_all((0..10).map(|_| shows(db, world, key))).await;

        let mut turns: BTreeMap<String, usize> = BTreeMap::new();
        for showing in shown {
            *turns.entry(showing.unwrap().iname.unwrap()).or_default() += 1;
        }
        let mut expected: BTreeMap<String, usize> = BTreeMap::new();
        for _ in 0..10 {
            position = (position + 1) % apps.len();
            *expected.entry(apps[position].to_owned()).or_default() += 1;
        }
        assert_eq!(turns, expected);
        let seen = load(db, By::Key(key)).await.unwrap().seen;
        assert_eq!(usize::try_from(seen.last_app_position).unwrap(), position);
    }
}

/// A trigger keeps every update back, as if another had gone on each time. `MariaDB` has none that
/// does.
async fn who_never_gets_a_turn_is_refused_in_the_end(db: &DatabaseConnection) {
    let (world, _) = world();
    let ana = actor(db, "ana").await;
    let key = with_key(db, &ana, &showing("a1b2c3d4", &["a", "b"])).await;
    let trigger = if db.get_database_backend() == DbBackend::Sqlite {
        "CREATE TRIGGER kept BEFORE UPDATE ON devices BEGIN SELECT RAISE(IGNORE); END"
    } else if db.get_database_backend() == DbBackend::Postgres {
        "CREATE FUNCTION kept() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; \
         CREATE TRIGGER kept BEFORE UPDATE ON devices FOR EACH ROW EXECUTE FUNCTION kept()"
    } else {
        return;
    };
    db.execute_unprepared(trigger).await.unwrap();

    let refused = shows(db, &world, &key).await;

    assert!(matches!(refused, Err(Error::Refused { rule: Rule::Stale, .. })), "{refused:?}");
}

async fn what_is_sent_is_shown_behind_the_others(db: &DatabaseConnection) {
    let (world, clock) = world();
    let (ana, id) = (actor(db, "ana").await, "a1b2c3d4");
    let key = with_key(db, &ana, &showing(id, &["a"])).await;

    app::push(db, &world, By::Key(&key), "doorbell").await.unwrap();
    let later = clock.advance(TimeDelta::minutes(1));
    app::push(db, &world, By::Actor(&ana, id), "doorbell").await.unwrap();
    let refused = app::push(db, &world, By::Key(&key), "a").await;
    let invalid = app::push(db, &world, By::Key(&key), " ").await;

    let apps = load(db, By::Key(&key)).await.unwrap().apps;
    let pushed = App {
        pushed: true,
        rendered: Rendered { at: Some(later), ..Rendered::default() },
        ..App::new("doorbell", "pushed")
    };
    assert_eq!(apps, [App::new("a", "clock"), pushed]);
    assert!(matches!(refused, Err(Error::AlreadyExists { kind: "app", .. })), "{refused:?}");
    assert!(matches!(invalid, Err(Error::Invalid { .. })), "{invalid:?}");
    assert_eq!(shows(db, &world, &key).await.unwrap().iname.as_deref(), Some("doorbell"));
}

async fn pushes_at_once_under_one_name_install_one_app(db: &DatabaseConnection) {
    let ana = actor(db, "ana").await;
    let (world, key) = (&world().0, &with_key(db, &ana, &showing("a1b2c3d4", &["a"])).await);

    let outcomes =
        join_all((0..6).map(|at| app::push(db, world, By::Key(key), ["one", "two"][at % 2]))).await;

    for outcome in outcomes {
        outcome.unwrap();
    }
    let apps = load(db, By::Key(key)).await.unwrap().apps;
    let names: BTreeSet<&str> = apps.iter().map(|app| app.iname.as_str()).collect();
    assert_eq!((apps.len(), names), (3, BTreeSet::from(["a", "one", "two"])));
}

async fn a_rendering_is_taken_down(db: &DatabaseConnection) {
    let (world, clock) = world();
    let ana = actor(db, "ana").await;
    let key = with_key(db, &ana, &showing("a1b2c3d4", &["a", "b"])).await;
    let rendering = Rendering {
        took: Duration::from_micros(412_900),
        was_empty: true,
        messages: vec!["no network".to_owned()],
    };
    let endless = Rendering { took: Duration::MAX, ..Rendering::default() };

    let now = clock.advance(TimeDelta::minutes(1));
    app::rendered(db, &world, By::Key(&key), "a", &rendering).await.unwrap();
    app::rendered(db, &world, By::Key(&key), "b", &endless).await.unwrap();
    let missing = app::rendered(db, &world, By::Key(&key), "c", &rendering).await;
    let nul = Rendering { messages: vec!["\0".to_owned()], ..Rendering::default() };
    let invalid = app::rendered(db, &world, By::Key(&key), "a", &nul).await;

    let apps = load(db, By::Key(&key)).await.unwrap().apps;
    let rendered = Rendered {
        at: Some(now),
        duration_ms: 412,
        was_empty: true,
        messages: vec!["no network".to_owned()],
    };
    assert_eq!(apps[0].rendered, rendered);
    assert_eq!(apps[1].rendered.duration_ms, i32::MAX);
    assert!(matches!(missing, Err(Error::NotFound { kind: "app", .. })), "{missing:?}");
    assert!(matches!(invalid, Err(Error::Invalid { .. })), "{invalid:?}");
    // It is passed over until there is something to see.
    assert_eq!(shows(db, &world, &key).await.unwrap().iname.as_deref(), Some("b"));
    assert_eq!(shows(db, &world, &key).await.unwrap().iname.as_deref(), Some("b"));
}

async fn what_pins_itself_is_pinned_as_long_as_there_is_something_to_see(db: &DatabaseConnection) {
    let world = &world().0;
    let ana = actor(db, "ana").await;
    let mut display = showing("a1b2c3d4", &["a", "alarm", "off"]);
    display.apps[1].autopin = true;
    display.apps[2].autopin = true;
    display.apps[2].enabled = false;
    let key = &with_key(db, &ana, &display).await;
    let empty = &Rendering { was_empty: true, ..Rendering::default() };
    let seen = &Rendering::default();
    let by = By::Key(key);
    let pinned = async || load(db, by).await.unwrap().device.pinned_app;

    for (iname, rendering, expected) in [
        ("alarm", empty, None),
        ("off", seen, None),
        ("a", seen, None),
        ("alarm", seen, Some("alarm")),
        ("a", empty, Some("alarm")),
        ("alarm", empty, None),
    ] {
        app::rendered(db, world, by, iname, rendering).await.unwrap();

        assert_eq!(pinned().await.as_deref(), expected, "{iname} {rendering:?}");
    }
    // What somebody has pinned stays so, however it renders.
    display.device.pinned_app = Some("a".to_owned());
    keep(db, &ana, &display).await.unwrap();
    app::rendered(db, world, by, "a", empty).await.unwrap();
    assert_eq!(pinned().await.as_deref(), Some("a"));
}

async fn only_who_may_change_a_display_sends_it_pictures(db: &DatabaseConnection) {
    let world = &world().0;
    let (ana, bo, id) = (actor(db, "ana").await, actor(db, "bo").await, "a1b2c3d4");
    keep(db, &ana, &showing(id, &["a"])).await.unwrap();
    let boss = Actor::of(&person(db, "chief", &["maintainer"]).await);
    let none: SecretString = "none".into();

    let rendering = &Rendering::default();
    app::push(db, world, By::Actor(&boss, id), "x").await.unwrap();
    app::rendered(db, world, By::Actor(&boss, id), "a", rendering).await.unwrap();
    for refused in [
        app::push(db, world, By::Actor(&bo, id), "y").await,
        app::rendered(db, world, By::Actor(&bo, id), "a", rendering).await,
    ] {
        assert!(
            matches!(refused, Err(Error::Forbidden { permission: "display:update" })),
            "{refused:?}"
        );
    }
    for refused in [
        app::push(db, world, By::Key(&none), "y").await,
        app::rendered(db, world, By::Key(&none), "a", rendering).await,
    ] {
        assert!(matches!(refused, Err(Error::Unauthenticated)), "{refused:?}");
    }
}

/// Saves, renderings and questions, all at once.
async fn what_displays_do_beside_saves_is_not_lost(db: &DatabaseConnection) {
    let (ana, id) = (actor(db, "ana").await, "a1b2c3d4");
    let world = &world().0;
    let apps = ["a", "b", "c", "d"];
    let key = &with_key(db, &ana, &showing(id, &apps)).await;
    let user_id = ana.user_id();

    let outcomes: Vec<Result<()>> = join_all((0..12).map(|at| {
        let ana = &ana;
        async move {
            let iname = apps[at % apps.len()];
            match at % 3 {
                0 => shows(db, world, key).await.map(drop),
                1 => {
                    let rendering =
                        Rendering { messages: vec![iname.to_owned()], ..Rendering::default() };
                    app::rendered(db, world, By::Key(key), iname, &rendering).await
                }
                _ => {
                    let mut display = showing(id, &apps);
                    display.device.brightness = i32::try_from(at).unwrap();
                    save_all(db, world, ana, user_id, &[display], None).await.map(drop)
                }
            }
        }
    }))
    .await;

    for outcome in outcomes {
        outcome.unwrap();
    }
    let after = load(db, By::Key(key)).await.unwrap();
    assert_eq!(after.seen.last_app_position, 0, "four turns of four");
    assert_eq!(after.device.brightness % 3, 2);
    // Of 1, 4, 7 and 10 each renders another.
    for app in after.apps {
        assert_eq!(app.rendered.messages, [app.iname]);
    }
}
