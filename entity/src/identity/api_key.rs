//! API keys: what a program proves itself with, on behalf of the person who made the key.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

use crate::Secret;

/// One row of `api_keys`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(indexed)]
    pub user_id: i64,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub name: String,
    /// The first characters of the key: enough for its owner to recognise it.
    #[sea_orm(column_type = "String(StringLen::N(16))")]
    pub prefix: String,
    /// SHA-256 of the key, in hexadecimal.
    #[sea_orm(unique, column_type = "String(StringLen::N(64))")]
    pub key_hash: Secret,
    /// A list of permission codes; the key can do no more than these, nor more than its owner.
    #[sea_orm(column_type = "JsonBinary")]
    pub scopes: Json,
    /// Requests per hour.
    #[sea_orm(default_value = 1000)]
    pub rate_limit: i32,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    pub expires_at: Option<DateTimeUtc>,
    pub last_used_at: Option<DateTimeUtc>,
    pub revoked_at: Option<DateTimeUtc>,
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<super::user::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table.at_least("rate_limit", 1)
    }
}
