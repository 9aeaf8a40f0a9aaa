//! The gateway: what is offered where, and how often it is called.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use entity::{
    gateway::{
        api_definition::{ActiveModel, Entity, HttpMethod, Model},
        api_usage,
    },
    identity::user,
};
use futures_util::future::join_all;
use plimsoll::{clock::ManualClock, retry::BoxFuture};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder,
};
use serde_json::json;
use service::{
    Error, Result, World,
    audit::audited,
    gateway::{
        api,
        usage::{self, BUCKET, Call, Day, LONGEST_CALL, LONGEST_REPORT, Top},
    },
    records,
    rights::{CountUsage, CreateGateway, DeleteGateway, ReadGateway, UpdateGateway},
    rule::Rule,
};

use crate::people::{admin, person};

plimsoll::on_every_database!(migration::app:
    an_api_is_found_by_its_path_method_and_version,
    an_api_that_is_switched_off_is_told_from_none,
    what_can_be_no_api_is_refused,
    calls_of_a_span_that_are_alike_are_one_row,
    the_longest_call_is_kept_whichever_came_first,
    counts_at_once_lose_nothing,
    batches_at_once_lose_nothing,
    a_batch_with_a_call_that_can_be_none_counts_nothing,
    calls_of_what_is_gone_are_not_counted_and_those_of_somebody_who_is_gone_are,
    usage_is_told_by_day_and_kind_of_end,
    the_apis_that_are_called_most_come_first,
);

const GET: HttpMethod = HttpMethod::Get;

/// A quarter past an hour.
const NOW: i64 = 1_790_000_100;

fn at(now: DateTime<Utc>) -> World {
    World { clock: std::sync::Arc::new(ManualClock::new(now)), ..World::system() }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW, 0).unwrap()
}

fn orders() -> ActiveModel {
    ActiveModel {
        name: Set("Orders".to_owned()),
        version: Set("v1".to_owned()),
        path: Set("/orders".to_owned()),
        method: Set(GET),
        ..Default::default()
    }
}

async fn create(db: &DatabaseConnection, new: ActiveModel) -> Result<Model> {
    let by = &admin::<CreateGateway>(db).await;
    let new = &new;
    audited(db, &World::system(), |unit, _| {
        Box::pin(records::create::<Entity>(unit, by, new.clone())) as BoxFuture<'_, _>
    })
    .await
}

fn call(api_id: i64, response_time_ms: i64) -> Call {
    Call { api_id, method: GET, status_code: 200, caller: None, response_time_ms }
}

async fn rows(db: &DatabaseConnection) -> Vec<api_usage::Model> {
    api_usage::Entity::find().order_by_asc(api_usage::Column::Id).all(db).await.unwrap()
}

/// Of a row: how many calls, their time together, and the longest.
fn sums(row: &api_usage::Model) -> (i64, i64, i64) {
    (row.request_count, row.response_time_ms_sum, row.response_time_ms_max)
}

async fn an_api_is_found_by_its_path_method_and_version(db: &DatabaseConnection) {
    let made =
        create(db, ActiveModel { path: Set("/orders/".to_owned()), ..orders() }).await.unwrap();
    let v2 = create(db, ActiveModel { version: Set("v2".to_owned()), ..orders() }).await.unwrap();
    let post = create(db, ActiveModel { method: Set(HttpMethod::Post), ..orders() }).await.unwrap();
    let by = admin::<CountUsage>(db).await;

    assert_eq!(made.path, "/orders");
    for (path, method, version, id) in [
        ("/orders", GET, "v1", made.id),
        ("/orders/", GET, "v1", made.id),
        ("/orders", GET, "v2", v2.id),
        ("/orders", HttpMethod::Post, "v1", post.id),
    ] {
        let found = api::find(db, &by, path, method, version).await.unwrap();
        assert_eq!(found.id, id, "{path} {version}");
    }
    for (path, method, version) in [
        ("/Orders", GET, "v1"),
        ("/orders", HttpMethod::Put, "v1"),
        ("/orders", GET, "V1"),
        ("/orders", GET, "v1 "),
        ("/orders", GET, "v1\0"),
        ("/orders", GET, ""),
        ("orders", GET, "v1"),
        ("/orders\0", GET, "v1"),
        ("/orders//", GET, "v3"),
        ("/a/../orders", GET, "v1"),
        ("", GET, "v1"),
    ] {
        let missing = api::find(db, &by, path, method, version).await;
        assert!(
            matches!(missing, Err(Error::NotFound { kind: "API", .. })),
            "{path:?} {version:?}: {missing:?}"
        );
    }
    let again = create(db, ActiveModel { path: Set("/orders/".to_owned()), ..orders() }).await;
    assert!(matches!(again, Err(Error::AlreadyExists { kind: "API", .. })), "{again:?}");
}

