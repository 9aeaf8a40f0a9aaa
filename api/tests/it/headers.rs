//! What browsers are told: with every answer, of TLS, and of pages of other origins.

use std::{num::NonZeroU32, sync::Arc};

use api::{App, Limiter};
use axum::{
    Router,
    body::Body,
    http::{HeaderValue, Method, Request},
};
use sea_orm::Database;

use crate::client::{Answer, app, ask, get};

const ORIGIN: &str = "https://app.example.org";

async fn plain() -> App {
    app(&Database::connect("sqlite::memory:").await.unwrap())
}

async fn with_origin() -> App {
    App { origins: Arc::from([HeaderValue::from_static(ORIGIN)]), ..plain().await }
}

async fn preflight(router: &Router, origin: &str) -> Answer {
    let request = Request::builder()
        .method(Method::OPTIONS)
        .uri("/api/v1/users/1")
        .header("origin", origin)
        .header("access-control-request-method", "PATCH")
        .header("access-control-request-headers", "authorization,content-type,if-match");
    ask(router, request.body(Body::empty()).unwrap()).await
}

async fn from_page(router: &Router, origin: &str, path: &str) -> Answer {
    ask(router, Request::get(path).header("origin", origin).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn every_answer_says_what_browsers_must_not_do_with_it() {
    let router = api::router(plain().await);

    for path in ["/livez", "/openapi.json", "/nothing", "/api/v1/users"] {
        let answer = ask(&router, get(path)).await;
        for (name, value) in [
            (
                "content-security-policy",
                "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            ),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            if path != "/openapi.json" || name != "content-security-policy" {
                assert_eq!(answer.header(name), value, "{path} {name}");
            }
        }
    }
}

#[tokio::test]
async fn browsers_are_bound_to_tls_where_there_is_some_and_nowhere_else() {
    let without = api::router(plain().await);
    let with = api::router(App { tls_in_front: true, ..plain().await });

    for path in ["/livez", "/nothing"] {
        let name = "strict-transport-security";
        assert_eq!(ask(&without, get(path)).await.header(name), "", "{path}");
        assert_eq!(
            ask(&with, get(path)).await.header(name),
            "max-age=31536000; includeSubDomains",
            "{path}"
        );
    }
}

#[tokio::test]
async fn pages_of_an_origin_on_the_list_may_ask_and_read() {
    let router = api::router(with_origin().await);

    let before = preflight(&router, ORIGIN).await;
    let refused = from_page(&router, ORIGIN, "/api/v1/users/1").await;

    assert_eq!(before.status, 200);
    assert_eq!(before.header("access-control-allow-origin"), ORIGIN);
    assert_eq!(before.header("access-control-max-age"), "600");
    assert_eq!(before.header("x-content-type-options"), "nosniff");
    let methods = before.header("access-control-allow-methods");
    assert!(methods.split(',').any(|method| method == "PATCH"), "{methods}");
    let headers = before.header("access-control-allow-headers");
    for name in ["authorization", "content-type", "if-match"] {
        assert!(headers.split(',').any(|it| it == name), "{headers}");
    }
    assert_eq!(refused.problem(), ("/problems/unauthenticated".to_owned(), 401));
    assert_eq!(refused.header("access-control-allow-origin"), ORIGIN);
    let shown = refused.header("access-control-expose-headers");
    for name in ["etag", "location", "retry-after", "ratelimit-remaining", "x-request-id"] {
        assert!(shown.split(',').any(|it| it == name), "{shown}");
    }
    for answer in [before, refused] {
        assert!(answer.header("vary").contains("origin"), "{answer:?}");
        assert_eq!(answer.header("access-control-allow-credentials"), "");
    }
}

#[tokio::test]
async fn pages_of_other_origins_are_told_nothing() {
    let router = api::router(with_origin().await);

    for origin in ["https://app.example.org.evil", "http://app.example.org", "null"] {
        let before = preflight(&router, origin).await;
        let after = from_page(&router, origin, "/livez").await;

        assert_eq!(before.header("access-control-allow-origin"), "", "{origin}");
        assert_eq!(after.header("access-control-allow-origin"), "", "{origin}");
    }
}

#[tokio::test]
async fn without_a_list_nobody_is_asked_before() {
    let router = api::router(plain().await);

    let before = preflight(&router, ORIGIN).await;

    assert_eq!(before.problem(), ("/problems/unauthenticated".to_owned(), 401));
    assert_eq!(before.header("access-control-allow-origin"), "");
    assert_eq!(before.header("vary"), "");
}

#[tokio::test]
async fn a_page_can_read_that_it_asks_too_often() {
    let limiter = NonZeroU32::new(1).map(Limiter::new);
    let router = api::router(App { limiter, ..with_origin().await });

    let first = from_page(&router, ORIGIN, "/openapi.json").await;
    let second = from_page(&router, ORIGIN, "/openapi.json").await;

    assert_eq!(first.status, 200);
    assert_eq!(second.problem(), ("/problems/too-many-requests".to_owned(), 429));
    assert_eq!(second.header("access-control-allow-origin"), ORIGIN);
}
