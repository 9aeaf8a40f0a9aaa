//! What hosts answered.

mod hash;

use chrono::{DateTime, SubsecRound as _, Utc};
pub use entity::fleet::osquery_result::Model;
use entity::fleet::{
    alert_history, fleet_host, fleet_query,
    osquery_result::{ActiveModel, Column, Entity},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DatabaseConnection, DatabaseTransaction,
    EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, prelude::Json,
};

use self::hash::hash;
use super::{Fleet, alarm, execution, is_made_by_a_rule};
use crate::{
    Result, World,
    page::{self, Cursor, Order, Page},
    records::{self, Record, sound::unkept},
    rights::{Granted, ReadFleet, ReportResults},
    text::{self, invalid},
    transaction,
};

impl Record for Entity {
    type Domain = Fleet;

    const KIND: &'static str = "answer";
    const GUARDED: &'static [Column] = &[
        Column::HostId,
        Column::QueryName,
        Column::ResultData,
        Column::ResultHash,
        Column::RecordedAt,
    ];

    fn settle(row: &mut ActiveModel) -> Result<()> {
        is_made_by_a_rule(Self::KIND, &row.host_id)
    }
}

/// What a host answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The key of the host.
    pub host_id: i64,
    /// When the host answered. Together with the host and the query it tells one answer from another.
    pub recorded_at: DateTime<Utc>,
    /// The rows, as osquery gives them: a list of objects.
    pub rows: Json,
}

/// An answer that was taken, and the alerts that it raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// What is kept of it.
    pub answer: Model,
    /// The alerts.
    pub raised: Vec<alert_history::Model>,
}

/// Takes what a host answers to an execution that runs, counts the rows, and raises the alerts that they
/// make due. An answer that is brought once more is not taken a second time, and raises nothing.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such execution or host,
/// [`Rule::Transition`](crate::rule::Rule::Transition) if the execution does not run,
/// [`Error::Invalid`](crate::Error::Invalid) for a host that is not asked, for rows that are none, and
/// for a time that not every database keeps.
pub async fn answered(
    db: &DatabaseConnection,
    world: &World,
    _by: &Granted<ReportResults>,
    execution_id: i64,
    answer: &Answer,
) -> Result<Answered> {
    let rows = sound(answer)?;
    let now = world.clock.now();
    transaction::committed()
        .transaction(db, |tx, _| Box::pin(take(tx, now, execution_id, answer, rows)))
        .await
}

/// Keeps what a host answers to a query that nobody here asks: one of a pack that Fleet has. An answer
/// that is brought once more is not kept a second time.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such host,
/// [`Error::Invalid`](crate::Error::Invalid) for a name of more than 100 characters, for rows that are
/// none, and for a time that not every database keeps.
pub async fn unasked(
    db: &DatabaseConnection,
    world: &World,
    _by: &Granted<ReportResults>,
    query_name: &str,
    answer: &Answer,
) -> Result<Model> {
    let query_name = &text::key("name of a query", query_name, 100)?;
    sound(answer)?;
    let now = world.clock.now();
    let (kept, _) = transaction::committed()
        .transaction(db, |tx, _| Box::pin(keep(tx, now, query_name, answer)))
        .await?;
    Ok(kept)
}

/// At most `limit` answers of a host, the newest first, from the beginning or from where a page before
/// ended.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such host.
pub async fn results(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadFleet>,
    host_id: i64,
    from: Option<Cursor>,
    limit: u64,
) -> Result<Page<Model>> {
    records::found::<fleet_host::Entity>(db, host_id).await?;
    let rows = Entity::find().filter(Column::HostId.eq(host_id));
    page::of(db, rows, (Column::Id, |row: &Model| row.id), Order::NewestFirst, from, limit).await
}

