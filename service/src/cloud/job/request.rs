//! Asking for a deployment.

use std::collections::BTreeSet;

use entity::{
    cloud::{
        cloud_init_template::CloudInitTemplateType,
        cloud_machine, cloud_provider,
        deployment_job::{ActiveModel, Entity, Model},
        server,
    },
    netboot::{egg, ipxe_image, ipxe_machine},
};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QuerySelect as _,
    prelude::Json,
};
use serde_json::json;
use uuid::Builder;

use crate::{
    Error, Result, World,
    audit::Audited,
    cloud::{machine::MachineStatus, package, template},
    records::{self, Record as _},
    rights::{Actor, CreateDeployments, Granted},
    rule::Rule,
    text::{self, invalid},
};

/// How many eggs are put on a machine at most.
const MOST_EGGS: usize = 1_000;

/// The machine that a deployment is for, by its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A machine at a provider.
    Machine(i64),
    /// A server in our own racks.
    Server(i64),
    /// A machine that boots from the network.
    NetworkMachine(i64),
}

/// A deployment to ask for.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// What it is for.
    pub target: Target,
    /// What is to be done: 1 to 50 of `a-z`, `0-9`, `_`, `-`, `.`; `provision` without.
    pub job_type: Option<String>,
    /// The LXD cluster that the machine is for.
    pub lxd_cluster_id: Option<i64>,
    /// What cloud-init is told; without, the default for its user data, if there is one.
    pub cloud_init_template_id: Option<i64>,
    /// What is installed; without, the default, if there is one.
    pub package_config_id: Option<i64>,
    /// What is booted from the network.
    pub image_id: Option<i64>,
    /// How the network is told to boot it.
    pub boot_config_id: Option<i64>,
    /// What Ansible runs on it.
    pub ansible_playbook: Option<String>,
    /// The names of the eggs that are put on it, in order, none of them twice: 1 000 at most.
    pub eggs: Vec<String>,
}

impl NewJob {
    /// A deployment that is all as it is by default.
    pub fn of(target: Target) -> Self {
        Self {
            target,
            job_type: None,
            lxd_cluster_id: None,
            cloud_init_template_id: None,
            package_config_id: None,
            image_id: None,
            boot_config_id: None,
            ansible_playbook: None,
            eggs: Vec::new(),
        }
    }
}

/// Asks for a deployment, which waits for a worker from then on.
///
/// # Errors
/// [`Error::NotFound`] if there is no such machine or egg, [`Error::Invalid`] for a text that will
/// not do or another key that is none; [`Rule::Inactive`] if the machine is terminated, or its
/// provider, the image or an egg is out of use.
pub async fn request(
    unit: &Audited<'_>,
    by: &Granted<CreateDeployments>,
    world: &World,
    new: NewJob,
) -> Result<Model> {
    let tx = unit.tx();
    let job_type = match new.job_type {
        Some(job_type) => Set(text::word("type of a job", &job_type)?),
        None => NotSet,
    };
    let (machine_id, server_id, ipxe_machine_id) = keys(new.target);
    can_be_deployed(tx, new.target).await?;
    if let Some(id) = new.image_id {
        is_bootable(tx, id).await?;
    }
    let template_id = match new.cloud_init_template_id {
        Some(id) => Some(id),
        None => template::default_id(tx, CloudInitTemplateType::UserData).await?,
    };
    let package_id = match new.package_config_id {
        Some(id) => Some(id),
        None => package::default_id(tx).await?,
    };
    let row = ActiveModel {
        machine_id: Set(machine_id),
        server_id: Set(server_id),
        ipxe_machine_id: Set(ipxe_machine_id),
        image_id: Set(new.image_id),
        boot_config_id: Set(new.boot_config_id),
        cloud_init_template_id: Set(template_id),
        package_config_id: Set(package_id),
        lxd_cluster_id: Set(new.lxd_cluster_id),
        created_by_id: Set(by.actor().map(Actor::user_id)),
        job_id: Set(new_job_id(world)),
        job_type,
        ansible_playbook: Set(new.ansible_playbook),
        eggs_to_deploy: Set(listed(tx, &new.eggs).await?),
        ..Default::default()
    };
    let job = records::insert::<Entity>(tx, unit.now(), row).await?;
    let details = json!({"job_id": job.job_id, "job_type": job.job_type});
    unit.record(records::did::<Entity>(by.to(), "request", &job).with(details));
    Ok(job)
}

