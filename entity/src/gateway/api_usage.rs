//! How often an API was called, by whom and with what end, counted in spans of time.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

use super::api_definition::HttpMethod;

/// One row of `api_usage`: all calls of one span that agree in method, status and caller.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_usage")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub api_id: i64,
    /// The caller, while they exist.
    #[sea_orm(indexed)]
    pub user_id: Option<i64>,
    /// When the span begins.
    #[sea_orm(indexed)]
    pub bucket_at: DateTimeUtc,
    pub method: HttpMethod,
    pub status_code: i32,
    /// `user:42` or `anonymous`; outlives the user.
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub caller: String,
    #[sea_orm(default_value = 0)]
    pub request_count: i64,
    /// Of all calls together: divided by `request_count` it is the mean.
    #[sea_orm(default_value = 0)]
    pub response_time_ms_sum: i64,
    #[sea_orm(default_value = 0)]
    pub response_time_ms_max: i64,
    #[sea_orm(belongs_to, from = "api_id", to = "id", on_delete = "Cascade")]
    pub api: BelongsTo<super::api_definition::Entity>,
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "SetNull")]
    pub user: BelongsTo<Option<crate::identity::user::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .unique(["api_id", "bucket_at", "method", "status_code", "caller"])
            .one_of("method", HttpMethod::values())
            .between("status_code", 100, 599)
            .at_least("request_count", 0)
            .at_least("response_time_ms_sum", 0)
            .at_least("response_time_ms_max", 0)
    }
}
