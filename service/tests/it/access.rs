//! Access: keys and agents that enrol with them, authorities, and shells.

mod agents;
mod authorities;
mod shells;

use chrono::TimeDelta;
use entity::access::access_agent::{self, AccessAgentStatus};
use plimsoll::retry::BoxFuture;
use sea_orm::{DatabaseConnection, EntityTrait};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use service::{
    Result, World,
    access::{
        agent::{self, Enrolled, NewAgent},
        key::{self, Made, NewKey},
    },
    audit::{self, Filter, audited},
    rights::{CreateAccess, ReadAudit, UpdateAccess},
};

use crate::people::admin;
use crate::worlds::world;

fn new_key(world: &World, max_uses: i32) -> NewKey {
    NewKey {
        name: Some("rack 7".to_owned()),
        max_uses,
        expires_at: world.clock.now() + TimeDelta::hours(1),
        attributes: json!({"site": "north"}),
    }
}

async fn make(db: &DatabaseConnection, world: &World, new: NewKey) -> Result<Made> {
    let by = &admin::<CreateAccess>(db).await;
    let new = &new;
    audited(db, world, |unit, _| {
        Box::pin(key::make(unit, by, world, new.clone())) as BoxFuture<'_, _>
    })
    .await
}

fn new_agent(hostname: &str) -> NewAgent {
    NewAgent {
        hostname: hostname.to_owned(),
        ip_address: Some("192.0.2.7".parse().unwrap()),
        capabilities: ["ssh", "docker"].map(str::to_owned).into(),
    }
}

async fn enroll(
    db: &DatabaseConnection,
    world: &World,
    key: &SecretString,
    hostname: &str,
) -> Result<Enrolled> {
    agent::enroll(db, world, key.expose_secret(), new_agent(hostname)).await
}

/// An agent that got in by a key of its own.
async fn enrolled(db: &DatabaseConnection, world: &World, hostname: &str) -> Enrolled {
    let made = make(db, world, new_key(world, 1)).await.unwrap();
    enroll(db, world, &made.key, hostname).await.unwrap()
}

async fn change(
    db: &DatabaseConnection,
    world: &World,
    id: i64,
    to: AccessAgentStatus,
) -> Result<access_agent::Model> {
    let by = &admin::<UpdateAccess>(db).await;
    audited(db, world, |unit, _| {
        Box::pin(agent::change_status(unit, by, id, to)) as BoxFuture<'_, _>
    })
    .await
}

async fn status(db: &DatabaseConnection, id: i64) -> AccessAgentStatus {
    access_agent::Entity::find_by_id(id).one(db).await.unwrap().unwrap().status
}

/// What the audit log tells of the domain, the newest first: who did what to what.
async fn told(db: &DatabaseConnection) -> Vec<audit::Entry> {
    let by = admin::<ReadAudit>(db).await;
    let filter = Filter { component: Some("access".to_owned()), ..Filter::default() };
    audit::list(db, &by, &filter, None, 100).await.unwrap().rows
}
