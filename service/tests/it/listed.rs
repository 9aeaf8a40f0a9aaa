//! Lists that are chosen and sorted by columns that a caller names.

use std::cmp::Ordering;

use entity::{
    proxy::cluster::{Column, Entity, Model},
    webtest::environment_user,
};
use sea_orm::DatabaseConnection;
use serde_json::{Map, json};
use service::{
    Error, World,
    records::{self, Columns, Filter, Place, Query, Read, Sort, Test},
    rights::Granted,
};

use crate::{people::admin, plainly};

plimsoll::on_every_database!(migration::app:
    the_pages_of_a_sorted_list_join_up_to_the_whole,
    a_list_is_chosen_by_what_rows_have,
    a_place_is_good_in_the_list_that_gave_it,
    what_is_no_value_of_a_column_is_refused,
);

/// Clusters with equal values, empty ones, and texts that databases like to sort in their own ways.
async fn clusters(db: &DatabaseConnection) -> Vec<Model> {
    let texts =
        [None, Some("a"), Some("B"), Some("b"), Some("é"), Some("a b"), Some("A"), Some("z")];
    let mut rows = Vec::new();
    for at in 0..24_usize {
        let row = entity::proxy::cluster::ActiveModel {
            name: sea_orm::Set(format!("cluster {}", (at * 7) % 24)),
            description: sea_orm::Set(texts[(at * 5) % 8].map(str::to_owned)),
            max_proxies: sea_orm::Set(i32::try_from(at % 3).unwrap() + 1),
            is_active: sea_orm::Set(at % 4 != 0),
            ..Default::default()
        };
        rows.push(plainly::create::<Entity>(db, row).await.unwrap());
    }
    rows
}

fn by(column: Column, is_descending: bool) -> Sort<Column> {
    Sort { column, is_descending }
}

fn query(filters: Vec<Filter<Column>>, sort: &[Sort<Column>], limit: u64) -> Query<Column> {
    Query { filters, sort: sort.to_vec(), from: None, limit }
}

/// All pages, each begun by the text of the place that the one before gave.
async fn paged(
    db: &DatabaseConnection,
    granted: &Granted<Read<Entity>>,
    mut query: Query<Column>,
) -> Vec<i64> {
    let mut ids = Vec::new();
    loop {
        let page = records::listed::<Entity>(db, granted, &query).await.unwrap();
        assert!(page.rows.len() as u64 <= query.limit);
        ids.extend(page.rows.iter().map(|row| row.id));
        let Some(next) = page.next else { return ids };
        query.from = Some(next.to_string().parse::<Place>().unwrap());
    }
}

/// The order that is meant: by bytes, empty ones last, of equals the oldest first.
fn sorted(rows: &[Model], sort: &[Sort<Column>]) -> Vec<i64> {
    let compare = |one: &Model, other: &Model, sort: &Sort<Column>| {
        let turned = |order: Ordering| if sort.is_descending { order.reverse() } else { order };
        match sort.column {
            Column::Description => match (&one.description, &other.description) {
                (Some(one), Some(other)) => turned(one.as_bytes().cmp(other.as_bytes())),
                (one, other) => one.is_none().cmp(&other.is_none()),
            },
            Column::MaxProxies => turned(one.max_proxies.cmp(&other.max_proxies)),
            Column::IsActive => turned(one.is_active.cmp(&other.is_active)),
            Column::Id => turned(one.id.cmp(&other.id)),
            other => unreachable!("{other:?}"),
        }
    };
    let mut rows: Vec<&Model> = rows.iter().collect();
    rows.sort_by(|one, other| {
        let orders = sort.iter().map(|sort| compare(one, other, sort));
        orders.fold(Ordering::Equal, Ordering::then).then(one.id.cmp(&other.id))
    });
    rows.iter().map(|row| row.id).collect()
}

async fn the_pages_of_a_sorted_list_join_up_to_the_whole(db: &DatabaseConnection) {
    let rows = clusters(db).await;
    let granted = admin::<Read<Entity>>(db).await;

    for sort in [
        vec![],
        vec![by(Column::Id, true)],
        vec![by(Column::Description, false)],
        vec![by(Column::Description, true)],
        vec![by(Column::MaxProxies, true), by(Column::Description, true)],
        vec![by(Column::Description, true), by(Column::MaxProxies, false)],
        vec![by(Column::IsActive, false), by(Column::Description, false), by(Column::Id, true)],
    ] {
        for limit in [1, 5, 24, 100] {
            let found = paged(db, &granted, query(Vec::new(), &sort, limit)).await;

            assert_eq!(found, sorted(&rows, &sort), "{sort:?} by {limit}");
        }
    }
}

type Meets = fn(&Model) -> bool;

async fn a_list_is_chosen_by_what_rows_have(db: &DatabaseConnection) {
    let rows = clusters(db).await;
    let granted = admin::<Read<Entity>>(db).await;
    let cases: [(Column, Test, &[&str], Meets); 9] = [
        (Column::Description, Test::Is, &["a", "é"], |row| {
            matches!(row.description.as_deref(), Some("a" | "é"))
        }),
        (Column::Description, Test::Not, &["a"], |row| row.description.as_deref() != Some("a")),
        (Column::Description, Test::Empty, &["true"], |row| row.description.is_none()),
        (Column::Description, Test::Empty, &["false"], |row| row.description.is_some()),
        (Column::MaxProxies, Test::Below, &["2"], |row| row.max_proxies < 2),
        (Column::MaxProxies, Test::AtMost, &["2"], |row| row.max_proxies <= 2),
        (Column::MaxProxies, Test::Above, &["2"], |row| row.max_proxies > 2),
        (Column::MaxProxies, Test::AtLeast, &["2"], |row| row.max_proxies >= 2),
        (Column::IsActive, Test::Is, &["false"], |row| !row.is_active),
    ];
    for (column, test, texts, meets) in cases {
        let filter = records::filter::<Entity>(column, test, texts).unwrap();
        let found = paged(db, &granted, query(vec![filter], &[], 7)).await;

        let expected: Vec<i64> = rows.iter().filter(|row| meets(row)).map(|row| row.id).collect();
        assert!(!expected.is_empty(), "{column:?} {test:?}");
        assert_eq!(found, expected, "{column:?} {test:?}");
    }
    let both = vec![
        records::filter::<Entity>(Column::IsActive, Test::Is, &["true"]).unwrap(),
        records::filter::<Entity>(Column::MaxProxies, Test::Is, &["1"]).unwrap(),
    ];
    let found = paged(db, &granted, query(both, &[], 100)).await;
    let meets = |row: &&Model| row.is_active && row.max_proxies == 1;
    assert_eq!(found, rows.iter().filter(meets).map(|row| row.id).collect::<Vec<_>>());
}

