//! Logging in by password, and changing the password.

use entity::{
    Secret,
    identity::{
        password_reset,
        refresh_token::{self, RevokedReason},
        user::{Column, Entity, Model},
    },
};
use plimsoll::retry;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseConnection, DatabaseTransaction,
    EntityTrait as _, PaginatorTrait as _, QueryFilter as _, sea_query::Expr,
};
use secrecy::SecretString;
use uuid::Builder;

use super::{Client, Family, Tokens, end_all_but, issue, locked};
use crate::{
    Error, Result, World,
    audit::{Deed, audited},
    identity::{
        caller::Caller,
        fold::sought,
        password::{Hasher, Verdict},
        prune, registration,
        second_factor::Shown,
        throttle::Attempt,
        verification,
    },
    mail::{self, MailKind},
    seal::Keyring,
};

/// What somebody logs in with.
#[derive(Clone, Debug)]
pub struct Login {
    /// Their name or their e-mail address, in whatever case.
    pub name: String,
    /// Their password.
    pub password: SecretString,
    /// The one-time password of their second factor, or a recovery code, if they have one.
    pub otp: Option<SecretString>,
}

/// Begins a session for whoever knows the password, and the one-time password or a recovery code if
/// the person has a second factor. A password that was hashed with less than new ones are is hashed
/// anew.
///
/// A name that nobody has takes the time of a wrong password.
///
/// # Errors
/// [`Error::TooManyAttempts`] before the password is looked at; [`Error::WrongCredentials`] for a
/// name that nobody has, a password that is not theirs, or somebody who is not active;
/// [`Error::SecondFactorRequired`] for a one-time password or a recovery code that is missing or
/// wrong; [`Error::Unverified`] for whoever registered and has not verified the address yet, which
/// nobody hears who does not know the password, and which lets the mail be sent anew;
/// [`Error::Sealed`] if the second factor cannot be read.
pub async fn login(
    db: &DatabaseConnection,
    world: &World,
    hasher: &Hasher,
    keys: &Keyring,
    login: &Login,
    client: &Client,
) -> Result<Tokens> {
    let name = sought(&login.name);
    let person = by_name(db, &name).await?;
    let is_known = has_been_there(db, person.as_ref(), client).await?;
    // By whichever of their names: two would be twice as many attempts.
    let account = person.as_ref().map_or(&name, |person| &person.username_key);
    let attempt = Attempt::login(account, client.ip, is_known);
    attempt.charge(db, world).await?;

    let refuse = |error: Error| {
        let user_id = person.as_ref().map(|person| person.id);
        tracing::warn!(target: "audit", user_id, ip = ?client.ip, %error, "login refused");
        Err(error)
    };
    let hash = person.as_ref().and_then(|person| person.password_hash.as_ref());
    let verdict = hasher.verify(&login.password, hash).await?;
    let Some(person) = person.as_ref().filter(|person| person.is_active) else {
        return refuse(Error::WrongCredentials);
    };
    let better = match verdict {
        Verdict::Wrong => return refuse(Error::WrongCredentials),
        Verdict::Right => None,
        Verdict::RightButWeak => Some(hasher.rehash(world, &login.password).await?),
    };
    if registration::has_to_verify(db, person).await? {
        verification::remind(db, world, person.id).await?;
        return refuse(Error::Unverified);
    }
    let shown = match &login.otp {
        Some(otp) if person.totp_enabled => Some(Shown::read(db, hasher, person.id, otp).await?),
        _ => None,
    };
    let (better, shown) = (better.as_ref(), shown.as_ref());
    let begun = retry::transaction(db, |tx, _| {
        Box::pin(begin(tx, world, keys, person, better, shown, client))
    });
    match begun.await {
        Ok(tokens) => {
            attempt.give_back(db).await?;
            prune::now_and_then(db, world).await;
            tracing::info!(target: "audit", user_id = person.id, ip = ?client.ip, "logged in");
            Ok(tokens)
        }
        Err(error @ (Error::WrongCredentials | Error::SecondFactorRequired)) => refuse(error),
        Err(error) => Err(error),
    }
}

async fn begin(
    tx: &DatabaseTransaction,
    world: &World,
    keys: &Keyring,
    verified: &Model,
    better: Option<&Secret>,
    shown: Option<&Shown<'_>>,
    client: &Client,
) -> Result<Tokens> {
    let now = world.clock.now();
    // Since the password was compared, it may have been changed, and the person shut out.
    let person = locked(tx, verified.id).await?.ok_or(Error::WrongCredentials)?;
    if !person.is_active || person.password_hash != verified.password_hash {
        return Err(Error::WrongCredentials);
    }
    if person.totp_enabled {
        let shown = shown.ok_or(Error::SecondFactorRequired)?;
        shown.take(tx, world, keys, &person).await?;
    }
    let mut update = Entity::update_many()
        .col_expr(Column::LastLoginAt, Expr::value(person.current_login_at))
        .col_expr(Column::LastLoginIp, Expr::value(person.current_login_ip.clone()))
        .col_expr(Column::CurrentLoginAt, Expr::value(now))
        .col_expr(Column::CurrentLoginIp, Expr::value(client.address()))
        .col_expr(Column::LoginCount, Expr::value(person.login_count.saturating_add(1)));
    if let Some(better) = better {
        update = update.col_expr(Column::PasswordHash, Expr::value(better.expose()));
    }
    update.filter(Column::Id.eq(person.id)).exec(tx).await?;
    let person = Entity::find_by_id(person.id).one(tx).await?.ok_or(Error::WrongCredentials)?;
    let family = Family { id: new_family(world), started_at: now };
    Ok(issue(tx, world, person, family, client).await?.0)
}