async fn an_api_that_is_switched_off_is_told_from_none(db: &DatabaseConnection) {
    let id = create(db, orders()).await.unwrap().id;
    let by = &admin::<UpdateGateway>(db).await;
    let off = &ActiveModel { enabled: Set(false), ..Default::default() };
    audited(db, &World::system(), |unit, _| {
        Box::pin(records::update::<Entity>(unit, by, id, off.clone())) as BoxFuture<'_, _>
    })
    .await
    .unwrap();

    let by = admin::<CountUsage>(db).await;
    let refused = api::find(db, &by, "/orders", GET, "v1").await;

    assert!(matches!(refused, Err(Error::Refused { rule: Rule::Inactive, .. })), "{refused:?}");
}

async fn what_can_be_no_api_is_refused(db: &DatabaseConnection) {
    for wrong in [
        ActiveModel { name: Set(" ".to_owned()), ..orders() },
        ActiveModel { version: Set(String::new()), ..orders() },
        ActiveModel { version: Set("v1 ".to_owned()), ..orders() },
        ActiveModel { version: Set("v".repeat(51)), ..orders() },
        ActiveModel { path: Set("orders".to_owned()), ..orders() },
        ActiveModel { path: Set("/a?b".to_owned()), ..orders() },
        ActiveModel { path: Set(format!("/{}", "a".repeat(500))), ..orders() },
        ActiveModel { openapi_spec: Set(Some(json!([]))), ..orders() },
        ActiveModel { openapi_spec: Set(Some(json!(null))), ..orders() },
    ] {
        let refused = create(db, wrong.clone()).await;

        assert!(matches!(refused, Err(Error::Invalid { .. })), "{wrong:?}: {refused:?}");
    }
    let spec = json!({"openapi": "3.1.0", "paths": {}});
    let good = ActiveModel {
        name: Set(" Orders ".to_owned()),
        path: Set("/".to_owned()),
        openapi_spec: Set(Some(spec.clone())),
        ..orders()
    };
    let made = create(db, good).await.unwrap();
    assert_eq!((made.name.as_str(), made.path.as_str()), ("Orders", "/"));
    assert_eq!(made.openapi_spec, Some(spec));
}

async fn calls_of_a_span_that_are_alike_are_one_row(db: &DatabaseConnection) {
    let id = create(db, orders()).await.unwrap().id;
    let ana = person(db, "ana", &[]).await.id;
    let by = admin::<CountUsage>(db).await;
    let begun = now() - TimeDelta::seconds(NOW % BUCKET.num_seconds());

    for (moment, call) in [
        (begun, call(id, 5)),
        (now(), call(id, 9)),
        (begun + BUCKET - TimeDelta::microseconds(1), call(id, 7)),
        (now(), Call { status_code: 500, ..call(id, 1) }),
        (now(), Call { method: HttpMethod::Post, ..call(id, 2) }),
        (now(), Call { caller: Some(ana), ..call(id, 3) }),
        (now(), Call { caller: Some(ana), ..call(id, 4) }),
        (begun + BUCKET, call(id, 8)),
    ] {
        usage::count(db, &at(moment), &by, &call).await.unwrap();
    }

    let rows = rows(db).await;
    let told: Vec<_> = rows
        .iter()
        .map(|row| (row.bucket_at, row.user_id, row.caller.as_str(), sums(row)))
        .collect();
    assert_eq!(
        told,
        [
            (begun, None, "anonymous", (3, 21, 9)),
            (begun, None, "anonymous", (1, 1, 1)),
            (begun, None, "anonymous", (1, 2, 2)),
            (begun, Some(ana), format!("user:{ana}").as_str(), (2, 7, 4)),
            (begun + BUCKET, None, "anonymous", (1, 8, 8)),
        ]
    );
    assert_eq!((rows[1].status_code, rows[2].method), (500, HttpMethod::Post));
}

