//! Route tables: what they list, how the endpoints are doing, and which is chosen. Beside them the
//! policies and certificates of proxies.

mod certificates;
mod policies;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use chrono::{DateTime, TimeDelta, Utc};
use entity::proxy::{
    cluster as clusters, route_health_status as health, route_table, service as services,
};
use futures_util::future::join_all;
use plimsoll::{clock::ManualClock, retry::BoxFuture};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait,
    PaginatorTrait, QueryFilter, QueryOrder, sea_query::Expr,
};
use secrecy::ExposeSecret;
use serde_json::{Value as Json, json};
use service::{
    Error, Result, World,
    audit::audited,
    proxy::{
        cluster::{self, NewCluster},
        route::{self, Endpoint, Outcome, RouteAlgorithm},
    },
    records,
    rights::{CreateProxies, ReadProxies, UpdateProxies},
    rule::Rule,
};

use crate::people::admin;

plimsoll::on_every_database!(migration::app:
    a_table_says_of_each_endpoint_all_that_can_be_said,
    a_list_that_is_none_is_refused,
    a_password_that_is_refused_is_not_repeated,
    a_table_is_in_the_cluster_of_its_service,
    an_endpoint_is_ill_after_so_many_failures_and_well_after_so_many_answers,
    who_has_not_the_key_of_the_cluster_reports_nothing,
    probes_at_once_are_counted_each,
    what_is_known_of_an_endpoint_goes_with_it,
    another_endpoint_stands_in_for_one_that_is_ill,
    without_failover_nothing_stands_in,
    a_proxy_chooses_by_the_key_of_its_cluster,
    a_choice_takes_two_queries,
    a_table_that_was_written_behind_the_program_is_told_and_can_be_put_out_of_use,
);

/// A world whose clock the test sets.
fn world_at(time: &str) -> (World, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(at(time)));
    (World { clock: clock.clone(), random: World::system().random }, clock)
}

fn at(time: &str) -> DateTime<Utc> {
    time.parse().unwrap()
}

/// A cluster with a service.
struct Place {
    cluster_id: i64,
    service_id: i64,
    key: String,
}

async fn place(db: &DatabaseConnection, name: &str) -> Place {
    let by = &admin::<CreateProxies>(db).await;
    let world = &World::system();
    let new = &NewCluster { name: name.to_owned(), ..NewCluster::default() };
    let made: cluster::Made = audited(db, world, |unit, _| {
        Box::pin(cluster::create(unit, by, world, new.clone())) as BoxFuture<'_, _>
    })
    .await
    .unwrap();
    let cluster_id = made.cluster.id;
    let service_id = serve(db, cluster_id, &format!("{name}-service")).await;
    Place { cluster_id, service_id, key: made.key.expose_secret().to_owned() }
}

async fn serve(db: &DatabaseConnection, cluster_id: i64, name: &str) -> i64 {
    let row = services::ActiveModel {
        cluster_id: Set(cluster_id),
        name: Set(name.to_owned()),
        ip_fqdn: Set("192.0.2.1".to_owned()),
        port: Set(8080),
        ..Default::default()
    };
    row.insert(db).await.unwrap().id
}

fn table(place: &Place, routes: Json) -> route_table::ActiveModel {
    route_table::ActiveModel {
        service_id: Set(place.service_id),
        cluster_id: Set(place.cluster_id),
        name: Set("main".to_owned()),
        algorithm: Set(RouteAlgorithm::Failover),
        routes: Set(routes),
        ..Default::default()
    }
}

async fn add(db: &DatabaseConnection, row: route_table::ActiveModel) -> Result<route_table::Model> {
    let by = &admin::<CreateProxies>(db).await;
    let row = &row;
    audited(db, &World::system(), |unit, _| {
        Box::pin(records::create::<route_table::Entity>(unit, by, row.clone())) as BoxFuture<'_, _>
    })
    .await
}

async fn change(
    db: &DatabaseConnection,
    id: i64,
    changes: route_table::ActiveModel,
) -> Result<route_table::Model> {
    let by = &admin::<UpdateProxies>(db).await;
    let changes = &changes;
    audited(db, &World::system(), |unit, _| {
        let changes = changes.clone();
        Box::pin(records::update::<route_table::Entity>(unit, by, id, changes)) as BoxFuture<'_, _>
    })
    .await
}

