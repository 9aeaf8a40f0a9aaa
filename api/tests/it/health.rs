//! `/livez` and `/readyz`.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use axum::{Router, http::Method};
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, Statement};

use crate::client::{app, ask, get, request};

plimsoll::on_every_database!(
    migration::app:
    a_migrated_database_is_ready,
    a_pending_migration_is_not_ready_and_stays_pending,
    a_migration_of_a_later_release_does_not_hinder,
);

fn router(db: &DatabaseConnection) -> Router {
    api::router(app(db))
}

async fn a_migrated_database_is_ready(db: &DatabaseConnection) {
    let answer = ask(&router(db), get("/readyz")).await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), serde_json::json!({ "status": "ok" }));
}

async fn a_pending_migration_is_not_ready_and_stays_pending(db: &DatabaseConnection) {
    let last = versions(db).await.pop().unwrap();
    db.execute_unprepared(&format!("DELETE FROM seaql_migrations WHERE version = '{last}'"))
        .await
        .unwrap();

    let answer = ask(&router(db), get("/readyz")).await;

    assert_eq!(answer.problem(), ("/problems/not-ready".to_owned(), 503));
    assert_eq!(answer.json()["detail"], "migrations are pending");
    assert!(!answer.body.contains(&last), "{}", answer.body);
    assert!(!versions(db).await.contains(&last));
}

async fn a_migration_of_a_later_release_does_not_hinder(db: &DatabaseConnection) {
    db.execute_unprepared(
        "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m20991231_000000_later', 0)",
    )
    .await
    .unwrap();

    let answer = ask(&router(db), get("/readyz")).await;

    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn without_a_database_it_lives_and_is_not_ready() {
    let db = Database::connect("sqlite::memory:").await.unwrap();
    db.clone().close().await.unwrap();
    let router = router(&db);

    let live = ask(&router, get("/livez")).await;
    let ready = ask(&router, get("/readyz")).await;

    assert_eq!(live.status, 200);
    assert_eq!(ready.problem(), ("/problems/not-ready".to_owned(), 503));
    assert_eq!(ready.json()["detail"], "the database does not answer");
}

#[tokio::test]
async fn a_database_that_is_silent_is_not_waited_for() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://user:geheim@{}/name", silent.local_addr().unwrap());
    let options = ConnectOptions::new(url).connect_lazy(true).to_owned();
    let router = router(&Database::connect(options).await.unwrap());
    let began = Instant::now();

    let answer = ask(&router, get("/readyz")).await;

    assert_eq!(answer.problem(), ("/problems/not-ready".to_owned(), 503));
    assert!(!answer.body.contains("geheim"), "{}", answer.body);
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}

#[tokio::test]
async fn head_is_answered_like_get_without_a_body() {
    let router = router(&Database::connect("sqlite::memory:").await.unwrap());

    let answer = ask(&router, request(Method::HEAD, "/livez")).await;

    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""));
    assert_eq!(answer.header("content-type"), "application/json");
}

async fn versions(db: &DatabaseConnection) -> Vec<String> {
    let select = Statement::from_string(
        db.get_database_backend(),
        "SELECT version FROM seaql_migrations ORDER BY version",
    );
    let rows = db.query_all_raw(select).await.unwrap();
    rows.iter().map(|row| row.try_get("", "version").unwrap()).collect()
}
