//! Which sessions somebody has, and ending them.

use chrono::{DateTime, Utc};
use entity::identity::{
    access_token,
    refresh_token::{self, RevokedReason},
};
use plimsoll::retry;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseConnection, DatabaseTransaction,
    EntityTrait as _, QueryFilter as _, QueryOrder as _, sea_query::Expr,
};
use uuid::Uuid;

use super::locked;
use crate::{
    Error, Result, World,
    audit::{Deed, audited},
    identity::{caller::Caller, user},
    rights::{Actor, Granted, ReadUsers, UpdateUsers, exceed},
};

/// A session that can be gone on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// What it is ended by.
    pub id: String,
    /// When its login was.
    pub started_at: DateTime<Utc>,
    /// When it was last renewed.
    pub renewed_at: DateTime<Utc>,
    /// When it ends if nobody renews it.
    pub expires_at: DateTime<Utc>,
    /// The address that it was last renewed from.
    pub ip: Option<String>,
    /// What the program called itself.
    pub user_agent: Option<String>,
}

/// The sessions of the actor, the newest first.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn list(db: &impl ConnectionTrait, world: &World, actor: &Actor) -> Result<Vec<Session>> {
    live(db, world.clock.now(), actor.user_id()).await
}

/// The sessions of a person, the newest first.
///
/// # Errors
/// [`Error::NotFound`] if there is no such person.
pub async fn list_of(
    db: &impl ConnectionTrait,
    world: &World,
    by: &Granted<ReadUsers>,
    user_id: i64,
) -> Result<Vec<Session>> {
    user::by_id(db, by, user_id).await?;
    live(db, world.clock.now(), user_id).await
}

/// Ends the session that the caller asks in; nothing for an API key, which has none.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn logout(db: &DatabaseConnection, world: &World, caller: &Caller) -> Result<()> {
    let Some(family) = &caller.session else { return Ok(()) };
    revoke(db, world, caller.user.id, Which::Only(family), RevokedReason::Logout).await?;
    Ok(())
}

/// Ends one of the actor's sessions.
///
/// # Errors
/// [`Error::NotFound`] if the actor has no such session.
pub async fn end(
    db: &DatabaseConnection,
    world: &World,
    actor: &Actor,
    session: &str,
) -> Result<()> {
    let ended = revoke(db, world, actor.user_id(), Which::Only(session), RevokedReason::Logout);
    found(ended.await?, session)
}

/// Ends all sessions of the caller but the one that they ask in, and says how many.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn end_others(db: &DatabaseConnection, world: &World, caller: &Caller) -> Result<u64> {
    let which = caller.session.as_deref().map_or(Which::All, Which::AllBut);
    revoke(db, world, caller.user.id, which, RevokedReason::Logout).await
}

/// Ends a session of somebody.
///
/// # Errors
/// [`Error::NotFound`] if there is no such person, or they have no such session, [`Error::Exceeds`]
/// if they have a right that `by` has not.
pub async fn end_of(
    db: &DatabaseConnection,
    world: &World,
    by: &Granted<UpdateUsers>,
    user_id: i64,
    session: &str,
) -> Result<()> {
    let person = entity::identity::user::Entity::find_by_id(user_id).one(db).await?;
    let person = person.ok_or_else(|| Error::not_found(user::KIND, user_id.to_string()))?;
    exceed::person(db, by.to(), &person).await?;
    let which = Which::Only(session);
    if !which.is_sound() {
        return Err(Error::not_found("session", session));
    }
    audited(db, world, |unit, _| {
        Box::pin(async move {
            locked(unit.tx(), user_id).await?;
            let reason = RevokedReason::Administrator;
            let ended = end_which(unit.tx(), unit.now(), user_id, which, reason).await?;
            unit.record(Deed::of(by.to(), "identity", "session.end").on("user", &user_id));
            found(ended, session)
        })
    })
    .await
}

/// Ends all sessions of a person.
pub(crate) async fn end_all(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    user_id: i64,
    reason: RevokedReason,
) -> Result<u64> {
    end_which(tx, now, user_id, Which::All, reason).await
}

