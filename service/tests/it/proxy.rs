//! Clusters of proxies, what comes into them, and who sees it.

mod behind;
mod servers;
mod sight;

use entity::{
    audit::system_log,
    proxy::{cluster as clusters, proxy_server},
};
use plimsoll::retry::BoxFuture;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter,
};
use secrecy::ExposeSecret;
use service::{
    Error, Result, World,
    audit::audited,
    proxy::{
        cluster::{self, Made, NewCluster},
        server::{self, Metrics, NewProxy},
    },
    records,
    rights::{Actor, CreateProxies, DeleteProxies, UpdateProxies},
    rule::Rule,
};

use crate::people::admin;
use crate::worlds::world;

plimsoll::on_every_database!(migration::app:
    a_cluster_knows_only_the_hash_of_its_key,
    a_new_key_shuts_out_whoever_has_the_one_before,
    a_cluster_without_a_key_lets_nobody_in,
    a_cluster_logs_to_a_host_and_a_port,
    one_cluster_is_the_default_and_stays_in_use,
);

async fn make_of(db: &DatabaseConnection, new: NewCluster) -> Result<Made> {
    let by = &admin::<CreateProxies>(db).await;
    let (world, new) = (&World::system(), &new);
    audited(db, world, |unit, _| {
        Box::pin(cluster::create(unit, by, world, new.clone())) as BoxFuture<'_, _>
    })
    .await
}

/// A cluster, and its key.
async fn make(db: &DatabaseConnection, name: &str) -> (clusters::Model, String) {
    let new = NewCluster { name: name.to_owned(), ..NewCluster::default() };
    let made = make_of(db, new).await.unwrap();
    (made.cluster, made.key.expose_secret().to_owned())
}

async fn new_key(db: &DatabaseConnection, id: i64) -> Result<Made> {
    let by = &admin::<UpdateProxies>(db).await;
    let world = &World::system();
    audited(db, world, |unit, _| {
        Box::pin(cluster::new_key(unit, by, world, id)) as BoxFuture<'_, _>
    })
    .await
}

async fn make_default(db: &DatabaseConnection, id: i64) -> Result<clusters::Model> {
    let by = &admin::<UpdateProxies>(db).await;
    audited(db, &World::system(), |unit, _| Box::pin(cluster::make_default(unit, by, id))).await
}

async fn change_cluster(
    db: &DatabaseConnection,
    id: i64,
    changes: clusters::ActiveModel,
) -> Result<clusters::Model> {
    let by = &admin::<UpdateProxies>(db).await;
    let changes = &changes;
    audited(db, &World::system(), |unit, _| {
        let changes = changes.clone();
        Box::pin(records::update::<clusters::Entity>(unit, by, id, changes)) as BoxFuture<'_, _>
    })
    .await
}

async fn put_out_of_use(db: &DatabaseConnection, id: i64) -> Result<clusters::Model> {
    let off = clusters::ActiveModel { is_active: Set(false), ..Default::default() };
    change_cluster(db, id, off).await
}

async fn limit_to(db: &DatabaseConnection, id: i64, max_proxies: i32) {
    let limit = clusters::ActiveModel { max_proxies: Set(max_proxies), ..Default::default() };
    change_cluster(db, id, limit).await.unwrap();
}

fn proxy(name: &str) -> NewProxy {
    NewProxy {
        name: name.to_owned(),
        hostname: format!("{name}.example.org"),
        ip_address: "192.0.2.1".parse().unwrap(),
        port: 8443,
        version: Some("1.2.0".to_owned()),
        capabilities: vec!["http3".to_owned(), "xdp".to_owned()],
    }
}

async fn register(db: &DatabaseConnection, key: &str, name: &str) -> Result<proxy_server::Model> {
    server::register(db, &World::system(), key, proxy(name)).await
}

async fn proxies_in(db: &DatabaseConnection, cluster_id: i64) -> u64 {
    let inside = proxy_server::Column::ClusterId.eq(cluster_id);
    proxy_server::Entity::find().filter(inside).count(db).await.unwrap()
}

async fn told(db: &DatabaseConnection, action: &str) -> u64 {
    let of_action = system_log::Column::Action.eq(action);
    system_log::Entity::find().filter(of_action).count(db).await.unwrap()
}

async fn a_cluster_knows_only_the_hash_of_its_key(db: &DatabaseConnection) {
    let new = NewCluster {
        name: "north".to_owned(),
        syslog_endpoint: Some("logs.example.org:514".to_owned()),
        log_debug: Some(true),
        max_proxies: Some(2),
        ..NewCluster::default()
    };

    let made = make_of(db, new.clone()).await.unwrap();
    let again = make_of(db, new).await;

    let key = made.key.expose_secret();
    assert!(key.starts_with("plc_"), "{key}");
    assert_eq!(made.cluster.api_key_hash.as_ref().unwrap().expose().len(), 64);
    assert!(!format!("{made:?}").contains(&key[4..]));
    let Made { cluster, .. } = &made;
    assert_eq!((cluster.max_proxies, cluster.log_debug), (2, true));
    assert_eq!((cluster.log_auth, cluster.is_default), (true, false));
    let boss = admin::<CreateProxies>(db).await;
    assert_eq!(cluster.created_by_id, boss.actor().map(Actor::user_id));
    assert!(matches!(again, Err(Error::AlreadyExists { kind: "cluster", .. })), "{again:?}");
    assert_eq!(told(db, "create").await, 1);
}

