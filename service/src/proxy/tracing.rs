//! What the proxies of a cluster trace, and how many traces went out.

use chrono::{DateTime, SubsecRound as _, Utc};
pub use entity::proxy::tracing_config::Model;
use entity::proxy::{
    tracing_config::{ActiveModel, Entity, SamplingStrategy},
    tracing_stat,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DatabaseConnection, EntityTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};

use super::{
    Proxy,
    cluster::{address, begins_with_host, by_key, unrepeated},
};
use crate::{
    Error, Result, World,
    page::MOST_PER_PAGE,
    records::{self, Record},
    rights::{Granted, ReadProxies},
    text::{self, invalid},
    transaction,
};

impl Record for Entity {
    type Domain = Proxy;

    const KIND: &'static str = "tracing configuration";

    fn settle(row: &mut ActiveModel) -> Result<()> {
        for (kind, name) in [("name", &row.name), ("service_name", &row.service_name)] {
            if let Set(name) = name {
                text::key(kind, name, 100)?;
            }
        }
        if let Set(endpoint) = &row.endpoint {
            receiver(endpoint).map_err(unrepeated(endpoint))?;
        }
        if let Set(tags) = &row.custom_tags {
            let is_sound = tags
                .as_object()
                .is_some_and(|tags| tags.values().all(serde_json::Value::is_string));
            if !is_sound {
                let problem = "it is an object whose values are texts";
                return Err(invalid("custom_tags", &tags.to_string(), problem));
            }
        }
        let limit = row.max_traces_per_second.as_option();
        if row.sampling_strategy.try_as_ref() == Some(&SamplingStrategy::RateLimit)
            && limit.is_none_or(|limit| *limit < 1)
        {
            let problem = "it needs `max_traces_per_second`, which is 1 or more";
            return Err(invalid("sampling_strategy", "rate_limit", problem));
        }
        Ok(())
    }
}

/// Only proxies write how many traces they sent.
impl Record for tracing_stat::Entity {
    type Domain = Proxy;

    const KIND: &'static str = "tracing statistics";
    const GUARDED: &'static [tracing_stat::Column] = &[
        tracing_stat::Column::TracingConfigId,
        tracing_stat::Column::RecordedAt,
        tracing_stat::Column::TotalSpans,
        tracing_stat::Column::SampledSpans,
        tracing_stat::Column::DroppedSpans,
        tracing_stat::Column::ErrorSpans,
        tracing_stat::Column::AvgSpanDurationMs,
        tracing_stat::Column::LastExportAt,
    ];
}

/// How many traces went out since the last time that a proxy said so.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stats {
    /// How many spans there were.
    pub total_spans: i64,
    /// How many of them were taken.
    pub sampled_spans: i64,
    /// How many were lost.
    pub dropped_spans: i64,
    /// How many told of an error.
    pub error_spans: i64,
    /// How long a span took on average, in milliseconds.
    pub avg_span_duration_ms: Option<f64>,
    /// When some were last sent.
    pub last_export_at: Option<DateTime<Utc>>,
}

/// Keeps how many traces a proxy sent by a configuration of its cluster. It is not written to the
/// audit log.
///
/// # Errors
/// [`Error::Unauthenticated`] for the key of no cluster,
/// [`Rule::Inactive`](crate::rule::Rule::Inactive) if the cluster is out of use,
/// [`Error::NotFound`] if it has no such configuration, [`Error::Invalid`] for a number or a time
/// that is out of range.
pub async fn record_stats(
    db: &DatabaseConnection,
    world: &World,
    key: &str,
    tracing_config_id: i64,
    stats: Stats,
) -> Result<tracing_stat::Model> {
    let now = world.clock.now();
    transaction::committed()
        .transaction(db, |tx, _| {
            Box::pin(async move {
                let cluster = by_key(tx, key).await?;
                let config = records::found::<Entity>(tx, tracing_config_id).await?;
                if config.cluster_id != cluster.id {
                    return Err(Error::not_found(Entity::KIND, tracing_config_id.to_string()));
                }
                let row = tracing_stat::ActiveModel {
                    tracing_config_id: Set(tracing_config_id),
                    recorded_at: Set(now),
                    total_spans: Set(stats.total_spans),
                    sampled_spans: Set(stats.sampled_spans),
                    dropped_spans: Set(stats.dropped_spans),
                    error_spans: Set(stats.error_spans),
                    avg_span_duration_ms: Set(stats.avg_span_duration_ms),
                    last_export_at: Set(stats.last_export_at.map(|at| at.trunc_subsecs(6))),
                    ..Default::default()
                };
                records::insert::<tracing_stat::Entity>(tx, now, row).await
            })
        })
        .await
}

