//! What traffic of a service comes first, and how much of it there may be.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// One row of `qos_policies`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "qos_policies")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub service_id: i64,
    #[sea_orm(indexed)]
    pub cluster_id: i64,
    #[sea_orm(column_type = "String(StringLen::N(100))")]
    pub name: String,
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    /// `ingress_mbps`, `egress_mbps` and `burst_size_kb`; null is without a limit.
    #[sea_orm(
        column_type = "JsonBinary",
        default_value = r#"{"ingress_mbps":null,"egress_mbps":null,"burst_size_kb":1024}"#
    )]
    pub bandwidth_config: Json,
    /// `priority` (`P0` first), `weight`, `max_latency_ms` and `dscp_marking`.
    #[sea_orm(
        column_type = "JsonBinary",
        default_value = r#"{"priority":"P2","weight":1,"max_latency_ms":100,"dscp_marking":"BE"}"#
    )]
    pub priority_config: Json,
    #[sea_orm(default_value = true)]
    pub enabled: bool,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "service_id", to = "id", on_delete = "Cascade")]
    pub service: BelongsTo<super::service::Entity>,
    #[sea_orm(belongs_to, from = "cluster_id", to = "id", on_delete = "Cascade")]
    pub cluster: BelongsTo<super::cluster::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table.index(["service_id", "cluster_id"]).check("name", "name <> ''")
    }
}
