//! What a display shows next, as it asks.

use entity::displays::device;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, DatabaseConnection, EntityTrait as _, QueryFilter as _,
};
use secrecy::SecretString;

use super::load::of;
use crate::{
    Result, World,
    displays::{
        due::{self, Showing},
        key,
    },
    rule::Rule,
};

/// How often what comes next is worked out at most. Each time in vain another has gone on.
const TRIES: usize = 100;

/// What the display that has the key shows now, and goes on from there when it asks again.
///
/// One update goes on from where the round was found, and changes nothing when another has gone on
/// meanwhile; what comes next is worked out again then, so that of those who ask at once each has a turn.
/// In a transaction that sees one state throughout it would be the same again and again.
///
/// # Errors
/// [`Error::Unauthenticated`](crate::Error::Unauthenticated) for a key that no display has, or whose
/// person is not active; [`Error::Malformed`](crate::Error::Malformed) if what is stored of the display
/// cannot be read; [`Rule::Stale`] if others have gone on each of a hundred times.
pub async fn shows(db: &DatabaseConnection, world: &World, key: &SecretString) -> Result<Showing> {
    for _ in 0..TRIES {
        let device = key::device(db, key).await?;
        let (id, position) = (device.id.clone(), device.last_app_position);
        let display = of(db, device).await?;
        let now = world.clock.now();
        let showing = due::next(&display, now);
        let row = device::ActiveModel {
            last_app_position: Set(showing.position),
            last_seen_at: Set(Some(now)),
            ..Default::default()
        };
        let gone_on = device::Entity::update_many()
            .set(row)
            .filter(device::Column::Id.eq(id))
            .filter(device::Column::LastAppPosition.eq(position))
            .exec(db)
            .await?;
        if gone_on.rows_affected > 0 {
            return Ok(showing);
        }
    }
    Err(Rule::Stale.refuses("others who ask for what the display shows go on all the time"))
}
