//! What Prometheus reads.

use api::{App, Metrics};
use axum::{Router, http::Method};
use sea_orm::{Database, DatabaseConnection};
use serde_json::{Value, json};

use crate::{
    client::{Answer, app, ask, get, request, send},
    people::{PASSWORD, call, try_login, with_boss},
};

plimsoll::on_every_database!(migration::app:
    queries_and_connections_are_counted,
    logins_are_counted_by_how_they_end,
    what_is_remembered_of_rights_is_counted,
);

const TOKEN: &str = "0123456789abcdef";

fn router(db: &DatabaseConnection) -> Router {
    let mut db = db.clone();
    let metrics = Metrics::default();
    metrics.watch(&mut db);
    api::router(App { metrics, metrics_token: Some(TOKEN.into()), ..app(&db) })
}

async fn without_tables() -> DatabaseConnection {
    Database::connect("sqlite::memory:").await.unwrap()
}

async fn read(router: &Router, token: &str) -> Answer {
    ask(router, send(Method::GET, "/metrics", token, &Value::Null)).await
}

fn says(answer: &Answer, line: &str) {
    assert!(answer.body.lines().any(|it| it == line), "{line}\n{}", answer.body);
}

fn value(answer: &Answer, name: &str) -> u64 {
    let found = answer.body.lines().find_map(|line| line.strip_prefix(name));
    found.unwrap_or_else(|| panic!("{name}: {}", answer.body)).trim().parse().unwrap()
}

#[tokio::test]
async fn without_the_variable_there_is_nothing_to_read() {
    let router = api::router(app(&without_tables().await));

    let without = read(&router, "").await;
    let with = read(&router, TOKEN).await;

    assert_eq!(without.problem(), ("/problems/unauthenticated".to_owned(), 401));
    assert_eq!(with.problem(), ("/problems/not-found".to_owned(), 404));
}

#[tokio::test]
async fn only_who_has_the_token_reads() {
    let router = router(&without_tables().await);

    for wrong in ["", "0123456789abcdeF", "0123456789abcdef0", "0123456789abcde"] {
        let refused = read(&router, wrong).await;
        assert_eq!(refused.problem(), ("/problems/unauthenticated".to_owned(), 401), "{wrong}");
    }
    let answer = read(&router, TOKEN).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        answer.header("content-type"),
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    assert!(answer.body.ends_with("# EOF\n"), "{}", answer.body);
}

#[tokio::test]
async fn requests_are_counted_by_their_pattern_and_never_by_what_was_asked_for() {
    let router = router(&without_tables().await);

    for path in ["/livez", "/livez", "/api/v1/users/4711", "/nothing/geheim?token=geheim"] {
        ask(&router, get(path)).await;
    }
    ask(&router, request(Method::from_bytes(b"BREW").unwrap(), "/livez")).await;
    let answer = read(&router, TOKEN).await;

    for (labels, number) in [
        (r#"method="GET",route="/livez",status="2xx""#, 2),
        (r#"method="GET",route="/api/v1/users/{id}",status="4xx""#, 1),
        (r#"method="GET",route="unmatched",status="4xx""#, 1),
        (r#"method="other",route="/livez",status="4xx""#, 1),
    ] {
        says(&answer, &format!("plimsoll_http_requests_total{{{labels}}} {number}"));
        says(
            &answer,
            &format!("plimsoll_http_request_duration_seconds_count{{{labels}}} {number}"),
        );
    }
    for given in ["4711", "geheim", "BREW"] {
        assert!(!answer.body.contains(given), "{given}: {}", answer.body);
    }
}

async fn queries_and_connections_are_counted(db: &DatabaseConnection) {
    let router = router(db);

    try_login(&router, "nobody", PASSWORD).await;
    let answer = read(&router, TOKEN).await;

    let value = |name: &str| value(&answer, name);
    assert!(value(r#"plimsoll_db_query_duration_seconds_count{outcome="succeeded"}"#) > 0);
    let idle = value(r#"plimsoll_db_connections{state="idle"}"#);
    let used = value(r#"plimsoll_db_connections{state="used"}"#);
    assert!(idle + used > 0, "{}", answer.body);
}

async fn logins_are_counted_by_how_they_end(db: &DatabaseConnection) {
    let _ = with_boss(db).await;
    let router = router(db);

    let well = try_login(&router, "boss", PASSWORD).await;
    let ill = try_login(&router, "nobody", PASSWORD).await;
    let answer = read(&router, TOKEN).await;

    assert_eq!([well.status.as_u16(), ill.status.as_u16()], [200, 401]);
    says(&answer, r#"plimsoll_logins_total{outcome="succeeded"} 1"#);
    says(&answer, r#"plimsoll_logins_total{outcome="wrong_credentials"} 1"#);
}

async fn what_is_remembered_of_rights_is_counted(db: &DatabaseConnection) {
    let (_, boss) = with_boss(db).await;
    let router = router(db);
    let numbers = async || {
        let answer = read(&router, TOKEN).await;
        [
            r#"plimsoll_rights_cache_lookups_total{outcome="hit"}"#,
            r#"plimsoll_rights_cache_lookups_total{outcome="miss"}"#,
            "plimsoll_rights_cache_entries",
        ]
        .map(|name| value(&answer, name))
    };
    assert_eq!(numbers().await, [0, 0, 0]);

    for _ in 0..3 {
        let listed = call(&router, &boss, Method::GET, "/api/v1/users", Value::Null).await;
        assert_eq!(listed.status, 200, "{listed:?}");
    }

    assert_eq!(numbers().await, [2, 1, 1]);
    // A change that has ended here leaves nothing to answer by until the database was asked.
    let refreshes = "plimsoll_rights_cache_refreshes_total";
    let before = value(&read(&router, TOKEN).await, refreshes);
    let ana = json!({"username": "ana"});
    let made = call(&router, &boss, Method::POST, "/api/v1/users", ana).await;
    assert_eq!(made.status, 201, "{made:?}");
    call(&router, &boss, Method::GET, "/api/v1/users", Value::Null).await;
    assert!(value(&read(&router, TOKEN).await, refreshes) > before);
}
