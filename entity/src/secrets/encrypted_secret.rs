//! Secrets that the database itself keeps, each under a path.

use plimsoll::Beside;
use sea_orm::entity::prelude::*;

use crate::Secret;

/// One row of `encrypted_secrets`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "encrypted_secrets")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(indexed)]
    pub created_by_id: Option<i64>,
    /// What it is asked for by; the `*_path` columns of other tables hold such paths.
    #[sea_orm(unique, column_type = "String(StringLen::N(500))")]
    pub path: String,
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    /// Sealed; never in clear.
    #[sea_orm(column_type = "Text")]
    pub encrypted_data: Secret,
    /// When the value last changed; `updated_at` moves with the description too.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub rotated_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "created_by_id", to = "id", on_delete = "SetNull")]
    pub created_by: BelongsTo<Option<crate::identity::user::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {}