async fn the_longest_call_is_kept_whichever_came_first(db: &DatabaseConnection) {
    let id = create(db, orders()).await.unwrap().id;
    let by = admin::<CountUsage>(db).await;
    let world = at(now());

    for took in [3, LONGEST_CALL, 4, 0] {
        usage::count(db, &world, &by, &call(id, took)).await.unwrap();
    }

    assert_eq!(sums(&rows(db).await[0]), (4, LONGEST_CALL + 7, LONGEST_CALL));
}

async fn counts_at_once_lose_nothing(db: &DatabaseConnection) {
    let id = create(db, orders()).await.unwrap().id;
    let by = &admin::<CountUsage>(db).await;
    let world = &at(now());

    join_all((0..10).map(|task| async move {
        for step in 0..50 {
            usage::count(db, world, by, &call(id, task * 50 + step)).await.unwrap();
        }
    }))
    .await;

    let rows = rows(db).await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(sums(&rows[0]), (500, 124_750, 499));
}

/// Each batch has the same rows, in another order.
async fn batches_at_once_lose_nothing(db: &DatabaseConnection) {
    let one = create(db, orders()).await.unwrap().id;
    let other = ActiveModel { version: Set("v2".to_owned()), ..orders() };
    let other = create(db, other).await.unwrap().id;
    let ana = person(db, "ana", &[]).await.id;
    let by = &admin::<CountUsage>(db).await;
    let world = &at(now());
    let calls: Vec<Call> = [one, other]
        .into_iter()
        .flat_map(|api| [200, 404, 500].map(|status_code| Call { status_code, ..call(api, 1) }))
        .flat_map(|call| [None, Some(ana)].map(|caller| Call { caller, ..call.clone() }))
        .flat_map(|call| [call.clone(), Call { response_time_ms: 5, ..call }])
        .collect();
    assert_eq!(calls.len(), 24);

    let counted = join_all((0..8).map(|at| {
        let mut calls = calls.clone();
        calls.rotate_left(at * 3);
        if at % 2 == 0 {
            calls.reverse();
        }
        async move { usage::count_many(db, world, by, &calls).await.unwrap() }
    }))
    .await;

    assert_eq!(counted, [24; 8]);
    let rows = rows(db).await;
    assert_eq!(rows.len(), 12);
    for row in &rows {
        assert_eq!(sums(row), (16, 8 * 6, 5), "{row:?}");
    }
}

async fn a_batch_with_a_call_that_can_be_none_counts_nothing(db: &DatabaseConnection) {
    let id = create(db, orders()).await.unwrap().id;
    let by = admin::<CountUsage>(db).await;
    let world = at(now());

    for wrong in [
        Call { status_code: 99, ..call(id, 1) },
        Call { status_code: 600, ..call(id, 1) },
        call(id, -1),
        call(id, LONGEST_CALL + 1),
    ] {
        let calls = [call(id, 1), wrong.clone()];
        let refused = usage::count_many(db, &world, &by, &calls).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{wrong:?}: {refused:?}");
    }

    assert!(rows(db).await.is_empty());
    assert_eq!(usage::count_many(db, &world, &by, &[]).await.unwrap(), 0);
}

async fn calls_of_what_is_gone_are_not_counted_and_those_of_somebody_who_is_gone_are(
    db: &DatabaseConnection,
) {
    let id = create(db, orders()).await.unwrap().id;
    let gone = create(db, ActiveModel { version: Set("v0".to_owned()), ..orders() }).await.unwrap();
    let ana = person(db, "ana", &[]).await.id;
    let by = admin::<CountUsage>(db).await;
    let world = at(now());
    let by_ana = Call { caller: Some(ana), ..call(id, 1) };
    usage::count(db, &world, &by, &by_ana).await.unwrap();
    user::Entity::delete_by_id(ana).exec(db).await.unwrap();
    let delete = &admin::<DeleteGateway>(db).await;
    audited(db, &world, |unit, _| {
        Box::pin(records::delete::<Entity>(unit, delete, gone.id)) as BoxFuture<'_, _>
    })
    .await
    .unwrap();

    let calls = [by_ana, call(gone.id, 1), call(id, 2), Call { caller: Some(404), ..call(id, 3) }];
    let counted = usage::count_many(db, &world, &by, &calls).await.unwrap();
    let missing = usage::count(db, &world, &by, &call(gone.id, 1)).await;

    assert_eq!(counted, 3);
    assert!(matches!(missing, Err(Error::NotFound { kind: "API", .. })), "{missing:?}");
    let mut told: Vec<_> = rows(db)
        .await
        .into_iter()
        .map(|row| (row.caller, row.user_id, row.request_count))
        .collect();
    told.sort();
    let mut expected = [
        ("anonymous".to_owned(), None, 1),
        (format!("user:{ana}"), None, 2),
        ("user:404".to_owned(), None, 1),
    ];
    expected.sort();
    assert_eq!(told, expected);
}

