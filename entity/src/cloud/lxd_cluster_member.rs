//! Members of LXD clusters.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// One row of `lxd_cluster_members`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "lxd_cluster_members")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub cluster_id: i64,
    /// Null where the machine behind the member is not one of ours.
    #[sea_orm(indexed)]
    pub machine_id: Option<i64>,
    /// What LXD calls it.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub member_name: String,
    #[sea_orm(column_type = "String(StringLen::N(2048))")]
    pub api_url: Option<String>,
    /// In lower case; open, for LXD has words of its own.
    #[sea_orm(column_type = "String(StringLen::N(50))", default_value = "pending")]
    pub status: String,
    #[sea_orm(default_value = false)]
    pub is_leader: bool,
    pub joined_at: Option<DateTimeUtc>,
    pub last_seen_at: Option<DateTimeUtc>,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "cluster_id", to = "id", on_delete = "Cascade")]
    pub cluster: BelongsTo<super::lxd_cluster::Entity>,
    #[sea_orm(belongs_to, from = "machine_id", to = "id", on_delete = "SetNull")]
    pub machine: BelongsTo<Option<super::cloud_machine::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table.unique(["cluster_id", "member_name"])
    }
}
