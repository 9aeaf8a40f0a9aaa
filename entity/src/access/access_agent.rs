//! Access agents: the programs on machines that open shells there.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

use crate::Secret;

/// Whether an agent can be given sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(20))", rename_all = "snake_case")]
pub enum AccessAgentStatus {
    /// Announced, but not enrolled yet.
    Pending,
    Active,
    /// Its heartbeat is overdue.
    Offline,
    /// Gets no sessions until somebody lets it again.
    Suspended,
    /// Its token is no longer accepted.
    Revoked,
}

/// One row of `access_agents`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "access_agents")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    /// What it enrolled with.
    #[sea_orm(indexed)]
    pub enrollment_key_id: Option<i64>,
    /// Its name to the outside; no key of this table.
    #[sea_orm(unique, column_type = "String(StringLen::N(255))")]
    pub agent_id: String,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub hostname: String,
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub ip_address: Option<String>,
    /// SHA-256 of the token, in hexadecimal; none until it is enrolled.
    #[sea_orm(unique, column_type = "String(StringLen::N(64))")]
    pub token_hash: Option<Secret>,
    #[sea_orm(default_value = "pending")]
    pub status: AccessAgentStatus,
    /// A list of the kinds of session that it can open.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub capabilities: Json,
    pub enrolled_at: Option<DateTimeUtc>,
    pub last_heartbeat_at: Option<DateTimeUtc>,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "enrollment_key_id", to = "id", on_delete = "SetNull")]
    pub enrollment_key: BelongsTo<Option<super::enrollment_key::Entity>>,
    #[sea_orm(has_many)]
    pub sessions: HasMany<super::shell_session::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table.index(["status", "last_heartbeat_at"]).one_of("status", AccessAgentStatus::values())
    }
}
