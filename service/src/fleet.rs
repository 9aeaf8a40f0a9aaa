//! Hosts that are asked through Fleet, what they answer, and who must hear of it.
//!
//! A query is asked of chosen hosts by an execution, which waits until the connector takes it to Fleet
//! and ends when the connector says so. What the hosts answer is kept, and raises the alerts of the
//! query.

pub mod alarm;
pub mod alert;
pub mod answer;
pub mod execution;
pub mod host;
pub mod query;
pub mod schedule;

use chrono::{DateTime, TimeDelta, Utc};
use entity::fleet::fleetdm_config;
use sea_orm::{
    ActiveValue::{self, Set},
    Value,
};

use crate::{
    Result,
    records::{Domain, Record},
    rights::{CreateFleet, DeleteFleet, ReadFleet, UpdateFleet},
    text::{self, invalid},
};

/// The tables of this domain, and the rights to them.
#[derive(Clone, Copy, Debug)]
pub enum Fleet {}

impl Domain for Fleet {
    const NAME: &'static str = "fleet";
    type Create = CreateFleet;
    type Read = ReadFleet;
    type Update = UpdateFleet;
    type Delete = DeleteFleet;
}

impl Record for fleetdm_config::Entity {
    type Domain = Fleet;

    const KIND: &'static str = "FleetDM server";

    fn settle(row: &mut fleetdm_config::ActiveModel) -> Result<()> {
        match &row.fleet_url {
            Set(url) => text::address("fleet_url", url),
            _ => Ok(()),
        }
    }
}

/// That long before the moment, or the earliest time that every database keeps.
fn before(moment: DateTime<Utc>, span: TimeDelta) -> DateTime<Utc> {
    let earliest = DateTime::UNIX_EPOCH + TimeDelta::seconds(1);
    moment.checked_sub_signed(span).map_or(earliest, |moment| moment.max(earliest))
}

/// What belongs to another row by a column that only rules write is not added without them.
fn is_made_by_a_rule<V: Into<Value>>(kind: &'static str, column: &ActiveValue<V>) -> Result<()> {
    if column.is_not_set() {
        return Err(invalid(kind, "new", "nobody adds one by hand"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_before_all_times_is_the_earliest_that_is_kept() {
        let moment = DateTime::from_timestamp(1_790_000_000, 0).unwrap();

        assert_eq!(before(moment, TimeDelta::seconds(60)).timestamp(), 1_789_999_940);
        for long in [TimeDelta::days(30_000), TimeDelta::MAX] {
            assert_eq!(before(moment, long).timestamp(), 1);
        }
    }
}
