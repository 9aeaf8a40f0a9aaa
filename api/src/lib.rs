//! The workspace over HTTP. It holds no query: what it answers with comes from `service`.
//!
//! | module | holds |
//! |---|---|
//! | [`auth`] | who asks; the one list of what is public |
//! | `identity`, `settings` | the routes, a file per resource |
//! | `extract` | what a handler reads from a request |
//! | `created` | the answer to what was made |
//! | `openapi` | the description of the routes, and the page to read it |
//! | [`address`] | where the client is, also behind proxies |
//! | [`config`] | what the server is told from outside |
//! | [`server`] | start, refusal to start, clean end |
//! | `health` | `/livez` and `/readyz` |
//! | [`problem`] | every answer that is an error, as RFC 9457 has it |
//! | `request` | the id, the span and the log line of a request |
//! | `unread` | what becomes of a connection whose request was not read to its end |
//! | `schema` | whether the database has the schema that this code was written for |
//! | `headers` | what browsers are told with every answer |

pub mod address;
pub mod auth;
pub mod config;
mod created;
mod error;
mod extract;
mod headers;
mod health;
mod identity;
mod openapi;
pub mod problem;
mod request;
mod schema;
pub mod server;
mod settings;
mod unread;

use std::{sync::Arc, time::Duration};

use axum::{Router, http::StatusCode, middleware};
use ipnet::IpNet;
use sea_orm::DatabaseConnection;
use service::{Rights, World, identity::password::Hasher, seal::Keyring};
use tower_http::{
    catch_panic::CatchPanicLayer, limit::RequestBodyLimitLayer, timeout::TimeoutLayer,
};

pub use config::Config;
pub use error::{Error, Result};
pub use problem::Problem;

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
    let world = app.world.clone();
    let guard = middleware::from_fn_with_state(app.clone(), auth::authenticate);
    let routes = openapi::routes()
        .fallback(async || Problem::not_found())
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(guard)
        .with_state(app);
    wrap(routes, Limits::default(), world)
}

/// Gives `routes` what every request goes through: an id and a log line, limits, and problem
/// documents for whatever goes wrong, unknown paths and panics included.
pub fn wrap(routes: Router, limits: Limits, world: World) -> Router {
    // The last layer is the first that a request meets.
    routes
        .layer(RequestBodyLimitLayer::new(limits.body))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, limits.time))
        .layer(CatchPanicLayer::custom(problem::of_panic))
        .layer(middleware::from_fn(problem::complete))
        .layer(middleware::from_fn(unread::close))
        .layer(middleware::map_response(headers::add))
        .layer(middleware::from_fn_with_state(world, request::identify))
}
