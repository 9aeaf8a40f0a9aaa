//! Enrolment keys: each lets so many agents in, until some moment.

use chrono::{DateTime, TimeDelta, Utc};
pub use entity::access::enrollment_key::Model;
use entity::access::enrollment_key::{ActiveModel, Column, Entity};
use sea_orm::{ActiveValue::Set, IntoActiveModel as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::Access;
use crate::{
    Result, World,
    audit::Audited,
    identity::secret::{Purpose, hash},
    records::{self, Record, did, sound},
    rights::{Actor, CreateAccess, Granted, UpdateAccess},
    text::{self, invalid},
};

/// The longest that a key lets agents in.
pub const LONGEST: TimeDelta = TimeDelta::days(30);
/// The most agents that one key lets in.
pub const MOST_USES: i32 = 10_000;

impl Record for Entity {
    type Domain = Access;

    const KIND: &'static str = "enrolment key";
    const GUARDED: &'static [Column] =
        &[Column::MaxUses, Column::UseCount, Column::ExpiresAt, Column::RevokedAt];

    fn settle(row: &mut ActiveModel) -> Result<()> {
        if row.key_hash.is_not_set() {
            return Err(invalid(Self::KIND, "key_hash", "it is made together with its key"));
        }
        if let Set(Some(name)) = &row.name {
            row.name = Set(Some(text::name("name of a key", name, 100)?.shown));
        }
        if let Set(attributes) = &row.attributes
            && !attributes.is_object()
        {
            return Err(invalid("attributes", &attributes.to_string(), "it is no object"));
        }
        Ok(())
    }
}

/// A key to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// What it is made for, up to 100 characters; for showing.
    pub name: Option<String>,
    /// How many agents it lets in, up to [`MOST_USES`].
    pub max_uses: i32,
    /// Until when it lets them in, within [`LONGEST`] from now.
    pub expires_at: DateTime<Utc>,
    /// What else is to be known about it: an object.
    pub attributes: Value,
}

/// A new key, shown this once.
#[derive(Clone, Debug)]
pub struct Made {
    /// The key itself.
    pub key: SecretString,
    /// Its row.
    pub row: Model,
}

/// Makes a key. Nothing but its hash is kept.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) for a name, attributes or a number of uses that will
/// not do, and an end that lies in the past or further than [`LONGEST`], or that not every database
/// keeps.
pub async fn make(
    unit: &Audited<'_>,
    by: &Granted<CreateAccess>,
    world: &World,
    new: NewKey,
) -> Result<Made> {
    let NewKey { name, max_uses, expires_at, attributes } = new;
    if !(1..=MOST_USES).contains(&max_uses) {
        let problem = format!("it goes from 1 to {MOST_USES}");
        return Err(invalid("number of uses", &max_uses.to_string(), &problem));
    }
    let now = unit.now();
    let expires_at = sound::kept("end of a key", expires_at)?;
    if expires_at <= now || expires_at > now + LONGEST {
        let problem = format!("it must lie within {} days from now", LONGEST.num_days());
        return Err(invalid("end of a key", &expires_at.to_rfc3339(), &problem));
    }
    let key = Purpose::Enrollment.make(world);
    let row = ActiveModel {
        created_by_id: Set(by.actor().map(Actor::user_id)),
        name: Set(name),
        key_hash: Set(hash(key.expose_secret()).into()),
        max_uses: Set(max_uses),
        attributes: Set(attributes),
        expires_at: Set(expires_at),
        ..Default::default()
    };
    let row = records::insert::<Entity>(unit.tx(), now, row).await?;
    let details = json!({
        "name": row.name,
        "max_uses": row.max_uses,
        "expires_at": row.expires_at.to_rfc3339(),
    });
    unit.record(did::<Entity>(by.to(), "create", &row).with(details));
    Ok(Made { key, row })
}

/// Lets nobody in by that key any more. The agents that came by it stay; a key that was revoked
/// before stays so.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such key.
pub async fn revoke(unit: &Audited<'_>, by: &Granted<UpdateAccess>, id: i64) -> Result<Model> {
    let key = records::locked::<Entity>(unit.tx(), id).await?;
    if key.revoked_at.is_some() {
        return Ok(key);
    }
    let mut row = key.into_active_model();
    row.revoked_at = Set(Some(unit.now()));
    let key = records::write::<Entity>(unit.tx(), unit.now(), row).await?;
    unit.record(did::<Entity>(by.to(), "revoke", &key));
    Ok(key)
}
