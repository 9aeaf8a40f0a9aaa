//! Password resets: a secret that is sent to a person, good for one new password.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use entity::identity::{password_reset, user};
use plimsoll::retry;
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, DatabaseConnection,
    DatabaseTransaction, EntityTrait as _, QueryFilter as _, QuerySelect as _, sea_query::Expr,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    fold::sought,
    password::Hasher,
    secret::{Purpose, hash},
    session::{by_name, set_password},
};
use crate::{
    Error, Result, World,
    audit::{Deed, audited},
    lookup::by_text,
    rights::{Actor, Change, Granted, UpdateUsers, exceed},
};

/// How long a reset is good.
pub const LASTS: TimeDelta = TimeDelta::hours(1);

/// A reset to send to its person, shown this once.
pub struct Reset {
    /// Whom to send it to.
    pub user: user::Model,
    /// What they choose their new password with.
    pub token: SecretString,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

impl fmt::Debug for Reset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reset").field("user_id", &self.user.id).finish_non_exhaustive()
    }
}

/// Makes a reset for whoever has that name or e-mail address; nothing for nobody, and for somebody
/// who is not active. Whoever asked is told the same in every case. One that was made before is good
/// no more.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn request(db: &DatabaseConnection, world: &World, name: &str) -> Result<Option<Reset>> {
    match by_name(db, &sought(name)).await? {
        Some(user) if user.is_active => {
            let user = &user;
            let made =
                retry::transaction(db, |tx, _| Box::pin(make(tx, world, user.clone(), None)));
            Ok(Some(made.await?))
        }
        _ => Ok(None),
    }
}

/// Makes a reset for somebody else: how a person who was invited gets a first password. Nobody sets
/// the password of another.
///
/// It is good as long as nothing changes in what the person, or who started it, may do: whoever
/// becomes an administrator is not opened by what was started for a viewer.
///
/// # Errors
/// [`Error::NotFound`] if there is no such person, [`Error::Invalid`] if it is oneself,
/// [`Error::Exceeds`] if they have a right that `by` has not.
pub async fn start(
    change: &Change<'_>,
    world: &World,
    by: &Granted<UpdateUsers>,
    user_id: i64,
) -> Result<Reset> {
    change.confirm(by).await?;
    let user = super::user::find(change, user_id).await?;
    if by.actor().is_some_and(|actor| actor.user_id() == user_id) {
        return Err(Error::Invalid {
            kind: "password reset of user",
            input: user.username,
            problem: "one changes one's own password with the current one".to_owned(),
        });
    }
    exceed::person(change.tx(), by.to(), &user).await?;
    change.record(Deed::of(by.to(), "identity", "password.reset").on("user", &user_id));
    make(change.tx(), world, user, by.actor().map(Actor::user_id)).await
}

async fn make(
    tx: &DatabaseTransaction,
    world: &World,
    user: user::Model,
    started_by: Option<i64>,
) -> Result<Reset> {
    let now = world.clock.now();
    let token = Purpose::PasswordReset.make(world);
    password_reset::Entity::delete_many()
        .filter(password_reset::Column::UserId.eq(user.id))
        .exec(tx)
        .await?;
    password_reset::ActiveModel {
        user_id: Set(user.id),
        started_by_id: Set(started_by),
        token_hash: Set(hash(token.expose_secret()).into()),
        created_at: Set(now),
        expires_at: Set(now + LASTS),
        ..Default::default()
    }
    .insert(tx)
    .await?;
    Ok(Reset { user, token, expires_at: now + LASTS })
}

/// Sets a new password by a reset, which is used up. Ends all sessions of the person.
///
/// # Errors
/// [`Error::Unauthenticated`] for a reset that is unknown, used or expired, or whose person is not
/// active; [`Error::WeakPassword`] if the password will not do, and the reset is good still.
pub async fn complete(
    db: &DatabaseConnection,
    world: &World,
    hasher: &Hasher,
    token: &str,
    password: &SecretString,
) -> Result<()> {
    let digest = Purpose::PasswordReset.read(token).ok_or(Error::Unauthenticated)?;
    let column = password_reset::Column::TokenHash;
    let reset = by_text::<password_reset::Entity>(db, column, &digest, |reset| {
        Some(reset.token_hash.expose())
    });
    let reset = reset.await?.ok_or(Error::Unauthenticated)?;
    if !is_good(&reset, world.clock.now()) {
        return Err(Error::Unauthenticated);
    }
    let user = user::Entity::find_by_id(reset.user_id).one(db).await?;
    let user = user.ok_or(Error::Unauthenticated)?;
    let names = [Some(user.username.as_str()), user.email.as_deref()];
    let names: Vec<&str> = names.into_iter().flatten().collect();
    let password = hasher.hash(world, password, &names).await?.into_secret();
    let (reset, password) = (&reset, &password);
    let person = &Actor::of(&user);
    audited(db, world, |unit, _| {
        Box::pin(async move {
            use_up(unit.tx(), world, reset, password).await?;
            unit.record(Deed::by(person, "identity", "password.set").on("user", &reset.user_id));
            Ok(())
        })
    })
    .await
}

async fn use_up(
    tx: &DatabaseTransaction,
    world: &World,
    reset: &password_reset::Model,
    password: &entity::Secret,
) -> Result<()> {
    let now = world.clock.now();
    let user = user::Entity::find_by_id(reset.user_id).lock_exclusive().one(tx).await?;
    if !user.is_some_and(|user| user.is_active) {
        return Err(Error::Unauthenticated);
    }
    let taken = password_reset::Entity::update_many()
        .col_expr(password_reset::Column::UsedAt, Expr::value(now))
        .filter(password_reset::Column::Id.eq(reset.id))
        .filter(password_reset::Column::UsedAt.is_null())
        .filter(password_reset::Column::ExpiresAt.gt(now))
        .exec(tx)
        .await?;
    if taken.rows_affected == 0 {
        return Err(Error::Unauthenticated);
    }
    set_password(tx, world, reset.user_id, password, None).await
}

fn is_good(reset: &password_reset::Model, now: DateTime<Utc>) -> bool {
    reset.used_at.is_none() && reset.expires_at > now
}
