//! What providers say of their machines, taken over. It comes often, and is not in the audit log.

use entity::cloud::{
    cloud_machine::{ActiveModel, Column, Entity, Model},
    cloud_provider,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DatabaseConnection, DatabaseTransaction,
    EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QuerySelect as _,
};
use serde_json::{Map, Value, json};

use super::machine::{MachineStatus, allows};
use crate::{
    Error, Result, World,
    records::{self, Record as _},
    rights::{CreateCloud, Granted, UpdateCloud},
    rule::Rule,
    text, transaction,
};

/// What a provider says of a machine. It is all that there is to say: what is `None` is taken for
/// nothing.
#[derive(Clone, Debug)]
pub struct Report {
    /// What the provider calls it: 1 to 255 characters.
    pub external_id: String,
    /// What it does.
    pub status: MachineStatus,
    /// Its name.
    pub hostname: Option<String>,
    /// Its address.
    pub ip_address: Option<String>,
    /// Its address among its own.
    pub private_ip: Option<String>,
    /// The provider's name for its size.
    pub machine_type: Option<String>,
    /// Its processor; without, that which is known.
    pub architecture: Option<String>,
    /// How many processors it has.
    pub cpu_count: Option<i32>,
    /// How much memory.
    pub memory_mb: Option<i32>,
    /// How much room on its disks.
    pub storage_gb: Option<i32>,
    /// What it was made from.
    pub os_image: Option<String>,
    /// In which part of the provider's it is.
    pub zone: Option<String>,
    /// How it is labelled.
    pub tags: Vec<String>,
    /// What else there is to say.
    pub attributes: Map<String, Value>,
}

impl Report {
    /// That there is such a machine, and nothing else.
    pub fn new(external_id: impl Into<String>, status: MachineStatus) -> Self {
        Self {
            external_id: external_id.into(),
            status,
            hostname: None,
            ip_address: None,
            private_ip: None,
            machine_type: None,
            architecture: None,
            cpu_count: None,
            memory_mb: None,
            storage_gb: None,
            os_image: None,
            zone: None,
            tags: Vec::new(),
            attributes: Map::new(),
        }
    }
}

/// What became of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Synced {
    /// The machine as it is now.
    pub machine: Model,
    /// Whether it was not known before.
    pub is_new: bool,
    /// The status that was reported, if no way leads there from the one that is known, which stays.
    pub conflict: Option<MachineStatus>,
}

/// Takes over what a provider says of one of its machines: adds it with the status that it has
/// there, or changes what is known of it.
///
/// # Errors
/// [`Error::NotFound`] if there is no such provider, [`Rule::Inactive`] if it is out of use,
/// [`Error::Invalid`] for what can be no machine.
pub async fn machine(
    db: &DatabaseConnection,
    world: &World,
    _by: (&Granted<CreateCloud>, &Granted<UpdateCloud>),
    provider_id: i64,
    report: &Report,
) -> Result<Synced> {
    text::key("external id", &report.external_id, 255)?;
    match take_over(db, world, provider_id, report).await {
        // Somebody else has added it since it was looked for: now it is there.
        Err(Error::AlreadyExists { .. }) => take_over(db, world, provider_id, report).await,
        done => done,
    }
}

/// Writes down that all machines of a provider have been read now.
///
/// # Errors
/// [`Error::NotFound`] if there is no such provider.
pub async fn finish(
    db: &impl ConnectionTrait,
    world: &World,
    _by: &Granted<UpdateCloud>,
    provider_id: i64,
) -> Result<()> {
    let row = cloud_provider::ActiveModel {
        last_sync_at: Set(Some(world.clock.now())),
        ..Default::default()
    };
    let finished = cloud_provider::Entity::update_many()
        .set(row)
        .filter(cloud_provider::Column::Id.eq(provider_id))
        .exec(db)
        .await?;
    if finished.rows_affected == 0 {
        let kind = cloud_provider::Entity::KIND;
        return Err(Error::not_found(kind, provider_id.to_string()));
    }
    Ok(())
}

async fn take_over(
    db: &DatabaseConnection,
    world: &World,
    provider_id: i64,
    report: &Report,
) -> Result<Synced> {
    let clock = &world.clock;
    transaction::committed()
        .transaction(db, |tx, _| {
            Box::pin(async move {
                is_in_use(tx, provider_id).await?;
                let known = Entity::find()
                    .filter(Column::ProviderId.eq(provider_id))
                    .filter(Column::ExternalId.eq(report.external_id.as_str()))
                    .lock_exclusive()
                    .one(tx)
                    .await?;
                let (is_new, conflict, mut row) = match known {
                    None => (true, None, unknown(provider_id, report)),
                    Some(machine) => {
                        let (from, to) = (machine.status, report.status);
                        let conflict = (from != to && !allows(from, to)).then_some(to);
                        let mut row = machine.into_active_model();
                        if conflict.is_none() {
                            row.status.set_ne(to);
                        }
                        (false, conflict, row)
                    }
                };
                fill(&mut row, report);
                let machine = if is_new {
                    records::insert::<Entity>(tx, clock.now(), row).await?
                } else {
                    records::write::<Entity>(tx, clock.now(), row).await?
                };
                Ok(Synced { machine, is_new, conflict })
            })
        })
        .await
}

async fn is_in_use(tx: &DatabaseTransaction, provider_id: i64) -> Result<()> {
    let provider = records::found::<cloud_provider::Entity>(tx, provider_id).await?;
    if !provider.is_active {
        let because = format!("provider `{}` is out of use", provider.name);
        return Err(Rule::Inactive.refuses(because));
    }
    Ok(())
}

fn unknown(provider_id: i64, report: &Report) -> ActiveModel {
    ActiveModel {
        provider_id: Set(provider_id),
        external_id: Set(report.external_id.clone()),
        status: Set(report.status),
        ..Default::default()
    }
}

/// What is as it was counts as no change.
fn fill(row: &mut ActiveModel, report: &Report) {
    row.hostname.set_ne(report.hostname.clone());
    row.ip_address.set_ne(report.ip_address.clone());
    row.private_ip.set_ne(report.private_ip.clone());
    row.machine_type.set_ne(report.machine_type.clone());
    if let Some(architecture) = &report.architecture {
        row.architecture.set_ne(architecture.clone());
    }
    row.cpu_count.set_ne(report.cpu_count);
    row.memory_mb.set_ne(report.memory_mb);
    row.storage_gb.set_ne(report.storage_gb);
    row.os_image.set_ne(report.os_image.clone());
    row.zone.set_ne(report.zone.clone());
    row.tags.set_ne(json!(report.tags));
    row.attributes.set_ne(Value::Object(report.attributes.clone()));
}
