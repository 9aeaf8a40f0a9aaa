//! Machines that were seen booting over the network, or are expected to.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

use super::ipxe_image::NetbootArchitecture;

/// How far a machine has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(20))", rename_all = "snake_case")]
pub enum IpxeMachineStatus {
    Unknown,
    Discovered,
    Commissioning,
    Ready,
    Deploying,
    Deployed,
    Failed,
}

/// What a machine's firmware boots by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(20))", rename_all = "snake_case")]
pub enum IpxeBootMode {
    Bios,
    Uefi,
    /// Fetches its first program by HTTP, not TFTP.
    UefiHttp,
}

/// How a machine is switched on and off from afar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(20))", rename_all = "snake_case")]
pub enum IpxePowerType {
    Ipmi,
    Redfish,
    Amt,
    /// Wake-on-LAN: on only.
    Wol,
    /// Somebody has to go there.
    Manual,
}

/// One row of `ipxe_machines`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ipxe_machines")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Without one, the configuration that is the default of all.
    #[sea_orm(indexed)]
    pub boot_config_id: Option<i64>,
    #[sea_orm(unique, column_type = "String(StringLen::N(64))")]
    pub system_id: String,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub hostname: Option<String>,
    #[sea_orm(unique, column_type = "String(StringLen::N(64))")]
    pub mac_address: String,
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub ip_address: Option<String>,
    #[sea_orm(indexed, default_value = "unknown")]
    pub status: IpxeMachineStatus,
    #[sea_orm(default_value = "uefi")]
    pub boot_mode: IpxeBootMode,
    #[sea_orm(default_value = "amd64")]
    pub architecture: NetbootArchitecture,
    /// Zero until the machine has reported, like the two after it.
    #[sea_orm(default_value = 0)]
    pub cpu_count: i32,
    #[sea_orm(default_value = 0)]
    pub memory_mb: i32,
    #[sea_orm(default_value = 0)]
    pub storage_gb: i32,
    /// The address or host name of its management controller.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub bmc_address: Option<String>,
    #[sea_orm(default_value = "manual")]
    pub power_type: IpxePowerType,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub zone: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub pool: Option<String>,
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub tags: Json,
    /// What `lshw` said.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub hardware_info: Json,
    /// A list of the names of eggs, besides those of the group.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub assigned_eggs: Json,
    pub last_boot_at: Option<DateTimeUtc>,
    pub last_seen_at: Option<DateTimeUtc>,
    pub deployed_at: Option<DateTimeUtc>,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "boot_config_id", to = "id", on_delete = "SetNull")]
    pub boot_config: BelongsTo<Option<super::ipxe_boot_config::Entity>>,
    #[sea_orm(has_many)]
    pub boot_events: HasMany<super::boot_event::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .one_of("status", IpxeMachineStatus::values())
            .one_of("boot_mode", IpxeBootMode::values())
            .one_of("architecture", NetbootArchitecture::values())
            .one_of("power_type", IpxePowerType::values())
            .at_least("cpu_count", 0)
            .at_least("memory_mb", 0)
            .at_least("storage_gb", 0)
    }
}
