//! The audit log: every change of people, rights, secrets and settings writes a row in its own
//! transaction, and each row seals the one before it by a hash.
//!
//! A function that changes such a thing takes an [`Audited`] transaction and tells it what it did;
//! [`audited`] makes one, and writes down what it was told right before `COMMIT`. Either both are
//! kept or neither.

mod chain;
mod list;
mod prune;
mod verify;

use std::{
    mem,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use plimsoll::retry::{Borrows, BoxFuture};
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, EntityTrait, IdenStatic as _, Iterable as _,
    ModelTrait as _,
};
use serde_json::Value;

pub(crate) use self::prune::prune;
pub use self::{
    list::{Entry, Filter, LogLevel, list},
    verify::{Fault, Verified, verify, verify_as_system},
};
use crate::{
    Result, World,
    rights::{Actor, Grantee},
    transaction,
};

/// Something that somebody did.
#[derive(Clone, Debug)]
pub(crate) struct Deed {
    /// The domain that it belongs to.
    component: &'static str,
    /// What was done: `role.assign`.
    action: &'static str,
    subject: Option<(&'static str, String)>,
    details: Value,
    actor_id: Option<i64>,
    actor_name: String,
}

impl Deed {
    /// Somebody, or the program itself, did that.
    pub(crate) fn of(by: &Grantee, component: &'static str, action: &'static str) -> Self {
        match by {
            Grantee::Person(actor) => Self::by(actor, component, action),
            Grantee::System { reason } => Self {
                component,
                action,
                subject: None,
                details: Value::Null,
                actor_id: None,
                actor_name: format!("the system ({reason})"),
            },
        }
    }

    /// A person did that.
    pub(crate) fn by(actor: &Actor, component: &'static str, action: &'static str) -> Self {
        Self {
            component,
            action,
            subject: None,
            details: Value::Null,
            actor_id: Some(actor.user_id()),
            actor_name: actor.name().to_owned(),
        }
    }

    /// What it was done to.
    pub(crate) fn on(self, kind: &'static str, key: &(impl ToString + ?Sized)) -> Self {
        Self { subject: Some((kind, key.to_string())), ..self }
    }

    /// What else there is to say, without any secret: an object with texts, whole numbers and
    /// booleans, which the three databases give back as they were.
    pub(crate) fn with(self, details: Value) -> Self {
        Self { details, ..self }
    }

    fn message(&self) -> String {
        match &self.subject {
            Some((kind, key)) => format!("{} on {kind} {key} by {}", self.action, self.actor_name),
            None => format!("{} by {}", self.action, self.actor_name),
        }
    }

    fn tell(&self) {
        let Self { component, actor_id, details, .. } = self;
        tracing::info!(target: "audit", component, actor_id, %details, "{}", self.message());
    }
}

/// The names of the columns that differ, but for when the row was changed: what a [`Deed`] says of a
/// change, without the values.
pub(crate) fn changed<E: EntityTrait>(before: &E::Model, after: &E::Model) -> Vec<&'static str> {
    E::Column::iter()
        .filter(|column| before.get(*column) != after.get(*column))
        .map(|column| column.as_str())
        .filter(|name| *name != "updated_at")
        .collect()
}

/// A transaction whose changes are written to the audit log.
#[derive(Debug)]
pub struct Audited<'c> {
    tx: &'c DatabaseTransaction,
    now: DateTime<Utc>,
    deeds: Mutex<Vec<Deed>>,
}

impl<'c> Audited<'c> {
    pub(crate) fn new(tx: &'c DatabaseTransaction, now: DateTime<Utc>) -> Self {
        Self { tx, now, deeds: Mutex::default() }
    }

    /// The transaction, for whatever else belongs to the change.
    pub fn tx(&self) -> &'c DatabaseTransaction {
        self.tx
    }

    /// When the change began.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Takes down what was done; it is written when the work has ended.
    pub(crate) fn record(&self, deed: Deed) {
        self.deeds.lock().unwrap_or_else(PoisonError::into_inner).push(deed);
    }

    /// Writes what was recorded, and gives it back.
    pub(crate) async fn write(&self) -> Result<Vec<Deed>> {
        let deeds = mem::take(&mut *self.deeds.lock().unwrap_or_else(PoisonError::into_inner));
        chain::append(self.tx, self.now, &deeds).await?;
        Ok(deeds)
    }
}

/// Does `work` as one transaction whose changes are written to the audit log, again when the database
/// asks for it.
///
/// What is recorded is written at the end, so that the one row that puts all audited changes in
/// order is held no longer than it takes to commit.
///
/// # Errors
/// What `work` returned last, or [`Error::Database`](crate::Error::Database); nothing of it is kept
/// then, except when the connection was lost during `COMMIT`: that outcome is unknown.
pub async fn audited<'w, T, F>(db: &DatabaseConnection, world: &World, work: F) -> Result<T>
where
    F: for<'c> Fn(&'c Audited<'c>, Borrows<'c, 'w>) -> BoxFuture<'c, Result<T>> + Send + Sync,
    T: Send,
{
    let (work, clock) = (&work, &world.clock);
    let (done, deeds) = transaction::committed()
        .transaction(db, |tx, _| {
            Box::pin(async move {
                let unit = Audited::new(tx, clock.now());
                let done = work(&unit, Borrows::new()).await?;
                Ok::<_, crate::Error>((done, unit.write().await?))
            })
        })
        .await?;
    tell(&deeds);
    Ok(done)
}

/// Says in the log of the process what was written to the audit log and is kept.
pub(crate) fn tell(deeds: &[Deed]) {
    deeds.iter().for_each(Deed::tell);
}
