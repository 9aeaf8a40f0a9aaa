//! Boot events: what machines were seen doing while they started.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// What a machine was seen doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(30))", rename_all = "snake_case")]
pub enum BootEventType {
    DhcpRequest,
    TftpRequest,
    BootStart,
    OsInstalled,
    EggStarted,
    EggComplete,
    DeploymentComplete,
    Error,
}

/// One row of `boot_events`. Written once, pruned by age.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "boot_events")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Nobody's, while no machine with the address is known.
    pub machine_id: Option<i64>,
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub mac_address: String,
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub ip_address: Option<String>,
    pub event_type: BootEventType,
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub details: Json,
    /// In the words of whoever reported it.
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub status: Option<String>,
    #[sea_orm(indexed, default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "machine_id", to = "id", on_delete = "Cascade")]
    pub machine: BelongsTo<Option<super::ipxe_machine::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .one_of("event_type", BootEventType::values())
            .index(["machine_id", "created_at"])
            .index(["event_type", "created_at"])
    }
}
