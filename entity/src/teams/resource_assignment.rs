//! Which team may do what with which resource.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// One row of `resource_assignments`. A resource is named by its kind and its key there, which may
/// be of another system: there is no foreign key.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "resource_assignments")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub team_id: i64,
    #[sea_orm(indexed)]
    pub assigned_by_id: Option<i64>,
    /// `cloud_machine`, `cluster`, …
    #[sea_orm(column_type = "String(StringLen::N(100))")]
    pub resource_type: String,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub resource_id: String,
    /// A list of `read`, `write`, `execute`, `admin` and `shell`.
    #[sea_orm(column_type = "JsonBinary")]
    pub permissions: Json,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub assigned_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "team_id", to = "id", on_delete = "Cascade")]
    pub team: BelongsTo<super::resource_team::Entity>,
    #[sea_orm(belongs_to, from = "assigned_by_id", to = "id", on_delete = "SetNull")]
    pub assigned_by: BelongsTo<Option<crate::identity::user::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table.unique(["resource_type", "resource_id", "team_id"]).index(["team_id"])
    }
}
