//! Egg groups: eggs that are put on a machine together, in order.

use plimsoll::Beside;
use sea_orm::entity::prelude::*;

/// One row of `egg_groups`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "egg_groups")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique, column_type = "String(StringLen::N(255))")]
    pub name: String,
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub display_name: String,
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    /// A list of the names of eggs, in the order in which they are installed.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub eggs: Json,
    /// Taken where nothing names a group; the service keeps it to one.
    #[sea_orm(default_value = false)]
    pub is_default: bool,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    #[sea_orm(has_many)]
    pub boot_configs: HasMany<super::ipxe_boot_config::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {}
