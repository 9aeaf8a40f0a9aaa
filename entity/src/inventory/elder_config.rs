//! Elder servers and how they are spoken to.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

use crate::Secret;

/// One row of `elder_configs`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "elder_configs")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique, column_type = "String(StringLen::N(100))")]
    pub name: String,
    #[sea_orm(column_type = "String(StringLen::N(2048))")]
    pub elder_url: String,
    /// Sealed; never in clear.
    #[sea_orm(column_type = "Text")]
    pub api_key: Secret,
    /// Of one request.
    #[sea_orm(default_value = 10)]
    pub timeout_seconds: i32,
    #[sea_orm(default_value = 3)]
    pub max_retries: i32,
    #[sea_orm(default_value = 300)]
    pub sync_interval_seconds: i32,
    #[sea_orm(default_value = true)]
    pub is_active: bool,
    /// Whether it is synchronised by itself; by hand it can be whenever it is active.
    #[sea_orm(default_value = true)]
    pub sync_enabled: bool,
    /// How the last synchronisation ended; why, when it failed, is in `last_error`.
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub last_sync_status: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub last_error: Option<String>,
    pub last_sync_at: Option<DateTimeUtc>,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .at_least("timeout_seconds", 1)
            .at_least("max_retries", 0)
            .at_least("sync_interval_seconds", 1)
    }
}
