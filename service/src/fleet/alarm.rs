//! Alerts that were raised: when, by what, who was told, and how it ended.
//!
//! A condition is about the rows of all answers of one execution together. That there are too many, or
//! any, is known as soon as an answer makes it so; that there are too few, or none, when the execution is
//! complete. An execution raises an alert no more than once.

use chrono::{DateTime, TimeDelta, Utc};
pub use entity::fleet::alert_history::Model;
use entity::fleet::{
    alert_history::{ActiveModel, Column, Entity},
    fleet_alert, query_execution,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, Condition, ConnectionTrait, DatabaseConnection,
    DatabaseTransaction, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, prelude::Json,
    sea_query::Expr,
};
use serde_json::json;

use super::{
    Fleet,
    alert::{self, FleetAlertCondition},
    before, is_made_by_a_rule,
};
use crate::{
    Result, World,
    audit::Audited,
    page::{self, Cursor, Order, Page},
    records::{self, Record},
    rights::{Actor, Granted, ReadFleet, ReportResults, UpdateFleet},
    rule::Rule,
    text::{self, invalid},
    transaction,
};

/// How many of the rows that raised an alert are kept with it.
pub const SAMPLE: usize = 10;

/// How many characters a note has at most.
const LONGEST: usize = 10_000;

impl Record for Entity {
    type Domain = Fleet;

    const KIND: &'static str = "raised alert";
    const GUARDED: &'static [Column] = &[
        Column::AlertId,
        Column::ResolvedById,
        Column::TriggeredBy,
        Column::TriggerData,
        Column::NotificationChannelsUsed,
        Column::ResolutionNotes,
        Column::NotificationSent,
        Column::TriggeredAt,
        Column::ResolvedAt,
    ];

    fn settle(row: &mut ActiveModel) -> Result<()> {
        is_made_by_a_rule(Self::KIND, &row.alert_id)
    }
}

/// At most `limit` of the raised alerts that nobody has settled, the newest first, from the beginning or
/// from where a page before ended.
///
/// # Errors
/// Only [`Error::Database`](crate::Error::Database).
pub async fn open(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadFleet>,
    from: Option<Cursor>,
    limit: u64,
) -> Result<Page<Model>> {
    let rows = Entity::find().filter(Column::ResolvedAt.is_null());
    page::of(db, rows, (Column::Id, |row: &Model| row.id), Order::NewestFirst, from, limit).await
}

/// Notes that the message about a raised alert went by these channels, besides those that it went by
/// before.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if no alert was raised by that key,
/// [`Error::Invalid`](crate::Error::Invalid) for no channel and for a name that is none.
pub async fn notified(
    db: &DatabaseConnection,
    world: &World,
    _by: &Granted<ReportResults>,
    id: i64,
    channels: &[String],
) -> Result<Model> {
    if channels.is_empty() {
        return Err(invalid("notification channels", "none", "the message went by at least one"));
    }
    for channel in channels {
        text::key("notification channel", channel, 255)?;
    }
    let now = world.clock.now();
    transaction::committed().transaction(db, |tx, _| Box::pin(note(tx, now, id, channels))).await
}

async fn note(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    id: i64,
    channels: &[String],
) -> Result<Model> {
    let raised = records::locked::<Entity>(tx, id).await?;
    let mut used = raised.notification_channels_used.as_array().cloned().unwrap_or_default();
    for channel in channels {
        let channel = Json::from(channel.as_str());
        if !used.contains(&channel) {
            used.push(channel);
        }
    }
    let mut row = raised.into_active_model();
    row.notification_sent = Set(true);
    row.notification_channels_used = Set(Json::Array(used));
    records::write::<Entity>(tx, now, row).await
}

