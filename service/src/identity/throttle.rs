//! How often somebody may try to log in, kept in the database so that it holds for all processes.
//!
//! Three allowances are used up together, each by the generic cell rate algorithm (ITU-T I.371): so
//! many attempts at once, then one per interval.
//!
//! - The **address** (IPv6: its /64), whatever accounts it tries.
//! - The **account**, over all addresses that it was never used from. When it is used up, such an
//!   address still has an attempt a minute of its own: guessing from many addresses becomes slow,
//!   and nobody can shut the owner out by guessing.
//! - The **pair** of both. Where the owner has logged in before, only this one counts.
//!
//! Requests for a reset and registrations use up the address's, and others of their own.
//!
//! An attempt is counted before it is looked at, so that many at once are as many; one that succeeds
//! is given back. What remains: whoever shares an address with others can use up what it has, again
//! and again. Behind the owner's own address that keeps the owner waiting there, who logs in from
//! elsewhere; behind any other, it keeps out those who were never there before.

use std::{net::IpAddr, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use entity::identity::login_throttle::{ActiveModel, Column, Entity};
use plimsoll::retry::Retry;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait, DatabaseConnection, DatabaseTransaction, EntityTrait as _,
    IsolationLevel, QueryFilter as _, QuerySelect as _,
    sea_query::{CaseStatement, Expr, ExprTrait as _, OnConflict},
};

use super::{caller::Caller, secret::hash};
use crate::{Error, Result, World};

/// How much may be tried: `at_once`, then one per `interval` seconds.
#[derive(Clone, Copy, Debug)]
struct Allowance {
    kind: &'static str,
    at_once: i64,
    interval: i64,
}

/// Enough for an office behind one address on a Monday morning.
const ADDRESS: Allowance = Allowance { kind: "address", at_once: 30, interval: 5 };
/// Some 8 600 guesses a day at one account from all the world together.
const ACCOUNT: Allowance = Allowance { kind: "account", at_once: 100, interval: 10 };
/// Enough for somebody who tries their older passwords.
const PAIR: Allowance = Allowance { kind: "pair", at_once: 10, interval: 30 };
/// What an unknown address has when the account's allowance is used up.
const ALONE: Allowance = Allowance { kind: "alone", at_once: 1, interval: 60 };

/// After this a row says nothing any more: every allowance is whole again long before.
const FORGOTTEN: TimeDelta = TimeDelta::days(1);

impl Allowance {
    fn interval(self) -> i64 {
        self.interval * 1_000_000
    }

    /// How far ahead the arrival time may be for an attempt to be allowed.
    fn tolerance(self) -> i64 {
        (self.at_once - 1) * self.interval()
    }

    /// How far ahead it can be at all. Further ahead means that the clock was set back since.
    fn horizon(self) -> i64 {
        self.at_once * self.interval()
    }

    fn key(self, of: &str) -> String {
        format!("{}:{}", self.kind, hash(of))
    }
}

/// What is attempted. What each may try is counted apart, whatever names people type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aim {
    Login,
    Reset,
    Registration,
}

impl Aim {
    /// What the keys of its allowances begin with.
    fn prefix(self) -> &'static str {
        match self {
            Self::Login => "",
            Self::Reset => "reset-",
            Self::Registration => "join-",
        }
    }
}

/// Whose attempt it is.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    aim: Aim,
    account: String,
    address: String,
    is_known: bool,
}

impl Attempt {
    /// To log in. `account` is the person's folded name, or what was typed when nobody has it;
    /// `is_known` says that its owner has logged in from there before.
    pub(super) fn login(account: &str, address: Option<IpAddr>, is_known: bool) -> Self {
        Self { aim: Aim::Login, account: account.to_owned(), address: network(address), is_known }
    }

    /// To ask for a reset. It is counted apart from the logins of the account, or whoever asks for
    /// resets could shut the owner out.
    pub(super) fn reset(account: &str, address: Option<IpAddr>) -> Self {
        Self { aim: Aim::Reset, ..Self::login(account, address, false) }
    }

