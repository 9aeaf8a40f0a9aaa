//! What is measured and logged goes when it is older than the settings say.

use chrono::{TimeDelta, Utc};
use entity::{
    access::{access_agent, shell_session},
    proxy::{cluster, proxy_metric, proxy_server},
    settings::application_setting,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait,
    PaginatorTrait, QueryFilter, sea_query::Expr,
};
use service::{Error, World, retention, rights::UpdateSettings, settings};

use crate::people::{admin, person};

plimsoll::on_every_database!(migration::app:
    rows_that_are_too_old_go_in_batches_and_the_others_stay,
    none_go_while_the_setting_is_nought,
    a_setting_that_is_no_number_of_days_removes_nothing,
    shells_that_ended_long_ago_go_when_a_setting_says_so_and_open_ones_stay,
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
    let key = "retention.alert_history_days";
    for days in [-1, 65_536, i64::MAX] {
        let refused = settings::set(db, &by, &world, key, days).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
        // Written behind the program.
        application_setting::Entity::update_many()
            .col_expr(application_setting::Column::Value, Expr::value(days.to_string()))
            .filter(application_setting::Column::Key.eq(key))
            .exec(db)
            .await
            .unwrap();

        let refused = retention::prune(db, &world).await;

        assert!(matches!(refused, Err(Error::Malformed { kind: "setting", .. })), "{refused:?}");
        assert_eq!(left(db).await, 4);
    }
    settings::set(db, &by, &world, key, 65_535_i64).await.unwrap();
    retention::prune(db, &world).await.unwrap();
}

async fn shells_that_ended_long_ago_go_when_a_setting_says_so_and_open_ones_stay(
    db: &DatabaseConnection,
) {
    let ana = person(db, "ana", &[]).await;
    let agent = access_agent::ActiveModel {
        agent_id: Set("web-1".to_owned()),
        hostname: Set("web-1.example.org".to_owned()),
        ..Default::default()
    };
    let agent = agent.insert(db).await.unwrap();
    let ago = |days: i64| Utc::now() - TimeDelta::days(days);
    for (name, ended_at) in [("old", Some(ago(31))), ("young", Some(ago(29))), ("open", None)] {
        let session = shell_session::ActiveModel {
            user_id: Set(ana.id),
            agent_id: Set(agent.id),
            session_id: Set(name.to_owned()),
            resource_type: Set("cloud_machine".to_owned()),
            resource_id: Set("7".to_owned()),
            session_type: Set("ssh".to_owned()),
            reason: Set("the disk is full".to_owned()),
            started_at: Set(ago(90)),
            ended_at: Set(ended_at),
            ..Default::default()
        };
        session.insert(db).await.unwrap();
    }
    let (by, world) = (admin::<UpdateSettings>(db).await, World::system());
    let key = "retention.shell_sessions_days";

    retention::prune(db, &world).await.unwrap();
    let kept = shell_session::Entity::find().count(db).await.unwrap();
    settings::set(db, &by, &world, key, 30_i64).await.unwrap();
    retention::prune(db, &world).await.unwrap();

    assert_eq!(kept, 3);
    let left = shell_session::Entity::find().all(db).await.unwrap();
    let mut left: Vec<_> = left.iter().map(|session| session.session_id.as_str()).collect();
    left.sort_unstable();
    assert_eq!(left, ["open", "young"]);
}
