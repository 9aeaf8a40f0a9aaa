//! What proxies report about themselves.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// One row of `proxy_metrics`. What a proxy does not measure is null.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "proxy_metrics")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub proxy_id: i64,
    #[sea_orm(indexed)]
    pub recorded_at: DateTimeUtc,
    /// Percent of one processor; more than 100 with more of them.
    pub cpu_usage: Option<f64>,
    /// Percent.
    pub memory_usage: Option<f64>,
    pub connections_active: Option<i64>,
    pub connections_total: Option<i64>,
    pub bytes_sent: Option<i64>,
    pub bytes_received: Option<i64>,
    pub requests_per_second: Option<f64>,
    pub latency_avg_ms: Option<f64>,
    pub latency_p95_ms: Option<f64>,
    pub errors_per_second: Option<f64>,
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub attributes: Json,
    #[sea_orm(belongs_to, from = "proxy_id", to = "id", on_delete = "Cascade")]
    pub proxy: BelongsTo<super::proxy_server::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .index(["proxy_id", "recorded_at"])
            .at_least("cpu_usage", 0)
            .between("memory_usage", 0, 100)
            .at_least("connections_active", 0)
            .at_least("connections_total", 0)
            .at_least("bytes_sent", 0)
            .at_least("bytes_received", 0)
            .at_least("requests_per_second", 0)
            .at_least("latency_avg_ms", 0)
            .at_least("latency_p95_ms", 0)
            .at_least("errors_per_second", 0)
    }
}
