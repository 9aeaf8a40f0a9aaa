//! Secrets over HTTP: what is told of one, and to whom.

use api::App;
use axum::{Router, http::Method};
use sea_orm::DatabaseConnection;
use secrecy::SecretString;
use serde_json::{Value, json};
use service::seal::Keyring;

use crate::{
    client::{Answer, app},
    people::{call, somebody, with_boss},
};

plimsoll::on_every_database!(migration::app:
    a_secret_is_told_by_nothing_but_revealing_it,
    whoever_has_no_right_to_secrets_sees_none,
    a_secret_that_a_row_names_is_not_removed,
    backends_are_listed_and_one_is_the_default,
    a_backend_holds_no_credential,
);

/// A server that can seal, and the administrator's token.
pub(crate) async fn with_keys(db: &DatabaseConnection) -> (Router, String) {
    let (_, boss) = with_boss(db).await;
    let key = SecretString::from(format!("{}=", "A".repeat(43)));
    let keys = Keyring::read(Some(&key)).unwrap();
    (api::router(App { keys, ..app(db) }), boss)
}

async fn get(router: &Router, token: &str, path: &str) -> Answer {
    call(router, token, Method::GET, path, Value::Null).await
}

async fn store(router: &Router, token: &str, path: &str, value: &str) -> Answer {
    let input = json!({"path": path, "description": "for the crane", "value": value});
    call(router, token, Method::POST, "/api/v1/secrets", input).await
}

async fn a_secret_is_told_by_nothing_but_revealing_it(db: &DatabaseConnection) {
    let (router, boss) = with_keys(db).await;

    let stored = store(&router, &boss, "cloud/aws", "hunter2").await;
    assert_eq!(stored.status, 201, "{stored:?}");
    let path = &stored.header("location").to_owned();
    assert_eq!(path, "/api/v1/secrets/cloud%2Faws");
    let shown = get(&router, &boss, path).await;
    assert_eq!(shown.json(), stored.json());
    let again = store(&router, &boss, "cloud/aws", "hunter3").await;
    assert_eq!(again.problem(), ("/problems/already-exists".to_owned(), 409));
    for (wrong, value) in [("/cloud", "hunter4"), ("cloud/gcp", "")] {
        let refused = store(&router, &boss, wrong, value).await;
        assert_eq!(refused.problem(), ("/problems/invalid".to_owned(), 422), "{wrong}");
    }

    let listed = get(&router, &boss, "/api/v1/secrets?rotated_before=2037-01-01T00:00:00Z").await;
    assert_eq!(listed.json(), json!({"entries": [stored.json()]}));
    let old = get(&router, &boss, "/api/v1/secrets?rotated_before=2001-01-01T00:00:00Z").await;
    assert_eq!(old.json(), json!({"entries": []}));
    let described = call(&router, &boss, Method::PATCH, path, json!({"description": null})).await;
    assert_eq!(described.json()["description"], Value::Null, "{described:?}");
    let value = format!("{path}/value");
    let changed = call(&router, &boss, Method::PUT, &value, json!({"value": "hunter5"})).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    for told in [stored, shown, again, listed, described, changed] {
        assert!(!told.body.contains("hunter"), "{told:?}");
        assert!(!told.body.contains("v1.1."), "{told:?}");
    }

    let reveal = format!("{path}/reveal");
    let revealed = call(&router, &boss, Method::POST, &reveal, Value::Null).await;
    assert_eq!(revealed.json(), json!({"value": "hunter5"}));
    assert_eq!(revealed.header("cache-control"), "no-store");
    let removed = call(&router, &boss, Method::DELETE, path, Value::Null).await;
    assert_eq!(removed.status, 204, "{removed:?}");
    for (method, path) in [(Method::GET, path), (Method::POST, &reveal)] {
        let missing = call(&router, &boss, method, path, Value::Null).await;
        assert_eq!(missing.problem(), ("/problems/not-found".to_owned(), 404));
    }
}

