//! Proxies come in, report, fall silent and are put out of use.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use entity::proxy::{proxy_metric, proxy_server};
use futures_util::future::join_all;
use plimsoll::retry::BoxFuture;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter,
};
use serde_json::json;
use service::{
    Error, Result, World,
    audit::audited,
    proxy::server::{self, Metrics, NewProxy, ProxyStatus},
    records,
    rights::{CreateProxies, DeleteProxies, ReadProxies, UpdateProxies, UpdateSettings},
    rule::Rule,
    settings,
};

use super::{limit_to, make, proxies_in, proxy, put_out_of_use, register, told, world};
use crate::people::admin;

plimsoll::on_every_database!(migration::app:
    a_proxy_that_comes_again_keeps_its_place_and_says_what_it_is,
    a_key_that_is_none_lets_nobody_in,
    a_name_is_that_of_one_proxy,
    of_proxies_that_come_at_once_as_many_come_in_as_there_is_room,
    a_proxy_that_comes_several_times_at_once_has_one_row,
    a_licence_takes_the_limit_away,
    a_lower_limit_throws_nobody_out_and_who_goes_makes_room,
    who_reports_is_active_and_what_was_measured_is_kept,
    what_cannot_be_measured_is_refused_and_nothing_is_kept,
    what_people_put_out_of_use_does_not_come_back_by_itself,
    a_proxy_notes_which_configuration_it_fetched,
    who_is_silent_for_too_long_is_offline,
    what_proxies_say_is_written_by_nobody_else,
);

async fn stored(db: &DatabaseConnection, id: i64) -> proxy_server::Model {
    proxy_server::Entity::find_by_id(id).one(db).await.unwrap().unwrap()
}

async fn set_status(
    db: &DatabaseConnection,
    id: i64,
    to: ProxyStatus,
) -> Result<proxy_server::Model> {
    let by = &admin::<UpdateProxies>(db).await;
    audited(db, &World::system(), |unit, _| Box::pin(server::set_status(unit, by, id, to))).await
}

async fn set_licence(db: &DatabaseConnection, is_licensed: bool) {
    let by = admin::<UpdateSettings>(db).await;
    let (world, key) = (World::system(), "proxy.is_licensed");
    settings::set(db, &by, &world, key, is_licensed).await.unwrap();
}

async fn a_proxy_that_comes_again_keeps_its_place_and_says_what_it_is(db: &DatabaseConnection) {
    let (cluster, key) = make(db, "north").await;
    limit_to(db, cluster.id, 1).await;
    let (world, clock) = world();
    let first = server::register(db, &world, &key, proxy("p1")).await.unwrap();
    let began = first.registered_at;
    server::report(db, &world, &key, "p1", Metrics::default()).await.unwrap();
    let now = clock.advance(TimeDelta::hours(1));

    let changed = NewProxy {
        hostname: "moved.example.org".to_owned(),
        ip_address: "::ffff:192.0.2.9".parse().unwrap(),
        port: 9443,
        version: None,
        capabilities: Vec::new(),
        ..proxy("p1")
    };
    let again = server::register(db, &world, &key, changed).await.unwrap();

    assert_eq!((first.status, first.capabilities), (ProxyStatus::Pending, json!(["http3", "xdp"])));
    assert_eq!((again.id, again.cluster_id, again.registered_at), (first.id, cluster.id, began));
    assert_eq!((&*again.hostname, &*again.ip_address), ("moved.example.org", "192.0.2.9"));
    assert_eq!((again.port, again.version, again.capabilities), (9443, None, json!([])));
    assert_eq!((again.status, again.last_seen_at), (ProxyStatus::Pending, Some(now)));
    assert_eq!(proxies_in(db, cluster.id).await, 1);
    // Who starts again changes nothing about who may get in.
    assert_eq!(told(db, "register").await, 1);
    for wrong in ["", " p1", "p\n1", &"x".repeat(101)] {
        let refused = register(db, &key, wrong).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{wrong:?}: {refused:?}");
    }
    let refused = server::register(db, &world, &key, NewProxy { port: 0, ..proxy("p1") }).await;
    assert!(matches!(refused, Err(Error::Invalid { kind: "port", .. })), "{refused:?}");
}

