//! Verifying e-mail addresses: a secret that is sent to one comes back.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use entity::identity::{
    email_verification::{ActiveModel, Column, Entity, Model},
    user,
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DatabaseConnection,
    DatabaseTransaction, EntityTrait as _, QueryFilter as _, QuerySelect as _, sea_query::Expr,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    caller::Caller,
    secret::{Purpose, hash},
};
use crate::{
    Error, Result, World,
    audit::{Deed, audited},
    lookup::by_text,
    mail::{self, MailKind},
    rights::Actor,
    transaction,
};

/// How long a verification is good.
pub const LASTS: TimeDelta = TimeDelta::hours(24);

/// How long a person waits who wants another mail.
pub const PAUSE: TimeDelta = TimeDelta::minutes(1);

/// How many mails somebody has sent to one address within a day: it may be a stranger's.
pub const MOST: u64 = 5;

/// Lets a mail be sent by which the person shows that the address is theirs, if they have one that is
/// not verified.
pub(super) async fn begin(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
    user: &user::Model,
) -> Result<()> {
    match &user.email {
        Some(address) if !user.is_verified => {
            mail::put(db, now, MailKind::EmailVerification, user.id, address).await
        }
        _ => Ok(()),
    }
}

/// Lets the mail be sent once more.
///
/// # Errors
/// [`Error::NotFound`] if the caller has no address that is not verified,
/// [`Error::TooManyAttempts`] when the last mail is younger than [`PAUSE`], or there were [`MOST`]
/// within a day.
pub async fn again(db: &DatabaseConnection, world: &World, caller: &Caller) -> Result<()> {
    once_more(db, world, caller.user.id).await
}

/// The same for somebody who has shown their password and cannot log in yet; silently, whether there
/// is another mail or the last one is too young.
pub(super) async fn remind(db: &DatabaseConnection, world: &World, user_id: i64) -> Result<()> {
    match once_more(db, world, user_id).await {
        Err(Error::TooManyAttempts { .. } | Error::NotFound { .. }) => Ok(()),
        other => other,
    }
}

async fn once_more(db: &DatabaseConnection, world: &World, user_id: i64) -> Result<()> {
    let clock = &world.clock;
    transaction::committed()
        .transaction(db, |tx, _| {
            Box::pin(async move {
                let user = user::Entity::find_by_id(user_id).lock_exclusive().one(tx).await?;
                let user = user.ok_or(Error::Unauthenticated)?;
                let address = user.email.as_deref().filter(|_| !user.is_verified);
                let address = address.ok_or_else(|| {
                    Error::not_found("unverified e-mail address of user", &*user.username)
                })?;
                let now = clock.now();
                let kind = MailKind::EmailVerification;
                let sent = mail::recent(tx, kind, user_id, address, MOST).await?;
                if let Some(retry_after) = wait(&sent, now) {
                    return Err(Error::TooManyAttempts { retry_after });
                }
                begin(tx, now, &user).await
            })
        })
        .await
}

/// How long it is until there can be another mail; none when there can be one now. `sent` is when there
/// were up to [`MOST`], the latest first.
fn wait(sent: &[DateTime<Utc>], now: DateTime<Utc>) -> Option<Duration> {
    let first = usize::try_from(MOST - 1).ok().and_then(|at| sent.get(at));
    let of_the_day = first.and_then(|first| rest(*first, TimeDelta::days(1), now));
    of_the_day.max(sent.first().and_then(|last| rest(*last, PAUSE, now)))
}

/// What is left of a pause that began then.
fn rest(began: DateTime<Utc>, pause: TimeDelta, now: DateTime<Utc>) -> Option<Duration> {
    let rest = began + pause - now;
    // Further ahead than a pause: the clock was set back.
    let waits = rest > TimeDelta::zero() && rest <= pause;
    waits.then(|| Duration::from_secs(rest.num_seconds().unsigned_abs() + 1))
}

