//! How much of what an address, or an account, may try at the login is used up.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// One row of `login_throttles`.
///
/// `arrives_at` is the theoretical arrival time of the generic cell rate algorithm (ITU-T I.371):
/// one number instead of a list of attempts. A row that has not been written for a day says
/// nothing any more.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "login_throttles")]
pub struct Model {
    /// What is slowed down, and the SHA-256 of which: people type passwords where names belong.
    #[sea_orm(primary_key, auto_increment = false, column_type = "String(StringLen::N(80))")]
    pub key: String,
    /// Microseconds since 1970.
    pub arrives_at: i64,
    #[sea_orm(indexed, default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table.at_least("arrives_at", 0)
    }
}
