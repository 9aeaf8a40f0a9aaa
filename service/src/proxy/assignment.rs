//! Who is assigned to which cluster and service.
//!
//! What is withdrawn stays as a row that gives nothing; whoever is assigned again has it back.

mod sight;

pub use entity::proxy::user_cluster_assignment::ClusterRole;
use entity::{
    identity::user,
    proxy::{cluster, service, user_cluster_assignment, user_service_assignment},
};
use sea_orm::{
    ActiveEnum as _, ActiveModelTrait as _,
    ActiveValue::{Set, Unchanged},
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QuerySelect as _,
};
use serde_json::json;

pub use self::sight::{
    Sight, may_see, of_cluster, of_service, role_in, visible_clusters, visible_services,
};
use crate::{
    Error, Result,
    audit::Audited,
    page::{self, Cursor, Order, Page},
    records,
    rights::{Actor, AssignProxies, Granted, ReadProxies},
};

/// Assigns a person to a cluster, as that and no more as what they were before.
///
/// # Errors
/// [`Error::NotFound`] if there is no such cluster or person.
pub async fn assign_cluster(
    unit: &Audited<'_>,
    by: &Granted<AssignProxies>,
    cluster_id: i64,
    user_id: i64,
    role: ClusterRole,
) -> Result<user_cluster_assignment::Model> {
    use user_cluster_assignment::ActiveModel;

    let cluster = records::locked::<cluster::Entity>(unit.tx(), cluster_id).await?;
    is_person(unit.tx(), user_id).await?;
    let said = ActiveModel {
        assigned_by_id: Set(by.actor().map(Actor::user_id)),
        role: Set(role),
        is_active: Set(true),
        assigned_at: Set(unit.now()),
        ..Default::default()
    };
    let assigned = match to_cluster(unit.tx(), cluster_id, user_id).await? {
        Some(before) => ActiveModel { id: Unchanged(before.id), ..said }.update(unit.tx()).await?,
        None => {
            ActiveModel { user_id: Set(user_id), cluster_id: Set(cluster_id), ..said }
                .insert(unit.tx())
                .await?
        }
    };
    let details = json!({"user_id": user_id, "role": role.to_value()});
    unit.record(records::did::<cluster::Entity>(by.to(), "assign", &cluster).with(details));
    Ok(assigned)
}

/// Takes a cluster from a person. One that they have not stays so.
///
/// # Errors
/// [`Error::NotFound`] if there is no such cluster.
pub async fn withdraw_cluster(
    unit: &Audited<'_>,
    by: &Granted<AssignProxies>,
    cluster_id: i64,
    user_id: i64,
) -> Result<()> {
    let cluster = records::locked::<cluster::Entity>(unit.tx(), cluster_id).await?;
    let assigned = to_cluster(unit.tx(), cluster_id, user_id).await?;
    if let Some(assigned) = assigned.filter(|assigned| assigned.is_active) {
        let mut row = assigned.into_active_model();
        row.is_active = Set(false);
        row.update(unit.tx()).await?;
        let deed = records::did::<cluster::Entity>(by.to(), "withdraw", &cluster);
        unit.record(deed.with(json!({"user_id": user_id})));
    }
    Ok(())
}

/// Who is assigned to a cluster now: at most `limit` of them, in the order in which they came, from
/// the beginning or from where a page before ended.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn list_cluster(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadProxies>,
    cluster_id: i64,
    from: Option<Cursor>,
    limit: u64,
) -> Result<Page<user_cluster_assignment::Model>> {
    use user_cluster_assignment::{Column, Entity, Model};

    let rows = Entity::find().filter(Column::ClusterId.eq(cluster_id));
    let rows = rows.filter(Column::IsActive.eq(true));
    page::of(db, rows, (Column::Id, |row: &Model| row.id), Order::OldestFirst, from, limit).await
}