/// A table that asks twice before it believes anything.
async fn doubting(db: &DatabaseConnection, place: &Place, endpoints: &[&str]) -> i64 {
    let routes = endpoints.iter().map(|endpoint| json!({"endpoint": endpoint})).collect();
    let probes = json!({"unhealthy_threshold": 2, "healthy_threshold": 2});
    let row = route_table::ActiveModel { health_probe_config: Set(probes), ..table(place, routes) };
    add(db, row).await.unwrap().id
}

fn answered(rtt_ms: f64) -> Outcome {
    Outcome::Answered { rtt_ms }
}

fn failed() -> Outcome {
    Outcome::Failed { error: "connection refused".to_owned() }
}

async fn probe(
    db: &DatabaseConnection,
    place: &Place,
    table_id: i64,
    endpoint: &str,
    outcome: &Outcome,
) -> Result<health::Model> {
    route::probed(db, &World::system(), &place.key, table_id, endpoint, outcome).await
}

async fn make_ill(db: &DatabaseConnection, place: &Place, table_id: i64, endpoint: &str) {
    for _ in 0..2 {
        probe(db, place, table_id, endpoint, &failed()).await.unwrap();
    }
}

async fn choose(db: &DatabaseConnection, table_id: i64) -> Result<String> {
    let by = admin::<ReadProxies>(db).await;
    let chosen = route::choose(db, &World::system(), &by, table_id, None).await;
    chosen.map(|endpoint| endpoint.address)
}

/// The endpoints that something is known of.
async fn known(db: &DatabaseConnection, table_id: i64) -> Vec<String> {
    let rows = health::Entity::find()
        .filter(health::Column::RouteTableId.eq(table_id))
        .order_by_asc(health::Column::Endpoint);
    rows.all(db).await.unwrap().into_iter().map(|row| row.endpoint).collect()
}

async fn a_table_says_of_each_endpoint_all_that_can_be_said(db: &DatabaseConnection) {
    let place = place(db, "north").await;
    let https = json!({
        "endpoint": "https://b.example.org/in",
        "weight": 5,
        "cost": 0.5,
        "region": "eu",
    });

    let row = add(db, table(&place, json!([{"endpoint": "a:1"}, https]))).await.unwrap();

    let first = json!({"endpoint": "a:1", "weight": 1, "cost": null, "region": null});
    assert_eq!(row.routes, json!([first, https]));
    // What the table has by itself is what is made of nothing.
    let nothing = route_table::ActiveModel {
        health_probe_config: Set(json!({})),
        ..table(&place, json!([]))
    };
    let nothing = add(db, nothing).await.unwrap();
    assert_eq!(nothing.health_probe_config, row.health_probe_config);
    assert_eq!(nothing.routes, json!([]));
}

async fn a_list_that_is_none_is_refused(db: &DatabaseConnection) {
    let place = place(db, "north").await;
    let row = add(db, table(&place, json!([{"endpoint": "a:1"}]))).await.unwrap();

    for routes in [
        json!({"endpoint": "a:1"}),
        json!([{"endpoint": "a"}]),
        json!([{"endpoint": "a:1"}, {"endpoint": "a:1"}]),
    ] {
        let refused = add(db, table(&place, routes.clone())).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{routes}: {refused:?}");
        let routes = route_table::ActiveModel { routes: Set(routes), ..Default::default() };
        let refused = change(db, row.id, routes).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    }
    let weightless = table(&place, json!([{"endpoint": "a:1", "weight": 0}]));
    let weightless = add(db, weightless).await.unwrap();
    let by_weight = route_table::ActiveModel {
        algorithm: Set(RouteAlgorithm::WeightedRr),
        ..Default::default()
    };
    let refused = change(db, weightless.id, by_weight).await;
    assert!(matches!(refused, Err(Error::Invalid { kind: "routes", .. })), "{refused:?}");
    let nameless = route_table::ActiveModel { name: Set(" ".to_owned()), ..Default::default() };
    let refused = change(db, row.id, nameless).await;
    assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    let probes = route_table::ActiveModel {
        health_probe_config: Set(json!({"interval_seconds": 5})),
        ..Default::default()
    };
    let refused = change(db, row.id, probes).await;
    assert!(
        matches!(refused, Err(Error::Invalid { kind: "health_probe_config", .. })),
        "{refused:?}"
    );
    assert_eq!(route_table::Entity::find().count(db).await.unwrap(), 2);
}

