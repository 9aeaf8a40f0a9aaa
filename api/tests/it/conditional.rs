//! Changes of people, roles, settings and secrets that are made only while these are as they were seen.

use axum::{Router, http::Method};
use futures_util::future::join_all;
use sea_orm::DatabaseConnection;
use serde_json::{Value, json};

use crate::{
    client::{Answer, ask, send},
    people::call,
    secrets::with_keys,
};

plimsoll::on_every_database!(migration::app:
    a_change_of_another_state_is_refused,
    of_changes_at_once_of_one_state_one_is_made,
    what_is_not_there_is_not_found_whatever_was_seen,
);

/// How something is changed: path, method and member.
type Change = (String, Method, &'static str);

async fn changes(router: &Router, boss: &str) -> Vec<Change> {
    let mut changes = vec![("/api/v1/settings/app.name".to_owned(), Method::PUT, "value")];
    for (list, new, member) in [
        ("/api/v1/users", json!({"username": "ana"}), "bio"),
        ("/api/v1/roles", json!({"name": "crew"}), "description"),
        ("/api/v1/secrets", json!({"path": "a", "value": "hunter2"}), "description"),
    ] {
        let made = call(router, boss, Method::POST, list, new).await;
        assert_eq!(made.status, 201, "{made:?}");
        changes.push((made.header("location").to_owned(), Method::PATCH, member));
    }
    changes
}

async fn change(
    router: &Router,
    boss: &str,
    (path, method, member): &Change,
    tag: &str,
    value: &str,
) -> Answer {
    let mut request = send(method.clone(), path, boss, &json!({(*member): value}));
    if tag.is_empty() {
        request.headers_mut().remove("if-match");
    } else {
        request.headers_mut().insert("if-match", tag.parse().unwrap());
    }
    ask(router, request).await
}

async fn shown(router: &Router, boss: &str, (path, ..): &Change) -> Answer {
    let shown = call(router, boss, Method::GET, path, Value::Null).await;
    assert_eq!(shown.status, 200, "{shown:?}");
    shown
}

async fn a_change_of_another_state_is_refused(db: &DatabaseConnection) {
    let (router, boss) = with_keys(db).await;

    for of in &changes(&router, &boss).await {
        let (path, _, member) = of;
        let first = shown(&router, &boss, of).await.header("etag").to_owned();
        assert!(first.starts_with('"') && first.len() > 10, "{path} {first}");
        assert_eq!(shown(&router, &boss, of).await.header("etag"), first, "{path}");

        let changed = change(&router, &boss, of, &first, "one").await;
        assert_eq!(changed.status, 200, "{path} {changed:?}");
        let second = changed.header("etag");
        assert_ne!(second, first, "{path}");
        assert_eq!(shown(&router, &boss, of).await.header("etag"), second, "{path}");

        let refused = change(&router, &boss, of, &first, "late").await;
        assert_eq!(refused.problem(), ("/problems/stale".to_owned(), 412), "{path}");
        let weak = change(&router, &boss, of, &format!("W/{second}"), "late").await;
        assert_eq!(weak.status, 412, "{path}");
        assert_eq!(shown(&router, &boss, of).await.json()[*member], "one", "{path}");

        let several = format!("\"other\", {second}");
        let refused = change(&router, &boss, of, "", "blind").await;
        assert_eq!(refused.problem(), ("/problems/unconditional".to_owned(), 428), "{path}");
        for (tag, value) in [(several.as_str(), "two"), ("*", "three")] {
            let changed = change(&router, &boss, of, tag, value).await;
            assert_eq!(changed.status, 200, "{path} {changed:?}");
            assert_eq!(changed.json()[*member], value, "{path}");
        }
    }
}

async fn of_changes_at_once_of_one_state_one_is_made(db: &DatabaseConnection) {
    let (router, boss) = with_keys(db).await;

    for of in &changes(&router, &boss).await {
        let tag = shown(&router, &boss, of).await.header("etag").to_owned();
        let values: Vec<String> = (0..6).map(|at| format!("value {at}")).collect();

        let at_once = values.iter().map(|value| change(&router, &boss, of, &tag, value));
        let answers = join_all(at_once).await;

        let made = answers.iter().filter(|answer| answer.status == 200).count();
        let refused = answers.iter().filter(|answer| answer.status == 412).count();
        assert_eq!((made, refused), (1, 5), "{} {answers:?}", of.0);
    }
}

async fn what_is_not_there_is_not_found_whatever_was_seen(db: &DatabaseConnection) {
    let (router, boss) = with_keys(db).await;

    for (path, method, member) in [
        ("/api/v1/users/4000000000", Method::PATCH, "bio"),
        ("/api/v1/roles/4000000000", Method::PATCH, "description"),
        ("/api/v1/settings/app.nane", Method::PUT, "value"),
        ("/api/v1/secrets/b", Method::PATCH, "description"),
        ("/api/v1/secrets/b/value", Method::PUT, "value"),
    ] {
        let of = (path.to_owned(), method, member);
        let missing = change(&router, &boss, &of, "\"seen\"", "x").await;
        assert_eq!(missing.problem(), ("/problems/not-found".to_owned(), 404), "{path}");
    }
}
