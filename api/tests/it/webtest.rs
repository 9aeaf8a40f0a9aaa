//! Webtest over HTTP: what tests look up, whose passwords are where, and who processes which mail.

use api::App;
use axum::{Router, http::Method};
use plimsoll::retry::BoxFuture;
use sea_orm::{DatabaseConnection, EntityTrait as _};
use secrecy::SecretString;
use serde_json::{Value, json};
use service::{
    World,
    audit::audited,
    entity::identity::user,
    rights::{self, Actor, CreateSecrets},
    seal::Keyring,
    secrets::secret,
};

use crate::{
    client::{Answer, app},
    people::{call, somebody, with_boss},
};

plimsoll::on_every_database!(migration::app:
    pages_are_made_listed_found_changed_and_removed,
    elements_and_environments_are_found_by_what_is_asked,
    a_password_is_revealed_from_where_it_is_kept,
    mail_is_added_once_and_each_item_is_taken_by_one,
    whoever_may_only_look_changes_and_takes_nothing,
);

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

async fn make(router: &Router, token: &str, path: &str, body: Value) -> Value {
    let made = call(router, token, Method::POST, path, body).await;
    assert_eq!(made.status, 201, "{path} {made:?}");
    made.json()
}

async fn show(router: &Router, token: &str, path: &str) -> Answer {
    call(router, token, Method::GET, path, Value::Null).await
}

async fn page(router: &Router, token: &str, name: &str, environments: &[&str]) -> Value {
    let body = json!({"name": name, "url": format!("/{name}"), "environments": environments});
    make(router, token, "/api/v1/pages", body).await
}

async fn environment(router: &Router, token: &str, name: &str, designation: &str) -> Value {
    let url = format!("https://{name}.example.org/");
    let body = json!({"name": name, "designation": designation, "url": url});
    make(router, token, "/api/v1/environments", body).await
}

async fn pages_are_made_listed_found_changed_and_removed(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let login = page(&router, &boss, "login", &["dev", "qa"]).await;
    page(&router, &boss, "search", &["qa"]).await;
    page(&router, &boss, "admin", &[]).await;
    let path = format!("/api/v1/pages/{}", login["id"]);

    let listed = show(&router, &boss, "/api/v1/pages?name.not=admin&sort=-name&fields=name").await;
    assert_eq!(listed.json()["items"], json!([{"name": "search"}, {"name": "login"}]));
    assert_eq!(show(&router, &boss, "/api/v1/pages/by-name?name=login").await.json(), login);
    let found = show(&router, &boss, "/api/v1/pages/in-environments?designation=dev").await;
    assert_eq!(found.json(), json!({"pages": [login], "next": null}));
    let first = "/api/v1/pages/in-environments?designation=qa&limit=1";
    let first = show(&router, &boss, first).await.json();
    let next = first["next"].as_str().unwrap();
    let rest = format!("/api/v1/pages/in-environments?designation=qa&cursor={next}");
    assert_eq!(show(&router, &boss, &rest).await.json()["pages"][0]["name"], "search");

    let changed = call(&router, &boss, Method::PATCH, &path, json!({"url": "/in"})).await;
    assert_eq!(changed.json()["url"], "/in", "{changed:?}");
    for wrong in [json!({"url": "nowhere"}), json!({"environments": ["moon"]}), json!({"id": 9})] {
        let refused = call(&router, &boss, Method::PATCH, &path, wrong).await;
        assert_eq!(refused.problem(), ("/problems/invalid".to_owned(), 422));
    }
    let twice = call(
        &router,
        &boss,
        Method::POST,
        "/api/v1/pages",
        json!({"name": "login", "url": "/again"}),
    );
    assert_eq!(twice.await.problem(), ("/problems/already-exists".to_owned(), 409));
    assert_eq!(call(&router, &boss, Method::DELETE, &path, Value::Null).await.status, 204);
    for gone in [&*path, "/api/v1/pages/by-name?name=login"] {
        let gone = show(&router, &boss, gone).await;
        assert_eq!(gone.problem(), ("/problems/not-found".to_owned(), 404));
    }
}

