//! Who is assigned to which cluster and service.
//!
//! What is withdrawn stays as a row that gives nothing; whoever is assigned again has it back.

mod row;
mod sight;

pub use entity::proxy::user_cluster_assignment::ClusterRole;
use entity::proxy::{user_cluster_assignment, user_service_assignment};
use sea_orm::{ActiveEnum as _, ConnectionTrait};
use serde_json::json;

pub use self::sight::{
    Sight, may_see, of_cluster, of_service, role_in, visible_clusters, visible_services,
};
use crate::{
    Result,
    audit::Audited,
    page::{Cursor, Page},
    rights::{AssignProxies, Granted, ReadProxies},
};

/// Assigns a person to a cluster, as that and no more as what they were before.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such cluster or person.
pub async fn assign_cluster(
    unit: &Audited<'_>,
    by: &Granted<AssignProxies>,
    cluster_id: i64,
    user_id: i64,
    role: ClusterRole,
) -> Result<user_cluster_assignment::Model> {
    use user_cluster_assignment::{Column, Entity};

    let word = role.to_value();
    let details = json!({"user_id": user_id, "role": word});
    let said = (Column::Role, word.into());
    row::assign::<Entity>(unit, by, (cluster_id, user_id), Some(said), details).await
}

/// Takes a cluster from a person. One that they have not stays so.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such cluster.
pub async fn withdraw_cluster(
    unit: &Audited<'_>,
    by: &Granted<AssignProxies>,
    cluster_id: i64,
    user_id: i64,
) -> Result<()> {
    row::withdraw::<user_cluster_assignment::Entity>(unit, by, (cluster_id, user_id)).await
}

/// Who is assigned to a cluster now: at most `limit` of them, in the order in which they came, from
/// the beginning or from where a page before ended.
///
/// # Errors
/// Only [`Error::Database`](crate::Error::Database).
pub async fn list_cluster(
    db: &impl ConnectionTrait,
    by: &Granted<ReadProxies>,
    cluster_id: i64,
    from: Option<Cursor>,
    limit: u64,
) -> Result<Page<user_cluster_assignment::Model>> {
    row::list::<user_cluster_assignment::Entity>(db, by, cluster_id, from, limit).await
}

/// Assigns a person to a service.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such service or person.
pub async fn assign_service(
    unit: &Audited<'_>,
    by: &Granted<AssignProxies>,
    service_id: i64,
    user_id: i64,
) -> Result<user_service_assignment::Model> {
    use user_service_assignment::Entity;

    let details = json!({"user_id": user_id});
    row::assign::<Entity>(unit, by, (service_id, user_id), None, details).await
}

/// Takes a service from a person. One that they have not stays so, and so does what their cluster
/// shows them.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such service.
pub async fn withdraw_service(
    unit: &Audited<'_>,
    by: &Granted<AssignProxies>,
    service_id: i64,
    user_id: i64,
) -> Result<()> {
    row::withdraw::<user_service_assignment::Entity>(unit, by, (service_id, user_id)).await
}

/// Who is assigned to a service now, apart from who sees it by its cluster: at most `limit` of
/// them, as [`list_cluster`] does.
///
/// # Errors
/// Only [`Error::Database`](crate::Error::Database).
pub async fn list_service(
    db: &impl ConnectionTrait,
    by: &Granted<ReadProxies>,
    service_id: i64,
    from: Option<Cursor>,
    limit: u64,
) -> Result<Page<user_service_assignment::Model>> {
    row::list::<user_service_assignment::Entity>(db, by, service_id, from, limit).await
}
