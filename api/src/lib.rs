//! The workspace over HTTP. It holds no query: what it answers with comes from `service`.
//!
//! | module | holds |
//! |---|---|
//! | [`auth`] | who asks; the one list of what is public |
//! | `identity`, `settings`, `teams` … | the routes: a folder per domain, a file per resource |
//! | `extract` | what a handler reads from a request |
//! | `created` | the answer to what was made |
//! | `openapi` | the description of the routes, and the page to read it |
//! | [`address`] | where the client is, also behind proxies |
//! | [`config`] | what the server is told from outside |
//! | `cors` | which pages of other origins may use it |
//! | [`server`] | start, refusal to start, clean end |
//! | `health` | `/livez` and `/readyz` |
//! | `idempotency` | a `POST` that comes twice under one key, done once |
//! | `limit` | how many requests an address may send |
//! | [`mail`] | delivering mail, in every process |
//! | `metrics` | `/metrics`, and what is counted for it |
//! | `paged` | lists that rules give in pages |
//! | `plain` | tables as resources, written once for all |
//! | `sealed` | secrets in rows: added with them, written and read in clear |
//! | `tagged` | states of what is shown: `ETag` and `If-Match` |
//! | [`problem`] | every answer that is an error, as RFC 9457 has it |
//! | `request` | the id, the span and the log line of a request |
//! | `unread` | what becomes of a connection whose request was not read to its end |
//! | `schema` | whether the database has the schema that this code was written for |
//! | `headers` | what browsers are told with every answer |
//! | `work` | what goes on when nobody waits for it |

mod access;
pub mod address;
mod audit;
pub mod auth;
mod cloud;
pub mod config;
mod cors;
mod created;
mod displays;
mod error;
mod extract;
mod fleet;
mod gateway;
mod headers;
mod health;
mod idempotency;
mod identity;
mod inventory;
mod limit;
pub mod mail;
mod metrics;
mod netboot;
mod openapi;
mod paged;
mod plain;
pub mod problem;
mod proxy;
mod request;
mod schema;
mod sealed;
mod secrets;
pub mod server;
mod settings;
mod tagged;
mod teams;
mod unread;
mod webtest;
mod work;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    http::{HeaderValue, StatusCode},
    middleware,
};
use ipnet::IpNet;
use sea_orm::DatabaseConnection;
use secrecy::SecretString;
use service::{Rights, World, identity::password::Hasher, seal::Keyring};
use tower_http::{
    catch_panic::CatchPanicLayer, limit::RequestBodyLimitLayer, timeout::TimeoutLayer,
};

pub use config::Config;
pub use error::{Error, Result};
pub use limit::Limiter;
pub use metrics::Metrics;
pub use problem::Problem;
pub use work::Work;

/// What handlers share.
#[derive(Clone, Debug)]
pub struct App {
    /// The database.
    pub db: DatabaseConnection,
    /// The history that the database must have gone through.
    pub migrations: Arc<plimsoll::App>,
    /// Time and chance.
    pub world: World,
    /// What people may do.
    pub rights: Rights,
    /// What compares passwords.
    pub hasher: Hasher,
    /// What secrets are sealed with.
    pub keys: Keyring,
    /// The proxies whose word about the client's address is taken.
    pub proxies: Arc<[IpNet]>,
    /// Whether browsers are told to come by TLS only.
    pub tls_in_front: bool,
    /// The origins whose pages may use the server.
    pub origins: Arc<[HeaderValue]>,
    /// What an address may send, if there is an end to it.
    pub limiter: Option<Limiter>,
    /// What is counted.
    pub metrics: Metrics,
    /// What opens `/metrics`.
    pub metrics_token: Option<SecretString>,
    /// What is rung when there is mail.
    pub bell: mail::Bell,
    /// What goes on when nobody waits for it.
    pub work: Work,
}

/// What one request may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of its body.
    pub body: usize,
    /// Time until its answer begins.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body: 1024 * 1024, time: Duration::from_secs(10) }
    }
}

/// The whole server.
pub fn router(app: App) -> Router {
    let App { world, proxies, tls_in_front, origins, limiter, metrics, .. } = app.clone();
    let limits = Limits::default();
    let guard = middleware::from_fn_with_state(app.clone(), auth::authenticate);
    let once = middleware::from_fn_with_state((app.clone(), limits), idempotency::once);
    let routes = openapi::routes()
        .fallback(async || Problem::not_found())
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(once)
        .layer(guard)
        .with_state(app);

    // Each where it belongs: what the limiter refuses becomes a document, and pages of other
    // origins can read documents.
    let mut routes = bounded(routes, limits);
    if let Some(limiter) = limiter {
        routes = routes.layer(middleware::from_fn_with_state((limiter, proxies), limit::admit));
    }
    routes = explained(routes);
    if !origins.is_empty() {
        routes = routes.layer(cors::layer(&origins));
    }
    if tls_in_front {
        routes = routes.layer(middleware::map_response(headers::add_tls_only));
    }
    routes = routes.layer(middleware::from_fn_with_state(metrics, metrics::count));
    identified(routes, world)
}

/// Gives `routes` what every request goes through: an id and a log line, limits, and problem
/// documents for whatever goes wrong, unknown paths and panics included.
pub fn wrap(routes: Router, limits: Limits, world: World) -> Router {
    identified(explained(bounded(routes, limits)), world)
}

// The last layer is the first that a request meets.

fn bounded(routes: Router, limits: Limits) -> Router {
    routes
        .layer(RequestBodyLimitLayer::new(limits.body))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, limits.time))
        .layer(CatchPanicLayer::custom(problem::of_panic))
}

fn explained(routes: Router) -> Router {
    routes.layer(middleware::from_fn(problem::complete)).layer(middleware::from_fn(unread::close))
}

fn identified(routes: Router, world: World) -> Router {
    routes
        .layer(middleware::map_response(headers::add))
        .layer(middleware::from_fn_with_state(world, request::identify))
}
