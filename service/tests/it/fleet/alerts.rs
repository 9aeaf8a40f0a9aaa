//! Alerts: when one is raised, when not, and how it is settled.

use chrono::TimeDelta;
use entity::{
    audit::system_log,
    fleet::{alert_history, fleet_alert},
};
use futures_util::future::{join, join_all};
use plimsoll::retry::BoxFuture;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter,
};
use serde_json::{Value, json};
use service::{
    Error, Result,
    audit::audited,
    fleet::{
        alarm,
        alert::FleetAlertCondition::{self, AnyRow, NoRow, RowCountAbove, RowCountBelow},
    },
    records,
    rights::{CreateFleet, ReadFleet, ReportResults, UpdateFleet},
    rule::Rule,
};

use super::{At, answered, cancel, complete, fail, hosts, query, rows, running, world};
use crate::people::admin;

plimsoll::on_every_database!(migration::app:
    an_alert_needs_the_parameters_of_its_condition,
    too_many_rows_raise_an_alert_once_an_execution,
    too_few_rows_raise_an_alert_when_the_execution_is_complete,
    an_execution_that_fails_or_is_cancelled_raises_nothing_at_its_end,
    an_alert_that_is_out_of_use_is_not_raised,
    an_alert_stays_silent_for_its_cooldown,
    answers_at_once_raise_an_alert_once,
    executions_at_once_raise_an_alert_once,
    a_raised_alert_is_settled_once,
    the_channels_of_a_message_are_noted_each_once,
    what_nobody_has_settled_is_listed_the_newest_first,
);

async fn add((db, world): At<'_>, row: fleet_alert::ActiveModel) -> Result<fleet_alert::Model> {
    let (by, row) = (&admin::<CreateFleet>(db).await, &row);
    audited(db, world, |unit, _| {
        let row = row.clone();
        Box::pin(records::create::<fleet_alert::Entity>(unit, by, row)) as BoxFuture<'_, _>
    })
    .await
}

fn on(
    query_id: i64,
    condition: FleetAlertCondition,
    parameters: Value,
) -> fleet_alert::ActiveModel {
    fleet_alert::ActiveModel {
        query_id: Set(query_id),
        name: Set(format!("{condition:?} of {query_id}")),
        alert_condition: Set(condition),
        condition_parameters: Set(parameters),
        ..Default::default()
    }
}

/// The key of an alert that is raised at that condition, with that threshold.
async fn alert(at: At<'_>, query_id: i64, condition: FleetAlertCondition, threshold: u64) -> i64 {
    add(at, on(query_id, condition, json!({"threshold": threshold}))).await.unwrap().id
}

async fn resolve((db, world): At<'_>, id: i64, notes: &str) -> Result<alert_history::Model> {
    let by = &admin::<UpdateFleet>(db).await;
    audited(db, world, |unit, _| {
        Box::pin(alarm::resolve(unit, by, id, Some(notes.to_owned()))) as BoxFuture<'_, _>
    })
    .await
}

async fn raised(db: &DatabaseConnection, alert_id: i64) -> u64 {
    let of = alert_history::Column::AlertId.eq(alert_id);
    alert_history::Entity::find().filter(of).count(db).await.unwrap()
}

async fn an_alert_needs_the_parameters_of_its_condition(db: &DatabaseConnection) {
    let (world, _) = world();
    let at = (db, &world);
    let query_id = query(at, "open ports").await;

    let without = fleet_alert::ActiveModel {
        query_id: Set(query_id),
        name: Set("too many".to_owned()),
        alert_condition: Set(RowCountAbove),
        ..Default::default()
    };
    let without = add(at, without).await;
    let never = add(at, on(query_id, RowCountBelow, json!({"threshold": 0}))).await;
    let any = add(at, on(query_id, AnyRow, json!({}))).await.unwrap();
    let by = &admin::<UpdateFleet>(db).await;
    let changed = audited(db, &world, |unit, _| {
        let above =
            fleet_alert::ActiveModel { alert_condition: Set(RowCountAbove), ..Default::default() };
        Box::pin(records::update::<fleet_alert::Entity>(unit, by, any.id, above))
            as BoxFuture<'_, _>
    })
    .await;

    for refused in [without, never, changed] {
        assert!(
            matches!(refused, Err(Error::Invalid { kind: "condition parameters", .. })),
            "{refused:?}"
        );
    }
    assert_eq!((any.notification_channels, any.cooldown_minutes), (json!([]), 60));
}

