//! Apps of a display: what is rendered how often, and when it is shown.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// What `recurrence_interval` counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(10))", rename_all = "snake_case")]
pub enum RecurrenceType {
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// One row of `apps`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "apps")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(column_type = "String(StringLen::N(8))")]
    pub device_id: String,
    /// Names this installation among those of the device; one app can be installed twice.
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub iname: String,
    /// Of the app that is installed.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub name: String,
    /// Of the source that is rendered; what was pushed has none.
    #[sea_orm(column_type = "String(StringLen::N(1024))")]
    pub path: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub notes: Option<String>,
    /// Where it comes among the apps of the device.
    #[sea_orm(default_value = 0)]
    pub position: i32,
    /// The least time between two renderings; 0: whenever it is shown.
    #[sea_orm(default_value = 0)]
    pub render_interval_minutes: i32,
    /// 0: as long as the device's `default_interval_seconds`.
    #[sea_orm(default_value = 0)]
    pub display_seconds: i32,
    /// In the device's time zone; shown from the beginning of the day, without one.
    pub start_time: Option<Time>,
    /// Earlier than `start_time` where it is shown beyond midnight.
    pub end_time: Option<Time>,
    /// A list of weekdays, `monday` to `sunday`; an empty one means every day.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub days: Json,
    #[sea_orm(default_value = "daily")]
    pub recurrence_type: RecurrenceType,
    /// Every so many days, weeks, months or years.
    #[sea_orm(default_value = 1)]
    pub recurrence_interval: i32,
    /// Where counting begins.
    pub recurrence_start_date: Option<Date>,
    /// The last day; it recurs for ever, without one.
    pub recurrence_end_date: Option<Date>,
    /// What the app was told by whoever installed it, which can be keys to services of others.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub config: Json,
    /// A list of what the last rendering had to say.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub render_messages: Json,
    #[sea_orm(default_value = 0)]
    pub last_render_duration_ms: i32,
    #[sea_orm(default_value = true)]
    pub enabled: bool,
    /// The picture was sent from outside and is not rendered here.
    #[sea_orm(default_value = false)]
    pub pushed: bool,
    /// Pins itself whenever its rendering is not empty.
    #[sea_orm(default_value = false)]
    pub autopin: bool,
    /// What recurs counts, and not `days`.
    #[sea_orm(default_value = false)]
    pub use_custom_recurrence: bool,
    /// Such an app is passed over until there is something to see again.
    #[sea_orm(default_value = false)]
    pub last_render_was_empty: bool,
    pub last_rendered_at: Option<DateTimeUtc>,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "device_id", to = "id", on_delete = "Cascade")]
    pub device: BelongsTo<super::device::Entity>,
    #[sea_orm(has_one)]
    pub recurrence_pattern: HasOne<super::recurrence_pattern::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .unique(["device_id", "iname"])
            .one_of("recurrence_type", RecurrenceType::values())
            .at_least("position", 0)
            .at_least("render_interval_minutes", 0)
            .at_least("display_seconds", 0)
            .at_least("recurrence_interval", 1)
            .at_least("last_render_duration_ms", 0)
            .check("recurrence_dates", "recurrence_end_date >= recurrence_start_date")
    }
}
