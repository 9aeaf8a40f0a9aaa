//! Hosts as Fleet knows them, and which of them are heard of.

mod seen;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use entity::fleet::fleet_host::{ActiveModel, Column, Entity};
pub use entity::fleet::fleet_host::{FleetHostStatus, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, Condition, ConnectionTrait, DatabaseConnection,
    DatabaseTransaction, EntityTrait as _, QueryFilter as _, QuerySelect as _, sea_query::Expr,
};

pub use self::seen::{Sighting, seen};
use super::{Fleet, before};
use crate::{
    Error, Result, World,
    records::Record,
    rights::{Granted, ReportResults},
    text::{self, invalid},
    transaction,
};

/// For how long a host is not heard of before it is given up, as in Fleet.
pub const GIVEN_UP: TimeDelta = TimeDelta::days(30);

/// How lately a host was heard of that is asked because it is online.
const LATELY: TimeDelta = TimeDelta::days(1);

/// How many keys one statement looks for.
const AT_ONCE: usize = 1_000;

impl Record for Entity {
    type Domain = Fleet;

    const KIND: &'static str = "host of the fleet";
    const GUARDED: &'static [Column] = &[Column::Status, Column::LastSeenAt];

    fn settle(row: &mut ActiveModel) -> Result<()> {
        if let Set(hostname) = &row.hostname {
            row.hostname = Set(text::key("hostname", &hostname.trim().to_lowercase(), 255)?);
        }
        if let Set(Some(uuid)) = &row.uuid {
            row.uuid = Set(folded(uuid)?);
        }
        Ok(())
    }
}

/// How many hosts were not heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silent {
    /// Those that are offline now, and were not before.
    pub offline: u64,
    /// Those that are given up now, and were not before.
    pub given_up: u64,
}

/// Takes the hosts for offline that were not heard of for longer than `after`, and those for lost
/// (`mia`) that were not heard of for longer than [`GIVEN_UP`] as well.
///
/// # Errors
/// [`Error::Invalid`] for a time that is none.
pub async fn silent(
    db: &DatabaseConnection,
    world: &World,
    _by: &Granted<ReportResults>,
    after: TimeDelta,
) -> Result<Silent> {
    if after <= TimeDelta::zero() {
        let given = format!("{} s", after.num_seconds());
        return Err(invalid("time of silence", &given, "it is longer than nothing"));
    }
    let now = world.clock.now();
    transaction::committed().transaction(db, |tx, _| Box::pin(lapse(tx, now, after))).await
}

/// The keys of the hosts that are online, and were heard of within a day.
pub(super) async fn online(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<BTreeSet<i64>> {
    let ids: Vec<i64> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::LastSeenAt.gt(before(now, LATELY)))
        .filter(Column::Status.is_in([FleetHostStatus::Online, FleetHostStatus::New]))
        .into_tuple()
        .all(db)
        .await?;
    Ok(ids.into_iter().collect())
}

/// The same keys, each once, when there is a host with each.
///
/// # Errors
/// [`Error::NotFound`] for the first that there is none with.
pub(super) async fn known(db: &impl ConnectionTrait, ids: &[i64]) -> Result<BTreeSet<i64>> {
    let wanted: BTreeSet<i64> = ids.iter().copied().collect();
    let all: Vec<i64> = wanted.iter().copied().collect();
    for some in all.chunks(AT_ONCE) {
        let found: Vec<i64> = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::Id.is_in(some.iter().copied()))
            .into_tuple()
            .all(db)
            .await?;
        let found: BTreeSet<i64> = found.into_iter().collect();
        if let Some(missing) = some.iter().find(|id| !found.contains(*id)) {
            return Err(Error::not_found(Entity::KIND, missing.to_string()));
        }
    }
    Ok(wanted)
}

async fn lapse(tx: &DatabaseTransaction, now: DateTime<Utc>, after: TimeDelta) -> Result<Silent> {
    use FleetHostStatus::{Mia, New, Offline, Online};

    let long = Column::LastSeenAt.lt(before(now, after.max(GIVEN_UP)));
    let long = Condition::all().add(long);
    let given_up = turn(tx, now, &[Online, New, Offline], long, Mia).await?;
    let late = Column::LastSeenAt.lt(before(now, after));
    let late = Condition::any().add(late).add(Column::LastSeenAt.is_null());
    let offline = turn(tx, now, &[Online, New], late, Offline).await?;
    Ok(Silent { offline, given_up })
}

async fn turn(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    from: &[FleetHostStatus],
    silent: Condition,
    to: FleetHostStatus,
) -> Result<u64> {
    let turned = Entity::update_many()
        .col_expr(Column::Status, Expr::value(to))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::Status.is_in(from.iter().copied()))
        .filter(silent)
        .exec(tx)
        .await?;
    Ok(turned.rows_affected)
}

/// A uuid as it is kept; none in a text with nothing in it.
fn folded(uuid: &str) -> Result<Option<String>> {
    let uuid = uuid.trim().to_lowercase();
    if uuid.is_empty() {
        return Ok(None);
    }
    text::key("uuid", &uuid, 64).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_known_by_its_name_and_hardware_in_lower_case() {
        let mut row = ActiveModel {
            hostname: Set(" Web-1.Example.ORG".to_owned()),
            uuid: Set(Some("4C4C4544-0042".to_owned())),
            ..Default::default()
        };

        Entity::settle(&mut row).unwrap();

        assert_eq!(row.hostname, Set("web-1.example.org".to_owned()));
        assert_eq!(row.uuid, Set(Some("4c4c4544-0042".to_owned())));
    }

    #[test]
    fn a_uuid_without_anything_in_it_is_none_and_a_name_without_is_refused() {
        let mut row = ActiveModel {
            hostname: Set("  ".to_owned()),
            uuid: Set(Some(" ".to_owned())),
            ..Default::default()
        };

        assert!(matches!(Entity::settle(&mut row), Err(Error::Invalid { kind: "hostname", .. })));
        row.hostname = Set("web".to_owned());
        Entity::settle(&mut row).unwrap();
        assert_eq!(row.uuid, Set(None));
    }
}