async fn usage_is_told_by_day_and_kind_of_end(db: &DatabaseConnection) {
    let id = create(db, orders()).await.unwrap().id;
    let other = ActiveModel { version: Set("v2".to_owned()), ..orders() };
    let other = create(db, other).await.unwrap().id;
    let count = &admin::<CountUsage>(db).await;
    let by = admin::<ReadGateway>(db).await;
    let day = |day: u32| NaiveDate::from_ymd_opt(2026, 9, day).unwrap();
    let time = |of: u32, hour: u32| day(of).and_hms_opt(hour, 30, 0).unwrap().and_utc();
    for (moment, api_id, status_code, took) in [
        (time(1, 0), id, 200, 10),
        (time(1, 5), id, 204, 20),
        (time(1, 23), id, 200, 5),
        (time(1, 23), id, 503, 90),
        (time(2, 0), id, 404, 1),
        (time(3, 0), id, 200, 7),
        (time(1, 5), other, 200, 1_000),
    ] {
        let call = Call { status_code, ..call(api_id, took) };
        usage::count(db, &at(moment), count, &call).await.unwrap();
    }

    let begin = day(1).and_hms_opt(0, 0, 0).unwrap().and_utc();
    let end = day(3).and_hms_opt(0, 0, 0).unwrap().and_utc();
    let days = usage::by_day(db, &by, id, begin, end).await.unwrap();

    let of = |date, class, calls, response_time_ms_sum, response_time_ms_max| Day {
        date,
        class,
        calls,
        response_time_ms_sum,
        response_time_ms_max,
    };
    assert_eq!(days, [of(day(1), 2, 3, 35, 20), of(day(1), 5, 1, 90, 90), of(day(2), 4, 1, 1, 1)]);
    assert!(usage::by_day(db, &by, 404, begin, end).await.unwrap().is_empty());
    for (from, to) in [(end, begin), (begin, begin), (begin, begin + LONGEST_REPORT + BUCKET)] {
        let refused = usage::by_day(db, &by, id, from, to).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
        let refused = usage::top(db, &by, from, to, 10).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    }
}

async fn the_apis_that_are_called_most_come_first(db: &DatabaseConnection) {
    let count = &admin::<CountUsage>(db).await;
    let by = admin::<ReadGateway>(db).await;
    let mut ids = Vec::new();
    for version in ["v1", "v2", "v3", "v4"] {
        let new = ActiveModel { version: Set(version.to_owned()), ..orders() };
        ids.push(create(db, new).await.unwrap().id);
    }
    for (api, calls, moment) in [
        (ids[0], 2, now()),
        (ids[1], 3, now()),
        (ids[1], 4, now() + BUCKET),
        (ids[2], 2, now()),
        (ids[3], 99, now() + TimeDelta::days(1)),
    ] {
        let calls = vec![call(api, 10); calls];
        usage::count_many(db, &at(moment), count, &calls).await.unwrap();
    }
    let (from, to) = (now() - BUCKET, now() + TimeDelta::hours(12));

    let top = usage::top(db, &by, from, to, 10).await.unwrap();
    let first = usage::top(db, &by, from, to, 1).await.unwrap();

    let of = |api_id, calls| Top {
        api_id,
        calls,
        response_time_ms_sum: calls * 10,
        response_time_ms_max: 10,
    };
    assert_eq!(top, [of(ids[1], 7), of(ids[0], 2), of(ids[2], 2)]);
    assert_eq!(first, [of(ids[1], 7)]);
    let one = api_usage::Entity::find().filter(api_usage::Column::ApiId.eq(ids[1]));
    assert_eq!(one.all(db).await.unwrap().len(), 2);
}
