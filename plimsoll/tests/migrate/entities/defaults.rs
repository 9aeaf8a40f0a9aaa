//! A default of every kind that SeaORM knows.

use sea_orm::entity::prelude::*;
use sea_query::Expr;

use super::kinds::{Mood, State};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "defaults")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(default_value = true)]
    pub yes: bool,
    #[sea_orm(default_value = false)]
    pub no: Option<bool>,
    #[sea_orm(default_value = 5)]
    pub int: i32,
    #[sea_orm(default_value = 0)]
    pub big: Option<i64>,
    #[sea_orm(default_value = 7)]
    pub unsigned: u32,
    #[sea_orm(default_expr = "-1")]
    pub below_zero: i32,
    #[sea_orm(default_value = 1.5)]
    pub double: f64,
    #[sea_orm(column_type = "Decimal(Some((10, 2)))", default_value = 1.5)]
    pub decimal: f64,
    #[sea_orm(default_value = "it's a \\ \"default\"")]
    pub string: String,
    #[sea_orm(default_value = "")]
    pub empty: String,
    #[sea_orm(default_value = "5")]
    pub digits: Option<String>,
    #[sea_orm(default_value = "true")]
    pub word: Option<String>,
    #[sea_orm(column_type = "Char(Some(3))", default_value = "abc")]
    pub char: String,
    #[sea_orm(default_value = "afloat")]
    pub state: State,
    #[sea_orm(default_value = "calm")]
    pub mood: Mood,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub utc: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub date_time: DateTime,
    #[sea_orm(default_expr = "Expr::cust(\"(lower('X'))\")")]
    pub function: String,
    #[sea_orm(default_expr = "Expr::cust(\"(1 + 2)\")")]
    pub sum: i32,
}

impl ActiveModelBehavior for ActiveModel {}
