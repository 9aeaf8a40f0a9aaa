//! Who may do what, asked over HTTP.

use axum::{Router, http::Method};
use sea_orm::DatabaseConnection;
use serde_json::{Value, json};

use crate::{
    client::Answer,
    people::{call, somebody, with_boss},
    teams::{add, assign, team},
};

plimsoll::on_every_database!(migration::app:
    questions_are_answered_in_their_order,
    what_is_asked_about_others_takes_a_right,
    what_a_team_gives_is_asked_by_resource,
    it_is_told_which_role_and_which_team_give_it,
    a_key_is_answered_within_its_scopes,
);

async fn check(router: &Router, token: &str, input: Value) -> Answer {
    call(router, token, Method::POST, "/api/v1/authz/check", input).await
}

async fn explain(router: &Router, token: &str, input: Value) -> Answer {
    call(router, token, Method::POST, "/api/v1/authz/explain", input).await
}

/// The answers, without the questions.
fn allowed(answer: &Answer) -> Vec<bool> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = answer.json();
    let answers = answer["answers"].as_array().unwrap().iter();
    answers.map(|answer| answer["is_allowed"].as_bool().unwrap()).collect()
}

fn of(codes: &[&str]) -> Value {
    let questions: Vec<Value> = codes.iter().map(|code| json!({"permission": code})).collect();
    json!({"questions": questions})
}

async fn questions_are_answered_in_their_order(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (_, ana) = somebody(&router, &boss, "ana", &[]).await;
    let asked = of(&["settings:read", "user:delete", "settings:read"]);

    assert_eq!(allowed(&check(&router, &boss, asked.clone()).await), [true, true, true]);
    let answer = check(&router, &ana, asked).await;
    assert_eq!(allowed(&answer), [true, false, true]);
    let second = json!({"permission": "user:delete", "resource": null, "is_allowed": false});
    assert_eq!(answer.json()["answers"][1], second);

    let unknown = check(&router, &ana, of(&["settings:reed"])).await;
    assert_eq!(unknown.problem(), ("/problems/not-found".to_owned(), 404));
    assert_eq!(allowed(&check(&router, &ana, of(&["settings:read"; 100])).await), [true; 100]);
    for wrong in [of(&["settings:read"; 101]), of(&[]), json!({}), json!({"questions": [{}]})] {
        let refused = check(&router, &ana, wrong).await;
        assert_eq!(refused.problem(), ("/problems/invalid".to_owned(), 422));
    }
}

async fn what_is_asked_about_others_takes_a_right(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (id, ana) = somebody(&router, &boss, "ana", &[]).await;
    let (other, _) = somebody(&router, &boss, "bob", &[]).await;
    let about = |id: i64| {
        let mut input = of(&["settings:read", "user:delete"]);
        input["user_id"] = json!(id);
        input
    };

    assert_eq!(allowed(&check(&router, &boss, about(id)).await), [true, false]);
    assert_eq!(allowed(&check(&router, &ana, about(id)).await), [true, false], "about oneself");
    let refused = check(&router, &ana, about(other)).await;
    assert_eq!(refused.problem(), ("/problems/forbidden".to_owned(), 403));
    let missing = check(&router, &boss, about(4_000_000_000)).await;
    assert_eq!(missing.problem(), ("/problems/not-found".to_owned(), 404));
    let input = json!({"user_id": other, "permission": "settings:read"});
    assert_eq!(explain(&router, &ana, input.clone()).await.status, 403);

    let shut_out = json!({"is_active": false});
    let path = format!("/api/v1/users/{other}");
    assert_eq!(call(&router, &boss, Method::PATCH, &path, shut_out).await.status, 200);
    assert_eq!(allowed(&check(&router, &boss, about(other)).await), [false, false]);
    let told = explain(&router, &boss, input).await.json();
    assert_eq!((&told["is_allowed"], &told["roles"][0]["role"]), (&json!(false), &json!("viewer")));
}

