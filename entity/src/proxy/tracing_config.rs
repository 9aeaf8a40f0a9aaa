//! What the proxies of a cluster trace, and where they send it.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// What receives the traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(20))", rename_all = "snake_case")]
pub enum TracingBackend {
    Jaeger,
    Zipkin,
    Otlp,
}

/// How the traces are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(20))", rename_all = "snake_case")]
pub enum TracingExporter {
    Grpc,
    Http,
    Thrift,
}

/// Which requests are traced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(20))", rename_all = "snake_case")]
pub enum SamplingStrategy {
    Always,
    Never,
    Probabilistic,
    RateLimit,
    ErrorOnly,
    Adaptive,
}

/// One row of `tracing_configs`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tracing_configs")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(indexed)]
    pub cluster_id: i64,
    #[sea_orm(column_type = "String(StringLen::N(100))")]
    pub name: String,
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    #[sea_orm(default_value = "jaeger")]
    pub backend: TracingBackend,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub endpoint: String,
    #[sea_orm(default_value = "grpc")]
    pub exporter: TracingExporter,
    #[sea_orm(default_value = "probabilistic")]
    pub sampling_strategy: SamplingStrategy,
    /// The share of requests, 0 to 1.
    #[sea_orm(default_value = 0.1)]
    pub sampling_rate: f64,
    pub max_traces_per_second: Option<i32>,
    #[sea_orm(default_value = false)]
    pub include_request_headers: bool,
    #[sea_orm(default_value = false)]
    pub include_response_headers: bool,
    #[sea_orm(default_value = false)]
    pub include_request_body: bool,
    #[sea_orm(default_value = false)]
    pub include_response_body: bool,
    /// Characters.
    #[sea_orm(default_value = 512)]
    pub max_attribute_length: i32,
    #[sea_orm(column_type = "String(StringLen::N(100))", default_value = "marchproxy")]
    pub service_name: String,
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub custom_tags: Json,
    #[sea_orm(default_value = true)]
    pub enabled: bool,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "cluster_id", to = "id", on_delete = "Cascade")]
    pub cluster: BelongsTo<super::cluster::Entity>,
    #[sea_orm(has_many)]
    pub stats: HasMany<super::tracing_stat::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .one_of("backend", TracingBackend::values())
            .one_of("exporter", TracingExporter::values())
            .one_of("sampling_strategy", SamplingStrategy::values())
            .between("sampling_rate", 0, 1)
            .at_least("max_traces_per_second", 0)
            .at_least("max_attribute_length", 0)
    }
}
