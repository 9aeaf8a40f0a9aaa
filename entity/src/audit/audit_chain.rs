//! Where the chain of the audited rows ends, and where what is kept of it begins.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// One row of `audit_chains`. There is one chain, `main`; the migration inserts its row.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_chains")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "String(StringLen::N(20))")]
    pub name: String,
    /// The position of the last row; 0 while there is none.
    #[sea_orm(default_value = 0)]
    pub position: i64,
    /// The last row's hash; 64 zeros while there is none.
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub hash: String,
    /// The position of the last row that pruning has removed: the checkpoint. 0 before the first.
    #[sea_orm(default_value = 0)]
    pub pruned_position: i64,
    /// That row's hash, which the first row that is kept continues.
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub pruned_hash: String,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table.at_least("pruned_position", 0).check("position", "position >= pruned_position")
    }
}
