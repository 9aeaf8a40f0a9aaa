//! Hosts that Fleet watches: which are there, what they are asked, and what is raised by their answers.

mod alerts;
mod answers;
mod executions;

use chrono::{DateTime, TimeDelta};
use entity::fleet::{
    alert_history, fleet_host, fleet_query, fleetdm_config, osquery_result, query_execution,
};
use futures_util::future::join_all;
use plimsoll::retry::BoxFuture;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter,
};
use serde_json::{Value, json};
use service::{
    Error, Result, World,
    audit::audited,
    fleet::{
        answer::{self, Answer, Answered},
        execution::{self, Completed, Targets},
        host::{self, FleetHostStatus, Sighting, Silent},
    },
    records,
    rights::{CreateFleet, ReportResults, RunQueries, UpdateFleet},
    rule::Rule,
};

use crate::people::admin;
use crate::worlds::world;

plimsoll::on_every_database!(migration::app:
    a_host_that_is_seen_is_online_and_keeps_what_is_not_told,
    a_host_that_can_be_none_is_refused,
    sightings_of_one_host_at_once_make_one_row,
    of_two_hosts_with_one_hardware_the_one_that_enrolled_last_has_it,
    who_is_not_heard_of_is_offline_and_given_up_later,
    what_rules_write_is_not_written_plainly,
    a_query_asks_something,
    a_query_that_is_asked_keeps_its_name,
    the_address_of_a_server_has_no_password_in_it,
);

/// Where and when something is done.
type At<'a> = (&'a DatabaseConnection, &'a World);

fn sighting(number: i64) -> Sighting {
    Sighting {
        fleet_host_id: number,
        hostname: format!("Web-{number}"),
        uuid: None,
        platform: None,
        osquery_version: None,
        enrolled_at: None,
    }
}

async fn seen((db, world): At<'_>, sighting: &Sighting) -> Result<fleet_host::Model> {
    let by = admin::<ReportResults>(db).await;
    host::seen(db, world, &by, sighting).await
}

/// The keys of that many hosts, which are online.
async fn hosts(at: At<'_>, number: i64) -> Vec<i64> {
    let mut hosts = Vec::new();
    for number in 1..=number {
        hosts.push(seen(at, &sighting(number)).await.unwrap().id);
    }
    hosts
}

async fn stored(db: &DatabaseConnection, id: i64) -> fleet_host::Model {
    fleet_host::Entity::find_by_id(id).one(db).await.unwrap().unwrap()
}

fn named(name: &str) -> fleet_query::ActiveModel {
    fleet_query::ActiveModel {
        name: Set(name.to_owned()),
        query: Set("SELECT name, port FROM listening_ports".to_owned()),
        ..Default::default()
    }
}

async fn add((db, world): At<'_>, row: fleet_query::ActiveModel) -> Result<fleet_query::Model> {
    let (by, row) = (&admin::<CreateFleet>(db).await, &row);
    audited(db, world, |unit, _| {
        let row = row.clone();
        Box::pin(records::create::<fleet_query::Entity>(unit, by, row)) as BoxFuture<'_, _>
    })
    .await
}

/// The key of a new query.
async fn query(at: At<'_>, name: &str) -> i64 {
    add(at, named(name)).await.unwrap().id
}

async fn run(
    (db, world): At<'_>,
    query_id: i64,
    targets: &Targets,
) -> Result<query_execution::Model> {
    let by = &admin::<RunQueries>(db).await;
    audited(db, world, |unit, _| {
        Box::pin(execution::run(unit, by, query_id, targets)) as BoxFuture<'_, _>
    })
    .await
}

async fn claim((db, _): At<'_>) -> Option<query_execution::Model> {
    let by = admin::<ReportResults>(db).await;
    execution::claim(db, &by).await.unwrap()
}

/// The key of an execution that asks these hosts, and runs. There is no other that waits.
async fn running(at: At<'_>, query_id: i64, hosts: &[i64]) -> i64 {
    let asked = run(at, query_id, &Targets::Hosts(hosts.to_vec())).await.unwrap();
    let taken = claim(at).await.unwrap();
    assert_eq!(taken.id, asked.id);
    taken.id
}

