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
    people::{PASSWORD, call, with_boss},
};

plimsoll::on_every_database!(migration::app:
    a_second_factor_is_confirmed_and_asked_for,
    a_recovery_code_lets_in_once_and_ends_a_lost_device,
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
