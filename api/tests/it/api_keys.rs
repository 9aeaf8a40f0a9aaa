//! API keys over HTTP: within the rights of their owners, and ended by whoever may.

use axum::{Router, http::Method};
use sea_orm::DatabaseConnection;
use serde_json::{Value, json};

use crate::{
    client::Answer,
    people::{call, somebody, with_boss},
};

plimsoll::on_every_database!(migration::app:
    a_key_is_shown_once_and_does_what_its_scopes_say,
    a_key_is_made_within_the_rights_of_its_owner,
    keys_of_others_are_seen_and_ended_by_whoever_may,
);

const OWN: &str = "/api/v1/me/api-keys";

async fn make(router: &Router, token: &str, scopes: &[&str]) -> Answer {
    let input = json!({"name": "laptop", "scopes": scopes});
    call(router, token, Method::POST, OWN, input).await
}

/// A new key: what it is revoked by, and the key.
async fn made(router: &Router, token: &str, scopes: &[&str]) -> (i64, String) {
    let made = make(router, token, scopes).await;
    assert_eq!(made.status, 201, "{made:?}");
    let made = made.json();
    let key = made["key"].as_str().unwrap().to_owned();
    (made["api_key"]["id"].as_i64().unwrap(), key)
}

async fn get(router: &Router, token: &str, path: &str) -> Answer {
    call(router, token, Method::GET, path, Value::Null).await
}

async fn delete(router: &Router, token: &str, path: &str) -> Answer {
    call(router, token, Method::DELETE, path, Value::Null).await
}

async fn a_key_is_shown_once_and_does_what_its_scopes_say(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;

    let (id, key) = made(&router, &boss, &["user:read"]).await;

    let listed = get(&router, &boss, OWN).await;
    assert!(!listed.body.contains(&key), "{listed:?}");
    let one = &listed.json()[0];
    assert_eq!((&one["id"], &one["scopes"]), (&json!(id), &json!(["user:read"])));
    assert!(key.starts_with(one["prefix"].as_str().unwrap()));
    assert_eq!(get(&router, &key, "/api/v1/users").await.status, 200);
    assert_eq!(get(&router, &key, "/api/v1/roles").await.status, 403);
    // A program does not manage the account of its owner.
    assert_eq!(get(&router, &key, OWN).await.status, 403);
    assert_eq!(make(&router, &key, &[]).await.problem(), ("/problems/forbidden".to_owned(), 403));
    assert_eq!(get(&router, &key, "/api/v1/me/second-factor").await.status, 403);

    let own = format!("{OWN}/{id}");
    for _ in 0..2 {
        assert_eq!(delete(&router, &boss, &own).await.status, 204);
    }
    assert_eq!(get(&router, &key, "/api/v1/users").await.status, 401);
    assert!(get(&router, &boss, OWN).await.json()[0]["revoked_at"].is_string());
}

async fn a_key_is_made_within_the_rights_of_its_owner(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (_, ana) = somebody(&router, &boss, "ana", &[]).await;

    let above = make(&router, &ana, &["user:delete"]).await;
    assert_eq!(above.problem(), ("/problems/exceeds".to_owned(), 403));
    let unknown = make(&router, &ana, &["user:fly"]).await;
    assert_eq!(unknown.problem(), ("/problems/not-found".to_owned(), 404));
    for wrong in [
        json!({"name": "", "scopes": []}),
        json!({"name": "laptop", "scopes": [], "expires_at": "2001-01-02T03:04:05Z"}),
        json!({"name": "laptop", "scopes": [], "key": "plk_chosen"}),
        json!({"name": "laptop"}),
    ] {
        let refused = call(&router, &ana, Method::POST, OWN, wrong).await;
        assert_eq!(refused.problem(), ("/problems/invalid".to_owned(), 422));
    }
    assert_eq!(get(&router, &ana, OWN).await.json(), json!([]));
    let limit = "/api/v1/settings/api_keys.max_per_user";
    let set = call(&router, &boss, Method::PUT, limit, json!({"value": 1})).await;
    assert_eq!(set.status, 200, "{set:?}");
    made(&router, &ana, &[]).await;
    let full = make(&router, &ana, &[]).await;
    assert_eq!(full.problem(), ("/problems/refused".to_owned(), 409));
    assert!(full.body.contains("by the rule `key-limit`"), "{full:?}");
}

async fn keys_of_others_are_seen_and_ended_by_whoever_may(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (ana_id, ana) = somebody(&router, &boss, "ana", &[]).await;
    let (_, bob) = somebody(&router, &boss, "bob", &["maintainer"]).await;
    let (id, key) = made(&router, &ana, &[]).await;
    let (of_boss, _) = made(&router, &boss, &[]).await;
    let me = get(&router, &boss, "/api/v1/me").await.json();
    let boss_id = &me["user"]["id"];
    let of_ana = format!("/api/v1/users/{ana_id}/api-keys");

    let listed = get(&router, &boss, &of_ana).await;
    assert_eq!(listed.json()[0]["id"], id, "{listed:?}");
    assert_eq!(get(&router, &boss, "/api/v1/users/4000000000/api-keys").await.status, 404);
    let refused = get(&router, &ana, &of_ana).await;
    assert_eq!(refused.problem(), ("/problems/forbidden".to_owned(), 403));
    let stranger = delete(&router, &ana, &format!("{OWN}/{of_boss}")).await;
    assert_eq!(stranger.problem(), ("/problems/not-found".to_owned(), 404));
    let wrong = delete(&router, &boss, &format!("{of_ana}/{of_boss}")).await;
    assert_eq!(wrong.problem(), ("/problems/not-found".to_owned(), 404));
    let above = format!("/api/v1/users/{boss_id}/api-keys/{of_boss}");
    let refused = delete(&router, &bob, &above).await;
    assert_eq!(refused.problem(), ("/problems/exceeds".to_owned(), 403));

    assert_eq!(get(&router, &key, "/api/v1/me").await.status, 200);
    let ended = delete(&router, &boss, &format!("{of_ana}/{id}")).await;
    assert_eq!(ended.status, 204, "{ended:?}");
    assert_eq!(get(&router, &key, "/api/v1/me").await.status, 401);
}
