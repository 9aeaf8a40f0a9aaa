//! Teams over HTTP: who runs one, who belongs to it, and what that gives.

use axum::{Router, http::Method};
use sea_orm::DatabaseConnection;
use serde_json::{Value, json};

use crate::{
    client::Answer,
    people::{call, somebody, with_boss},
};

plimsoll::on_every_database!(migration::app:
    a_team_is_made_found_changed_and_removed,
    pages_of_teams_join_up,
    who_administers_a_team_runs_it_up_to_what_they_are,
    the_last_owner_stays,
    what_a_team_gives_on_a_resource_is_told_with_its_reasons,
);

async fn get(router: &Router, token: &str, path: &str) -> Answer {
    call(router, token, Method::GET, path, Value::Null).await
}

/// The path of a new team.
pub(crate) async fn team(router: &Router, token: &str, name: &str) -> String {
    let made = call(router, token, Method::POST, "/api/v1/teams", json!({"name": name})).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.header("location").to_owned()
}

/// Lets somebody belong to a team.
pub(crate) async fn add(
    router: &Router,
    token: &str,
    team: &str,
    user_id: i64,
    role: &str,
) -> Answer {
    let input = json!({"user_id": user_id, "role": role});
    call(router, token, Method::POST, &format!("{team}/members"), input).await
}

/// Lets a team do that with a resource.
pub(crate) async fn assign(
    router: &Router,
    token: &str,
    team: &str,
    resource: &str,
    permissions: &[&str],
) -> Answer {
    let input = json!({"permissions": permissions});
    call(router, token, Method::PUT, &format!("{team}/resources/{resource}"), input).await
}

async fn a_team_is_made_found_changed_and_removed(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (_, ana) = somebody(&router, &boss, "ana", &[]).await;
    let new = json!({"name": "Ops", "description": "on call"});

    let refused = call(&router, &ana, Method::POST, "/api/v1/teams", new.clone()).await;
    assert_eq!(refused.problem(), ("/problems/forbidden".to_owned(), 403));
    let made = call(&router, &boss, Method::POST, "/api/v1/teams", new).await;
    assert_eq!(made.status, 201, "{made:?}");
    let path = made.header("location");
    assert_eq!(get(&router, &boss, path).await.json(), made.json());
    let again = call(&router, &boss, Method::POST, "/api/v1/teams", json!({"name": "OPS"})).await;
    assert_eq!(again.problem(), ("/problems/already-exists".to_owned(), 409));

    let named = get(&router, &boss, "/api/v1/teams?name=oPs").await.json();
    assert_eq!(named, json!({"teams": [made.json()]}));
    let none = get(&router, &boss, "/api/v1/teams?name=dev").await.json();
    assert_eq!(none, json!({"teams": []}));
    let own = get(&router, &boss, "/api/v1/me/teams").await.json();
    assert_eq!(own, json!({"teams": [made.json()]}), "who makes a team belongs to it");
    assert_eq!(get(&router, &ana, "/api/v1/me/teams").await.json(), json!({"teams": []}));

    let input = json!({"description": null});
    let refused = call(&router, &ana, Method::PATCH, path, input.clone()).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    let changed = call(&router, &boss, Method::PATCH, path, input).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let changed = changed.json();
    assert_eq!((&changed["name"], &changed["description"]), (&json!("Ops"), &Value::Null));

    let missing = get(&router, &boss, "/api/v1/teams/4000000000").await;
    assert_eq!(missing.problem(), ("/problems/not-found".to_owned(), 404));
    let removed = call(&router, &boss, Method::DELETE, path, Value::Null).await;
    assert_eq!(removed.status, 204, "{removed:?}");
    assert_eq!(get(&router, &boss, path).await.status, 404);
}

async fn pages_of_teams_join_up(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    for name in ["a", "b", "c"] {
        team(&router, &boss, name).await;
    }

    for list in ["/api/v1/teams", "/api/v1/me/teams"] {
        let first = get(&router, &boss, &format!("{list}?limit=2")).await.json();
        let next = first["next"].as_str().unwrap();
        let second = get(&router, &boss, &format!("{list}?limit=2&cursor={next}")).await.json();

        assert_eq!(first["teams"].as_array().unwrap().len(), 2, "{list}");
        assert_eq!(second["teams"][0]["name"], "c", "{list}");
        assert_eq!(second["next"], Value::Null, "{list}");
        for wrong in ["limit=0", "limit=101", "cursor=x"] {
            let refused = get(&router, &boss, &format!("{list}?{wrong}")).await;
            assert_eq!(refused.problem(), ("/problems/invalid".to_owned(), 422), "{list} {wrong}");
        }
    }
}

