//! Elements of a page, and how each is found there.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// How `locator_query` is to be read: the strategies that Selenium has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(20))", rename_all = "snake_case")]
pub enum LocatorStrategy {
    Id,
    Name,
    Xpath,
    Css,
    ClassName,
    TagName,
    LinkText,
    PartialLinkText,
}

/// One row of `page_identifiers`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "page_identifiers")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub page_id: i64,
    /// What tests call the element: `login_button`.
    #[sea_orm(column_type = "String(StringLen::N(96))")]
    pub element_name: String,
    pub locator_strategy: LocatorStrategy,
    #[sea_orm(column_type = "String(StringLen::N(1024))")]
    pub locator_query: String,
    /// A list of the designations of the environments where it is found so.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub environments: Json,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "page_id", to = "id", on_delete = "Cascade")]
    pub page: BelongsTo<super::page::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .unique(["page_id", "element_name"])
            .one_of("locator_strategy", LocatorStrategy::values())
    }
}
