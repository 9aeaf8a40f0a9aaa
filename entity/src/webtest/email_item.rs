//! Mail that tests have sent and that waits to be looked at.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// Which system under test is to read the mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(20))", rename_all = "snake_case")]
pub enum EmailSystem {
    MinerOcr,
    TrueSourceOcr,
}

/// One row of `email_items`. A worker claims the oldest one that requires processing.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "email_items")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    /// What the tracker that the item came from calls it; no key of a table here.
    #[sea_orm(unique)]
    pub email_item_id: i64,
    /// A list of the items that came in the same mail, by what the tracker calls them.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub multi_item_email_ids: Json,
    pub email_system: Option<EmailSystem>,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub test_name: Option<String>,
    /// The worker that is at it.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub claimed_by: Option<String>,
    #[sea_orm(default_value = false)]
    pub multi_email_flag: bool,
    #[sea_orm(default_value = false)]
    pub multi_attachment_flag: bool,
    #[sea_orm(default_value = false)]
    pub requires_processing: bool,
    /// A claim that is too old counts no more: its worker has died.
    pub claimed_at: Option<DateTimeUtc>,
    pub last_processed_at: Option<DateTimeUtc>,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .index(["requires_processing", "created_at"])
            .one_of("email_system", EmailSystem::values())
            .check("claimed_at", "(claimed_by IS NULL) = (claimed_at IS NULL)")
    }
}
