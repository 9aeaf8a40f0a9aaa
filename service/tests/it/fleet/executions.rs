//! Queries that hosts are asked: by people and by the schedule, taken by one, ended once.

use chrono::TimeDelta;
use entity::{
    audit::system_log,
    fleet::{fleet_query, query_execution},
};
use futures_util::future::{join, join_all};
use plimsoll::retry::BoxFuture;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder,
};
use serde_json::json;
use service::{
    Error,
    audit::audited,
    fleet::{
        execution::{self, QueryExecutionStatus, Targets},
        host, schedule,
    },
    records,
    rights::{ReportResults, RunQueries, UpdateFleet},
    rule::Rule,
};

use super::{
    add, answered, cancel, claim, complete, fail, hosts, named, query, rows, run, running, seen,
    sighting, world,
};
use crate::people::admin;

plimsoll::on_every_database!(migration::app:
    hosts_that_are_there_are_asked_each_once,
    all_that_are_online_are_asked,
    a_scheduled_query_is_asked_when_its_interval_has_passed,
    schedulers_at_once_make_one_execution,
    each_execution_is_taken_by_one_and_the_oldest_first,
    an_execution_tells_how_it_went,
    an_execution_ends_once,
    an_execution_that_was_cancelled_takes_nothing_more,
);

async fn hosts_that_are_there_are_asked_each_once(db: &DatabaseConnection) {
    let (world, _) = world();
    let at = (db, &world);
    let ids = hosts(at, 2).await;
    let query_id = query(at, "open ports").await;

    let twice = Targets::Hosts(vec![ids[1], ids[0], ids[1]]);
    let asked = run(at, query_id, &twice).await.unwrap();
    let nobody = run(at, query_id, &Targets::Hosts(Vec::new())).await;
    let missing = run(at, query_id, &Targets::Hosts(vec![ids[0], 404])).await;
    let unknown = run(at, 404, &Targets::Online).await;

    assert_eq!(asked.target_hosts, json!([ids[0], ids[1]]));
    assert_eq!((asked.status, asked.results_count), (QueryExecutionStatus::Pending, 0));
    let by = admin::<RunQueries>(db).await;
    assert_eq!(asked.executed_by_id, Some(by.actor().unwrap().user_id()));
    assert!(matches!(nobody, Err(Error::Invalid { .. })), "{nobody:?}");
    assert!(matches!(missing, Err(Error::NotFound { kind: "host of the fleet", .. })));
    assert!(matches!(unknown, Err(Error::NotFound { kind: "query", .. })), "{unknown:?}");
    let rows = system_log::Entity::find().filter(system_log::Column::Action.eq("run"));
    let rows = rows.all(db).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].details, Some(json!({"query_id": query_id, "hosts": 2})));
}

async fn all_that_are_online_are_asked(db: &DatabaseConnection) {
    let (world, clock) = world();
    let at = (db, &world);
    hosts(at, 3).await;
    let query_id = query(at, "open ports").await;
    clock.advance(TimeDelta::hours(1));
    let online = seen(at, &sighting(2)).await.unwrap().id;
    let by = admin::<ReportResults>(db).await;
    host::silent(db, &world, &by, TimeDelta::minutes(5)).await.unwrap();

    let asked = run(at, query_id, &Targets::Online).await.unwrap();
    // Nobody has looked since who is silent.
    clock.advance(TimeDelta::days(1));
    let nobody = run(at, query_id, &Targets::Online).await;

    assert_eq!(asked.target_hosts, json!([online]));
    assert!(matches!(nobody, Err(Error::Invalid { .. })), "{nobody:?}");
}

