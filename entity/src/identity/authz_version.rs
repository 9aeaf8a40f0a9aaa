//! Versions of rights: how a process learns that what it remembers is no longer true.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// One row of `authz_versions`.
///
/// `scope` is `global`, `user:<id>` or `role:<id>`. Every change of rights
/// raises the `global` version in its own transaction and gives the new number
/// to the scopes that it touches, so that "what changed since 41" is one
/// indexed query. It refers to no user and no role: the row of a deleted one
/// must outlive it, or nobody would learn of the deletion.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "authz_versions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "String(StringLen::N(40))")]
    pub scope: String,
    #[sea_orm(indexed, default_value = 0)]
    pub version: i64,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table.at_least("version", 0)
    }
}
