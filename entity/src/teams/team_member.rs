//! Who belongs to which team, as what, and until when.

use plimsoll::{Beside, TableBuilder, schema::OnDelete};
use sea_orm::entity::prelude::*;

/// What somebody is in a team, from the most to the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(10))", rename_all = "snake_case")]
pub enum TeamRole {
    Owner,
    Admin,
    Member,
    Viewer,
}

/// One row of `team_members`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "team_members")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub team_id: i64,
    #[sea_orm(indexed)]
    pub user_id: i64,
    #[sea_orm(indexed)]
    pub added_by_id: Option<i64>,
    pub role: TeamRole,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub added_at: DateTimeUtc,
    /// From when on the membership gives nothing; never, without one.
    pub expires_at: Option<DateTimeUtc>,
    #[sea_orm(belongs_to, from = "team_id", to = "id", on_delete = "Cascade")]
    pub team: BelongsTo<super::resource_team::Entity>,
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<crate::identity::user::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// `added_by_id` is no relation of SeaORM's: with a second one to the same entity there would be no
/// first.
impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table
            .unique(["team_id", "user_id"])
            .foreign_key(["added_by_id"], "users", ["id"], OnDelete::SetNull)
            .one_of("role", TeamRole::values())
    }
}