async fn too_many_rows_raise_an_alert_once_an_execution(db: &DatabaseConnection) {
    let (world, _) = world();
    let at = (db, &world);
    let ids = hosts(at, 4).await;
    let query_id = query(at, "open ports").await;
    let any = alert(at, query_id, AnyRow, 0).await;
    let above = alert(at, query_id, RowCountAbove, 13).await;
    let id = running(at, query_id, &ids).await;

    let mut told = Vec::new();
    for (host_id, number) in ids.iter().zip([0, 12, 2, 5]) {
        let answered = answered(at, id, *host_id, rows(number)).await.unwrap();
        told.push(answered.raised.iter().map(|row| row.alert_id).collect::<Vec<_>>());
    }

    assert_eq!(told, [vec![], vec![any], vec![above], vec![]]);
    assert_eq!((raised(db, any).await, raised(db, above).await), (1, 1));
    let of = alert_history::Column::AlertId.eq(any);
    let row = alert_history::Entity::find().filter(of).one(db).await.unwrap().unwrap();
    assert_eq!(row.triggered_by, Some(format!("execution {id}")));
    let data = row.trigger_data.unwrap();
    assert_eq!((&data["rows"], &data["host_id"]), (&json!(12), &json!(ids[1])));
    assert_eq!(data["sample"].as_array().map(Vec::len), Some(alarm::SAMPLE));
    assert_eq!((row.notification_sent, row.resolved_at), (false, None));
}

async fn too_few_rows_raise_an_alert_when_the_execution_is_complete(db: &DatabaseConnection) {
    let (world, clock) = world();
    let at = (db, &world);
    let ids = hosts(at, 2).await;
    let query_id = query(at, "encrypted disks").await;
    let below = alert(at, query_id, RowCountBelow, 3).await;
    let none = alert(at, query_id, NoRow, 0).await;
    let mut told = Vec::new();

    for number in [0, 1, 2] {
        clock.advance(TimeDelta::hours(2));
        let id = running(at, query_id, &ids).await;
        for host_id in &ids {
            let early = answered(at, id, *host_id, rows(number)).await.unwrap().raised;
            assert!(early.is_empty(), "{early:?}");
        }
        let raised = complete(at, id).await.unwrap().raised;
        told.push(raised.iter().map(|row| row.alert_id).collect::<Vec<_>>());
    }

    assert_eq!(told, [vec![below, none], vec![below], vec![]]);
}

async fn an_execution_that_fails_or_is_cancelled_raises_nothing_at_its_end(
    db: &DatabaseConnection,
) {
    let (world, _) = world();
    let at = (db, &world);
    let ids = hosts(at, 1).await;
    let query_id = query(at, "encrypted disks").await;
    let none = alert(at, query_id, NoRow, 0).await;

    let failing = running(at, query_id, &ids).await;
    fail(at, failing, "no route to Fleet").await.unwrap();
    let unwanted = running(at, query_id, &ids).await;
    cancel(at, unwanted).await.unwrap();

    assert_eq!(raised(db, none).await, 0);
}

async fn an_alert_that_is_out_of_use_is_not_raised(db: &DatabaseConnection) {
    let (world, _) = world();
    let at = (db, &world);
    let ids = hosts(at, 1).await;
    let query_id = query(at, "open ports").await;
    let off = fleet_alert::ActiveModel {
        is_active: Set(false),
        ..on(query_id, AnyRow, json!({"condition": "host_offline"}))
    };
    let off = add(at, off).await.unwrap().id;
    let other = query(at, "users").await;
    let others = alert(at, other, AnyRow, 0).await;
    let id = running(at, query_id, &ids).await;

    let answered = answered(at, id, ids[0], rows(1)).await.unwrap();

    assert!(answered.raised.is_empty(), "{:?}", answered.raised);
    assert_eq!((raised(db, off).await, raised(db, others).await), (0, 0));
}

async fn an_alert_stays_silent_for_its_cooldown(db: &DatabaseConnection) {
    let (world, clock) = world();
    let at = (db, &world);
    let ids = hosts(at, 1).await;
    let query_id = query(at, "open ports").await;
    let hourly = alert(at, query_id, AnyRow, 0).await;
    let always = fleet_alert::ActiveModel {
        cooldown_minutes: Set(0),
        ..on(query_id, RowCountAbove, json!({"threshold": 0}))
    };
    let always = add(at, always).await.unwrap().id;
    let mut told = Vec::new();

    for wait in [0, 3_599, 1, 3_600] {
        clock.advance(TimeDelta::seconds(wait));
        let id = running(at, query_id, &ids).await;
        let answered = answered(at, id, ids[0], rows(1)).await.unwrap();
        told.push(answered.raised.iter().map(|row| row.alert_id).collect::<Vec<_>>());
    }

    assert_eq!(
        told,
        [vec![hourly, always], vec![always], vec![hourly, always], vec![hourly, always]]
    );
}

async fn answers_at_once_raise_an_alert_once(db: &DatabaseConnection) {
    let (world, clock) = world();
    let at = (db, &world);
    let ids = hosts(at, 8).await;
    for round in 0..plimsoll::testing::cases(3) {
        clock.advance(TimeDelta::seconds(1));
        let query_id = query(at, &format!("round {round}")).await;
        let any = fleet_alert::ActiveModel {
            cooldown_minutes: Set(0),
            ..on(query_id, AnyRow, json!({}))
        };
        let any = add(at, any).await.unwrap().id;
        let above = alert(at, query_id, RowCountAbove, 20).await;
        let id = running(at, query_id, &ids).await;

        let outcomes =
            join_all(ids.iter().map(|host_id| answered(at, id, *host_id, rows(3)))).await;

        let told: usize = outcomes.iter().map(|one| one.as_ref().unwrap().raised.len()).sum();
        assert_eq!(told, 2);
        assert_eq!((raised(db, any).await, raised(db, above).await), (1, 1));
    }
}