async fn a_key_that_is_none_lets_nobody_in(db: &DatabaseConnection) {
    let (cluster, key) = make(db, "north").await;
    let unknown = format!("plc_{}", "A".repeat(43));
    let hash = cluster.api_key_hash.as_ref().unwrap().expose();

    for wrong in ["", "plc_", &unknown, hash, &key[..46], &key.replace("plc_", "plg_")] {
        let refused = register(db, wrong, "p1").await;
        assert!(matches!(refused, Err(Error::Unauthenticated)), "{refused:?}");
    }
    put_out_of_use(db, cluster.id).await.unwrap();
    let closed = register(db, &key, "p1").await;
    let unheard = server::report(db, &World::system(), &key, "p1", Metrics::default()).await;

    assert!(matches!(closed, Err(Error::Refused { rule: Rule::Inactive, .. })), "{closed:?}");
    assert!(matches!(unheard, Err(Error::Refused { rule: Rule::Inactive, .. })), "{unheard:?}");
    assert_eq!(proxies_in(db, cluster.id).await, 0);
}

async fn a_name_is_that_of_one_proxy(db: &DatabaseConnection) {
    let (north, key) = make(db, "north").await;
    let (south, other_key) = make(db, "south").await;
    register(db, &key, "p1").await.unwrap();

    let taken = register(db, &other_key, "p1").await;
    let foreign = server::report(db, &World::system(), &other_key, "p1", Metrics::default()).await;

    assert!(matches!(taken, Err(Error::AlreadyExists { kind: "proxy", .. })), "{taken:?}");
    assert!(matches!(foreign, Err(Error::NotFound { kind: "proxy", .. })), "{foreign:?}");
    assert_eq!((proxies_in(db, north.id).await, proxies_in(db, south.id).await), (1, 0));
}

/// Each in a transaction of its own, as from machines that know nothing of each other.
async fn of_proxies_that_come_at_once_as_many_come_in_as_there_is_room(db: &DatabaseConnection) {
    for round in 0..plimsoll::testing::cases(3) {
        let (cluster, key) = make(db, &format!("cluster {round}")).await;
        limit_to(db, cluster.id, 10).await;
        let names: Vec<String> = (0..12).map(|at| format!("p{round}-{at}")).collect();

        let outcomes = join_all(names.iter().map(|name| register(db, &key, name))).await;

        let refused: Vec<_> =
            outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
        assert_eq!(refused.len(), 9, "{outcomes:?}");
        for error in refused {
            assert!(matches!(error, Error::Refused { rule: Rule::ProxyLimit, .. }), "{error:?}");
        }
        assert_eq!(proxies_in(db, cluster.id).await, 3);
    }
}

async fn a_proxy_that_comes_several_times_at_once_has_one_row(db: &DatabaseConnection) {
    for round in 0..plimsoll::testing::cases(3) {
        let (cluster, key) = make(db, &format!("cluster {round}")).await;
        limit_to(db, cluster.id, 1).await;
        let name = &format!("p{round}");

        let outcomes = join_all((0..5).map(|_| register(db, &key, name))).await;

        let ids: BTreeSet<i64> = outcomes.into_iter().map(|outcome| outcome.unwrap().id).collect();
        assert_eq!((ids.len(), proxies_in(db, cluster.id).await), (1, 1));
    }
}

