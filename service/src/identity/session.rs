//! Sessions: logging in, going on, logging out.
//!
//! A session is the family of tokens that descend from one login. An access token is good for
//! [`ACCESS`]; a refresh token is exchanged once for the next pair. One that is used twice is in two
//! hands, and ends the session.
//!
//! Whatever makes or ends tokens first locks the row of the person, so that no token is made beside
//! a change that ends them all.

mod end;
mod login;
mod renew;

use std::{fmt, net::IpAddr};

use chrono::{DateTime, TimeDelta, Utc};
use entity::identity::{access_token, refresh_token, user};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, DatabaseTransaction, EntityTrait as _,
    QuerySelect as _,
};
use secrecy::{ExposeSecret as _, SecretString};

pub(crate) use self::end::{end_all, end_all_but};
pub(super) use self::login::{by_name, set_password};
pub use self::{
    end::{Session, end, end_of, end_others, list, list_of, logout},
    login::{Login, change_password, login, prove},
    renew::refresh,
};
use super::secret::{Purpose, hash};
use crate::{Result, World};

/// How long an access token is good.
pub const ACCESS: TimeDelta = TimeDelta::minutes(15);
/// How long a session lasts while nobody renews it.
pub const IDLE: TimeDelta = TimeDelta::days(14);
/// How long a session lasts, however often it is renewed.
pub const ABSOLUTE: TimeDelta = TimeDelta::days(90);

/// What is known about the program that asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// Its address.
    pub ip: Option<IpAddr>,
    /// What it calls itself; cut after 512 characters.
    pub user_agent: Option<String>,
}

impl Client {
    fn address(&self) -> Option<String> {
        self.ip.map(|ip| ip.to_canonical().to_string())
    }

    fn name(&self) -> Option<String> {
        let name = self.user_agent.as_deref()?;
        Some(name.chars().filter(|c| !c.is_control()).take(512).collect())
    }
}

/// A pair of tokens, shown this once.
pub struct Tokens {
    /// What requests prove themselves with.
    pub access: SecretString,
    /// Until when the access token is good.
    pub access_expires_at: DateTime<Utc>,
    /// What is exchanged for the next pair.
    pub refresh: SecretString,
    /// Until when the refresh token is good.
    pub refresh_expires_at: DateTime<Utc>,
    /// Whose they are.
    pub user: user::Model,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("user_id", &self.user.id).finish_non_exhaustive()
    }
}

/// A session to make tokens for.
struct Family {
    id: String,
    started_at: DateTime<Utc>,
}

/// The person, whose row stays locked until the transaction ends.
async fn locked(tx: &DatabaseTransaction, user_id: i64) -> Result<Option<user::Model>> {
    Ok(user::Entity::find_by_id(user_id).lock_exclusive().one(tx).await?)
}

/// Makes the next pair of a session; also the key of the refresh token's row.
async fn issue(
    tx: &DatabaseTransaction,
    world: &World,
    user: user::Model,
    family: Family,
    client: &Client,
) -> Result<(Tokens, i64)> {
    let now = world.clock.now();
    let tokens = Tokens {
        access: Purpose::Access.make(world),
        access_expires_at: (now + ACCESS).min(family.started_at + ABSOLUTE),
        refresh: Purpose::Refresh.make(world),
        refresh_expires_at: (now + IDLE).min(family.started_at + ABSOLUTE),
        user,
    };
    access_token::ActiveModel {
        user_id: Set(tokens.user.id),
        family_id: Set(family.id.clone()),
        token_hash: Set(hash(tokens.access.expose_secret()).into()),
        ip: Set(client.address()),
        user_agent: Set(client.name()),
        created_at: Set(now),
        expires_at: Set(tokens.access_expires_at),
        ..Default::default()
    }
    .insert(tx)
    .await?;
    let refresh = refresh_token::ActiveModel {
        user_id: Set(tokens.user.id),
        family_id: Set(family.id),
        family_started_at: Set(family.started_at),
        token_hash: Set(hash(tokens.refresh.expose_secret()).into()),
        ip: Set(client.address()),
        user_agent: Set(client.name()),
        created_at: Set(now),
        expires_at: Set(tokens.refresh_expires_at),
        ..Default::default()
    };
    let row = refresh.insert(tx).await?;
    Ok((tokens, row.id))
}
