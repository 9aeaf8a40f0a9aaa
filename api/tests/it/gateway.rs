//! The gateway over HTTP: what is offered, who finds it, and how often it is called.

use axum::{Router, http::Method};
use chrono::{TimeDelta, Utc};
use sea_orm::DatabaseConnection;
use serde_json::{Value, json};

use crate::{
    client::Answer,
    people::{call, somebody, with_boss},
};

plimsoll::on_every_database!(migration::app:
    what_is_offered_is_defined_chosen_changed_and_removed,
    a_gateway_finds_what_is_offered_and_switched_on,
    calls_are_counted_and_told,
    whoever_may_not_define_or_count_does_not,
);

const APIS: &str = "/api/v1/api-definitions";

/// A server, and whoever asks it.
type At<'a> = (&'a Router, &'a str);

async fn get((router, token): At<'_>, path: &str) -> Answer {
    call(router, token, Method::GET, path, Value::Null).await
}

async fn post((router, token): At<'_>, path: &str, input: Value) -> Answer {
    call(router, token, Method::POST, path, input).await
}

async fn patch((router, token): At<'_>, id: i64, input: Value) -> Answer {
    call(router, token, Method::PATCH, &format!("{APIS}/{id}"), input).await
}

async fn offer(at: At<'_>, path: &str) -> i64 {
    let input = json!({"name": path, "path": path, "method": "GET", "version": "v1"});
    let made = post(at, APIS, input).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json()["id"].as_i64().unwrap()
}

fn problem(kind: &str, status: u16) -> (String, u16) {
    (format!("/problems/{kind}"), status)
}

async fn what_is_offered_is_defined_chosen_changed_and_removed(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let at = (&router, &*boss);
    let (orders, ships) = (offer(at, "/orders/").await, offer(at, "/ships").await);

    let again = json!({"name": "other", "path": "/orders", "method": "GET", "version": "v1"});
    let again = post(at, APIS, again).await;
    let unknown = json!({"name": "other", "path": "/", "method": "BREW", "version": "v1"});
    let unknown = post(at, APIS, unknown).await;
    let changed = patch(at, ships, json!({"enabled": false, "openapi_spec": {"openapi": "3.1.0"}}));
    let changed = changed.await;
    let off = get(at, &format!("{APIS}?enabled=false&fields=id")).await.json();
    let sorted = get(at, &format!("{APIS}?sort=-path&fields=path")).await.json();
    let gone = call(&router, &boss, Method::DELETE, &format!("{APIS}/{orders}"), Value::Null).await;

    assert_eq!(again.problem(), problem("already-exists", 409));
    assert_eq!(unknown.problem(), problem("invalid", 422));
    assert_eq!(changed.json()["openapi_spec"], json!({"openapi": "3.1.0"}));
    assert_eq!(off["items"], json!([{"id": ships}]));
    assert_eq!(sorted["items"], json!([{"path": "/ships"}, {"path": "/orders"}]));
    assert_eq!(gone.status, 204);
    assert_eq!(get(at, &format!("{APIS}/{orders}")).await.problem(), problem("not-found", 404));
}

async fn a_gateway_finds_what_is_offered_and_switched_on(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let at = (&router, &*boss);
    let id = offer(at, "/orders").await;
    let path = format!("{APIS}/find?path=%2Forders%2F&method=GET&version=v1");

    let found = get(at, &path).await;
    let other = get(at, &path.replace("GET", "PUT")).await;
    let unknown = get(at, &path.replace("GET", "BREW")).await;
    patch(at, id, json!({"enabled": false})).await;
    let off = get(at, &path).await;

    assert_eq!(found.json()["id"], id);
    assert_eq!(other.problem(), problem("not-found", 404));
    assert_eq!(unknown.problem(), problem("malformed", 400));
    assert_eq!(off.problem(), problem("refused", 409));
    assert_eq!(off.json()["code"], "SRV0015");
    assert!(off.body.contains("`inactive`"), "{off:?}");
}

async fn calls_are_counted_and_told(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let at = (&router, &*boss);
    let id = offer(at, "/orders").await;
    let one = |api_id: i64, status: i32, took: i64| json!({"api_id": api_id, "method": "GET", "status_code": status, "response_time_ms": took});
    let calls = json!([one(id, 200, 5), one(id, 204, 9), one(id, 404, 1), one(999, 200, 1)]);

    let counted = post(at, "/api/v1/api-usage", json!({"calls": calls})).await;
    let wrong = json!({"calls": [one(id, 200, 5), one(id, 99, 5)]});
    let wrong = post(at, "/api/v1/api-usage", wrong).await;

    assert_eq!(counted.json(), json!({"counted": 3}));
    assert_eq!(wrong.problem(), problem("invalid", 422));
    let at_hour = |hours: i64| {
        (Utc::now() + TimeDelta::hours(hours)).format("%Y-%m-%dT%H:%M:%SZ").to_string()
    };
    let span = format!("from={}&to={}", at_hour(-2), at_hour(2));
    let days = get(at, &format!("{APIS}/{id}/usage?{span}")).await.json();
    let class = |day: &Value| day["class"].as_i64().unwrap();
    let told: Vec<i64> = days.as_array().unwrap().iter().map(class).collect();
    assert_eq!(told, [2, 4], "{days}");
    assert_eq!(days[0]["calls"], 2);
    assert_eq!(days[0]["response_time_ms_sum"], 14);
    assert_eq!(days[0]["response_time_ms_max"], 9);
    let top = get(at, &format!("/api/v1/api-usage/top?{span}&limit=1")).await.json();
    assert_eq!(top[0]["api_id"], id);
    assert_eq!(top[0]["calls"], 3);
    let leap = "from=2026-01-02T03:04:60Z&to=2026-01-03T00:00:00Z";
    let backwards = format!("from={}&to={}", at_hour(2), at_hour(-2));
    for (path, expected) in [
        (format!("{APIS}/999/usage?{span}"), problem("not-found", 404)),
        (format!("{APIS}/{id}/usage?{backwards}"), problem("invalid", 422)),
        (format!("{APIS}/{id}/usage?{leap}"), problem("invalid", 422)),
        (format!("/api/v1/api-usage/top?{span}&limit=101"), problem("invalid", 422)),
        ("/api/v1/api-usage/top".to_owned(), problem("malformed", 400)),
    ] {
        assert_eq!(get(at, &path).await.problem(), expected, "{path}");
    }
}

async fn whoever_may_not_define_or_count_does_not(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (_, ana) = somebody(&router, &boss, "ana", &["viewer"]).await;
    let (_, bob) = somebody(&router, &boss, "bob", &["maintainer"]).await;
    let (ana, bob) = ((&router, &*ana), (&router, &*bob));
    let id = offer(bob, "/orders").await;

    assert_eq!(get(ana, &format!("{APIS}/{id}")).await.status, 200);
    let found = format!("{APIS}/find?path=%2Forders&method=GET&version=v1");
    for (refused, code) in [
        (post(ana, APIS, json!({})).await, "gateway:create"),
        (patch(ana, id, json!({})).await, "gateway:update"),
        (post(bob, "/api/v1/api-usage", json!({"calls": []})).await, "gateway:count"),
        (get(bob, &found).await, "gateway:count"),
    ] {
        assert_eq!(refused.problem(), problem("forbidden", 403), "{code}");
        assert_eq!(refused.json()["detail"], format!("missing permission `{code}`"));
    }
    assert_eq!(patch(bob, 999, json!({})).await.problem(), problem("not-found", 404));
}
