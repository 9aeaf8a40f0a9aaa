//! What Prometheus reads at `/metrics`: requests, queries, connections, logins and what is remembered
//! of rights, counted by this process since its start.
//!
//! Nothing that a client chose is a label: a path is counted under its pattern, a method that
//! nobody knows under `other`.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderName, Method, StatusCode, header},
    middleware::Next,
    response::Response,
};
use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};
use sea_orm::{DatabaseConnection, DbBackend};
use secrecy::{ExposeSecret as _, SecretString};
use service::{Rights, rights::Remembered};
use subtle::ConstantTimeEq as _;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{App, Problem, auth::Key};

const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The upper ends of the buckets of a duration, in seconds, up to the longest that a request may
/// take.
const BUCKETS: [f64; 13] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// What is counted. Clones count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<Registry>,
    requests: Family<Answered, Counter>,
    durations: Family<Answered, Histogram>,
    queries: Family<Queried, Histogram>,
    connections: Family<Connections, Gauge>,
    logins: Family<Login, Counter>,
    lookups: Family<Lookup, Counter>,
    looks: Counter,
    people: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: String,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Queried {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Connections {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Login {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Lookup {
    outcome: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("plimsoll");
        let requests = Family::<Answered, Counter>::default();
        registry.register("http_requests", "Requests that were answered", requests.clone());
        let durations = Family::<Answered, Histogram>::new_with_constructor(duration);
        registry.register(
            "http_request_duration_seconds",
            "Time until the answer of a request began",
            durations.clone(),
        );
        let queries = Family::<Queried, Histogram>::new_with_constructor(duration);
        registry.register(
            "db_query_duration_seconds",
            "Time that a statement took in the database",
            queries.clone(),
        );
        let connections = Family::<Connections, Gauge>::default();
        registry.register("db_connections", "Connections of the pool", connections.clone());
        let logins = Family::<Login, Counter>::default();
        registry.register("logins", "Attempts at logging in", logins.clone());
        let lookups = Family::<Lookup, Counter>::default();
        registry.register(
            "rights_cache_lookups",
            "Times that the rights of somebody were looked up",
            lookups.clone(),
        );
        let looks: Counter = Counter::default();
        registry.register(
            "rights_cache_refreshes",
            "Times that the database was asked whether rights have changed",
            looks.clone(),
        );
        let people: Gauge = Gauge::default();
        registry.register(
            "rights_cache_entries",
            "People whose rights are remembered",
            people.clone(),
        );
        Self {
            registry: Arc::new(registry),
            requests,
            durations,
            queries,
            connections,
            logins,
            lookups,
            looks,
            people,
        }
    }
}

impl Metrics {
    /// Counts the statements of `db` and of its clones that are made after this.
    pub fn watch(&self, db: &mut DatabaseConnection) {
        let queries = self.queries.clone();
        db.set_metric_callback(move |query| {
            let outcome = if query.failed { "failed" } else { "succeeded" };
            let labels = Queried { outcome };
            queries.get_or_create(&labels).observe(query.elapsed.as_secs_f64());
        });
    }

    /// Counts an attempt at logging in by how it ended.
    pub(crate) fn logged_in<T>(&self, ended: &service::Result<T>) {
        use service::Error;

        let outcome = match ended {
            Ok(_) => "succeeded",
            Err(Error::WrongCredentials) => "wrong_credentials",
            Err(Error::SecondFactorRequired) => "second_factor_required",
            Err(Error::TooManyAttempts { .. }) => "too_many_attempts",
            Err(_) => "failed",
        };
        self.logins.get_or_create(&Login { outcome }).inc();
    }

    fn answered(&self, labels: &Answered, elapsed: Duration) {
        self.requests.get_or_create(labels).inc();
        self.durations.get_or_create(labels).observe(elapsed.as_secs_f64());
    }

    /// All of it as text, with what the pool of `db` and `rights` have at this moment.
    fn text(&self, db: &DatabaseConnection, rights: &Rights) -> String {
        self.remembered(rights.remembered());
        let (all, idle) = pool(db);
        let idle = i64::try_from(idle).unwrap_or(i64::MAX);
        // They are not read at once.
        let used = i64::from(all).saturating_sub(idle).max(0);
        for (state, number) in [("idle", idle), ("used", used)] {
            self.connections.get_or_create(&Connections { state }).set(number);
        }
        let mut text = String::new();
        text::encode(&mut text, &self.registry).expect("a string takes whatever is written to it");
        text
    }

    /// Takes over what the memory of rights has counted itself.
    fn remembered(&self, Remembered { hits, misses, looks, people }: Remembered) {
        for (outcome, number) in [("hit", hits), ("miss", misses)] {
            set(&self.lookups.get_or_create(&Lookup { outcome }), number);
        }
        set(&self.looks, looks);
        self.people.set(i64::try_from(people).unwrap_or(i64::MAX));
    }
}

/// Of two who read at once, the later number may come first; a counter never goes back.
fn set(counter: &Counter, number: u64) {
    counter.inner().fetch_max(number, Ordering::Relaxed);
}

fn duration() -> Histogram {
    Histogram::new(BUCKETS)
}

/// How many connections the pool has, and how many of them nobody uses.
fn pool(db: &DatabaseConnection) -> (u32, usize) {
    match db.get_database_backend() {
        DbBackend::Postgres => {
            let pool = db.get_postgres_connection_pool();
            (pool.size(), pool.num_idle())
        }
        DbBackend::MySql => {
            let pool = db.get_mysql_connection_pool();
            (pool.size(), pool.num_idle())
        }
        _ => {
            let pool = db.get_sqlite_connection_pool();
            (pool.size(), pool.num_idle())
        }
    }
}

/// Counts the request when it is answered.
pub(crate) async fn count(
    State(metrics): State<Metrics>,
    request: Request,
    next: Next,
) -> Response {
    let method = known(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let began = Instant::now();

    let response = next.run(request).await;

    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str).to_owned();
    let status = class(response.status());
    metrics.answered(&Answered { method, route, status }, began.elapsed());
    response
}

fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show))
}

/// What was counted, for Prometheus, to whoever has `METRICS_TOKEN`. While that is not set there is
/// nothing here, for anybody.
#[utoipa::path(get, path = "/metrics", operation_id = "metrics", tag = "health", responses((status = 200, body = String, content_type = "application/openmetrics-text")))]
async fn show(
    State(app): State<App>,
    Key(key): Key,
) -> Result<([(HeaderName, &'static str); 1], String), Problem> {
    let token = app.metrics_token.as_ref().ok_or_else(Problem::not_found)?;
    if !is_same(token, &key) {
        return Err(Problem::of_token(service::Error::Unauthenticated));
    }
    Ok(([(header::CONTENT_TYPE, MEDIA_TYPE)], app.metrics.text(&app.db, &app.rights)))
}

/// In a time that tells nothing but whether they are of one length.
fn is_same(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret().as_bytes().ct_eq(other.expose_secret().as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_that_somebody_made_up_is_no_label() {
        let made_up = Method::from_bytes(b"BREW").unwrap();

        assert_eq!([known(&Method::PATCH), known(&made_up)], ["PATCH", "other"]);
    }

    #[test]
    fn tokens_are_the_same_or_not() {
        let token = SecretString::from("correct horse battery");

        assert!(is_same(&token, &"correct horse battery".into()));
        for wrong in ["", "correct horse", "correct horse batterz", "correct horse battery "] {
            assert!(!is_same(&token, &wrong.into()), "{wrong}");
        }
    }
}
