//! On which days of its weeks, months or years a recurring app is shown.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// One row of `recurrence_patterns`. An app without one recurs on the day on which counting began.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recurrence_patterns")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique)]
    pub app_id: i64,
    pub day_of_month: Option<i32>,
    /// `first_monday`, `last_friday`, …
    #[sea_orm(column_type = "String(StringLen::N(20))")]
    pub day_of_week: Option<String>,
    /// A list of weekdays, `monday` to `sunday`.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub weekdays: Json,
    #[sea_orm(belongs_to, from = "app_id", to = "id", on_delete = "Cascade")]
    pub app: BelongsTo<super::app::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table.between("day_of_month", 1, 31)
    }
}
