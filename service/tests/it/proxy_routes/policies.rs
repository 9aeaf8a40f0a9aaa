//! Policies: what they say, and in which order they come.

use entity::proxy::qos_policy;
use plimsoll::retry::BoxFuture;
use sea_orm::{ActiveValue::Set, DatabaseConnection, EntityTrait, PaginatorTrait, sea_query::Expr};
use serde_json::json;
use service::{
    Error, Result, World,
    audit::audited,
    proxy::qos,
    records,
    rights::{CreateProxies, ReadProxies, UpdateProxies},
};

use super::{Place, place, serve};
use crate::people::admin;

plimsoll::on_every_database!(migration::app:
    a_policy_says_all_that_can_be_said,
    a_policy_that_limits_by_nonsense_is_refused,
    a_policy_is_in_the_cluster_of_its_service,
    what_comes_first_is_listed_first,
    a_priority_that_was_written_behind_the_program_is_told,
);

fn policy(place: &Place, name: &str) -> qos_policy::ActiveModel {
    qos_policy::ActiveModel {
        service_id: Set(place.service_id),
        cluster_id: Set(place.cluster_id),
        name: Set(name.to_owned()),
        ..Default::default()
    }
}

async fn add(db: &DatabaseConnection, row: qos_policy::ActiveModel) -> Result<qos_policy::Model> {
    let by = &admin::<CreateProxies>(db).await;
    let row = &row;
    audited(db, &World::system(), |unit, _| {
        Box::pin(records::create::<qos_policy::Entity>(unit, by, row.clone())) as BoxFuture<'_, _>
    })
    .await
}

async fn change(
    db: &DatabaseConnection,
    id: i64,
    changes: qos_policy::ActiveModel,
) -> Result<qos_policy::Model> {
    let by = &admin::<UpdateProxies>(db).await;
    let changes = &changes;
    audited(db, &World::system(), |unit, _| {
        let changes = changes.clone();
        Box::pin(records::update::<qos_policy::Entity>(unit, by, id, changes)) as BoxFuture<'_, _>
    })
    .await
}

fn names(rows: Vec<qos_policy::Model>) -> Vec<String> {
    rows.into_iter().map(|row| row.name).collect()
}

async fn a_policy_says_all_that_can_be_said(db: &DatabaseConnection) {
    let place = place(db, "north").await;

    let by_itself = add(db, policy(&place, "by itself")).await.unwrap();
    let of_nothing = qos_policy::ActiveModel {
        bandwidth_config: Set(json!({})),
        priority_config: Set(json!({})),
        ..policy(&place, "of nothing")
    };
    let of_nothing = add(db, of_nothing).await.unwrap();
    let first = qos_policy::ActiveModel {
        priority_config: Set(json!({"priority": "P0", "dscp_marking": "EF"})),
        ..Default::default()
    };
    let changed = change(db, by_itself.id, first).await.unwrap();

    assert_eq!(of_nothing.bandwidth_config, by_itself.bandwidth_config);
    assert_eq!(of_nothing.priority_config, by_itself.priority_config);
    assert_eq!(
        changed.priority_config,
        json!({"priority": "P0", "weight": 1, "max_latency_ms": 100, "dscp_marking": "EF"})
    );
}

async fn a_policy_that_limits_by_nonsense_is_refused(db: &DatabaseConnection) {
    let place = place(db, "north").await;
    let row = add(db, policy(&place, "good")).await.unwrap();

    for (bandwidth, priority, kind) in [
        (json!({"ingress_mbps": 0}), json!({}), "bandwidth_config"),
        (json!({"ingress": 1}), json!({}), "bandwidth_config"),
        (json!({}), json!({"priority": "P9"}), "priority_config"),
        (json!({}), json!([]), "priority_config"),
    ] {
        let said = qos_policy::ActiveModel {
            bandwidth_config: Set(bandwidth),
            priority_config: Set(priority),
            ..Default::default()
        };
        let wrong = qos_policy::ActiveModel {
            service_id: Set(place.service_id),
            cluster_id: Set(place.cluster_id),
            name: Set("wrong".to_owned()),
            ..said.clone()
        };

        for refused in [add(db, wrong).await, change(db, row.id, said).await] {
            assert!(
                matches!(&refused, Err(Error::Invalid { kind: of, .. }) if *of == kind),
                "{refused:?}"
            );
        }
    }
    let nameless = add(db, policy(&place, "")).await;
    assert!(matches!(nameless, Err(Error::Invalid { .. })), "{nameless:?}");
    assert_eq!(qos_policy::Entity::find().count(db).await.unwrap(), 1);
}

async fn a_policy_is_in_the_cluster_of_its_service(db: &DatabaseConnection) {
    let (north, south) = (place(db, "north").await, place(db, "south").await);
    let row = add(db, policy(&south, "good")).await.unwrap();
    let across = Place { service_id: south.service_id, ..north };

    let refused = add(db, policy(&across, "across")).await;
    let cluster_id = Set(across.cluster_id);
    let moved = qos_policy::ActiveModel { cluster_id, ..Default::default() };
    let moved = change(db, row.id, moved).await;

    for refused in [refused, moved] {
        assert!(matches!(refused, Err(Error::Invalid { kind: "cluster_id", .. })), "{refused:?}");
    }
    assert_eq!(qos_policy::Entity::find().count(db).await.unwrap(), 1);
}

async fn what_comes_first_is_listed_first(db: &DatabaseConnection) {
    let (north, south) = (place(db, "north").await, place(db, "south").await);
    let second = serve(db, north.cluster_id, "second").await;
    let second = Place { service_id: second, key: String::new(), ..north };
    let of = |priority: &str, weight: i32| json!({"priority": priority, "weight": weight});
    let mut ids = Vec::new();
    for (place, name, said) in [
        (&north, "bulk", of("P3", 100)),
        (&north, "light", of("P1", 1)),
        (&second, "heavy", of("P1", 50)),
        (&north, "voice", of("P0", 1)),
        (&north, "light too", of("P1", 1)),
        (&south, "elsewhere", of("P0", 100)),
        (&north, "off", of("P0", 99)),
    ] {
        let row = qos_policy::ActiveModel { priority_config: Set(said), ..policy(place, name) };
        ids.push(add(db, row).await.unwrap().id);
    }
    let off = qos_policy::ActiveModel { enabled: Set(false), ..Default::default() };
    change(db, ids[6], off).await.unwrap();
    let by = admin::<ReadProxies>(db).await;

    let of_cluster = qos::in_order(db, &by, north.cluster_id).await.unwrap();
    let of_service = qos::in_order_of_service(db, &by, north.service_id).await.unwrap();

    assert_eq!(names(of_cluster), ["voice", "heavy", "light", "light too", "bulk"]);
    assert_eq!(names(of_service), ["voice", "light", "light too", "bulk"]);
    assert!(qos::in_order(db, &by, 404).await.unwrap().is_empty());
}

async fn a_priority_that_was_written_behind_the_program_is_told(db: &DatabaseConnection) {
    let place = place(db, "north").await;
    add(db, policy(&place, "voice")).await.unwrap();
    qos_policy::Entity::update_many()
        .col_expr(qos_policy::Column::PriorityConfig, Expr::value(json!({"priority": "high"})))
        .exec(db)
        .await
        .unwrap();

    let by = admin::<ReadProxies>(db).await;
    let malformed = qos::in_order(db, &by, place.cluster_id).await;

    assert!(matches!(malformed, Err(Error::Malformed { kind: "policy", .. })), "{malformed:?}");
}