/// That many rows.
fn rows(number: usize) -> Value {
    (0..number).map(|at| json!({"name": format!("process {at}"), "port": "22"})).collect()
}

/// A host answers now.
async fn answered(
    (db, world): At<'_>,
    execution_id: i64,
    host_id: i64,
    rows: Value,
) -> Result<Answered> {
    let by = admin::<ReportResults>(db).await;
    let answer = Answer { host_id, recorded_at: world.clock.now(), rows };
    answer::answered(db, world, &by, execution_id, &answer).await
}

async fn complete((db, world): At<'_>, id: i64) -> Result<Completed> {
    let by = admin::<ReportResults>(db).await;
    execution::complete(db, world, &by, id).await
}

async fn fail((db, world): At<'_>, id: i64, why: &str) -> Result<query_execution::Model> {
    let by = admin::<ReportResults>(db).await;
    execution::fail(db, world, &by, id, why).await
}

async fn cancel((db, world): At<'_>, id: i64) -> Result<query_execution::Model> {
    let by = &admin::<RunQueries>(db).await;
    audited(db, world, |unit, _| Box::pin(execution::cancel(unit, by, id)) as BoxFuture<'_, _>)
        .await
}

async fn a_host_that_is_seen_is_online_and_keeps_what_is_not_told(db: &DatabaseConnection) {
    let (world, clock) = world();
    let at = (db, &world);
    let enrolled_at = world.clock.now() - TimeDelta::days(3);
    let told = Sighting {
        uuid: Some(" 4C4C4544-0042 ".to_owned()),
        platform: Some("ubuntu".to_owned()),
        osquery_version: Some("5.10.2".to_owned()),
        enrolled_at: Some(enrolled_at),
        ..sighting(7)
    };

    let first = seen(at, &told).await.unwrap();
    let later = clock.advance(TimeDelta::minutes(1));
    let again = Sighting { osquery_version: Some("5.11.0".to_owned()), ..sighting(7) };
    let second = seen(at, &again).await.unwrap();

    assert_eq!((first.hostname.as_str(), first.status), ("web-7", FleetHostStatus::Online));
    assert_eq!(first.uuid.as_deref(), Some("4c4c4544-0042"));
    assert_eq!(second.id, first.id);
    assert_eq!(second.last_seen_at, Some(later));
    assert_eq!(second.osquery_version.as_deref(), Some("5.11.0"));
    assert_eq!((second.uuid, second.platform), (first.uuid, first.platform));
    assert_eq!(second.enrolled_at, Some(enrolled_at));
    // A clock that is behind takes nothing back.
    clock.advance(TimeDelta::minutes(-5));
    assert_eq!(seen(at, &sighting(7)).await.unwrap().last_seen_at, Some(later));
}

async fn a_host_that_can_be_none_is_refused(db: &DatabaseConnection) {
    let (world, _) = world();
    for wrong in [
        Sighting { hostname: " ".to_owned(), ..sighting(1) },
        Sighting { uuid: Some("u\0".to_owned()), ..sighting(1) },
        Sighting { uuid: Some("u".repeat(65)), ..sighting(1) },
        Sighting { platform: Some("p".repeat(51)), ..sighting(1) },
        Sighting { enrolled_at: Some(DateTime::UNIX_EPOCH), ..sighting(1) },
    ] {
        let refused = seen((db, &world), &wrong).await;

        assert!(matches!(refused, Err(Error::Invalid { .. })), "{wrong:?}: {refused:?}");
    }
    assert_eq!(fleet_host::Entity::find().count(db).await.unwrap(), 0);
}

async fn sightings_of_one_host_at_once_make_one_row(db: &DatabaseConnection) {
    let (world, _) = world();
    let (world, by) = (&world, &admin::<ReportResults>(db).await);
    for round in 0..i64::from(plimsoll::testing::cases(3)) {
        let told = Sighting { uuid: Some(format!("uuid {round}")), ..sighting(round) };
        let told = &told;

        let outcomes = join_all((0..8).map(|_| host::seen(db, world, by, told))).await;

        let first = outcomes[0].as_ref().unwrap().id;
        for outcome in &outcomes {
            assert_eq!(outcome.as_ref().unwrap().id, first);
        }
        let same = fleet_host::Column::FleetHostId.eq(round);
        let rows = fleet_host::Entity::find().filter(same).count(db).await.unwrap();
        assert_eq!(rows, 1);
    }
}

async fn of_two_hosts_with_one_hardware_the_one_that_enrolled_last_has_it(db: &DatabaseConnection) {
    let (world, _) = world();
    let at = (db, &world);
    let with = |number, uuid: &str| Sighting { uuid: Some(uuid.to_owned()), ..sighting(number) };
    let former = seen(at, &with(1, "A")).await.unwrap();

    let present = seen(at, &with(2, "a")).await.unwrap();
    // Fleet has not forgotten what the machine was before.
    let again = seen(at, &with(1, "A")).await.unwrap();

    assert_eq!(former.uuid.as_deref(), Some("a"));
    assert_eq!(present.uuid.as_deref(), Some("a"));
    assert_eq!((again.id, again.uuid), (former.id, None));
    assert_eq!(stored(db, present.id).await.uuid.as_deref(), Some("a"));
}

async fn who_is_not_heard_of_is_offline_and_given_up_later(db: &DatabaseConnection) {
    let (world, clock) = world();
    let at = (db, &world);
    let by = admin::<ReportResults>(db).await;
    let ids = hosts(at, 3).await;
    let after = TimeDelta::minutes(5);
    clock.advance(TimeDelta::minutes(10));
    seen(at, &sighting(2)).await.unwrap();

    let first = host::silent(db, &world, &by, after).await.unwrap();
    let second = host::silent(db, &world, &by, after).await.unwrap();

    assert_eq!(first, Silent { offline: 2, given_up: 0 });
    assert_eq!(second, Silent { offline: 0, given_up: 0 });
    assert_eq!(stored(db, ids[0]).await.status, FleetHostStatus::Offline);
    assert_eq!(stored(db, ids[1]).await.status, FleetHostStatus::Online);

    // Those that are offline have been silent for more than thirty days, the other for just that long.
    clock.advance(host::GIVEN_UP);
    let third = host::silent(db, &world, &by, after).await.unwrap();

    assert_eq!(third, Silent { offline: 1, given_up: 2 });
    assert_eq!(stored(db, ids[0]).await.status, FleetHostStatus::Mia);
    let back = seen(at, &sighting(1)).await.unwrap();
    assert_eq!((back.id, back.status), (ids[0], FleetHostStatus::Online));
    let refused = host::silent(db, &world, &by, TimeDelta::zero()).await;
    assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
}

async fn what_rules_write_is_not_written_plainly(db: &DatabaseConnection) {
    let (world, _) = world();
    let id = seen((db, &world), &sighting(1)).await.unwrap().id;
    let (add, change) = (&admin::<CreateFleet>(db).await, &admin::<UpdateFleet>(db).await);
    let gone = &fleet_host::ActiveModel { status: Set(FleetHostStatus::Mia), ..Default::default() };

    let status = audited(db, &world, |unit, _| {
        let gone = gone.clone();
        Box::pin(records::update::<fleet_host::Entity>(unit, change, id, gone)) as BoxFuture<'_, _>
    })
    .await;
    let execution = audited(db, &world, |unit, _| {
        let row = query_execution::ActiveModel { ..Default::default() };
        Box::pin(records::create::<query_execution::Entity>(unit, add, row)) as BoxFuture<'_, _>
    })
    .await;
    let raised = audited(db, &world, |unit, _| {
        let row = alert_history::ActiveModel { ..Default::default() };
        Box::pin(records::create::<alert_history::Entity>(unit, add, row)) as BoxFuture<'_, _>
    })
    .await;
    let answer = audited(db, &world, |unit, _| {
        let row = osquery_result::ActiveModel { host_id: Set(id), ..Default::default() };
        Box::pin(records::create::<osquery_result::Entity>(unit, add, row)) as BoxFuture<'_, _>
    })
    .await;

    assert!(matches!(status, Err(Error::Invalid { .. })), "{status:?}");
    assert!(matches!(execution, Err(Error::Invalid { .. })), "{execution:?}");
    assert!(matches!(raised, Err(Error::Invalid { .. })), "{raised:?}");
    assert!(matches!(answer, Err(Error::Invalid { .. })), "{answer:?}");
    assert_eq!(stored(db, id).await.status, FleetHostStatus::Online);
}

async fn a_query_asks_something(db: &DatabaseConnection) {
    let (world, _) = world();
    let at = (db, &world);

    let empty = fleet_query::ActiveModel { query: Set(" ".to_owned()), ..named("empty") };
    let empty = add(at, empty).await;
    let first = add(at, named(" open ports ")).await.unwrap();
    let second = add(at, named("open ports")).await;

    assert!(matches!(empty, Err(Error::Invalid { .. })), "{empty:?}");
    assert_eq!(first.name, "open ports");
    assert!(matches!(second, Err(Error::AlreadyExists { kind: "query", .. })), "{second:?}");
}

async fn rename((db, world): At<'_>, id: i64, name: &str) -> Result<fleet_query::Model> {
    let by = &admin::<UpdateFleet>(db).await;
    audited(db, world, |unit, _| {
        Box::pin(service::fleet::query::rename(unit, by, id, name)) as BoxFuture<'_, _>
    })
    .await
}

async fn a_query_that_is_asked_keeps_its_name(db: &DatabaseConnection) {
    let (world, _) = world();
    let at = (db, &world);
    let by = &admin::<UpdateFleet>(db).await;
    let ids = hosts(at, 1).await;
    let (id, _) = (query(at, "open ports").await, query(at, "users").await);

    let plainly = audited(db, &world, |unit, _| {
        let row = fleet_query::ActiveModel { name: Set("ports".to_owned()), ..Default::default() };
        Box::pin(records::update::<fleet_query::Entity>(unit, by, id, row)) as BoxFuture<'_, _>
    })
    .await;
    let asked = run(at, id, &Targets::Hosts(ids)).await.unwrap();
    let waits = rename(at, id, "ports").await;
    claim(at).await.unwrap();
    let runs = rename(at, id, "ports").await;
    let same = rename(at, id, "open ports").await.unwrap();
    complete(at, asked.id).await.unwrap();
    let taken = rename(at, id, "users").await;
    let renamed = rename(at, id, " ports ").await.unwrap();
    let missing = rename(at, 404, "ports").await;

    assert!(matches!(plainly, Err(Error::Invalid { kind: "name", .. })), "{plainly:?}");
    for refused in [waits, runs] {
        assert!(matches!(refused, Err(Error::Refused { rule: Rule::InUse, .. })), "{refused:?}");
    }
    assert!(matches!(taken, Err(Error::AlreadyExists { kind: "query", .. })), "{taken:?}");
    assert!(matches!(missing, Err(Error::NotFound { kind: "query", .. })), "{missing:?}");
    assert_eq!((same.name.as_str(), renamed.name.as_str()), ("open ports", "ports"));
}

async fn the_address_of_a_server_has_no_password_in_it(db: &DatabaseConnection) {
    let (world, _) = world();
    let by = &admin::<CreateFleet>(db).await;

    let refused = audited(db, &world, |unit, _| {
        let row = fleetdm_config::ActiveModel {
            name: Set("north".to_owned()),
            fleet_url: Set("https://ana:geheim@fleet.example.org".to_owned()),
            ..Default::default()
        };
        Box::pin(records::create::<fleetdm_config::Entity>(unit, by, row)) as BoxFuture<'_, _>
    })
    .await;

    assert!(
        matches!(&refused, Err(Error::Invalid { kind: "fleet_url", input, .. }) if input == "***"),
        "{refused:?}"
    );
}
