//! Whatever goes wrong is answered with a problem document.

use std::{convert::Infallible, time::Duration};

use api::Limits;
use axum::{
    Router,
    body::{Body, Bytes},
    http::{Method, Request},
    routing::{get, post},
};
use service::World;

use crate::client::{self, ask};

fn router() -> Router {
    let routes = Router::new()
        .route("/panic", get(async || -> () { panic!("the secret is geheim") }))
        .route("/slow", get(async || tokio::time::sleep(Duration::from_mins(1)).await))
        .route("/echo", post(async |body: Bytes| body));
    let limits = Limits { body: 16, time: Duration::from_millis(50) };
    api::wrap(routes, limits, World::system())
}

fn posted(body: Body) -> Request<Body> {
    Request::post("/echo").body(body).unwrap()
}

#[tokio::test]
async fn an_unknown_path_is_not_found() {
    for path in ["/", "/nothing", "/echo/", "/livez/../secret"] {
        let answer = ask(&router(), client::get(path)).await;
        assert_eq!(answer.problem(), ("/problems/not-found".to_owned(), 404), "{path}");
    }
}

#[tokio::test]
async fn a_method_that_the_path_has_not_is_refused_with_those_it_has() {
    for method in ["PUT", "TRACE", "BREW"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let answer = ask(&router(), client::request(method, "/echo")).await;

        assert_eq!(answer.problem(), ("/problems/method-not-allowed".to_owned(), 405));
        assert_eq!(answer.header("allow"), "POST");
    }
}

#[tokio::test]
async fn a_panic_is_an_internal_error_that_says_nothing() {
    let router = router();

    let answer = ask(&router, client::get("/panic")).await;
    let next = ask(&router, posted(Body::from("still here"))).await;

    assert_eq!(answer.problem(), ("/problems/internal".to_owned(), 500));
    assert!(!answer.body.contains("geheim"), "{}", answer.body);
    assert_eq!(next.body, "still here");
}

#[tokio::test]
async fn a_handler_that_takes_too_long_is_cut_off() {
    let answer = ask(&router(), client::get("/slow")).await;

    assert_eq!(answer.problem(), ("/problems/timed-out".to_owned(), 503));
    assert_eq!(answer.header("retry-after"), "5");
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused_whether_its_length_is_announced_or_not() {
    let announced =
        Request::post("/echo").header("content-length", 17).body(Body::from(vec![0; 17]));
    let chunks = stream_of(["12345678", "12345678", "1"]);
    let fitting = stream_of(["12345678", "12345678"]);

    let announced = ask(&router(), announced.unwrap()).await;
    let streamed = ask(&router(), posted(chunks)).await;
    let at_the_limit = ask(&router(), posted(fitting)).await;

    assert_eq!(announced.problem(), ("/problems/body-too-large".to_owned(), 413));
    assert_eq!(streamed.problem(), ("/problems/body-too-large".to_owned(), 413));
    assert_eq!((at_the_limit.status.as_u16(), at_the_limit.body.len()), (200, 16));
}

/// A body in chunks, whose length nobody knows before its end.
fn stream_of<const N: usize>(chunks: [&'static str; N]) -> Body {
    Body::from_stream(futures_util::stream::iter(chunks.map(Ok::<_, Infallible>)))
}

#[tokio::test]
async fn an_answer_before_the_end_of_the_body_announces_that_the_connection_closes() {
    let too_large =
        Request::post("/echo").header("content-length", 17).body(Body::from(vec![0; 17]));
    let not_asked_for = Request::put("/echo").body(Body::from("x")).unwrap();

    let too_large = ask(&router(), too_large.unwrap()).await;
    let streamed = ask(&router(), posted(stream_of(["12345678", "12345678", "1"]))).await;
    let unread = ask(&router(), not_asked_for).await;
    let read = ask(&router(), posted(Body::from("x"))).await;
    let chunks_read = ask(&router(), posted(stream_of(["1", "2"]))).await;
    let without = ask(&router(), client::get("/nothing")).await;

    for closing in [too_large, streamed, unread] {
        assert_eq!(closing.header("connection"), "close", "{closing:?}");
    }
    for going_on in [read, chunks_read, without] {
        assert_eq!(going_on.header("connection"), "", "{going_on:?}");
    }
}

#[tokio::test]
async fn a_document_says_what_was_asked_for_without_the_query() {
    let long = format!("/{}", "x".repeat(2000));

    let asked = ask(&router(), client::get("/nothing%20here?token=geheim")).await;
    let long = ask(&router(), client::get(&long)).await;

    assert_eq!(asked.json()["instance"], "/nothing%20here");
    assert!(!asked.body.contains("geheim"), "{}", asked.body);
    assert!(long.body.len() < 1000 && long.json()["instance"].is_null(), "{}", long.body);
}

#[tokio::test]
async fn browsers_are_told_the_same_with_every_answer() {
    let well = ask(&router(), posted(Body::from("x"))).await;
    let ill = ask(&router(), client::get("/panic")).await;

    for answer in [well, ill] {
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(
            answer.header("content-security-policy"),
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
    }
}
