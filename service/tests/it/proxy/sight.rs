//! Who is assigned to which cluster and service, and sees it.

use std::collections::BTreeSet;

use entity::{identity::user, proxy::user_cluster_assignment};
use futures_util::future::join_all;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, DatabaseConnection, EntityTrait, IntoActiveModel,
};
use service::{
    Error, Result, World,
    audit::audited,
    proxy::assignment::{self, ClusterRole, Sight},
    rights::{Actor, AssignProxies, ReadProxies},
};

use super::{
    behind::{add_service, service_of},
    make, told,
};
use crate::people::{admin, person};

plimsoll::on_every_database!(migration::app:
    people_see_the_clusters_that_they_are_assigned_to,
    people_see_services_by_their_clusters_and_alone,
    an_api_key_sees_with_its_scope_alone,
    somebody_who_is_assigned_several_times_at_once_is_so_once,
);

async fn actor(db: &DatabaseConnection, name: &str) -> Actor {
    Actor::of(&person(db, name, &[]).await)
}

async fn assign(
    db: &DatabaseConnection,
    cluster_id: i64,
    user_id: i64,
    role: ClusterRole,
) -> Result<user_cluster_assignment::Model> {
    let by = &admin::<AssignProxies>(db).await;
    audited(db, &World::system(), |unit, _| {
        Box::pin(assignment::assign_cluster(unit, by, cluster_id, user_id, role))
    })
    .await
}

async fn withdraw(db: &DatabaseConnection, cluster_id: i64, user_id: i64) {
    let by = &admin::<AssignProxies>(db).await;
    audited(db, &World::system(), |unit, _| {
        Box::pin(assignment::withdraw_cluster(unit, by, cluster_id, user_id))
    })
    .await
    .unwrap();
}

async fn people_see_the_clusters_that_they_are_assigned_to(db: &DatabaseConnection) {
    let mut ids = Vec::new();
    for name in ["north", "south", "east", "west"] {
        ids.push(make(db, name).await.0.id);
    }
    let (ana, bo) = (actor(db, "ana").await, actor(db, "bo").await);
    for (id, role) in [(ids[0], ClusterRole::Viewer), (ids[1], ClusterRole::Admin)] {
        assign(db, id, ana.user_id(), role).await.unwrap();
    }
    assign(db, ids[2], bo.user_id(), ClusterRole::ServiceOwner).await.unwrap();
    assign(db, ids[3], ana.user_id(), ClusterRole::Viewer).await.unwrap();
    withdraw(db, ids[3], ana.user_id()).await;
    withdraw(db, ids[3], ana.user_id()).await;

    let first = assignment::visible_clusters(db, &ana, None, 1).await.unwrap();
    let second = assignment::visible_clusters(db, &ana, first.next, 1).await.unwrap();

    assert_eq!((first.rows[0].id, second.rows[0].id, second.next), (ids[0], ids[1], None));
    assert_eq!(assignment::role_in(db, &ana, ids[1]).await.unwrap(), Some(ClusterRole::Admin));
    for (id, sees) in ids.iter().zip([true, true, false, false]) {
        assert_eq!(assignment::may_see(db, &ana, *id).await.unwrap(), sees, "{id}");
    }
    let sight = assignment::of_cluster(db, &ana, ids[0]).await.unwrap();
    assert_eq!(sight.to_string(), "sees it as `viewer` of the cluster");
    let hidden = assignment::of_cluster(db, &ana, ids[3]).await.unwrap();
    assert_eq!(hidden.to_string(), "does not see it: nothing that they have shows it");
    let boss = admin::<ReadProxies>(db).await;
    let all = assignment::of_cluster(db, boss.actor().unwrap(), ids[3]).await.unwrap();
    assert_eq!(all.to_string(), "sees it, because `proxy:read` shows all clusters");

    let changed = assign(db, ids[0], ana.user_id(), ClusterRole::ServiceOwner).await.unwrap();
    let back = assign(db, ids[3], ana.user_id(), ClusterRole::Viewer).await.unwrap();
    assert_eq!((changed.role, back.is_active), (ClusterRole::ServiceOwner, true));
    assert_eq!(changed.assigned_by_id, boss.actor().map(Actor::user_id));
    let listed = assignment::list_cluster(db, &boss, ids[0], None, 10).await.unwrap();
    assert_eq!(listed.rows, [changed]);
    assert_eq!((told(db, "assign").await, told(db, "withdraw").await), (6, 1));
    let nobody = assign(db, ids[0], 404, ClusterRole::Viewer).await;
    assert!(matches!(nobody, Err(Error::NotFound { kind: "user", .. })), "{nobody:?}");
    let nowhere = assign(db, 404, ana.user_id(), ClusterRole::Viewer).await;
    assert!(matches!(nowhere, Err(Error::NotFound { kind: "cluster", .. })), "{nowhere:?}");

    let row = user::Entity::find_by_id(ana.user_id()).one(db).await.unwrap().unwrap();
    let mut row = row.into_active_model();
    row.is_active = Set(false);
    row.update(db).await.unwrap();
    assert!(assignment::visible_clusters(db, &ana, None, 10).await.unwrap().rows.is_empty());
    assert_eq!(assignment::role_in(db, &ana, ids[1]).await.unwrap(), None);
}