/// Makes the verification that a mail to that address carries; nothing when it is another address by
/// now, or verified. One that was made before stays good: which of two mails comes first is chance.
pub(crate) async fn by_mail(
    tx: &DatabaseTransaction,
    world: &World,
    user: &user::Model,
    address: &str,
) -> Result<Option<SecretString>> {
    let (Some(email), Some(key)) = (&user.email, &user.email_key) else { return Ok(None) };
    if user.is_verified || email != address {
        return Ok(None);
    }
    let now = world.clock.now();
    let token = Purpose::EmailVerification.make(world);
    ActiveModel {
        user_id: Set(user.id),
        email_key: Set(key.clone()),
        token_hash: Set(hash(token.expose_secret()).into()),
        created_at: Set(now),
        expires_at: Set(now + LASTS),
        ..Default::default()
    }
    .insert(tx)
    .await?;
    Ok(Some(token))
}

/// Verifies the address that the token was sent to, while it is still the person's.
///
/// # Errors
/// [`Error::Unauthenticated`] for a token that is unknown, used or expired, or was sent to another
/// address than the person has now, and for somebody who is not active.
pub async fn complete(db: &DatabaseConnection, world: &World, token: &str) -> Result<()> {
    let digest = Purpose::EmailVerification.read(token).ok_or(Error::Unauthenticated)?;
    let found =
        by_text::<Entity>(db, Column::TokenHash, &digest, |row| Some(row.token_hash.expose()));
    let found = &found.await?.ok_or(Error::Unauthenticated)?;
    audited(db, world, |unit, _| {
        Box::pin(async move {
            let user =
                user::Entity::find_by_id(found.user_id).lock_exclusive().one(unit.tx()).await?;
            let user = user.filter(|user| shows(found, user, unit.now()));
            let user = user.ok_or(Error::Unauthenticated)?;
            // Somebody may have used it while the row was waited for.
            if Entity::find_by_id(found.id).one(unit.tx()).await?.is_none() {
                return Err(Error::Unauthenticated);
            }
            mark(unit.tx(), unit.now(), user.id).await?;
            unit.record(
                Deed::by(&Actor::of(&user), "identity", "email.verify").on("user", &user.id),
            );
            Ok(())
        })
    })
    .await
}

fn shows(row: &Model, user: &user::Model, now: DateTime<Utc>) -> bool {
    user.is_active && row.expires_at > now && user.email_key.as_ref() == Some(&row.email_key)
}

/// Notes that the address of the person is theirs, if they have one; what was to show it is used up.
/// Whoever calls it holds the person's row.
pub(super) async fn mark(tx: &DatabaseTransaction, now: DateTime<Utc>, user_id: i64) -> Result<()> {
    use user::Column as User;

    user::Entity::update_many()
        .col_expr(User::IsVerified, Expr::value(true))
        .col_expr(User::VerifiedAt, Expr::value(now))
        .col_expr(User::UpdatedAt, Expr::value(now))
        .filter(User::Id.eq(user_id))
        .filter(User::Email.is_not_null())
        .filter(User::IsVerified.eq(false))
        .exec(tx)
        .await?;
    forget(tx, user_id).await
}

/// Ends the verifications that are on their way to a person, also those whose mail still waits.
pub(super) async fn forget(tx: &DatabaseTransaction, user_id: i64) -> Result<()> {
    Entity::delete_many().filter(Column::UserId.eq(user_id)).exec(tx).await?;
    mail::withdraw(tx, MailKind::EmailVerification, user_id).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_mail_is_waited_for_a_minute_and_not_for_a_clock_that_was_set_back() {
        let last = DateTime::UNIX_EPOCH + TimeDelta::days(1);
        let wait = |seconds: i64| wait(&[last], last + TimeDelta::seconds(seconds));

        assert_eq!(wait(0), Some(Duration::from_secs(61)));
        assert_eq!(wait(59), Some(Duration::from_secs(2)));
        assert_eq!([wait(60), wait(3600), wait(-1), wait(-3600)], [None; 4]);
    }

    #[test]
    fn so_many_mails_go_to_an_address_within_a_day() {
        let first = DateTime::UNIX_EPOCH + TimeDelta::days(1);
        let sent: Vec<_> = (0..5).rev().map(|at| first + TimeDelta::minutes(at)).collect();
        let after = |minutes: i64| first + TimeDelta::minutes(minutes);

        assert_eq!(wait(&sent[1..], after(10)), None, "four of them");
        assert_eq!(wait(&sent, after(10)), Some(Duration::from_secs((24 * 60 - 10) * 60 + 1)));
        assert_eq!(wait(&sent, after(24 * 60)), None);
    }
}
