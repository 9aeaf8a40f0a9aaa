//! Displays over HTTP: whose they are, what each shows, and how each proves itself.

use axum::{Router, http::Method};
use sea_orm::DatabaseConnection;
use serde_json::{Value, json};

use crate::people::{call, somebody, with_boss};

plimsoll::on_every_database!(migration::app:
    a_display_is_made_changed_and_removed_by_whose_it_is,
    what_others_changed_meanwhile_is_not_replaced,
    displays_of_others_need_a_right,
    apps_are_installed_due_rendered_and_taken_away,
    a_display_proves_itself_by_its_key,
    places_are_listed_for_those_who_may_see_all_displays,
);

/// Makes a display of a person, and gives its path.
async fn display(router: &Router, token: &str, user_id: i64, body: Value) -> String {
    let path = format!("/api/v1/users/{user_id}/devices");
    let made = call(router, token, Method::POST, &path, body).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.header("location").to_owned()
}

async fn shown(router: &Router, token: &str, path: &str) -> Value {
    let shown = call(router, token, Method::GET, path, Value::Null).await;
    assert_eq!(shown.status, 200, "{path} {shown:?}");
    shown.json()
}

fn kitchen() -> Value {
    json!({
        "name": "kitchen",
        "brightness": 40,
        "night_start": "22:00:00",
        "location": {"lat": 52.5, "lng": 13.4, "timezone": "Europe/Berlin"},
        "apps": [{"iname": "a", "name": "clock"}, {"iname": "b", "name": "weather"}],
    })
}

