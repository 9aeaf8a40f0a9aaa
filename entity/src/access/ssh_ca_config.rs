//! SSH certificate authorities: what signs for people or for hosts, and for how long.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// Whom an authority signs for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(20))", rename_all = "snake_case")]
pub enum SshCaType {
    User,
    Host,
}

/// One row of `ssh_ca_configs`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ssh_ca_configs")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique, column_type = "String(StringLen::N(255))")]
    pub ca_name: String,
    pub ca_type: SshCaType,
    /// As a line of `authorized_keys`.
    #[sea_orm(column_type = "Text")]
    pub public_key: String,
    /// A path in the secrets store. Without one it signs nothing, but is still trusted.
    #[sea_orm(column_type = "String(StringLen::N(500))")]
    pub private_key_vault_path: Option<String>,
    /// What a certificate gets that asks for no time of its own.
    #[sea_orm(default_value = 3600)]
    pub cert_validity_seconds: i32,
    #[sea_orm(default_value = 28800)]
    pub max_validity_seconds: i32,
    /// A list of the names that may stand in a certificate; an empty one allows none.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub principals_allowed: Json,
    #[sea_orm(default_value = true)]
    pub is_active: bool,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .one_of("ca_type", SshCaType::values())
            .at_least("cert_validity_seconds", 1)
            .check("validity", "cert_validity_seconds <= max_validity_seconds")
    }
}
