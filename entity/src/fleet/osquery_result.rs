//! What hosts answered.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// One row of `osquery_results`. The query is named and not referred to: the packs of Fleet send
/// answers to queries that are not in `fleet_queries`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "osquery_results")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub host_id: i64,
    #[sea_orm(column_type = "String(StringLen::N(100))")]
    pub query_name: String,
    /// A list of rows, as osquery gave them.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub result_data: Json,
    /// Of `result_data`, to see whether an answer changed.
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub result_hash: Option<String>,
    /// When the host answered; `created_at` is when it arrived here.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub recorded_at: DateTimeUtc,
    #[sea_orm(indexed, default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "host_id", to = "id", on_delete = "Cascade")]
    pub host: BelongsTo<super::fleet_host::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table.index(["host_id", "recorded_at"])
    }
}
