//! LXD clusters: who is a member, and which member leads.
//!
//! A cluster has at most one leader, and one from its first member on. What changes its members
//! holds the cluster, so that of two who do so at once the second sees what the first has done.

pub use entity::cloud::lxd_cluster_member::Model;
use entity::cloud::{
    cloud_machine, lxd_cluster,
    lxd_cluster_member::{ActiveModel, Column, Entity},
};
use sea_orm::{
    ActiveValue::{self, Set},
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::Expr,
};
use serde_json::json;

use super::{Cloud, Members};
use crate::{
    Error, Result, World,
    audit::{Audited, Deed},
    records::{self, Record},
    rights::{Granted, Grantee, UpdateCloud},
    rule::Rule,
    text,
};

const KIND: &str = "LXD member";

impl Record for lxd_cluster::Entity {
    type Domain = Cloud;

    const KIND: &'static str = "LXD cluster";

    fn settle(row: &mut lxd_cluster::ActiveModel) -> Result<()> {
        fold(&mut row.status)
    }
}

/// Of a member only the address of its interface is written plainly.
impl Record for Entity {
    type Domain = Members;

    const KIND: &'static str = KIND;
    const GUARDED: &'static [Column] = &[
        Column::ClusterId,
        Column::MachineId,
        Column::MemberName,
        Column::Status,
        Column::IsLeader,
        Column::JoinedAt,
        Column::LastSeenAt,
    ];

    fn settle(row: &mut ActiveModel) -> Result<()> {
        match &row.api_url {
            Set(Some(url)) => text::address("api_url", url),
            _ => Ok(()),
        }
    }
}

/// A member to take into a cluster.
#[derive(Clone, Debug, Default)]
pub struct NewMember {
    /// What LXD calls it: 1 to 255 characters, unique in the cluster.
    pub name: String,
    /// The machine behind it, where that is one of ours.
    pub machine_id: Option<i64>,
    /// Where its own interface is reached.
    pub api_url: Option<String>,
}

/// Takes a member into a cluster; the first one leads it. The machine behind it is in the cluster
/// from then on.
///
/// # Errors
/// [`Error::NotFound`] if there is no such cluster or machine, [`Error::Invalid`] for a name or an
/// address that will not do, [`Error::AlreadyExists`] if the cluster has a member of that name,
/// [`Rule::InUse`] if the machine is a member already, there or in another cluster.
pub async fn join(
    unit: &Audited<'_>,
    by: &Granted<UpdateCloud>,
    cluster_id: i64,
    new: NewMember,
) -> Result<Model> {
    let name = name(&new.name)?;
    let members = hold(unit.tx(), cluster_id).await?;
    let machine = held_machine(unit.tx(), new.machine_id).await?;
    if let Some(machine) = &machine
        && let Some(member) = of_machine(unit.tx(), machine.id).await?
    {
        return Err(is_bound(machine.id, &member));
    }
    let row = ActiveModel {
        cluster_id: Set(cluster_id),
        machine_id: Set(new.machine_id),
        member_name: Set(name),
        api_url: Set(new.api_url),
        is_leader: Set(members.is_empty()),
        joined_at: Set(Some(unit.now())),
        ..Default::default()
    };
    let member = records::insert::<Entity>(unit.tx(), unit.now(), row).await?;
    place(unit, machine, Some(cluster_id)).await?;
    unit.record(did(by.to(), "join", &member));
    Ok(member)
}

/// Takes a member out of its cluster, and the machine behind it with it. Who leads goes last, or
/// lets another lead before.
///
/// # Errors
/// [`Error::NotFound`] if there is no such cluster or it has no such member, [`Rule::NoLeader`] if
/// the member leads others.
pub async fn leave(
    unit: &Audited<'_>,
    by: &Granted<UpdateCloud>,
    cluster_id: i64,
    member_id: i64,
) -> Result<()> {
    let members = hold(unit.tx(), cluster_id).await?;
    let member = found(&members, member_id)?;
    if member.is_leader && members.len() > 1 {
        return Err(Rule::NoLeader.refuses(format!(
            "`{}` leads LXD cluster `{cluster_id}`, which has other members",
            member.member_name
        )));
    }
    let machine = held_machine(unit.tx(), member.machine_id).await?;
    Entity::delete_by_id(member.id).exec(unit.tx()).await?;
    place(unit, machine, None).await?;
    unit.record(did(by.to(), "leave", member));
    Ok(())
}

