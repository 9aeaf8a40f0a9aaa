//! Eggs: what is put on a machine once it has an operating system.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// How an egg is put on a machine, and so which of its columns say what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(20))", rename_all = "snake_case")]
pub enum EggType {
    /// The `snap_*` columns.
    Snap,
    /// `cloud_init_content`.
    CloudInit,
    /// The `lxd_*` columns, as a container.
    LxdContainer,
    /// The `lxd_*` columns, as a virtual machine.
    LxdVm,
}

/// Which processors an egg runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(20))", rename_all = "snake_case")]
pub enum EggArchitecture {
    Amd64,
    Arm64,
    Any,
}

/// One row of `eggs`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "eggs")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    /// What lists of eggs call it, here and in groups, machines and jobs.
    #[sea_orm(unique, column_type = "String(StringLen::N(255))")]
    pub name: String,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub display_name: String,
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    #[sea_orm(indexed)]
    pub egg_type: EggType,
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub version: Option<String>,
    /// `networking`, `storage`, `monitoring`, …
    #[sea_orm(indexed, column_type = "String(StringLen::N(255))")]
    pub category: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub snap_name: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub snap_channel: Option<String>,
    /// Whether the snap is installed without confinement.
    #[sea_orm(default_value = false)]
    pub snap_classic: bool,
    /// YAML.
    #[sea_orm(column_type = "Text")]
    pub cloud_init_content: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub lxd_image_alias: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(2048))")]
    pub lxd_image_url: Option<String>,
    /// A list of the names of profiles.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub lxd_profiles: Json,
    /// A list of the names of eggs that must be there first.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub dependencies: Json,
    #[sea_orm(default_value = 0)]
    pub min_ram_mb: i32,
    #[sea_orm(default_value = 0)]
    pub min_disk_gb: i32,
    #[sea_orm(default_value = "any")]
    pub required_architecture: EggArchitecture,
    #[sea_orm(column_type = "String(StringLen::N(128))")]
    pub checksum: Option<String>,
    /// Zero while it is not known.
    #[sea_orm(default_value = 0)]
    pub size_bytes: i64,
    /// Whether it makes the machine one that runs others.
    #[sea_orm(default_value = false)]
    pub is_hypervisor_config: bool,
    #[sea_orm(default_value = true)]
    pub is_active: bool,
    /// Whether machines get it without being told.
    #[sea_orm(default_value = false)]
    pub is_default: bool,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .one_of("egg_type", EggType::values())
            .one_of("required_architecture", EggArchitecture::values())
            .at_least("min_ram_mb", 0)
            .at_least("min_disk_gb", 0)
            .at_least("size_bytes", 0)
    }
}
