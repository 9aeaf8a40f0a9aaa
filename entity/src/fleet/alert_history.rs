//! Each time that an alert was raised, and how it ended.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// One row of `alert_history`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alert_history")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub alert_id: i64,
    #[sea_orm(indexed)]
    pub resolved_by_id: Option<i64>,
    /// What raised it: a query's result, an event of the system.
    #[sea_orm(column_type = "String(StringLen::N(100))")]
    pub triggered_by: Option<String>,
    /// What was found, in the form of whatever raised it.
    #[sea_orm(column_type = "JsonBinary")]
    pub trigger_data: Option<Json>,
    /// A list of the channels that took the message.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub notification_channels_used: Json,
    #[sea_orm(column_type = "Text")]
    pub resolution_notes: Option<String>,
    #[sea_orm(default_value = false)]
    pub notification_sent: bool,
    #[sea_orm(indexed, default_expr = "Expr::current_timestamp()")]
    pub triggered_at: DateTimeUtc,
    /// The alert is open while there is none.
    pub resolved_at: Option<DateTimeUtc>,
    #[sea_orm(belongs_to, from = "alert_id", to = "id", on_delete = "Cascade")]
    pub alert: BelongsTo<super::fleet_alert::Entity>,
    #[sea_orm(belongs_to, from = "resolved_by_id", to = "id", on_delete = "SetNull")]
    pub resolved_by: BelongsTo<Option<crate::identity::user::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .index(["alert_id", "triggered_at"])
            .check("resolved_at", "resolved_at IS NULL OR resolved_at >= triggered_at")
    }
}
