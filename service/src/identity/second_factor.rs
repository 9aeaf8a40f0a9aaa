//! The second factor: what somebody shows for it, and what they may do then.
//!
//! It is a one-time password ([`super::totp`]), or a recovery code
//! ([`super::recovery_code`]) in its place.

use chrono::{DateTime, Utc};
use entity::identity::{
    refresh_token::RevokedReason,
    user::{Column, Entity, Model},
};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseConnection, DatabaseTransaction, EntityTrait as _,
    QueryFilter as _, QuerySelect as _, sea_query::Expr,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::{
    caller::Caller, password::Hasher, recovery_code, session, throttle::Attempt, totp, user,
};
use crate::{
    Error, Result, World,
    audit::{Deed, audited},
    mail::{self, MailKind},
    rights::{Change, Granted, UpdateUsers, exceed},
    seal::Keyring,
};

/// How it stands with somebody's second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Whether a login needs it.
    pub is_enabled: bool,
    /// How many recovery codes are good still.
    pub recovery_codes: u64,
}

/// How it stands with the caller's second factor.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn state(db: &impl ConnectionTrait, caller: &Caller) -> Result<State> {
    let recovery_codes = recovery_code::left(db, caller.user.id).await?;
    Ok(State { is_enabled: caller.user.totp_enabled, recovery_codes })
}

/// Takes the caller's seed into use, when their device has it, and gives them recovery codes, shown
/// this once. Should only the second of it fail, the second factor counts, and the codes are had by
/// [`recovery_code::replace`].
///
/// # Errors
/// As for [`totp::confirm`].
pub async fn confirm(
    db: &DatabaseConnection,
    world: &World,
    hasher: &Hasher,
    keys: &Keyring,
    caller: &Caller,
    otp: &SecretString,
) -> Result<Vec<SecretString>> {
    totp::confirm(db, world, keys, caller, otp).await?;
    recovery_code::make(db, world, hasher, caller).await
}

/// Ends the second factor of the caller, who shows a one-time password, or a recovery code when the
/// device is lost. The other codes go with it.
///
/// # Errors
/// [`Error::TooManyAttempts`], as at the login; [`Error::NotFound`] if there is no second factor,
/// [`Error::SecondFactorRequired`] for what is neither.
pub async fn remove(
    db: &DatabaseConnection,
    world: &World,
    hasher: &Hasher,
    keys: &Keyring,
    caller: &Caller,
    shown: &SecretString,
) -> Result<()> {
    show(db, world, Some(hasher), keys, caller, shown, Then::Disable).await
}

/// Ends the second factor of somebody else, who has lost both the device and the recovery codes, and
/// all their sessions: whoever has found the device may be in one of them. Whether it is really they
/// who ask for it, `by` has to know.
///
/// # Errors
/// [`Error::NotFound`] if there is no such person, or they have no second factor in use,
/// [`Error::Invalid`] if it is oneself, [`Error::Exceeds`] if they have a right that `by` has not.
pub async fn remove_of(change: &Change<'_>, by: &Granted<UpdateUsers>, user_id: i64) -> Result<()> {
    change.confirm(by).await?;
    let person = Entity::find_by_id(user_id).lock_exclusive().one(change.tx()).await?;
    let person = person.ok_or_else(|| Error::not_found(user::KIND, user_id.to_string()))?;
    if by.actor().is_some_and(|actor| actor.user_id() == user_id) {
        return Err(Error::Invalid {
            kind: "second factor of user",
            input: person.username,
            problem: "one ends one's own by showing it".to_owned(),
        });
    }
    exceed::person(change.tx(), by.to(), &person).await?;
    if !person.totp_enabled {
        return Err(Error::not_found("second factor of user", person.username));
    }
    switch(change.tx(), change.now(), user_id, false).await?;
    let reason = RevokedReason::Administrator;
    let ended = session::end_all(change.tx(), change.now(), user_id, reason).await?;
    let deed = Deed::of(by.to(), "identity", "second_factor.disable").on(user::KIND, &user_id);
    change.record(deed.with(json!({"sessions_ended": ended})));
    Ok(())
}

