//! MAAS servers: what manages the machines in our own racks.

use plimsoll::Beside;
use sea_orm::entity::prelude::*;

use crate::Secret;

/// One row of `maas_configs`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "maas_configs")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique, column_type = "String(StringLen::N(100))")]
    pub name: String,
    #[sea_orm(column_type = "String(StringLen::N(2048))")]
    pub maas_url: String,
    /// Sealed; never in clear.
    #[sea_orm(column_type = "Text")]
    pub api_key: Secret,
    /// Whose key it is there.
    #[sea_orm(column_type = "String(StringLen::N(100))")]
    pub username: String,
    #[sea_orm(default_value = true)]
    pub is_active: bool,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {}
