//! What is measured and logged goes when it is older than the settings say.

use chrono::{TimeDelta, Utc};
use entity::proxy::{cluster, proxy_metric, proxy_server};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, DatabaseConnection, EntityTrait, PaginatorTrait,
};
use service::{Error, World, retention, rights::UpdateSettings, settings};

use crate::people::admin;

plimsoll::on_every_database!(migration::app:
    rows_that_are_too_old_go_in_batches_and_the_others_stay,
    none_go_while_the_setting_is_nought,
    a_setting_that_is_no_number_of_days_removes_nothing,
);

async fn measured(db: &DatabaseConnection, old: usize, young: usize) {
    let cluster = cluster::ActiveModel { name: Set("north".to_owned()), ..Default::default() };
    let cluster = cluster.insert(db).await.unwrap();
    let proxy = proxy_server::ActiveModel {
        cluster_id: Set(cluster.id),
        name: Set("p1".to_owned()),
        hostname: Set("p1.example.org".to_owned()),
        ip_address: Set("192.0.2.1".to_owned()),
        ..Default::default()
    };
    let proxy = proxy.insert(db).await.unwrap();
    let at = |days: i64| proxy_metric::ActiveModel {
        proxy_id: Set(proxy.id),
        recorded_at: Set(Utc::now() - TimeDelta::days(days)),
        ..Default::default()
    };
    let rows = (0..old).map(|_| at(31)).chain((0..young).map(|_| at(29)));
    for some in rows.collect::<Vec<_>>().chunks(500) {
        proxy_metric::Entity::insert_many(some.to_vec()).exec_without_returning(db).await.unwrap();
    }
}

async fn left(db: &DatabaseConnection) -> u64 {
    proxy_metric::Entity::find().count(db).await.unwrap()
}

async fn rows_that_are_too_old_go_in_batches_and_the_others_stay(db: &DatabaseConnection) {
    measured(db, 2_300, 7).await;

    let pruned = retention::prune(db, &World::system()).await.unwrap();

    let metrics = pruned.iter().find(|pruned| pruned.table == "proxy_metrics").unwrap();
    assert_eq!((metrics.days, metrics.rows), (30, 2_300));
    assert_eq!(left(db).await, 7);
}

async fn none_go_while_the_setting_is_nought(db: &DatabaseConnection) {
    measured(db, 3, 1).await;
    let by = admin::<UpdateSettings>(db).await;
    let (key, world) = ("retention.proxy_metrics_days", World::system());
    settings::set(db, &by, &world, key, 0_i64).await.unwrap();

    retention::prune(db, &world).await.unwrap();

    assert_eq!(left(db).await, 4);
}

async fn a_setting_that_is_no_number_of_days_removes_nothing(db: &DatabaseConnection) {
    measured(db, 3, 1).await;
    let by = admin::<UpdateSettings>(db).await;
    let world = World::system();
    settings::set(db, &by, &world, "retention.alert_history_days", -1_i64).await.unwrap();

    let refused = retention::prune(db, &world).await;

    assert!(matches!(refused, Err(Error::Invalid { kind: "setting", .. })), "{refused:?}");
    assert_eq!(left(db).await, 4);
}