/// Assigns a person to a service.
///
/// # Errors
/// [`Error::NotFound`] if there is no such service or person.
pub async fn assign_service(
    unit: &Audited<'_>,
    by: &Granted<AssignProxies>,
    service_id: i64,
    user_id: i64,
) -> Result<user_service_assignment::Model> {
    use user_service_assignment::ActiveModel;

    let service = records::locked::<service::Entity>(unit.tx(), service_id).await?;
    is_person(unit.tx(), user_id).await?;
    let said = ActiveModel {
        assigned_by_id: Set(by.actor().map(Actor::user_id)),
        is_active: Set(true),
        assigned_at: Set(unit.now()),
        ..Default::default()
    };
    let assigned = match to_service(unit.tx(), service_id, user_id).await? {
        Some(before) => ActiveModel { id: Unchanged(before.id), ..said }.update(unit.tx()).await?,
        None => {
            ActiveModel { user_id: Set(user_id), service_id: Set(service_id), ..said }
                .insert(unit.tx())
                .await?
        }
    };
    let deed = records::did::<service::Entity>(by.to(), "assign", &service);
    unit.record(deed.with(json!({"user_id": user_id})));
    Ok(assigned)
}

/// Takes a service from a person. One that they have not stays so, and so does what their cluster
/// shows them.
///
/// # Errors
/// [`Error::NotFound`] if there is no such service.
pub async fn withdraw_service(
    unit: &Audited<'_>,
    by: &Granted<AssignProxies>,
    service_id: i64,
    user_id: i64,
) -> Result<()> {
    let service = records::locked::<service::Entity>(unit.tx(), service_id).await?;
    let assigned = to_service(unit.tx(), service_id, user_id).await?;
    if let Some(assigned) = assigned.filter(|assigned| assigned.is_active) {
        let mut row = assigned.into_active_model();
        row.is_active = Set(false);
        row.update(unit.tx()).await?;
        let deed = records::did::<service::Entity>(by.to(), "withdraw", &service);
        unit.record(deed.with(json!({"user_id": user_id})));
    }
    Ok(())
}

/// Who is assigned to a service now, apart from who sees it by its cluster: at most `limit` of
/// them, as [`list_cluster`] does.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn list_service(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadProxies>,
    service_id: i64,
    from: Option<Cursor>,
    limit: u64,
) -> Result<Page<user_service_assignment::Model>> {
    use user_service_assignment::{Column, Entity, Model};

    let rows = Entity::find().filter(Column::ServiceId.eq(service_id));
    let rows = rows.filter(Column::IsActive.eq(true));
    page::of(db, rows, (Column::Id, |row: &Model| row.id), Order::OldestFirst, from, limit).await
}

async fn is_person(tx: &DatabaseTransaction, user_id: i64) -> Result<()> {
    match user::Entity::find_by_id(user_id).one(tx).await? {
        Some(_) => Ok(()),
        None => Err(Error::not_found("user", user_id.to_string())),
    }
}

/// The row of a person and a cluster that is held, in use or withdrawn.
async fn to_cluster(
    tx: &DatabaseTransaction,
    cluster_id: i64,
    user_id: i64,
) -> Result<Option<user_cluster_assignment::Model>> {
    use user_cluster_assignment::{Column, Entity};

    let row = Entity::find().filter(Column::UserId.eq(user_id));
    Ok(row.filter(Column::ClusterId.eq(cluster_id)).lock_exclusive().one(tx).await?)
}

/// The row of a person and a service that is held, in use or withdrawn.
async fn to_service(
    tx: &DatabaseTransaction,
    service_id: i64,
    user_id: i64,
) -> Result<Option<user_service_assignment::Model>> {
    use user_service_assignment::{Column, Entity};

    let row = Entity::find().filter(Column::UserId.eq(user_id));
    Ok(row.filter(Column::ServiceId.eq(service_id)).lock_exclusive().one(tx).await?)
}
