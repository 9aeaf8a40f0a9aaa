//! Object stores, and the one that is taken where none is named.

pub use entity::cloud::storage_backend::Model;
use entity::cloud::storage_backend::{ActiveModel, Column, Entity};
use sea_orm::{ActiveValue::Set, Condition};

use super::Cloud;
use crate::{
    Result,
    audit::Audited,
    records::{self, Record},
    rights::{Granted, UpdateCloud},
    secrets::backend::without_credentials,
    text,
};

impl Record for Entity {
    type Domain = Cloud;

    const KIND: &'static str = "object store";
    const GUARDED: &'static [Column] = &[Column::IsDefault];

    fn settle(row: &mut ActiveModel) -> Result<()> {
        if let Set(config) = &row.config_data {
            without_credentials("config_data", config)?;
        }
        if let Set(Some(url)) = &row.endpoint_url {
            text::address("endpoint_url", url)?;
        }
        records::default_stays_in_use::<Entity>(row, "object store")
    }
}

/// Makes an object store the one that is taken where none is named; the one before is it no more.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such store, [`Rule::Inactive`](crate::rule::Rule::Inactive) if it
/// is out of use.
pub async fn make_default(unit: &Audited<'_>, by: &Granted<UpdateCloud>, id: i64) -> Result<Model> {
    records::make_default::<Entity>(unit, by.to(), id, |_| Condition::all()).await
}

#[cfg(test)]
mod tests {
    use sea_orm::ActiveValue::Unchanged;

    use super::*;

    #[test]
    fn the_default_stays_in_use() {
        for (is_default, is_active, is_good) in
            [(true, true, true), (false, false, true), (true, false, false)]
        {
            let mut row = ActiveModel {
                is_default: Unchanged(is_default),
                is_active: Set(is_active),
                ..Default::default()
            };

            assert_eq!(Entity::settle(&mut row).is_ok(), is_good, "{is_default} {is_active}");
        }
    }
}
