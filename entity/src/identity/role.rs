//! Roles: named sets of permissions that people are given.

use plimsoll::Beside;
use sea_orm::entity::prelude::*;

/// One row of `roles`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "roles")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(column_type = "String(StringLen::N(100))")]
    pub name: String,
    /// `name` without case; `Admin` beside `admin` would be a trap.
    #[sea_orm(unique, column_type = "String(StringLen::N(255))")]
    pub name_key: String,
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    /// The program relies on it: it can be neither deleted nor renamed.
    #[sea_orm(default_value = false)]
    pub is_system: bool,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    #[sea_orm(has_many, via = "user_role")]
    pub users: HasMany<super::user::Entity>,
    #[sea_orm(has_many, via = "role_permission")]
    pub permissions: HasMany<super::permission::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {}
