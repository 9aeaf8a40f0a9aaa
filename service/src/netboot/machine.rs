//! Machines that boot from the network, and how far each has come.

use std::net::IpAddr;

use entity::netboot::ipxe_machine::{ActiveModel, Column, Entity};
pub use entity::netboot::ipxe_machine::{IpxeMachineStatus, Model};
use sea_orm::{
    ActiveEnum as _, ActiveModelTrait as _,
    ActiveValue::{NotSet, Set, Unchanged},
    ConnectionTrait, DatabaseTransaction, IntoActiveModel as _,
};
use serde_json::json;

use super::{Netboot, egg, names};
use crate::{
    Error, Result,
    audit::Audited,
    lookup::by_text,
    mac::mac,
    records::{self, Record},
    rights::{Granted, ReadNetboot, UpdateNetboot},
    rule::Rule,
    text::{self, invalid},
};

impl Record for Entity {
    type Domain = Netboot;

    const KIND: &'static str = "network machine";
    const GUARDED: &'static [Column] =
        &[Column::Status, Column::LastBootAt, Column::LastSeenAt, Column::DeployedAt];

    fn settle(row: &mut ActiveModel) -> Result<()> {
        match &row.mac_address {
            Set(address) => row.mac_address = Set(mac("mac_address", address)?),
            NotSet => return Err(invalid(Self::KIND, "mac_address", "a machine has one")),
            Unchanged(_) => {}
        }
        match &row.system_id {
            Set(id) => {
                text::key("system_id", id, 64)?;
            }
            NotSet => return Err(invalid(Self::KIND, "system_id", "a machine has one")),
            Unchanged(_) => {}
        }
        if let Set(Some(address)) = &row.ip_address {
            row.ip_address = Set(Some(ip("ip_address", address)?));
        }
        if let Set(eggs) = &row.assigned_eggs {
            names::settled("assigned_eggs", eggs)?;
        }
        if let Set(tags) = &row.tags {
            names::settled("tags", tags)?;
        }
        Ok(())
    }

    async fn agree(tx: &DatabaseTransaction, row: &Model) -> Result<()> {
        egg::are_there(tx, &names::read(Self::KIND, &row.mac_address, &row.assigned_eggs)?).await
    }
}

/// Whether a machine goes from one state to the other. None goes to the one that it has.
///
/// It is discovered when it first boots, commissioned until it is ready, and deployed.
/// Commissioning and deploying may fail; what failed or is deployed goes back to be commissioned or
/// to be ready.
pub fn allows(from: IpxeMachineStatus, to: IpxeMachineStatus) -> bool {
    use IpxeMachineStatus::{
        Commissioning, Deployed, Deploying, Discovered, Failed, Ready, Unknown,
    };

    let next: &[IpxeMachineStatus] = match from {
        Unknown => &[Discovered],
        Discovered => &[Commissioning],
        Commissioning => &[Ready, Failed],
        Ready => &[Commissioning, Deploying],
        Deploying => &[Deployed, Failed],
        Deployed | Failed => &[Commissioning, Ready],
    };
    next.contains(&to)
}

/// The machine with that hardware address, in whatever form it is given.
///
/// # Errors
/// [`Error::Invalid`] for what is no hardware address, [`Error::NotFound`] if no machine has it.
pub async fn by_mac(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadNetboot>,
    address: &str,
) -> Result<Model> {
    let address = mac("mac_address", address)?;
    let found = known(db, &address).await?;
    found.ok_or_else(|| Error::not_found(Entity::KIND, address))
}

