//! How each endpoint of a route table is doing.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// One row of `route_health_status`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "route_health_status")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub route_table_id: i64,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub endpoint: String,
    #[sea_orm(default_value = true)]
    pub is_healthy: bool,
    #[sea_orm(indexed)]
    pub last_check_at: DateTimeUtc,
    /// The time to the endpoint and back.
    pub rtt_ms: Option<f64>,
    #[sea_orm(default_value = 0)]
    pub consecutive_failures: i32,
    #[sea_orm(default_value = 0)]
    pub consecutive_successes: i32,
    #[sea_orm(column_type = "Text")]
    pub last_error: Option<String>,
    #[sea_orm(belongs_to, from = "route_table_id", to = "id", on_delete = "Cascade")]
    pub route_table: BelongsTo<super::route_table::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .unique(["route_table_id", "endpoint"])
            .at_least("rtt_ms", 0)
            .at_least("consecutive_failures", 0)
            .at_least("consecutive_successes", 0)
    }
}