async fn a_new_key_shuts_out_whoever_has_the_one_before(db: &DatabaseConnection) {
    let (cluster, old) = make(db, "north").await;
    register(db, &old, "p1").await.unwrap();

    let made = new_key(db, cluster.id).await.unwrap();

    let shut_out = register(db, &old, "p1").await;
    assert!(matches!(shut_out, Err(Error::Unauthenticated)), "{shut_out:?}");
    let silent = server::report(db, &World::system(), &old, "p1", Metrics::default()).await;
    assert!(matches!(silent, Err(Error::Unauthenticated)), "{silent:?}");
    register(db, made.key.expose_secret(), "p1").await.unwrap();
    let missing = new_key(db, 404).await;
    assert!(matches!(missing, Err(Error::NotFound { kind: "cluster", .. })), "{missing:?}");
    assert_eq!(told(db, "new_key").await, 1);
}

async fn a_cluster_without_a_key_lets_nobody_in(db: &DatabaseConnection) {
    let (other, key) = make(db, "north").await;
    let by = &admin::<CreateProxies>(db).await;
    let row = &clusters::ActiveModel { name: Set("south".to_owned()), ..Default::default() };
    let plain: clusters::Model = audited(db, &World::system(), |unit, _| {
        Box::pin(records::create::<clusters::Entity>(unit, by, row.clone())) as BoxFuture<'_, _>
    })
    .await
    .unwrap();
    assert_eq!(plain.api_key_hash, None);

    register(db, &key, "p1").await.unwrap();
    let first = new_key(db, plain.id).await.unwrap();
    register(db, first.key.expose_secret(), "p2").await.unwrap();

    assert_eq!((proxies_in(db, other.id).await, proxies_in(db, plain.id).await), (1, 1));
}

async fn a_cluster_logs_to_a_host_and_a_port(db: &DatabaseConnection) {
    let (cluster, _) = make(db, "north").await;

    for wrong in ["logs", "logs:0", "udp://logs:514"] {
        let new = NewCluster {
            name: "south".to_owned(),
            syslog_endpoint: Some(wrong.to_owned()),
            ..NewCluster::default()
        };
        let refused = make_of(db, new).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{wrong}: {refused:?}");
        let endpoint = Set(Some(wrong.to_owned()));
        let changes = clusters::ActiveModel { syslog_endpoint: endpoint, ..Default::default() };
        let refused = change_cluster(db, cluster.id, changes).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{wrong}: {refused:?}");
    }
    let endpoint = Set(Some("[2001:db8::1]:6514".to_owned()));
    let changes = clusters::ActiveModel { syslog_endpoint: endpoint, ..Default::default() };
    change_cluster(db, cluster.id, changes).await.unwrap();
    let none = clusters::ActiveModel { syslog_endpoint: Set(None), ..Default::default() };
    change_cluster(db, cluster.id, none).await.unwrap();
}

async fn one_cluster_is_the_default_and_stays_in_use(db: &DatabaseConnection) {
    let (north, _) = make(db, "north").await;
    let (south, _) = make(db, "south").await;
    make_default(db, north.id).await.unwrap();

    let stays = put_out_of_use(db, north.id).await;
    make_default(db, south.id).await.unwrap();
    put_out_of_use(db, north.id).await.unwrap();
    let inactive = make_default(db, north.id).await;
    let plainly = clusters::ActiveModel { is_default: Set(true), ..Default::default() };
    let plainly = change_cluster(db, north.id, plainly).await;

    assert!(matches!(stays, Err(Error::Refused { rule: Rule::InUse, .. })), "{stays:?}");
    assert!(matches!(inactive, Err(Error::Refused { rule: Rule::Inactive, .. })), "{inactive:?}");
    assert!(matches!(plainly, Err(Error::Invalid { .. })), "{plainly:?}");
    let defaults = clusters::Entity::find().filter(clusters::Column::IsDefault.eq(true));
    let found = defaults.clone().all(db).await.unwrap();
    assert_eq!(found.iter().map(|cluster| cluster.id).collect::<Vec<_>>(), [south.id]);
    // Who removes it has none, until they choose another.
    let by = &admin::<DeleteProxies>(db).await;
    audited(db, &World::system(), |unit, _| {
        Box::pin(records::delete::<clusters::Entity>(unit, by, south.id)) as BoxFuture<'_, _>
    })
    .await
    .unwrap();
    assert_eq!(defaults.count(db).await.unwrap(), 0);
}
