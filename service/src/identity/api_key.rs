//! API keys: what a program proves itself with, on behalf of the person who made the key.

use std::{collections::BTreeSet, fmt};

use chrono::{DateTime, TimeDelta, Utc};
use entity::identity::{
    api_key::{ActiveModel, Column, Entity, Model},
    permission, user as person,
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, Condition, ConnectionTrait,
    DatabaseConnection, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, sea_query::Expr,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::{
    name,
    secret::{Purpose, hash},
    user,
};
use crate::{
    Error, Result, Rights, World,
    audit::{Audited, Deed, audited},
    lookup::by_text,
    mail::{self, MailKind},
    records::sound,
    rights::{ALL, Actor, Granted, Grantee, ReadUsers, UpdateUsers, exceed},
    rule::Rule,
    settings,
    text::invalid,
};

/// The longest that a key is good, when it has an end at all.
pub const LONGEST: TimeDelta = TimeDelta::days(3650);

/// The setting that says how many keys that are good somebody may have.
const MOST: &str = "api_keys.max_per_user";
/// How many, when the setting is not there.
const MOST_ABSENT: i64 = 50;

/// A key to make.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// What its owner knows it by, up to 255 characters.
    pub name: String,
    /// The codes of the permissions that it may use.
    pub scopes: BTreeSet<String>,
    /// Until when it is good; for ever without, until it is revoked.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What is known about a key; never the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// What it is revoked by.
    pub id: i64,
    /// What its owner knows it by.
    pub name: String,
    /// How it begins.
    pub prefix: String,
    /// The codes of the permissions that it may use, as far as its owner has them.
    pub scopes: BTreeSet<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Until when it is good.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A new key, shown this once.
pub struct Made {
    /// The key itself.
    pub key: SecretString,
    /// What is known about it.
    pub info: ApiKey,
}

impl fmt::Debug for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Made").field("info", &self.info).finish_non_exhaustive()
    }
}

/// Makes a key of the actor, which may use no more than `scopes`, nor more than the actor has when
/// it is used.
///
/// # Errors
/// [`Error::NotFound`] for a scope that is no permission, [`Error::Exceeds`] for one that the actor
/// has not, [`Error::Invalid`] for a name that will not do and an end that lies in the past or
/// further than [`LONGEST`], or that not every database keeps, [`Rule::KeyLimit`] if the actor has
/// as many keys as the setting `api_keys.max_per_user` says: those that are good count, and no
/// others.
pub async fn create(
    db: &DatabaseConnection,
    rights: &Rights,
    world: &World,
    actor: &Actor,
    new: NewKey,
) -> Result<Made> {
    let now = world.clock.now();
    let name = name::key(&new.name)?;
    let expires_at = new.expires_at.map(|end| sound::kept("end of a key", end)).transpose()?;
    if let Some(end) = expires_at
        && (end <= now || end > now + LONGEST)
    {
        let problem = format!("it must lie within {} days from now", LONGEST.num_days());
        return Err(invalid("end of a key", &end.to_rfc3339(), &problem));
    }
    let held = rights.held(db, actor.user_id()).await?;
    for code in &new.scopes {
        if !is_known(db, code).await? {
            return Err(Error::not_found("permission", code));
        }
        if !held.codes.contains(code) || !actor.may_use(code) {
            let object = "the key".to_owned();
            return Err(Error::Exceeds { permission: code.clone(), object });
        }
    }
    let key = Purpose::ApiKey.make(world);
    let row = ActiveModel {
        user_id: Set(actor.user_id()),
        name: Set(name),
        prefix: Set(key.expose_secret().chars().take(12).collect()),
        key_hash: Set(hash(key.expose_secret()).into()),
        scopes: Set(new.scopes.iter().cloned().collect::<Vec<String>>().into()),
        created_at: Set(now),
        expires_at: Set(expires_at),
        ..Default::default()
    };
    let row = &row;
    let row = audited(db, world, |unit, _| {
        Box::pin(async move {
            has_room(unit, actor.user_id()).await?;
            let row = row.clone().insert(unit.tx()).await?;
            mail::notice(unit.tx(), unit.now(), actor.user_id(), MailKind::ApiKeyCreated).await?;
            let deed = Deed::by(actor, "identity", "api_key.create").on("api_key", &row.id);
            unit.record(deed.with(json!({"name": row.name, "scopes": row.scopes})));
            Ok(row)
        })
    })
    .await?;
    Ok(Made { key, info: info(row) })
}

