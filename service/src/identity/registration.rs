//! Registering by oneself, where the settings let people in.

use std::collections::BTreeSet;

use entity::identity::user::ActiveModel;
use sea_orm::{
    ActiveModelTrait as _,
    ActiveValue::{Set, Unchanged},
    ConnectionTrait, DatabaseConnection,
};
use secrecy::SecretString;

use super::{
    password::Hasher,
    session::Client,
    throttle::Attempt,
    user::{self, Model, NewUser},
};
use crate::{
    Error, Result, Rights, World,
    rights::{ADMINISTRATION, CreateUsers, Granted, codes_of},
    settings,
};

/// The setting that lets people register.
const ENABLED: &str = "users.registration_enabled";
/// The setting that keeps whoever registered out until their address is verified.
const NEEDS_VERIFICATION: &str = "users.registration_needs_verification";

/// Who registers.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The name that they log in by.
    pub username: String,
    /// Their address, which they must have.
    pub email: String,
    /// Their full name, up to 300 characters.
    pub full_name: Option<String>,
    /// Their password.
    pub password: SecretString,
}

/// Adds whoever registers, with the role that the setting `users.default_role` names, and lets a mail
/// be sent to verify the address. An attempt that is never given back: of the address that it comes
/// from, and of all who register.
///
/// # Errors
/// [`Error::RegistrationClosed`] while `users.registration_enabled` is false, and while the role would
/// make an administrator;
/// [`Error::TooManyAttempts`]; [`Rule::UserLimit`](crate::rule::Rule::UserLimit) when there are as
/// many people as `users.max_count` lets in; those of [`user::create`] and [`Error::WeakPassword`] for
/// what will not do.
pub async fn register(
    db: &DatabaseConnection,
    rights: &Rights,
    world: &World,
    hasher: &Hasher,
    new: &Registration,
    client: &Client,
) -> Result<Model> {
    if !settings::read_or(db, ENABLED, false).await? {
        return Err(Error::RegistrationClosed);
    }
    Attempt::registration(client.ip).charge(db, world).await?;
    let names = [new.username.as_str(), new.email.as_str()];
    let password = &hasher.hash(world, &new.password, &names).await?;
    let by = &Granted::<CreateUsers>::system("somebody registered");
    rights
        .change(db, |change, _| {
            Box::pin(async move {
                user::has_room(change).await?;
                let role = user::default_role(change).await?;
                if administers(&codes_of(change.tx(), [role.id]).await?) {
                    tracing::error!(role = %role.name, "nobody registers as an administrator");
                    return Err(Error::RegistrationClosed);
                }
                let person = NewUser {
                    username: new.username.clone(),
                    email: Some(new.email.clone()),
                    full_name: new.full_name.clone(),
                    password: Some(password.clone()),
                    ..NewUser::default()
                };
                let person = user::add(change, by.to(), person, role.id).await?;
                let registered = ActiveModel {
                    id: Unchanged(person.id),
                    self_registered: Set(true),
                    ..Default::default()
                };
                Ok(registered.update(change.tx()).await?)
            })
        })
        .await
}

/// Whether a role that carries those codes makes an administrator.
fn administers(codes: &BTreeSet<String>) -> bool {
    ADMINISTRATION.iter().all(|code| codes.contains(*code))
}

/// Whether the person has registered, and is not let in before their address is verified.
pub(super) async fn has_to_verify(db: &impl ConnectionTrait, person: &Model) -> Result<bool> {
    if !person.self_registered || person.is_verified || person.email.is_none() {
        return Ok(false);
    }
    settings::read_or(db, NEEDS_VERIFICATION, true).await
}
