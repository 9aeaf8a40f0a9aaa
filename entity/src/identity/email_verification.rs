//! Verifications of e-mail addresses: a secret sent to an address, which shows whose it is.

use plimsoll::Beside;
use sea_orm::entity::prelude::*;

use crate::Secret;

/// One row of `email_verifications`. Using one is deleting all of its person.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "email_verifications")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(indexed)]
    pub user_id: i64,
    /// The address that it was sent to, without case: of any other it shows nothing.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub email_key: String,
    /// SHA-256 of the secret, in hexadecimal.
    #[sea_orm(unique, column_type = "String(StringLen::N(64))")]
    pub token_hash: Secret,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(indexed)]
    pub expires_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<super::user::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {}