/// At most `limit` of what was recorded for a configuration, the latest first.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn stats(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadProxies>,
    tracing_config_id: i64,
    limit: u64,
) -> Result<Vec<tracing_stat::Model>> {
    let rows = tracing_stat::Entity::find()
        .filter(tracing_stat::Column::TracingConfigId.eq(tracing_config_id))
        .order_by_desc(tracing_stat::Column::RecordedAt)
        .limit(limit.clamp(1, MOST_PER_PAGE));
    Ok(rows.all(db).await?)
}

/// Where traces are sent: `host:port`, or an address of the web, in which no name or password stands.
fn receiver(endpoint: &str) -> Result<()> {
    const KIND: &str = "endpoint of traces";

    let Some((scheme, rest)) = endpoint.split_once("://") else { return address(KIND, endpoint) };
    let has_space = endpoint.chars().any(|c| c.is_whitespace() || c.is_control());
    if !matches!(scheme, "http" | "https") || has_space {
        return Err(invalid(KIND, endpoint, "it is `host:port`, or begins with `http` or `https`"));
    }
    if !begins_with_host(rest) {
        return Err(invalid(KIND, endpoint, "there is no host in it"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use sea_orm::ActiveValue::{NotSet, Unchanged};
    use serde_json::json;

    use super::*;

    #[test]
    fn traces_are_sent_to_a_host_or_an_address_of_the_web() {
        for good in ["jaeger:4317", "[::1]:4317", "http://zipkin:9411/api/v2/spans", "https://otlp"]
        {
            assert!(receiver(good).is_ok(), "{good}");
        }
        for wrong in ["", "jaeger", "ftp://jaeger:21", "http://", "http:///spans", "http://a b"] {
            assert!(matches!(receiver(wrong), Err(Error::Invalid { .. })), "{wrong}");
        }
        for wrong in ["http://?", "https://#a", "http://a:0", "https://ana@a", "https://ana:b@a"] {
            assert!(matches!(receiver(wrong), Err(Error::Invalid { .. })), "{wrong}");
        }
    }

    #[test]
    fn tags_are_texts_by_name() {
        for (tags, is_good) in [
            (json!({}), true),
            (json!({"env": "prod", "": ""}), true),
            (json!({"env": 1}), false),
            (json!({"env": {"a": "b"}}), false),
            (json!(["env"]), false),
            (json!(null), false),
        ] {
            let said = tags.to_string();
            let mut row = ActiveModel { custom_tags: Set(tags), ..Default::default() };

            assert_eq!(Entity::settle(&mut row).is_ok(), is_good, "{said}");
        }
    }

    #[test]
    fn who_limits_the_rate_says_to_what() {
        let rate_limit = || Set(SamplingStrategy::RateLimit);
        for (strategy, limit, is_good) in [
            (rate_limit(), Unchanged(Some(1)), true),
            (rate_limit(), Set(Some(0)), false),
            (rate_limit(), Set(None), false),
            (rate_limit(), NotSet, false),
            (Unchanged(SamplingStrategy::RateLimit), Set(None), false),
            (Set(SamplingStrategy::Always), Set(None), true),
        ] {
            let said = format!("{strategy:?} {limit:?}");
            let mut row = ActiveModel {
                sampling_strategy: strategy,
                max_traces_per_second: limit,
                ..Default::default()
            };

            assert_eq!(Entity::settle(&mut row).is_ok(), is_good, "{said}");
        }
    }
}
