//! Certificates that the proxies show.
//!
//! What a certificate says is read from its text and never given beside it.

mod pem;
mod renewal;

use chrono::{DateTime, TimeDelta, Utc};
use entity::proxy::certificate::{ActiveModel, Column, Entity};
pub use entity::proxy::certificate::{CertificateSource, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, prelude::Json,
};
use secrecy::{ExposeSecret as _, SecretString};

pub use self::renewal::{Renewal, renewal_failed, renewed};
use super::Proxy;
use crate::{
    Result, World,
    audit::Audited,
    page::MOST_PER_PAGE,
    records::{self, Record},
    rights::{CreateProxies, Granted, ReadProxies, UpdateProxies},
    seal::Keyring,
    text::{self, invalid},
    world::is_kept,
};

impl Record for Entity {
    type Domain = Proxy;

    const KIND: &'static str = "certificate";
    const GUARDED: &'static [Column] = &[
        Column::CommonName,
        Column::SubjectAltNames,
        Column::Issuer,
        Column::ValidFrom,
        Column::ValidUntil,
        Column::RenewAt,
        Column::LastRenewedAt,
        Column::RenewalError,
    ];

    fn settle(row: &mut ActiveModel) -> Result<()> {
        if let Set(name) = &row.name {
            text::key("name of a certificate", name, 100)?;
        }
        if let Set(text) = &row.cert_data {
            let says = pem::facts(text)?;
            row.common_name = Set(says.common_name);
            row.subject_alt_names = Set(Json::from(says.subject_alt_names));
            row.issuer = Set(says.issuer);
            row.valid_from = Set(Some(says.valid_from));
            row.valid_until = Set(says.valid_until);
        }
        if let Set(Some(text)) = &row.ca_chain {
            pem::chain(text)?;
        }
        let renew_at = renewal::due_at(row)?;
        row.renew_at.set_ne(renew_at);
        Ok(())
    }
}

/// Adds a certificate, with its private key, if there is one.
///
/// # Errors
/// Those of [`records::create_with_secrets`]; [`Error::Invalid`](crate::Error::Invalid) for what is no
/// key in PEM, or needs a password.
pub async fn create(
    unit: &Audited<'_>,
    by: &Granted<CreateProxies>,
    keys: (&Keyring, &World),
    row: ActiveModel,
    key: Option<&SecretString>,
) -> Result<Model> {
    is_sound(key)?;
    let secrets: Vec<_> = key.map(|key| (Column::KeyData, key.clone())).into_iter().collect();
    records::create_with_secrets::<Entity>(unit, by, keys, row, &secrets).await
}

/// Seals another private key for a certificate, or takes away the one that it has.
///
/// # Errors
/// Those of [`records::seal`]; [`Error::Invalid`](crate::Error::Invalid) for what is no key in PEM,
/// or needs a password.
pub async fn set_key(
    unit: &Audited<'_>,
    by: &Granted<UpdateProxies>,
    keys: (&Keyring, &World),
    id: i64,
    key: Option<&SecretString>,
) -> Result<Model> {
    is_sound(key)?;
    records::seal::<Entity>(unit, by, keys, id, Column::KeyData, key).await
}

/// Makes sure that a private key, if there is one, is one in PEM without a password.
fn is_sound(key: Option<&SecretString>) -> Result<()> {
    if key.is_some_and(|key| !pem::is_key(key.expose_secret())) {
        return Err(invalid("key_data", "***", "it is no private key in PEM"));
    }
    Ok(())
}

/// At most `limit` certificates in use that are good now and will not be after `within`, those that
/// end first in front: from the beginning, or those behind the one that a list before ended with.
///
/// # Errors
/// Only [`Error::Database`](crate::Error::Database).
pub async fn expiring(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadProxies>,
    world: &World,
    within: TimeDelta,
    after: Option<&Model>,
    limit: u64,
) -> Result<Vec<Model>> {
    let now = world.clock.now();
    // A time that is not kept is later than the end of every certificate.
    let end = now.checked_add_signed(within.max(TimeDelta::zero())).filter(|end| is_kept(*end));
    let which = Condition::all()
        .add(Column::IsActive.eq(true))
        .add(Column::ValidUntil.gte(now))
        .add_option(end.map(|end| Column::ValidUntil.lte(end)));
    let after = after.map(|last| (last.valid_until, last.id));
    first(db, which, Column::ValidUntil, after, limit).await
}

/// At most `limit` certificates in use that are not good any more, in the order of [`expiring`].
///
/// # Errors
/// Only [`Error::Database`](crate::Error::Database).
pub async fn expired(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadProxies>,
    world: &World,
    after: Option<&Model>,
    limit: u64,
) -> Result<Vec<Model>> {
    let which = Condition::all()
        .add(Column::IsActive.eq(true))
        .add(Column::ValidUntil.lt(world.clock.now()));
    let after = after.map(|last| (last.valid_until, last.id));
    first(db, which, Column::ValidUntil, after, limit).await
}

/// At most `limit` certificates that renew themselves and are due, those that have been for longest
/// in front: from the beginning, or those behind the one that a list before ended with, so that
/// what cannot be renewed holds nobody up.
///
/// # Errors
/// Only [`Error::Database`](crate::Error::Database).
pub async fn due(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadProxies>,
    world: &World,
    after: Option<&Model>,
    limit: u64,
) -> Result<Vec<Model>> {
    let which = Condition::all().add(Column::RenewAt.lte(world.clock.now()));
    let after = after.and_then(|last| Some((last.renew_at?, last.id)));
    first(db, which, Column::RenewAt, after, limit).await
}

/// The first rows in the order of a time, behind a place in that order.
async fn first(
    db: &impl ConnectionTrait,
    which: Condition,
    time: Column,
    after: Option<(DateTime<Utc>, i64)>,
    limit: u64,
) -> Result<Vec<Model>> {
    let beyond = after.map(|(at, id)| {
        let at_once = Condition::all().add(time.eq(at)).add(Column::Id.gt(id));
        // The first says nothing more, but an index is searched by it.
        let later = Condition::any().add(time.gt(at)).add(at_once);
        Condition::all().add(time.gte(at)).add(later)
    });
    let rows = Entity::find()
        .filter(which.add_option(beyond))
        .order_by_asc(time)
        .order_by_asc(Column::Id)
        .limit(limit.clamp(1, MOST_PER_PAGE));
    Ok(rows.all(db).await?)
}