/// Settles a raised alert, once and for good.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if no alert was raised by that key, [`Rule::Transition`] if
/// somebody settled it already, [`Error::Invalid`](crate::Error::Invalid) for more than 10 000 characters.
pub async fn resolve(
    unit: &Audited<'_>,
    by: &Granted<UpdateFleet>,
    id: i64,
    notes: Option<String>,
) -> Result<Model> {
    let notes = text::optional("notes", notes, LONGEST)?;
    let raised = records::locked::<Entity>(unit.tx(), id).await?;
    if let Some(at) = raised.resolved_at {
        let because = format!("alert `{id}` was settled at {}", at.to_rfc3339());
        return Err(Rule::Transition.refuses(because));
    }
    let resolved_at = unit.now().max(raised.triggered_at);
    let mut row = raised.into_active_model();
    row.resolved_at = Set(Some(resolved_at));
    row.resolved_by_id = Set(by.actor().map(Actor::user_id));
    row.resolution_notes = Set(notes);
    let settled = records::write::<Entity>(unit.tx(), unit.now(), row).await?;
    let details = json!({"alert_id": settled.alert_id});
    unit.record(records::did::<Entity>(by.to(), "resolve", &settled).with(details));
    Ok(settled)
}

/// Raises the alerts whose condition the rows of an answer make true: those before it did not. Whoever
/// calls it holds the execution, which does not count the rows yet.
pub(super) async fn at_answer(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    execution: &query_execution::Model,
    host_id: i64,
    rows: &[Json],
) -> Result<Vec<Model>> {
    let had = counted(execution);
    let has = had + rows.len() as u64;
    let sample = &rows[..rows.len().min(SAMPLE)];
    let conditions = [FleetAlertCondition::RowCountAbove, FleetAlertCondition::AnyRow];
    let mut raised = Vec::new();
    for alert in alert::of_query(tx, execution.query_id, conditions).await? {
        let is_met =
            |rows| alert::evaluate(alert.alert_condition, &alert.condition_parameters, rows);
        if is_met(has) && !is_met(had) {
            let data = json!({
                "execution_id": execution.id,
                "host_id": host_id,
                "rows": has,
                "sample": sample,
            });
            raised.extend(raise(tx, now, &alert, execution.id, data).await?);
        }
    }
    Ok(raised)
}

/// Raises the alerts whose condition all rows of an execution meet, now that there come no more.
pub(super) async fn at_end(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    execution: &query_execution::Model,
) -> Result<Vec<Model>> {
    let has = counted(execution);
    let conditions = [FleetAlertCondition::RowCountBelow, FleetAlertCondition::NoRow];
    let mut raised = Vec::new();
    for alert in alert::of_query(tx, execution.query_id, conditions).await? {
        if alert::evaluate(alert.alert_condition, &alert.condition_parameters, has) {
            let data = json!({"execution_id": execution.id, "rows": has});
            raised.extend(raise(tx, now, &alert, execution.id, data).await?);
        }
    }
    Ok(raised)
}

fn counted(execution: &query_execution::Model) -> u64 {
    u64::try_from(execution.results_count).unwrap_or_default()
}

/// Raises an alert, unless that was done less than its cooldown ago. One statement decides, so that of
/// executions that want it at once one does it.
async fn raise(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    alert: &fleet_alert::Model,
    execution_id: i64,
    data: Json,
) -> Result<Option<Model>> {
    use fleet_alert::Column as Of;

    let cooled = before(now, TimeDelta::minutes(alert.cooldown_minutes.into()));
    let is_quiet =
        Condition::any().add(Of::LastTriggeredAt.is_null()).add(Of::LastTriggeredAt.lte(cooled));
    let taken = fleet_alert::Entity::update_many()
        .col_expr(Of::LastTriggeredAt, Expr::value(now))
        .filter(Of::Id.eq(alert.id))
        .filter(Of::IsActive.eq(true))
        .filter(is_quiet)
        .exec(tx)
        .await?;
    if taken.rows_affected == 0 {
        return Ok(None);
    }
    let row = ActiveModel {
        alert_id: Set(alert.id),
        triggered_by: Set(Some(format!("execution {execution_id}"))),
        trigger_data: Set(Some(data)),
        notification_channels_used: Set(json!([])),
        notification_sent: Set(false),
        triggered_at: Set(now),
        ..Default::default()
    };
    records::insert::<Entity>(tx, now, row).await.map(Some)
}
