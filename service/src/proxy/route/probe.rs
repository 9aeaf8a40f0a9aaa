//! How endpoints are doing, as the proxies find out.

use chrono::{DateTime, Utc};
use entity::proxy::{
    route_health_status::{ActiveModel, Column, Entity},
    route_table,
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DatabaseConnection,
    DatabaseTransaction, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    prelude::Json,
};
use serde_json::json;

use super::{Health, endpoints, is_of};
use crate::{
    Error, Result, World,
    proxy::{
        cluster,
        qos::document::{Document, malformed},
    },
    records::{self, Record as _},
    rights::{Granted, ReadProxies},
    text::invalid,
    transaction,
};

/// What endpoints are asked by.
const PROTOCOLS: [&str; 4] = ["tcp", "http", "https", "icmp"];

/// How many characters of an error are kept.
const TOLD: usize = 1000;

/// What came of a probe.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The endpoint answered as it should.
    Answered {
        /// The time to the endpoint and back.
        rtt_ms: f64,
    },
    /// It did not.
    Failed {
        /// What went wrong; the first 1000 characters are kept.
        error: String,
    },
}

/// How the endpoints of a table are doing, those that were probed first in front; nothing is there
/// for one that was never probed.
///
/// # Errors
/// [`Error::NotFound`] if there is no such table.
pub async fn states(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadProxies>,
    route_table_id: i64,
) -> Result<Vec<Health>> {
    records::found::<route_table::Entity>(db, route_table_id).await?;
    let known = Entity::find().filter(Column::RouteTableId.eq(route_table_id));
    Ok(known.order_by_asc(Column::Id).all(db).await?)
}

/// Takes down what a proxy found out about an endpoint, and says how it is doing now: unhealthy
/// after so many failures in a row as the table says, healthy again after so many successes. The
/// probes of all proxies of the cluster count together.
///
/// # Errors
/// [`Error::Unauthenticated`] for the key of no cluster,
/// [`Rule::Inactive`](crate::rule::Rule::Inactive) if the cluster is out of use,
/// [`Error::NotFound`] if it has no such table or the endpoint is not in it, [`Error::Invalid`]
/// for a time that is none, [`Error::Malformed`] if what the table holds cannot be read.
pub async fn probed(
    db: &DatabaseConnection,
    world: &World,
    key: &str,
    route_table_id: i64,
    endpoint: &str,
    outcome: &Outcome,
) -> Result<Health> {
    if let Outcome::Answered { rtt_ms } = outcome
        && !(rtt_ms.is_finite() && *rtt_ms >= 0.0)
    {
        return Err(invalid("rtt_ms", &rtt_ms.to_string(), "it is no time"));
    }
    let now = world.clock.now();
    transaction::committed()
        .transaction(db, |tx, _| {
            Box::pin(take_down(tx, now, key, route_table_id, endpoint, outcome))
        })
        .await
}

/// The table is held meanwhile: probes of its endpoints count one after the other.
async fn take_down(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    key: &str,
    route_table_id: i64,
    endpoint: &str,
    outcome: &Outcome,
) -> Result<Health> {
    let cluster = cluster::by_key(tx, key).await?;
    let table = records::locked::<route_table::Entity>(tx, route_table_id).await?;
    is_of(&table, &cluster)?;
    if !endpoints(&table)?.iter().any(|one| one.address == endpoint) {
        return Err(Error::not_found("endpoint", endpoint));
    }
    let (_, limits) = config(&table.health_probe_config)
        .map_err(malformed(route_table::Entity::KIND, table.id))?;
    let before = Entity::find()
        .filter(Column::RouteTableId.eq(route_table_id))
        .filter(Column::Endpoint.eq(endpoint))
        .one(tx)
        .await?;
    let is_new = before.is_none();
    let state = State::of(before.as_ref()).after(outcome, limits);
    let mut row = before.map_or_else(
        || ActiveModel {
            route_table_id: Set(route_table_id),
            endpoint: Set(endpoint.to_owned()),
            ..Default::default()
        },
        Health::into_active_model,
    );
    row.is_healthy = Set(state.is_healthy);
    row.consecutive_failures = Set(state.failures);
    row.consecutive_successes = Set(state.successes);
    row.last_check_at = Set(now);
    match outcome {
        Outcome::Answered { rtt_ms } => {
            row.rtt_ms = Set(Some(*rtt_ms));
            row.last_error = Set(None);
        }
        Outcome::Failed { error } => {
            let told = error.chars().filter(|c| *c != '\0').take(TOLD).collect();
            row.last_error = Set(Some(told));
        }
    }
    let row = if is_new { row.insert(tx).await? } else { row.update(tx).await? };
    Ok(row)
}

/// How many outcomes in a row change what is thought of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    failures: i32,
    successes: i32,
}

