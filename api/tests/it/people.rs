//! People and roles over HTTP: who may do what, and what becomes of it.

use axum::{Router, http::Method};
use sea_orm::DatabaseConnection;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use service::identity::setup;

use crate::client::{Answer, app, ask, send};

plimsoll::on_every_database!(migration::app:
    the_first_administrator_is_made_once,
    what_is_made_says_where_it_is,
    a_person_is_added_invited_and_logs_in,
    what_a_person_has_no_right_to_is_refused_by_name,
    the_last_administrator_cannot_be_removed,
    nobody_acts_above_themselves,
    a_patch_changes_what_it_names_and_empties_what_is_null,
    roles_are_made_granted_given_and_removed,
    permissions_of_the_program_stay,
    settings_are_read_and_set_by_their_type,
    pages_of_people_join_up,
    what_nobody_knows_is_refused,
);

pub(crate) const PASSWORD: &str = "correct horse battery";

/// A server with an administrator, and the administrator's token.
pub(crate) async fn with_boss(db: &DatabaseConnection) -> (Router, String) {
    let app = app(db);
    let token = setup::prepare(db, &app.world).await.unwrap().unwrap();
    let router = api::router(app);
    let input = json!({"token": token.expose_secret(), "username": "Boss", "email": "boss@example.org", "password": PASSWORD});
    let made = ask(&router, send(Method::POST, "/api/v1/setup", "", &input)).await;
    assert_eq!(made.status, 201, "{made:?}");
    let token = login(&router, "boss", PASSWORD).await;
    (router, token)
}