/// Brings a machine from its state to another, and notes when it was deployed. The one that it has
/// is no change.
///
/// # Errors
/// [`Error::NotFound`] if there is no such machine, [`Rule::Transition`] if no way leads there from
/// its state.
pub async fn change_status(
    unit: &Audited<'_>,
    by: &Granted<UpdateNetboot>,
    id: i64,
    to: IpxeMachineStatus,
) -> Result<Model> {
    let machine = records::locked::<Entity>(unit.tx(), id).await?;
    let from = machine.status;
    if from == to {
        return Ok(machine);
    }
    let names = (from.to_value(), to.to_value());
    if !allows(from, to) {
        let (from, to) = names;
        let because = format!("{} `{id}` does not go from `{from}` to `{to}`", Entity::KIND);
        return Err(Rule::Transition.refuses(because));
    }
    let mut row = machine.into_active_model();
    row.status = Set(to);
    if to == IpxeMachineStatus::Deployed {
        row.deployed_at = Set(Some(unit.now()));
    }
    row.updated_at = Set(unit.now());
    // Nothing that has to be settled, and an egg that is gone keeps no machine in its state.
    let machine = row.update(unit.tx()).await?;
    let details = json!({"from": names.0, "to": names.1});
    unit.record(records::did::<Entity>(by.to(), "change_status", &machine).with(details));
    Ok(machine)
}

/// The machine with that hardware address, in the form in which it is kept.
pub(super) async fn known(db: &impl ConnectionTrait, address: &str) -> Result<Option<Model>> {
    by_text::<Entity>(db, Column::MacAddress, address, |machine| Some(&machine.mac_address)).await
}

/// An address of IPv4 or IPv6 in its usual form.
///
/// # Errors
/// [`Error::Invalid`] for any other.
pub(super) fn ip(kind: &'static str, text: &str) -> Result<String> {
    let address: Result<IpAddr, _> = text.parse();
    address
        .map(|address| address.to_string())
        .map_err(|_| invalid(kind, text, "it is no address of IPv4 or IPv6"))
}

#[cfg(test)]
mod tests {
    use sea_orm::Iterable as _;

    use super::*;

    /// For each state those after it, in the order of the list: an `x` where a way leads.
    const WAYS: [(&str, &str); 7] = [
        ("unknown", ".x....."),
        ("discovered", "..x...."),
        ("commissioning", "...x..x"),
        ("ready", "..x.x.."),
        ("deploying", ".....xx"),
        ("deployed", "..xx..."),
        ("failed", "..xx..."),
    ];

    fn row() -> ActiveModel {
        ActiveModel {
            mac_address: Set("AA-BB-CC-DD-EE-FF".to_owned()),
            system_id: Set("4y3h7n".to_owned()),
            ..Default::default()
        }
    }

    #[test]
    fn a_machine_goes_to_where_a_way_leads_and_nowhere_else() {
        let all: Vec<IpxeMachineStatus> = IpxeMachineStatus::iter().collect();

        assert_eq!(all.len(), WAYS.len());
        for (from, (name, ways)) in all.iter().zip(WAYS) {
            let found: String =
                all.iter().map(|to| if allows(*from, *to) { 'x' } else { '.' }).collect();

            assert_eq!((from.to_value().as_str(), found.as_str()), (name, ways));
        }
    }

    #[test]
    fn addresses_are_put_into_the_form_in_which_they_are_kept() {
        let mut machine =
            ActiveModel { ip_address: Set(Some("2001:DB8:0::1".to_owned())), ..row() };

        Entity::settle(&mut machine).unwrap();

        assert_eq!(machine.mac_address, Set("aa:bb:cc:dd:ee:ff".to_owned()));
        assert_eq!(machine.ip_address, Set(Some("2001:db8::1".to_owned())));
    }

    #[test]
    fn a_machine_without_its_addresses_or_with_other_lists_is_none() {
        let text = |text: &str| Set(text.to_owned());
        for wrong in [
            ActiveModel { mac_address: NotSet, ..row() },
            ActiveModel { mac_address: text("aa:bb"), ..row() },
            ActiveModel { system_id: NotSet, ..row() },
            ActiveModel { system_id: text(""), ..row() },
            ActiveModel { ip_address: Set(Some("192.0.2.256".to_owned())), ..row() },
            ActiveModel { assigned_eggs: Set(json!("docker")), ..row() },
            ActiveModel { assigned_eggs: Set(json!(["docker", "docker"])), ..row() },
            ActiveModel { tags: Set(json!([1])), ..row() },
        ] {
            let mut row = wrong.clone();

            assert!(matches!(Entity::settle(&mut row), Err(Error::Invalid { .. })), "{wrong:?}");
        }
    }
}
