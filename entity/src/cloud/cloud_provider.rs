//! Providers: where machines can be had, and how they are reached.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// Whose interface a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(50))", rename_all = "snake_case")]
pub enum CloudProviderType {
    Maas,
    Lxd,
    Aws,
    Gcp,
    Azure,
    Vultr,
}

/// One row of `cloud_providers`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "cloud_providers")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique, column_type = "String(StringLen::N(100))")]
    pub name: String,
    pub provider_type: CloudProviderType,
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(100))")]
    pub region: Option<String>,
    /// Where the secrets store keeps them.
    #[sea_orm(column_type = "String(StringLen::N(500))")]
    pub credentials_path: Option<String>,
    /// Settings of that interface, never credentials.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub config_data: Json,
    #[sea_orm(default_value = true)]
    pub is_active: bool,
    /// When its machines were last read.
    pub last_sync_at: Option<DateTimeUtc>,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    #[sea_orm(has_many)]
    pub machines: HasMany<super::cloud_machine::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table.one_of("provider_type", CloudProviderType::values())
    }
}