async fn a_password_that_is_refused_is_not_repeated(db: &DatabaseConnection) {
    let place = place(db, "north").await;
    let with = "https://ana:hunter2@a";

    for routes in [
        json!([{"endpoint": with}]),
        json!([{"endpoint": "ana:hunter2@a:1"}]),
        json!([{"endpoint": format!("{with}/{}", "x".repeat(255))}]),
        json!([{"endpoint": [with]}]),
        json!([{"endpoint": "a:1", "region": format!("{with}{}", "x".repeat(50))}]),
        json!([with]),
        json!({"endpoint": with}),
        Json::from(vec![json!({"endpoint": with}); 21]),
    ] {
        let refused = add(db, table(&place, routes.clone())).await;

        let Err(Error::Invalid { input, .. }) = &refused else { panic!("{routes}: {refused:?}") };
        assert_eq!(input, "***");
        assert!(!format!("{refused:?}").contains("hunter2"), "{refused:?}");
    }
    let refused = add(db, table(&place, json!([{"endpoint": "a"}]))).await;
    assert!(matches!(&refused, Err(Error::Invalid { input, .. }) if input == "a"), "{refused:?}");
}

async fn a_table_is_in_the_cluster_of_its_service(db: &DatabaseConnection) {
    let (north, south) = (place(db, "north").await, place(db, "south").await);
    let across = Place { service_id: south.service_id, ..north };

    let refused = add(db, table(&across, json!([]))).await;

    assert!(matches!(refused, Err(Error::Invalid { kind: "cluster_id", .. })), "{refused:?}");
    assert_eq!(route_table::Entity::find().count(db).await.unwrap(), 0);
    let row = add(db, table(&south, json!([]))).await.unwrap();
    let cluster_id = Set(across.cluster_id);
    let moved = route_table::ActiveModel { cluster_id, ..Default::default() };
    let refused = change(db, row.id, moved).await;
    assert!(matches!(refused, Err(Error::Invalid { kind: "cluster_id", .. })), "{refused:?}");
    let service_id = Set(serve(db, across.cluster_id, "another").await);
    let cluster_id = Set(across.cluster_id);
    let both = route_table::ActiveModel { service_id, cluster_id, ..Default::default() };
    change(db, row.id, both).await.unwrap();
}

async fn an_endpoint_is_ill_after_so_many_failures_and_well_after_so_many_answers(
    db: &DatabaseConnection,
) {
    let place = place(db, "north").await;
    let id = doubting(db, &place, &["a:1", "b:1"]).await;
    let (world, clock) = world_at("2026-03-15T12:00:00Z");

    let mut states = Vec::new();
    for outcome in
        [answered(2.5), failed(), failed(), failed(), answered(7.0), answered(1.5), failed()]
    {
        clock.advance(TimeDelta::seconds(30));
        let row = route::probed(db, &world, &place.key, id, "a:1", &outcome).await.unwrap();
        assert_eq!(row.last_check_at, world.clock.now());
        states.push((
            row.is_healthy,
            row.consecutive_failures,
            row.consecutive_successes,
            row.rtt_ms,
            row.last_error.is_some(),
        ));
    }

    assert_eq!(
        states,
        [
            (true, 0, 1, Some(2.5), false),
            (true, 1, 0, Some(2.5), true),
            (false, 2, 0, Some(2.5), true),
            (false, 3, 0, Some(2.5), true),
            (false, 0, 1, Some(7.0), false),
            (true, 0, 2, Some(1.5), false),
            (true, 1, 0, Some(1.5), true),
        ]
    );
    let error = "x\0".repeat(2000);
    let row = probe(db, &place, id, "b:1", &Outcome::Failed { error }).await.unwrap();
    assert_eq!(row.last_error, Some("x".repeat(1000)));
    assert_eq!((row.is_healthy, row.rtt_ms), (true, None));
    assert_eq!(known(db, id).await, ["a:1", "b:1"]);
}

