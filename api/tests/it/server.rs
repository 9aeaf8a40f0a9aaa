//! How serving ends.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use api::{
    Limits,
    server::{self, Waits},
};
use axum::{Router, routing::get};
use sea_orm::{Database, TransactionTrait as _};
use service::World;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
}

/// A server whose `/slow` takes `time`.
async fn start(time: Duration, waits: Waits) -> Running {
    let slow = Router::new().route(
        "/slow",
        get(async move || {
            tokio::time::sleep(time).await;
            "done"
        }),
    );
    let router = api::wrap(slow, Limits::default(), World::system());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async { stopped.await.unwrap() };
    let server = tokio::spawn(server::serve(listener, router, stopped, waits));
    Running { address, stop, server }
}

/// Asks for `/slow`; the answer's text comes when the connection is closed.
async fn ask(address: SocketAddr) -> JoinHandle<String> {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(b"GET /slow HTTP/1.1\r\nhost: here\r\n\r\n").await.unwrap();
    tokio::spawn(async move {
        let mut answer = String::new();
        // A connection that is cut off may end with an error.
        let _ = socket.read_to_string(&mut answer).await;
        answer
    })
}

#[tokio::test]
async fn requests_in_flight_are_answered_and_new_connections_are_not() {
    let running = start(Duration::from_millis(500), Waits::default()).await;
    let answer = ask(running.address).await;
    tokio::time::sleep(Duration::from_millis(100)).await;

    running.stop.send(()).unwrap();
    running.server.await.unwrap().unwrap();

    let answer = answer.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("done"), "{answer}");
    assert!(TcpStream::connect(running.address).await.is_err());
}

#[tokio::test]
async fn a_connection_that_asks_nothing_does_not_hold_the_end_up() {
    let running = start(Duration::ZERO, Waits::default()).await;
    let _idle = TcpStream::connect(running.address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let began = Instant::now();

    running.stop.send(()).unwrap();
    running.server.await.unwrap().unwrap();

    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn requests_that_outlast_the_patience_are_cut_off() {
    let waits = Waits { end: Duration::from_millis(100), ..Waits::default() };
    let running = start(Duration::from_secs(9), waits).await;
    let answer = ask(running.address).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let began = Instant::now();

    running.stop.send(()).unwrap();
    let ended = running.server.await.unwrap();

    assert!(ended.is_ok(), "{ended:?}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    drop(answer);
}

#[tokio::test]
async fn a_head_that_does_not_come_whole_is_not_waited_for() {
    let waits = Waits { head: Duration::from_millis(200), ..Waits::default() };
    let running = start(Duration::from_millis(600), waits).await;
    let began = Instant::now();

    for beginning in ["", "GET /slow HTTP/1.1\r\nho"] {
        let mut socket = TcpStream::connect(running.address).await.unwrap();
        socket.write_all(beginning.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let _ = socket.read_to_string(&mut answer).await;

        assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }
    // The answer may take longer than the question.
    let answer = ask(running.address).await.await.unwrap();
    assert!(answer.ends_with("done"), "{answer}");
}

/// The answer to what is written, until the server closes the connection.
async fn answer_to(address: SocketAddr, written: &str) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    // The server may answer and close before all of it has come.
    let _ = socket.write_all(written.as_bytes()).await;
    let mut answer = Vec::new();
    // What was not read is reset.
    let _ = socket.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_connection_closes_with_a_word_when_a_body_is_not_waited_for() {
    let running = start(Duration::ZERO, Waits::default()).await;
    let unsent = "POST /slow HTTP/1.1\r\nhost: here\r\ncontent-length: 5\r\n\r\n";

    let answer = answer_to(running.address, unsent).await;

    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
    assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
}

/// hyper answers these itself and lets nobody in between: `docs/errors.md` says so.
#[tokio::test]
async fn what_is_no_request_is_refused_without_a_document() {
    let running = start(Duration::ZERO, Waits::default()).await;
    let long = "x".repeat(70_000);

    for (written, status) in [
        ("nonsense\r\n\r\n".to_owned(), 400),
        (format!("GET /{long} HTTP/1.1\r\nhost: here\r\n\r\n"), 414),
        (format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(200)), 431),
    ] {
        let answer = answer_to(running.address, &written).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{status}: {answer}");
        assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    }
}

#[tokio::test]
async fn a_request_that_never_comes_whole_does_not_hold_the_end_up() {
    let waits = Waits { end: Duration::from_millis(200), ..Waits::default() };
    let running = start(Duration::ZERO, waits).await;
    let mut half = TcpStream::connect(running.address).await.unwrap();
    half.write_all(b"GET /slow HTTP/1.1\r\nho").await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let began = Instant::now();

    running.stop.send(()).unwrap();
    running.server.await.unwrap().unwrap();

    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_database_that_does_not_answer_does_not_hold_the_end_up() {
    let db = Database::connect("sqlite::memory:").await.unwrap();
    let unanswered = db.begin().await.unwrap();
    let waits = Waits { close: Duration::from_millis(100), ..Waits::default() };
    let began = Instant::now();

    server::close(db, waits).await;

    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    drop(unanswered);
}
