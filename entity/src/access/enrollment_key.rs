//! Enrolment keys: what an agent proves itself with before it has a token of its own.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

use crate::Secret;

/// One row of `enrollment_keys`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "enrollment_keys")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(indexed)]
    pub created_by_id: Option<i64>,
    /// What it was made for; for showing.
    #[sea_orm(column_type = "String(StringLen::N(100))")]
    pub name: Option<String>,
    /// SHA-256 of the key, in hexadecimal.
    #[sea_orm(unique, column_type = "String(StringLen::N(64))")]
    pub key_hash: Secret,
    #[sea_orm(default_value = 1)]
    pub max_uses: i32,
    /// How many agents have enrolled with it, deleted ones too.
    #[sea_orm(default_value = 0)]
    pub use_count: i32,
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub attributes: Json,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(indexed)]
    pub expires_at: DateTimeUtc,
    pub revoked_at: Option<DateTimeUtc>,
    #[sea_orm(belongs_to, from = "created_by_id", to = "id", on_delete = "SetNull")]
    pub created_by: BelongsTo<Option<crate::identity::user::Entity>>,
    #[sea_orm(has_many)]
    pub agents: HasMany<super::access_agent::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .at_least("max_uses", 1)
            .at_least("use_count", 0)
            .check("uses", "use_count <= max_uses")
    }
}
