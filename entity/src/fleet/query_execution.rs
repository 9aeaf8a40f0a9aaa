//! Runs of a query on chosen hosts.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(20))", rename_all = "snake_case")]
pub enum QueryExecutionStatus {
    Pending,
    Running,
    Completed,
    Failed,
    Cancelled,
}

/// One row of `query_executions`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "query_executions")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub query_id: i64,
    /// Nobody, when the schedule did it.
    #[sea_orm(indexed)]
    pub executed_by_id: Option<i64>,
    /// The number that Fleet gave the run.
    pub campaign_id: Option<i64>,
    /// A list of `fleet_hosts.id`; hosts that are gone stay in it.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub target_hosts: Json,
    #[sea_orm(default_value = "pending")]
    pub status: QueryExecutionStatus,
    #[sea_orm(default_value = 0)]
    pub results_count: i64,
    pub execution_time_ms: Option<i64>,
    #[sea_orm(column_type = "Text")]
    pub error_message: Option<String>,
    /// When it was asked for; pending runs are taken in this order.
    #[sea_orm(indexed, default_expr = "Expr::current_timestamp()")]
    pub executed_at: DateTimeUtc,
    pub completed_at: Option<DateTimeUtc>,
    #[sea_orm(belongs_to, from = "query_id", to = "id", on_delete = "Cascade")]
    pub query: BelongsTo<super::fleet_query::Entity>,
    #[sea_orm(belongs_to, from = "executed_by_id", to = "id", on_delete = "SetNull")]
    pub executed_by: BelongsTo<Option<crate::identity::user::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .index(["query_id", "executed_at"])
            .index(["status", "executed_at"])
            .one_of("status", QueryExecutionStatus::values())
            .at_least("results_count", 0)
            .at_least("execution_time_ms", 0)
            .check("completed_at", "completed_at IS NULL OR completed_at >= executed_at")
    }
}
