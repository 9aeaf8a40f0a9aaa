//! Images: operating systems that a machine can boot over the network.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// The processors that network boot knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(20))", rename_all = "snake_case")]
pub enum NetbootArchitecture {
    Amd64,
    Arm64,
}

/// What an image does once it has booted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(20))", rename_all = "snake_case")]
pub enum IpxeImageType {
    /// Runs from memory.
    Live,
    /// Puts itself on the disk.
    Install,
    Minimal,
}

/// One row of `ipxe_images`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ipxe_images")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique, column_type = "String(StringLen::N(255))")]
    pub name: String,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub display_name: String,
    #[sea_orm(column_type = "String(StringLen::N(64))", default_value = "ubuntu")]
    pub os_name: String,
    #[sea_orm(column_type = "String(StringLen::N(64))", default_value = "24.04")]
    pub os_version: String,
    #[sea_orm(default_value = "amd64")]
    pub architecture: NetbootArchitecture,
    #[sea_orm(default_value = "minimal")]
    pub image_type: IpxeImageType,
    /// Where the three paths are looked up.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub minio_bucket: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(512))")]
    pub kernel_path: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(512))")]
    pub initrd_path: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(512))")]
    pub squashfs_path: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub kernel_params: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(128))")]
    pub checksum: Option<String>,
    /// Zero while it is not known.
    #[sea_orm(default_value = 0)]
    pub size_bytes: i64,
    /// Taken where nothing names an image; the service keeps it to one.
    #[sea_orm(default_value = false)]
    pub is_default: bool,
    #[sea_orm(default_value = true)]
    pub is_active: bool,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    #[sea_orm(has_many)]
    pub boot_configs: HasMany<super::ipxe_boot_config::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .one_of("architecture", NetbootArchitecture::values())
            .one_of("image_type", IpxeImageType::values())
            .at_least("size_bytes", 0)
    }
}