async fn a_display_is_made_changed_and_removed_by_whose_it_is(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (ana_id, ana) = somebody(&router, &boss, "ana", &[]).await;
    let path = display(&router, &ana, ana_id, kitchen()).await;
    let before = shown(&router, &ana, &path).await;
    let change = |input: Value| call(&router, &ana, Method::PATCH, &path, input);

    assert_eq!(before["user_id"], ana_id);
    assert_eq!(before["display"]["brightness"], 40);
    assert_eq!(before["display"]["device_type"], "tidbyt_gen1");
    assert_eq!(before["display"]["night_start"], "22:00:00");
    assert_eq!(before["display"]["apps"][1]["enabled"], true);
    assert_eq!(before["seen"]["has_key"], false);

    let changed = change(json!({"brightness": 70, "location": {"locality": "Berlin"}})).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let kinds: Vec<Value> = changed.json()["changed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["kind"].clone())
        .collect();
    assert_eq!(kinds, ["location", "display"]);
    let after = shown(&router, &ana, &path).await;
    assert_eq!(after["display"]["brightness"], 70);
    assert_eq!(after["display"]["location"]["locality"], "Berlin");
    assert_eq!(after["display"]["location"]["lat"], 52.5);
    for wrong in [
        json!({"brightness": 101}),
        json!({"device_type": "toaster"}),
        json!({"colour": "red"}),
        json!({"location": {"lat": 91}}),
        json!({"custom_brightness_scale": "1,2"}),
    ] {
        assert_eq!(change(wrong).await.problem(), ("/problems/invalid".to_owned(), 422));
    }

    let all = format!("/api/v1/users/{ana_id}/devices");
    assert_eq!(shown(&router, &ana, &all).await.as_array().unwrap().len(), 1);
    let none = json!({"displays": []});
    let removed = call(&router, &ana, Method::PUT, &all, none).await.json();
    assert_eq!(removed["removed"][0]["device_id"], before["id"]);
    let gone = call(&router, &boss, Method::GET, &path, Value::Null).await;
    assert_eq!(gone.problem(), ("/problems/not-found".to_owned(), 404));
}

async fn what_others_changed_meanwhile_is_not_replaced(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (ana_id, ana) = somebody(&router, &boss, "ana", &[]).await;
    let path = display(&router, &ana, ana_id, kitchen()).await;
    let seen = shown(&router, &ana, &path).await;
    let save = format!("/api/v1/users/{ana_id}/devices/{}", seen["id"].as_str().unwrap());
    let mut wanted = seen["display"].clone();
    wanted["name"] = json!("hall");
    let input = json!({"display": wanted, "expected": seen["display"]});

    let first = call(&router, &ana, Method::PUT, &save, input.clone()).await;
    let second = call(&router, &ana, Method::PUT, &save, input).await;

    assert_eq!(first.json()["changed"][0]["kind"], "display", "{first:?}");
    assert_eq!(second.problem(), ("/problems/refused".to_owned(), 409));
    assert_eq!(second.json()["code"], "SRV0015");
    assert!(second.json()["detail"].as_str().unwrap().contains("`stale`"), "{second:?}");
    let new = format!("/api/v1/users/{ana_id}/devices/0000000A");
    let made = call(&router, &ana, Method::PUT, &new, json!({"display": {}})).await;
    assert_eq!(made.json()["added"][0]["device_id"], "0000000a", "{made:?}");
}

async fn displays_of_others_need_a_right(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (ana_id, ana) = somebody(&router, &boss, "ana", &[]).await;
    let (_, bob) = somebody(&router, &boss, "bob", &[]).await;
    let path = display(&router, &ana, ana_id, kitchen()).await;
    let all = format!("/api/v1/users/{ana_id}/devices");

    for (method, path, input) in [
        (Method::GET, all.clone(), Value::Null),
        (Method::PUT, all.clone(), json!({"displays": []})),
        (Method::POST, all, json!({})),
        (Method::GET, path.clone(), Value::Null),
        (Method::PATCH, path.clone(), json!({"name": "mine"})),
        (Method::DELETE, path.clone(), Value::Null),
        (Method::POST, format!("{path}/key"), Value::Null),
        (Method::GET, format!("{path}/due"), Value::Null),
        (Method::GET, format!("{path}/apps/a"), Value::Null),
        (Method::DELETE, format!("{path}/apps/a"), Value::Null),
        (Method::GET, "/api/v1/devices/ffffffff".to_owned(), Value::Null),
    ] {
        let refused = call(&router, &bob, method.clone(), &path, input).await;
        assert_eq!(refused.problem(), ("/problems/forbidden".to_owned(), 403), "{method} {path}");
    }
    assert_eq!(shown(&router, &boss, &path).await["user_id"], ana_id);
    let removed = call(&router, &boss, Method::DELETE, &path, Value::Null).await;
    assert_eq!(removed.status, 204, "{removed:?}");
    let again = call(&router, &boss, Method::DELETE, &path, Value::Null).await;
    assert_eq!(again.problem(), ("/problems/not-found".to_owned(), 404));
}

async fn apps_are_installed_due_rendered_and_taken_away(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (ana_id, ana) = somebody(&router, &boss, "ana", &[]).await;
    let path = display(&router, &ana, ana_id, json!({})).await;
    let clock = format!("{path}/apps/clock");
    let ask = async |method: Method, path: &str, input: Value| {
        call(&router, &ana, method, path, input).await
    };
    let app = json!({"iname": "clock", "name": "clock", "path": "clock.star", "autopin": true});

    let installed = ask(Method::PUT, &clock, app).await;
    assert_eq!(installed.json()["added"][0]["iname"], "clock", "{installed:?}");
    for wrong in [
        json!({"iname": "other", "name": "clock"}),
        json!({"iname": "clock", "name": "clock", "days": ["someday"]}),
        json!({"iname": "clock", "name": "clock", "recurrence": {"every": "hourly"}}),
        json!({"iname": "clock"}),
    ] {
        let refused = ask(Method::PUT, &clock, wrong).await;
        assert_eq!(refused.problem(), ("/problems/invalid".to_owned(), 422));
    }

    let due = shown(&router, &ana, &format!("{path}/due?at=2026-11-20T12:00:00Z")).await;
    assert_eq!(due["due"], json!(["clock"]));
    assert_eq!(due["to_render"], json!(["clock"]));
    assert_eq!(due["next"]["iname"], "clock");
    assert_eq!((&due["next"]["seconds"], &due["level"]), (&json!(15), &json!(5)));
    let far = ask(Method::GET, &format!("{path}/due?at=9999-11-20T12:00:00Z"), Value::Null).await;
    assert_eq!(far.problem(), ("/problems/invalid".to_owned(), 422));

    let rendering = format!("{clock}/rendering");
    let long = ask(Method::POST, &rendering, json!({"took_ms": 2_147_483_648_i64})).await;
    assert_eq!(long.problem(), ("/problems/invalid".to_owned(), 422));
    let drawn = json!({"took_ms": 12, "messages": ["drawn"]});
    let rendered = ask(Method::POST, &rendering, drawn).await;
    assert_eq!(rendered.status, 204, "{rendered:?}");
    let now = shown(&router, &ana, &path).await;
    assert_eq!(now["display"]["pinned_app"], "clock");
    assert_eq!(now["rendered"][0]["duration_ms"], 12);
    assert_eq!(shown(&router, &ana, &clock).await["rendered"]["messages"], json!(["drawn"]));

    let pushed = ask(Method::POST, &format!("{clock}/push"), Value::Null).await;
    assert_eq!(pushed.problem(), ("/problems/already-exists".to_owned(), 409));
    let pushed = ask(Method::POST, &format!("{path}/apps/photo/push"), Value::Null).await;
    assert_eq!(pushed.status, 204, "{pushed:?}");
    assert_eq!(ask(Method::DELETE, &clock, Value::Null).await.status, 204);
    let again = ask(Method::DELETE, &clock, Value::Null).await;
    assert_eq!(again.problem(), ("/problems/not-found".to_owned(), 404));
    let now = shown(&router, &ana, &path).await;
    assert_eq!(now["display"]["pinned_app"], Value::Null);
    assert_eq!(now["display"]["apps"][0]["pushed"], true);
}

async fn a_display_proves_itself_by_its_key(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (ana_id, ana) = somebody(&router, &boss, "ana", &[]).await;
    let path = display(&router, &ana, ana_id, kitchen()).await;
    let renew = format!("{path}/key");
    let made = call(&router, &ana, Method::POST, &renew, Value::Null).await;
    let key = made.json()["key"].as_str().unwrap().to_owned();
    let itself = async |method: Method, path: &str, input: Value| {
        call(&router, &key, method, &format!("/api/v1/display{path}"), input).await
    };

    let seen = itself(Method::GET, "", Value::Null).await;
    assert_eq!(seen.json()["user_id"], ana_id, "{seen:?}");
    assert!(!seen.body.contains(&key));
    for name in ["b", "a", "b"] {
        let showing = itself(Method::POST, "/next", Value::Null).await;
        assert_eq!(showing.json()["iname"], name, "{showing:?}");
    }
    assert_eq!(itself(Method::GET, "/due", Value::Null).await.json()["due"], json!(["a", "b"]));
    for (method, path, input) in [
        (Method::POST, "/seen", Value::Null),
        (Method::PUT, "/info", json!({"info": {"firmware_version": "1.2"}})),
        (Method::POST, "/apps/photo/push", Value::Null),
        (Method::POST, "/apps/a/rendering", json!({"took_ms": 3, "was_empty": true})),
    ] {
        let done = itself(method, path, input).await;
        assert_eq!(done.status, 204, "{path} {done:?}");
    }
    let app = itself(Method::GET, "/apps/a", Value::Null).await.json();
    assert_eq!(app["rendered"]["was_empty"], true);
    let now = shown(&router, &ana, &path).await;
    assert_eq!(now["seen"]["info"], json!({"firmware_version": "1.2"}));
    assert!(now["seen"]["last_seen_at"].is_string(), "{now}");

    let renewed = call(&router, &ana, Method::POST, &renew, Value::Null).await;
    assert_eq!(renewed.status, 200, "{renewed:?}");
    for wrong in [&*key, &*ana, "pld_nothing", ""] {
        let refused = call(&router, wrong, Method::GET, "/api/v1/display", Value::Null).await;
        assert_eq!(refused.problem(), ("/problems/unauthenticated".to_owned(), 401), "{wrong}");
    }
    let new = renewed.json()["key"].as_str().unwrap().to_owned();
    let elsewhere = call(&router, &new, Method::GET, &path, Value::Null).await;
    assert_eq!(elsewhere.problem(), ("/problems/unauthenticated".to_owned(), 401));
}

async fn places_are_listed_for_those_who_may_see_all_displays(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (ana_id, ana) = somebody(&router, &boss, "ana", &[]).await;
    display(&router, &ana, ana_id, kitchen()).await;
    let mut hall = kitchen();
    hall["location"]["locality"] = json!("Bremen");
    hall["apps"][0]["recurrence"] = json!({"every": "monthly", "pattern": {"day_of_month": 31}});
    display(&router, &ana, ana_id, hall).await;
    let ask = |token: String, path: &'static str| {
        let router = router.clone();
        async move { call(&router, &token, Method::GET, path, Value::Null).await }
    };

    let refused = ask(ana, "/api/v1/locations").await;
    assert_eq!(refused.problem(), ("/problems/forbidden".to_owned(), 403));
    let places = ask(boss.clone(), "/api/v1/locations?timezone=Europe/Berlin&sort=-locality").await;
    let items = places.json()["items"].clone();
    assert_eq!(items.as_array().unwrap().len(), 2, "{places:?}");
    assert_eq!(items[0]["locality"], "Bremen");
    let patterns = ask(boss, "/api/v1/recurrence-patterns?day_of_month.gte=30").await;
    assert_eq!(patterns.json()["items"][0]["day_of_month"], 31, "{patterns:?}");
}
