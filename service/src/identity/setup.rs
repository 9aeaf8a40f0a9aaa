//! The first administrator: by a token that the server prints once, or by a command.

use chrono::TimeDelta;
use entity::identity::{role, setup_token, user};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, DatabaseConnection, EntityTrait as _, QueryFilter as _,
    QuerySelect as _,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    password::Hasher,
    secret::{Purpose, hash},
    user::NewUser,
};
use crate::{
    Error, Result, Rights, World,
    lookup::by_text,
    rights::{ADMINISTRATION, AssignRoles, Change, Granted, has_administrator},
};

/// How long a setup token is good.
pub const LASTS: TimeDelta = TimeDelta::hours(1);

/// The role that the first administrator gets.
const ADMIN: &str = "admin";

/// Who will administer.
#[derive(Clone, Debug)]
pub struct NewAdministrator {
    /// The name that they log in by.
    pub username: String,
    /// Their address.
    pub email: Option<String>,
    /// Their password.
    pub password: SecretString,
}

/// Makes a token that lets whoever has it make the first administrator; none when there is one.
///
/// Every process that starts makes a token of its own, good for [`LASTS`] and for one
/// administrator: with the first of them used all are gone.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn prepare(db: &DatabaseConnection, world: &World) -> Result<Option<SecretString>> {
    if has_administrator(db).await? {
        return Ok(None);
    }
    let now = world.clock.now();
    setup_token::Entity::delete_many()
        .filter(setup_token::Column::ExpiresAt.lte(now))
        .exec(db)
        .await?;
    let token = Purpose::Setup.make(world);
    let row = setup_token::ActiveModel {
        token_hash: Set(hash(token.expose_secret()).into()),
        created_at: Set(now),
        expires_at: Set(now + LASTS),
        ..Default::default()
    };
    setup_token::Entity::insert(row).exec_without_returning(db).await?;
    Ok(Some(token))
}

/// Makes the first administrator by a setup token. Of two at the same moment one succeeds.
///
/// # Errors
/// [`Error::Unauthenticated`] for a token that is unknown or expired, [`Error::AlreadySetUp`] if
/// there is an administrator; those of [`user::create`](super::user::create) and
/// [`Error::WeakPassword`] for what will not do, and the token is good still.
pub async fn complete(
    db: &DatabaseConnection,
    rights: &Rights,
    world: &World,
    hasher: &Hasher,
    token: &str,
    new: &NewAdministrator,
) -> Result<user::Model> {
    let digest = Purpose::Setup.read(token).ok_or(Error::Unauthenticated)?;
    let found =
        by_text::<setup_token::Entity>(db, setup_token::Column::TokenHash, &digest, |token| {
            Some(token.token_hash.expose())
        });
    let is_good = |token: &setup_token::Model| token.expires_at > world.clock.now();
    if !found.await?.as_ref().is_some_and(is_good) {
        // Whoever has used a good one hears that it is done, and nobody else hears anything.
        return Err(Error::Unauthenticated);
    }
    make(db, rights, world, hasher, new, false).await
}

/// Makes an administrator, for whoever runs the command on the machine itself.
///
/// # Errors
/// [`Error::AlreadySetUp`] if there is one and not `another` was asked for; else those of
/// [`complete`].
pub async fn create_administrator(
    db: &DatabaseConnection,
    rights: &Rights,
    world: &World,
    hasher: &Hasher,
    new: &NewAdministrator,
    another: bool,
) -> Result<user::Model> {
    if !another && has_administrator(db).await? {
        return Err(Error::AlreadySetUp);
    }
    make(db, rights, world, hasher, new, another).await
}

async fn make(
    db: &DatabaseConnection,
    rights: &Rights,
    world: &World,
    hasher: &Hasher,
    new: &NewAdministrator,
    another: bool,
) -> Result<user::Model> {
    let by = &Granted::<AssignRoles>::system("the first administrator");
    let names: Vec<&str> =
        [Some(new.username.as_str()), new.email.as_deref()].into_iter().flatten().collect();
    let password = &hasher.hash(world, &new.password, &names).await?;
    rights
        .change(db, |change, _| {
            Box::pin(async move {
                if !another && has_administrator(change.tx()).await? {
                    return Err(Error::AlreadySetUp);
                }
                let user = NewUser {
                    username: new.username.clone(),
                    email: new.email.clone(),
                    password: Some(password.clone()),
                    ..NewUser::default()
                };
                let role = administrators(change).await?;
                let user = super::user::add(change, by.to(), user, role).await?;
                setup_token::Entity::delete_many().exec(change.tx()).await?;
                Ok(user)
            })
        })
        .await
}

/// The key of the role that makes an administrator.
async fn administrators(change: &Change<'_>) -> Result<i64> {
    let id: Option<i64> = role::Entity::find()
        .select_only()
        .column(role::Column::Id)
        .filter(role::Column::NameKey.eq(ADMIN))
        .into_tuple()
        .one(change.tx())
        .await?;
    let id = id.ok_or_else(|| Error::not_found("role", ADMIN))?;
    let carries = crate::rights::codes_of(change.tx(), [id]).await?;
    match ADMINISTRATION.iter().find(|code| !carries.contains(**code)) {
        None => Ok(id),
        Some(code) => Err(Error::Malformed {
            kind: "role",
            key: ADMIN.to_owned(),
            problem: format!(
                "it does not carry `{code}`: `cargo run -p migration -- seed` offers the default rows"
            ),
        }),
    }
}