/// Makes sure that a person may have one more key. Their row is held until the key is there: of two
/// at once, the second counts the first.
async fn has_room(unit: &Audited<'_>, user_id: i64) -> Result<()> {
    let owner = person::Entity::find_by_id(user_id).lock_exclusive().one(unit.tx()).await?;
    let owner = owner.ok_or(Error::Unauthenticated)?;
    let most = settings::read_or(unit.tx(), MOST, MOST_ABSENT).await?;
    let most = u64::try_from(most).unwrap_or_default();
    let lasting =
        Condition::any().add(Column::ExpiresAt.is_null()).add(Column::ExpiresAt.gt(unit.now()));
    let good = Entity::find()
        .filter(Column::UserId.eq(user_id))
        .filter(Column::RevokedAt.is_null())
        .filter(lasting)
        .count(unit.tx())
        .await?;
    if good < most {
        return Ok(());
    }
    let because =
        format!("user `{}` has {good} keys that are good, and may have {most}", owner.username);
    Err(Rule::KeyLimit.refuses(because))
}

/// The keys of the actor, also those that are good no more, the newest first.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn list(db: &impl ConnectionTrait, actor: &Actor) -> Result<Vec<ApiKey>> {
    of(db, actor.user_id()).await
}

/// The keys of a person, also those that are good no more, the newest first.
///
/// # Errors
/// [`Error::NotFound`] if there is no such person.
pub async fn list_of(
    db: &impl ConnectionTrait,
    by: &Granted<ReadUsers>,
    user_id: i64,
) -> Result<Vec<ApiKey>> {
    user::by_id(db, by, user_id).await?;
    of(db, user_id).await
}

async fn of(db: &impl ConnectionTrait, user_id: i64) -> Result<Vec<ApiKey>> {
    let keys = Entity::find().filter(Column::UserId.eq(user_id));
    Ok(keys.order_by_desc(Column::Id).all(db).await?.into_iter().map(info).collect())
}

/// Revokes a key of the actor; one that was revoked before stays so.
///
/// # Errors
/// [`Error::NotFound`] if the actor has no such key.
pub async fn revoke(db: &DatabaseConnection, world: &World, actor: &Actor, id: i64) -> Result<()> {
    end(db, world, &Grantee::Person(actor.clone()), actor.user_id(), id).await
}

/// Revokes a key of a person; one that was revoked before stays so.
///
/// # Errors
/// [`Error::NotFound`] if there is no such person, or they have no such key, [`Error::Exceeds`] if
/// they have a right that `by` has not.
pub async fn revoke_of(
    db: &DatabaseConnection,
    world: &World,
    by: &Granted<UpdateUsers>,
    user_id: i64,
    id: i64,
) -> Result<()> {
    let owner = person::Entity::find_by_id(user_id).one(db).await?;
    let owner = owner.ok_or_else(|| Error::not_found(user::KIND, user_id.to_string()))?;
    exceed::person(db, by.to(), &owner).await?;
    end(db, world, by.to(), user_id, id).await
}

async fn end(
    db: &DatabaseConnection,
    world: &World,
    by: &Grantee,
    user_id: i64,
    id: i64,
) -> Result<()> {
    audited(db, world, |unit, _| {
        Box::pin(async move {
            let theirs = Entity::find_by_id(id).filter(Column::UserId.eq(user_id));
            if theirs.one(unit.tx()).await?.is_none() {
                return Err(Error::not_found("API key", id.to_string()));
            }
            let revoked = Entity::update_many()
                .col_expr(Column::RevokedAt, Expr::value(unit.now()))
                .filter(Column::Id.eq(id))
                .filter(Column::RevokedAt.is_null())
                .exec(unit.tx())
                .await?;
            if revoked.rows_affected > 0 {
                unit.record(Deed::of(by, "identity", "api_key.revoke").on("api_key", &id));
            }
            Ok(())
        })
    })
    .await
}

async fn is_known(db: &impl ConnectionTrait, code: &str) -> Result<bool> {
    if ALL.contains(&code) {
        return Ok(true);
    }
    let column = permission::Column::Code;
    Ok(by_text::<permission::Entity>(db, column, code, |row| Some(&row.code)).await?.is_some())
}

fn info(row: Model) -> ApiKey {
    let Model {
        id, name, prefix, scopes, created_at, expires_at, last_used_at, revoked_at, ..
    } = row;
    let scopes = serde_json::from_value(scopes).unwrap_or_default();
    ApiKey { id, name, prefix, scopes, created_at, expires_at, last_used_at, revoked_at }
}
