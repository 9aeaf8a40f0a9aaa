//! What the connector does with executions: it takes them to Fleet, and says how they end.

use chrono::{DateTime, Utc};
use entity::fleet::{
    alert_history,
    query_execution::{Column, Entity},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, Condition, DatabaseConnection, DatabaseTransaction,
    IntoActiveModel as _, sea_query::Expr,
};

use super::{Model, QueryExecutionStatus, end, held};
use crate::{
    Result, World, claim,
    fleet::alarm,
    records,
    rights::{Granted, ReportResults},
    text, transaction,
};

/// How many characters an error has at most.
const LONGEST: usize = 10_000;

/// An execution that is complete, and the alerts that it raised by that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completed {
    /// The execution.
    pub execution: Model,
    /// The alerts.
    pub raised: Vec<alert_history::Model>,
}

/// Takes the execution that has waited longest, which runs from then on; none when none waits. Of many
/// who ask at once each gets another one.
///
/// # Errors
/// Only [`Error::Database`](crate::Error::Database).
pub async fn claim(db: &DatabaseConnection, _by: &Granted<ReportResults>) -> Result<Option<Model>> {
    transaction::committed().transaction(db, |tx, _| Box::pin(first(tx))).await
}

async fn first(tx: &DatabaseTransaction) -> Result<Option<Model>> {
    let pending = Condition::all().add(Column::Status.eq(QueryExecutionStatus::Pending));
    let order = [Column::ExecutedAt, Column::Id];
    claim::first::<Entity>(tx, pending, Column::Id, &order, |update| {
        update.col_expr(Column::Status, Expr::value(QueryExecutionStatus::Running))
    })
    .await
}

/// Notes the number that Fleet gave an execution that runs.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such execution,
/// [`Rule::Transition`](crate::rule::Rule::Transition) if it does not run.
pub async fn launched(
    db: &DatabaseConnection,
    world: &World,
    _by: &Granted<ReportResults>,
    id: i64,
    campaign_id: i64,
) -> Result<Model> {
    let now = world.clock.now();
    transaction::committed()
        .transaction(db, |tx, _| Box::pin(number(tx, now, id, campaign_id)))
        .await
}

async fn number(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    id: i64,
    campaign_id: i64,
) -> Result<Model> {
    let mut row = held(tx, id).await?.into_active_model();
    row.campaign_id = Set(Some(campaign_id));
    records::write::<Entity>(tx, now, row).await
}

/// Ends an execution that runs: every host has answered that will. Raises the alerts that tell of too
/// few rows, or of none, in all answers together; the hosts that did not answer have none.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such execution,
/// [`Rule::Transition`](crate::rule::Rule::Transition) if it does not run.
pub async fn complete(
    db: &DatabaseConnection,
    world: &World,
    _by: &Granted<ReportResults>,
    id: i64,
) -> Result<Completed> {
    let now = world.clock.now();
    transaction::committed().transaction(db, |tx, _| Box::pin(finish(tx, now, id))).await
}

async fn finish(tx: &DatabaseTransaction, now: DateTime<Utc>, id: i64) -> Result<Completed> {
    let execution = end(tx, now, id, QueryExecutionStatus::Completed, None).await?;
    let raised = alarm::at_end(tx, now, &execution).await?;
    Ok(Completed { execution, raised })
}

/// Ends an execution that runs and came to nothing, which raises no alert. What was answered until then
/// stays.
///
/// # Errors
/// As for [`complete`], and [`Error::Invalid`](crate::Error::Invalid) for more than 10 000 characters.
pub async fn fail(
    db: &DatabaseConnection,
    world: &World,
    _by: &Granted<ReportResults>,
    id: i64,
    why: &str,
) -> Result<Model> {
    let why = &text::optional("error", Some(why.to_owned()), LONGEST)?;
    let now = world.clock.now();
    transaction::committed()
        .transaction(db, |tx, _| {
            Box::pin(end(tx, now, id, QueryExecutionStatus::Failed, why.clone()))
        })
        .await
}
