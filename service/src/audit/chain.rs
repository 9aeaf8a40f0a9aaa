//! The chain: each audited row holds a hash of itself and of the hash before it.

use std::collections::BTreeMap;

use chrono::{DateTime, Timelike as _, Utc};
use entity::audit::{
    audit_chain,
    system_log::{self, LogLevel},
};
use sea_orm::{
    ActiveEnum as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DatabaseTransaction,
    EntityTrait as _, QueryFilter as _, QuerySelect as _, sea_query::Expr,
};
use serde_json::{Value, json};

use super::Deed;
use crate::{Error, Result, identity::secret::hash};

/// The one chain that there is.
const CHAIN: &str = "main";

/// What of a row its hash covers; of everything but its key, which a copy may change.
pub(super) struct Link<'r> {
    pub(super) position: i64,
    pub(super) created_at: DateTime<Utc>,
    pub(super) level: LogLevel,
    pub(super) component: &'r str,
    pub(super) action: Option<&'r str>,
    pub(super) message: &'r str,
    pub(super) details: Option<&'r Value>,
    pub(super) actor_id: Option<i64>,
    pub(super) actor_name: Option<&'r str>,
    pub(super) subject_kind: Option<&'r str>,
    pub(super) subject_id: Option<&'r str>,
}

impl Link<'_> {
    /// SHA-256, in hexadecimal, of the hash before and of the row as a JSON array in a form that does
    /// not depend on the database: times in microseconds, keys of objects in order.
    pub(super) fn hash(&self, before: &str) -> String {
        let row = json!([
            self.position,
            self.created_at.timestamp_micros(),
            self.level.to_value(),
            self.component,
            self.action,
            self.message,
            self.details.map(ordered),
            self.actor_id,
            self.actor_name,
            self.subject_kind,
            self.subject_id,
        ]);
        hash(&format!("{before}{row}"))
    }
}

/// The same document with the keys of every object in the order of their bytes.
fn ordered(document: &Value) -> Value {
    match document {
        Value::Object(members) => {
            let sorted: BTreeMap<&String, Value> =
                members.iter().map(|(key, value)| (key, ordered(value))).collect();
            json!(sorted)
        }
        Value::Array(items) => items.iter().map(ordered).collect(),
        other => other.clone(),
    }
}

/// The end of the chain, which nobody else moves until the transaction ends.
pub(super) async fn hold(tx: &DatabaseTransaction) -> Result<audit_chain::Model> {
    found(audit_chain::Entity::find_by_id(CHAIN).lock_exclusive().one(tx).await?)
}

/// The end of the chain as it is now.
pub(super) async fn end(db: &impl ConnectionTrait) -> Result<audit_chain::Model> {
    found(audit_chain::Entity::find_by_id(CHAIN).one(db).await?)
}

fn found(row: Option<audit_chain::Model>) -> Result<audit_chain::Model> {
    row.ok_or_else(|| Error::Malformed {
        kind: "audit chain",
        key: CHAIN.to_owned(),
        problem: "its row is not in `audit_chains`".to_owned(),
    })
}

/// Moves the columns of the chain's row.
pub(super) async fn put(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    end: &audit_chain::Model,
) -> Result<()> {
    use audit_chain::{Column, Entity};

    Entity::update_many()
        .col_expr(Column::Position, Expr::value(end.position))
        .col_expr(Column::Hash, Expr::value(end.hash.clone()))
        .col_expr(Column::PrunedPosition, Expr::value(end.pruned_position))
        .col_expr(Column::PrunedHash, Expr::value(end.pruned_hash.clone()))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::Name.eq(CHAIN))
        .exec(tx)
        .await?;
    Ok(())
}

/// Writes what was done at the end of the chain.
pub(super) async fn append(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    deeds: &[Deed],
) -> Result<()> {
    if deeds.is_empty() {
        return Ok(());
    }
    // What the databases keep of a time; the rest would be gone when the hash is looked at.
    let now = now.with_nanosecond(now.nanosecond() / 1_000 * 1_000).unwrap_or(now);
    let mut end = hold(tx).await?;
    let mut rows = Vec::with_capacity(deeds.len());
    for deed in deeds {
        end.position += 1;
        let message = deed.message();
        let details = Some(&deed.details).filter(|details| !details.is_null());
        let (subject_kind, subject_id) = match &deed.subject {
            Some((kind, key)) => (Some(*kind), Some(key.as_str())),
            None => (None, None),
        };
        let link = Link {
            position: end.position,
            created_at: now,
            level: LogLevel::Info,
            component: deed.component,
            action: Some(deed.action),
            message: &message,
            details,
            actor_id: deed.actor_id,
            actor_name: Some(&deed.actor_name),
            subject_kind,
            subject_id,
        };
        end.hash = link.hash(&end.hash);
        rows.push(system_log::ActiveModel {
            level: Set(link.level),
            component: Set(link.component.to_owned()),
            action: Set(link.action.map(str::to_owned)),
            details: Set(link.details.cloned()),
            actor_id: Set(link.actor_id),
            actor_name: Set(link.actor_name.map(str::to_owned)),
            subject_kind: Set(link.subject_kind.map(str::to_owned)),
            subject_id: Set(link.subject_id.map(str::to_owned)),
            position: Set(Some(link.position)),
            hash: Set(Some(end.hash.clone())),
            created_at: Set(now),
            message: Set(message),
            ..Default::default()
        });
    }
    system_log::Entity::insert_many(rows).exec_without_returning(tx).await?;
    put(tx, now, &end).await
}
