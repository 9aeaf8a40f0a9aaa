//! What is heard of proxies: what they report, and that one has fallen silent.
//!
//! None of it is written to the audit log: it comes from every proxy every few seconds.

use chrono::TimeDelta;
use entity::proxy::{
    proxy_metric,
    proxy_server::{ActiveModel, Column, Entity, Model, ProxyStatus},
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait, DatabaseConnection, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
    sea_query::{CaseStatement, Expr},
};

use crate::{
    Error, Result, World,
    lookup::by_text,
    page::MOST_PER_PAGE,
    proxy::{Proxy, cluster::by_key},
    records::{self, Record},
    rights::{Granted, ReadProxies, UpdateProxies},
    text::{self, invalid},
    transaction,
    world::is_kept,
};

/// Only proxies write what they measure.
impl Record for proxy_metric::Entity {
    type Domain = Proxy;

    const KIND: &'static str = "metrics of a proxy";
    const GUARDED: &'static [proxy_metric::Column] = &[
        proxy_metric::Column::ProxyId,
        proxy_metric::Column::RecordedAt,
        proxy_metric::Column::CpuUsage,
        proxy_metric::Column::MemoryUsage,
        proxy_metric::Column::ConnectionsActive,
        proxy_metric::Column::ConnectionsTotal,
        proxy_metric::Column::BytesSent,
        proxy_metric::Column::BytesReceived,
        proxy_metric::Column::RequestsPerSecond,
        proxy_metric::Column::LatencyAvgMs,
        proxy_metric::Column::LatencyP95Ms,
        proxy_metric::Column::ErrorsPerSecond,
        proxy_metric::Column::Attributes,
    ];
}

/// What a proxy measured. What it does not measure is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Metrics {
    /// Percent of one processor; more than 100 with more of them.
    pub cpu_usage: Option<f64>,
    /// Percent.
    pub memory_usage: Option<f64>,
    /// How many connections are open.
    pub connections_active: Option<i64>,
    /// How many there have been.
    pub connections_total: Option<i64>,
    /// How many bytes went out.
    pub bytes_sent: Option<i64>,
    /// How many bytes came in.
    pub bytes_received: Option<i64>,
    /// How many requests there are in a second.
    pub requests_per_second: Option<f64>,
    /// How long an answer takes on average, in milliseconds.
    pub latency_avg_ms: Option<f64>,
    /// How long 95 of 100 answers take at most, in milliseconds.
    pub latency_p95_ms: Option<f64>,
    /// How many errors there are in a second.
    pub errors_per_second: Option<f64>,
}

/// Keeps what a proxy measured. One that is pending or offline is active from then on; what people
/// put out of use stays so, and so does what has told of an error.
///
/// # Errors
/// [`Error::Unauthenticated`] for the key of no cluster,
/// [`Rule::Inactive`](crate::rule::Rule::Inactive) if the cluster is out of use,
/// [`Error::NotFound`] if it has no such proxy, [`Error::Invalid`] for a number that is out of
/// range.
pub async fn report(
    db: &DatabaseConnection,
    world: &World,
    key: &str,
    name: &str,
    metrics: Metrics,
) -> Result<proxy_metric::Model> {
    let now = world.clock.now();
    transaction::committed()
        .transaction(db, |tx, _| {
            Box::pin(async move {
                let proxy = known(tx, key, name).await?;
                let silent = Column::Status.is_in([ProxyStatus::Pending, ProxyStatus::Offline]);
                let status = CaseStatement::new()
                    .case(silent, ProxyStatus::Active)
                    .finally(Expr::col(Column::Status));
                let seen = Entity::update_many()
                    .col_expr(Column::Status, status.into())
                    .col_expr(Column::LastSeenAt, Expr::value(now))
                    .filter(Column::Id.eq(proxy.id))
                    .exec(tx)
                    .await?;
                if seen.rows_affected == 0 {
                    return Err(Error::not_found(Entity::KIND, name));
                }
                let row = proxy_metric::ActiveModel {
                    proxy_id: Set(proxy.id),
                    recorded_at: Set(now),
                    cpu_usage: Set(metrics.cpu_usage),
                    memory_usage: Set(metrics.memory_usage),
                    connections_active: Set(metrics.connections_active),
                    connections_total: Set(metrics.connections_total),
                    bytes_sent: Set(metrics.bytes_sent),
                    bytes_received: Set(metrics.bytes_received),
                    requests_per_second: Set(metrics.requests_per_second),
                    latency_avg_ms: Set(metrics.latency_avg_ms),
                    latency_p95_ms: Set(metrics.latency_p95_ms),
                    errors_per_second: Set(metrics.errors_per_second),
                    ..Default::default()
                };
                records::insert::<proxy_metric::Entity>(tx, now, row).await
            })
        })
        .await
}

