//! Test users: whom a test logs in as, in which environment. They are nobody here.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// Whose secrets store keeps a password that is not kept here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(10))", rename_all = "snake_case")]
pub enum SecretProvider {
    Aws,
    Azure,
    Gcp,
    Ibm,
    Oracle,
    Vmware,
    Other,
}

/// One row of `environment_users`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "environment_users")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub environment_id: i64,
    /// Where the password is kept; the password itself is never in this table.
    #[sea_orm(indexed)]
    pub secret_id: Option<i64>,
    #[sea_orm(column_type = "String(StringLen::N(96))")]
    pub username: String,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub email: String,
    pub secret_provider: Option<SecretProvider>,
    /// Of the provider's store.
    #[sea_orm(column_type = "String(StringLen::N(1024))")]
    pub secret_url: Option<String>,
    /// What the password is called in that store.
    #[sea_orm(column_type = "String(StringLen::N(1024))")]
    pub secret_name: Option<String>,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "environment_id", to = "id", on_delete = "Cascade")]
    pub environment: BelongsTo<super::environment::Entity>,
    #[sea_orm(belongs_to, from = "secret_id", to = "id", on_delete = "SetNull")]
    pub secret: BelongsTo<Option<crate::secrets::encrypted_secret::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .unique(["environment_id", "username"])
            .one_of("secret_provider", SecretProvider::values())
    }
}
