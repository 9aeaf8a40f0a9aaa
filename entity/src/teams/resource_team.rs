//! Teams: people who share resources.

use plimsoll::Beside;
use sea_orm::entity::prelude::*;

/// One row of `resource_teams`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "resource_teams")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(indexed)]
    pub created_by_id: Option<i64>,
    /// As it was typed; for showing.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub name: String,
    /// `name` without case; for finding, and what makes it unique.
    #[sea_orm(unique, column_type = "String(StringLen::N(512))")]
    pub name_key: String,
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    /// A team that is not active gives nobody anything.
    #[sea_orm(default_value = true)]
    pub is_active: bool,
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub attributes: Json,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "created_by_id", to = "id", on_delete = "SetNull")]
    pub created_by: BelongsTo<Option<crate::identity::user::Entity>>,
    #[sea_orm(has_many)]
    pub members: HasMany<super::team_member::Entity>,
    #[sea_orm(has_many)]
    pub assignments: HasMany<super::resource_assignment::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {}
