//! How many requests an address may send.

use std::{num::NonZeroU32, sync::Arc};

use api::{App, Limiter};
use axum::{Router, body::Body, http::Request};
use ipnet::IpNet;
use sea_orm::Database;

use crate::client::{Answer, app, ask, from, get};

const ONE: &str = "203.0.113.9";
const OTHER: &str = "198.51.100.7";

/// A server that lets each address send two requests a minute, behind proxies of 10.0.0.0/8.
async fn router() -> Router {
    let db = Database::connect("sqlite::memory:").await.unwrap();
    let limiter = NonZeroU32::new(2).map(Limiter::new);
    let proxies: Arc<[IpNet]> = Arc::from(["10.0.0.0/8".parse().unwrap()]);
    api::router(App { limiter, proxies, ..app(&db) })
}

fn number(answer: &Answer, name: &str) -> u64 {
    answer.header(name).parse().unwrap_or_else(|error| panic!("{name}: {error}: {answer:?}"))
}

fn forwarded(client: &str) -> Request<Body> {
    let request = Request::get("/openapi.json").header("x-forwarded-for", client);
    from("10.0.0.1", request.body(Body::empty()).unwrap())
}

#[tokio::test]
async fn an_address_that_sends_too_much_is_told_when_to_come_again() {
    let router = router().await;

    let first = ask(&router, from(ONE, get("/openapi.json"))).await;
    let second = ask(&router, from(ONE, get("/nothing"))).await;
    let third = ask(&router, from(ONE, get("/openapi.json"))).await;
    let other = ask(&router, from(OTHER, get("/openapi.json"))).await;

    assert_eq!([first.status.as_u16(), second.status.as_u16()], [200, 401]);
    assert_eq!(third.problem(), ("/problems/too-many-requests".to_owned(), 429));
    assert_eq!(third.json()["code"], "API0013");
    assert_eq!(other.status, 200);
    for (answer, remaining, full_in) in
        [(&first, 1, 1..=30), (&second, 0, 31..=60), (&third, 0, 31..=60), (&other, 1, 1..=30)]
    {
        assert_eq!(number(answer, "ratelimit-limit"), 2);
        assert_eq!(number(answer, "ratelimit-remaining"), remaining, "{answer:?}");
        assert!(full_in.contains(&number(answer, "ratelimit-reset")), "{answer:?}");
    }
    assert!((1..=30).contains(&number(&third, "retry-after")), "{third:?}");
    assert_eq!(second.header("retry-after"), "");
}

#[tokio::test]
async fn behind_a_proxy_each_client_has_its_own_limit() {
    let router = router().await;

    let of_one = [
        ask(&router, forwarded(ONE)).await,
        ask(&router, forwarded(ONE)).await,
        ask(&router, forwarded(&format!("{OTHER}, {ONE}"))).await,
    ];
    let of_other = ask(&router, forwarded(OTHER)).await;

    assert_eq!(of_one.map(|answer| answer.status.as_u16()), [200, 200, 429]);
    assert_eq!(of_other.status, 200);
}

#[tokio::test]
async fn whether_the_process_lives_can_always_be_asked() {
    let router = router().await;

    for _ in 0..5 {
        assert_eq!(ask(&router, from(ONE, get("/livez"))).await.status, 200);
    }
    let next = ask(&router, from(ONE, get("/openapi.json"))).await;

    assert_eq!(number(&next, "ratelimit-remaining"), 1);
}

#[tokio::test]
async fn without_a_limit_nothing_is_said_of_one() {
    let router = api::router(app(&Database::connect("sqlite::memory:").await.unwrap()));

    let answer = ask(&router, from(ONE, get("/openapi.json"))).await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("ratelimit-limit"), "");
}
