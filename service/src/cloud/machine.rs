//! What machines do, at providers and in our own racks, and from what they come to what.

pub use entity::cloud::cloud_machine::MachineStatus;
use entity::cloud::{cloud_machine, server};
use sea_orm::{
    ActiveEnum as _, ActiveModelTrait as _, ActiveValue::Set, DatabaseTransaction,
    IntoActiveModel as _,
};
use serde_json::json;

use super::{Cloud, lxd};
use crate::{
    Result,
    audit::Audited,
    mac::mac,
    records::{self, Record},
    rights::{Granted, UpdateCloud},
    rule::Rule,
};

/// A table of machines. They go from one status to another as [`allows`] says, and so their status
/// is not written plainly.
pub trait Machine: Record<Domain = Cloud> {
    /// The column of the status.
    const STATUS: Self::Column;

    /// What the machine does.
    fn status(machine: &Self::Model) -> MachineStatus;
}

impl Record for cloud_machine::Entity {
    type Domain = Cloud;

    const KIND: &'static str = "machine";
    const GUARDED: &'static [cloud_machine::Column] = &[cloud_machine::Column::Status];

    /// A member of a cluster is where its cluster is.
    async fn agree(tx: &DatabaseTransaction, row: &cloud_machine::Model) -> Result<()> {
        match lxd::of_machine(tx, row.id).await? {
            Some(member) if row.lxd_cluster_id != Some(member.cluster_id) => {
                Err(lxd::is_bound(row.id, &member))
            }
            _ => Ok(()),
        }
    }
}

impl Machine for cloud_machine::Entity {
    const STATUS: cloud_machine::Column = cloud_machine::Column::Status;

    fn status(machine: &cloud_machine::Model) -> MachineStatus {
        machine.status
    }
}

impl Record for server::Entity {
    type Domain = Cloud;

    const KIND: &'static str = "server";
    const GUARDED: &'static [server::Column] = &[server::Column::Status];

    fn settle(row: &mut server::ActiveModel) -> Result<()> {
        if let Set(address) = &row.mac_address {
            row.mac_address = Set(mac("mac_address", address)?);
        }
        Ok(())
    }
}

impl Machine for server::Entity {
    const STATUS: server::Column = server::Column::Status;

    fn status(machine: &server::Model) -> MachineStatus {
        machine.status
    }
}

/// Whether a machine goes from one status to the other. None goes to the one that it has, and
/// nothing comes after `terminated`.
///
/// The machines of MAAS go from `new` by `commissioning`, `ready`, `allocated` and `deploying` to
/// `deployed`, and by `releasing` or `disk_erasing` back to `ready`; what fails or breaks is
/// repaired, and `ready` or to be commissioned again. Those of other providers go from `new` to
/// `running` and `stopped`, and back and forth.
pub fn allows(from: MachineStatus, to: MachineStatus) -> bool {
    use MachineStatus::{
        Allocated, Broken, Commissioning, Deployed, Deploying, DiskErasing, Failed, New, Ready,
        Releasing, Running, Stopped, Terminated,
    };

    let next: &[MachineStatus] = match from {
        New => &[Commissioning, Failed, Broken, Running, Stopped, Terminated],
        Commissioning => &[New, Ready, Failed, Broken, Terminated],
        Ready => &[Commissioning, Allocated, Broken, Terminated],
        Allocated => &[Ready, Deploying, Releasing, DiskErasing, Broken, Terminated],
        Deploying => &[Allocated, Deployed, Releasing, DiskErasing, Failed, Broken, Terminated],
        Deployed => &[Releasing, DiskErasing, Broken, Terminated],
        Releasing | DiskErasing => &[Ready, Failed, Broken, Terminated],
        Failed => &[Commissioning, Ready, Broken, Running, Stopped, Terminated],
        Broken => &[Commissioning, Ready, Running, Stopped, Terminated],
        Running => &[Failed, Broken, Stopped, Terminated],
        Stopped => &[Failed, Broken, Running, Terminated],
        Terminated => &[],
    };
    next.contains(&to)
}

/// Says that a machine does something else now. What it does already is no change.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such machine, [`Rule::Transition`] if
/// no way leads there from what it does.
pub async fn change_status<E: Machine>(
    unit: &Audited<'_>,
    by: &Granted<UpdateCloud>,
    id: i64,
    to: MachineStatus,
) -> Result<E::Model> {
    let machine = records::locked::<E>(unit.tx(), id).await?;
    let from = E::status(&machine);
    if from == to {
        return Ok(machine);
    }
    let names = (from.to_value(), to.to_value());
    if !allows(from, to) {
        let (from, to) = names;
        let because = format!("{} `{id}` does not go from `{from}` to `{to}`", E::KIND);
        return Err(Rule::Transition.refuses(because));
    }
    let mut row = machine.into_active_model();
    row.set(E::STATUS, to.into());
    let machine = records::write::<E>(unit.tx(), unit.now(), row).await?;
    let details = json!({"from": names.0, "to": names.1});
    unit.record(records::did::<E>(by.to(), "change_status", &machine).with(details));
    Ok(machine)
}

#[cfg(test)]
mod tests {
    use sea_orm::Iterable as _;

    use super::*;

    /// For each status those after it, in the order of the list: an `x` where a way leads.
    const WAYS: [(&str, &str); 13] = [
        ("new", ".x......xxxxx"),
        ("commissioning", "x.x.....xx..x"),
        ("ready", ".x.x.....x..x"),
        ("allocated", "..x.x.xx.x..x"),
        ("deploying", "...x.xxxxx..x"),
        ("deployed", "......xx.x..x"),
        ("releasing", "..x.....xx..x"),
        ("disk_erasing", "..x.....xx..x"),
        ("failed", ".xx......xxxx"),
        ("broken", ".xx.......xxx"),
        ("running", "........xx.xx"),
        ("stopped", "........xxx.x"),
        ("terminated", "............."),
    ];

    #[test]
    fn a_machine_goes_to_where_a_way_leads_and_nowhere_else() {
        let all: Vec<MachineStatus> = MachineStatus::iter().collect();

        assert_eq!(all.len(), WAYS.len());
        for (from, (name, ways)) in all.iter().zip(WAYS) {
            let found: String =
                all.iter().map(|to| if allows(*from, *to) { 'x' } else { '.' }).collect();

            assert_eq!((from.to_value().as_str(), found.as_str()), (name, ways));
        }
    }
}
