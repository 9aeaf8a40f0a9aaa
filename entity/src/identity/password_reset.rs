//! Password resets: a secret sent to a person, good for one new password.

use plimsoll::Beside;
use sea_orm::entity::prelude::*;

use crate::Secret;

/// One row of `password_resets`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "password_resets")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(indexed)]
    pub user_id: i64,
    /// SHA-256 of the secret, in hexadecimal.
    #[sea_orm(unique, column_type = "String(StringLen::N(64))")]
    pub token_hash: Secret,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    pub expires_at: DateTimeUtc,
    pub used_at: Option<DateTimeUtc>,
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<super::user::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {}
