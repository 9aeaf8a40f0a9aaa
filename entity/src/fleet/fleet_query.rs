//! Questions to hosts, in osquery's SQL.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// One row of `fleet_queries`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "fleet_queries")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(indexed)]
    pub created_by_id: Option<i64>,
    /// The number that Fleet gave it; none while it is not there.
    pub fleet_query_id: Option<i64>,
    #[sea_orm(unique, column_type = "String(StringLen::N(100))")]
    pub name: String,
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub query: String,
    #[sea_orm(column_type = "String(StringLen::N(50))", default_value = "custom")]
    pub category: String,
    /// Counts only while `is_scheduled`.
    #[sea_orm(default_value = 3600)]
    pub interval_seconds: i32,
    #[sea_orm(default_value = false)]
    pub is_scheduled: bool,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "created_by_id", to = "id", on_delete = "SetNull")]
    pub created_by: BelongsTo<Option<crate::identity::user::Entity>>,
    #[sea_orm(has_many)]
    pub executions: HasMany<super::query_execution::Entity>,
    #[sea_orm(has_many)]
    pub alerts: HasMany<super::fleet_alert::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table.at_least("interval_seconds", 1)
    }
}
