//! The inventory over HTTP: what Elder is told, by which server, and where applications run.

use api::App;
use axum::{Router, http::Method};
use sea_orm::DatabaseConnection;
use serde_json::{Value, json};
use service::seal::Keyring;

use crate::{
    client::{Answer, app},
    people::{call, somebody, with_boss},
};

plimsoll::on_every_database!(migration::app:
    the_key_of_a_server_is_kept_and_told_only_when_it_is_asked_for,
    the_end_of_a_synchronisation_is_noted,
    what_elder_does_not_have_waits,
    an_application_runs_where_either_list_says,
    whoever_may_not_change_the_inventory_does_not,
);

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

const SERVERS: &str = "/api/v1/elder-configs";

/// A server, and whoever asks it.
type At<'a> = (&'a Router, &'a str);

/// A server that can seal secrets, and the administrator's token.
async fn sealing(db: &DatabaseConnection) -> (Router, String) {
    let (_, boss) = with_boss(db).await;
    let keys = Keyring::read(Some(&KEY.into())).unwrap();
    (api::router(App { keys, ..app(db) }), boss)
}

async fn get((router, token): At<'_>, path: &str) -> Answer {
    call(router, token, Method::GET, path, Value::Null).await
}

async fn post((router, token): At<'_>, path: &str, input: Value) -> Answer {
    call(router, token, Method::POST, path, input).await
}

async fn patch((router, token): At<'_>, path: &str, input: Value) -> Answer {
    call(router, token, Method::PATCH, path, input).await
}

/// The path of what was made.
async fn made(at: At<'_>, path: &str, input: Value) -> String {
    let made = post(at, path, input).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.header("location").to_owned()
}

async fn server(at: At<'_>, name: &str) -> String {
    let url = "https://elder.example.org";
    made(at, SERVERS, json!({"name": name, "elder_url": url, "api_key": "anchor-1"})).await
}

async fn host(at: At<'_>, name: &str, apps: Value) -> String {
    let fqdn = format!("{name}.example.org");
    let input = json!({"hostname": name, "fqdn": fqdn, "ip_address": "192.0.2.1", "apps": apps});
    made(at, "/api/v1/elder-hosts", input).await
}

fn problem(kind: &str, status: u16) -> (String, u16) {
    (format!("/problems/{kind}"), status)
}

async fn the_key_of_a_server_is_kept_and_told_only_when_it_is_asked_for(db: &DatabaseConnection) {
    let (router, boss) = sealing(db).await;
    let at = (&router, &*boss);
    let path = server(at, "north").await;
    let key = format!("{path}/api-key");
    let reveal = format!("{key}/reveal");

    let shown = get(at, &path).await;
    let listed = get(at, &format!("{SERVERS}?name=north&sort=-name")).await;
    let plainly = patch(at, &path, json!({"api_key": "anchor-2"})).await;
    let changed = patch(at, &path, json!({"max_retries": 5, "sync_enabled": false})).await;
    let before = post(at, &reveal, Value::Null).await;
    let set = call(&router, &boss, Method::PUT, &key, json!({"api_key": "anchor-3"})).await;
    let empty = call(&router, &boss, Method::PUT, &key, json!({"api_key": ""})).await;
    let after = post(at, &reveal, Value::Null).await;
    let without = post(at, SERVERS, json!({"name": "x", "elder_url": "https://x"})).await;

    for answer in [&shown, &listed, &plainly, &changed, &set, &empty] {
        assert!(!answer.body.contains("anchor"), "{answer:?}");
    }
    assert!(!shown.body.contains("api_key"), "{shown:?}");
    assert_eq!(listed.json()["items"].as_array().unwrap().len(), 1);
    assert_eq!(plainly.problem(), problem("invalid", 422));
    assert_eq!(changed.json()["max_retries"], 5);
    assert_eq!(before.json(), json!({"api_key": "anchor-1"}));
    assert_eq!(before.header("cache-control"), "no-store");
    assert_eq!(set.status, 204, "{set:?}");
    assert_eq!(empty.problem(), problem("invalid", 422));
    assert_eq!(after.json(), json!({"api_key": "anchor-3"}));
    assert_eq!(without.problem(), problem("invalid", 422));
    let missing = post(at, &format!("{SERVERS}/999/api-key/reveal"), Value::Null).await;
    assert_eq!(missing.problem(), problem("not-found", 404));
    let (_, bob) = somebody(&router, &boss, "bob", &["maintainer"]).await;
    let refused = post((&router, &*bob), &reveal, Value::Null).await;
    assert_eq!(refused.problem(), problem("forbidden", 403));
    assert_eq!(refused.json()["detail"], "missing permission `secret:reveal`");
}

async fn the_end_of_a_synchronisation_is_noted(db: &DatabaseConnection) {
    let (router, boss) = sealing(db).await;
    let at = (&router, &*boss);
    let path = server(at, "north").await;
    let end = format!("{path}/synchronised");

    let failed = post(at, &end, json!({"failure": "no route"})).await;
    let after_failure = get(at, &path).await.json();
    let done = post(at, &end, json!({"failure": null})).await;
    let after_success = get(at, &path).await.json();
    let unsaid = post(at, &end, json!({})).await;
    patch(at, &path, json!({"is_active": false})).await;
    let off = post(at, &end, json!({"failure": null})).await;

    assert_eq!((failed.status.as_u16(), done.status.as_u16()), (204, 204));
    assert_eq!(after_failure["last_sync_status"], "failed");
    assert_eq!(after_failure["last_error"], "no route");
    assert_eq!(after_success["last_sync_status"], "done");
    assert_eq!(after_success["last_error"], Value::Null);
    assert_eq!(unsaid.problem(), problem("invalid", 422));
    assert_eq!(off.problem(), problem("refused", 409));
    assert_eq!(off.json()["code"], "SRV0015");
    assert!(off.body.contains("`inactive`"), "{off:?}");
    let missing = post(at, &format!("{SERVERS}/999/synchronised"), json!({"failure": null})).await;
    assert_eq!(missing.problem(), problem("not-found", 404));
}

