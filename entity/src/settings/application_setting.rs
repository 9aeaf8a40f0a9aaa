//! Settings: one typed value under each key.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// How the text in `value` is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(50))", rename_all = "snake_case")]
pub enum DataType {
    String,
    Integer,
    Float,
    Boolean,
    Json,
}

/// One row of `application_settings`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "application_settings")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique, column_type = "String(StringLen::N(255))")]
    pub key: String,
    /// In the canonical form of `data_type`; `service` writes and reads it.
    #[sea_orm(column_type = "Text")]
    pub value: String,
    #[sea_orm(default_value = "string")]
    pub data_type: DataType,
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    /// Whether it may be changed while the system runs.
    #[sea_orm(default_value = true)]
    pub is_mutable: bool,
    #[sea_orm(indexed, column_type = "String(StringLen::N(100))")]
    pub category: Option<String>,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table.one_of("data_type", DataType::values())
    }
}
