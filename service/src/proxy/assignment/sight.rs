//! Who sees which cluster and which service, and why.
//!
//! Whoever has [`ReadProxies`] sees all of them. Everybody else sees the clusters that they are
//! assigned to with all their services, and the services that they are assigned to alone. An API
//! key sees nothing without that right among its scopes.

use std::fmt;

use entity::{
    identity::user,
    proxy::{
        cluster, service,
        user_cluster_assignment::{self, ClusterRole},
        user_service_assignment,
    },
};
use sea_orm::{
    ActiveEnum as _, ColumnTrait as _, ConnectionTrait, EntityTrait as _, JoinType,
    QueryFilter as _, QuerySelect as _, QueryTrait, RelationTrait as _,
    sea_query::{Expr, ExprTrait as _, UnionType},
};

use crate::{
    Result,
    page::{self, Cursor, Order, Page},
    rights::{self, Actor, Held, Permission as _, ReadProxies},
};

/// Why somebody sees a cluster or a service, or that they do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// They see all clusters.
    All,
    /// They are assigned to the cluster, as that.
    Cluster(ClusterRole),
    /// They are assigned to the service.
    Service,
    /// They do not see it.
    Nothing,
}

impl fmt::Display for Sight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => write!(f, "sees it, because `{}` shows all clusters", ReadProxies::CODE),
            Self::Cluster(role) => write!(f, "sees it as `{}` of the cluster", role.to_value()),
            Self::Service => f.write_str("sees it, because the service is assigned to them"),
            Self::Nothing => f.write_str("does not see it: nothing that they have shows it"),
        }
    }
}

/// Why the actor sees a cluster.
///
/// # Errors
/// Only [`Error::Database`](crate::Error::Database).
pub async fn of_cluster(
    db: &impl ConnectionTrait,
    actor: &Actor,
    cluster_id: i64,
) -> Result<Sight> {
    let held = Held::by(db, actor.user_id()).await?;
    if actor.may_use(ReadProxies::CODE) && held.codes.contains(ReadProxies::CODE) {
        return Ok(Sight::All);
    }
    Ok(role_in(db, actor, cluster_id).await?.map_or(Sight::Nothing, Sight::Cluster))
}

/// Why the actor sees a service; one that is not there is seen by nobody.
///
/// # Errors
/// Only [`Error::Database`](crate::Error::Database).
pub async fn of_service(
    db: &impl ConnectionTrait,
    actor: &Actor,
    service_id: i64,
) -> Result<Sight> {
    use user_service_assignment::{Column, Entity, Relation};

    let Some(service) = service::Entity::find_by_id(service_id).one(db).await? else {
        return Ok(Sight::Nothing);
    };
    let by_cluster = of_cluster(db, actor, service.cluster_id).await?;
    if by_cluster != Sight::Nothing || !actor.may_use(ReadProxies::CODE) {
        return Ok(by_cluster);
    }
    let alone = Entity::find()
        .join(JoinType::InnerJoin, Relation::User.def())
        .filter(Column::UserId.eq(actor.user_id()))
        .filter(Column::ServiceId.eq(service_id))
        .filter(Column::IsActive.eq(true))
        .filter(user::Column::IsActive.eq(true))
        .one(db)
        .await?;
    Ok(alone.map_or(Sight::Nothing, |_| Sight::Service))
}

/// Whether the actor sees a cluster.
///
/// # Errors
/// Only [`Error::Database`](crate::Error::Database).
pub async fn may_see(db: &impl ConnectionTrait, actor: &Actor, cluster_id: i64) -> Result<bool> {
    Ok(of_cluster(db, actor, cluster_id).await? != Sight::Nothing)
}

