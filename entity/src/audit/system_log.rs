//! Log rows: what parts of the system had to say, and, chained by hashes, who changed what.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// How much a log row matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(20))", rename_all = "snake_case")]
pub enum LogLevel {
    Debug,
    Info,
    Warning,
    Error,
    Critical,
}

/// One row of `system_logs`.
///
/// It refers to nothing by a foreign key: it outlives whom and what it tells of, and a key that was
/// emptied by a deletion would break the chain.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "system_logs")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub level: LogLevel,
    /// The part of the system that speaks: a domain, a worker.
    #[sea_orm(column_type = "String(StringLen::N(50))")]
    pub component: String,
    /// What was done, of an audited row: `role.assign`.
    #[sea_orm(column_type = "String(StringLen::N(100))")]
    pub action: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub message: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub details: Option<Json>,
    /// The person who did it; nobody, when the system did.
    pub actor_id: Option<i64>,
    /// What the person was called at that time, or why the system did it.
    #[sea_orm(column_type = "String(StringLen::N(300))")]
    pub actor_name: Option<String>,
    /// What it was done to: `user`, `cloud_machine`, …
    #[sea_orm(column_type = "String(StringLen::N(100))")]
    pub subject_kind: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub subject_id: Option<String>,
    /// The place in the chain, from 1 without gaps; a row without one is no part of it.
    #[sea_orm(unique)]
    pub position: Option<i64>,
    /// SHA-256 of the hash before and of this row, in hexadecimal.
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub hash: Option<String>,
    #[sea_orm(indexed, default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .index(["actor_id", "created_at"])
            .index(["subject_kind", "subject_id", "created_at"])
            .index(["component", "created_at"])
            .one_of("level", LogLevel::values())
            .at_least("position", 1)
            .check("hash", "(position IS NULL) = (hash IS NULL)")
    }
}