async fn elements_and_environments_are_found_by_what_is_asked(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let login = page(&router, &boss, "login", &["dev"]).await["id"].clone();
    let element = json!({
        "page_id": login,
        "element_name": "name",
        "locator_strategy": "css",
        "locator_query": "#name",
        "environments": ["dev"],
    });
    let element = make(&router, &boss, "/api/v1/page-identifiers", element).await;
    environment(&router, &boss, "blue", "dev").await;
    let green = environment(&router, &boss, "green", "dev").await;
    let path = format!("/api/v1/environments/{}", green["id"]);
    let out_of_use = json!({"is_active": false});
    assert_eq!(call(&router, &boss, Method::PATCH, &path, out_of_use).await.status, 200);

    let of_page = format!("/api/v1/pages/{login}/identifiers");
    for (query, expected) in [
        ("?designation=dev", json!([element])),
        ("?designation=prod", json!([])),
        ("/by-query?query=%23name", json!([element])),
        ("/by-query?query=name", json!([])),
    ] {
        let found = show(&router, &boss, &format!("{of_page}{query}")).await;
        assert_eq!(found.json(), json!({"elements": expected}), "{query}");
    }
    let found = show(&router, &boss, &format!("{of_page}/by-name?name=name")).await;
    assert_eq!(found.json(), element);
    let missing = show(&router, &boss, &format!("{of_page}/by-name?name=none")).await;
    assert_eq!(missing.problem(), ("/problems/not-found".to_owned(), 404));
    let offered = show(&router, &boss, "/api/v1/environments/offered?designation=dev").await;
    let names: Vec<Value> = offered.json()["environments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|environment| environment["name"].clone())
        .collect();
    assert_eq!(names, ["blue"]);
    let green = show(&router, &boss, "/api/v1/environments/by-name?name=green").await;
    assert_eq!(green.json()["is_active"], false);
    let unknown = show(&router, &boss, "/api/v1/environments/offered?designation=moon").await;
    assert_eq!(unknown.problem(), ("/problems/malformed".to_owned(), 400));
}

/// Keeps a password, and gives the key of the secret.
async fn keep(db: &DatabaseConnection, keys: &Keyring, path: &str, value: &str) -> i64 {
    let boss = user::Entity::find().one(db).await.unwrap().unwrap();
    let by = &rights::check::<CreateSecrets>(db, &Actor::of(&boss)).await.unwrap();
    let (world, value) = (&World::system(), &SecretString::from(value));
    let kept: secret::Secret = audited(db, world, |unit, _| {
        Box::pin(secret::store(unit, by, (keys, world), path, None, value)) as BoxFuture<'_, _>
    })
    .await
    .unwrap();
    kept.id
}

async fn a_password_is_revealed_from_where_it_is_kept(db: &DatabaseConnection) {
    let (_, boss) = with_boss(db).await;
    let keys = Keyring::read(Some(&SecretString::from(KEY))).unwrap();
    let secret_id = keep(db, &keys, "tests/kept", "open sesame").await;
    let router = api::router(App { keys, ..app(db) });
    let blue = environment(&router, &boss, "blue", "dev").await["id"].clone();
    let user = |name: &str, more: Value| {
        let mut body = json!({
            "environment_id": blue,
            "username": name,
            "email": format!("{name}@example.org"),
        });
        for (column, value) in more.as_object().unwrap() {
            body[column] = value.clone();
        }
        body
    };
    let users = "/api/v1/environment-users";
    let kept = make(&router, &boss, users, user("kept", json!({"secret_id": secret_id}))).await;
    let none = make(&router, &boss, users, user("none", json!({}))).await;
    let elsewhere = json!({
        "secret_provider": "azure",
        "secret_url": "https://vault.example.org",
        "secret_name": "tests/elsewhere",
    });
    let elsewhere = make(&router, &boss, users, user("elsewhere", elsewhere)).await;
    let reveal = async |user: &Value| {
        let path = format!("{users}/{}/password/reveal", user["id"]);
        call(&router, &boss, Method::POST, &path, Value::Null).await
    };

    let revealed = reveal(&kept).await;
    assert_eq!(revealed.json(), json!({"value": "open sesame"}));
    assert_eq!(revealed.header("cache-control"), "no-store");
    assert_eq!(reveal(&none).await.json(), json!({"value": null}));
    let refused = reveal(&elsewhere).await;
    assert_eq!(refused.problem(), ("/problems/refused".to_owned(), 409));
    assert_eq!(refused.json()["code"], "SRV0015");
    assert!(refused.json()["detail"].as_str().unwrap().contains("`elsewhere`"), "{refused:?}");
    assert_eq!(reveal(&json!({"id": 4_000_000_000_i64})).await.status, 404);
    let both = user("both", json!({"secret_id": secret_id, "secret_name": "x"}));
    let both = call(&router, &boss, Method::POST, users, both).await;
    assert_eq!(both.problem(), ("/problems/invalid".to_owned(), 422));

    let listed = format!("{users}?environment_id={blue}&sort=username");
    let listed = show(&router, &boss, &listed).await;
    assert_eq!(listed.json()["items"].as_array().unwrap().len(), 3);
    assert!(!listed.body.contains("sesame"), "{listed:?}");
    let named = format!("/api/v1/environments/{blue}/users/by-name?name=kept");
    assert_eq!(show(&router, &boss, &named).await.json(), kept);
    let (_, ana) = somebody(&router, &boss, "ana", &[]).await;
    let path = format!("{users}/{}/password/reveal", kept["id"]);
    let refused = call(&router, &ana, Method::POST, &path, Value::Null).await;
    assert_eq!(refused.problem(), ("/problems/forbidden".to_owned(), 403));
}

async fn mail_is_added_once_and_each_item_is_taken_by_one(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let items = "/api/v1/email-items";
    let post = async |path: &str, body: Value| call(&router, &boss, Method::POST, path, body).await;
    let new = json!({
        "email_item_id": 7,
        "email_system": "miner_ocr",
        "multi_item_email_ids": [8],
        "requires_processing": true,
    });

    let added = post(items, new.clone()).await;
    assert_eq!(added.status, 200, "{added:?}");
    assert_eq!(post(items, new).await.json(), added.json());
    for wrong in [
        json!({}),
        json!({"email_item_id": 9, "claimed_by": "me"}),
        json!({"email_item_id": 7, "test_name": "x".repeat(256)}),
    ] {
        assert_eq!(post(items, wrong).await.problem(), ("/problems/invalid".to_owned(), 422));
    }
    let waiting = show(&router, &boss, &format!("{items}?requires_processing=true")).await;
    assert_eq!(waiting.json()["items"], json!([added.json()]));

    let take = format!("{items}/take");
    let taken = post(&take, json!({"worker": "one"})).await.json();
    assert_eq!((&taken["id"], &taken["claimed_by"]), (&added.json()["id"], &json!("one")));
    let none = post(&take, json!({"worker": "two"})).await;
    assert_eq!((none.status.as_u16(), &*none.body), (204, ""));
    let item = format!("{items}/{}", taken["id"]);
    for action in ["processed", "give-back"] {
        let refused = post(&format!("{item}/{action}"), json!({"worker": "two"})).await;
        assert_eq!(refused.problem(), ("/problems/refused".to_owned(), 409), "{action}");
        assert_eq!(refused.json()["code"], "SRV0015");
    }
    let one = || json!({"worker": "one"});
    assert_eq!(post(&format!("{item}/give-back"), one()).await.status, 204);
    assert_eq!(post(&take, one()).await.status, 200);
    assert_eq!(post(&format!("{item}/processed"), one()).await.status, 204);
    assert_eq!(show(&router, &boss, &item).await.json()["requires_processing"], false);
    let reopened = post(&format!("{item}/reopen"), Value::Null).await;
    assert_eq!(reopened.json()["requires_processing"], true, "{reopened:?}");
    let guarded = json!({"requires_processing": false});
    let refused = call(&router, &boss, Method::PATCH, &item, guarded).await;
    assert_eq!(refused.problem(), ("/problems/invalid".to_owned(), 422));
    let named = call(&router, &boss, Method::PATCH, &item, json!({"test_name": "mail"})).await;
    assert_eq!(named.json()["test_name"], "mail", "{named:?}");
    let missing = post(&format!("{items}/4000000000/reopen"), Value::Null).await;
    assert_eq!(missing.problem(), ("/problems/not-found".to_owned(), 404));
}

async fn whoever_may_only_look_changes_and_takes_nothing(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (_, ana) = somebody(&router, &boss, "ana", &[]).await;
    let login = page(&router, &boss, "login", &["qa"]).await;

    let seen = show(&router, &ana, "/api/v1/pages/in-environments?designation=qa").await;
    assert_eq!(seen.json()["pages"], json!([login]));
    for (method, path) in [
        (Method::POST, "/api/v1/pages"),
        (Method::PATCH, "/api/v1/pages/1"),
        (Method::DELETE, "/api/v1/pages/1"),
        (Method::POST, "/api/v1/environment-users/1/password/reveal"),
        (Method::POST, "/api/v1/email-items"),
        (Method::POST, "/api/v1/email-items/take"),
        (Method::POST, "/api/v1/email-items/1/processed"),
        (Method::POST, "/api/v1/email-items/1/give-back"),
        (Method::POST, "/api/v1/email-items/1/reopen"),
    ] {
        let refused = call(&router, &ana, method.clone(), path, json!({"worker": "ana"})).await;
        assert_eq!(refused.problem(), ("/problems/forbidden".to_owned(), 403), "{method} {path}");
    }
}