async fn who_administers_a_team_runs_it_up_to_what_they_are(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (ana_id, ana) = somebody(&router, &boss, "ana", &[]).await;
    let (bob_id, bob) = somebody(&router, &boss, "bob", &[]).await;
    let path = team(&router, &boss, "ops").await;
    let own = path.replace("/api/v1/", "/api/v1/me/");
    let of_bob = format!("{path}/members/{bob_id}");

    assert_eq!(add(&router, &ana, &path, bob_id, "member").await.status, 403);
    let added = add(&router, &boss, &path, ana_id, "admin").await;
    assert_eq!(added.status, 201, "{added:?}");
    assert_eq!(get(&router, &boss, added.header("location")).await.json(), added.json());
    assert_eq!(get(&router, &boss, &of_bob).await.status, 404);

    let added = add(&router, &ana, &path, bob_id, "member").await;
    assert_eq!(added.status, 201, "{added:?}");
    assert_eq!(added.json()["added_by_id"], ana_id);
    let again = add(&router, &ana, &path, bob_id, "member").await;
    assert_eq!(again.problem(), ("/problems/already-exists".to_owned(), 409));
    let lifted = json!({"role": "owner"});
    let refused = call(&router, &ana, Method::PUT, &of_bob, lifted).await;
    assert_eq!(refused.problem(), ("/problems/forbidden".to_owned(), 403));
    assert_eq!(refused.json()["code"], "SRV0016");
    let limited = json!({"role": "viewer", "expires_at": "2037-01-02T03:04:05Z"});
    let changed = call(&router, &ana, Method::PUT, &of_bob, limited).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(changed.json()["expires_at"], "2037-01-02T03:04:05Z");
    for wrong in [
        json!({"role": "captain"}),
        json!({"role": "viewer", "expires_at": "2001-01-02T03:04:05Z"}),
        json!({"role": "viewer", "expires_at": "2038-01-19T03:14:08Z"}),
        json!({"role": "viewer", "expires_at": "2037-01-02T03:04:60Z"}),
        json!({"role": "viewer", "expires_at": "+262000-01-02T03:04:05Z"}),
        json!({"role": "viewer", "added_by_id": 1}),
    ] {
        let refused = call(&router, &ana, Method::PUT, &of_bob, wrong).await;
        assert_eq!(refused.problem(), ("/problems/invalid".to_owned(), 422));
    }

    let members = get(&router, &bob, &format!("{own}/members")).await.json();
    let roles: Vec<&str> =
        members.as_array().unwrap().iter().map(|it| it["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["owner", "admin", "viewer"]);
    assert_eq!(get(&router, &boss, &format!("{path}/members")).await.json(), members);
    let left = call(&router, &bob, Method::DELETE, &of_bob, Value::Null).await;
    assert_eq!(left.status, 204, "{left:?}");
    assert_eq!(get(&router, &bob, &format!("{own}/members")).await.status, 404);
}

async fn the_last_owner_stays(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let path = team(&router, &boss, "ops").await;
    let members = get(&router, &boss, &format!("{path}/members")).await.json();
    let of_boss = format!("{path}/members/{}", members[0]["user_id"]);

    let less = call(&router, &boss, Method::PUT, &of_boss, json!({"role": "admin"})).await;
    let gone = call(&router, &boss, Method::DELETE, &of_boss, Value::Null).await;

    for refused in [less, gone] {
        assert_eq!(refused.problem(), ("/problems/refused".to_owned(), 409));
        assert_eq!(refused.json()["code"], "SRV0015");
        assert!(refused.body.contains("last-owner"), "{}", refused.body);
    }
}

async fn what_a_team_gives_on_a_resource_is_told_with_its_reasons(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (ana_id, ana) = somebody(&router, &boss, "ana", &[]).await;
    let path = team(&router, &boss, "ops").await;
    assert_eq!(add(&router, &boss, &path, ana_id, "member").await.status, 201);
    let resource = "cloud_machine/rack%2F7";
    let own = format!("/api/v1/me/resources/{resource}");

    let refused = assign(&router, &ana, &path, resource, &["read"]).await;
    assert_eq!(refused.json()["detail"], "missing permission `team:assign`");
    let assigned = assign(&router, &boss, &path, resource, &["admin", "shell", "admin"]).await;
    assert_eq!(assigned.status, 200, "{assigned:?}");
    assert_eq!(assigned.json()["resource_id"], "rack/7");
    assert_eq!(assigned.json()["permissions"], json!(["admin", "shell"]));
    let listed = get(&router, &boss, &format!("{path}/resources")).await.json();
    assert_eq!(listed, json!([assigned.json()]));

    let access = get(&router, &ana, &own).await.json();
    assert_eq!(access["permissions"], json!(["read", "write", "execute", "admin", "shell"]));
    assert_eq!(access["reasons"][0]["team"], "ops");
    let summary = access["summary"].as_str().unwrap();
    assert!(summary.contains("as member of `ops`"), "{summary}");
    let explained = format!("/api/v1/users/{ana_id}/resources/{resource}");
    assert_eq!(get(&router, &boss, &explained).await.json(), access);

    for wrong in [&["fly"][..], &[]] {
        let refused = assign(&router, &boss, &path, resource, wrong).await;
        assert_eq!(refused.problem(), ("/problems/invalid".to_owned(), 422), "{wrong:?}");
    }
    let odd = assign(&router, &boss, &path, "Cloud%20Machine/7", &["read"]).await;
    assert_eq!(odd.problem(), ("/problems/invalid".to_owned(), 422));
    let taken = format!("{path}/resources/{resource}");
    for _ in 0..2 {
        let withdrawn = call(&router, &boss, Method::DELETE, &taken, Value::Null).await;
        assert_eq!(withdrawn.status, 204, "{withdrawn:?}");
    }
    assert_eq!(get(&router, &ana, &own).await.json()["permissions"], json!([]));
}
