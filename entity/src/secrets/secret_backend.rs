//! Secret backends: the places that secrets are read from.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// What kind of place keeps the secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(50))", rename_all = "snake_case")]
pub enum SecretBackendType {
    /// The table `encrypted_secrets`.
    EncryptedDb,
    Vault,
    Infisical,
    Aws,
    Gcp,
    Azure,
}

/// One row of `secret_backends`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "secret_backends")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique, column_type = "String(StringLen::N(100))")]
    pub name: String,
    pub backend_type: SecretBackendType,
    /// Addresses, mounts and paths. Never credentials: the process that reads has those.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub config_data: Json,
    /// The one that is meant where none is named; `service` keeps it to one.
    #[sea_orm(default_value = false)]
    pub is_default: bool,
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
        table.one_of("backend_type", SecretBackendType::values())
    }
}
