//! Alerts: which answers to a query somebody must hear of.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// What about the rows of an answer raises the alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(20))", rename_all = "snake_case")]
pub enum FleetAlertCondition {
    /// More rows than the parameter `threshold`.
    RowCountAbove,
    /// Fewer rows than the parameter `threshold`.
    RowCountBelow,
    AnyRow,
    NoRow,
}

/// How bad it is, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(20))", rename_all = "snake_case")]
pub enum FleetAlertSeverity {
    Low,
    Medium,
    High,
    Critical,
}

/// One row of `fleet_alerts`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "fleet_alerts")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(indexed)]
    pub query_id: i64,
    #[sea_orm(unique, column_type = "String(StringLen::N(100))")]
    pub name: String,
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    pub alert_condition: FleetAlertCondition,
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub condition_parameters: Json,
    /// A list. Credentials of a channel stand in the secrets store; here is their path.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub notification_channels: Json,
    #[sea_orm(default_value = "medium")]
    pub severity: FleetAlertSeverity,
    /// For how long it stays silent after it was raised.
    #[sea_orm(default_value = 60)]
    pub cooldown_minutes: i32,
    #[sea_orm(default_value = true)]
    pub is_active: bool,
    pub last_triggered_at: Option<DateTimeUtc>,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "query_id", to = "id", on_delete = "Restrict")]
    pub query: BelongsTo<super::fleet_query::Entity>,
    #[sea_orm(has_many)]
    pub history: HasMany<super::alert_history::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .one_of("alert_condition", FleetAlertCondition::values())
            .one_of("severity", FleetAlertSeverity::values())
            .at_least("cooldown_minutes", 0)
    }
}
