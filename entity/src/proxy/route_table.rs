//! Which endpoints a service has, and how one of them is chosen.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// How an endpoint is chosen among those that are healthy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(20))", rename_all = "snake_case")]
pub enum RouteAlgorithm {
    /// The one that answers fastest.
    Latency,
    /// The cheapest.
    Cost,
    /// One in the region of whoever asks.
    Geo,
    /// Each as often as its weight says.
    WeightedRr,
    /// The first in the list.
    Failover,
}

/// One row of `route_tables`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "route_tables")]
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
    #[sea_orm(default_value = "latency")]
    pub algorithm: RouteAlgorithm,
    /// A list of endpoints with `endpoint`, `weight`, `cost` and `region`.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub routes: Json,
    #[sea_orm(
        column_type = "JsonBinary",
        default_value = r#"{"protocol":"tcp","port":null,"path":null,"interval_seconds":30,"timeout_seconds":5,"unhealthy_threshold":3,"healthy_threshold":2}"#
    )]
    pub health_probe_config: Json,
    #[sea_orm(default_value = true)]
    pub enable_auto_failover: bool,
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
    #[sea_orm(has_many)]
    pub health: HasMany<super::route_health_status::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .index(["service_id", "cluster_id"])
            .one_of("algorithm", RouteAlgorithm::values())
            .check("name", "name <> ''")
    }
}
