//! Removing what is older than the log has to go back.

use chrono::{DateTime, Utc};
use entity::audit::system_log::{Column, Entity};
use plimsoll::retry;
use sea_orm::{
    ColumnTrait as _, DatabaseConnection, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};

use super::{Fault, chain, verify::continued};
use crate::{Error, Result};

/// Removes up to `at_once` rows from before that moment, and says how many: of the chain from its
/// beginning on, which moves the checkpoint there in the same transaction, and of the others.
pub(crate) async fn prune(
    db: &DatabaseConnection,
    now: DateTime<Utc>,
    before: DateTime<Utc>,
    at_once: u64,
) -> Result<u64> {
    retry::transaction(db, |tx, _| {
        Box::pin(async move {
            let loose: Vec<i64> = Entity::find()
                .select_only()
                .column(Column::Id)
                .filter(Column::Position.is_null())
                .filter(Column::CreatedAt.lt(before))
                .order_by_asc(Column::CreatedAt)
                .limit(at_once)
                .into_tuple()
                .all(tx)
                .await?;
            let mut removed = 0;
            if !loose.is_empty() {
                let gone = Entity::delete_many().filter(Column::Id.is_in(loose)).exec(tx).await?;
                removed += gone.rows_affected;
            }
            Ok::<_, Error>(removed + links(tx, now, before, at_once).await?)
        })
    })
    .await
}

/// Removes the first links of the chain, as far as all of them are older; a younger one among them, of
/// a clock that went back, keeps those after it. What is not as it was written stays: a checkpoint behind
/// it would hide it.
async fn links(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    before: DateTime<Utc>,
    at_once: u64,
) -> Result<u64> {
    let mut end = chain::hold(tx).await?;
    let first = Entity::find()
        .filter(Column::Position.gt(end.pruned_position))
        .order_by_asc(Column::Position)
        .limit(at_once)
        .all(tx)
        .await?;
    let pruned = end.pruned_position;
    for row in first.iter().take_while(|row| row.created_at < before) {
        let position = end.pruned_position + 1;
        end.pruned_hash =
            continued(row, position, &end.pruned_hash).map_err(|fault| broken(&fault))?;
        end.pruned_position = position;
    }
    if end.pruned_position == pruned {
        return Ok(0);
    }
    chain::put(tx, now, &end).await?;
    let gone =
        Entity::delete_many().filter(Column::Position.lte(end.pruned_position)).exec(tx).await?;
    Ok(gone.rows_affected)
}

fn broken(fault: &Fault) -> Error {
    Error::Malformed {
        kind: "audit chain",
        key: "main".to_owned(),
        problem: format!("{fault}, and is not pruned"),
    }
}
