//! Who may see and run which service.

use plimsoll::{Beside, TableBuilder, schema::OnDelete};
use sea_orm::entity::prelude::*;

/// One row of `user_service_assignments`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user_service_assignments")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub user_id: i64,
    #[sea_orm(indexed)]
    pub service_id: i64,
    #[sea_orm(indexed)]
    pub assigned_by_id: Option<i64>,
    #[sea_orm(default_value = true)]
    pub is_active: bool,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub assigned_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<crate::identity::user::Entity>,
    #[sea_orm(belongs_to, from = "service_id", to = "id", on_delete = "Cascade")]
    pub service: BelongsTo<super::service::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// `assigned_by_id` is no relation of SeaORM's: with a second one to the same entity there would be
/// no first.
impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table.unique(["user_id", "service_id"]).foreign_key(
            ["assigned_by_id"],
            "users",
            ["id"],
            OnDelete::SetNull,
        )
    }
}