async fn a_licence_takes_the_limit_away(db: &DatabaseConnection) {
    let (cluster, key) = make(db, "north").await;
    limit_to(db, cluster.id, 10).await;
    for at in 0..3 {
        let unlicensed = register(db, &key, &format!("p{at}")).await.unwrap();
        assert_eq!((unlicensed.license_validated, unlicensed.license_validated_at), (false, None));
    }
    let full = register(db, &key, "one more").await;
    assert_eq!(
        full.unwrap_err().to_string(),
        "cluster `north` has 3 proxies, and takes 3 without a licence, by the rule `proxy-limit`"
    );

    set_licence(db, true).await;

    let names: Vec<String> = (0..12).map(|at| format!("licensed {at}")).collect();
    let outcomes = join_all(names.iter().map(|name| register(db, &key, name))).await;
    for outcome in outcomes {
        let licensed = outcome.unwrap();
        assert!(licensed.license_validated && licensed.license_validated_at.is_some());
    }
    assert_eq!(proxies_in(db, cluster.id).await, 15);
    // Without it again nobody is thrown out, and nobody comes in.
    set_licence(db, false).await;
    register(db, &key, "p0").await.unwrap();
    let full = register(db, &key, "one more").await;
    assert!(matches!(full, Err(Error::Refused { rule: Rule::ProxyLimit, .. })), "{full:?}");
}

async fn a_lower_limit_throws_nobody_out_and_who_goes_makes_room(db: &DatabaseConnection) {
    let (cluster, key) = make(db, "north").await;
    let proxies = [
        register(db, &key, "p1").await.unwrap(),
        register(db, &key, "p2").await.unwrap(),
        register(db, &key, "p3").await.unwrap(),
    ];
    limit_to(db, cluster.id, 2).await;
    // What does nothing has its place still.
    set_status(db, proxies[0].id, ProxyStatus::Inactive).await.unwrap();
    let delete = async |id: i64| {
        let by = &admin::<DeleteProxies>(db).await;
        audited(db, &World::system(), |unit, _| {
            Box::pin(records::delete::<proxy_server::Entity>(unit, by, id)) as BoxFuture<'_, _>
        })
        .await
        .unwrap();
    };

    register(db, &key, "p3").await.unwrap();
    delete(proxies[0].id).await;
    let full = register(db, &key, "p4").await;
    delete(proxies[1].id).await;
    register(db, &key, "p4").await.unwrap();

    assert!(matches!(full, Err(Error::Refused { rule: Rule::ProxyLimit, .. })), "{full:?}");
    assert_eq!(proxies_in(db, cluster.id).await, 2);
}

async fn who_reports_is_active_and_what_was_measured_is_kept(db: &DatabaseConnection) {
    let (_, key) = make(db, "north").await;
    let (world, clock) = world();
    let proxy = server::register(db, &world, &key, proxy("p1")).await.unwrap();
    let metrics = |cpu_usage| Metrics {
        cpu_usage: Some(cpu_usage),
        memory_usage: Some(62.5),
        bytes_sent: Some(9_000_000_000),
        ..Metrics::default()
    };

    let first = clock.advance(TimeDelta::seconds(30));
    server::report(db, &world, &key, "p1", metrics(250.0)).await.unwrap();
    let second = clock.advance(TimeDelta::seconds(30));
    server::report(db, &world, &key, "p1", metrics(0.0)).await.unwrap();

    let seen = stored(db, proxy.id).await;
    assert_eq!((seen.status, seen.last_seen_at), (ProxyStatus::Active, Some(second)));
    let read = admin::<ReadProxies>(db).await;
    let kept = server::reported(db, &read, proxy.id, 10).await.unwrap();
    let said: Vec<_> = kept.iter().map(|row| (row.recorded_at, row.cpu_usage)).collect();
    assert_eq!(said, [(second, Some(0.0)), (first, Some(250.0))]);
    assert_eq!((kept[0].memory_usage, kept[0].latency_avg_ms), (Some(62.5), None));
    assert_eq!(kept[0].bytes_sent, Some(9_000_000_000));
    assert_eq!(server::reported(db, &read, proxy.id, 1).await.unwrap().len(), 1);
}

