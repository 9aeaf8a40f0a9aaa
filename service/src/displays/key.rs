//! What a display proves itself by, and what it says of itself.
//!
//! Keys that were brought in from elsewhere are texts of any form; a new one is a token like others.

use entity::{displays::device, identity::user};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, JoinType,
    QueryFilter as _, QuerySelect as _, RelationTrait as _,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

use super::authority::{self, KIND};
use crate::{
    Error, Result, World,
    audit::{Audited, Deed},
    identity::secret::{Purpose, hash},
    records::sound,
    rights::{Actor, ReadDisplays, UpdateDisplays},
};

/// Gives a display a new key, in place of the one before. It is shown this once. All that there is of
/// the display can be read with it.
///
/// # Errors
/// [`Error::NotFound`] if there is no such display, [`Error::Forbidden`] to whoever may not see and
/// change those of others, if it is another's or there is none.
pub async fn make(
    unit: &Audited<'_>,
    world: &World,
    actor: &Actor,
    id: &str,
) -> Result<SecretString> {
    let device = authority::device::<UpdateDisplays>(unit.tx(), actor, id).await?;
    authority::person::<ReadDisplays>(unit.tx(), actor, device.user_id).await?;
    let key = Purpose::Display.make(world);
    let row = device::ActiveModel {
        api_key_hash: Set(Some(hash(key.expose_secret()).into())),
        updated_at: Set(unit.now()),
        ..Default::default()
    };
    let made = device::Entity::update_many()
        .set(row)
        .filter(device::Column::Id.eq(device.id.as_str()))
        .exec(unit.tx())
        .await?;
    if made.rows_affected == 0 {
        return Err(Error::not_found(KIND, id));
    }
    unit.record(Deed::by(actor, "displays", "key.make").on(KIND, &device.id));
    Ok(key)
}

/// The id of the display that has the key. One query.
///
/// # Errors
/// [`Error::Unauthenticated`] for a key that none has, or whose person is not active.
pub async fn by_key(db: &impl ConnectionTrait, key: &SecretString) -> Result<String> {
    Ok(device(db, key).await?.id)
}

/// Writes down that a display was heard of now.
///
/// # Errors
/// As for [`by_key`].
pub async fn last_seen(db: &impl ConnectionTrait, world: &World, key: &SecretString) -> Result<()> {
    let row =
        device::ActiveModel { last_seen_at: Set(Some(world.clock.now())), ..Default::default() };
    write(db, key, row).await
}

/// Writes down what a display says of itself, in place of what it said before: its firmware, its
/// protocol, its address.
///
/// # Errors
/// As for [`by_key`]; [`Error::Invalid`] for what not every database keeps.
pub async fn says(
    db: &impl ConnectionTrait,
    world: &World,
    key: &SecretString,
    info: &Map<String, Value>,
) -> Result<()> {
    let row = device::ActiveModel {
        info: Set(Value::Object(info.clone())),
        last_seen_at: Set(Some(world.clock.now())),
        ..Default::default()
    };
    write(db, key, row).await
}

async fn write(
    db: &impl ConnectionTrait,
    key: &SecretString,
    row: device::ActiveModel,
) -> Result<()> {
    let device = device(db, key).await?;
    sound::look::<device::Entity>(db, &row).await?;
    let update = device::Entity::update_many().set(row);
    update.filter(device::Column::Id.eq(device.id)).exec(db).await?;
    Ok(())
}

/// The display that has the key, while its person is active.
pub(super) async fn device(db: &impl ConnectionTrait, key: &SecretString) -> Result<device::Model> {
    let device = device::Entity::find()
        .join(JoinType::InnerJoin, device::Relation::User.def())
        .filter(device::Column::ApiKeyHash.eq(hash(key.expose_secret())))
        .filter(user::Column::IsActive.eq(true))
        .one(db)
        .await?;
    device.ok_or(Error::Unauthenticated)
}
