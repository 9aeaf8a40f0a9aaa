//! Pages of the applications that are tested.

use plimsoll::Beside;
use sea_orm::entity::prelude::*;

/// One row of `pages`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pages")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique, column_type = "String(StringLen::N(96))")]
    pub name: String,
    #[sea_orm(column_type = "String(StringLen::N(1024))")]
    pub url: String,
    /// A list of the designations of the environments that have the page.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub environments: Json,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    #[sea_orm(has_many)]
    pub identifiers: HasMany<super::page_identifier::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {}