/// Ends all sessions of a person but one.
pub(crate) async fn end_all_but(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    user_id: i64,
    session: Option<&str>,
    reason: RevokedReason,
) -> Result<u64> {
    end_which(tx, now, user_id, session.map_or(Which::All, Which::AllBut), reason).await
}

/// Ends one session of a person.
pub(super) async fn end_one(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    user_id: i64,
    session: &str,
    reason: RevokedReason,
) -> Result<u64> {
    end_which(tx, now, user_id, Which::Only(session), reason).await
}

#[derive(Clone, Copy)]
enum Which<'a> {
    All,
    AllBut(&'a str),
    Only(&'a str),
}

impl Which<'_> {
    /// Whether it can be a session at all: PostgreSQL takes no text with a zero byte in it, and
    /// answers nothing but an error.
    fn is_sound(self) -> bool {
        !matches!(self, Self::Only(family) if Uuid::try_parse(family).is_err())
    }
}

async fn revoke(
    db: &DatabaseConnection,
    world: &World,
    user_id: i64,
    which: Which<'_>,
    reason: RevokedReason,
) -> Result<u64> {
    if !which.is_sound() {
        return Ok(0);
    }
    let now = world.clock.now();
    retry::transaction(db, |tx, _| {
        Box::pin(async move {
            locked(tx, user_id).await?;
            end_which(tx, now, user_id, which, reason).await
        })
    })
    .await
}

/// Ends sessions of a person, and says how many there were; whoever calls it holds the person's row.
async fn end_which(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    user_id: i64,
    which: Which<'_>,
    reason: RevokedReason,
) -> Result<u64> {
    let mut access = Condition::all().add(access_token::Column::UserId.eq(user_id));
    let mut refresh = Condition::all()
        .add(refresh_token::Column::UserId.eq(user_id))
        .add(refresh_token::Column::UsedAt.is_null())
        .add(refresh_token::Column::RevokedAt.is_null())
        .add(refresh_token::Column::ExpiresAt.gt(now));
    match which {
        Which::All => {}
        Which::AllBut(family) => {
            access = access.add(access_token::Column::FamilyId.ne(family));
            refresh = refresh.add(refresh_token::Column::FamilyId.ne(family));
        }
        Which::Only(family) => {
            access = access.add(access_token::Column::FamilyId.eq(family));
            refresh = refresh.add(refresh_token::Column::FamilyId.eq(family));
        }
    }
    access_token::Entity::delete_many().filter(access).exec(tx).await?;
    let revoked = refresh_token::Entity::update_many()
        .col_expr(refresh_token::Column::RevokedAt, Expr::value(now))
        .col_expr(refresh_token::Column::RevokedReason, Expr::value(reason))
        .filter(refresh)
        .exec(tx)
        .await?;
    Ok(revoked.rows_affected)
}

/// Of each family one token is neither used nor revoked: the one to go on with.
async fn live(db: &impl ConnectionTrait, now: DateTime<Utc>, user_id: i64) -> Result<Vec<Session>> {
    let tokens = refresh_token::Entity::find()
        .filter(refresh_token::Column::UserId.eq(user_id))
        .filter(refresh_token::Column::UsedAt.is_null())
        .filter(refresh_token::Column::RevokedAt.is_null())
        .filter(refresh_token::Column::ExpiresAt.gt(now))
        .order_by_desc(refresh_token::Column::Id)
        .all(db)
        .await?;
    let session = |token: refresh_token::Model| Session {
        id: token.family_id,
        started_at: token.family_started_at,
        renewed_at: token.created_at,
        expires_at: token.expires_at,
        ip: token.ip,
        user_agent: token.user_agent,
    };
    Ok(tokens.into_iter().map(session).collect())
}

fn found(ended: u64, session: &str) -> Result<()> {
    match ended {
        0 => Err(Error::not_found("session", session)),
        _ => Ok(()),
    }
}
