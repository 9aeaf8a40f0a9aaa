//! Sessions over HTTP: logging in, going on, and every way of ending.

use axum::{Router, http::Method};
use futures_util::future::join_all;
use sea_orm::DatabaseConnection;
use serde_json::{Value, json};

use crate::{
    client::{Answer, app, ask, from, send},
    people::{PASSWORD, call, login, somebody, try_login, with_boss},
};

plimsoll::on_every_database!(migration::app:
    a_refresh_token_is_good_once_and_twice_ends_the_session,
    logging_out_ends_this_session_and_no_other,
    sessions_are_listed_and_ended,
    what_cannot_be_a_session_is_not_found,
    whoever_is_shut_out_is_out_at_once,
    a_new_password_ends_the_other_sessions,
    guessing_is_slowed_down_for_the_guesser_and_not_for_the_owner,
    five_hundred_logins_at_once_are_all_answered,
);

async fn pair(router: &Router, name: &str) -> (String, String) {
    let answer = try_login(router, name, PASSWORD).await;
    tokens(&answer)
}

fn tokens(answer: &Answer) -> (String, String) {
    let document = answer.json();
    let text =
        |name: &str| document[name].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned();
    (text("access_token"), text("refresh_token"))
}

async fn refresh(router: &Router, token: &str) -> Answer {
    let input = json!({"refresh_token": token});
    ask(router, send(Method::POST, "/api/v1/refresh", "", &input)).await
}

async fn me(router: &Router, token: &str) -> u16 {
    call(router, token, Method::GET, "/api/v1/me", Value::Null).await.status.as_u16()
}

async fn a_refresh_token_is_good_once_and_twice_ends_the_session(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (access, first) = pair(&router, "boss").await;

    let (next_access, second) = tokens(&refresh(&router, &first).await);
    assert_eq!((me(&router, &access).await, me(&router, &next_access).await), (200, 200));
    let (_, third) = tokens(&refresh(&router, &second).await);
    let reused = refresh(&router, &first).await;

    assert_eq!(reused.problem(), ("/problems/unauthenticated".to_owned(), 401));
    assert_eq!(refresh(&router, &third).await.status, 401, "the session has ended");
    assert_eq!((me(&router, &access).await, me(&router, &next_access).await), (401, 401));
    assert_eq!(me(&router, &boss).await, 200, "another session goes on");
    for wrong in ["", "plr_x", &access] {
        assert_eq!(refresh(&router, wrong).await.status, 401, "{wrong}");
    }
}

async fn logging_out_ends_this_session_and_no_other(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (access, renewal) = pair(&router, "boss").await;

    assert_eq!(
        call(&router, &access, Method::POST, "/api/v1/logout", Value::Null).await.status,
        204
    );

    assert_eq!(
        (me(&router, &access).await, refresh(&router, &renewal).await.status.as_u16()),
        (401, 401)
    );
    assert_eq!(me(&router, &boss).await, 200);
}

async fn sessions_are_listed_and_ended(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (id, first) = somebody(&router, &boss, "ana", &[]).await;
    let second = login(&router, "ana", PASSWORD).await;
    let third = login(&router, "ana", PASSWORD).await;
    let list = call(&router, &second, Method::GET, "/api/v1/me/sessions", Value::Null).await.json();
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), 3);
    let current: Vec<bool> = list.iter().map(|it| it["is_current"].as_bool().unwrap()).collect();
    assert_eq!(current, [false, true, false], "the newest first");

    let newest = format!("/api/v1/me/sessions/{}", list[0]["id"].as_str().unwrap());
    assert_eq!(call(&router, &boss, Method::DELETE, &newest, Value::Null).await.status, 404);
    assert_eq!(call(&router, &second, Method::DELETE, &newest, Value::Null).await.status, 204);
    assert_eq!((me(&router, &third).await, me(&router, &first).await), (401, 200));
    let others = call(&router, &second, Method::DELETE, "/api/v1/me/sessions", Value::Null).await;
    assert_eq!(others.status, 204);
    assert_eq!((me(&router, &first).await, me(&router, &second).await), (401, 200));

    let of_ana = format!("/api/v1/users/{id}/sessions");
    let seen = call(&router, &boss, Method::GET, &of_ana, Value::Null).await.json();
    assert_eq!(seen.as_array().unwrap().len(), 1);
    let remaining = format!("{of_ana}/{}", seen[0]["id"].as_str().unwrap());
    assert_eq!(call(&router, &boss, Method::DELETE, &remaining, Value::Null).await.status, 204);
    assert_eq!(me(&router, &second).await, 401);
    assert_eq!(call(&router, &boss, Method::DELETE, &remaining, Value::Null).await.status, 404);
}

