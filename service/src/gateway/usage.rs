//! How often APIs are called: counted in spans of time, by whom and with what end.

mod count;
mod report;

use std::{cmp, collections::BTreeMap};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::ActiveEnum as _;

pub use self::{
    count::{count, count_many},
    report::{Day, LONGEST_REPORT, Top, by_day, top},
};
use super::api::HttpMethod;
use crate::{Result, text::invalid};

/// How long a span is in which calls are counted together. Spans begin at whole hours of UTC.
pub const BUCKET: TimeDelta = TimeDelta::hours(1);
/// The longest that a call takes, in milliseconds: a day. What is longer is a mistake.
pub const LONGEST_CALL: i64 = 24 * 60 * 60 * 1_000;
/// The most calls that are counted at once.
pub const MOST_CALLS: usize = 10_000;

/// A call of an API that a gateway let through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The key of the API's definition.
    pub api_id: i64,
    /// By which method.
    pub method: HttpMethod,
    /// With what end: 100 to 599.
    pub status_code: i32,
    /// The key of the person who called; nobody is anonymous.
    pub caller: Option<i64>,
    /// How long it took, up to [`LONGEST_CALL`].
    pub response_time_ms: i64,
}

/// What calls have in common that are counted in the same row of a span: the API, the method, the
/// status and the caller.
type Alike = (i64, String, i32, Option<i64>);

/// Such calls together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sum {
    method: HttpMethod,
    calls: u32,
    total: i64,
    longest: i64,
}

fn added_up(calls: &[Call]) -> Result<BTreeMap<Alike, Sum>> {
    if calls.len() > MOST_CALLS {
        let problem = format!("{MOST_CALLS} are the most");
        return Err(invalid("number of calls", &calls.len().to_string(), &problem));
    }
    let mut sums: BTreeMap<Alike, Sum> = BTreeMap::new();
    for call in calls {
        let Call { api_id, method, status_code, caller, response_time_ms: took } = *call;
        if !(100..=599).contains(&status_code) {
            let code = status_code.to_string();
            return Err(invalid("status_code", &code, "it goes from 100 to 599"));
        }
        if !(0..=LONGEST_CALL).contains(&took) {
            let problem = format!("it goes from 0 to {LONGEST_CALL}");
            return Err(invalid("response_time_ms", &took.to_string(), &problem));
        }
        let alike = (api_id, method.to_value(), status_code, caller);
        let sum = sums.entry(alike).or_insert(Sum { method, calls: 0, total: 0, longest: 0 });
        sum.calls += 1;
        sum.total += took;
        sum.longest = cmp::max(sum.longest, took);
    }
    Ok(sums)
}

/// When the span begins that a moment is in.
fn bucket(now: DateTime<Utc>) -> DateTime<Utc> {
    let begun = now.timestamp() - now.timestamp().rem_euclid(BUCKET.num_seconds());
    DateTime::from_timestamp(begun, 0).expect("a clock tells a time that there is")
}

#[cfg(test)]
mod tests {
    use std::slice;

    use super::*;
    use crate::Error;

    fn call(status_code: i32, response_time_ms: i64) -> Call {
        let method = HttpMethod::Get;
        Call { api_id: 1, method, status_code, caller: None, response_time_ms }
    }

    #[test]
    fn calls_that_are_alike_are_one_sum() {
        let others = [
            Call { api_id: 2, ..call(200, 1) },
            Call { method: HttpMethod::Put, ..call(200, 1) },
            Call { caller: Some(7), ..call(200, 1) },
            call(404, 1),
        ];
        let calls: Vec<Call> =
            [call(200, 5), call(200, 9), call(200, 7)].into_iter().chain(others).collect();

        let sums = added_up(&calls).unwrap();

        assert_eq!(sums.len(), 5);
        assert_eq!(
            sums[&(1, "GET".to_owned(), 200, None)],
            Sum { method: HttpMethod::Get, calls: 3, total: 21, longest: 9 }
        );
        assert!(added_up(&[]).unwrap().is_empty());
    }

    #[test]
    fn what_can_be_no_call_is_not_counted() {
        for good in [call(100, 0), call(599, LONGEST_CALL)] {
            assert!(added_up(slice::from_ref(&good)).is_ok(), "{good:?}");
        }
        for wrong in [
            call(99, 1),
            call(600, 1),
            call(0, 1),
            call(-200, 1),
            call(200, -1),
            call(200, LONGEST_CALL + 1),
            call(200, i64::MAX),
        ] {
            let refused = added_up(&[call(200, 1), wrong.clone()]);

            assert!(matches!(refused, Err(Error::Invalid { .. })), "{wrong:?}");
        }
        assert!(added_up(&vec![call(200, LONGEST_CALL); MOST_CALLS]).is_ok());
        assert!(added_up(&vec![call(200, 1); MOST_CALLS + 1]).is_err());
    }

    #[test]
    fn a_span_begins_at_the_hour() {
        for (now, begun) in [
            (1_790_000_000, 1_789_999_200),
            (1_789_999_200, 1_789_999_200),
            (1_789_999_199, 1_789_995_600),
            (-1, -3_600),
        ] {
            let now = DateTime::from_timestamp(now, 999_999_000).unwrap();

            assert_eq!(bucket(now).timestamp(), begun);
            assert_eq!(bucket(now).timestamp_subsec_nanos(), 0);
        }
    }
}
