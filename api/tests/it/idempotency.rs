//! Idempotency keys over HTTP: a `POST` that comes twice is done once.

use std::{pin::pin, time::Duration};

use api::App;
use axum::{
    Router,
    body::Body,
    http::{HeaderValue, Method, Request},
};
use chrono::{DateTime, TimeDelta, Utc};
use plimsoll::schema::Type;
use sea_orm::{
    ConnectionTrait, Database, DatabaseConnection, EntityTrait, PaginatorTrait,
    sea_query::{Expr, ExprTrait, Query},
};
use serde_json::{Value, json};
use service::{
    entity::identity::idempotency_key::{Column, Entity},
    seal::Keyring,
};

use crate::{
    client::{Answer, app, ask, get, send},
    people::{call, somebody, with_boss},
};

plimsoll::on_every_database!(migration::app:
    a_repeat_makes_nothing_and_is_answered_as_before,
    a_secret_that_is_shown_again_stands_nowhere_in_the_database,
    of_two_at_once_one_is_done,
    what_a_client_does_not_wait_for_is_done_and_told_later,
    what_was_refused_is_refused_again_and_what_failed_is_tried_again,
    keys_of_others_are_other_keys,
    what_cannot_be_told_again_is_not_done_again,
);

const KEY: &str = "8e03978e-40d5-43e8-bc93-6894a57f9324";
const API_KEYS: &str = "/api/v1/me/api-keys";
const ROLES: &str = "/api/v1/roles";

fn keyed(token: &str, key: &str, path: &str, body: &Value) -> Request<Body> {
    let mut request = send(Method::POST, path, token, body);
    request.headers_mut().insert("idempotency-key", HeaderValue::from_str(key).unwrap());
    request
}

async fn post(router: &Router, token: &str, path: &str, body: &Value) -> Answer {
    ask(router, keyed(token, KEY, path, body)).await
}

fn is_replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == "true"
}

fn problem(kind: &str, status: u16) -> (String, u16) {
    (format!("/problems/{kind}"), status)
}

/// How many API keys somebody has.
async fn api_keys(router: &Router, token: &str) -> usize {
    let listed = call(router, token, Method::GET, API_KEYS, Value::Null).await;
    listed.json().as_array().unwrap().len()
}

async fn remembered(db: &DatabaseConnection) -> u64 {
    Entity::find().count(db).await.unwrap()
}

async fn a_repeat_makes_nothing_and_is_answered_as_before(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let crew = json!({"name": "crew"});

    let first = post(&router, &boss, ROLES, &crew).await;
    let second = post(&router, &boss, ROLES, &crew).await;
    let quoted = ask(&router, keyed(&boss, &format!("\"{KEY}\""), ROLES, &crew)).await;

    assert_eq!((first.status.as_u16(), is_replayed(&first)), (201, false), "{first:?}");
    for again in [&second, &quoted] {
        assert_eq!((again.status.as_u16(), is_replayed(again)), (201, true), "{again:?}");
        assert_eq!(again.body, first.body);
        assert!(again.header("location").starts_with("/api/v1/roles/"), "{again:?}");
        for name in ["location", "content-type", "cache-control"] {
            assert_eq!(again.header(name), first.header(name));
        }
        assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
    }
    for (path, body) in [
        (ROLES, json!({"name": "deck"})),
        ("/api/v1/roles?name=crew", crew.clone()),
        ("/api/v1/teams", crew.clone()),
    ] {
        let other = post(&router, &boss, path, &body).await;
        assert_eq!(other.problem(), problem("idempotency-key-reused", 422));
        assert_eq!(other.json()["code"], "API0017");
    }
    let without = call(&router, &boss, Method::POST, ROLES, crew.clone()).await;
    assert_eq!(without.problem(), problem("already-exists", 409));
    assert_eq!(remembered(db).await, 1);

    for wrong in ["", "short", "sixteen letters!", &"k".repeat(256)] {
        let refused = ask(&router, keyed(&boss, wrong, ROLES, &json!({"name": "deck"}))).await;
        assert_eq!(refused.problem(), problem("malformed", 400), "{wrong}");
    }
    let mut listed = get(ROLES);
    let bearer = HeaderValue::from_str(&format!("Bearer {boss}")).unwrap();
    listed.headers_mut().insert("authorization", bearer);
    listed.headers_mut().insert("idempotency-key", HeaderValue::from_static("short"));
    let listed = ask(&router, listed).await;
    assert_eq!(listed.status, 200, "it means nothing but for a POST: {listed:?}");
    assert_eq!(listed.body.matches("\"crew\"").count(), 1);
    assert!(!listed.body.contains("\"deck\""));

    let large = Value::String("x".repeat(1024 * 1024));
    let refused = ask(&router, keyed(&boss, &KEY.replace('8', "9"), ROLES, &large)).await;
    assert_eq!(refused.problem(), problem("body-too-large", 413));
    assert_eq!(remembered(db).await, 1);
}

