//! Runs of queries on chosen hosts: asked for, taken by the connector, ended.

mod work;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
pub use entity::fleet::query_execution::{Model, QueryExecutionStatus};
use entity::fleet::{
    fleet_query,
    query_execution::{ActiveModel, Column, Entity},
};
use sea_orm::{
    ActiveEnum as _,
    ActiveValue::Set,
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _,
    sea_query::{Expr, ExprTrait as _},
};
use serde_json::json;

pub use self::work::{Completed, claim, complete, fail, launched};
use super::{Fleet, host, is_made_by_a_rule};
use crate::{
    Result,
    audit::Audited,
    records::{self, Record},
    rights::{Actor, Granted, RunQueries},
    rule::Rule,
    text::invalid,
};

impl Record for Entity {
    type Domain = Fleet;

    const KIND: &'static str = "execution of a query";
    const GUARDED: &'static [Column] = &[
        Column::QueryId,
        Column::ExecutedById,
        Column::CampaignId,
        Column::TargetHosts,
        Column::Status,
        Column::ResultsCount,
        Column::ExecutionTimeMs,
        Column::ErrorMessage,
        Column::ExecutedAt,
        Column::CompletedAt,
    ];

    fn settle(row: &mut ActiveModel) -> Result<()> {
        is_made_by_a_rule(Self::KIND, &row.query_id)
    }
}

/// Which hosts are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Targets {
    /// Those with these keys.
    Hosts(Vec<i64>),
    /// All that are online, and were heard of within a day.
    Online,
}

/// Whether an execution goes from one state to the other.
pub fn allows(from: QueryExecutionStatus, to: QueryExecutionStatus) -> bool {
    use QueryExecutionStatus::{Cancelled, Completed, Failed, Pending, Running};

    matches!((from, to), (Pending, Running | Cancelled) | (Running, Completed | Failed | Cancelled))
}

/// Asks hosts a query: an execution that waits for the connector.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such query or host,
/// [`Error::Invalid`](crate::Error::Invalid) if there is no host to ask.
pub async fn run(
    unit: &Audited<'_>,
    by: &Granted<RunQueries>,
    query_id: i64,
    targets: &Targets,
) -> Result<Model> {
    let query = records::locked::<fleet_query::Entity>(unit.tx(), query_id).await?;
    let hosts = match targets {
        Targets::Hosts(ids) => host::known(unit.tx(), ids).await?,
        Targets::Online => host::online(unit.tx(), unit.now()).await?,
    };
    if hosts.is_empty() {
        return Err(invalid("execution of a query", &query.name, "there is no host to ask"));
    }
    let who = by.actor().map(Actor::user_id);
    let asked = ask(unit.tx(), unit.now(), query_id, who, &hosts).await?;
    let details = json!({"query_id": query_id, "hosts": hosts.len()});
    unit.record(records::did::<Entity>(by.to(), "run", &asked).with(details));
    Ok(asked)
}

/// Adds an execution that waits.
pub(super) async fn ask(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    query_id: i64,
    who: Option<i64>,
    hosts: &BTreeSet<i64>,
) -> Result<Model> {
    let row = ActiveModel {
        query_id: Set(query_id),
        executed_by_id: Set(who),
        target_hosts: Set(json!(hosts)),
        status: Set(QueryExecutionStatus::Pending),
        results_count: Set(0),
        executed_at: Set(now),
        ..Default::default()
    };
    records::insert::<Entity>(tx, now, row).await
}

/// Ends an execution that waits or runs. The connector learns of it by what it reports next, which is
/// refused.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such execution, [`Rule::Transition`] if it
/// has ended.
pub async fn cancel(unit: &Audited<'_>, by: &Granted<RunQueries>, id: i64) -> Result<Model> {
    let ended = end(unit.tx(), unit.now(), id, QueryExecutionStatus::Cancelled, None).await?;
    unit.record(records::did::<Entity>(by.to(), "cancel", &ended));
    Ok(ended)
}

async fn end(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    id: i64,
    to: QueryExecutionStatus,
    why: Option<String>,
) -> Result<Model> {
    let execution = records::locked::<Entity>(tx, id).await?;
    if !allows(execution.status, to) {
        let (from, to) = (execution.status.to_value(), to.to_value());
        let because = format!("execution `{id}` is `{from}`, and cannot become `{to}`");
        return Err(Rule::Transition.refuses(because));
    }
    // The clock of whoever asked may be ahead.
    let ended_at = Ord::max(now, execution.executed_at);
    let took = (ended_at - execution.executed_at).num_milliseconds();
    let ran = execution.status == QueryExecutionStatus::Running;
    let mut row = execution.into_active_model();
    row.status = Set(to);
    row.execution_time_ms = Set(ran.then_some(took));
    row.error_message = Set(why);
    row.completed_at = Set(Some(ended_at));
    records::write::<Entity>(tx, now, row).await
}

/// An execution that runs, held until the transaction ends.
pub(super) async fn held(tx: &DatabaseTransaction, id: i64) -> Result<Model> {
    let execution = records::locked::<Entity>(tx, id).await?;
    is_running(&execution)?;
    Ok(execution)
}

fn is_running(execution: &Model) -> Result<()> {
    match execution.status {
        QueryExecutionStatus::Running => Ok(()),
        other => {
            let because = format!("execution `{}` is `{}`", execution.id, other.to_value());
            Err(Rule::Transition.refuses(because))
        }
    }
}

/// Whether the host is one of those that are asked.
pub(super) fn asks(execution: &Model, host_id: i64) -> bool {
    let hosts = execution.target_hosts.as_array();
    hosts.is_some_and(|hosts| hosts.iter().any(|id| id.as_i64() == Some(host_id)))
}

/// Adds to the rows that were answered.
pub(super) async fn count(tx: &DatabaseTransaction, id: i64, rows: usize) -> Result<()> {
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    Entity::update_many()
        .col_expr(Column::ResultsCount, Expr::col(Column::ResultsCount).add(rows))
        .filter(Column::Id.eq(id))
        .exec(tx)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sea_orm::Iterable as _;

    use super::{QueryExecutionStatus::*, *};

    #[test]
    fn an_execution_waits_then_runs_then_ends_for_good() {
        let ways = [
            (Pending, Running),
            (Pending, Cancelled),
            (Running, Completed),
            (Running, Failed),
            (Running, Cancelled),
        ];
        for from in QueryExecutionStatus::iter() {
            for to in QueryExecutionStatus::iter() {
                assert_eq!(allows(from, to), ways.contains(&(from, to)), "{from:?} {to:?}");
            }
        }
    }
}
