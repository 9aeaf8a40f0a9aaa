//! Fleet servers and where their credentials are kept.

use plimsoll::Beside;
use sea_orm::entity::prelude::*;

/// One row of `fleetdm_configs`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "fleetdm_configs")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique, column_type = "String(StringLen::N(100))")]
    pub name: String,
    #[sea_orm(column_type = "String(StringLen::N(2048))")]
    pub fleet_url: String,
    /// A path in the secrets store, as `enroll_secret_path` is.
    #[sea_orm(column_type = "String(StringLen::N(500))")]
    pub api_token_path: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(500))")]
    pub enroll_secret_path: Option<String>,
    /// What newly enrolled hosts get installed.
    #[sea_orm(column_type = "String(StringLen::N(20))", default_value = "5.10.2")]
    pub osquery_version: String,
    #[sea_orm(default_value = true)]
    pub is_active: bool,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {}