async fn whoever_has_no_right_to_secrets_sees_none(db: &DatabaseConnection) {
    let (router, boss) = with_keys(db).await;
    assert_eq!(store(&router, &boss, "a", "hunter2").await.status, 201);
    let (_, viewer) = somebody(&router, &boss, "ana", &[]).await;
    let (_, maintainer) = somebody(&router, &boss, "bob", &["maintainer"]).await;

    assert_eq!(get(&router, &maintainer, "/api/v1/secrets/a").await.status, 200);
    for (token, method, path, code) in [
        (&viewer, Method::GET, "/api/v1/secrets", "secret:read"),
        (&viewer, Method::GET, "/api/v1/secrets/a", "secret:read"),
        (&viewer, Method::POST, "/api/v1/secrets", "secret:create"),
        (&maintainer, Method::POST, "/api/v1/secrets/a/reveal", "secret:reveal"),
        (&maintainer, Method::PUT, "/api/v1/secrets/a/value", "secret:update"),
        (&maintainer, Method::PATCH, "/api/v1/secrets/a", "secret:update"),
        (&maintainer, Method::DELETE, "/api/v1/secrets/a", "secret:delete"),
    ] {
        let refused = call(&router, token, method, path, Value::Null).await;
        assert_eq!(refused.problem(), ("/problems/forbidden".to_owned(), 403), "{path}");
        assert_eq!(refused.json()["detail"], format!("missing permission `{code}`"));
    }
}

async fn a_secret_that_a_row_names_is_not_removed(db: &DatabaseConnection) {
    let (router, boss) = with_keys(db).await;
    let stored = store(&router, &boss, "ssh/people", "hunter2").await;
    let authority = json!({
        "ca_name": "people",
        "ca_type": "user",
        "public_key": crate::shells::PUBLIC_KEY,
        "private_key_vault_path": "ssh/people",
    });
    let made = call(&router, &boss, Method::POST, "/api/v1/ssh-ca-configs", authority).await;
    assert_eq!(made.status, 201, "{made:?}");

    let path = stored.header("location");
    let refused = call(&router, &boss, Method::DELETE, path, Value::Null).await;

    assert_eq!(refused.problem(), ("/problems/refused".to_owned(), 409));
    assert_eq!(refused.json()["code"], "SRV0015");
    assert!(refused.body.contains("in-use"), "{}", refused.body);
}

const BACKENDS: &str = "/api/v1/secret-backends";

async fn backend(router: &Router, token: &str, name: &str, kind: &str) -> String {
    let config = json!({"address": format!("https://{name}.example.org")});
    let input = json!({"name": name, "backend_type": kind, "config_data": config});
    let made = call(router, token, Method::POST, BACKENDS, input).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.header("location").to_owned()
}

async fn backends_are_listed_and_one_is_the_default(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (_, ana) = somebody(&router, &boss, "ana", &[]).await;
    let north = backend(&router, &boss, "north", "vault").await;
    let south = backend(&router, &boss, "south", "vault").await;
    backend(&router, &boss, "cloud", "aws").await;

    let asked = format!("{BACKENDS}?backend_type=vault&sort=-name&fields=name");
    let listed = get(&router, &boss, &asked).await.json();
    assert_eq!(listed["items"], json!([{"name": "south"}, {"name": "north"}]));
    assert_eq!(get(&router, &ana, BACKENDS).await.status, 403);

    for path in [&north, &south] {
        let chosen = format!("{path}/default");
        let chosen = call(&router, &boss, Method::POST, &chosen, Value::Null).await;
        assert_eq!(chosen.json()["is_default"], true, "{chosen:?}");
    }
    assert_eq!(get(&router, &boss, &north).await.json()["is_default"], false);
    let off = json!({"is_active": false});
    let refused = call(&router, &boss, Method::PATCH, &south, off.clone()).await;
    assert!(refused.body.contains("in-use"), "{}", refused.body);
    let changed = call(&router, &boss, Method::PATCH, &north, off).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let chosen = format!("{north}/default");
    let refused = call(&router, &boss, Method::POST, &chosen, Value::Null).await;
    assert_eq!(refused.problem(), ("/problems/refused".to_owned(), 409));
    assert!(refused.body.contains("inactive"), "{}", refused.body);

    let written = json!({"is_default": true});
    let refused = call(&router, &boss, Method::PATCH, &north, written).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    let nothing = format!("{BACKENDS}/4000000000/default");
    let missing = call(&router, &boss, Method::POST, &nothing, Value::Null).await;
    assert_eq!(missing.problem(), ("/problems/not-found".to_owned(), 404));
}

async fn a_backend_holds_no_credential(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let path = backend(&router, &boss, "north", "vault").await;

    for config in [json!({"token": "hunter2"}), json!({"address": "https://ana:hunter2@north"})] {
        let input = json!({"config_data": config});
        let refused = call(&router, &boss, Method::PATCH, &path, input).await;

        assert_eq!(refused.problem(), ("/problems/invalid".to_owned(), 422));
        assert!(!refused.body.contains("hunter2"), "{}", refused.body);
    }
}
