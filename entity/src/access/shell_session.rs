//! Shell sessions: who had a shell, where, when, and why.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// One row of `shell_sessions`. It is evidence: the user and the agent stay while it does.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "shell_sessions")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub user_id: i64,
    /// The agent's key, not its name to the outside.
    pub agent_id: i64,
    /// The team that gave the right; none, when the person had it themselves.
    #[sea_orm(indexed)]
    pub team_id: Option<i64>,
    /// Its name to the outside.
    #[sea_orm(unique, column_type = "String(StringLen::N(255))")]
    pub session_id: String,
    /// Named as in `resource_assignments`, without a foreign key.
    #[sea_orm(column_type = "String(StringLen::N(100))")]
    pub resource_type: String,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub resource_id: String,
    /// `ssh`, `kubectl`, `docker`, …
    #[sea_orm(column_type = "String(StringLen::N(50))")]
    pub session_type: String,
    /// Why it was opened, in the person's words.
    #[sea_orm(column_type = "Text")]
    pub reason: String,
    /// What ended it: the person, a time limit, an administrator.
    #[sea_orm(column_type = "String(StringLen::N(100))")]
    pub end_reason: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub client_ip: Option<String>,
    /// Where the recording is kept.
    #[sea_orm(column_type = "String(StringLen::N(500))")]
    pub audit_log_path: Option<String>,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub started_at: DateTimeUtc,
    /// The session is open while there is none.
    pub ended_at: Option<DateTimeUtc>,
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Restrict")]
    pub user: BelongsTo<crate::identity::user::Entity>,
    #[sea_orm(belongs_to, from = "agent_id", to = "id", on_delete = "Restrict")]
    pub agent: BelongsTo<super::access_agent::Entity>,
    #[sea_orm(belongs_to, from = "team_id", to = "id", on_delete = "SetNull")]
    pub team: BelongsTo<Option<crate::teams::resource_team::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .index(["user_id", "started_at"])
            .index(["agent_id", "started_at"])
            .index(["resource_type", "resource_id", "started_at"])
            .check("ended_at", "ended_at IS NULL OR ended_at >= started_at")
    }
}
