//! API definitions: a path and a method of a version, and what is offered there.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// The methods that the gateway lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(10))")]
pub enum HttpMethod {
    #[sea_orm(string_value = "GET")]
    Get,
    #[sea_orm(string_value = "POST")]
    Post,
    #[sea_orm(string_value = "PUT")]
    Put,
    #[sea_orm(string_value = "PATCH")]
    Patch,
    #[sea_orm(string_value = "DELETE")]
    Delete,
    #[sea_orm(string_value = "HEAD")]
    Head,
    #[sea_orm(string_value = "OPTIONS")]
    Options,
}

/// One row of `api_definitions`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_definitions")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub name: String,
    #[sea_orm(column_type = "String(StringLen::N(50))")]
    pub version: String,
    #[sea_orm(column_type = "String(StringLen::N(500))")]
    pub path: String,
    pub method: HttpMethod,
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub openapi_spec: Option<Json>,
    #[sea_orm(default_value = true)]
    pub enabled: bool,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    #[sea_orm(has_many)]
    pub usage: HasMany<super::api_usage::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table.unique(["path", "method", "version"]).one_of("method", HttpMethod::values())
    }
}