async fn a_place_is_good_in_the_list_that_gave_it(db: &DatabaseConnection) {
    clusters(db).await;
    let granted = admin::<Read<Entity>>(db).await;
    let one = query(Vec::new(), &[by(Column::Description, false)], 3);
    let place = records::listed::<Entity>(db, &granted, &one).await.unwrap().next.unwrap();

    let other =
        Query { from: Some(place), ..query(Vec::new(), &[by(Column::MaxProxies, false)], 3) };
    let refused = records::listed::<Entity>(db, &granted, &other).await;
    assert!(matches!(refused, Err(Error::Invalid { kind: "cursor", .. })), "{refused:?}");

    for text in ["", "x", "WzEsMl0", "W10", "eyJhIjoxfQ"] {
        let refused = text.parse::<Place>();
        assert!(matches!(refused, Err(Error::Invalid { kind: "cursor", .. })), "{text}");
    }
    // [",id", [null, "x"]] and the like: of the right form, and no place in any list.
    for text in [json!(["description,id", [null, "x"]]), json!(["description,id", [1, 2, 3]])] {
        use base64::Engine as _;
        let text = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text.to_string());
        let from = Some(text.parse::<Place>().unwrap());
        let asked = Query { from, ..one.clone() };
        let refused = records::listed::<Entity>(db, &granted, &asked).await;
        assert!(matches!(refused, Err(Error::Invalid { kind: "cursor", .. })), "{refused:?}");
    }
}

async fn what_is_no_value_of_a_column_is_refused(db: &DatabaseConnection) {
    for (column, test, texts) in [
        (Column::MaxProxies, Test::Is, vec!["many"]),
        (Column::MaxProxies, Test::Is, vec!["99999999999"]),
        (Column::IsActive, Test::Is, vec!["yes"]),
        (Column::CreatedAt, Test::Above, vec!["yesterday"]),
        (Column::CreatedAt, Test::Is, vec!["2026-01-01T00:00:00Z", "1969-12-31T23:59:59Z"]),
        (Column::CreatedAt, Test::Not, vec!["9999-12-31T23:59:59Z"]),
        (Column::CreatedAt, Test::Below, vec!["2038-01-19T03:14:08Z"]),
        (Column::CreatedAt, Test::AtMost, vec!["2100-01-01T00:00:00Z"]),
        (Column::CreatedAt, Test::Above, vec!["1970-01-01T00:00:00Z"]),
        (Column::CreatedAt, Test::AtLeast, vec!["1000-01-01T00:00:00Z"]),
        (Column::Attributes, Test::Is, vec!["{}"]),
        (Column::MaxProxies, Test::Above, vec!["1", "2"]),
        (Column::MaxProxies, Test::Is, vec![]),
        (Column::Description, Test::Empty, vec!["perhaps"]),
    ] {
        let refused = records::filter::<Entity>(column, test, &texts);
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{column:?} {texts:?}");
    }
    let late = records::filter::<Entity>(Column::CreatedAt, Test::Above, &["2038-01-19T03:14:08Z"]);
    let Err(Error::Invalid { problem, .. }) = late else { panic!("{late:?}") };
    assert_eq!(problem, "times from 1970 to 2037 are kept");
    let last = &["2038-01-19T03:14:07Z"];
    assert!(records::filter::<Entity>(Column::CreatedAt, Test::AtMost, last).is_ok());
    for test in [Test::Is, Test::Not] {
        let column = environment_user::Column::SecretProvider;
        let refused = records::filter::<environment_user::Entity>(column, test, &["vault"]);
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{test:?}");
        assert!(records::filter::<environment_user::Entity>(column, test, &["aws"]).is_ok());
    }
    // A secret is nothing that anybody sees, whatever a resource names.
    assert!(Columns::<Entity>::named(&["id", "api_key_hash"]).is_err());
    assert!(Columns::<Entity>::writable(&["name", "is_default"]).is_err());
    assert!(Columns::<Entity>::writable(&["id"]).is_err());

    let (granted, world) = (&admin::<records::Create<Entity>>(db).await, World::system());
    let writable = &Columns::<Entity>::writable(&["name", "max_proxies"]).unwrap();
    for said in [
        json!({"name": "a", "is_default": true}),
        json!({"name": "a", "max_proxies": "3"}),
        json!({"name": "a", "max_proxies": 3.5}),
        json!({"name": 7}),
        json!({"name": null}),
        json!({}),
    ] {
        let said: &Map<_, _> = said.as_object().unwrap();
        let refused: service::Result<Model> = service::audit::audited(db, &world, |unit, _| {
            Box::pin(records::create_from::<Entity>(unit, granted, writable, said))
        })
        .await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{said:?} {refused:?}");
    }
}