/// Notes which configuration a proxy has fetched.
///
/// # Errors
/// As for [`report`]; [`Error::Invalid`] for a version of no or more than 64 characters.
pub async fn fetched(
    db: &impl ConnectionTrait,
    world: &World,
    key: &str,
    name: &str,
    config_version: &str,
) -> Result<()> {
    let version = text::key("version of a configuration", config_version, 64)?;
    let proxy = known(db, key, name).await?;
    let now = Some(world.clock.now());
    let row = ActiveModel {
        config_version: Set(Some(version)),
        last_config_fetch_at: Set(now),
        last_seen_at: Set(now),
        ..Default::default()
    };
    let noted = Entity::update_many().set(row).filter(Column::Id.eq(proxy.id)).exec(db).await?;
    if noted.rows_affected == 0 {
        return Err(Error::not_found(Entity::KIND, name));
    }
    Ok(())
}

/// What a proxy says that it is: active, in error, or offline when it stops.
///
/// # Errors
/// As for [`report`]; [`Rule::Transition`](crate::rule::Rule::Transition) for anything else, and if
/// people have put the proxy out of use.
pub async fn goes(
    db: &impl ConnectionTrait,
    world: &World,
    key: &str,
    name: &str,
    to: ProxyStatus,
) -> Result<()> {
    let proxy = known(db, key, name).await?;
    if !is_said(to) {
        return Err(super::no_way(&proxy, to));
    }
    let row = ActiveModel {
        status: Set(to),
        last_seen_at: Set(Some(world.clock.now())),
        ..Default::default()
    };
    let gone = Entity::update_many()
        .set(row)
        .filter(Column::Id.eq(proxy.id))
        .filter(Column::Status.ne(ProxyStatus::Inactive))
        .exec(db)
        .await?;
    if gone.rows_affected == 0 {
        let proxy = records::found::<Entity>(db, proxy.id).await?;
        return Err(super::no_way(&proxy, to));
    }
    Ok(())
}

/// Puts to offline what was active or in error and was not heard of for so long, and says how many
/// proxies that were.
///
/// # Errors
/// [`Error::Invalid`] for no time at all, and for one that goes back before 1970.
pub async fn silent(
    db: &impl ConnectionTrait,
    world: &World,
    _by: &Granted<UpdateProxies>,
    after: TimeDelta,
) -> Result<u64> {
    let since = world.clock.now().checked_sub_signed(after);
    let since = since.filter(|since| after > TimeDelta::zero() && is_kept(*since));
    let Some(since) = since else {
        let problem = "it is longer than nothing, and goes back to 1970 at most";
        return Err(invalid("time of silence", &after.to_string(), problem));
    };
    let row = ActiveModel { status: Set(ProxyStatus::Offline), ..Default::default() };
    let silent = Entity::update_many()
        .set(row)
        .filter(Column::Status.is_in([ProxyStatus::Active, ProxyStatus::Error]))
        .filter(Column::LastSeenAt.lt(since))
        .exec(db)
        .await?;
    Ok(silent.rows_affected)
}

/// At most `limit` of what a proxy measured, the latest first.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn reported(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadProxies>,
    proxy_id: i64,
    limit: u64,
) -> Result<Vec<proxy_metric::Model>> {
    let rows = proxy_metric::Entity::find()
        .filter(proxy_metric::Column::ProxyId.eq(proxy_id))
        .order_by_desc(proxy_metric::Column::RecordedAt)
        .limit(limit.clamp(1, MOST_PER_PAGE));
    Ok(rows.all(db).await?)
}

/// Whether a proxy says so of itself.
fn is_said(to: ProxyStatus) -> bool {
    matches!(to, ProxyStatus::Active | ProxyStatus::Error | ProxyStatus::Offline)
}

/// The proxy of that name in the cluster whose key that is.
async fn known(db: &impl ConnectionTrait, key: &str, name: &str) -> Result<Model> {
    let cluster = by_key(db, key).await?;
    by_text::<Entity>(db, Column::Name, name, |row| Some(&row.name))
        .await?
        .filter(|row| row.cluster_id == cluster.id)
        .ok_or_else(|| Error::not_found(Entity::KIND, name))
}

#[cfg(test)]
mod tests {
    use sea_orm::Iterable as _;

    use super::*;

    #[test]
    fn a_proxy_says_neither_that_it_waits_nor_that_it_was_put_out_of_use() {
        let unsaid: Vec<_> = ProxyStatus::iter().filter(|to| !is_said(*to)).collect();

        assert_eq!(unsaid, [ProxyStatus::Pending, ProxyStatus::Inactive]);
    }
}
