//! What hosts answer: counted, kept once, compared.

use chrono::{DateTime, TimeDelta};
use entity::fleet::{fleet_host, osquery_result, query_execution};
use futures_util::future::{join, join_all};
use sea_orm::{DatabaseConnection, EntityTrait, PaginatorTrait};
use serde_json::json;
use service::{
    Error,
    fleet::answer::{self, Answer},
    rights::{ReadFleet, ReportResults},
};

use super::{answered, hosts, query, rows, running, world};
use crate::people::admin;

plimsoll::on_every_database!(migration::app:
    an_answer_is_kept_and_its_rows_are_counted,
    what_can_be_no_answer_is_refused,
    an_answer_that_is_brought_twice_counts_once,
    answers_at_once_are_counted_each,
    whether_an_answer_changed_is_told_by_the_last_two,
    the_answers_of_a_host_are_listed_the_newest_first,
);

async fn counted(db: &DatabaseConnection, id: i64) -> i64 {
    query_execution::Entity::find_by_id(id).one(db).await.unwrap().unwrap().results_count
}

async fn kept(db: &DatabaseConnection) -> u64 {
    osquery_result::Entity::find().count(db).await.unwrap()
}

async fn an_answer_is_kept_and_its_rows_are_counted(db: &DatabaseConnection) {
    let (world, _) = world();
    let at = (db, &world);
    let ids = hosts(at, 2).await;
    let query_id = query(at, "open ports").await;
    let id = running(at, query_id, &ids).await;

    let first = answered(at, id, ids[0], rows(2)).await.unwrap();
    answered(at, id, ids[1], rows(0)).await.unwrap();

    assert_eq!((first.answer.host_id, first.answer.query_name.as_str()), (ids[0], "open ports"));
    assert_eq!(first.answer.result_data, rows(2));
    assert_eq!(first.answer.result_hash.map(|hash| hash.len()), Some(64));
    assert!(first.raised.is_empty(), "{:?}", first.raised);
    assert_eq!((counted(db, id).await, kept(db).await), (2, 2));
}

async fn what_can_be_no_answer_is_refused(db: &DatabaseConnection) {
    let (world, _) = world();
    let at = (db, &world);
    let by = &admin::<ReportResults>(db).await;
    let ids = hosts(at, 3).await;
    let query_id = query(at, "open ports").await;
    let id = running(at, query_id, &ids[..2]).await;
    fleet_host::Entity::delete_by_id(ids[1]).exec(db).await.unwrap();

    let stranger = answered(at, id, ids[2], rows(1)).await;
    let gone = answered(at, id, ids[1], rows(1)).await;
    let unknown = answered(at, 404, ids[0], rows(1)).await;
    let no_rows = answered(at, id, ids[0], json!({"name": "sshd"})).await;
    let long_ago = Answer { host_id: ids[0], recorded_at: DateTime::UNIX_EPOCH, rows: json!([]) };
    let long_ago = answer::answered(db, &world, by, id, &long_ago).await;

    assert!(matches!(stranger, Err(Error::Invalid { kind: "host", .. })), "{stranger:?}");
    assert!(matches!(gone, Err(Error::NotFound { kind: "host of the fleet", .. })), "{gone:?}");
    assert!(matches!(unknown, Err(Error::NotFound { .. })), "{unknown:?}");
    assert!(matches!(no_rows, Err(Error::Invalid { kind: "rows", .. })), "{no_rows:?}");
    assert!(matches!(long_ago, Err(Error::Invalid { .. })), "{long_ago:?}");
    assert_eq!((counted(db, id).await, kept(db).await), (0, 0));
}

