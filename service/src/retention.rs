//! How long what is measured and logged is kept: a setting for each, in days, and pruning by it.

use chrono::{DateTime, TimeDelta, Utc};
use plimsoll::retry::BoxFuture;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};

use crate::{Error, Result, World, audit, settings};

/// How many rows one statement removes: whoever writes meanwhile does not wait for years of them.
const AT_ONCE: u64 = 1_000;

/// What of one table was removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pruned {
    /// The table.
    pub table: &'static str,
    /// The setting that says how long its rows are kept.
    pub setting: &'static str,
    /// For how many days that is; for good, when it is 0.
    pub days: i64,
    /// How many rows were older, and are gone.
    pub rows: u64,
}

/// Removes what is older than its setting (`retention.<table>_days`) says, 1 000 rows at a time, each
/// in a transaction of its own. 0 keeps for good. Of the audit log the chain stays whole, and its
/// checkpoint moves on.
///
/// # Errors
/// [`Error::Malformed`] for a setting that is less than 0 or more than 65 535 and [`Error::WrongType`] for one that is no
/// whole number, before anything is removed; [`Error::Malformed`] for an audit chain that is not as it
/// was written, which keeps what is left of it. What was removed before an error stays removed.
pub async fn prune(db: &DatabaseConnection, world: &World) -> Result<Vec<Pruned>> {
    let now = world.clock.now();
    let mut all = Vec::new();
    for Kept { table, setting, some } in KEPT {
        let days: i64 = settings::read(db, setting).await?;
        let before = u16::try_from(days)
            .ok()
            .and_then(|days| now.checked_sub_signed(TimeDelta::days(days.into())));
        let before = before.ok_or_else(|| Error::Invalid {
            kind: "setting",
            input: format!("{setting} = {days}"),
            problem: "it is a number of days up to 65535, or 0 to keep for good".to_owned(),
        })?;
        // Nothing is older than that, and not every database can be asked for it.
        let before = before.max(DateTime::UNIX_EPOCH + TimeDelta::days(1));
        all.push((Pruned { table, setting, days, rows: 0 }, some, before));
    }
    for (pruned, some, before) in all.iter_mut().filter(|(pruned, ..)| pruned.days > 0) {
        loop {
            let rows = some(db, now, *before).await?;
            pruned.rows += rows;
            if rows == 0 {
                break;
            }
        }
    }
    Ok(all.into_iter().map(|(pruned, ..)| pruned).collect())
}

/// A table whose rows grow old.
struct Kept {
    table: &'static str,
    setting: &'static str,
    /// Removes some of the rows from before the second moment, at the first, and says how many.
    some: for<'d> fn(&'d DatabaseConnection, DateTime<Utc>, DateTime<Utc>) -> Removing<'d>,
}

type Removing<'d> = BoxFuture<'d, Result<u64>>;

macro_rules! kept {
    ($entity:path, $time:ident, $table:literal) => {{
        use $entity::{Column, Entity};
        Kept {
            table: $table,
            setting: concat!("retention.", $table, "_days"),
            some: |db, _, before| {
                Box::pin(older::<Entity>(db, Column::Id, Column::$time, before, AT_ONCE))
            },
        }
    }};
}

/// What is pruned.
const KEPT: [Kept; 10] = [
    Kept {
        table: "system_logs",
        setting: "retention.system_logs_days",
        some: |db, now, before| Box::pin(audit::prune(db, now, before, AT_ONCE)),
    },
    kept!(entity::proxy::proxy_metric, RecordedAt, "proxy_metrics"),
    kept!(entity::proxy::tracing_stat, RecordedAt, "tracing_stats"),
    kept!(entity::gateway::api_usage, BucketAt, "api_usage"),
    kept!(entity::netboot::boot_event, CreatedAt, "boot_events"),
    kept!(entity::fleet::osquery_result, CreatedAt, "osquery_results"),
    kept!(entity::fleet::query_execution, ExecutedAt, "query_executions"),
    kept!(entity::fleet::alert_history, TriggeredAt, "alert_history"),
    // Also one that was not sent: it was given up long before.
    kept!(entity::identity::mail, CreatedAt, "mails"),
    // One that is open has no such time, and is older than nothing.
    kept!(entity::access::shell_session, EndedAt, "shell_sessions"),
];

/// Removes up to `at_once` rows, the oldest, of those whose time is before that moment.
pub(crate) async fn older<E: EntityTrait>(
    db: &impl ConnectionTrait,
    id: E::Column,
    time: E::Column,
    before: DateTime<Utc>,
    at_once: u64,
) -> Result<u64> {
    let ids: Vec<i64> = E::find()
        .select_only()
        .column(id)
        .filter(time.lt(before))
        .order_by_asc(time)
        .limit(at_once)
        .into_tuple()
        .all(db)
        .await?;
    if ids.is_empty() {
        return Ok(0);
    }
    // No other condition: two who prune at once may name the same rows, and each counts its own.
    Ok(E::delete_many().filter(id.is_in(ids)).exec(db).await?.rows_affected)
}
