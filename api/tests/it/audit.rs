//! The log over HTTP, and whether it is whole.

use std::collections::BTreeSet;

use axum::{Router, http::Method};
use sea_orm::DatabaseConnection;
use serde_json::{Value, json};

use crate::{
    client::Answer,
    people::{call, somebody, with_boss},
};

plimsoll::on_every_database!(migration::app:
    the_log_is_read_the_newest_first_and_by_what_is_asked,
    what_is_no_question_is_refused,
    the_chain_is_looked_at,
    the_log_needs_a_right,
);

async fn make_roles(router: &Router, boss: &str, names: &[&str]) {
    for name in names {
        let made = call(router, boss, Method::POST, "/api/v1/roles", json!({"name": name})).await;
        assert_eq!(made.status, 201, "{made:?}");
    }
}

async fn log(router: &Router, token: &str, query: &str) -> Answer {
    call(router, token, Method::GET, &format!("/api/v1/system-logs{query}"), Value::Null).await
}

async fn the_log_is_read_the_newest_first_and_by_what_is_asked(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    make_roles(&router, &boss, &["one", "two", "three"]).await;

    let whole = log(&router, &boss, "").await;
    let entries = whole.json()["entries"].as_array().unwrap().clone();
    assert!(entries.len() >= 3, "{whole:?}");
    assert_eq!(whole.json()["next"], Value::Null);
    let newest = &entries[0];
    let is_digest = |entry: &Value| entry["digest"].as_str().is_some_and(|it| it.len() == 64);
    assert!(entries.iter().all(is_digest), "{whole:?}");
    assert!(newest["position"].as_i64() > entries[1]["position"].as_i64(), "{whole:?}");
    assert_eq!((&newest["level"], &newest["actor_name"]), (&json!("info"), &json!("Boss")));

    let mut ids = BTreeSet::new();
    let mut query = "?limit=2".to_owned();
    loop {
        let page = log(&router, &boss, &query).await.json();
        for entry in page["entries"].as_array().unwrap() {
            assert!(ids.insert(entry["id"].as_i64().unwrap()), "{entry}");
        }
        let Some(next) = page["next"].as_str() else { break };
        query = format!("?limit=2&cursor={next}");
    }
    assert_eq!(ids.len(), entries.len());
    let (kind, id) = (newest["subject_kind"].as_str().unwrap(), &newest["subject_id"]);
    let about = format!("?subject_kind={kind}&subject_id={}", id.as_str().unwrap());
    let about = log(&router, &boss, &about).await;
    assert_eq!(about.json()["entries"][0], *newest, "{about:?}");
    let component = format!("?component={}", newest["component"].as_str().unwrap());
    assert!(log(&router, &boss, &component).await.json()["entries"].as_array().unwrap().len() >= 3);
    for none in ["?component=nothing", "?actor_id=4000000000", "?until=2000-01-01T00:00:00Z"] {
        assert_eq!(log(&router, &boss, none).await.json()["entries"], json!([]), "{none}");
    }
}

async fn what_is_no_question_is_refused(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;

    for wrong in [
        "?limit=0",
        "?limit=101",
        "?cursor=x",
        "?subject_kind=role",
        "?since=1969-12-31T00:00:00Z",
        "?until=2038-12-31T00:00:00Z",
        "?until=2026-01-02T03:04:60Z",
    ] {
        let refused = log(&router, &boss, wrong).await;
        assert_eq!(refused.problem(), ("/problems/invalid".to_owned(), 422), "{wrong}");
    }
    for wrong in ["?limit=x", "?since=yesterday", "?nothing=1"] {
        let refused = log(&router, &boss, wrong).await;
        assert_eq!(refused.problem(), ("/problems/malformed".to_owned(), 400), "{wrong}");
    }
}

async fn the_chain_is_looked_at(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    make_roles(&router, &boss, &["one"]).await;

    let whole = call(&router, &boss, Method::GET, "/api/v1/audit-chain", Value::Null).await;

    let last = log(&router, &boss, "?limit=1").await.json()["entries"][0]["position"].clone();
    assert_eq!(whole.json(), json!({"is_whole": true, "from": 1, "to": last, "fault": null}));
}

async fn the_log_needs_a_right(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (_, ana) = somebody(&router, &boss, "ana", &[]).await;

    for path in ["/api/v1/system-logs", "/api/v1/audit-chain"] {
        let refused = call(&router, &ana, Method::GET, path, Value::Null).await;
        assert_eq!(refused.problem(), ("/problems/forbidden".to_owned(), 403), "{path}");
    }
}