async fn what_cannot_be_measured_is_refused_and_nothing_is_kept(db: &DatabaseConnection) {
    let (_, key) = make(db, "north").await;
    let proxy = register(db, &key, "p1").await.unwrap();
    let none = Metrics::default();

    for wrong in [
        Metrics { cpu_usage: Some(-0.5), ..none },
        Metrics { memory_usage: Some(100.5), ..none },
        Metrics { latency_p95_ms: Some(f64::NAN), ..none },
        Metrics { requests_per_second: Some(f64::INFINITY), ..none },
        Metrics { connections_active: Some(-1), ..none },
    ] {
        let refused = server::report(db, &World::system(), &key, "p1", wrong).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{wrong:?}: {refused:?}");
    }
    let unknown = server::report(db, &World::system(), &key, "p2", none).await;

    assert!(matches!(unknown, Err(Error::NotFound { kind: "proxy", .. })), "{unknown:?}");
    assert_eq!(stored(db, proxy.id).await.status, ProxyStatus::Pending);
    assert_eq!(proxy_metric::Entity::find().count(db).await.unwrap(), 0);
}

async fn what_people_put_out_of_use_does_not_come_back_by_itself(db: &DatabaseConnection) {
    let (_, key) = make(db, "north").await;
    let (id, world) = (register(db, &key, "p1").await.unwrap().id, World::system());
    let goes = async |to| server::goes(db, &world, &key, "p1", to).await;
    let reports = async || {
        server::report(db, &world, &key, "p1", Metrics::default()).await.unwrap();
        stored(db, id).await.status
    };
    for said in [ProxyStatus::Active, ProxyStatus::Offline, ProxyStatus::Error] {
        goes(said).await.unwrap();
        assert_eq!(stored(db, id).await.status, said);
    }
    assert_eq!(reports().await, ProxyStatus::Error);
    for unsaid in [ProxyStatus::Pending, ProxyStatus::Inactive] {
        let refused = goes(unsaid).await;
        let is_refused = matches!(refused, Err(Error::Refused { rule: Rule::Transition, .. }));
        assert!(is_refused, "{refused:?}");
    }

    set_status(db, id, ProxyStatus::Inactive).await.unwrap();

    assert_eq!(reports().await, ProxyStatus::Inactive);
    assert_eq!(register(db, &key, "p1").await.unwrap().status, ProxyStatus::Inactive);
    assert_eq!(
        goes(ProxyStatus::Active).await.unwrap_err().to_string(),
        "proxy `p1` is `inactive`, from where it is not put to `active`, by the rule `transition`"
    );
    for unput in [ProxyStatus::Inactive, ProxyStatus::Active, ProxyStatus::Offline] {
        let refused = set_status(db, id, unput).await;
        let is_refused = matches!(refused, Err(Error::Refused { rule: Rule::Transition, .. }));
        assert!(is_refused, "{refused:?}");
    }
    set_status(db, id, ProxyStatus::Pending).await.unwrap();
    assert_eq!(reports().await, ProxyStatus::Active);
    assert_eq!(told(db, "set_status").await, 2);
}

async fn a_proxy_notes_which_configuration_it_fetched(db: &DatabaseConnection) {
    let (_, key) = make(db, "north").await;
    let (world, clock) = world();
    let proxy = server::register(db, &world, &key, proxy("p1")).await.unwrap();
    let now = clock.advance(TimeDelta::minutes(1));

    server::fetched(db, &world, &key, "p1", "5f2c").await.unwrap();

    let noted = stored(db, proxy.id).await;
    assert_eq!((noted.config_version.as_deref(), noted.status), (Some("5f2c"), proxy.status));
    assert_eq!((noted.last_config_fetch_at, noted.last_seen_at), (Some(now), Some(now)));
    let refused = server::fetched(db, &world, &key, "p1", &"x".repeat(65)).await;
    assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    let unknown = server::fetched(db, &world, &key, "p2", "5f2c").await;
    assert!(matches!(unknown, Err(Error::NotFound { kind: "proxy", .. })), "{unknown:?}");
}

