//! What machines were seen doing while they started, as boot servers report it.
//!
//! None of it is written to the audit log: it comes several times from every machine that starts.

use chrono::{DateTime, Utc};
pub use entity::netboot::boot_event::{BootEventType, Model};
use entity::netboot::{
    boot_event::{ActiveModel, Column, Entity},
    ipxe_machine::{self, IpxeMachineStatus},
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DatabaseConnection,
    DatabaseTransaction, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
    QuerySelect as _, prelude::Json, sea_query::OnConflict,
};

use super::{BootEvents, machine};
use crate::{
    Result, World,
    mac::mac,
    page::{self, Cursor, Order, Page},
    records::{self, Record},
    rights::{Granted, ReadNetboot, ReportBoots},
    text::invalid,
    transaction,
};

impl Record for Entity {
    type Domain = BootEvents;

    const KIND: &'static str = "boot event";
}

/// Something that a machine was seen doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The machine's hardware address, in whatever form.
    pub mac: String,
    /// The address that it had.
    pub ip: Option<String>,
    /// What it did.
    pub event_type: BootEventType,
    /// What else there is to say: an object.
    pub details: Json,
    /// How it went, in the words of whoever saw it, of which 64 characters are kept at most.
    pub status: Option<String>,
}

/// Keeps what a machine was seen doing, and brings the machine to where that leads.
///
/// A machine that starts to boot and is not known becomes known, and one that is expected is
/// discovered. A deployment that is complete makes a machine that was deploying deployed; an error
/// makes one that was commissioning or deploying failed. Where no way leads from a machine's state
/// it stays in it. Of a machine that is not known anything else is kept as nobody's: every device
/// asks for an address.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) for what is no address, details that are no object,
/// and a status that is too long.
pub async fn report(
    db: &DatabaseConnection,
    world: &World,
    _by: &Granted<ReportBoots>,
    event: Event,
) -> Result<Model> {
    if !event.details.is_object() {
        return Err(invalid("details", &event.details.to_string(), "it is not an object"));
    }
    let event = &Event {
        mac: mac("mac_address", &event.mac)?,
        ip: event.ip.map(|address| machine::ip("ip_address", &address)).transpose()?,
        ..event
    };
    transaction::committed().transaction(db, |tx, _| Box::pin(keep(tx, world, event))).await
}

/// What a machine was seen doing, the latest first.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such machine.
pub async fn of_machine(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadNetboot>,
    machine_id: i64,
    from: Option<Cursor>,
    limit: u64,
) -> Result<Page<Model>> {
    records::found::<ipxe_machine::Entity>(db, machine_id).await?;
    let query = Entity::find().filter(Column::MachineId.eq(machine_id));
    let key = (Column::Id, |event: &Model| event.id);
    page::of(db, query, key, Order::NewestFirst, from, limit).await
}

async fn keep(tx: &DatabaseTransaction, world: &World, event: &Event) -> Result<Model> {
    let now = world.clock.now();
    let mut machine = held(tx, &event.mac).await?;
    if machine.is_none() && event.event_type == BootEventType::BootStart {
        make(tx, world, now, event).await?;
        machine = held(tx, &event.mac).await?;
    }
    let row = ActiveModel {
        machine_id: Set(machine.as_ref().map(|machine| machine.id)),
        mac_address: Set(event.mac.clone()),
        ip_address: Set(event.ip.clone()),
        event_type: Set(event.event_type),
        details: Set(event.details.clone()),
        status: Set(event.status.clone()),
        ..Default::default()
    };
    let row = records::insert::<Entity>(tx, now, row).await?;
    if let Some(machine) = machine {
        see(tx, now, machine, event.event_type).await?;
    }
    Ok(row)
}

/// The machine with that hardware address, held until the transaction ends.
async fn held(tx: &DatabaseTransaction, address: &str) -> Result<Option<ipxe_machine::Model>> {
    let machines = ipxe_machine::Entity::find();
    let of_address = machines.filter(ipxe_machine::Column::MacAddress.eq(address));
    Ok(of_address.lock_exclusive().one(tx).await?)
}

/// Makes a machine with that hardware address, unless somebody else does meanwhile.
async fn make(
    tx: &DatabaseTransaction,
    world: &World,
    now: DateTime<Utc>,
    event: &Event,
) -> Result<()> {
    let mut bits = [0; 8];
    world.random.fill(&mut bits);
    let row = ipxe_machine::ActiveModel {
        system_id: Set(format!("{:016x}", u64::from_be_bytes(bits))),
        mac_address: Set(event.mac.clone()),
        ip_address: Set(event.ip.clone()),
        status: Set(IpxeMachineStatus::Discovered),
        created_at: Set(now),
        updated_at: Set(now),
        ..Default::default()
    };
    let if_absent = OnConflict::column(ipxe_machine::Column::MacAddress)
        .do_nothing_on([ipxe_machine::Column::Id])
        .to_owned();
    ipxe_machine::Entity::insert(row).on_conflict(if_absent).exec_without_returning(tx).await?;
    Ok(())
}

/// Notes that a machine that is held was seen, and brings it to where that leads. Reports that come
/// in another order than they were made let it be seen no earlier than before.
async fn see(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    machine: ipxe_machine::Model,
    event_type: BootEventType,
) -> Result<()> {
    let to = leads(machine.status, event_type);
    let (seen, booted) = (machine.last_seen_at, machine.last_boot_at);
    let mut row = machine.into_active_model();
    row.last_seen_at = Set(seen.max(Some(now)));
    if event_type == BootEventType::BootStart {
        row.last_boot_at = Set(booted.max(Some(now)));
    }
    if let Some(to) = to {
        row.status = Set(to);
        row.updated_at = Set(now);
        if to == IpxeMachineStatus::Deployed {
            row.deployed_at = Set(Some(now));
        }
    }
    row.update(tx).await?;
    Ok(())
}

/// To which state a machine goes by what it was seen doing, if to another.
fn leads(from: IpxeMachineStatus, event_type: BootEventType) -> Option<IpxeMachineStatus> {
    let to = match event_type {
        BootEventType::BootStart => IpxeMachineStatus::Discovered,
        BootEventType::DeploymentComplete => IpxeMachineStatus::Deployed,
        BootEventType::Error => IpxeMachineStatus::Failed,
        BootEventType::DhcpRequest
        | BootEventType::TftpRequest
        | BootEventType::OsInstalled
        | BootEventType::EggStarted
        | BootEventType::EggComplete => return None,
    };
    machine::allows(from, to).then_some(to)
}

#[cfg(test)]
mod tests {
    use sea_orm::{ActiveEnum as _, Iterable as _};

    use super::*;

    #[test]
    fn a_machine_is_moved_by_what_ends_its_work_and_by_its_first_boot() {
        let mut moves = Vec::new();
        for from in IpxeMachineStatus::iter() {
            for event_type in BootEventType::iter() {
                if let Some(to) = leads(from, event_type) {
                    let parts = [from.to_value(), event_type.to_value(), to.to_value()];
                    moves.push(parts.join(" "));
                }
            }
        }

        assert_eq!(
            moves,
            [
                "unknown boot_start discovered",
                "commissioning error failed",
                "deploying deployment_complete deployed",
                "deploying error failed",
            ]
        );
    }
}