async fn a_secret_that_is_shown_again_stands_nowhere_in_the_database(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let laptop = json!({"name": "laptop", "scopes": ["role:read"]});

    let first = post(&router, &boss, API_KEYS, &laptop).await;
    let again = post(&router, &boss, API_KEYS, &laptop).await;

    let secret = first.json()["key"].as_str().unwrap().to_owned();
    assert_eq!((again.json()["key"].as_str(), is_replayed(&again)), (Some(&*secret), true));
    assert_eq!(api_keys(&router, &boss).await, 1);
    assert_eq!(call(&router, &secret, Method::GET, ROLES, Value::Null).await.status, 200);
    for table in service::entity::schema() {
        for column in &table.columns {
            if !matches!(column.ty, Type::String(_) | Type::Text) {
                continue;
            }
            for told in [&*secret, KEY] {
                let query = Query::select()
                    .column(column.name.clone())
                    .from(table.name.clone())
                    .and_where(Expr::col(column.name.clone()).like(format!("%{told}%")))
                    .to_owned();
                let found = db.query_all(&query).await.unwrap();
                assert!(found.is_empty(), "`{}`.`{}` tells {told}", table.name, column.name);
            }
        }
    }
}

async fn of_two_at_once_one_is_done(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let laptop = json!({"name": "laptop", "scopes": []});

    let (one, other) = futures_util::future::join(
        post(&router, &boss, API_KEYS, &laptop),
        post(&router, &boss, API_KEYS, &laptop),
    )
    .await;

    let is_done = |answer: &Answer| answer.status == 201 && !is_replayed(answer);
    let (done, other) = if is_done(&one) { (one, other) } else { (other, one) };
    assert!(is_done(&done), "{done:?}");
    if other.status == 201 {
        assert_eq!((is_replayed(&other), &other.body), (true, &done.body), "{other:?}");
    } else {
        assert_eq!(other.problem(), problem("idempotency-key-in-use", 409));
        assert_eq!((&other.json()["code"], other.header("retry-after")), (&json!("API0014"), "5"));
    }
    assert_eq!(api_keys(&router, &boss).await, 1);
}

async fn what_a_client_does_not_wait_for_is_done_and_told_later(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let laptop = json!({"name": "laptop", "scopes": []});

    {
        let mut asking = pin!(post(&router, &boss, API_KEYS, &laptop));
        let moment = Duration::from_micros(200);
        while tokio::time::timeout(moment, asking.as_mut()).await.is_err() {
            if remembered(db).await > 0 {
                break;
            }
        }
    }
    let mut again = post(&router, &boss, API_KEYS, &laptop).await;
    for _ in 0..250 {
        if again.status != 409 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        again = post(&router, &boss, API_KEYS, &laptop).await;
    }

    assert_eq!((again.status.as_u16(), is_replayed(&again)), (201, true), "{again:?}");
    assert_eq!(api_keys(&router, &boss).await, 1);
}

async fn what_was_refused_is_refused_again_and_what_failed_is_tried_again(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (_, ana) = somebody(&router, &boss, "ana", &[]).await;

    for (token, body, expected) in [
        (&boss, json!({"name": ""}), problem("invalid", 422)),
        (&ana, json!({"name": "crew"}), problem("forbidden", 403)),
    ] {
        let first = post(&router, token, ROLES, &body).await;
        let again = post(&router, token, ROLES, &body).await;
        assert_eq!((first.problem(), again.problem()), (expected.clone(), expected));
        assert_eq!((is_replayed(&first), is_replayed(&again)), (false, true));
        for member in ["type", "title", "status", "code", "detail", "instance"] {
            assert_eq!(again.json()[member], first.json()[member], "{member}");
        }
        assert_eq!(again.header("www-authenticate"), first.header("www-authenticate"));
    }

    let before = remembered(db).await;
    let (path, key) = ("/api/v1/secrets", KEY.replace('8', "9"));
    let secret = json!({"path": "cloud/aws", "value": "hunter2"});
    for _ in 0..2 {
        let failed = ask(&router, keyed(&boss, &key, path, &secret)).await;
        assert_eq!(failed.problem(), problem("no-key", 503));
        assert!(!is_replayed(&failed));
        assert_eq!(remembered(db).await, before);
    }
    let keys = Keyring::read(Some(&format!("{}=", "A".repeat(43)).into())).unwrap();
    let mended = api::router(App { keys, ..app(db) });
    for is_again in [false, true] {
        let stored = ask(&mended, keyed(&boss, &key, path, &secret)).await;
        assert_eq!((stored.status.as_u16(), is_replayed(&stored)), (201, is_again), "{stored:?}");
    }
}