/// Makes sure that the caller knows their password: an attempt, as at the login.
///
/// # Errors
/// [`Error::TooManyAttempts`]; [`Error::WrongCredentials`] if it is not the password.
pub async fn prove(
    db: &DatabaseConnection,
    world: &World,
    hasher: &Hasher,
    caller: &Caller,
    password: &SecretString,
) -> Result<()> {
    let attempt = Attempt::within(caller, "password");
    attempt.charge(db, world).await?;
    if hasher.verify(password, caller.user.password_hash.as_ref()).await? == Verdict::Wrong {
        tracing::warn!(target: "audit", user_id = caller.user.id, "password refused");
        return Err(Error::WrongCredentials);
    }
    attempt.give_back(db).await
}

/// Changes the password of the caller, who must know the old one. Ends their other sessions, and
/// the password resets that are on their way.
///
/// # Errors
/// [`Error::TooManyAttempts`], as at the login; [`Error::WrongCredentials`] if `current` is not
/// the password; [`Error::WeakPassword`] if `new` will not do.
pub async fn change_password(
    db: &DatabaseConnection,
    world: &World,
    hasher: &Hasher,
    caller: &Caller,
    current: &SecretString,
    new: &SecretString,
) -> Result<()> {
    let person = &caller.user;
    prove(db, world, hasher, caller, current).await?;
    let names = [Some(person.username.as_str()), person.email.as_deref()];
    let names: Vec<&str> = names.into_iter().flatten().collect();
    let password = hasher.hash(world, new, &names).await?.into_secret();
    let (password, session) = (&password, caller.session.as_deref());
    audited(db, world, |unit, _| {
        Box::pin(async move {
            let row = locked(unit.tx(), person.id).await?.ok_or(Error::Unauthenticated)?;
            if !row.is_active || row.password_hash != person.password_hash {
                return Err(Error::WrongCredentials);
            }
            set_password(unit.tx(), world, person.id, password, session).await?;
            let deed = Deed::by(&caller.actor, "identity", "password.change");
            unit.record(deed.on("user", &person.id));
            Ok(())
        })
    })
    .await
}

/// Sets a new hash, tells the person, and ends what the old password has led to: all sessions but
/// `kept`, all resets, also those whose mail still waits.
/// Whoever calls it holds the person's row.
pub(in crate::identity) async fn set_password(
    tx: &DatabaseTransaction,
    world: &World,
    user_id: i64,
    hashed: &Secret,
    kept: Option<&str>,
) -> Result<()> {
    let now = world.clock.now();
    Entity::update_many()
        .col_expr(Column::PasswordHash, Expr::value(hashed.expose()))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::Id.eq(user_id))
        .exec(tx)
        .await?;
    password_reset::Entity::delete_many()
        .filter(password_reset::Column::UserId.eq(user_id))
        .exec(tx)
        .await?;
    mail::withdraw(tx, MailKind::PasswordReset, user_id).await?;
    end_all_but(tx, now, user_id, kept, RevokedReason::PasswordChange).await?;
    mail::notice(tx, now, user_id, MailKind::PasswordChanged).await
}

/// The person with that folded name or e-mail address. No name is the address of another; should one
/// be, the address counts.
pub(in crate::identity) async fn by_name(
    db: &impl ConnectionTrait,
    key: &str,
) -> Result<Option<Model>> {
    if key.contains('\0') {
        return Ok(None);
    }
    // One question for both: how long it takes tells nobody which of them there is.
    let either = Condition::any().add(Column::UsernameKey.eq(key)).add(Column::EmailKey.eq(key));
    let found = Entity::find().filter(either).all(db).await?;
    let mut exact: Vec<Model> = found
        .into_iter()
        .filter(|user| user.username_key == key || user.email_key.as_deref() == Some(key))
        .collect();
    exact.sort_by_key(|user| user.email_key.as_deref() != Some(key));
    Ok(exact.into_iter().next())
}

/// Whether the person has logged in from that address before, as far as it is remembered.
async fn has_been_there(
    db: &impl ConnectionTrait,
    person: Option<&Model>,
    client: &Client,
) -> Result<bool> {
    let Some(address) = client.address() else { return Ok(false) };
    // Asked for nobody too, which takes the same time.
    let user_id = person.map_or(0, |person| person.id);
    let sessions = refresh_token::Entity::find()
        .filter(refresh_token::Column::UserId.eq(user_id))
        .filter(refresh_token::Column::Ip.eq(address.as_str()))
        .count(db)
        .await?;
    let logins = person.is_some_and(|person| {
        [&person.last_login_ip, &person.current_login_ip]
            .into_iter()
            .any(|ip| ip.as_deref() == Some(&address))
    });
    Ok(sessions > 0 || logins)
}

/// 122 random bits in the form of a UUID. It is no secret: it names a session, and opens none.
fn new_family(world: &World) -> String {
    let mut bits = [0; 16];
    world.random.fill(&mut bits);
    Builder::from_random_bytes(bits).into_uuid().to_string()
}