async fn what_cannot_be_a_session_is_not_found(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (id, _) = somebody(&router, &boss, "ana", &[]).await;
    let long = "x".repeat(1000);

    for session in ["%00", "a%00b", "7", "%F0%9F%9A%A2", &long] {
        for of in ["me".to_owned(), format!("users/{id}")] {
            let path = format!("/api/v1/{of}/sessions/{session}");
            let refused = call(&router, &boss, Method::DELETE, &path, Value::Null).await;
            assert_eq!(refused.problem(), ("/problems/not-found".to_owned(), 404), "{path}");
        }
    }
}

async fn whoever_is_shut_out_is_out_at_once(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (id, _) = somebody(&router, &boss, "ana", &[]).await;
    let (access, renewal) = pair(&router, "ana").await;
    let path = format!("/api/v1/users/{id}");

    let shut = call(&router, &boss, Method::PATCH, &path, json!({"is_active": false})).await;

    assert_eq!(shut.json()["is_active"], false);
    assert_eq!(me(&router, &access).await, 401);
    assert_eq!(refresh(&router, &renewal).await.status, 401);
    let refused = try_login(&router, "ana", PASSWORD).await;
    assert_eq!(refused.problem(), ("/problems/wrong-credentials".to_owned(), 401));
    call(&router, &boss, Method::PATCH, &path, json!({"is_active": true})).await;
    assert_eq!(
        (me(&router, &access).await, refresh(&router, &renewal).await.status.as_u16()),
        (401, 401)
    );
    assert_eq!(me(&router, &login(&router, "ana", PASSWORD).await).await, 200);
}

async fn a_new_password_ends_the_other_sessions(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (_, here) = somebody(&router, &boss, "ana", &[]).await;
    let there = login(&router, "ana", PASSWORD).await;
    let change = async |current: &str, new: &str| {
        let input = json!({"current": current, "new": new});
        call(&router, &here, Method::POST, "/api/v1/me/password", input).await
    };

    assert_eq!(change("wrong", "another password").await.status, 401);
    assert_eq!(change(PASSWORD, "short").await.status, 422);
    assert_eq!(change(PASSWORD, "another password").await.status, 204);

    assert_eq!((me(&router, &here).await, me(&router, &there).await), (200, 401));
    assert_eq!(try_login(&router, "ana", PASSWORD).await.status, 401);
    assert_eq!(try_login(&router, "ana", "another password").await.status, 200);
}

async fn guessing_is_slowed_down_for_the_guesser_and_not_for_the_owner(db: &DatabaseConnection) {
    let (router, _) = with_boss(db).await;
    let attempt = async |address: &str, name: &str, password: &str| {
        let input = json!({"name": name, "password": password});
        ask(&router, from(address, send(Method::POST, "/api/v1/login", "", &input))).await
    };
    // The owner has been there before.
    assert_eq!(attempt("192.0.2.1", "boss", PASSWORD).await.status, 200);

    let mut refused = 0;
    for _ in 0..30 {
        let answer = attempt("203.0.113.9", "Boss", "guess").await;
        if answer.status == 429 {
            assert_eq!(answer.problem(), ("/problems/too-many-attempts".to_owned(), 429));
            let seconds: u64 = answer.header("retry-after").parse().unwrap();
            assert!((1..=60).contains(&seconds), "{seconds}");
            refused += 1;
        }
    }

    assert!(refused >= 15, "{refused}");
    let right = attempt("203.0.113.9", "boss", PASSWORD).await;
    assert_eq!(right.status, 429, "not even the right one, from there");
    assert_eq!(attempt("192.0.2.1", "boss", PASSWORD).await.status, 200);
    assert_eq!(attempt("192.0.2.77", "boss", PASSWORD).await.status, 200, "nor from elsewhere");
    // A name that nobody has is slowed down the same way.
    let mut refused = 0;
    for _ in 0..30 {
        refused += u32::from(attempt("198.51.100.4", "nobody", "guess").await.status == 429);
    }
    assert!(refused >= 15, "{refused}");
}

async fn five_hundred_logins_at_once_are_all_answered(db: &DatabaseConnection) {
    let (router, _) = with_boss(db).await;
    let right = json!({"name": "boss", "password": PASSWORD});
    let own = || from("192.0.2.1", send(Method::POST, "/api/v1/login", "", &right));
    assert_eq!(ask(&router, own()).await.status, 200);
    let logins =
        (0..500).map(|at| {
            let input =
                json!({"name": "boss", "password": if at % 2 == 0 { PASSWORD } else { "guess" }});
            let address = format!("10.{}.{}.1", at / 250, at % 250);
            let router = &router;
            async move {
                ask(router, from(&address, send(Method::POST, "/api/v1/login", "", &input))).await
            }
        });

    let answers = join_all(logins).await;

    for answer in &answers {
        assert!(matches!(answer.status.as_u16(), 200 | 401 | 429 | 503), "{answer:?}");
    }
    // However busy the machine is: who has been there before gets in when the rush is over.
    assert_eq!(ask(&router, own()).await.status, 200);
    assert!(app(db).hasher.most_memory() <= 2 * 8 * 1024);
}