/// What the second factor is shown for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// From now on a login needs it.
    Enable,
    /// From now on no login does.
    Disable,
    /// It goes on as before.
    Stay,
}

/// Lets the caller do that, who shows the second factor: an attempt, as at the login. Without a
/// hasher a recovery code is none.
pub(super) async fn show(
    db: &DatabaseConnection,
    world: &World,
    hasher: Option<&Hasher>,
    keys: &Keyring,
    caller: &Caller,
    text: &SecretString,
    then: Then,
) -> Result<()> {
    let user_id = caller.user.id;
    let attempt = Attempt::within(caller, "second factor");
    attempt.charge(db, world).await?;
    let shown = match hasher {
        Some(hasher) => Shown::read(db, hasher, user_id, text).await?,
        None => Shown::OneTime(text),
    };
    let shown = &shown;
    audited(db, world, |unit, _| {
        Box::pin(async move {
            let user = Entity::find_by_id(user_id).lock_exclusive().one(unit.tx()).await?;
            let user = user.ok_or(Error::Unauthenticated)?;
            shown.take(unit.tx(), world, keys, &user).await?;
            let action = match then {
                Then::Enable => "second_factor.enable",
                Then::Disable => "second_factor.disable",
                Then::Stay => return Ok(()),
            };
            switch(unit.tx(), unit.now(), user_id, then == Then::Enable).await?;
            unit.record(Deed::by(&caller.actor, "identity", action).on("user", &user_id));
            Ok(())
        })
    })
    .await?;
    attempt.give_back(db).await
}

/// Lets a login need the second factor, or not any more, of which the person is told.
async fn switch(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    user_id: i64,
    enabled: bool,
) -> Result<()> {
    let mut update = Entity::update_many().col_expr(Column::TotpEnabled, Expr::value(enabled));
    if !enabled {
        update = update.col_expr(Column::TotpSecret, Expr::value(None::<String>));
        recovery_code::forget(tx, user_id).await?;
        mail::notice(tx, now, user_id, MailKind::SecondFactorDisabled).await?;
    }
    update.filter(Column::Id.eq(user_id)).exec(tx).await?;
    Ok(())
}

/// What somebody shows as their second factor.
pub(super) enum Shown<'s> {
    OneTime(&'s SecretString),
    /// A recovery code, and its row, if the person has it.
    Recovery(Option<i64>),
}

impl<'s> Shown<'s> {
    /// What the text is meant as. A recovery code is looked for here, outside of any transaction:
    /// to compare it takes time.
    pub(super) async fn read(
        db: &impl ConnectionTrait,
        hasher: &Hasher,
        user_id: i64,
        text: &'s SecretString,
    ) -> Result<Self> {
        match recovery_code::read(text.expose_secret()) {
            Some(code) => {
                Ok(Self::Recovery(recovery_code::find(db, hasher, user_id, &code).await?))
            }
            None => Ok(Self::OneTime(text)),
        }
    }

    /// Takes it, each once. Whoever calls it holds the person's row.
    ///
    /// # Errors
    /// Those of [`totp::verify`]; [`Error::SecondFactorRequired`] for a recovery code that the
    /// person has not, or that was used meanwhile.
    pub(super) async fn take(
        &self,
        tx: &DatabaseTransaction,
        world: &World,
        keys: &Keyring,
        user: &Model,
    ) -> Result<()> {
        match self {
            Self::OneTime(otp) => totp::verify(tx, world, keys, user, otp).await,
            Self::Recovery(Some(id)) => {
                recovery_code::use_up(tx, world.clock.now(), user.id, *id).await
            }
            Self::Recovery(None) => Err(Error::SecondFactorRequired),
        }
    }
}
