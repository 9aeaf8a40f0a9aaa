//! Hosts as Fleet knows them.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// What Fleet says of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(20))", rename_all = "snake_case")]
pub enum FleetHostStatus {
    /// Enrolled within the last day.
    New,
    Online,
    Offline,
    /// Not seen for so long that it is given up.
    Mia,
}

/// One row of `fleet_hosts`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "fleet_hosts")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(indexed)]
    pub machine_id: Option<i64>,
    #[sea_orm(indexed)]
    pub server_id: Option<i64>,
    /// The number that Fleet gave it.
    #[sea_orm(unique)]
    pub fleet_host_id: i64,
    #[sea_orm(indexed, column_type = "String(StringLen::N(255))")]
    pub hostname: String,
    /// The hardware's, as osquery reads it.
    #[sea_orm(unique, column_type = "String(StringLen::N(64))")]
    pub uuid: Option<String>,
    #[sea_orm(default_value = "offline")]
    pub status: FleetHostStatus,
    #[sea_orm(column_type = "String(StringLen::N(50))")]
    pub platform: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(20))")]
    pub osquery_version: Option<String>,
    pub enrolled_at: Option<DateTimeUtc>,
    #[sea_orm(indexed)]
    pub last_seen_at: Option<DateTimeUtc>,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "machine_id", to = "id", on_delete = "SetNull")]
    pub machine: BelongsTo<Option<crate::cloud::cloud_machine::Entity>>,
    #[sea_orm(belongs_to, from = "server_id", to = "id", on_delete = "SetNull")]
    pub server: BelongsTo<Option<crate::cloud::server::Entity>>,
    #[sea_orm(has_many)]
    pub results: HasMany<super::osquery_result::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table.one_of("status", FleetHostStatus::values())
    }
}
