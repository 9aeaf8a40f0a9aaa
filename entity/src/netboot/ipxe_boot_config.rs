//! Boot configurations: what a machine is told when it asks how to start.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// One row of `ipxe_boot_configs`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ipxe_boot_configs")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Without one, the image that is the default of all.
    #[sea_orm(indexed)]
    pub default_image_id: Option<i64>,
    #[sea_orm(indexed)]
    pub assigned_egg_group_id: Option<i64>,
    #[sea_orm(unique, column_type = "String(StringLen::N(255))")]
    pub name: String,
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    /// Said instead of the script that is made from the image.
    #[sea_orm(column_type = "Text")]
    pub ipxe_script: Option<String>,
    /// Added to those of the image.
    #[sea_orm(column_type = "Text")]
    pub kernel_params: Option<String>,
    /// A list of devices, the first to try first.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub boot_order: Json,
    #[sea_orm(default_value = 30)]
    pub timeout_seconds: i32,
    /// For machines that have none of their own; the service keeps it to one.
    #[sea_orm(default_value = false)]
    pub is_default: bool,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "default_image_id", to = "id", on_delete = "SetNull")]
    pub default_image: BelongsTo<Option<super::ipxe_image::Entity>>,
    #[sea_orm(belongs_to, from = "assigned_egg_group_id", to = "id", on_delete = "SetNull")]
    pub assigned_egg_group: BelongsTo<Option<super::egg_group::Entity>>,
    #[sea_orm(has_many)]
    pub machines: HasMany<super::ipxe_machine::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table.at_least("timeout_seconds", 0)
    }
}
