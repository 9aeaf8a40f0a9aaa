//! Counting calls.

use std::{
    collections::{BTreeMap, BTreeSet},
    slice,
};

use chrono::{DateTime, Utc};
use entity::{
    gateway::{
        api_definition,
        api_usage::{ActiveModel, Column, Entity},
    },
    identity::user,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, DatabaseConnection, DatabaseTransaction, EntityTrait, QueryFilter as _,
    QuerySelect as _, SqlErr,
    sea_query::{CaseStatement, Expr, ExprTrait as _, OnConflict},
};

use super::{Alike, Call, Sum, added_up, bucket};
use crate::{
    Error, Result, World,
    records::Record,
    rights::{CountUsage, Granted},
    transaction,
};

/// Counts a call, now.
///
/// # Errors
/// As for [`count_many`]; [`Error::NotFound`] if there is no such API.
pub async fn count(
    db: &DatabaseConnection,
    world: &World,
    by: &Granted<CountUsage>,
    call: &Call,
) -> Result<()> {
    match count_many(db, world, by, slice::from_ref(call)).await? {
        0 => Err(Error::not_found(api_definition::Entity::KIND, call.api_id.to_string())),
        _ => Ok(()),
    }
}

/// Counts calls, now, all or none of them, and says how many: those of an API that is there no more
/// are not counted. Somebody who is there no more is still told from others.
///
/// Calls that are alike are added up before, so that a gateway can send a second's worth at once.
///
/// # Errors
/// [`Error::Invalid`] for more than [`MOST_CALLS`](super::MOST_CALLS), a status that is none, and a
/// time that is negative or longer than [`LONGEST_CALL`](super::LONGEST_CALL).
pub async fn count_many(
    db: &DatabaseConnection,
    world: &World,
    _by: &Granted<CountUsage>,
    calls: &[Call],
) -> Result<u64> {
    let sums = &added_up(calls)?;
    let bucket_at = bucket(world.clock.now());
    match write(db, bucket_at, sums, false).await {
        // Who and what is still there is looked at only when somebody or something is not.
        Err(Error::Database(error))
            if matches!(error.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_))) =>
        {
            write(db, bucket_at, sums, true).await
        }
        counted => counted,
    }
}

/// Adds the sums to what was counted before, always in the same order, so that nobody waits for
/// somebody who waits for them.
async fn write(
    db: &DatabaseConnection,
    bucket_at: DateTime<Utc>,
    sums: &BTreeMap<Alike, Sum>,
    looks: bool,
) -> Result<u64> {
    transaction::committed()
        .transaction(db, |tx, _| {
            Box::pin(async move {
                let (mut gone, mut strangers) = (BTreeSet::new(), BTreeSet::new());
                if looks {
                    let apis = sums.keys().map(|(api_id, ..)| *api_id).collect();
                    let column = api_definition::Column::Id;
                    gone = missing::<api_definition::Entity>(tx, column, apis).await?;
                    let people = sums.keys().filter_map(|(.., caller)| *caller).collect();
                    strangers = missing::<user::Entity>(tx, user::Column::Id, people).await?;
                }
                let mut counted = 0;
                for (alike, sum) in sums {
                    let (api_id, _, _, caller) = alike;
                    if !gone.contains(api_id) {
                        let user_id = caller.filter(|caller| !strangers.contains(caller));
                        add(tx, bucket_at, alike, sum, user_id).await?;
                        counted += u64::from(sum.calls);
                    }
                }
                Ok::<_, Error>(counted)
            })
        })
        .await
}

/// Which of these keys a table has not.
async fn missing<E: EntityTrait>(
    tx: &DatabaseTransaction,
    key: E::Column,
    keys: BTreeSet<i64>,
) -> Result<BTreeSet<i64>> {
    if keys.is_empty() {
        return Ok(keys);
    }
    let query = E::find().select_only().column(key).filter(key.is_in(keys.iter().copied()));
    let there: Vec<i64> = query.into_tuple().all(tx).await?;
    let there: BTreeSet<i64> = there.into_iter().collect();
    Ok(keys.difference(&there).copied().collect())
}

/// Adds a sum to the row of its span, which is made when it is not there: one statement, that loses
/// nothing beside others like it.
async fn add(
    tx: &DatabaseTransaction,
    bucket_at: DateTime<Utc>,
    (api_id, _, status_code, caller): &Alike,
    sum: &Sum,
    user_id: Option<i64>,
) -> Result<()> {
    let row = ActiveModel {
        api_id: Set(*api_id),
        user_id: Set(user_id),
        bucket_at: Set(bucket_at),
        method: Set(sum.method),
        status_code: Set(*status_code),
        caller: Set(caller.map_or_else(|| "anonymous".to_owned(), |id| format!("user:{id}"))),
        request_count: Set(sum.calls.into()),
        response_time_ms_sum: Set(sum.total),
        response_time_ms_max: Set(sum.longest),
        ..Default::default()
    };
    // With the table's name before it: PostgreSQL would not know which row is meant.
    let before = |column: Column| Expr::col((Entity, column));
    let longest = before(Column::ResponseTimeMsMax);
    let longest =
        CaseStatement::new().case(longest.clone().lt(sum.longest), sum.longest).finally(longest);
    let added = OnConflict::columns([
        Column::ApiId,
        Column::BucketAt,
        Column::Method,
        Column::StatusCode,
        Column::Caller,
    ])
    .value(Column::RequestCount, before(Column::RequestCount).add(i64::from(sum.calls)))
    .value(Column::ResponseTimeMsSum, before(Column::ResponseTimeMsSum).add(sum.total))
    .value(Column::ResponseTimeMsMax, longest)
    .to_owned();
    Entity::insert(row).on_conflict(added).exec_without_returning(tx).await?;
    Ok(())
}