/// How the endpoints of a table are probed, in full.
///
/// # Errors
/// [`Error::Invalid`] for what cannot be done so.
pub(super) fn config(given: &Json) -> Result<(Document, Limits)> {
    let by_itself = json!({
        "protocol": "tcp",
        "port": null,
        "path": null,
        "interval_seconds": 30,
        "timeout_seconds": 5,
        "unhealthy_threshold": 3,
        "healthy_threshold": 2,
    });
    let document = Document::read("health_probe_config", given, by_itself)?;
    document.word("protocol", &PROTOCOLS)?;
    document.whole("port", 1..=65_535)?;
    if document.text("path")?.is_some_and(|path| !is_path(path)) {
        return Err(
            document.refuse("path", "begins with `/` and has up to 200 characters, no space")
        );
    }
    let interval = document.number("interval_seconds", 5..=300)?;
    if document.number("timeout_seconds", 1..=30)? >= interval {
        return Err(document.refuse("timeout_seconds", "is less than `interval_seconds`"));
    }
    let failures = document.number("unhealthy_threshold", 1..=10)?;
    let successes = document.number("healthy_threshold", 1..=10)?;
    Ok((document, Limits { failures, successes }))
}

fn is_path(text: &str) -> bool {
    let sound = |c: char| !c.is_whitespace() && !c.is_control();
    text.starts_with('/') && text.chars().count() <= 200 && text.chars().all(sound)
}

/// What is thought of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    is_healthy: bool,
    failures: i32,
    successes: i32,
}

impl State {
    /// An endpoint of which nothing is known is healthy.
    fn of(before: Option<&Health>) -> Self {
        before.map_or(Self { is_healthy: true, failures: 0, successes: 0 }, |before| Self {
            is_healthy: before.is_healthy,
            failures: before.consecutive_failures,
            successes: before.consecutive_successes,
        })
    }

    fn after(self, outcome: &Outcome, limits: Limits) -> Self {
        match outcome {
            Outcome::Answered { .. } => {
                let successes = self.successes.saturating_add(1);
                let is_healthy = self.is_healthy || successes >= limits.successes;
                Self { is_healthy, failures: 0, successes }
            }
            Outcome::Failed { .. } => {
                let failures = self.failures.saturating_add(1);
                let is_healthy = self.is_healthy && failures < limits.failures;
                Self { is_healthy, failures, successes: 0 }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is thought of an endpoint after each of the outcomes: `+` answered, `-` failed.
    fn thought(outcomes: &str, limits: Limits) -> String {
        let mut state = State::of(None);
        let after = |outcome: char| {
            let outcome = match outcome {
                '+' => Outcome::Answered { rtt_ms: 1.0 },
                _ => Outcome::Failed { error: "no answer".to_owned() },
            };
            state = state.after(&outcome, limits);
            if state.is_healthy { 'h' } else { 'u' }
        };
        outcomes.chars().map(after).collect()
    }

    #[test]
    fn so_many_outcomes_in_a_row_change_what_is_thought() {
        for (failures, successes, outcomes, expected) in [
            (3, 2, "---", "hhu"),
            (3, 2, "--+--", "hhhhh"),
            (3, 2, "---+-++", "hhuuuuh"),
            (3, 2, "---++--", "hhuuhhh"),
            (1, 1, "-+-+", "uhuh"),
            (2, 3, "+--+++", "hhuuuh"),
        ] {
            let limits = Limits { failures, successes };

            assert_eq!(thought(outcomes, limits), expected, "{outcomes} with {limits:?}");
        }
    }

    #[test]
    fn counters_stay_where_they_cannot_go_on() {
        let full = State { is_healthy: false, failures: i32::MAX, successes: 0 };
        let limits = Limits { failures: 3, successes: 2 };

        let after = full.after(&Outcome::Failed { error: String::new() }, limits);

        assert_eq!(after, full);
    }

    #[test]
    fn a_probe_is_asked_as_it_can_be() {
        for good in [
            json!({}),
            json!({"protocol": "https", "port": 65_535, "path": "/health?deep=1"}),
            json!({"interval_seconds": 5, "timeout_seconds": 4}),
            json!({"unhealthy_threshold": 10, "healthy_threshold": 1}),
        ] {
            assert!(config(&good).is_ok(), "{good}");
        }
        for wrong in [
            json!([]),
            json!({"protocol": "udp"}),
            json!({"protocol": null}),
            json!({"port": 0}),
            json!({"path": "health"}),
            json!({"path": "/a b"}),
            json!({"path": "/a\r\nHost: b"}),
            json!({"path": format!("/{}", "a".repeat(200))}),
            json!({"interval_seconds": 4}),
            json!({"interval_seconds": null}),
            json!({"interval_seconds": 5}),
            json!({"interval_seconds": 30, "timeout_seconds": 30}),
            json!({"unhealthy_threshold": 0}),
            json!({"healthy_threshold": 11}),
            json!({"retries": 1}),
        ] {
            assert!(config(&wrong).is_err(), "{wrong}");
        }
        let (_, limits) =
            config(&json!({"unhealthy_threshold": 7, "healthy_threshold": 8})).unwrap();
        assert_eq!(limits, Limits { failures: 7, successes: 8 });
    }
}