async fn who_has_not_the_key_of_the_cluster_reports_nothing(db: &DatabaseConnection) {
    let (north, south) = (place(db, "north").await, place(db, "south").await);
    let id = doubting(db, &north, &["a:1"]).await;

    let nonsense = Place { key: "plc_nonsense".to_owned(), ..place(db, "west").await };
    let refused = probe(db, &nonsense, id, "a:1", &failed()).await;
    assert!(matches!(refused, Err(Error::Unauthenticated)), "{refused:?}");
    // Whether a table of another cluster is there is not told.
    for (by, id) in [(&south, id), (&south, 404), (&north, 404)] {
        let missing = probe(db, by, id, "a:1", &failed()).await;
        let Err(Error::NotFound { kind: "route table", key }) = missing else {
            panic!("{missing:?}");
        };
        assert_eq!(key, id.to_string());
    }
    for unknown in ["b:1", "A:1", "a:1 ", "a\0:1", ""] {
        let refused = probe(db, &north, id, unknown, &failed()).await;
        assert!(matches!(refused, Err(Error::NotFound { kind: "endpoint", .. })), "{refused:?}");
    }
    for rtt_ms in [-0.5, f64::NAN, f64::INFINITY] {
        let refused = probe(db, &north, id, "a:1", &answered(rtt_ms)).await;
        assert!(matches!(refused, Err(Error::Invalid { kind: "rtt_ms", .. })), "{refused:?}");
    }
    clusters::Entity::update_many()
        .col_expr(clusters::Column::IsActive, Expr::value(false))
        .filter(clusters::Column::Id.eq(north.cluster_id))
        .exec(db)
        .await
        .unwrap();
    let refused = probe(db, &north, id, "a:1", &failed()).await;
    assert!(matches!(refused, Err(Error::Refused { rule: Rule::Inactive, .. })), "{refused:?}");
    assert!(known(db, id).await.is_empty());
}

/// Each in a transaction of its own, also the one that finds nothing known yet.
async fn probes_at_once_are_counted_each(db: &DatabaseConnection) {
    let place = place(db, "north").await;
    for _ in 0..plimsoll::testing::cases(3) {
        let id = doubting(db, &place, &["a:1", "b:1"]).await;
        for (outcome, counters, is_healthy) in
            [(failed(), (20, 0), false), (answered(1.0), (0, 20), true)]
        {
            let probes = (0..20).map(|_| probe(db, &place, id, "a:1", &outcome));

            for outcome in join_all(probes).await {
                outcome.unwrap();
            }

            let rows = health::Entity::find().filter(health::Column::RouteTableId.eq(id));
            let rows = rows.all(db).await.unwrap();
            let [row] = &rows[..] else { panic!("{rows:?}") };
            assert_eq!((row.consecutive_failures, row.consecutive_successes), counters);
            assert_eq!(row.is_healthy, is_healthy);
        }
    }
}

async fn what_is_known_of_an_endpoint_goes_with_it(db: &DatabaseConnection) {
    let place = place(db, "north").await;
    let id = doubting(db, &place, &["a:1", "b:1"]).await;
    let other = doubting(db, &place, &["a:1"]).await;
    for (table_id, endpoint) in [(id, "a:1"), (id, "b:1"), (other, "a:1")] {
        make_ill(db, &place, table_id, endpoint).await;
    }
    let of = |routes: Json| route_table::ActiveModel { routes: Set(routes), ..Default::default() };

    let renamed = route_table::ActiveModel { name: Set("second".to_owned()), ..Default::default() };
    change(db, id, renamed).await.unwrap();
    assert_eq!(known(db, id).await, ["a:1", "b:1"]);
    change(db, id, of(json!([{"endpoint": "b:1"}, {"endpoint": "c:1"}]))).await.unwrap();
    assert_eq!(known(db, id).await, ["b:1"]);
    change(db, id, of(json!([{"endpoint": "a:1"}]))).await.unwrap();

    // It has come back, and nothing is known of it.
    assert_eq!(choose(db, id).await.unwrap(), "a:1");
    make_ill(db, &place, id, "a:1").await;
    change(db, id, of(json!([]))).await.unwrap();
    assert!(known(db, id).await.is_empty());
    assert_eq!(known(db, other).await, ["a:1"]);
}

async fn another_endpoint_stands_in_for_one_that_is_ill(db: &DatabaseConnection) {
    let place = place(db, "north").await;
    let id = doubting(db, &place, &["a:1", "b:1"]).await;
    let empty = doubting(db, &place, &[]).await;

    assert_eq!(choose(db, id).await.unwrap(), "a:1");
    probe(db, &place, id, "a:1", &failed()).await.unwrap();
    assert_eq!(choose(db, id).await.unwrap(), "a:1");
    probe(db, &place, id, "a:1", &failed()).await.unwrap();
    assert_eq!(choose(db, id).await.unwrap(), "b:1");
    make_ill(db, &place, id, "b:1").await;
    for table_id in [id, empty] {
        let nowhere = choose(db, table_id).await;
        assert!(
            matches!(nowhere, Err(Error::Refused { rule: Rule::NoHealthyEndpoint, .. })),
            "{nowhere:?}"
        );
    }
    for _ in 0..2 {
        probe(db, &place, id, "b:1", &answered(1.0)).await.unwrap();
    }
    assert_eq!(choose(db, id).await.unwrap(), "b:1");
}

