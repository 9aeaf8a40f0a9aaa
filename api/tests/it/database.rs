//! A database that does not serve now is no fault of the server, and says when to come again.

use axum::http::Method;
use plimsoll::{config, connect, testing::Scratch};
use sea_orm::{
    AccessMode, ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DbBackend,
    Statement, TransactionTrait as _,
};
use serde_json::{Value, json};
use service::{
    World,
    identity::{caller, session::Client},
};

use crate::{
    client::Answer,
    people::{call, with_boss},
};

plimsoll::on_every_database!(migration::app: a_use_that_cannot_be_noted_refuses_nobody);
plimsoll::on_every_empty_database!(connections_that_the_server_ends_are_not_ready);

fn is_not_ready(answer: &Answer) -> bool {
    if answer.status == 200 {
        return false;
    }
    assert_eq!(answer.problem(), ("/problems/not-ready".to_owned(), 503));
    assert_eq!(answer.json()["code"], "API0008");
    assert_eq!(answer.header("retry-after"), "5");
    true
}

async fn a_use_that_cannot_be_noted_refuses_nobody(db: &DatabaseConnection) {
    let (_, boss) = with_boss(db).await;
    let is_file = db.get_database_backend() == DbBackend::Sqlite;
    // SQLite's transactions have no access mode.
    let access = (!is_file).then_some(AccessMode::ReadOnly);
    let reader = db.begin_with_config(None, access).await.unwrap();
    if is_file {
        reader.execute_unprepared("PRAGMA query_only = ON").await.unwrap();
    }

    let caller = caller::authenticate(&reader, &World::system(), &boss, Client::default()).await;

    assert_eq!(caller.unwrap().user.username, "Boss");
    if is_file {
        reader.execute_unprepared("PRAGMA query_only = OFF").await.unwrap();
    }
}

async fn connections_that_the_server_ends_are_not_ready(scratch: &Scratch) {
    migration::app().up(&scratch.database).await.unwrap();
    let (router, boss) = with_boss(&scratch.db).await;
    let other = connect::session(&scratch.database).await.unwrap();

    let mut refused = 0;
    for round in 0..6 {
        end_connections(&other).await;
        let answer = match round % 2 {
            0 => call(&router, &boss, Method::GET, "/api/v1/me", Value::Null).await,
            _ => call(&router, &boss, Method::PATCH, "/api/v1/me", json!({"bio": "x"})).await,
        };
        refused += u32::from(is_not_ready(&answer));
    }

    let is_file = other.get_database_backend() == DbBackend::Sqlite;
    assert_eq!(refused == 0, is_file, "{refused}");
    // A pool may have several that are gone; each is found out once.
    let mut again = 0;
    while is_not_ready(&call(&router, &boss, Method::GET, "/api/v1/me", Value::Null).await) {
        again += 1;
        assert!(again < 20);
    }
}

/// Ends all connections to the database but this one. A file has none that could be ended.
async fn end_connections(db: &DatabaseConnection) {
    let backend = db.get_database_backend();
    let (list, end) = match backend {
        DbBackend::Postgres => (
            "SELECT pid::int8 AS id FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
            "SELECT pg_terminate_backend(?::int4, 5000)",
        ),
        DbBackend::MySql => (
            "SELECT cast(id AS signed) AS id FROM information_schema.processlist
             WHERE db = database() AND id <> connection_id()",
            "KILL ?",
        ),
        _ => return,
    };
    let rows = db.query_all_raw(Statement::from_string(backend, list)).await.unwrap();
    for row in rows {
        let id: i64 = row.try_get("", "id").unwrap();
        db.execute_unprepared(&end.replace('?', &id.to_string())).await.unwrap();
    }
}

#[tokio::test]
async fn a_file_that_another_process_writes_to_is_read_and_not_ready_to_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let database = config::Database::from_url("sqlite:plimsoll.db", folder.path()).unwrap();
    migration::app().up(&database).await.unwrap();
    let url = format!("sqlite:{}", database.file().unwrap().display());
    let db = Database::connect(ConnectOptions::new(url).max_connections(1).to_owned()).await;
    let db = db.unwrap();
    db.execute_unprepared("PRAGMA busy_timeout = 20").await.unwrap();
    let (router, boss) = with_boss(&db).await;
    let other = connect::session(&database).await.unwrap();
    other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();

    let read = call(&router, &boss, Method::GET, "/api/v1/me", Value::Null).await;
    let written = call(&router, &boss, Method::PATCH, "/api/v1/me", json!({"bio": "x"})).await;
    other.execute_unprepared("ROLLBACK").await.unwrap();
    let again = call(&router, &boss, Method::PATCH, "/api/v1/me", json!({"bio": "x"})).await;

    assert_eq!(read.status, 200, "{read:?}");
    assert!(is_not_ready(&written), "{written:?}");
    assert_eq!(again.status, 200, "{again:?}");
}
