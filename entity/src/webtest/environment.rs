//! Environments: where an application runs that is tested.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// What an environment is for, from a developer's machine to the real thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(10))", rename_all = "snake_case")]
pub enum EnvironmentDesignation {
    Local,
    Dev,
    Qa,
    /// Where tests run that nobody watches.
    Auto,
    Uat,
    Prod,
}

/// One row of `environments`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "environments")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique, column_type = "String(StringLen::N(96))")]
    pub name: String,
    pub designation: EnvironmentDesignation,
    #[sea_orm(column_type = "String(StringLen::N(2048))")]
    pub url: String,
    #[sea_orm(column_type = "String(StringLen::N(2048))")]
    pub api_url: Option<String>,
    /// One that is not active is not offered to tests.
    #[sea_orm(default_value = true)]
    pub is_active: bool,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    #[sea_orm(has_many)]
    pub users: HasMany<super::environment_user::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table.one_of("designation", EnvironmentDesignation::values())
    }
}