async fn executions_at_once_raise_an_alert_once(db: &DatabaseConnection) {
    let (world, clock) = world();
    let at = (db, &world);
    let ids = hosts(at, 4).await;
    for round in 0..plimsoll::testing::cases(3) {
        clock.advance(TimeDelta::seconds(1));
        let query_id = query(at, &format!("round {round}")).await;
        let any = alert(at, query_id, AnyRow, 0).await;
        let mut executions = Vec::new();
        for host_id in &ids {
            executions.push((running(at, query_id, &[*host_id]).await, *host_id));
        }

        let outcomes =
            join_all(executions.iter().map(|(id, host_id)| answered(at, *id, *host_id, rows(1))))
                .await;

        let told: usize = outcomes.iter().map(|one| one.as_ref().unwrap().raised.len()).sum();
        assert_eq!((told, raised(db, any).await), (1, 1));
    }
}

async fn a_raised_alert_is_settled_once(db: &DatabaseConnection) {
    let (world, clock) = world();
    let at = (db, &world);
    let ids = hosts(at, 1).await;
    let query_id = query(at, "open ports").await;
    let any = alert(at, query_id, AnyRow, 0).await;
    let id = running(at, query_id, &ids).await;
    let row = answered(at, id, ids[0], rows(1)).await.unwrap().raised.remove(0);
    let settled_at = clock.advance(TimeDelta::minutes(5));
    let by = admin::<UpdateFleet>(db).await;

    let too_long = resolve(at, row.id, &"x".repeat(10_001)).await;
    let (one, other) = join(resolve(at, row.id, "closed"), resolve(at, row.id, "closed")).await;
    let unknown = resolve(at, 404, "closed").await;

    let (settled, refused) = match (one, other) {
        (Ok(settled), Err(refused)) | (Err(refused), Ok(settled)) => (settled, refused),
        both => panic!("{both:?}"),
    };
    assert_eq!(settled.resolved_at, Some(settled_at));
    assert_eq!(settled.resolved_by_id, Some(by.actor().unwrap().user_id()));
    assert_eq!(settled.resolution_notes.as_deref(), Some("closed"));
    assert!(matches!(refused, Error::Refused { rule: Rule::Transition, .. }), "{refused:?}");
    assert!(matches!(too_long, Err(Error::Invalid { .. })), "{too_long:?}");
    assert!(matches!(unknown, Err(Error::NotFound { .. })), "{unknown:?}");
    let log = system_log::Entity::find().filter(system_log::Column::Action.eq("resolve"));
    let log = log.all(db).await.unwrap();
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].details, Some(json!({"alert_id": any})));
}

async fn the_channels_of_a_message_are_noted_each_once(db: &DatabaseConnection) {
    let (world, _) = world();
    let at = (db, &world);
    let by = &admin::<ReportResults>(db).await;
    let ids = hosts(at, 1).await;
    let query_id = query(at, "open ports").await;
    alert(at, query_id, AnyRow, 0).await;
    let id = running(at, query_id, &ids).await;
    let row = answered(at, id, ids[0], rows(1)).await.unwrap().raised.remove(0);
    let channels = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();

    let one = channels(&["slack/ops", "mail/ops"]);
    alarm::notified(db, &world, by, row.id, &one).await.unwrap();
    let other = channels(&["mail/ops", "pager"]);
    let noted = alarm::notified(db, &world, by, row.id, &other).await.unwrap();

    assert!(noted.notification_sent);
    assert_eq!(noted.notification_channels_used, json!(["slack/ops", "mail/ops", "pager"]));
    for wrong in [vec![], channels(&[""]), channels(&["a\nb"])] {
        let refused = alarm::notified(db, &world, by, row.id, &wrong).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    }
    let unknown = alarm::notified(db, &world, by, 404, &one).await;
    assert!(matches!(unknown, Err(Error::NotFound { .. })), "{unknown:?}");
}

async fn what_nobody_has_settled_is_listed_the_newest_first(db: &DatabaseConnection) {
    let (world, clock) = world();
    let at = (db, &world);
    let read = admin::<ReadFleet>(db).await;
    let ids = hosts(at, 1).await;
    let query_id = query(at, "open ports").await;
    alert(at, query_id, AnyRow, 0).await;
    let mut all = Vec::new();
    for _ in 0..4 {
        clock.advance(TimeDelta::hours(1));
        let id = running(at, query_id, &ids).await;
        all.push(answered(at, id, ids[0], rows(1)).await.unwrap().raised[0].id);
    }
    resolve(at, all[2], "closed").await.unwrap();

    let first = alarm::open(db, &read, None, 2).await.unwrap();
    let second = alarm::open(db, &read, first.next, 2).await.unwrap();

    let listed: Vec<i64> = first.rows.iter().chain(&second.rows).map(|row| row.id).collect();
    assert_eq!(listed, [all[3], all[1], all[0]]);
    assert_eq!((first.rows.len(), second.next), (2, None));
}
