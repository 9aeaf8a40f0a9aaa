//! Refresh tokens: each is exchanged once for its successor; a second use ends the family.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

use crate::Secret;

/// Why a refresh token is no longer accepted, when it did not simply expire or get used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(30))", rename_all = "snake_case")]
pub enum RevokedReason {
    Logout,
    /// A token of the family was used twice: somebody else has it.
    Reuse,
    PasswordChange,
    UserDisabled,
    Administrator,
}

/// One row of `refresh_tokens`. Rows stay until they expire, so that reuse is noticed.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refresh_tokens")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(indexed)]
    pub user_id: i64,
    /// The session: all tokens that descend from one login share it.
    #[sea_orm(indexed, column_type = "String(StringLen::N(36))")]
    pub family_id: String,
    /// When that login was; a session has an absolute end, however often it is renewed.
    pub family_started_at: DateTimeUtc,
    /// SHA-256 of the token, in hexadecimal.
    #[sea_orm(unique, column_type = "String(StringLen::N(64))")]
    pub token_hash: Secret,
    /// The successor that this one was exchanged for.
    #[sea_orm(unique)]
    pub replaced_by_id: Option<i64>,
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub ip: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(512))")]
    pub user_agent: Option<String>,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(indexed)]
    pub expires_at: DateTimeUtc,
    pub used_at: Option<DateTimeUtc>,
    pub revoked_at: Option<DateTimeUtc>,
    pub revoked_reason: Option<RevokedReason>,
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<super::user::Entity>,
    #[sea_orm(
        self_ref,
        relation_enum = "ReplacedBy",
        from = "replaced_by_id",
        to = "id",
        on_delete = "SetNull"
    )]
    pub replaced_by: BelongsTo<Option<Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table.one_of("revoked_reason", RevokedReason::values())
    }
}
