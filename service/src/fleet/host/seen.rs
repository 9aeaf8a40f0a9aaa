//! What Fleet says of hosts.

use chrono::{DateTime, Utc};
use entity::fleet::fleet_host::{ActiveModel, Column, Entity};
use sea_orm::{
    ActiveValue::{self, Set},
    ColumnTrait as _, DatabaseConnection, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QuerySelect as _, Value,
};

use super::{FleetHostStatus, Model, folded};
use crate::{
    Error, Result, World, records,
    rights::{Granted, ReportResults},
    transaction,
};

/// How often a sighting is noted anew, when another of the same host comes between.
const TRIES: u32 = 3;

/// What Fleet says of a host. What it does not say stays as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The number that Fleet gave it.
    pub fleet_host_id: i64,
    /// Its name, up to 255 characters; kept in lower case.
    pub hostname: String,
    /// The hardware's, up to 64 characters; kept in lower case.
    pub uuid: Option<String>,
    /// What it runs: `ubuntu`, `darwin`, …
    pub platform: Option<String>,
    /// Which osquery it runs.
    pub osquery_version: Option<String>,
    /// When Fleet first heard of it.
    pub enrolled_at: Option<DateTime<Utc>>,
}

/// Notes that Fleet heard of a host, which is online then: a new row, or the one that has its number
/// already.
///
/// Of two hosts with the hardware of one, the one that enrolled last, by its number, has the uuid; the
/// other is what the machine was before.
///
/// # Errors
/// [`Error::Invalid`] for a value that will not do.
pub async fn seen(
    db: &DatabaseConnection,
    world: &World,
    _by: &Granted<ReportResults>,
    sighting: &Sighting,
) -> Result<Model> {
    let now = world.clock.now();
    let mut tries = 1;
    loop {
        let noted = transaction::committed()
            .transaction(db, |tx, _| Box::pin(note(tx, now, sighting)))
            .await;
        match noted {
            // Another wrote the same host first; its row is found now.
            Err(Error::AlreadyExists { .. }) if tries < TRIES => tries += 1,
            noted => return noted,
        }
    }
}

async fn note(tx: &DatabaseTransaction, now: DateTime<Utc>, sighting: &Sighting) -> Result<Model> {
    let Sighting { fleet_host_id, hostname, uuid, platform, osquery_version, enrolled_at } =
        sighting.clone();
    let known = Entity::find().filter(Column::FleetHostId.eq(fleet_host_id)).lock_exclusive();
    let known = known.one(tx).await?;
    let heard = known.as_ref().and_then(|host| host.last_seen_at).max(Some(now));
    let is_known = known.is_some();
    let mut row = match known {
        Some(host) => host.into_active_model(),
        None => ActiveModel { fleet_host_id: Set(fleet_host_id), ..Default::default() },
    };
    row.hostname.set_ne(hostname);
    if let Some(uuid) = uuid {
        let uuid = folded(&uuid)?;
        let is_its_own = match &uuid {
            Some(uuid) => enrolled_last(tx, now, fleet_host_id, uuid).await?,
            None => true,
        };
        row.uuid.set_ne(uuid.filter(|_| is_its_own));
    }
    keep(&mut row.platform, platform);
    keep(&mut row.osquery_version, osquery_version);
    keep(&mut row.enrolled_at, enrolled_at);
    row.status.set_ne(FleetHostStatus::Online);
    row.last_seen_at.set_ne(heard);
    if is_known {
        records::write::<Entity>(tx, now, row).await
    } else {
        records::insert::<Entity>(tx, now, row).await
    }
}

/// Sets a column to what was told, if anything was.
fn keep<T>(column: &mut ActiveValue<Option<T>>, told: Option<T>)
where
    Option<T>: Into<Value> + PartialEq,
{
    if told.is_some() {
        column.set_ne(told);
    }
}

/// Whether no other host with that hardware enrolled later; one that did before loses the uuid.
async fn enrolled_last(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    fleet_host_id: i64,
    uuid: &str,
) -> Result<bool> {
    let other = Entity::find()
        .filter(Column::Uuid.eq(uuid))
        .filter(Column::FleetHostId.ne(fleet_host_id))
        .lock_exclusive()
        .one(tx)
        .await?;
    match other {
        Some(other) if other.fleet_host_id > fleet_host_id => Ok(false),
        Some(other) => {
            let mut row = other.into_active_model();
            row.uuid = Set(None);
            records::write::<Entity>(tx, now, row).await?;
            Ok(true)
        }
        None => Ok(true),
    }
}