async fn people_see_services_by_their_clusters_and_alone(db: &DatabaseConnection) {
    let (north, _) = make(db, "north").await;
    let (south, _) = make(db, "south").await;
    let mut ids = Vec::new();
    for (cluster, name) in [(north.id, "a"), (north.id, "b"), (south.id, "c"), (south.id, "d")] {
        ids.push(add_service(db, service_of(cluster, name), &[]).await.unwrap().id);
    }
    let ana = actor(db, "ana").await;
    let by = &admin::<AssignProxies>(db).await;
    let world = World::system();
    assign(db, north.id, ana.user_id(), ClusterRole::Viewer).await.unwrap();
    let user_id = ana.user_id();
    // One of them twice: by its cluster, too.
    for id in [ids[0], ids[2]] {
        audited(db, &world, |unit, _| Box::pin(assignment::assign_service(unit, by, id, user_id)))
            .await
            .unwrap();
    }

    let first = assignment::visible_services(db, &ana, None, 2).await.unwrap();
    let second = assignment::visible_services(db, &ana, first.next, 2).await.unwrap();

    let seen: Vec<i64> = first.rows.iter().chain(&second.rows).map(|service| service.id).collect();
    assert_eq!((seen, second.next), (ids[..3].to_vec(), None));
    let mut why = Vec::new();
    for id in ids.iter().copied().chain([404]) {
        why.push(assignment::of_service(db, &ana, id).await.unwrap());
    }
    let viewer = Sight::Cluster(ClusterRole::Viewer);
    assert_eq!(why, [viewer, viewer, Sight::Service, Sight::Nothing, Sight::Nothing]);
    assert_eq!(why[2].to_string(), "sees it, because the service is assigned to them");
    let read = admin::<ReadProxies>(db).await;
    let listed = assignment::list_service(db, &read, ids[2], None, 10).await.unwrap();
    assert_eq!(listed.rows.iter().map(|row| row.user_id).collect::<Vec<_>>(), [user_id]);

    for id in [ids[0], ids[2], ids[3]] {
        audited(db, &world, |unit, _| {
            Box::pin(assignment::withdraw_service(unit, by, id, user_id))
        })
        .await
        .unwrap();
    }
    withdraw(db, north.id, user_id).await;
    assert!(assignment::visible_services(db, &ana, None, 10).await.unwrap().rows.is_empty());
    let listed = assignment::list_service(db, &read, ids[2], None, 10).await.unwrap();
    assert!(listed.rows.is_empty(), "{listed:?}");
    assert_eq!(told(db, "withdraw").await, 3);
}

async fn an_api_key_sees_with_its_scope_alone(db: &DatabaseConnection) {
    let (cluster, _) = make(db, "north").await;
    let service = add_service(db, service_of(cluster.id, "a"), &[]).await.unwrap();
    let ana = actor(db, "ana").await;
    assign(db, cluster.id, ana.user_id(), ClusterRole::Admin).await.unwrap();
    let of = |code: &str| ana.clone().limited_to(BTreeSet::from([code.to_owned()]));

    let (reads, other) = (of("proxy:read"), of("team:read"));

    assert_eq!(assignment::visible_clusters(db, &reads, None, 10).await.unwrap().rows.len(), 1);
    assert_eq!(assignment::visible_services(db, &reads, None, 10).await.unwrap().rows.len(), 1);
    assert!(assignment::may_see(db, &reads, cluster.id).await.unwrap());
    let refused = assignment::visible_clusters(db, &other, None, 10).await;
    assert!(matches!(refused, Err(Error::Forbidden { permission: "proxy:read" })), "{refused:?}");
    let refused = assignment::visible_services(db, &other, None, 10).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
    assert!(!assignment::may_see(db, &other, cluster.id).await.unwrap());
    assert_eq!(assignment::role_in(db, &other, cluster.id).await.unwrap(), None);
    assert_eq!(assignment::of_service(db, &other, service.id).await.unwrap(), Sight::Nothing);
    let boss = admin::<ReadProxies>(db).await.actor().unwrap().clone();
    let boss = boss.limited_to(BTreeSet::from(["team:read".to_owned()]));
    assert!(!assignment::may_see(db, &boss, cluster.id).await.unwrap());
}

async fn somebody_who_is_assigned_several_times_at_once_is_so_once(db: &DatabaseConnection) {
    for round in 0..plimsoll::testing::cases(3) {
        let (cluster, _) = make(db, &format!("cluster {round}")).await;
        let ana = actor(db, &format!("ana {round}")).await;
        let roles = [ClusterRole::Viewer, ClusterRole::Admin, ClusterRole::ServiceOwner];

        let outcomes =
            join_all(roles.map(|role| assign(db, cluster.id, ana.user_id(), role))).await;

        let ids: BTreeSet<i64> = outcomes.into_iter().map(|outcome| outcome.unwrap().id).collect();
        assert_eq!(ids.len(), 1);
        assert!(assignment::role_in(db, &ana, cluster.id).await.unwrap().is_some());
    }
}
