//! Clusters: proxies that share a configuration and a key.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

use crate::Secret;

/// One row of `clusters`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "clusters")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(indexed)]
    pub created_by_id: Option<i64>,
    #[sea_orm(unique, column_type = "String(StringLen::N(100))")]
    pub name: String,
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    /// SHA-256 of the key that proxies register with, in hexadecimal. Without one none can: a
    /// cluster that came from elsewhere needs a new key.
    #[sea_orm(unique, column_type = "String(StringLen::N(64))")]
    pub api_key_hash: Option<Secret>,
    /// `host:port` of a syslog server.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub syslog_endpoint: Option<String>,
    #[sea_orm(default_value = true)]
    pub log_auth: bool,
    #[sea_orm(default_value = false)]
    pub log_netflow: bool,
    #[sea_orm(default_value = false)]
    pub log_debug: bool,
    #[sea_orm(default_value = true)]
    pub is_active: bool,
    #[sea_orm(default_value = false)]
    pub is_default: bool,
    /// How many proxies it takes; a licence takes the limit away.
    #[sea_orm(default_value = 3)]
    pub max_proxies: i32,
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub attributes: Json,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "created_by_id", to = "id", on_delete = "SetNull")]
    pub created_by: BelongsTo<Option<crate::identity::user::Entity>>,
    #[sea_orm(has_many)]
    pub services: HasMany<super::service::Entity>,
    #[sea_orm(has_many)]
    pub proxy_servers: HasMany<super::proxy_server::Entity>,
    #[sea_orm(has_many)]
    pub user_assignments: HasMany<super::user_cluster_assignment::Entity>,
    #[sea_orm(has_many)]
    pub qos_policies: HasMany<super::qos_policy::Entity>,
    #[sea_orm(has_many)]
    pub route_tables: HasMany<super::route_table::Entity>,
    #[sea_orm(has_many)]
    pub tracing_configs: HasMany<super::tracing_config::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table.at_least("max_proxies", 0)
    }
}
