//! What a machine boots, and what is put on it then.

mod decide;
mod script;

use std::collections::BTreeSet;

use entity::netboot::{egg, egg_group, ipxe_boot_config, ipxe_image, ipxe_machine};
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _};

use self::decide::{Rows, decide, elsewhere};
pub use self::script::render;
use super::{
    machine, names, network,
    order::{Known, by_name},
};
use crate::{
    Result,
    mac::mac,
    records::{self, Record},
    rights::{Granted, ReadNetboot},
};

/// What a machine is told that asks how to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The machine; none while it is not known.
    pub machine_id: Option<i64>,
    /// What it boots.
    pub boots: Boots,
    /// For how many seconds it waits before that, so that somebody can stop it.
    pub timeout_seconds: i32,
    /// What is put on it then, in order.
    pub eggs: Vec<egg::Model>,
}

/// What a machine boots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Boots {
    /// What somebody has written for it.
    Script(String),
    /// An image.
    System(System),
    /// What the script at that address says.
    Chain(String),
    /// What it would boot without a network.
    Disk,
}

/// The parts of an image: where each is fetched from. What begins with no scheme lies where the
/// script came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    /// The kernel.
    pub kernel: String,
    /// The initial disk.
    pub initrd: Option<String>,
    /// The file system.
    pub squashfs: Option<String>,
    /// What the kernel is told: by the image first, then by the boot configuration.
    pub kernel_params: String,
}

/// What the machine with that hardware address boots, and which eggs are put on it.
///
/// It boots what its boot configuration says, or the default one: a script, or else an image, or
/// else the default image. A machine that is not known, or that no boot configuration applies to,
/// is told what the network's configuration says.
///
/// It gets the eggs that are default and for it, then those of the group that its boot
/// configuration names or of the default group, then its own; each behind those that it needs.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) for what is no hardware address,
/// [`Error::NotFound`](crate::Error::NotFound) for the first egg that a list names and that is not
/// there, [`Rule::Inactive`](crate::rule::Rule::Inactive) if the image or an egg is out of use,
/// [`Rule::Unsuitable`](crate::rule::Rule::Unsuitable) if there is no image or no kernel of it, if
/// the image or an egg is not for the machine, and if eggs need each other in a circle.
pub async fn plan(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadNetboot>,
    address: &str,
) -> Result<Plan> {
    let address = mac("mac_address", address)?;
    let network = network::in_use(db).await?;
    let Some(machine) = machine::known(db, &address).await? else {
        let boots = elsewhere(network.as_ref());
        return Ok(Plan { machine_id: None, boots, timeout_seconds: 0, eggs: Vec::new() });
    };
    let config = machine.boot_config_id;
    let config =
        chosen::<ipxe_boot_config::Entity>(db, config, ipxe_boot_config::Column::IsDefault).await?;
    let image = config.as_ref().and_then(|config| config.default_image_id);
    let image = chosen::<ipxe_image::Entity>(db, image, ipxe_image::Column::IsDefault).await?;
    let group = config.as_ref().and_then(|config| config.assigned_egg_group_id);
    let group = chosen::<egg_group::Entity>(db, group, egg_group::Column::IsDefault).await?;
    let known = with_all_needed(db, listed(&machine, group.as_ref())?).await?;
    decide(&Rows { machine, config, image, group, network, known })
}

/// The row that is named, or the default if none is.
async fn chosen<E: Record>(
    db: &impl ConnectionTrait,
    id: Option<i64>,
    is_default: E::Column,
) -> Result<Option<E::Model>> {
    match id {
        Some(id) => records::found::<E>(db, id).await.map(Some),
        None => Ok(E::find().filter(is_default.eq(true)).one(db).await?),
    }
}

/// The names of the eggs of a group and of a machine, in this order.
fn listed<'r>(
    machine: &'r ipxe_machine::Model,
    group: Option<&'r egg_group::Model>,
) -> Result<Vec<&'r str>> {
    let mut all = match group {
        Some(group) => names::read(egg_group::Entity::KIND, &group.name, &group.eggs)?,
        None => Vec::new(),
    };
    let kind = ipxe_machine::Entity::KIND;
    all.extend(names::read(kind, &machine.mac_address, &machine.assigned_eggs)?);
    Ok(all)
}

/// The eggs of those names that there are, those that every machine gets, and all that they need: a
/// query for each step from what needs to what is needed.
async fn with_all_needed(db: &impl ConnectionTrait, names: Vec<&str>) -> Result<Known> {
    let defaults = egg::Entity::find()
        .filter(egg::Column::IsDefault.eq(true))
        .filter(egg::Column::IsActive.eq(true))
        .all(db)
        .await?;
    let mut next: BTreeSet<String> = names.into_iter().map(str::to_owned).collect();
    next.extend(needed(&defaults)?);
    let mut known = by_name(defaults);
    let mut asked: BTreeSet<String> = known.keys().cloned().collect();
    loop {
        next.retain(|name| asked.insert(name.clone()));
        if next.is_empty() {
            return Ok(known);
        }
        let found = egg::Entity::find().filter(egg::Column::Name.is_in(next)).all(db).await?;
        next = needed(&found)?;
        known.extend(by_name(found));
    }
}

fn needed(eggs: &[egg::Model]) -> Result<BTreeSet<String>> {
    let mut all = BTreeSet::new();
    for egg in eggs {
        let names = names::read(egg::Entity::KIND, &egg.name, &egg.dependencies)?;
        all.extend(names.into_iter().map(str::to_owned));
    }
    Ok(all)
}