async fn a_scheduled_query_is_asked_when_its_interval_has_passed(db: &DatabaseConnection) {
    let (world, clock) = world();
    let at = (db, &world);
    let by = admin::<ReportResults>(db).await;
    let every_minute = fleet_query::ActiveModel {
        is_scheduled: Set(true),
        interval_seconds: Set(60),
        ..named("every minute")
    };
    let query_id = add(at, every_minute).await.unwrap().id;
    query(at, "by hand").await;

    let nobody = schedule::due(db, &world, &by).await.unwrap();
    let ids = hosts(at, 2).await;
    let first = schedule::due(db, &world, &by).await.unwrap();
    clock.advance(TimeDelta::seconds(60));
    let waits = schedule::due(db, &world, &by).await.unwrap();
    claim(at).await.unwrap();
    let second = schedule::due(db, &world, &by).await.unwrap();
    claim(at).await.unwrap();
    clock.advance(TimeDelta::seconds(59));
    let early = schedule::due(db, &world, &by).await.unwrap();
    clock.advance(TimeDelta::seconds(1));
    let change = &admin::<UpdateFleet>(db).await;
    audited(db, &world, |unit, _| {
        let off = fleet_query::ActiveModel { is_scheduled: Set(false), ..Default::default() };
        Box::pin(records::update::<fleet_query::Entity>(unit, change, query_id, off))
            as BoxFuture<'_, _>
    })
    .await
    .unwrap();
    let off = schedule::due(db, &world, &by).await.unwrap();

    for none in [nobody, waits, early, off] {
        assert!(none.is_empty(), "{none:?}");
    }
    assert_eq!(first.len(), 1);
    assert_eq!((first[0].query_id, first[0].executed_by_id), (query_id, None));
    assert_eq!(first[0].target_hosts, json!(ids));
    assert_eq!(second.len(), 1);
}

async fn schedulers_at_once_make_one_execution(db: &DatabaseConnection) {
    let (world, _) = world();
    let at = (db, &world);
    let (world, by) = (&world, &admin::<ReportResults>(db).await);
    hosts(at, 1).await;
    for round in 0..plimsoll::testing::cases(3) {
        let name = format!("round {round}");
        let row = fleet_query::ActiveModel { is_scheduled: Set(true), ..named(&name) };
        let query_id = add(at, row).await.unwrap().id;

        let outcomes = join_all((0..4).map(|_| schedule::due(db, world, by))).await;

        let made: usize = outcomes.iter().map(|made| made.as_ref().unwrap().len()).sum();
        assert_eq!(made, 1);
        let asked = query_execution::Column::QueryId.eq(query_id);
        let rows = query_execution::Entity::find().filter(asked).count(db).await.unwrap();
        assert_eq!(rows, 1);
    }
}

async fn each_execution_is_taken_by_one_and_the_oldest_first(db: &DatabaseConnection) {
    let (world, clock) = world();
    let at = (db, &world);
    let by = &admin::<ReportResults>(db).await;
    let targets = Targets::Hosts(hosts(at, 1).await);
    let query_id = query(at, "open ports").await;
    let mut asked = Vec::new();
    for _ in 0..25 {
        // The later the key, the earlier the time.
        clock.advance(TimeDelta::seconds(-1));
        asked.push(run(at, query_id, &targets).await.unwrap().id);
    }

    let first = claim(at).await.unwrap();
    let taken = join_all((0..8).map(|_| async move {
        let mut taken = Vec::new();
        while let Some(execution) = execution::claim(db, by).await.unwrap() {
            taken.push(execution.id);
        }
        taken
    }))
    .await;

    assert_eq!((first.id, first.status), (asked[24], QueryExecutionStatus::Running));
    let mut all: Vec<i64> = taken.concat();
    all.sort_unstable();
    assert_eq!(all, asked[..24]);
}

