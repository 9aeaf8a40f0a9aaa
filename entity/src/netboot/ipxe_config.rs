//! The network's side of booting: who answers DHCP, and from where programs are fetched.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// How much of DHCP is answered here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(20))", rename_all = "snake_case")]
pub enum DhcpMode {
    /// All of it: addresses too.
    Full,
    /// Only what concerns booting; another server gives the addresses.
    Proxy,
    Disabled,
}

/// One row of `ipxe_configs`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ipxe_configs")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique, column_type = "String(StringLen::N(255))")]
    pub name: String,
    #[sea_orm(default_value = "proxy")]
    pub dhcp_mode: DhcpMode,
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub dhcp_interface: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub dhcp_subnet: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub dhcp_range_start: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub dhcp_range_end: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub dhcp_gateway: Option<String>,
    /// A list of addresses.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub dns_servers: Json,
    #[sea_orm(default_value = true)]
    pub tftp_enabled: bool,
    #[sea_orm(column_type = "String(StringLen::N(2048))")]
    pub http_boot_url: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub minio_bucket: Option<String>,
    /// For machines that no boot configuration applies to.
    #[sea_orm(column_type = "Text")]
    pub default_boot_script: Option<String>,
    /// Where a machine is sent on to instead.
    #[sea_orm(column_type = "String(StringLen::N(2048))")]
    pub chain_url: Option<String>,
    #[sea_orm(default_value = true)]
    pub is_active: bool,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table.one_of("dhcp_mode", DhcpMode::values())
    }
}
