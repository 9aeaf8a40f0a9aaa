//! Proxies, as they have registered themselves with their cluster's key.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// What a proxy is doing, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(20))", rename_all = "snake_case")]
pub enum ProxyStatus {
    /// Registered, and has not reported yet.
    Pending,
    Active,
    /// Was stopped on purpose.
    Inactive,
    /// Reports that something is wrong.
    Error,
    /// Has not reported for too long.
    Offline,
}

/// One row of `proxy_servers`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "proxy_servers")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub cluster_id: i64,
    #[sea_orm(unique, column_type = "String(StringLen::N(100))")]
    pub name: String,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub hostname: String,
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub ip_address: String,
    #[sea_orm(default_value = 8080)]
    pub port: i32,
    #[sea_orm(default_value = "pending")]
    pub status: ProxyStatus,
    #[sea_orm(column_type = "String(StringLen::N(50))")]
    pub version: Option<String>,
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub capabilities: Json,
    #[sea_orm(default_value = false)]
    pub license_validated: bool,
    pub license_validated_at: Option<DateTimeUtc>,
    pub last_seen_at: Option<DateTimeUtc>,
    pub last_config_fetch_at: Option<DateTimeUtc>,
    /// The configuration that it runs.
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub config_version: Option<String>,
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub attributes: Json,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub registered_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "cluster_id", to = "id", on_delete = "Cascade")]
    pub cluster: BelongsTo<super::cluster::Entity>,
    #[sea_orm(has_many)]
    pub metrics: HasMany<super::proxy_metric::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .index(["cluster_id", "status"])
            .index(["status", "last_seen_at"])
            .between("port", 1, 65_535)
            .one_of("status", ProxyStatus::values())
    }
}