/// Lets a member lead its cluster; who led it before does no more. Who leads already stays so.
///
/// # Errors
/// [`Error::NotFound`] if there is no such cluster or it has no such member.
pub async fn lead(
    unit: &Audited<'_>,
    by: &Granted<UpdateCloud>,
    cluster_id: i64,
    member_id: i64,
) -> Result<Model> {
    let members = hold(unit.tx(), cluster_id).await?;
    let member = found(&members, member_id)?.clone();
    if member.is_leader {
        return Ok(member);
    }
    Entity::update_many()
        .col_expr(Column::IsLeader, Expr::value(false))
        .filter(Column::ClusterId.eq(cluster_id))
        .filter(Column::IsLeader.eq(true))
        .exec(unit.tx())
        .await?;
    let mut row = member.into_active_model();
    row.is_leader = Set(true);
    let member = records::write::<Entity>(unit.tx(), unit.now(), row).await?;
    unit.record(did(by.to(), "lead", &member));
    Ok(member)
}

/// Writes down what LXD says of a member, and that it said something now. It comes often, and is
/// not in the audit log.
///
/// # Errors
/// [`Error::Invalid`] for a status that is empty or longer than 50 characters, [`Error::NotFound`]
/// if the cluster has no member of that name.
pub async fn seen(
    db: &impl ConnectionTrait,
    world: &World,
    _by: &Granted<UpdateCloud>,
    cluster_id: i64,
    member_name: &str,
    status: &str,
) -> Result<()> {
    let name = name(member_name)?;
    let mut row = ActiveModel {
        status: Set(status.to_owned()),
        last_seen_at: Set(Some(world.clock.now())),
        ..Default::default()
    };
    fold(&mut row.status)?;
    let seen = Entity::update_many()
        .set(row)
        .filter(Column::ClusterId.eq(cluster_id))
        .filter(Column::MemberName.eq(name.as_str()))
        .exec(db)
        .await?;
    if seen.rows_affected == 0 {
        return Err(Error::not_found(KIND, name));
    }
    Ok(())
}

fn name(name: &str) -> Result<String> {
    text::key("name of an LXD member", name, 255)
}

/// LXD writes `Online` in one place and `ONLINE` in another.
fn fold(status: &mut ActiveValue<String>) -> Result<()> {
    if let Set(status) = status {
        *status = text::key("status", &status.trim().to_lowercase(), 50)?;
    }
    Ok(())
}

/// The members of a cluster, in the order of their keys. Neither they nor others change until the
/// transaction ends.
async fn hold(tx: &DatabaseTransaction, cluster_id: i64) -> Result<Vec<Model>> {
    records::locked::<lxd_cluster::Entity>(tx, cluster_id).await?;
    let members = Entity::find().filter(Column::ClusterId.eq(cluster_id));
    Ok(members.order_by_asc(Column::Id).lock_exclusive().all(tx).await?)
}

fn found(members: &[Model], id: i64) -> Result<&Model> {
    let member = members.iter().find(|member| member.id == id);
    member.ok_or_else(|| Error::not_found(KIND, id.to_string()))
}

async fn held_machine(
    tx: &DatabaseTransaction,
    id: Option<i64>,
) -> Result<Option<cloud_machine::Model>> {
    match id {
        Some(id) => records::locked::<cloud_machine::Entity>(tx, id).await.map(Some),
        None => Ok(None),
    }
}

/// The member that a machine is behind. While the machine is held, it becomes no other.
pub(super) async fn of_machine(tx: &DatabaseTransaction, machine_id: i64) -> Result<Option<Model>> {
    Ok(Entity::find().filter(Column::MachineId.eq(machine_id)).one(tx).await?)
}

/// That a machine stays where its membership is.
pub(super) fn is_bound(machine_id: i64, member: &Model) -> Error {
    let Model { member_name, cluster_id, .. } = member;
    let because = format!(
        "machine `{machine_id}` is the member `{member_name}` of LXD cluster `{cluster_id}`"
    );
    Rule::InUse.refuses(because)
}

/// Puts the machine behind a member into a cluster, or out of it.
async fn place(
    unit: &Audited<'_>,
    machine: Option<cloud_machine::Model>,
    cluster_id: Option<i64>,
) -> Result<()> {
    let Some(machine) = machine else { return Ok(()) };
    let mut row = machine.into_active_model();
    row.lxd_cluster_id.set_ne(cluster_id);
    records::write::<cloud_machine::Entity>(unit.tx(), unit.now(), row).await?;
    Ok(())
}

fn did(by: &Grantee, action: &'static str, member: &Model) -> Deed {
    let details = json!({"cluster_id": member.cluster_id, "name": member.member_name});
    records::did::<Entity>(by, action, member).with(details)
}
