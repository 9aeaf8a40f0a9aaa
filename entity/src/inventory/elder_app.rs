//! Applications as they are told to Elder: where each is reached.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// One row of `elder_apps`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "elder_apps")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique, column_type = "String(StringLen::N(255))")]
    pub app_name: String,
    /// A list of host names, which may be of hosts that are not in `elder_hosts`.
    #[sea_orm(column_type = "JsonBinary")]
    pub hosts: Json,
    pub port: i32,
    #[sea_orm(column_type = "String(StringLen::N(20))", default_value = "http")]
    pub protocol: String,
    #[sea_orm(column_type = "String(StringLen::N(255))", default_value = "/")]
    pub path: String,
    #[sea_orm(column_type = "String(StringLen::N(2048))")]
    pub health_check_url: Option<String>,
    #[sea_orm(default_value = 100)]
    pub priority: i32,
    #[sea_orm(default_value = false)]
    pub elder_registered: bool,
    pub last_sync_at: Option<DateTimeUtc>,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table.between("port", 1, 65535).at_least("priority", 0)
    }
}
