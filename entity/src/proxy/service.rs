//! Services: what stands behind the proxies of a cluster.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

use crate::Secret;

/// What is spoken with the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(10))", rename_all = "snake_case")]
pub enum ServiceProtocol {
    Tcp,
    Udp,
    Http,
    Https,
    Icmp,
}

/// What whoever uses the service proves itself with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(20))", rename_all = "snake_case")]
pub enum ServiceAuth {
    None,
    /// A fixed token.
    Base64,
    Jwt,
}

/// One row of `services`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "services")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub cluster_id: i64,
    #[sea_orm(indexed)]
    pub created_by_id: Option<i64>,
    #[sea_orm(unique, column_type = "String(StringLen::N(100))")]
    pub name: String,
    /// An address, or a name that has one.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub ip_fqdn: String,
    pub port: i32,
    #[sea_orm(default_value = "tcp")]
    pub protocol: ServiceProtocol,
    /// Groups services for showing.
    #[sea_orm(column_type = "String(StringLen::N(100))")]
    pub collection: Option<String>,
    #[sea_orm(default_value = "none")]
    pub auth_type: ServiceAuth,
    /// Sealed; never in clear.
    #[sea_orm(column_type = "Text")]
    pub token: Option<Secret>,
    /// Sealed; never in clear.
    #[sea_orm(column_type = "Text")]
    pub jwt_secret: Option<Secret>,
    #[sea_orm(default_value = 3600)]
    pub jwt_expiry_seconds: i32,
    #[sea_orm(column_type = "String(StringLen::N(10))", default_value = "HS256")]
    pub jwt_algorithm: String,
    #[sea_orm(default_value = false)]
    pub tls_enabled: bool,
    #[sea_orm(default_value = true)]
    pub tls_verify: bool,
    #[sea_orm(default_value = false)]
    pub health_check_enabled: bool,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub health_check_path: Option<String>,
    #[sea_orm(default_value = 30)]
    pub health_check_interval_seconds: i32,
    #[sea_orm(default_value = true)]
    pub is_active: bool,
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub attributes: Json,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "cluster_id", to = "id", on_delete = "Cascade")]
    pub cluster: BelongsTo<super::cluster::Entity>,
    #[sea_orm(belongs_to, from = "created_by_id", to = "id", on_delete = "SetNull")]
    pub created_by: BelongsTo<Option<crate::identity::user::Entity>>,
    #[sea_orm(has_many)]
    pub user_assignments: HasMany<super::user_service_assignment::Entity>,
    #[sea_orm(has_many)]
    pub qos_policies: HasMany<super::qos_policy::Entity>,
    #[sea_orm(has_many)]
    pub route_tables: HasMany<super::route_table::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .index(["cluster_id", "is_active"])
            .between("port", 1, 65_535)
            .one_of("protocol", ServiceProtocol::values())
            .one_of("auth_type", ServiceAuth::values())
            .at_least("jwt_expiry_seconds", 1)
            .at_least("health_check_interval_seconds", 1)
    }
}
