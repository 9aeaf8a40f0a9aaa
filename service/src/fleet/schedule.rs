//! Queries that are asked again and again by themselves.

use chrono::{DateTime, TimeDelta, Utc};
use entity::fleet::{
    fleet_query,
    query_execution::{Column, Entity},
};
use sea_orm::{
    ColumnTrait as _, DatabaseConnection, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};

use super::{
    execution::{self, Model, QueryExecutionStatus},
    host,
};
use crate::{
    Error, Result, World, records,
    rights::{Granted, ReportResults},
    transaction,
};

/// Asks every host that is online each scheduled query whose interval has passed since it was asked
/// last, by whomever, and gives the new executions. A query whose last execution waits still is not
/// asked again before it, nor is one while no host is online.
///
/// Of many who ask at once one makes the execution. Each is made for itself: those before an error stay.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn due(
    db: &DatabaseConnection,
    world: &World,
    _by: &Granted<ReportResults>,
) -> Result<Vec<Model>> {
    let now = world.clock.now();
    let scheduled: Vec<i64> = fleet_query::Entity::find()
        .select_only()
        .column(fleet_query::Column::Id)
        .filter(fleet_query::Column::IsScheduled.eq(true))
        .order_by_asc(fleet_query::Column::Id)
        .into_tuple()
        .all(db)
        .await?;
    let mut asked = Vec::new();
    for query_id in scheduled {
        let execution = transaction::committed()
            .transaction(db, |tx, _| Box::pin(ask(tx, now, query_id)))
            .await?;
        asked.extend(execution);
    }
    Ok(asked)
}

/// Holds the query, so that of two who find it due the second finds it asked.
async fn ask(tx: &DatabaseTransaction, now: DateTime<Utc>, query_id: i64) -> Result<Option<Model>> {
    let query = match records::locked::<fleet_query::Entity>(tx, query_id).await {
        // Somebody removed it meanwhile.
        Err(Error::NotFound { .. }) => return Ok(None),
        query => query?,
    };
    let last: Option<(DateTime<Utc>, QueryExecutionStatus)> = Entity::find()
        .select_only()
        .column(Column::ExecutedAt)
        .column(Column::Status)
        .filter(Column::QueryId.eq(query_id))
        .order_by_desc(Column::ExecutedAt)
        .order_by_desc(Column::Id)
        .into_tuple()
        .one(tx)
        .await?;
    if !query.is_scheduled || !is_due(last, query.interval_seconds, now) {
        return Ok(None);
    }
    let hosts = host::online(tx, now).await?;
    if hosts.is_empty() {
        return Ok(None);
    }
    execution::ask(tx, now, query_id, None, &hosts).await.map(Some)
}

fn is_due(
    last: Option<(DateTime<Utc>, QueryExecutionStatus)>,
    every: i32,
    now: DateTime<Utc>,
) -> bool {
    match last {
        None => true,
        Some((_, QueryExecutionStatus::Pending)) => false,
        Some((at, _)) => at + TimeDelta::seconds(every.into()) <= now,
    }
}

#[cfg(test)]
mod tests {
    use super::{QueryExecutionStatus::*, *};

    #[test]
    fn a_query_is_due_when_its_interval_has_passed_and_none_waits() {
        let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        let ago = |seconds| now - TimeDelta::seconds(seconds);

        for (last, expected) in [
            (None, true),
            (Some((ago(60), Completed)), true),
            (Some((ago(60), Failed)), true),
            (Some((ago(60), Running)), true),
            (Some((ago(60), Pending)), false),
            (Some((ago(59), Completed)), false),
            (Some((ago(59), Cancelled)), false),
            (Some((ago(-60), Completed)), false),
        ] {
            assert_eq!(is_due(last, 60, now), expected, "{last:?}");
        }
        assert!(!is_due(Some((now, Completed)), i32::MAX, now));
    }
}
