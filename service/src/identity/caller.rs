//! Who asks: the person behind an access token or an API key.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use entity::identity::{access_token, api_key, user};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait, QueryFilter as _, UpdateMany, sea_query::Expr,
};

use super::{
    secret::{Purpose, hash, is_brought_key},
    session::Client,
};
use crate::{Error, Result, World, lookup::by_text, rights::Actor};

/// The use of a token is written down when the last one was longer ago than this; else every
/// request would be a write.
const NOTED: TimeDelta = TimeDelta::minutes(1);

/// Who asks, proved by a token.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The person, as their row is now.
    pub user: user::Model,
    /// The person as somebody with rights; those of an API key are limited to its scopes.
    pub actor: Actor,
    /// The session; an API key has none.
    pub session: Option<String>,
    /// The program that asks.
    pub client: Client,
}

/// Finds out who asks by an access token or an API key. One query, or two.
///
/// # Errors
/// [`Error::Unauthenticated`] for a token that is unknown, ended or expired, or whose person is not
/// active.
pub async fn authenticate(
    db: &impl ConnectionTrait,
    world: &World,
    token: &str,
    client: Client,
) -> Result<Caller> {
    let now = world.clock.now();
    if let Some(hash) = Purpose::Access.read(token) {
        return by_access_token(db, now, &hash, client).await;
    }
    let brought = || is_brought_key(token).then(|| hash(token));
    match Purpose::ApiKey.read(token).or_else(brought) {
        Some(hash) => by_api_key(db, now, &hash, client).await,
        None => Err(Error::Unauthenticated),
    }
}

async fn by_access_token(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
    hash: &str,
    client: Client,
) -> Result<Caller> {
    use access_token::{Column, Entity};

    let token = by_text::<Entity>(db, Column::TokenHash, hash, |row| Some(row.token_hash.expose()))
        .await?
        .filter(|token| token.expires_at > now)
        .ok_or(Error::Unauthenticated)?;
    let user = active(db, token.user_id).await?;
    if is_to_be_noted(token.last_used_at, now) {
        let last_use = Entity::update_many()
            .col_expr(Column::LastUsedAt, Expr::value(now))
            .filter(Column::Id.eq(token.id));
        note(db, last_use).await;
    }
    Ok(Caller { actor: Actor::of(&user), user, session: Some(token.family_id), client })
}

async fn by_api_key(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
    hash: &str,
    client: Client,
) -> Result<Caller> {
    use api_key::{Column, Entity};

    let key = by_text::<Entity>(db, Column::KeyHash, hash, |row| Some(row.key_hash.expose()))
        .await?
        .filter(|key| key.revoked_at.is_none() && key.expires_at.is_none_or(|end| end > now))
        .ok_or(Error::Unauthenticated)?;
    let user = active(db, key.user_id).await?;
    // Scopes that cannot be read allow nothing.
    let scopes: BTreeSet<String> = serde_json::from_value(key.scopes).unwrap_or_default();
    if is_to_be_noted(key.last_used_at, now) {
        let last_use = Entity::update_many()
            .col_expr(Column::LastUsedAt, Expr::value(now))
            .filter(Column::Id.eq(key.id));
        note(db, last_use).await;
    }
    Ok(Caller { actor: Actor::of(&user).limited_to(scopes), user, session: None, client })
}

async fn active(db: &impl ConnectionTrait, user_id: i64) -> Result<user::Model> {
    let user = user::Entity::find_by_id(user_id).one(db).await?;
    user.filter(|user| user.is_active).ok_or(Error::Unauthenticated)
}

/// Writes the use down. Who asks is known without it: a database that can be read and not written
/// now refuses nobody.
async fn note<E: EntityTrait>(db: &impl ConnectionTrait, used: UpdateMany<E>) {
    if let Err(error) = used.exec(db).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the use of a token was not noted"
        );
    }
}

/// A last use in the future was noted before the clock was set back.
fn is_to_be_noted(last: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    last.is_none_or(|last| now - last > NOTED || last > now)
}
