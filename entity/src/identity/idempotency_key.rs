//! Idempotency keys: what was asked under one, and what the answer was.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

use crate::Secret;

/// One row of `idempotency_keys`. What was asked is being done while there is no `ended_at`; nobody
/// knows what became of it when there is none for long.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_keys")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The person who asked, or whose API key did.
    #[sea_orm(indexed)]
    pub user_id: i64,
    /// SHA-256 of who asked and of the key, in hexadecimal.
    #[sea_orm(unique, column_type = "String(StringLen::N(64))")]
    pub key_hash: Secret,
    /// SHA-256 of the same and of what was asked, in hexadecimal.
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub request_hash: Secret,
    /// The status of the answer.
    pub status: Option<i32>,
    /// The answer, sealed with what the idempotency key gives; none when it was too large.
    #[sea_orm(column_type = "Text")]
    pub answer: Option<Secret>,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    pub ended_at: Option<DateTimeUtc>,
    /// From then on the key is as good as a new one.
    #[sea_orm(indexed)]
    pub expires_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<super::user::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .between("status", 100, 599)
            .check("ended_at", "(ended_at IS NULL) = (status IS NULL)")
            .check("answer", "answer IS NULL OR ended_at IS NOT NULL")
    }
}