/// Whether the last two answers of a host to a query differ, the last by its own clock; nothing while
/// there are not two. In which order the rows and their columns come makes no difference.
///
/// # Errors
/// Only [`Error::Database`](crate::Error::Database).
pub async fn changed(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadFleet>,
    host_id: i64,
    query_name: &str,
) -> Result<Option<bool>> {
    // `PostgreSQL` refuses even a question with one.
    if query_name.contains('\0') {
        return Ok(None);
    }
    let last = Entity::find()
        .filter(Column::HostId.eq(host_id))
        .filter(Column::QueryName.eq(query_name))
        .order_by_desc(Column::RecordedAt)
        .order_by_desc(Column::Id)
        .limit(2);
    let of = |row: &Model| row.result_hash.clone().unwrap_or_else(|| hash(&row.result_data));
    Ok(match &last.all(db).await?[..] {
        [one, other] => Some(of(one) != of(other)),
        _ => None,
    })
}

/// The rows of an answer that will do.
fn sound(answer: &Answer) -> Result<&[Json]> {
    if let Some(problem) = unkept(answer.recorded_at) {
        return Err(invalid("time of an answer", &answer.recorded_at.to_rfc3339(), problem));
    }
    match answer.rows.as_array() {
        Some(rows) if rows.iter().all(Json::is_object) => Ok(rows),
        _ => Err(invalid("rows", &answer.rows.to_string(), "they are a list of objects")),
    }
}

async fn take(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    execution_id: i64,
    answer: &Answer,
    rows: &[Json],
) -> Result<Answered> {
    let execution = execution::held(tx, execution_id).await?;
    if !execution::asks(&execution, answer.host_id) {
        let problem = format!("execution `{execution_id}` does not ask it");
        return Err(invalid("host", &answer.host_id.to_string(), &problem));
    }
    let query = records::found::<fleet_query::Entity>(tx, execution.query_id).await?;
    let (kept, is_new) = keep(tx, now, &query.name, answer).await?;
    if !is_new {
        return Ok(Answered { answer: kept, raised: Vec::new() });
    }
    execution::count(tx, execution_id, rows.len()).await?;
    let raised = alarm::at_answer(tx, now, &execution, answer.host_id, rows).await?;
    Ok(Answered { answer: kept, raised })
}

/// The answer as it is kept, and whether it was not before. Answers of one host are kept one after the
/// other.
async fn keep(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    query_name: &str,
    answer: &Answer,
) -> Result<(Model, bool)> {
    records::locked::<fleet_host::Entity>(tx, answer.host_id).await?;
    let recorded_at = answer.recorded_at.trunc_subsecs(6);
    let known = Entity::find()
        .filter(Column::HostId.eq(answer.host_id))
        .filter(Column::RecordedAt.eq(recorded_at))
        .filter(Column::QueryName.eq(query_name));
    if let Some(known) = known.one(tx).await? {
        return Ok((known, false));
    }
    let row = ActiveModel {
        host_id: Set(answer.host_id),
        query_name: Set(query_name.to_owned()),
        result_data: Set(answer.rows.clone()),
        result_hash: Set(Some(hash(&answer.rows))),
        recorded_at: Set(recorded_at),
        ..Default::default()
    };
    Ok((records::insert::<Entity>(tx, now, row).await?, true))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_is_a_list_of_objects_at_a_time_that_is_kept() {
        let kept = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        for (rows, at, is_good) in [
            (json!([]), kept, true),
            (json!([{"a": "1"}]), kept, true),
            (json!({"a": "1"}), kept, false),
            (json!(["a"]), kept, false),
            (json!(null), kept, false),
            (json!([]), DateTime::UNIX_EPOCH, false),
            (json!([]), DateTime::from_timestamp(1 << 31, 0).unwrap(), false),
            (json!([]), DateTime::from_timestamp(1_790_000_039, 1_000_000_000).unwrap(), false),
        ] {
            let answer = Answer { host_id: 1, recorded_at: at, rows };

            assert_eq!(sound(&answer).is_ok(), is_good, "{answer:?}");
        }
    }
}