    /// To register, which is counted for all who do.
    pub(super) fn registration(address: Option<IpAddr>) -> Self {
        Self { aim: Aim::Registration, ..Self::login("everybody", address, false) }
    }

    /// Of somebody who has logged in: their session is what counts, from whichever address it
    /// comes. `shown` is what is tried; each counts for itself, or whoever knows the one would be
    /// given back what was used up by guessing the other.
    pub(super) fn within(caller: &Caller, shown: &str) -> Self {
        let account = caller.user.username_key.clone();
        let session = caller.session.as_deref().unwrap_or("of a key");
        let address = format!("{shown} in session {session}");
        Self { aim: Aim::Login, account, address, is_known: true }
    }

    /// The key of what the address may try, whatever it is.
    fn by_address(&self) -> String {
        ADDRESS.key(&self.address)
    }

    fn by_account(&self) -> String {
        format!("{}{}", self.aim.prefix(), ACCOUNT.key(&self.account))
    }

    /// The key of an allowance that the account has at the address.
    fn by_pair(&self, allowance: Allowance) -> String {
        // No address has a line in it: where the account ends is no question.
        let pair = format!("{}\n{}", self.account, self.address);
        format!("{}{}", self.aim.prefix(), allowance.key(&pair))
    }

    /// Uses up what the attempt costs.
    ///
    /// # Errors
    /// [`Error::TooManyAttempts`] when an allowance is used up; nothing is counted then.
    pub(super) async fn charge(&self, db: &DatabaseConnection, world: &World) -> Result<()> {
        let now = world.clock.now();
        // Each statement decides by itself what is there now. At MySQL's usual level, a key that is
        // not there yet would lock its whole neighbourhood: many new addresses at once would wait
        // for each other in a circle, again and again.
        let policy = Retry { isolation: Some(IsolationLevel::ReadCommitted), ..Retry::default() };
        policy.transaction(db, |tx, _| Box::pin(self.charge_all(tx, now))).await?;
        let mut dice = [0];
        world.random.fill(&mut dice);
        if dice[0] % 64 == 0 {
            forget(db, now).await?;
        }
        Ok(())
    }

    // Always in the same order, so that nobody waits for somebody who waits for them.
    async fn charge_all(&self, tx: &DatabaseTransaction, now: DateTime<Utc>) -> Result<()> {
        if !self.is_known {
            if let Some(wait) = charge(tx, ADDRESS, &self.by_address(), now).await? {
                return refuse(wait);
            }
            if charge(tx, ACCOUNT, &self.by_account(), now).await?.is_some()
                && let Some(wait) = charge(tx, ALONE, &self.by_pair(ALONE), now).await?
            {
                return refuse(wait);
            }
        }
        match charge(tx, PAIR, &self.by_pair(PAIR), now).await? {
            Some(wait) => refuse(wait),
            None => Ok(()),
        }
    }

    /// Gives back what an attempt that succeeded has cost.
    pub(super) async fn give_back(&self, db: &impl ConnectionTrait) -> Result<()> {
        if !self.is_known {
            for (allowance, key) in [(ADDRESS, self.by_address()), (ACCOUNT, self.by_account())] {
                Entity::update_many()
                    .col_expr(
                        Column::ArrivesAt,
                        Expr::col(Column::ArrivesAt).sub(allowance.interval()),
                    )
                    .filter(Column::Key.eq(key))
                    .filter(Column::ArrivesAt.gte(allowance.interval()))
                    .exec(db)
                    .await?;
            }
        }
        Entity::delete_many()
            .filter(Column::Key.is_in([self.by_pair(ALONE), self.by_pair(PAIR)]))
            .exec(db)
            .await?;
        Ok(())
    }
}

fn refuse(wait: Duration) -> Result<()> {
    Err(Error::TooManyAttempts { retry_after: wait })
}

