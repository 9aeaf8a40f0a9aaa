//! Password resets: a secret sent to a person, good for one new password.

use plimsoll::{Beside, TableBuilder, schema::OnDelete};
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
    /// Who started it for them; nobody did, when they asked for it themselves.
    #[sea_orm(indexed)]
    pub started_by_id: Option<i64>,
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

/// `started_by_id` is no relation of SeaORM's: with a second one to the same entity there would be no
/// first.
impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table.foreign_key(["started_by_id"], "users", ["id"], OnDelete::Cascade)
    }
}