async fn what_a_team_gives_is_asked_by_resource(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (id, ana) = somebody(&router, &boss, "ana", &[]).await;
    let ops = team(&router, &boss, "ops").await;
    assert_eq!(add(&router, &boss, &ops, id, "member").await.status, 201);
    let assigned = assign(&router, &boss, &ops, "cloud_machine/7", &["write"]).await;
    assert!(assigned.status.is_success(), "{assigned:?}");
    let on = |permission: &str, key: &str| {
        let resource = json!({"type": "cloud_machine", "id": key});
        json!({"permission": permission, "resource": resource})
    };
    let questions = [on("write", "7"), on("shell", "7"), on("write", "8")];
    let asked = json!({"user_id": id, "questions": questions});

    assert_eq!(allowed(&check(&router, &ana, asked.clone()).await), [true, false, false]);
    assert_eq!(allowed(&check(&router, &boss, asked).await), [true, false, false]);
    for wrong in [
        json!({"questions": [on("fly", "7")]}),
        json!({"questions": [{"permission": "write", "resource": {"type": "A B", "id": "7"}}]}),
        json!({"questions": [{"permission": "write", "resource": {"type": "cloud_machine"}}]}),
    ] {
        let refused = check(&router, &ana, wrong).await;
        assert_eq!(refused.problem(), ("/problems/invalid".to_owned(), 422));
    }
}

async fn it_is_told_which_role_and_which_team_give_it(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (id, ana) = somebody(&router, &boss, "ana", &[]).await;
    let ops = team(&router, &boss, "ops").await;
    assert_eq!(add(&router, &boss, &ops, id, "viewer").await.status, 201);
    let assigned = assign(&router, &boss, &ops, "cloud_machine/7", &["admin"]).await;
    assert!(assigned.status.is_success(), "{assigned:?}");

    let told = explain(&router, &ana, json!({"permission": "settings:read"})).await.json();
    assert_eq!(told["is_allowed"], true, "{told}");
    assert_eq!(told["summary"], "`ana` may `settings:read`, by the role `viewer`");
    assert!(told["roles"][0]["role_since"].is_string(), "{told}");
    let told = explain(&router, &ana, json!({"permission": "user:delete"})).await.json();
    assert_eq!((&told["is_allowed"], &told["roles"]), (&json!(false), &json!([])));
    let unknown = explain(&router, &ana, json!({"permission": "user:fly"})).await;
    assert_eq!(unknown.problem(), ("/problems/not-found".to_owned(), 404));

    let resource = json!({"type": "cloud_machine", "id": "7"});
    let input = json!({"user_id": id, "permission": "write", "resource": resource});
    for token in [&ana, &boss] {
        let told = explain(&router, token, input.clone()).await.json();
        assert_eq!(told["is_allowed"], false, "{told}");
        let team = &told["teams"][0];
        assert_eq!((&team["team"], &team["role"]), (&json!("ops"), &json!("viewer")));
        assert_eq!((&team["assigned"], &team["given"]), (&json!(["admin"]), &json!(["read"])));
        assert_eq!(team["because"], "a viewer only reads");
    }
}

async fn a_key_is_answered_within_its_scopes(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let key = async |scopes: &[&str]| {
        let input = json!({"name": "laptop", "scopes": scopes});
        let made = call(&router, &boss, Method::POST, "/api/v1/me/api-keys", input).await.json();
        made["key"].as_str().unwrap().to_owned()
    };
    let (reader, nothing) = (key(&["user:read", "permission:read"]).await, key(&[]).await);
    let asked = of(&["user:read", "user:delete"]);

    assert_eq!(allowed(&check(&router, &reader, asked.clone()).await), [true, false]);
    assert_eq!(allowed(&check(&router, &nothing, asked).await), [false, false]);
    let input = json!({"permission": "user:delete"});
    let told = explain(&router, &reader, input.clone()).await.json();
    assert_eq!((&told["is_allowed"], &told["is_in_scope"]), (&json!(false), &json!(false)));
    assert_eq!(told["roles"][0]["role"], "admin", "{told}");
    let refused = explain(&router, &nothing, input).await;
    assert_eq!(refused.problem(), ("/problems/forbidden".to_owned(), 403));
}