async fn an_answer_that_is_brought_twice_counts_once(db: &DatabaseConnection) {
    let (world, clock) = world();
    let at = (db, &world);
    let ids = hosts(at, 1).await;
    let query_id = query(at, "open ports").await;
    let id = running(at, query_id, &ids).await;

    let (one, other) =
        join(answered(at, id, ids[0], rows(3)), answered(at, id, ids[0], rows(3))).await;
    let again = answered(at, id, ids[0], rows(3)).await.unwrap();
    clock.advance(TimeDelta::seconds(1));
    let later = answered(at, id, ids[0], rows(1)).await.unwrap();

    let (one, other) = (one.unwrap().answer, other.unwrap().answer);
    assert_eq!((other.id, again.answer.id), (one.id, one.id));
    assert_ne!(later.answer.id, one.id);
    assert_eq!((counted(db, id).await, kept(db).await), (4, 2));
}

async fn answers_at_once_are_counted_each(db: &DatabaseConnection) {
    let (world, clock) = world();
    let at = (db, &world);
    let ids = hosts(at, 8).await;
    for round in 0..plimsoll::testing::cases(3) {
        clock.advance(TimeDelta::seconds(1));
        let query_id = query(at, &format!("round {round}")).await;
        let id = running(at, query_id, &ids).await;

        let outcomes =
            join_all(ids.iter().map(|host_id| answered(at, id, *host_id, rows(3)))).await;

        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        assert_eq!(counted(db, id).await, 24);
    }
}

async fn whether_an_answer_changed_is_told_by_the_last_two(db: &DatabaseConnection) {
    let (world, clock) = world();
    let (report, read) = (&admin::<ReportResults>(db).await, &admin::<ReadFleet>(db).await);
    let ids = hosts((db, &world), 2).await;
    let (ssh, web) = (json!({"name": "sshd", "port": "22"}), json!({"port": "80"}));
    let mut told = Vec::new();

    for rows in [
        json!([ssh, web]),
        json!([web, {"port": "22", "name": "sshd"}]),
        json!([web]),
        json!([web]),
    ] {
        let recorded_at = clock.advance(TimeDelta::seconds(1));
        let answer = Answer { host_id: ids[0], recorded_at, rows };
        for _ in 0..2 {
            answer::unasked(db, &world, report, "pack/ports", &answer).await.unwrap();
        }
        told.push(answer::changed(db, read, ids[0], "pack/ports").await.unwrap());
    }

    assert_eq!(told, [None, Some(false), Some(true), Some(false)]);
    for (host_id, query_name) in [(ids[1], "pack/ports"), (ids[0], "pack"), (ids[0], "pack\0")] {
        let other = answer::changed(db, read, host_id, query_name).await.unwrap();
        assert_eq!(other, None, "{host_id} {query_name:?}");
    }
    let nobody = Answer { host_id: 404, recorded_at: world.clock.now(), rows: json!([]) };
    let refused = answer::unasked(db, &world, report, "pack/ports", &nobody).await;
    assert!(matches!(refused, Err(Error::NotFound { .. })), "{refused:?}");
}

async fn the_answers_of_a_host_are_listed_the_newest_first(db: &DatabaseConnection) {
    let (world, clock) = world();
    let (report, read) = (&admin::<ReportResults>(db).await, &admin::<ReadFleet>(db).await);
    let ids = hosts((db, &world), 2).await;
    let mut kept = Vec::new();
    for at in 0..6 {
        let recorded_at = clock.advance(TimeDelta::seconds(1));
        let answer = Answer { host_id: ids[at % 2], recorded_at, rows: rows(at) };
        kept.push(answer::unasked(db, &world, report, "pack", &answer).await.unwrap().id);
    }

    let first = answer::results(db, read, ids[0], None, 2).await.unwrap();
    let second = answer::results(db, read, ids[0], first.next, 2).await.unwrap();
    let unknown = answer::results(db, read, 404, None, 2).await;

    let listed: Vec<i64> = first.rows.iter().chain(&second.rows).map(|row| row.id).collect();
    assert_eq!(listed, [kept[4], kept[2], kept[0]]);
    assert_eq!((first.rows.len(), second.next), (2, None));
    assert!(matches!(unknown, Err(Error::NotFound { .. })), "{unknown:?}");
}
