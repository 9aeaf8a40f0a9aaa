//! Groups of eggs that are put on a machine together, in order.

pub use entity::netboot::egg_group::Model;
use entity::netboot::egg_group::{ActiveModel, Column, Entity};
use sea_orm::{ActiveValue::Set, Condition, DatabaseTransaction};

use super::{Netboot, egg, names};
use crate::{
    Result,
    audit::Audited,
    records::{self, Record},
    rights::{Granted, UpdateNetboot},
};

impl Record for Entity {
    type Domain = Netboot;

    const KIND: &'static str = "group of eggs";
    const GUARDED: &'static [Column] = &[Column::IsDefault];

    fn settle(row: &mut ActiveModel) -> Result<()> {
        if let Set(eggs) = &row.eggs {
            names::settled("eggs", eggs)?;
        }
        Ok(())
    }

    async fn agree(tx: &DatabaseTransaction, row: &Model) -> Result<()> {
        egg::are_there(tx, &names::read(Self::KIND, &row.name, &row.eggs)?).await
    }
}

/// Makes a group the one that is taken where a boot configuration names none; the one before is it
/// no more.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such group.
pub async fn make_default(
    unit: &Audited<'_>,
    by: &Granted<UpdateNetboot>,
    id: i64,
) -> Result<Model> {
    records::make_default::<Entity>(unit, by.to(), id, |_| Condition::all()).await
}