async fn what_elder_does_not_have_waits(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let at = (&router, &*boss);
    let path = host(at, "Web-1", json!([])).await;
    host(at, "web-2", json!([])).await;
    let waiting =
        async |parameters: &str| get(at, &format!("/api/v1/elder-hosts/pending{parameters}")).await;
    let names = |page: &Value| {
        let rows = page["rows"].as_array().unwrap().iter();
        rows.map(|row| row["hostname"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };

    let first = waiting("?limit=1").await.json();
    let next = first["next"].as_str().unwrap();
    let second = waiting(&format!("?limit=1&cursor={next}")).await.json();
    assert_eq!(names(&first), ["web-1"]);
    assert_eq!(names(&second), ["web-2"]);
    assert_eq!(second["next"], Value::Null);

    let as_of = first["rows"][0]["updated_at"].clone();
    let told = format!("{path}/registered");
    let current = post(at, &told, json!({"as_of": as_of})).await;
    assert_eq!(current.json(), json!({"is_current": true}), "{current:?}");
    assert_eq!(names(&waiting("").await.json()), ["web-2"]);
    let registered = get(at, "/api/v1/elder-hosts?elder_registered=true&sort=hostname").await;
    assert_eq!(registered.json()["items"].as_array().unwrap().len(), 1);
    let changed = patch(at, &path, json!({"tags": {"env": "prod"}})).await;
    assert_eq!(changed.json()["elder_registered"], false, "{changed:?}");
    assert_eq!(names(&waiting("").await.json()), ["web-1", "web-2"]);

    let plainly = patch(at, &path, json!({"elder_registered": true})).await;
    assert_eq!(plainly.problem(), problem("invalid", 422));
    for wrong in ["?limit=0", "?limit=101", "?cursor=x"] {
        assert_eq!(waiting(wrong).await.problem(), problem("invalid", 422), "{wrong}");
    }
    let input = json!({"as_of": "2026-01-02T03:04:05Z"});
    let late = post(at, &told, input.clone()).await;
    assert_eq!(late.json(), json!({"is_current": false}));
    for never in ["2038-01-19T03:14:08Z", "1969-12-31T23:59:59Z", "2026-01-02T03:04:60Z"] {
        let input = json!({"as_of": never});
        let refused = post(at, &told, input.clone()).await;
        assert_eq!(refused.problem(), problem("invalid", 422), "{never}");
        let missing = post(at, "/api/v1/elder-hosts/999/registered", input).await;
        assert_eq!(missing.problem(), problem("not-found", 404), "{never}");
    }
    for kind in ["elder-hosts", "elder-apps"] {
        let missing = post(at, &format!("/api/v1/{kind}/999/registered"), input.clone()).await;
        assert_eq!(missing.problem(), problem("not-found", 404), "{kind}");
    }
}

async fn an_application_runs_where_either_list_says(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let at = (&router, &*boss);
    host(at, "web-1", json!(["shop"])).await;
    host(at, "web-2", json!(["shop"])).await;
    let shop = json!({"app_name": "shop", "hosts": ["WEB-1", "web-9"], "port": 443});
    made(at, "/api/v1/elder-apps", shop).await;

    let placed = get(at, "/api/v1/elder-apps/placement?app_name=shop").await;
    let nowhere = get(at, "/api/v1/elder-apps/placement?app_name=blog").await;
    let waiting = get(at, "/api/v1/elder-apps/pending").await.json();
    let homeless = json!({"app_name": "blog", "hosts": [], "port": 80});
    let homeless = post(at, "/api/v1/elder-apps", homeless).await;

    let expected = json!({"agreed": ["web-1"], "by_app": ["web-9"], "by_host": ["web-2"]});
    assert_eq!(placed.json(), expected);
    assert_eq!(nowhere.problem(), problem("not-found", 404));
    assert_eq!(waiting["rows"][0]["app_name"], "shop");
    assert_eq!(homeless.problem(), problem("invalid", 422));
}

async fn whoever_may_not_change_the_inventory_does_not(db: &DatabaseConnection) {
    let (router, boss) = sealing(db).await;
    let (_, ana) = somebody(&router, &boss, "ana", &["viewer"]).await;
    let path = server((&router, &*boss), "north").await;
    let ana = (&router, &*ana);

    assert_eq!(get(ana, &path).await.status, 200);
    for (path, code) in [
        (SERVERS.to_owned(), "inventory:create"),
        ("/api/v1/elder-hosts".to_owned(), "inventory:create"),
        ("/api/v1/elder-hosts/1/registered".to_owned(), "inventory:update"),
        (format!("{path}/synchronised"), "inventory:update"),
        (format!("{path}/api-key/reveal"), "secret:reveal"),
    ] {
        let refused = post(ana, &path, json!({})).await;
        assert_eq!(refused.problem(), problem("forbidden", 403), "{path}");
        assert_eq!(refused.json()["detail"], format!("missing permission `{code}`"));
    }
    let missing = get(ana, &format!("{SERVERS}/999")).await;
    assert_eq!(missing.problem(), problem("not-found", 404));
}
