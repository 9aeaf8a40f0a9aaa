//! Asks a router, without a socket.

use std::{net::IpAddr, sync::Arc};

use api::{App, Metrics, Work, address::Peer, mail::Bell};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode},
};
use sea_orm::DatabaseConnection;
use serde_json::Value;
use service::{Rights, World, identity::password::Hasher, seal::Keyring};
use tower::ServiceExt as _;

/// The application on a database, with a password hash that is quick to compute.
pub(crate) fn app(db: &DatabaseConnection) -> App {
    let world = World::system();
    App {
        db: db.clone(),
        migrations: Arc::new(migration::app()),
        rights: Rights::new(world.clone()),
        world,
        hasher: Hasher::with(8, 1, 2),
        keys: Keyring::default(),
        proxies: Arc::from([]),
        tls_in_front: false,
        origins: Arc::from([]),
        limiter: None,
        metrics: Metrics::default(),
        metrics_token: None,
        bell: Bell::default(),
        work: Work::default(),
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The `type` and the status of the problem document that every error must be.
    pub(crate) fn problem(&self) -> (String, u16) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let document = self.json();
        assert_eq!(document["status"], self.status.as_u16(), "{document}");
        assert_eq!(document["trace_id"], self.header("x-request-id"), "{document}");
        assert!(document["title"].is_string(), "{document}");
        (document["type"].as_str().unwrap().to_owned(), self.status.as_u16())
    }
}

pub(crate) fn get(path: &str) -> Request<Body> {
    request(Method::GET, path)
}

pub(crate) fn request(method: Method, path: &str) -> Request<Body> {
    Request::builder().method(method).uri(path).body(Body::empty()).unwrap()
}

/// A request with a JSON body by whoever has the token; a change is one of whatever state there is.
pub(crate) fn send(method: Method, path: &str, token: &str, body: &Value) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    if matches!(request.method_ref(), Some(&(Method::PATCH | Method::PUT))) {
        request = request.header("if-match", "*");
    }
    if body.is_null() {
        return request.body(Body::empty()).unwrap();
    }
    request.header("content-type", "application/json").body(Body::from(body.to_string())).unwrap()
}

/// The same request as from that address.
pub(crate) fn from(address: &str, mut request: Request<Body>) -> Request<Body> {
    let ip: IpAddr = address.parse().unwrap();
    request.extensions_mut().insert(Peer((ip, 9).into()));
    request
}

pub(crate) async fn ask(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}
