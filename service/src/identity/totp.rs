//! The second factor: one-time passwords by time (RFC 6238), from a seed that is stored sealed.

use std::fmt;

use entity::identity::user::{Column, Entity, Model};
use sea_orm::{
    ColumnTrait as _, DatabaseConnection, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    sea_query::Expr,
};
use secrecy::{ExposeSecret as _, SecretString};
use totp_rs::{Builder, Secret as Seed, Totp};
use zeroize::Zeroizing;

use super::{
    caller::Caller,
    second_factor::{Then, show},
};
use crate::{
    Error, Result, World,
    seal::{Keyring, Place, unsealable},
    settings,
};

/// Steps before and after the present one that are taken: clocks differ.
const SKEW: u16 = 1;

/// What the person's device is told, shown this once.
pub struct Enrolment {
    /// An `otpauth:` URI with the seed in it, as devices read it from a QR code.
    pub uri: SecretString,
}

impl fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Enrolment(..)")
    }
}

/// Gives the caller a new seed, which counts from [`confirm`] on. One that was not confirmed is
/// replaced.
///
/// # Errors
/// [`Error::AlreadyExists`] while a second factor is in use, [`Error::Sealed`] without a key.
pub async fn enrol(
    db: &DatabaseConnection,
    world: &World,
    keys: &Keyring,
    caller: &Caller,
) -> Result<Enrolment> {
    let user = &caller.user;
    let mut seed = [0; 20];
    world.random.fill(&mut seed);
    let sealed = keys.seal(world, place(user.id), &seed)?;
    let enrolled = Entity::update_many()
        .col_expr(Column::TotpSecret, Expr::value(sealed))
        .col_expr(Column::TotpLastStep, Expr::value(None::<i64>))
        .filter(Column::Id.eq(user.id))
        .filter(Column::TotpEnabled.eq(false))
        .exec(db)
        .await?;
    if enrolled.rows_affected == 0 {
        return Err(Error::AlreadyExists {
            kind: "second factor of user",
            key: user.username.clone(),
        });
    }
    let issuer = settings::read_or(db, "app.name", String::new()).await?;
    // A colon separates the two in the URI.
    let (issuer, account) = (issuer.replace(':', " "), user.username.replace(':', " "));
    let totp = Builder::new()
        .with_secret(Seed::new_stack(seed))
        .with_account_name(account)
        .with_issuer(Some(issuer).filter(|issuer| !issuer.is_empty()))
        .build()
        .and_then(|totp| totp.to_url());
    let uri = totp.map_err(|error| unsealable("seal", &error.to_string()))?;
    Ok(Enrolment { uri: uri.into() })
}

/// The seed that a text in base32 stands for, as authenticators show it.
pub(crate) fn seed(base32: &str) -> Option<Zeroizing<Vec<u8>>> {
    let seed = Seed::try_from_base32(base32.trim()).ok()?;
    Some(Zeroizing::new(seed.as_ref().to_vec()))
}

/// Takes the seed into use, when the caller's device has it: from then on a login needs a one-time
/// password.
///
/// # Errors
/// [`Error::TooManyAttempts`], as at the login; [`Error::NotFound`] if there is no seed,
/// [`Error::SecondFactorRequired`] for a one-time password that is not of it.
pub async fn confirm(
    db: &DatabaseConnection,
    world: &World,
    keys: &Keyring,
    caller: &Caller,
    otp: &SecretString,
) -> Result<()> {
    show(db, world, None, keys, caller, otp, Then::Enable).await
}

/// Ends the second factor of the caller, who must still have it, and their recovery codes.
///
/// # Errors
/// As for [`confirm`].
pub async fn disable(
    db: &DatabaseConnection,
    world: &World,
    keys: &Keyring,
    caller: &Caller,
    otp: &SecretString,
) -> Result<()> {
    show(db, world, None, keys, caller, otp, Then::Disable).await
}

/// Takes a one-time password, each once.
///
/// # Errors
/// [`Error::NotFound`] if the person has no seed, [`Error::SecondFactorRequired`] for a one-time
/// password that is wrong or was taken before, [`Error::Sealed`] if the seed cannot be read.
pub(super) async fn verify(
    tx: &DatabaseTransaction,
    world: &World,
    keys: &Keyring,
    user: &Model,
    otp: &SecretString,
) -> Result<()> {
    let sealed = user.totp_secret.as_ref();
    let sealed = sealed.ok_or_else(|| Error::not_found("second factor of user", &user.username))?;
    let seed = keys.open(place(user.id), sealed.expose())?;
    let totp = generator(&seed);
    let now = u64::try_from(world.clock.now().timestamp()).unwrap_or(0);
    let step = totp.check(otp.expose_secret(), now).ok_or(Error::SecondFactorRequired)?;
    let (step, newest) = (signed(step), signed(now / totp.step()) + i64::from(SKEW));
    // A step that lies ahead of all that could have been taken was taken by a clock that has been
    // set back since; it guards nothing now.
    if user.totp_last_step.is_some_and(|last| last >= step && last <= newest) {
        return Err(Error::SecondFactorRequired);
    }
    Entity::update_many()
        .col_expr(Column::TotpLastStep, Expr::value(step))
        .filter(Column::Id.eq(user.id))
        .exec(tx)
        .await?;
    Ok(())
}

fn generator(seed: &[u8]) -> Totp {
    // Six digits, thirty seconds, SHA-1: what every device knows.
    Builder::new().with_secret(Seed::new(seed.into())).with_skew(SKEW).build_noncompliant()
}

fn signed(step: u64) -> i64 {
    i64::try_from(step).unwrap_or(i64::MAX)
}

fn place(user_id: i64) -> Place {
    Place { table: "users", column: "totp_secret", row: user_id }
}
