//! Servers: machines in our own racks, which MAAS manages.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

use crate::Secret;

/// One row of `servers`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "servers")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique, column_type = "String(StringLen::N(255))")]
    pub hostname: String,
    /// What MAAS calls it; nothing, before MAAS has seen it.
    #[sea_orm(unique, column_type = "String(StringLen::N(100))")]
    pub maas_system_id: Option<String>,
    #[sea_orm(indexed, column_type = "String(StringLen::N(17))")]
    pub mac_address: String,
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub ip_address: Option<String>,
    #[sea_orm(indexed, default_value = "new")]
    pub status: super::cloud_machine::MachineStatus,
    #[sea_orm(column_type = "String(StringLen::N(50))", default_value = "amd64")]
    pub architecture: String,
    /// Null until it was commissioned, like the two after it.
    pub cpu_count: Option<i32>,
    pub memory_mb: Option<i32>,
    pub storage_gb: Option<i32>,
    /// One of MAAS's power drivers.
    #[sea_orm(column_type = "String(StringLen::N(50))")]
    pub power_type: Option<String>,
    /// Sealed; never in clear. A JSON object for that driver: the password of the machine's
    /// management controller is in it.
    #[sea_orm(column_type = "Text")]
    pub power_parameters: Option<Secret>,
    #[sea_orm(column_type = "String(StringLen::N(100))", default_value = "default")]
    pub zone: String,
    #[sea_orm(column_type = "String(StringLen::N(100))", default_value = "default")]
    pub pool: String,
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub tags: Json,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    #[sea_orm(has_many)]
    pub deployment_jobs: HasMany<super::deployment_job::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .one_of("status", super::cloud_machine::MachineStatus::values())
            .at_least("cpu_count", 0)
            .at_least("memory_mb", 0)
            .at_least("storage_gb", 0)
    }
}
