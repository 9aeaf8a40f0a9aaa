//! The second factor over HTTP, and the recovery codes in its place.

use std::{collections::BTreeSet, sync::Arc};

use api::App;
use axum::{Router, http::Method};
use chrono::{TimeDelta, Utc};
use plimsoll::clock::{Clock as _, ManualClock};
use sea_orm::DatabaseConnection;
use serde_json::{Value, json};
use service::{Rights, World, seal::Keyring};

use crate::{
    client::{Answer, app, ask, send},
    people::{PASSWORD, call, somebody, try_login, with_boss},
};

plimsoll::on_every_database!(migration::app:
    a_second_factor_is_confirmed_and_asked_for,
    a_recovery_code_lets_in_once_and_ends_a_lost_device,
    the_lost_factor_of_somebody_else_is_ended_by_whoever_may,
);

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OWN: &str = "/api/v1/me/second-factor";

/// A server that seals and whose clock the test sets, and the token of its administrator.
async fn server(db: &DatabaseConnection) -> (Router, Arc<ManualClock>, String) {
    let (_, boss) = with_boss(db).await;
    let clock = Arc::new(ManualClock::new(Utc::now()));
    let world = World { clock: clock.clone(), random: World::system().random };
    let keys = Keyring::read(Some(&KEY.into())).unwrap();
    let app = App { keys, rights: Rights::new(world.clone()), world, ..app(db) };
    (api::router(app), clock, boss)
}

async fn login(router: &Router, otp: Option<&str>) -> Answer {
    let input = json!({"name": "boss", "password": PASSWORD, "otp": otp});
    ask(router, send(Method::POST, "/api/v1/login", "", &input)).await
}

async fn state(router: &Router, token: &str) -> Value {
    call(router, token, Method::GET, OWN, Value::Null).await.json()
}

async fn enrol(router: &Router, token: &str, password: &str) -> Answer {
    call(router, token, Method::POST, OWN, json!({"password": password})).await
}

/// Shows the second factor for that.
async fn show(router: &Router, token: &str, what: &str, otp: &str) -> Answer {
    call(router, token, Method::POST, &format!("{OWN}/{what}"), json!({"otp": otp})).await
}

fn codes(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = answer.json();
    let codes = answer["recovery_codes"].as_array().unwrap().iter();
    codes.map(|code| code.as_str().unwrap().to_owned()).collect()
}

/// What the device of that answer shows at the moment.
fn shown(enrolled: &Value, clock: &ManualClock) -> String {
    let device = totp_rs::Totp::from_url(enrolled["uri"].as_str().unwrap()).unwrap();
    device.generate(u64::try_from(clock.now().timestamp()).unwrap()).to_string()
}

fn second_factor_required() -> (String, u16) {
    ("/problems/second-factor-required".to_owned(), 401)
}

async fn a_second_factor_is_confirmed_and_asked_for(db: &DatabaseConnection) {
    let (router, clock, boss) = server(db).await;
    assert_eq!(state(&router, &boss).await, json!({"is_enabled": false, "recovery_codes_left": 0}));

    let refused = show(&router, &boss, "confirmation", "000000").await;
    assert_eq!(refused.problem(), ("/problems/not-found".to_owned(), 404));
    let refused = enrol(&router, &boss, "guess").await;
    assert_eq!(refused.problem(), ("/problems/wrong-credentials".to_owned(), 401));
    let refused = enrol(&api::router(app(db)), &boss, PASSWORD).await;
    assert_eq!(refused.problem(), ("/problems/no-key".to_owned(), 503));
    let enrolled = enrol(&router, &boss, PASSWORD).await;
    assert_eq!(enrolled.status, 200, "{enrolled:?}");
    let device = enrolled.json();
    assert_eq!(login(&router, None).await.status, 200, "it counts from the confirmation on");

    let refused = show(&router, &boss, "confirmation", "no number").await;
    assert_eq!(refused.problem(), second_factor_required());
    let confirmed = show(&router, &boss, "confirmation", &shown(&device, &clock)).await;
    let distinct: BTreeSet<String> = codes(&confirmed).into_iter().collect();
    assert_eq!(distinct.len(), 10);
    assert_eq!(state(&router, &boss).await, json!({"is_enabled": true, "recovery_codes_left": 10}));
    let again = enrol(&router, &boss, PASSWORD).await;
    assert_eq!(again.problem(), ("/problems/already-exists".to_owned(), 409));

    assert_eq!(login(&router, None).await.problem(), second_factor_required());
    clock.advance(TimeDelta::seconds(60));
    let otp = shown(&device, &clock);
    assert_eq!(login(&router, Some(&otp)).await.status, 200);
    assert_eq!(login(&router, Some(&otp)).await.problem(), second_factor_required());
    clock.advance(TimeDelta::seconds(60));
    let removed = show(&router, &boss, "removal", &shown(&device, &clock)).await;
    assert_eq!(removed.status, 204, "{removed:?}");
    assert_eq!(login(&router, None).await.status, 200);
}