/// What the actor is in a cluster that they are assigned to. One query.
///
/// # Errors
/// Only [`Error::Database`](crate::Error::Database).
pub async fn role_in(
    db: &impl ConnectionTrait,
    actor: &Actor,
    cluster_id: i64,
) -> Result<Option<ClusterRole>> {
    use user_cluster_assignment::{Column, Entity, Relation};

    if !actor.may_use(ReadProxies::CODE) {
        return Ok(None);
    }
    let assigned = Entity::find()
        .join(JoinType::InnerJoin, Relation::User.def())
        .filter(Column::UserId.eq(actor.user_id()))
        .filter(Column::ClusterId.eq(cluster_id))
        .filter(Column::IsActive.eq(true))
        .filter(user::Column::IsActive.eq(true))
        .one(db)
        .await?;
    Ok(assigned.map(|assigned| assigned.role))
}

/// At most `limit` of the clusters that the actor is assigned to, from the beginning or from where
/// a page before ended; also those that are out of use. One query.
///
/// # Errors
/// [`Error::Forbidden`](crate::Error::Forbidden) for an API key that may not see them.
pub async fn visible_clusters(
    db: &impl ConnectionTrait,
    actor: &Actor,
    from: Option<Cursor>,
    limit: u64,
) -> Result<Page<cluster::Model>> {
    use user_cluster_assignment::{Column, Relation};

    if !actor.may_use(ReadProxies::CODE) {
        return Err(rights::refuse::<ReadProxies>(actor));
    }
    let mine = cluster::Entity::find()
        .join(JoinType::InnerJoin, Relation::Cluster.def().rev())
        .join(JoinType::InnerJoin, Relation::User.def())
        .filter(Column::UserId.eq(actor.user_id()))
        .filter(Column::IsActive.eq(true))
        .filter(user::Column::IsActive.eq(true));
    let key = (cluster::Column::Id, |cluster: &cluster::Model| cluster.id);
    page::of(db, mine, key, Order::OldestFirst, from, limit).await
}

/// At most `limit` of the services that the actor is assigned to, or to whose clusters they are,
/// from the beginning or from where a page before ended; also those that are out of use. One query.
///
/// # Errors
/// [`Error::Forbidden`](crate::Error::Forbidden) for an API key that may not see them.
pub async fn visible_services(
    db: &impl ConnectionTrait,
    actor: &Actor,
    from: Option<Cursor>,
    limit: u64,
) -> Result<Page<service::Model>> {
    if !actor.may_use(ReadProxies::CODE) {
        return Err(rights::refuse::<ReadProxies>(actor));
    }
    let by_cluster = service::Entity::find()
        .select_only()
        .column_as(service::Column::Id, "id")
        .join(JoinType::InnerJoin, service::Relation::Cluster.def())
        .join(JoinType::InnerJoin, user_cluster_assignment::Relation::Cluster.def().rev())
        .join(JoinType::InnerJoin, user_cluster_assignment::Relation::User.def())
        .filter(user_cluster_assignment::Column::UserId.eq(actor.user_id()))
        .filter(user_cluster_assignment::Column::IsActive.eq(true))
        .filter(user::Column::IsActive.eq(true));
    let alone = user_service_assignment::Entity::find()
        .select_only()
        .column_as(user_service_assignment::Column::ServiceId, "id")
        .join(JoinType::InnerJoin, user_service_assignment::Relation::User.def())
        .filter(user_service_assignment::Column::UserId.eq(actor.user_id()))
        .filter(user_service_assignment::Column::IsActive.eq(true))
        .filter(user::Column::IsActive.eq(true));
    // Joined and not asked for by `OR`, for which MariaDB would go through all services.
    let mut mine = by_cluster.into_query();
    mine.union(UnionType::Distinct, alone.into_query());
    let is_mine = Expr::col(("mine", "id")).equals((service::Entity, service::Column::Id));
    let mut services = service::Entity::find();
    QueryTrait::query(&mut services).join_subquery(JoinType::InnerJoin, mine, "mine", is_mine);
    let key = (service::Column::Id, |service: &service::Model| service.id);
    page::of(db, services, key, Order::OldestFirst, from, limit).await
}