async fn keys_of_others_are_other_keys(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (_, ana) = somebody(&router, &boss, "ana", &[]).await;
    let laptop = json!({"name": "laptop", "scopes": []});
    let program = json!({"name": "program", "scopes": ["role:create"]});
    let program = call(&router, &boss, Method::POST, API_KEYS, program).await.json();
    let program = program["key"].as_str().unwrap();

    let of_boss = post(&router, &boss, API_KEYS, &laptop).await;
    let of_ana = post(&router, &ana, API_KEYS, &laptop).await;
    let made = post(&router, program, ROLES, &json!({"name": "crew"})).await;

    for done in [&of_boss, &of_ana, &made] {
        assert_eq!((done.status.as_u16(), is_replayed(done)), (201, false), "{done:?}");
    }
    assert_ne!(of_boss.json()["key"], of_ana.json()["key"]);
    assert_eq!(remembered(db).await, 3);
    // A key is no proof of who asks.
    let stranger = post(&router, "", API_KEYS, &laptop).await;
    assert_eq!(stranger.problem(), problem("unauthenticated", 401));
}

/// Writes these columns of what is remembered.
async fn set(db: &DatabaseConnection, columns: &[(Column, Expr)]) {
    let update = columns.iter().fold(Entity::update_many(), |update, (column, value)| {
        update.col_expr(*column, value.clone())
    });
    assert_eq!(update.exec(db).await.unwrap().rows_affected, 1);
}

async fn what_cannot_be_told_again_is_not_done_again(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let laptop = json!({"name": "laptop", "scopes": []});
    let again = async || post(&router, &boss, API_KEYS, &laptop).await;
    assert_eq!(again().await.status, 201);

    set(db, &[(Column::Answer, Expr::value(Option::<String>::None))]).await;
    let too_large = again().await;
    let never = Expr::value(Option::<DateTime<Utc>>::None);
    set(db, &[(Column::Status, Expr::value(Option::<i32>::None)), (Column::EndedAt, never)]).await;
    let running = again().await;
    let ago = async |seconds: i64| {
        let then = Utc::now() - TimeDelta::seconds(seconds);
        set(db, &[(Column::CreatedAt, Expr::value(then))]).await;
    };
    // Ten to begin, ten for what is asked, ten for keeping its answer.
    ago(25).await;
    let still_running = again().await;
    ago(31).await;
    let lost = again().await;

    assert_eq!(too_large.problem(), problem("answer-not-kept", 409));
    assert!(too_large.json()["detail"].as_str().unwrap().contains("201"), "{too_large:?}");
    assert_eq!(running.problem(), problem("idempotency-key-in-use", 409));
    assert_eq!(still_running.problem(), problem("idempotency-key-in-use", 409));
    assert_eq!(running.header("retry-after"), "5");
    assert_eq!(lost.problem(), problem("outcome-unknown", 409));
    assert_eq!(lost.header("retry-after"), "");
    assert_eq!(api_keys(&router, &boss).await, 1);
}

#[tokio::test]
async fn the_description_names_the_key_where_it_counts() {
    let router = api::router(app(&Database::connect("sqlite::memory:").await.unwrap()));
    let document = ask(&router, get("/openapi.json")).await.json();
    let reference = json!({"$ref": "#/components/parameters/IdempotencyKey"});

    let header = &document["components"]["parameters"]["IdempotencyKey"];
    assert_eq!((&header["name"], &header["in"]), (&json!("Idempotency-Key"), &json!("header")));
    let (mut with, mut without) = (0, 0);
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let is_described = operation["parameters"]
                .as_array()
                .is_some_and(|parameters| parameters.contains(&reference));
            let is_spared = path.ends_with("/reveal")
                || path.starts_with("/api/v1/authz/")
                || path.starts_with("/api/v1/me/second-factor")
                || path == "/api/v1/me/password";
            let is_somebodys = operation["security"].to_string().contains("bearer");
            let expected = method == "post" && is_somebodys && !is_spared;
            assert_eq!(is_described, expected, "{method} {path}");
            if is_described { with += 1 } else { without += 1 }
        }
    }
    assert!(with > 50 && without > 50, "{with} {without}");
}
