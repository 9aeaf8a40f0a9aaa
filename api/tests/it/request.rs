//! What a request is called.

use std::sync::Arc;

use api::Limits;
use axum::{Router, body::Body, http::Request};
use plimsoll::{clock::SystemClock, random::SeededRandom};
use service::World;

use crate::client::{Answer, ask, get};

fn router() -> Router {
    let world = World { clock: Arc::new(SystemClock), random: Arc::new(SeededRandom::new(7)) };
    api::wrap(Router::new(), Limits::default(), world)
}

async fn with_id(id: &str) -> Answer {
    let request = Request::get("/").header("x-request-id", id).body(Body::empty()).unwrap();
    ask(&router(), request).await
}

#[tokio::test]
async fn an_id_of_the_client_is_taken_over() {
    let answer = with_id("7f3c.A-b_9").await;

    assert_eq!(answer.header("x-request-id"), "7f3c.A-b_9");
    assert_eq!(answer.json()["trace_id"], "7f3c.A-b_9");
}

#[tokio::test]
async fn an_id_that_does_not_fit_a_log_is_replaced() {
    let long = "x".repeat(65);
    for unfit in ["", "a b", "a\"b", "a=b", &long] {
        let answer = with_id(unfit).await;

        assert_ne!(answer.header("x-request-id"), unfit);
        assert_eq!(answer.header("x-request-id").len(), 32, "{unfit}");
    }
    let longest = "x".repeat(64);
    assert_eq!(with_id(&longest).await.header("x-request-id"), longest);
}

#[tokio::test]
async fn a_request_without_an_id_gets_one_of_its_own() {
    let router = router();

    let first = ask(&router, get("/")).await;
    let second = ask(&router, get("/")).await;

    let ids = [first.header("x-request-id"), second.header("x-request-id")];
    assert!(ids.iter().all(|id| id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit())));
    assert_ne!(ids[0], ids[1]);
}