async fn without_failover_nothing_stands_in(db: &DatabaseConnection) {
    let place = place(db, "north").await;
    let id = doubting(db, &place, &["a:1", "b:1"]).await;
    let off = route_table::ActiveModel { enable_auto_failover: Set(false), ..Default::default() };
    change(db, id, off).await.unwrap();

    make_ill(db, &place, id, "b:1").await;
    assert_eq!(choose(db, id).await.unwrap(), "a:1");
    make_ill(db, &place, id, "a:1").await;
    for _ in 0..2 {
        probe(db, &place, id, "b:1", &answered(1.0)).await.unwrap();
    }

    let nowhere = choose(db, id).await;
    assert!(
        matches!(nowhere, Err(Error::Refused { rule: Rule::NoHealthyEndpoint, .. })),
        "{nowhere:?}"
    );
}

async fn a_proxy_chooses_by_the_key_of_its_cluster(db: &DatabaseConnection) {
    let (north, south) = (place(db, "north").await, place(db, "south").await);
    let routes = json!([
        {"endpoint": "a:1", "region": "us"},
        {"endpoint": "b:1", "region": "eu"},
        {"endpoint": "c:1", "region": "eu"},
    ]);
    let geo =
        route_table::ActiveModel { algorithm: Set(RouteAlgorithm::Geo), ..table(&north, routes) };
    let id = add(db, geo).await.unwrap().id;
    for (endpoint, rtt_ms) in [("a:1", 1.0), ("b:1", 9.0), ("c:1", 8.0)] {
        probe(db, &north, id, endpoint, &answered(rtt_ms)).await.unwrap();
    }
    let world = World::system();
    let ask = |key: String, region: Option<&str>| {
        let (world, region) = (&world, region.map(str::to_owned));
        async move { route::choose_by_key(db, world, &key, id, region).await }
    };

    let near = ask(north.key.clone(), Some("eu")).await.unwrap();
    let anywhere = ask(north.key.clone(), None).await.unwrap();
    let stranger = ask(south.key, Some("eu")).await;

    let expected = Endpoint {
        address: "c:1".to_owned(),
        weight: 1,
        cost: None,
        region: Some("eu".to_owned()),
    };
    assert_eq!(near, expected);
    assert_eq!(anywhere.address, "a:1");
    let missing = route::choose_by_key(db, &world, &north.key, 404, None).await;
    for none in [stranger, missing] {
        assert!(matches!(none, Err(Error::NotFound { kind: "route table", .. })), "{none:?}");
    }
    let off = route_table::ActiveModel { enabled: Set(false), ..Default::default() };
    change(db, id, off).await.unwrap();
    let refused = ask(north.key, None).await;
    assert!(matches!(refused, Err(Error::Refused { rule: Rule::Inactive, .. })), "{refused:?}");
}

async fn a_choice_takes_two_queries(db: &DatabaseConnection) {
    let place = place(db, "north").await;
    let id = doubting(db, &place, &["a:1", "b:1"]).await;
    let by = admin::<ReadProxies>(db).await;
    let seen = Arc::new(AtomicUsize::new(0));
    let mut watched = db.clone();
    let count = seen.clone();
    watched.set_metric_callback(move |_| {
        count.fetch_add(1, SeqCst);
    });

    route::choose(&watched, &World::system(), &by, id, None).await.unwrap();

    assert_eq!(seen.load(SeqCst), 2);
}

async fn a_table_that_was_written_behind_the_program_is_told_and_can_be_put_out_of_use(
    db: &DatabaseConnection,
) {
    let place = place(db, "north").await;
    let id = doubting(db, &place, &["a:1"]).await;
    route_table::Entity::update_many()
        .col_expr(route_table::Column::Routes, Expr::value(json!([{"host": "a"}])))
        .exec(db)
        .await
        .unwrap();

    let chosen = choose(db, id).await;
    let probed = probe(db, &place, id, "a:1", &failed()).await;
    let off = route_table::ActiveModel { enabled: Set(false), ..Default::default() };
    let off = change(db, id, off).await.unwrap();

    assert!(matches!(chosen, Err(Error::Malformed { kind: "route table", .. })), "{chosen:?}");
    assert!(matches!(probed, Err(Error::Malformed { kind: "route table", .. })), "{probed:?}");
    assert!(!off.enabled);
}
