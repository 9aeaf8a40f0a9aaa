//! Whether the chain is whole.

use entity::audit::{
    audit_chain,
    system_log::{Column, Entity, Model},
};
use sea_orm::{
    ColumnTrait as _, DatabaseConnection, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};

use super::chain::{self, Link};
use crate::{
    Result,
    rights::{Granted, ReadAudit},
};

/// How many rows are read at once.
const AT_ONCE: u64 = 1_000;

/// What the chain was found to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The first position that is kept: the one after the checkpoint.
    pub from: i64,
    /// The last position; one less than `from` when nothing is kept.
    pub to: i64,
    /// The first thing that is wrong; what comes after it proves nothing.
    pub fault: Option<Fault>,
}

/// What is wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A row is not there.
    #[error("row {position} is missing")]
    Missing {
        /// Its place in the chain.
        position: i64,
    },
    /// A row is not what was written, or the one before it is not.
    #[error("row {position} (id {id}) is not what was written")]
    Changed {
        /// Its place in the chain.
        position: i64,
        /// Its key.
        id: i64,
    },
    /// The chain's own row does not say where the chain ends.
    #[error("the chain ends at {found}, and should at {recorded}")]
    End {
        /// Where the rows end.
        found: i64,
        /// Where the chain's row says that they end.
        recorded: i64,
    },
}

/// Looks at every row of the chain, from the checkpoint to the end as it was when the question came.
/// Reads 1 000 rows at a time.
///
/// # Errors
/// [`Error::Malformed`](crate::Error::Malformed) if the chain has no row of its own; what is wrong
/// with the chain is no error but the answer.
pub async fn verify(db: &DatabaseConnection, _by: &Granted<ReadAudit>) -> Result<Verified> {
    verify_as_system(db).await
}

/// The same for whoever stands at the machine, and could read the tables themselves.
///
/// # Errors
/// As for [`verify`].
pub async fn verify_as_system(db: &DatabaseConnection) -> Result<Verified> {
    loop {
        let begin = chain::end(db).await?;
        let mut verified = walk(db, &begin).await?;
        let last = last_position(db).await?;
        let now = chain::end(db).await?;
        // Whoever prunes meanwhile moves the beginning: then it is looked at again from there.
        if verified.fault.is_some() && now.pruned_position != begin.pruned_position {
            continue;
        }
        // The end is read after the last row: what was appended in between is in both.
        if verified.fault.is_none() && last > now.position {
            verified.fault = Some(Fault::End { found: last, recorded: now.position });
        }
        return Ok(verified);
    }
}

/// The position of the last row, whatever the chain says; 0 without one.
async fn last_position(db: &DatabaseConnection) -> Result<i64> {
    let last: Option<Option<i64>> = Entity::find()
        .select_only()
        .column(Column::Position)
        .filter(Column::Position.is_not_null())
        .order_by_desc(Column::Position)
        .into_tuple()
        .one(db)
        .await?;
    Ok(last.flatten().unwrap_or(0))
}

async fn walk(db: &DatabaseConnection, end: &audit_chain::Model) -> Result<Verified> {
    let mut verified = Verified { from: end.pruned_position + 1, to: end.position, fault: None };
    let (mut position, mut hash) = (end.pruned_position, end.pruned_hash.clone());
    loop {
        let rows = Entity::find()
            .filter(Column::Position.gt(position))
            .filter(Column::Position.lte(end.position))
            .order_by_asc(Column::Position)
            .limit(AT_ONCE)
            .all(db)
            .await?;
        let Some(last) = rows.last().and_then(|row| row.position) else { break };
        for row in &rows {
            position += 1;
            match continued(row, position, &hash) {
                Ok(next) => hash = next,
                Err(fault) => {
                    verified.fault = Some(fault);
                    return Ok(verified);
                }
            }
        }
        position = last;
    }
    if position < end.position {
        verified.fault = Some(Fault::Missing { position: position + 1 });
    } else if hash != end.hash {
        verified.fault = Some(Fault::End { found: position, recorded: end.position });
    }
    Ok(verified)
}

/// The row's hash, if the row stands at that position and continues what is before it.
pub(super) fn continued(row: &Model, position: i64, before: &str) -> Result<String, Fault> {
    if row.position != Some(position) {
        return Err(Fault::Missing { position });
    }
    let link = Link {
        position,
        created_at: row.created_at,
        level: row.level,
        component: &row.component,
        action: row.action.as_deref(),
        message: &row.message,
        details: row.details.as_ref(),
        actor_id: row.actor_id,
        actor_name: row.actor_name.as_deref(),
        subject_kind: row.subject_kind.as_deref(),
        subject_id: row.subject_id.as_deref(),
    };
    let hash = link.hash(before);
    if row.hash.as_deref() == Some(&hash) {
        Ok(hash)
    } else {
        Err(Fault::Changed { position, id: row.id })
    }
}
