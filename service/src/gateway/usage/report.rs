//! What was counted, added up: by day, and by API.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use entity::gateway::api_usage::{Column, Entity};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DbBackend, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
    sea_query::{Expr, ExprTrait as _},
};

use crate::{
    Result,
    page::MOST_PER_PAGE,
    records::sound::unkept,
    rights::{Granted, ReadGateway},
    text::invalid,
};

/// The longest time that is reported at once.
pub const LONGEST_REPORT: TimeDelta = TimeDelta::days(366);

/// The calls of an API on one day that had the same kind of end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// The day, in UTC.
    pub date: NaiveDate,
    /// The first digit of the status: 2 for 200 to 299.
    pub class: i32,
    /// How many calls.
    pub calls: i64,
    /// How long they took together.
    pub response_time_ms_sum: i64,
    /// How long the longest took.
    pub response_time_ms_max: i64,
}

/// How often an API was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Top {
    /// The key of its definition.
    pub api_id: i64,
    /// How many calls.
    pub calls: i64,
    /// How long they took together.
    pub response_time_ms_sum: i64,
    /// How long the longest took.
    pub response_time_ms_max: i64,
}

/// The calls of an API in the spans that begin from one moment on and before the other, by day and
/// kind of end. Days without a call are left out.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) for moments that are in no order, further apart than
/// [`LONGEST_REPORT`], or such as not every database keeps.
pub async fn by_day(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadGateway>,
    api_id: i64,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<Day>> {
    is_a_time(from, to)?;
    let query = Entity::find()
        .select_only()
        .column(Column::BucketAt)
        .column(Column::StatusCode)
        .expr(whole(db, Column::RequestCount.sum()))
        .expr(whole(db, Column::ResponseTimeMsSum.sum()))
        .expr(Column::ResponseTimeMsMax.max())
        .filter(Column::ApiId.eq(api_id))
        .filter(Column::BucketAt.gte(from))
        .filter(Column::BucketAt.lt(to))
        .group_by(Column::BucketAt)
        .group_by(Column::StatusCode);
    let spans: Vec<(DateTime<Utc>, i32, i64, i64, i64)> = query.into_tuple().all(db).await?;
    let mut days: BTreeMap<(NaiveDate, i32), Day> = BTreeMap::new();
    for (bucket_at, status_code, calls, sum, max) in spans {
        let (date, class) = (bucket_at.date_naive(), status_code / 100);
        let none = Day { date, class, calls: 0, response_time_ms_sum: 0, response_time_ms_max: 0 };
        let day = days.entry((date, class)).or_insert(none);
        day.calls += calls;
        day.response_time_ms_sum += sum;
        day.response_time_ms_max = std::cmp::max(day.response_time_ms_max, max);
    }
    Ok(days.into_values().collect())
}

/// The APIs that were called most often in the spans that begin from one moment on and before the
/// other, at most `limit` of them; of those that were called as often, the oldest first.
///
/// # Errors
/// As for [`by_day`].
pub async fn top(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadGateway>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<Top>> {
    is_a_time(from, to)?;
    let query = Entity::find()
        .select_only()
        .column(Column::ApiId)
        .expr(whole(db, Column::RequestCount.sum()))
        .expr(whole(db, Column::ResponseTimeMsSum.sum()))
        .expr(Column::ResponseTimeMsMax.max())
        .filter(Column::BucketAt.gte(from))
        .filter(Column::BucketAt.lt(to))
        .group_by(Column::ApiId)
        .order_by_desc(Column::RequestCount.sum())
        .order_by_asc(Column::ApiId)
        .limit(limit.clamp(1, MOST_PER_PAGE));
    let rows: Vec<(i64, i64, i64, i64)> = query.into_tuple().all(db).await?;
    let top = |(api_id, calls, response_time_ms_sum, response_time_ms_max)| Top {
        api_id,
        calls,
        response_time_ms_sum,
        response_time_ms_max,
    };
    Ok(rows.into_iter().map(top).collect())
}

/// A sum as a whole number: of such sums PostgreSQL and MySQL make decimals.
fn whole(db: &impl ConnectionTrait, sum: Expr) -> Expr {
    let ty = if db.get_database_backend() == DbBackend::MySql { "SIGNED" } else { "BIGINT" };
    sum.cast_as(ty)
}

fn is_a_time(from: DateTime<Utc>, to: DateTime<Utc>) -> Result<()> {
    let problem = if let Some(problem) = unkept(from).or_else(|| unkept(to)) {
        problem
    } else if from >= to {
        "it ends before it begins"
    } else if to - from > LONGEST_REPORT {
        "a year is the most"
    } else {
        return Ok(());
    };
    let input = format!("{} to {}", from.to_rfc3339(), to.to_rfc3339());
    Err(invalid("time of a report", &input, problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_of_a_time_that_passed_forwards_and_is_no_longer_than_a_year() {
        let at = |seconds: i64| DateTime::from_timestamp(seconds, 0).unwrap();
        let (begin, year) = (1_790_000_000, LONGEST_REPORT.num_seconds());

        assert!(is_a_time(at(begin), at(begin + 1)).is_ok());
        assert!(is_a_time(at(begin), at(begin + year)).is_ok());
        for (from, to) in [
            (begin, begin),
            (begin, begin - 1),
            (begin, begin + year + 1),
            (0, 1),
            (1 << 31, (1 << 31) + 1),
        ] {
            assert!(is_a_time(at(from), at(to)).is_err(), "{from} {to}");
        }
    }
}
