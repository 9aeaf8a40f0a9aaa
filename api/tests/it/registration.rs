//! Registering over HTTP.

use axum::{Router, http::Method};
use futures_util::future::join;
use sea_orm::DatabaseConnection;
use serde_json::{Value, json};

use crate::{
    client::{Answer, ask, from, send},
    mail::{Posting, public, token_in},
    people::{PASSWORD, call, login, try_login, with_boss},
};

plimsoll::on_every_database!(migration::app:
    whoever_registers_logs_in_when_the_address_is_verified,
    registration_has_a_switch_a_limit_and_rules,
);

async fn set(router: &Router, boss: &str, key: &str, value: Value) {
    let path = format!("/api/v1/settings/{key}");
    let set = call(router, boss, Method::PUT, &path, json!({"value": value})).await;
    assert_eq!(set.status, 200, "{set:?}");
}

fn person(name: &str) -> Value {
    json!({"username": name, "email": format!("{name}@example.org"), "password": PASSWORD})
}

async fn register(router: &Router, address: &str, input: &Value) -> Answer {
    ask(router, from(address, send(Method::POST, "/api/v1/registration", "", input))).await
}

async fn whoever_registers_logs_in_when_the_address_is_verified(db: &DatabaseConnection) {
    let posting = Posting::begin(db).await;
    let (router, boss) = (&posting.router, &posting.boss);
    set(router, boss, "users.registration_enabled", json!(true)).await;

    let made = public(router, "registration", person("ana")).await;
    let wrong = try_login(router, "ana", "guess").await;
    let nobody = try_login(router, "nobody", "guess").await;
    let early = try_login(router, "ana", PASSWORD).await;
    let mail = posting.mail("ana@example.org", "confirm your e-mail address").await;
    let input = json!({"token": token_in(&mail)});
    let verified = public(router, "email-verification", input).await;

    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.json()["is_verified"], false);
    assert!(!made.body.contains("argon2"), "{}", made.body);
    assert_eq!(wrong.problem(), ("/problems/wrong-credentials".to_owned(), 401));
    assert_eq!(wrong.problem(), nobody.problem());
    assert_eq!(early.problem(), ("/problems/unverified".to_owned(), 403));
    assert_eq!(early.json()["code"], "SRV0005");
    assert_eq!(verified.status, 204);
    let ana = login(router, "ana", PASSWORD).await;
    let me = call(router, &ana, Method::GET, "/api/v1/me", Value::Null).await.json();
    assert_eq!(me["roles"], json!(["viewer"]));
    let logs = "/api/v1/system-logs?limit=100";
    let logs = call(router, boss, Method::GET, logs, Value::Null).await;
    assert!(logs.body.contains("email.verify") && logs.body.contains("user.create"), "{logs:?}");
    posting.end().await;
}

async fn registration_has_a_switch_a_limit_and_rules(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;

    let closed = register(&router, "192.0.2.1", &person("ana")).await;
    set(&router, &boss, "users.registration_enabled", json!(true)).await;
    let weak = json!({"username": "ana", "email": "ana@example.org", "password": "short"});
    let weak = register(&router, "192.0.2.2", &weak).await;
    let without = json!({"username": "ana", "password": PASSWORD});
    let without = register(&router, "192.0.2.2", &without).await;
    let mut lines = person("ana");
    lines["username"] = json!("ana\r\nBcc: eve@example.org");
    let lines = register(&router, "192.0.2.2", &lines).await;
    set(&router, &boss, "users.max_count", json!(2)).await;
    let (ana, bo) = (person("ana"), person("bo"));
    let (one, other) =
        join(register(&router, "192.0.2.3", &ana), register(&router, "192.0.2.4", &bo)).await;
    set(&router, &boss, "users.max_count", json!(0)).await;
    let taken = if one.status == 201 { &ana } else { &bo };
    let taken = register(&router, "192.0.2.5", taken).await;
    let mut slowed = 0;
    for _ in 0..30 {
        slowed += u32::from(register(&router, "192.0.2.6", &ana).await.status == 429);
    }

    assert_eq!(closed.problem(), ("/problems/not-found".to_owned(), 404));
    assert_eq!(closed.json()["code"], "SRV0018");
    for refused in [&weak, &without, &lines] {
        assert_eq!(refused.problem(), ("/problems/invalid".to_owned(), 422));
    }
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{one:?} {other:?}");
    let full = if one.status == 201 { &other } else { &one };
    assert_eq!(full.problem(), ("/problems/refused".to_owned(), 409));
    assert_eq!(taken.problem(), ("/problems/already-exists".to_owned(), 409));
    assert!(slowed >= 10, "{slowed}");
}