/// The columns of a job that say what it is for, of which one is set.
fn keys(target: Target) -> (Option<i64>, Option<i64>, Option<i64>) {
    match target {
        Target::Machine(id) => (Some(id), None, None),
        Target::Server(id) => (None, Some(id), None),
        Target::NetworkMachine(id) => (None, None, Some(id)),
    }
}

/// Whether the machine is there, and something can be put on it. It is held, so that it stays.
async fn can_be_deployed(tx: &DatabaseTransaction, target: Target) -> Result<()> {
    let status = match target {
        Target::Machine(id) => {
            let machine = records::locked::<cloud_machine::Entity>(tx, id).await?;
            let provider =
                records::found::<cloud_provider::Entity>(tx, machine.provider_id).await?;
            if !provider.is_active {
                return Err(out_of_use(cloud_provider::Entity::KIND, &provider.name));
            }
            machine.status
        }
        Target::Server(id) => records::locked::<server::Entity>(tx, id).await?.status,
        Target::NetworkMachine(id) => {
            let machine = ipxe_machine::Entity::find_by_id(id).lock_exclusive().one(tx).await?;
            return match machine {
                Some(_) => Ok(()),
                None => Err(Error::not_found("network machine", id.to_string())),
            };
        }
    };
    if status == MachineStatus::Terminated {
        return Err(Rule::Inactive.refuses("the machine is terminated"));
    }
    Ok(())
}

/// Whether the image, if it is there, is in use.
async fn is_bootable(tx: &DatabaseTransaction, id: i64) -> Result<()> {
    match ipxe_image::Entity::find_by_id(id).one(tx).await? {
        Some(image) if !image.is_active => Err(out_of_use("image", &image.name)),
        _ => Ok(()),
    }
}

/// The list of eggs as it is kept, if all of them are there and in use.
async fn listed(tx: &DatabaseTransaction, names: &[String]) -> Result<Json> {
    if names.len() > MOST_EGGS {
        let given = format!("{} names", names.len());
        return Err(invalid("list of eggs", &given, &format!("{MOST_EGGS} are the most")));
    }
    let mut seen = BTreeSet::new();
    for name in names {
        text::key("name of an egg", name, 255)?;
        if !seen.insert(name) {
            return Err(invalid("name of an egg", name, "it is there twice"));
        }
    }
    let known: Vec<(String, bool)> = egg::Entity::find()
        .select_only()
        .column(egg::Column::Name)
        .column(egg::Column::IsActive)
        .filter(egg::Column::Name.is_in(names.iter().map(String::as_str)))
        .into_tuple()
        .all(tx)
        .await?;
    for name in names {
        match known.iter().find(|(known, _)| known == name) {
            None => return Err(Error::not_found("egg", name.as_str())),
            Some((_, false)) => return Err(out_of_use("egg", name)),
            Some((_, true)) => {}
        }
    }
    Ok(json!(names))
}

fn out_of_use(kind: &str, name: &str) -> Error {
    Rule::Inactive.refuses(format!("{kind} `{name}` is out of use"))
}

/// 122 random bits in the form of a UUID. It is no secret: it names a job, and opens none.
fn new_job_id(world: &World) -> String {
    let mut bits = [0; 16];
    world.random.fill(&mut bits);
    Builder::from_random_bytes(bits).into_uuid().to_string()
}