async fn a_recovery_code_lets_in_once_and_ends_a_lost_device(db: &DatabaseConnection) {
    let (router, clock, boss) = server(db).await;
    let device = enrol(&router, &boss, PASSWORD).await.json();
    let first = codes(&show(&router, &boss, "confirmation", &shown(&device, &clock)).await);

    assert_eq!(login(&router, Some(&first[0])).await.status, 200);
    assert_eq!(login(&router, Some(&first[0])).await.problem(), second_factor_required());
    let as_written = format!(" {} ", first[1].to_uppercase().replace('-', ""));
    assert_eq!(login(&router, Some(&as_written)).await.status, 200);
    assert_eq!(state(&router, &boss).await["recovery_codes_left"], 8);

    let second = codes(&show(&router, &boss, "recovery-codes", &first[2]).await);
    assert_eq!(state(&router, &boss).await["recovery_codes_left"], 10);
    let refused = login(&router, Some(&first[3])).await;
    assert_eq!(refused.problem(), second_factor_required());

    let refused = show(&router, &boss, "removal", &first[3]).await;
    assert_eq!(refused.problem(), second_factor_required());
    let removed = show(&router, &boss, "removal", &second[0]).await;
    assert_eq!(removed.status, 204, "{removed:?}");
    assert_eq!(state(&router, &boss).await, json!({"is_enabled": false, "recovery_codes_left": 0}));
    assert_eq!(login(&router, None).await.status, 200);
    let none = show(&router, &boss, "recovery-codes", &second[1]).await;
    assert_eq!(none.problem(), second_factor_required());
}

async fn the_lost_factor_of_somebody_else_is_ended_by_whoever_may(db: &DatabaseConnection) {
    let (router, clock, boss) = server(db).await;
    let (ana_id, ana) = somebody(&router, &boss, "ana", &[]).await;
    let (bob_id, bob) = somebody(&router, &boss, "bob", &["maintainer"]).await;
    let me = call(&router, &boss, Method::GET, "/api/v1/me", Value::Null).await.json();
    let boss_id = me["user"]["id"].as_i64().unwrap();
    let end = async |token: &str, id: i64| {
        let path = format!("/api/v1/users/{id}/second-factor");
        call(&router, token, Method::DELETE, &path, Value::Null).await
    };
    let none = end(&bob, ana_id).await;
    assert_eq!(none.problem(), ("/problems/not-found".to_owned(), 404));
    for token in [&ana, &boss, &bob] {
        let device = enrol(&router, token, PASSWORD).await.json();
        codes(&show(&router, token, "confirmation", &shown(&device, &clock)).await);
    }

    for (token, id, kind, status) in [
        (&ana, boss_id, "forbidden", 403),
        (&bob, boss_id, "exceeds", 403),
        (&bob, bob_id, "invalid", 422),
        (&bob, 4_000_000_000, "not-found", 404),
    ] {
        let refused = end(token, id).await;
        assert_eq!(refused.problem(), (format!("/problems/{kind}"), status), "{refused:?}");
    }
    for token in [&ana, &boss, &bob] {
        assert_eq!(state(&router, token).await["is_enabled"], true);
    }
    let ended = end(&bob, ana_id).await;
    assert_eq!(ended.status, 204, "{ended:?}");

    assert_eq!(call(&router, &ana, Method::GET, OWN, Value::Null).await.status, 401);
    let again = try_login(&router, "ana", PASSWORD).await;
    assert_eq!(again.status, 200, "{again:?}");
    let token = again.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(
        state(&router, &token).await,
        json!({"is_enabled": false, "recovery_codes_left": 0})
    );
    let log = format!("/api/v1/system-logs?limit=1&subject_kind=user&subject_id={ana_id}");
    let log = call(&router, &boss, Method::GET, &log, Value::Null).await.json();
    let entry = &log["entries"][0];
    assert_eq!(
        (&entry["action"], &entry["actor_id"]),
        (&json!("second_factor.disable"), &json!(bob_id))
    );
    assert_eq!(entry["details"], json!({"sessions_ended": 1}));
}