async fn who_is_silent_for_too_long_is_offline(db: &DatabaseConnection) {
    let (cluster, key) = make(db, "north").await;
    set_licence(db, true).await;
    let (world, clock) = world();
    let mut ids = Vec::new();
    for name in ["silent", "failed", "heard", "new", "out"] {
        ids.push(server::register(db, &world, &key, proxy(name)).await.unwrap().id);
    }
    for name in ["silent", "heard", "failed"] {
        server::report(db, &world, &key, name, Metrics::default()).await.unwrap();
    }
    server::goes(db, &world, &key, "failed", ProxyStatus::Error).await.unwrap();
    set_status(db, ids[4], ProxyStatus::Inactive).await.unwrap();
    clock.advance(TimeDelta::minutes(5));
    server::report(db, &world, &key, "heard", Metrics::default()).await.unwrap();
    let by = admin::<UpdateProxies>(db).await;

    let early = server::silent(db, &world, &by, TimeDelta::minutes(5)).await.unwrap();
    clock.advance(TimeDelta::microseconds(1));
    let fallen = server::silent(db, &world, &by, TimeDelta::minutes(5)).await.unwrap();
    let again = server::silent(db, &world, &by, TimeDelta::minutes(5)).await.unwrap();

    assert_eq!((early, fallen, again), (0, 2, 0));
    let mut is = Vec::new();
    for id in ids {
        is.push(stored(db, id).await.status);
    }
    let offline = ProxyStatus::Offline;
    let rest = [ProxyStatus::Active, ProxyStatus::Pending, ProxyStatus::Inactive];
    assert_eq!(is, [&[offline, offline][..], &rest].concat());
    server::report(db, &world, &key, "silent", Metrics::default()).await.unwrap();
    let back = proxy_server::Column::Status.eq(ProxyStatus::Active);
    let back = proxy_server::Entity::find().filter(back).count(db).await.unwrap();
    assert_eq!((back, proxies_in(db, cluster.id).await), (2, 5));
    for wrong in
        [TimeDelta::zero(), TimeDelta::seconds(-1), TimeDelta::days(40_000), TimeDelta::MAX]
    {
        let refused = server::silent(db, &world, &by, wrong).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{wrong:?}: {refused:?}");
    }
}

async fn what_proxies_say_is_written_by_nobody_else(db: &DatabaseConnection) {
    let (cluster, key) = make(db, "north").await;
    let (other, _) = make(db, "south").await;
    let proxy = register(db, &key, "p1").await.unwrap();
    let create = &admin::<CreateProxies>(db).await;
    let update = &admin::<UpdateProxies>(db).await;
    let world = World::system();

    let row = &proxy_server::ActiveModel {
        cluster_id: Set(cluster.id),
        name: Set("p2".to_owned()),
        hostname: Set("p2.example.org".to_owned()),
        ip_address: Set("192.0.2.2".to_owned()),
        ..Default::default()
    };
    let added = audited(db, &world, |unit, _| {
        let row = row.clone();
        Box::pin(records::create::<proxy_server::Entity>(unit, create, row)) as BoxFuture<'_, _>
    })
    .await;
    let moved = &proxy_server::ActiveModel { cluster_id: Set(other.id), ..Default::default() };
    let moved = audited(db, &world, |unit, _| {
        let moved = moved.clone();
        Box::pin(records::update::<proxy_server::Entity>(unit, update, proxy.id, moved))
            as BoxFuture<'_, _>
    })
    .await;
    let metric = &proxy_metric::ActiveModel { proxy_id: Set(proxy.id), ..Default::default() };
    let measured = audited(db, &world, |unit, _| {
        let metric = metric.clone();
        Box::pin(records::create::<proxy_metric::Entity>(unit, create, metric)) as BoxFuture<'_, _>
    })
    .await;

    assert!(matches!(added, Err(Error::Invalid { kind: "proxy", .. })), "{added:?}");
    assert!(matches!(moved, Err(Error::Invalid { kind: "proxy", .. })), "{moved:?}");
    assert!(matches!(measured, Err(Error::Invalid { .. })), "{measured:?}");
    let note =
        &proxy_server::ActiveModel { attributes: Set(json!({"rack": "7"})), ..Default::default() };
    let noted: proxy_server::Model = audited(db, &world, |unit, _| {
        let note = note.clone();
        Box::pin(records::update::<proxy_server::Entity>(unit, update, proxy.id, note))
            as BoxFuture<'_, _>
    })
    .await
    .unwrap();
    assert_eq!(noted.attributes, json!({"rack": "7"}));
}
