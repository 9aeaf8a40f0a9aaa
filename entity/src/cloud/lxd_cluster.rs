//! LXD clusters: machines that share the containers they run.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// One row of `lxd_clusters`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "lxd_clusters")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique, column_type = "String(StringLen::N(100))")]
    pub name: String,
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    /// Where the secrets store keeps it.
    #[sea_orm(column_type = "String(StringLen::N(500))")]
    pub cluster_key_path: Option<String>,
    /// Where the secrets store keeps it.
    #[sea_orm(column_type = "String(StringLen::N(500))")]
    pub admin_cert_path: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(2048))")]
    pub api_endpoint: Option<String>,
    #[sea_orm(default_value = 8443)]
    pub api_port: i32,
    /// In lower case; open, for LXD has words of its own.
    #[sea_orm(column_type = "String(StringLen::N(50))", default_value = "initializing")]
    pub status: String,
    #[sea_orm(column_type = "String(StringLen::N(100))", default_value = "default")]
    pub storage_pool: String,
    #[sea_orm(column_type = "String(StringLen::N(100))", default_value = "lxdbr0")]
    pub network_bridge: String,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    #[sea_orm(has_many)]
    pub machines: HasMany<super::cloud_machine::Entity>,
    #[sea_orm(has_many)]
    pub members: HasMany<super::lxd_cluster_member::Entity>,
    #[sea_orm(has_many)]
    pub deployment_jobs: HasMany<super::deployment_job::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table.between("api_port", 1, 65535)
    }
}
