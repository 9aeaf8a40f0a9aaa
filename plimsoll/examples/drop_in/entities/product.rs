//! What is sold.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "product")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(unique_key = "vendor_code")]
    pub vendor: String,
    #[sea_orm(unique_key = "vendor_code")]
    pub code: String,
    #[sea_orm(column_type = "Text")]
    pub description: String,
    pub picture: Option<Vec<u8>>,
    pub weight: Option<f32>,
    pub stock: u32,
    pub since: Date,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
