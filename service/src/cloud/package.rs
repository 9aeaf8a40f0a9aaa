//! Sets of packages, and the one that is taken where none is named.

pub use entity::cloud::package_config::Model;
use entity::cloud::package_config::{Column, Entity};
use sea_orm::{
    ColumnTrait as _, Condition, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    QuerySelect as _,
};

use super::Cloud;
use crate::{
    Result,
    audit::Audited,
    records::{self, Record},
    rights::{Granted, UpdateCloud},
};

impl Record for Entity {
    type Domain = Cloud;

    const KIND: &'static str = "set of packages";
    const GUARDED: &'static [Column] = &[Column::IsDefault];
}

/// Makes a set of packages the one that is taken where none is named; the one before is it no more.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such set.
pub async fn make_default(unit: &Audited<'_>, by: &Granted<UpdateCloud>, id: i64) -> Result<Model> {
    records::make_default::<Entity>(unit, by.to(), id, |_| Condition::all()).await
}

/// The key of the default, if there is one.
pub(super) async fn default_id(tx: &DatabaseTransaction) -> Result<Option<i64>> {
    let query = Entity::find().select_only().column(Column::Id);
    Ok(query.filter(Column::IsDefault.eq(true)).into_tuple().one(tx).await?)
}