/// An IPv4 address, or the network of an IPv6 address: whoever has one has 2⁶⁴ of them.
fn network(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        None => "unknown".to_owned(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// Uses up one attempt; or says how long there is none.
async fn charge(
    tx: &DatabaseTransaction,
    allowance: Allowance,
    key: &str,
    now: DateTime<Utc>,
) -> Result<Option<Duration>> {
    let at = now.timestamp_micros().clamp(0, i64::MAX / 2);
    for _ in 0..3 {
        if count(tx, allowance, key, at, now).await? {
            return Ok(None);
        }
        let arrives_at: Option<i64> = Entity::find_by_id(key)
            .select_only()
            .column(Column::ArrivesAt)
            .into_tuple()
            .one(tx)
            .await?;
        if let Some(arrives_at) = arrives_at {
            let micros = arrives_at - allowance.tolerance() - at;
            if micros <= 0 {
                // It came, or became free, after the count had looked for it.
                continue;
            }
            // Whole seconds upwards, as `Retry-After` has them.
            let seconds = u64::try_from(micros).unwrap_or(0) / 1_000_000 + 1;
            return Ok(Some(Duration::from_secs(seconds)));
        }
        let row =
            ActiveModel { key: Set(key.to_owned()), arrives_at: Set(0), updated_at: Set(now) };
        let if_absent = OnConflict::column(Column::Key).do_nothing_on([Column::Key]).to_owned();
        Entity::insert(row).on_conflict(if_absent).exec_without_returning(tx).await?;
    }
    // The row comes and goes while it is looked at: somebody has just logged in.
    Ok(None)
}

/// One statement decides and counts, so that many at once are counted one after the other.
async fn count(
    tx: &DatabaseTransaction,
    allowance: Allowance,
    key: &str,
    at: i64,
    now: DateTime<Utc>,
) -> Result<bool> {
    let arrives_at = || Expr::col(Column::ArrivesAt);
    let is_set_back = || arrives_at().gt(at + allowance.horizon());
    let next = CaseStatement::new()
        .case(arrives_at().lt(at).or(is_set_back()), at + allowance.interval())
        .finally(arrives_at().add(allowance.interval()));
    let counted = Entity::update_many()
        .col_expr(Column::ArrivesAt, next.into())
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::Key.eq(key))
        .filter(arrives_at().lte(at + allowance.tolerance()).or(is_set_back()))
        .exec(tx)
        .await?;
    Ok(counted.rows_affected > 0)
}

/// Removes some rows that say nothing any more.
async fn forget(db: &DatabaseConnection, now: DateTime<Utc>) -> Result<()> {
    let old = Column::UpdatedAt.lt(now - FORGOTTEN);
    let keys: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Key)
        .filter(old.clone())
        .limit(500)
        .into_tuple()
        .all(db)
        .await?;
    if !keys.is_empty() {
        Entity::delete_many().filter(Column::Key.is_in(keys)).filter(old).exec(db).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn keys(attempt: &Attempt) -> [String; 3] {
        [attempt.by_account(), attempt.by_pair(ALONE), attempt.by_pair(PAIR)]
    }

    #[test]
    fn whatever_name_is_typed_it_uses_up_nothing_of_another_kind() {
        let at = Some([192, 0, 2, 1].into());
        let names = ["ana", "ana\nreset", "reset-ana", "everybody", "everybody\nregistration"];

        let all: Vec<String> = names
            .into_iter()
            .flat_map(|name| [Attempt::login(name, at, false), Attempt::reset(name, at)])
            .chain([Attempt::registration(at)])
            .flat_map(|attempt| keys(&attempt))
            .collect();

        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        assert!(all.iter().all(|key| key.len() <= 80), "longer than the column: {all:?}");
    }

    #[test]
    fn what_is_stored_of_logins_goes_on_counting() {
        let attempt = Attempt::login("ana", Some([192, 0, 2, 1].into()), false);

        assert_eq!(attempt.by_address(), format!("address:{}", hash("192.0.2.1")));
        let pair = hash("ana\n192.0.2.1");
        let expected =
            [format!("account:{}", hash("ana")), format!("alone:{pair}"), format!("pair:{pair}")];
        assert_eq!(keys(&attempt), expected);
    }
}
