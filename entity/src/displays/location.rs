//! Where a display stands: for apps that show the weather, the sun or the next train.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// One row of `locations`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "locations")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique, column_type = "String(StringLen::N(8))")]
    pub device_id: String,
    /// The town or the district.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub locality: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    /// What the service that found the place calls it.
    #[sea_orm(column_type = "String(StringLen::N(512))")]
    pub place_id: Option<String>,
    /// An IANA name.
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub timezone: Option<String>,
    /// Degrees north of the equator.
    pub lat: f64,
    /// Degrees east of Greenwich.
    pub lng: f64,
    /// What its owner calls the place.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub name: Option<String>,
    #[sea_orm(belongs_to, from = "device_id", to = "id", on_delete = "Cascade")]
    pub device: BelongsTo<super::device::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table.between("lat", -90, 90).between("lng", -180, 180)
    }
}
