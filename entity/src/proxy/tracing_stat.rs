//! How many traces went out.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// One row of `tracing_stats`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tracing_stats")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub tracing_config_id: i64,
    #[sea_orm(indexed)]
    pub recorded_at: DateTimeUtc,
    #[sea_orm(default_value = 0)]
    pub total_spans: i64,
    #[sea_orm(default_value = 0)]
    pub sampled_spans: i64,
    #[sea_orm(default_value = 0)]
    pub dropped_spans: i64,
    #[sea_orm(default_value = 0)]
    pub error_spans: i64,
    pub avg_span_duration_ms: Option<f64>,
    pub last_export_at: Option<DateTimeUtc>,
    #[sea_orm(belongs_to, from = "tracing_config_id", to = "id", on_delete = "Cascade")]
    pub tracing_config: BelongsTo<super::tracing_config::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .index(["tracing_config_id", "recorded_at"])
            .at_least("total_spans", 0)
            .at_least("sampled_spans", 0)
            .at_least("dropped_spans", 0)
            .at_least("error_spans", 0)
            .at_least("avg_span_duration_ms", 0)
    }
}