async fn an_execution_tells_how_it_went(db: &DatabaseConnection) {
    let (world, clock) = world();
    let at = (db, &world);
    let by = admin::<ReportResults>(db).await;
    let ids = hosts(at, 1).await;
    let query_id = query(at, "open ports").await;
    let waiting = run(at, query_id, &Targets::Hosts(ids.clone())).await.unwrap().id;
    let early = execution::launched(db, &world, &by, waiting, 77).await;
    let too_early = complete(at, waiting).await;
    claim(at).await.unwrap();

    let launched = execution::launched(db, &world, &by, waiting, 77).await.unwrap();
    let ended_at = clock.advance(TimeDelta::milliseconds(5_250));
    let done = complete(at, waiting).await.unwrap().execution;
    let failing = running(at, query_id, &ids).await;
    let failed = fail(at, failing, "no route to Fleet").await.unwrap();
    let behind = running(at, query_id, &ids).await;
    // The clock of whoever completes it is behind that of who asked.
    clock.advance(TimeDelta::seconds(-60));
    let late = complete(at, behind).await.unwrap().execution;

    for refused in [early.map(drop), too_early.map(drop)] {
        assert!(
            matches!(refused, Err(Error::Refused { rule: Rule::Transition, .. })),
            "{refused:?}"
        );
    }
    assert_eq!(launched.campaign_id, Some(77));
    assert_eq!(done.status, QueryExecutionStatus::Completed);
    assert_eq!((done.completed_at, done.execution_time_ms), (Some(ended_at), Some(5_250)));
    assert_eq!(failed.status, QueryExecutionStatus::Failed);
    assert_eq!(failed.error_message.as_deref(), Some("no route to Fleet"));
    assert_eq!((late.completed_at, late.execution_time_ms), (Some(late.executed_at), Some(0)));
    let unknown = complete(at, 404).await;
    assert!(matches!(unknown, Err(Error::NotFound { .. })), "{unknown:?}");
    let too_long = fail(at, failing, &"x".repeat(10_001)).await;
    assert!(matches!(too_long, Err(Error::Invalid { .. })), "{too_long:?}");
}

async fn an_execution_ends_once(db: &DatabaseConnection) {
    let (world, _) = world();
    let at = (db, &world);
    let ids = hosts(at, 1).await;
    let query_id = query(at, "open ports").await;
    for _ in 0..plimsoll::testing::cases(3) {
        let id = running(at, query_id, &ids).await;

        let (completed, cancelled) = join(complete(at, id), cancel(at, id)).await;

        let outcomes = [completed.map(drop), cancelled.map(drop)];
        let refused: Vec<_> =
            outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
        assert_eq!(refused.len(), 1, "{outcomes:?}");
        assert!(matches!(refused[0], Error::Refused { rule: Rule::Transition, .. }), "{refused:?}");
    }
}

async fn an_execution_that_was_cancelled_takes_nothing_more(db: &DatabaseConnection) {
    let (world, _) = world();
    let at = (db, &world);
    let ids = hosts(at, 1).await;
    let query_id = query(at, "open ports").await;
    let waiting = run(at, query_id, &Targets::Online).await.unwrap().id;

    let cancelled = cancel(at, waiting).await.unwrap();
    let nothing = claim(at).await;
    let taken = running(at, query_id, &ids).await;
    cancel(at, taken).await.unwrap();

    assert_eq!(cancelled.status, QueryExecutionStatus::Cancelled);
    assert_eq!((cancelled.execution_time_ms, cancelled.completed_at.is_some()), (None, true));
    assert_eq!(nothing, None);
    for refused in [
        answered(at, taken, ids[0], rows(1)).await.map(drop),
        complete(at, taken).await.map(drop),
        fail(at, taken, "late").await.map(drop),
        cancel(at, taken).await.map(drop),
    ] {
        let Err(Error::Refused { rule: Rule::Transition, because }) = refused else {
            panic!("{refused:?}")
        };
        assert!(because.contains("`cancelled`"), "{because}");
    }
    let log = system_log::Entity::find().order_by_asc(system_log::Column::Position);
    let log = log.filter(system_log::Column::Action.eq("cancel")).all(db).await.unwrap();
    let of: Vec<_> = log.iter().filter_map(|row| row.subject_id.clone()).collect();
    assert_eq!(of, [waiting.to_string(), taken.to_string()]);
}
