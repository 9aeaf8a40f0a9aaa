//! What is the same for all resources, tried on each that the description knows.

use axum::{Router, body::Body, http::Method};
use sea_orm::{Database, DatabaseConnection};
use serde_json::{Value, json};

use crate::{
    client::{ask, get, send},
    people::{call, role_id, somebody, with_boss},
};

plimsoll::on_every_database!(migration::app:
    every_list_is_chosen_and_sorted_as_it_is_described,
    a_moment_that_not_every_database_keeps_is_compared_with_nothing,
    a_change_of_another_state_is_refused,
    pages_join_up_in_any_order,
);

/// A list with the page that it answers: its path and what is described of it.
fn lists(description: &Value) -> Vec<(String, Value)> {
    let paths = description["paths"].as_object().unwrap();
    let list = |(path, item): (&String, &Value)| {
        let schema = &item["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        let name = schema["$ref"].as_str()?.strip_prefix("#/components/schemas/")?.to_owned();
        let is_page =
            description["components"]["schemas"][&name]["properties"]["items"].is_object();
        (is_page && !path.contains('{')).then(|| (path.clone(), item["get"].clone()))
    };
    paths.iter().filter_map(list).collect()
}

async fn description(router: &Router) -> Value {
    ask(router, get("/openapi.json")).await.json()
}

/// Some value of a parameter.
fn example(schema: &Value) -> String {
    let schema = if schema["type"] == "array" { &schema["items"] } else { schema };
    if let Some(words) = schema["enum"].as_array() {
        return words[0].as_str().unwrap().to_owned();
    }
    match (schema["type"].as_str().unwrap(), schema["format"].as_str()) {
        ("integer", _) => schema["minimum"].as_i64().unwrap_or(1).to_string(),
        ("number", _) => "0.5".to_owned(),
        ("boolean", _) => "true".to_owned(),
        (_, Some("date-time")) => "2026-01-02T03:04:05Z".to_owned(),
        (_, Some("date")) => "2026-01-02".to_owned(),
        (_, _) if schema["description"].as_str().is_some_and(|it| it.contains("HH:MM")) => {
            "08:30:00".to_owned()
        }
        _ => "something".to_owned(),
    }
}

async fn every_list_is_chosen_and_sorted_as_it_is_described(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let description = description(&router).await;
    let lists = lists(&description);
    assert!(lists.len() > 5, "{}", lists.len());
    let ask = async |path: &str| call(&router, &boss, Method::GET, path, Value::Null).await;

    for (path, operation) in &lists {
        let listed = ask(path).await;
        assert_eq!(listed.status, 200, "{path} {listed:?}");
        assert!(listed.json()["items"].is_array(), "{path}");
        for parameter in operation["parameters"].as_array().unwrap() {
            let name = parameter["name"].as_str().unwrap();
            if matches!(name, "cursor" | "sort" | "fields") {
                continue;
            }
            let asked = format!("{path}?{name}={}", example(&parameter["schema"]));
            let listed = ask(&asked).await;
            assert_eq!(listed.status, 200, "{asked} {listed:?}");
        }
        for wrong in [
            "limit=0",
            "limit=101",
            "limit=x",
            "cursor=x",
            "sort=password_hash",
            "fields=x",
            "x=1",
            "limit=1&limit=2",
        ] {
            let asked = format!("{path}?{wrong}");
            let refused = ask(&asked).await;
            assert_eq!(refused.status, 422, "{asked} {refused:?}");
        }
        let sort =
            operation["parameters"].as_array().unwrap().iter().find(|it| it["name"] == "sort");
        let Some(sort) = sort else { continue };
        let names = sort["description"].as_str().unwrap().rsplit_once(": ").unwrap().1;
        for name in names.trim_end_matches('.').split(", ") {
            for asked in [format!("{path}?sort={name}"), format!("{path}?sort=-{name}&limit=3")] {
                let listed = ask(&asked).await;
                assert_eq!(listed.status, 200, "{asked} {listed:?}");
            }
        }
    }
}

/// Every operation of a resource, and of its rows: method and path, with a key in it that nothing has.
fn operations(description: &Value) -> Vec<(Method, String)> {
    let mut operations = Vec::new();
    for (list, _) in lists(description) {
        for path in [list.clone(), format!("{list}/{{id}}")] {
            for method in
                description["paths"][&path].as_object().into_iter().flat_map(|it| it.keys())
            {
                let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                operations.push((method, path.replace("{id}", "4000000000")));
            }
        }
    }
    operations
}

/// What is decided before a database is asked about the table is tried on one.
async fn small() -> DatabaseConnection {
    let db = Database::connect("sqlite::memory:").await.unwrap();
    migration::app().up_on(&db).await.unwrap();
    db
}

#[tokio::test]
async fn whoever_has_no_right_sees_changes_and_removes_nothing() {
    let (router, boss) = with_boss(&small().await).await;
    let (id, nobody) = somebody(&router, &boss, "nobody", &[]).await;
    // Everybody new is a viewer.
    let role = format!("/api/v1/users/{id}/roles/{}", role_id(&router, &boss, "viewer").await);
    assert_eq!(call(&router, &boss, Method::DELETE, &role, Value::Null).await.status, 204);
    let description = description(&router).await;

    for (method, path) in operations(&description) {
        let body = if method == Method::GET { Value::Null } else { json!({}) };
        let refused = call(&router, &nobody, method.clone(), &path, body).await;
        assert_eq!(refused.status, 403, "{method} {path} {refused:?}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let (router, boss) = with_boss(&small().await).await;
    let description = description(&router).await;

    for (method, path) in operations(&description) {
        if !path.ends_with("/4000000000") {
            continue;
        }
        let body = if method == Method::PATCH { json!({}) } else { Value::Null };
        let mut request = send(method.clone(), &path, &boss, &body);
        request.headers_mut().insert("if-match", "*".parse().unwrap());
        let refused = ask(&router, request).await;
        assert_eq!(refused.status, 404, "{method} {path} {refused:?}");
    }
}

#[tokio::test]
async fn a_field_that_is_not_named_is_not_written() {
    let (router, boss) = with_boss(&small().await).await;
    let description = description(&router).await;

    for (list, _) in lists(&description) {
        if description["paths"][&list].get("post").is_none() {
            continue;
        }
        for name in ["id", "created_at", "created_by_id", "password_hash", "nothing"] {
            let input = json!({name: 1});
            let refused = call(&router, &boss, Method::POST, &list, input).await;
            assert_eq!(refused.status, 422, "{list} {name} {refused:?}");
        }
    }
}

async fn cluster(router: &Router, boss: &str, name: &str) -> Value {
    let made = call(router, boss, Method::POST, "/api/v1/clusters", json!({"name": name})).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json()["cluster"].clone()
}

#[tokio::test]
async fn a_member_that_is_there_twice_is_refused_wherever_it_stands() {
    let (router, boss) = with_boss(&small().await).await;
    let one = format!("/api/v1/clusters/{}", cluster(&router, &boss, "one").await["id"]);
    let before = call(&router, &boss, Method::GET, &one, Value::Null).await.json();

    for (method, path, body, member) in [
        (
            Method::POST,
            "/api/v1/egg-groups",
            r#"{"name": "base", "display_name": "a", "eggs": [], "display_name": "b"}"#,
            "/display_name",
        ),
        (
            Method::PATCH,
            one.as_str(),
            r#"{"attributes": {"a": [{"b": 1}, {"b": 1, "b": 2}]}}"#,
            "/attributes/a/1/b",
        ),
        (
            Method::PUT,
            "/api/v1/settings/app.name",
            r#"{"value": "Harbour", "value": "Port"}"#,
            "/value",
        ),
    ] {
        let mut request = send(method, path, &boss, &json!({}));
        *request.body_mut() = Body::from(body);
        let refused = ask(&router, request).await;
        assert_eq!(refused.problem(), ("/problems/invalid".to_owned(), 422), "{path}");
        assert_eq!(refused.json()["detail"], format!("the member `{member}` is there twice"));
    }
    assert_eq!(call(&router, &boss, Method::GET, &one, Value::Null).await.json(), before);
    let groups = call(&router, &boss, Method::GET, "/api/v1/egg-groups", Value::Null).await;
    assert_eq!(groups.json()["items"], json!([]));
}

#[tokio::test]
async fn a_query_that_is_no_utf8_is_refused_and_what_is_no_code_is_read_as_it_stands() {
    let (router, boss) = with_boss(&small().await).await;
    cluster(&router, &boss, "100%é").await;
    let ask = async |path: &str| call(&router, &boss, Method::GET, path, Value::Null).await;

    for wrong in [
        "clusters?name=%ff",
        "clusters?n%C3me=x",
        "clusters?name=%ED%A0%80",
        "clusters?name=%%ff",
        "teams?name=a%C3&limit=%A9",
        "system-logs?component=%C3",
    ] {
        let refused = ask(&format!("/api/v1/{wrong}")).await;
        assert_eq!(refused.problem(), ("/problems/malformed".to_owned(), 400), "{wrong}");
    }
    for sound in ["100%25%C3%A9", "100%%C3%a9", "%31%30%30%25%c3%a9"] {
        let listed = ask(&format!("/api/v1/clusters?name={sound}")).await;
        assert_eq!(listed.json()["items"].as_array().unwrap().len(), 1, "{sound} {listed:?}");
    }
    for sound in ["%EF%BF%BD", "%", "%4", "%zz", "a+b"] {
        let listed = ask(&format!("/api/v1/clusters?name={sound}")).await;
        assert_eq!(listed.json()["items"], json!([]), "{sound} {listed:?}");
    }
}

async fn a_moment_that_not_every_database_keeps_is_compared_with_nothing(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let ask = async |path: &str| call(&router, &boss, Method::GET, path, Value::Null).await;

    for compared in ["", ".not", ".lt", ".lte", ".gt", ".gte"] {
        let path = format!("/api/v1/clusters?created_at{compared}=");
        let kept = ask(&format!("{path}2038-01-19T03:14:07Z")).await;
        let beyond = ask(&format!("{path}2038-01-19T03:14:08Z")).await;

        assert_eq!(kept.status, 200, "{compared} {kept:?}");
        assert_eq!(beyond.problem(), ("/problems/invalid".to_owned(), 422), "{compared}");
        assert!(beyond.body.contains("times from 1970 to 2037 are kept"), "{beyond:?}");
    }
}

async fn a_change_of_another_state_is_refused(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let id = cluster(&router, &boss, "one").await["id"].clone();
    let path = format!("/api/v1/clusters/{id}");
    let shown = call(&router, &boss, Method::GET, &path, Value::Null).await;
    let tag = shown.header("etag").to_owned();
    assert!(tag.starts_with('"') && tag.len() > 10, "{tag}");
    let change = async |tag: &str, input: Value| {
        let mut request = send(Method::PATCH, &path, &boss, &input);
        request.headers_mut().insert("if-match", tag.parse().unwrap());
        ask(&router, request).await
    };

    let changed = change(&tag, json!({"attributes": {"a": {"b": 1, "c": 2}}})).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_ne!(changed.header("etag"), tag);

    let refused = change(&tag, json!({"description": "late"})).await;
    assert_eq!(refused.problem(), ("/problems/stale".to_owned(), 412));
    let weak = format!("W/{}", changed.header("etag"));
    assert_eq!(change(&weak, json!({"description": "weak"})).await.status, 412);

    let several = format!("\"other\", {}", changed.header("etag"));
    let merged = change(&several, json!({"attributes": {"a": {"b": null}}})).await;
    assert_eq!(merged.json()["attributes"], json!({"a": {"c": 2}}));
    assert_eq!(change("*", json!({"description": "any"})).await.status, 200);
}

async fn pages_join_up_in_any_order(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    for at in 0..7 {
        cluster(&router, &boss, &format!("cluster {}", at * 3 % 7)).await;
    }
    let mut names = Vec::new();
    let mut path = "/api/v1/clusters?sort=-name&limit=2&fields=name".to_owned();
    loop {
        let page = call(&router, &boss, Method::GET, &path, Value::Null).await.json();
        for item in page["items"].as_array().unwrap() {
            assert_eq!(item.as_object().unwrap().len(), 1, "{item}");
            names.push(item["name"].as_str().unwrap().to_owned());
        }
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/clusters?sort=-name&limit=2&fields=name&cursor={next}");
    }
    let expected: Vec<String> = (0..7).rev().map(|at| format!("cluster {at}")).collect();
    assert_eq!(names, expected);
}
