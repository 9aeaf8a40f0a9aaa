//! Password resets: a secret that is sent to a person, good for one new password.
//!
//! Whoever asks for one is told the same, in the same time, whomever they name: [`request`] does the
//! same for everybody, and what [`accept`] does is nothing that they wait for. It asks the same for
//! everybody as well; only the row of the mail is more, once in [`PAUSE`].
//!
//! A reset is sent to an address that is verified, or that whoever added the person gave for somebody
//! who never had a password. Any other may be a stranger's, who would be handed the account.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use entity::identity::{password_reset, user};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, Condition, DatabaseConnection,
    DatabaseTransaction, EntityTrait as _, QueryFilter as _, QuerySelect as _, sea_query::Expr,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    fold::sought,
    password::Hasher,
    secret::{Purpose, hash},
    session::{Client, by_name, set_password},
    throttle::Attempt,
};
use crate::{
    Error, Result, World,
    audit::{Deed, audited},
    lookup::by_text,
    mail::{self, MailKind},
    rights::{Actor, Change, Granted, UpdateUsers, exceed},
    transaction,
};

/// How long a reset is good.
pub const LASTS: TimeDelta = TimeDelta::hours(1);

/// How long there is no second mail to the same person: nobody's mailbox is filled by whoever knows
/// their name.
pub const PAUSE: TimeDelta = TimeDelta::minutes(5);

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

/// A request for a reset, of which nobody is told whether there is anybody whom it is for.
#[derive(Clone, Debug)]
pub struct Request {
    user_id: Option<i64>,
}

/// Asks for a reset for whoever has that name or e-mail address: an attempt, as at the login, that is
/// never given back.
///
/// # Errors
/// [`Error::TooManyAttempts`], which a name that nobody has comes to as well.
pub async fn request(
    db: &DatabaseConnection,
    world: &World,
    name: &str,
    client: &Client,
) -> Result<Request> {
    let name = sought(name);
    let person = by_name(db, &name).await?;
    let account = person.as_ref().map_or(&name, |person| &person.username_key);
    Attempt::reset(account, client.ip).charge(db, world).await?;
    let user_id = person.map(|person| person.id);
    tracing::info!(target: "audit", user_id, ip = ?client.ip, "a password reset was asked for");
    Ok(Request { user_id })
}

/// Lets a mail with the reset be sent, if there is somebody whom the request is for, who is active and
/// has an address that a reset may go to, and to whom none was sent within [`PAUSE`].
///
/// Whoever calls it lets some time pass first, and not always the same: beside the next request it
/// would make that slower.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn accept(db: &DatabaseConnection, world: &World, request: &Request) -> Result<()> {
    // Nobody has that key.
    let user_id = request.user_id.unwrap_or_default();
    let clock = &world.clock;
    transaction::committed()
        .transaction(db, |tx, _| {
            Box::pin(async move {
                let user = user::Entity::find_by_id(user_id).lock_exclusive().one(tx).await?;
                let address = user.as_ref().and_then(address_of);
                let (now, kind) = (clock.now(), MailKind::PasswordReset);
                // Asked also when there is none.
                let last = mail::last(tx, kind, user_id, address.unwrap_or_default()).await?;
                match address {
                    Some(address)
                        if last.is_none_or(|last| !(last..last + PAUSE).contains(&now)) =>
                    {
                        mail::put(tx, now, kind, user_id, address).await
                    }
                    _ => Ok(()),
                }
            })
        })
        .await
}

/// The address that a reset may be sent to.
fn address_of(user: &user::Model) -> Option<&str> {
    let may = user.is_active && (user.is_verified || user.password_hash.is_none());
    user.email.as_deref().filter(|_| may)
}

/// Makes the reset that a mail to that address carries; nothing when it may not go there any more.
/// Whoever calls it holds the person's row.
///
/// One that somebody else has started stays: a stranger who asks must not end it.
pub(crate) async fn by_mail(
    tx: &DatabaseTransaction,
    world: &World,
    user: &user::Model,
    address: &str,
) -> Result<Option<SecretString>> {
    if address_of(user) != Some(address) {
        return Ok(None);
    }
    let theirs = Condition::all().add(password_reset::Column::StartedById.is_null());
    Ok(Some(make(tx, world, user.clone(), None, theirs).await?.token))
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
    make(change.tx(), world, user, by.actor().map(Actor::user_id), Condition::all()).await
}

/// Makes a reset; those of the person that `replaced` says are good no more.
async fn make(
    tx: &DatabaseTransaction,
    world: &World,
    user: user::Model,
    started_by: Option<i64>,
    replaced: Condition,
) -> Result<Reset> {
    let now = world.clock.now();
    let token = Purpose::PasswordReset.make(world);
    password_reset::Entity::delete_many()
        .filter(password_reset::Column::UserId.eq(user.id))
        .filter(replaced)
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

/// Sets a new password by a reset, which is used up. Ends all sessions of the person. One that came by
/// mail shows that the address is theirs: it is verified then.
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
    if reset.started_by_id.is_none() {
        super::verification::mark(tx, now, reset.user_id).await?;
    }
    set_password(tx, world, reset.user_id, password, None).await
}

fn is_good(reset: &password_reset::Model, now: DateTime<Utc>) -> bool {
    reset.used_at.is_none() && reset.expires_at > now
}