pub(crate) async fn login(router: &Router, name: &str, password: &str) -> String {
    let answer = try_login(router, name, password).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

pub(crate) async fn try_login(router: &Router, name: &str, password: &str) -> Answer {
    let input = json!({"name": name, "password": password});
    ask(router, send(Method::POST, "/api/v1/login", "", &input)).await
}

/// Somebody with these roles, by name; also their key and token.
pub(crate) async fn somebody(
    router: &Router,
    boss: &str,
    name: &str,
    roles: &[&str],
) -> (i64, String) {
    let made = call(router, boss, Method::POST, "/api/v1/users", json!({"username": name})).await;
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.json()["id"].as_i64().unwrap();
    let path = format!("/api/v1/users/{id}/password-reset");
    let reset = call(router, boss, Method::POST, &path, Value::Null).await;
    assert_eq!(reset.status, 201, "{reset:?}");
    let input = json!({"token": reset.json()["token"], "password": PASSWORD});
    let chosen = ask(router, send(Method::POST, "/api/v1/password-reset", "", &input)).await;
    assert_eq!(chosen.status, 204, "{chosen:?}");
    for role in roles {
        let path = format!("/api/v1/users/{id}/roles/{}", role_id(router, boss, role).await);
        assert_eq!(call(router, boss, Method::PUT, &path, Value::Null).await.status, 204);
    }
    (id, login(router, name, PASSWORD).await)
}

pub(crate) async fn call(
    router: &Router,
    token: &str,
    method: Method,
    path: &str,
    body: Value,
) -> Answer {
    ask(router, send(method, path, token, &body)).await
}

pub(crate) async fn role_id(router: &Router, boss: &str, name: &str) -> i64 {
    let roles = call(router, boss, Method::GET, "/api/v1/roles", Value::Null).await.json();
    let found = roles.as_array().unwrap().iter().find(|role| role["name"] == name);
    found.unwrap()["id"].as_i64().unwrap()
}

async fn permission_id(router: &Router, boss: &str, code: &str) -> i64 {
    let all = call(router, boss, Method::GET, "/api/v1/permissions", Value::Null).await.json();
    let found = all.as_array().unwrap().iter().find(|permission| permission["code"] == code);
    found.unwrap()["id"].as_i64().unwrap()
}

fn problem(kind: &str, status: u16) -> (String, u16) {
    (format!("/problems/{kind}"), status)
}

async fn the_first_administrator_is_made_once(db: &DatabaseConnection) {
    let app = app(db);
    let tokens = [
        setup::prepare(db, &app.world).await.unwrap().unwrap(),
        setup::prepare(db, &app.world).await.unwrap().unwrap(),
    ];
    let router = api::router(app.clone());
    let input = |token: &str, name: &str, password: &str| json!({"token": token, "username": name, "password": password});
    let [one, other] = [0, 1].map(|at| tokens[at].expose_secret().to_owned());

    for (wrong, expected) in [
        (input("pls_no", "boss", PASSWORD), problem("unauthenticated", 401)),
        (input(&one, "boss", "short"), problem("invalid", 422)),
        (input(&one, " ", PASSWORD), problem("invalid", 422)),
    ] {
        let refused = ask(&router, send(Method::POST, "/api/v1/setup", "", &wrong)).await;
        assert_eq!(refused.problem(), expected);
    }
    let first = send(Method::POST, "/api/v1/setup", "", &input(&one, "boss", PASSWORD));
    let second = send(Method::POST, "/api/v1/setup", "", &input(&other, "thief", PASSWORD));
    let (first, second) =
        futures_util::future::join(ask(&router, first), ask(&router, second)).await;

    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert!(statuses == [201, 409] || statuses == [201, 401], "{first:?} {second:?}");
    let winner = if first.status == 201 { &first } else { &second };
    assert!(!winner.body.contains("argon2"), "{}", winner.body);
    assert!(setup::prepare(db, &app.world).await.unwrap().is_none());
    let again = send(Method::POST, "/api/v1/setup", "", &input(&one, "third", PASSWORD));
    assert_eq!(ask(&router, again).await.status, 401, "the tokens are gone");
}

async fn what_is_made_says_where_it_is(db: &DatabaseConnection) {
    let app = app(db);
    let token = setup::prepare(db, &app.world).await.unwrap().unwrap();
    let router = api::router(app);
    let first = json!({"token": token.expose_secret(), "username": "boss", "password": PASSWORD});
    let first = ask(&router, send(Method::POST, "/api/v1/setup", "", &first)).await;
    let boss = login(&router, "boss", PASSWORD).await;

    let mut made = vec![first];
    for (path, input) in [
        ("/api/v1/users", json!({"username": "ana"})),
        ("/api/v1/roles", json!({"name": "crew"})),
        ("/api/v1/permissions", json!({"resource": "crane", "action": "move"})),
    ] {
        made.push(call(&router, &boss, Method::POST, path, input).await);
    }

    for made in made {
        assert_eq!(made.status, 201, "{made:?}");
        let there = call(&router, &boss, Method::GET, made.header("location"), Value::Null).await;
        assert_eq!(there.status, 200, "{made:?}");
        assert_eq!(there.json()["id"], made.json()["id"]);
    }
}

async fn a_person_is_added_invited_and_logs_in(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let input = json!({"username": "Ána", "email": "ANA@Example.org", "full_name": "Ana Ángel"});

    let made = call(&router, &boss, Method::POST, "/api/v1/users", input.clone()).await;

    assert_eq!(made.status, 201, "{made:?}");
    let user = made.json();
    assert_eq!(user["email"], "ana@example.org");
    assert_eq!((&user["is_active"], &user["has_password"]), (&json!(true), &json!(false)));
    for (clash, kind) in [
        (json!({"username": "ána"}), "user `ána` exists already"),
        (json!({"username": "A\u{301}NA", "email": null}), "exists already"),
        (json!({"username": "x", "email": "Ana@EXAMPLE.org"}), "user with e-mail"),
    ] {
        let refused = call(&router, &boss, Method::POST, "/api/v1/users", clash).await;
        assert_eq!(refused.problem(), problem("already-exists", 409));
        assert!(refused.body.contains(kind), "{}", refused.body);
    }
    // An accent makes another name.
    let other =
        call(&router, &boss, Method::POST, "/api/v1/users", json!({"username": "ana"})).await;
    assert_eq!(other.status, 201, "{other:?}");
    let refused = try_login(&router, "ána", "").await;
    assert_eq!(refused.problem(), problem("wrong-credentials", 401));

    let path = format!("/api/v1/users/{}/password-reset", user["id"]);
    let reset = call(&router, &boss, Method::POST, &path, Value::Null).await.json();
    let choose = |password: &str| {
        let input = json!({"token": reset["token"], "password": password});
        send(Method::POST, "/api/v1/password-reset", "", &input)
    };
    for weak in ["short", "A\u{301}NA", "ana@example.org", "Password1", &"x".repeat(257)] {
        assert_eq!(ask(&router, choose(weak)).await.problem(), problem("invalid", 422), "{weak}");
    }
    assert_eq!(ask(&router, choose(PASSWORD)).await.status, 204);
    assert_eq!(ask(&router, choose(PASSWORD)).await.problem(), problem("unauthenticated", 401));

    for name in ["ÁNA", "ana@example.ORG", "a\u{301}na"] {
        login(&router, name, PASSWORD).await;
    }
    let me = call(
        &router,
        &login(&router, "Ána", PASSWORD).await,
        Method::GET,
        "/api/v1/me",
        Value::Null,
    )
    .await;
    assert_eq!(me.json()["roles"], json!(["viewer"]));
    assert_eq!(me.json()["user"]["login_count"], 4);
}

async fn what_a_person_has_no_right_to_is_refused_by_name(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (id, token) = somebody(&router, &boss, "ana", &[]).await;

    for (method, path, code) in [
        (Method::GET, "/api/v1/users".to_owned(), "user:read"),
        (Method::POST, "/api/v1/users".to_owned(), "user:create"),
        (Method::PATCH, format!("/api/v1/users/{id}"), "user:update"),
        (Method::DELETE, format!("/api/v1/users/{id}"), "user:delete"),
        (Method::PUT, format!("/api/v1/users/{id}/roles/1"), "role:assign"),
        (Method::PUT, "/api/v1/roles/1/permissions/1".to_owned(), "permission:grant"),
        (Method::PUT, "/api/v1/settings/app.name".to_owned(), "settings:update"),
    ] {
        // Before the body is looked at.
        let refused = call(&router, &token, method, &path, json!("nothing")).await;
        assert_eq!(refused.problem(), problem("forbidden", 403), "{path}");
        assert_eq!(refused.json()["code"], "SRV0010");
        assert_eq!(refused.header("www-authenticate"), r#"Bearer error="insufficient_scope""#);
        assert_eq!(refused.json()["detail"], format!("missing permission `{code}`"));
    }
    // A role counts at once.
    let path = format!("/api/v1/users/{id}/roles/{}", role_id(&router, &boss, "maintainer").await);
    call(&router, &boss, Method::PUT, &path, Value::Null).await;
    let allowed = call(&router, &token, Method::GET, "/api/v1/users", Value::Null).await;
    assert_eq!(allowed.status, 200, "{allowed:?}");
    call(&router, &boss, Method::DELETE, &path, Value::Null).await;
    let refused = call(&router, &token, Method::GET, "/api/v1/users", Value::Null).await;
    assert_eq!(refused.status, 403);
}

async fn the_last_administrator_cannot_be_removed(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let me = call(&router, &boss, Method::GET, "/api/v1/me", Value::Null).await.json();
    let id = me["user"]["id"].as_i64().unwrap();
    let admin = role_id(&router, &boss, "admin").await;
    let grant = permission_id(&router, &boss, "permission:grant").await;

    for (method, path, body) in [
        (Method::DELETE, format!("/api/v1/users/{id}"), Value::Null),
        (Method::PATCH, format!("/api/v1/users/{id}"), json!({"is_active": false, "bio": "gone"})),
        (Method::DELETE, format!("/api/v1/users/{id}/roles/{admin}"), Value::Null),
        (Method::DELETE, format!("/api/v1/roles/{admin}/permissions/{grant}"), Value::Null),
    ] {
        let refused = call(&router, &boss, method, &path, body).await;
        assert_eq!(refused.problem(), problem("last-administrator", 409), "{path}");
    }
    let after = call(&router, &boss, Method::GET, "/api/v1/me", Value::Null).await.json();
    assert_eq!(after, me, "all of it or nothing");
}

async fn nobody_acts_above_themselves(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (_, token) = somebody(&router, &boss, "ana", &["maintainer"]).await;
    let me = call(&router, &boss, Method::GET, "/api/v1/me", Value::Null).await.json();
    let id = me["user"]["id"].as_i64().unwrap();

    for (method, path, body) in [
        (Method::DELETE, format!("/api/v1/users/{id}"), Value::Null),
        (Method::PATCH, format!("/api/v1/users/{id}"), json!({"email": "ana@example.org"})),
        (Method::POST, format!("/api/v1/users/{id}/password-reset"), Value::Null),
    ] {
        let refused = call(&router, &token, method, &path, body).await;
        assert_eq!(refused.problem(), problem("exceeds", 403), "{path}");
    }
    // Nor by way of the role that everybody new gets.
    let default = "/api/v1/settings/users.default_role";
    let body = json!({"value": "admin"});
    let refused = call(&router, &token, Method::PUT, default, body.clone()).await;
    assert_eq!(refused.problem(), problem("exceeds", 403));
    let set = call(&router, &boss, Method::PUT, default, body).await;
    assert_eq!(set.status, 200, "{set:?}");
    let refused =
        call(&router, &token, Method::POST, "/api/v1/users", json!({"username": "mole"})).await;
    assert_eq!(refused.problem(), problem("exceeds", 403));
}

async fn a_patch_changes_what_it_names_and_empties_what_is_null(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let input = json!({"username": "ana", "email": "ana@example.org", "bio": "here"});
    let made = call(&router, &boss, Method::POST, "/api/v1/users", input).await.json();
    let ana = format!("/api/v1/users/{}", made["id"]);
    let patch = async |body: Value| call(&router, &boss, Method::PATCH, &ana, body).await;

    let named = patch(json!({"full_name": "Ana", "theme_preference": "dark"})).await.json();
    assert_eq!((&named["full_name"], &named["bio"]), (&json!("Ana"), &json!("here")));
    assert_eq!(named["theme_preference"], "dark");
    let emptied = patch(json!({"bio": null, "email": null})).await.json();
    assert_eq!((&emptied["bio"], &emptied["email"]), (&Value::Null, &Value::Null));
    assert_eq!(emptied["full_name"], "Ana");

    for wrong in [
        json!({"password_hash": "x"}),
        json!({"id": 7}),
        json!({"is_active": "no"}),
        json!({"theme_preference": "purple"}),
        json!({"username": null, "login_count": 9}),
        json!([]),
    ] {
        assert_eq!(patch(wrong).await.problem(), problem("invalid", 422));
    }
    let own = call(&router, &boss, Method::PATCH, "/api/v1/me", json!({"bio": "me"})).await;
    assert_eq!(own.json()["bio"], "me");
}

async fn roles_are_made_granted_given_and_removed(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (_, token) = somebody(&router, &boss, "ana", &[]).await;
    let boss_call = async |method: Method, path: &str, body: Value| {
        call(&router, &boss, method, path, body).await
    };

    let made = boss_call(Method::POST, "/api/v1/roles", json!({"name": "Night Shift"})).await;
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.json()["id"].as_i64().unwrap();
    let clash = boss_call(Method::POST, "/api/v1/roles", json!({"name": "night SHIFT"})).await;
    assert_eq!(clash.problem(), problem("already-exists", 409));
    let read = permission_id(&router, &boss, "user:read").await;
    let granted = format!("/api/v1/roles/{id}/permissions/{read}");
    for _ in 0..2 {
        assert_eq!(boss_call(Method::PUT, &granted, Value::Null).await.status, 204);
    }
    let carried = format!("/api/v1/roles/{id}/permissions");
    assert_eq!(boss_call(Method::GET, &carried, Value::Null).await.json()[0]["code"], "user:read");

    let me = call(&router, &token, Method::GET, "/api/v1/me", Value::Null).await.json();
    let ana = &me["user"]["id"];
    let given = format!("/api/v1/users/{ana}/roles/{id}");
    assert_eq!(boss_call(Method::PUT, &given, Value::Null).await.status, 204);
    assert_eq!(call(&router, &token, Method::GET, "/api/v1/users", Value::Null).await.status, 200);
    let role = format!("/api/v1/roles/{id}");
    let renamed = boss_call(Method::PATCH, &role, json!({"name": "Day shift"})).await;
    assert_eq!(renamed.json()["name"], "Day shift");
    assert_eq!(boss_call(Method::DELETE, &role, Value::Null).await.status, 204);
    assert_eq!(call(&router, &token, Method::GET, "/api/v1/users", Value::Null).await.status, 403);
    assert_eq!(
        boss_call(Method::GET, &role, Value::Null).await.problem(),
        problem("not-found", 404)
    );

    let viewer = format!("/api/v1/roles/{}", role_id(&router, &boss, "viewer").await);
    for (method, body) in [(Method::DELETE, Value::Null), (Method::PATCH, json!({"name": "x"}))] {
        let refused = boss_call(method, &viewer, body).await;
        assert_eq!(refused.problem(), problem("belongs-to-system", 409));
    }
    let described = boss_call(Method::PATCH, &viewer, json!({"description": "reads"})).await;
    assert_eq!(described.json()["description"], "reads");
}

async fn permissions_of_the_program_stay(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let input = json!({"resource": "crane", "action": "move", "description": "Move the crane."});

    let made = call(&router, &boss, Method::POST, "/api/v1/permissions", input.clone()).await;

    assert_eq!(made.json()["code"], "crane:move");
    let path = format!("/api/v1/permissions/{}", made.json()["id"]);
    let again = call(&router, &boss, Method::POST, "/api/v1/permissions", input).await;
    assert_eq!(again.problem(), problem("already-exists", 409));
    let wrong = json!({"resource": "Crane", "action": "a:b"});
    let refused = call(&router, &boss, Method::POST, "/api/v1/permissions", wrong).await;
    assert_eq!(refused.problem(), problem("invalid", 422));
    let emptied = call(&router, &boss, Method::PATCH, &path, json!({"description": null})).await;
    assert_eq!(emptied.json()["description"], Value::Null);
    assert_eq!(call(&router, &boss, Method::DELETE, &path, Value::Null).await.status, 204);
    let own = format!("/api/v1/permissions/{}", permission_id(&router, &boss, "user:read").await);
    let refused = call(&router, &boss, Method::DELETE, &own, Value::Null).await;
    assert_eq!(refused.problem(), problem("belongs-to-system", 409));
}

async fn settings_are_read_and_set_by_their_type(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let path = "/api/v1/settings/app.name";

    let set = call(&router, &boss, Method::PUT, path, json!({"value": "Harbour 🚢"})).await;

    assert_eq!(set.json()["value"], "Harbour 🚢");
    let shown = call(&router, &boss, Method::GET, path, Value::Null).await.json();
    assert_eq!((&shown["data_type"], &shown["value"]), (&json!("string"), &json!("Harbour 🚢")));
    for wrong in [json!({"value": 7}), json!({"value": null})] {
        let refused = call(&router, &boss, Method::PUT, path, wrong).await;
        assert_eq!(refused.problem(), problem("invalid", 422));
        assert_eq!(refused.json()["code"], "SRV0031");
    }
    for (key, beyond) in [
        ("app.name", json!("")),
        ("app.name", json!("x".repeat(101))),
        ("users.max_count", json!(-1)),
        ("api_keys.max_per_user", json!(-1)),
        ("retention.mails_days", json!(65_536)),
    ] {
        let path = format!("/api/v1/settings/{key}");
        let refused = call(&router, &boss, Method::PUT, &path, json!({"value": beyond})).await;
        assert_eq!(refused.problem(), problem("invalid", 422), "{key} {beyond}");
        assert!(refused.json()["detail"].as_str().unwrap().contains("it must"), "{refused:?}");
    }
    let listed =
        call(&router, &boss, Method::GET, "/api/v1/settings?category=app", Value::Null).await;
    assert_eq!(listed.json().as_array().unwrap().len(), 1);
    let unknown = call(&router, &boss, Method::GET, "/api/v1/settings/app.nane", Value::Null).await;
    assert_eq!(unknown.problem(), problem("not-found", 404));
}

async fn pages_of_people_join_up(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    for at in 0..6 {
        let input = json!({"username": format!("p{at}")});
        assert_eq!(call(&router, &boss, Method::POST, "/api/v1/users", input).await.status, 201);
    }

    let (mut names, mut path) = (Vec::new(), "/api/v1/users?limit=3".to_owned());
    loop {
        let page = call(&router, &boss, Method::GET, &path, Value::Null).await.json();
        names.extend(page["users"].as_array().unwrap().iter().map(|user| user["username"].clone()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/users?limit=3&after={next}");
    }

    assert_eq!(json!(names), json!(["Boss", "p0", "p1", "p2", "p3", "p4", "p5"]));
    for wrong in ["limit=0", "limit=101", "after=7"] {
        let path = format!("/api/v1/users?{wrong}");
        let refused = call(&router, &boss, Method::GET, &path, Value::Null).await;
        assert_eq!(refused.problem(), problem("invalid", 422), "{wrong}");
    }
    let path = format!("/api/v1/users?after=u1{}", "ü".repeat(10_000).replace('ü', "%C3%BC"));
    let refused = call(&router, &boss, Method::GET, &path, Value::Null).await;
    assert_eq!(refused.problem(), problem("invalid", 422));
    assert!(refused.body.len() < 2000, "not sent back whole: {}", refused.body.len());
    for wrong in ["limit=many", "page=2"] {
        let path = format!("/api/v1/users?{wrong}");
        let refused = call(&router, &boss, Method::GET, &path, Value::Null).await;
        assert_eq!(refused.problem(), problem("malformed", 400), "{wrong}");
    }
}

async fn what_nobody_knows_is_refused(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;

    for path in
        ["/api/v1/users/999", "/api/v1/users/x", "/api/v1/roles/999", "/api/v1/nothing", "/"]
    {
        let refused = call(&router, &boss, Method::GET, path, Value::Null).await;
        assert_eq!(refused.problem(), problem("not-found", 404), "{path}");
    }
    for path in ["/api/v1/users/1/roles/999", "/api/v1/users/999/roles/1"] {
        let refused = call(&router, &boss, Method::PUT, path, Value::Null).await;
        assert_eq!(refused.problem(), problem("not-found", 404), "{path}");
    }
    let refused = call(&router, &boss, Method::PATCH, "/api/v1/users", json!({})).await;
    assert_eq!(refused.problem(), problem("method-not-allowed", 405));
}
