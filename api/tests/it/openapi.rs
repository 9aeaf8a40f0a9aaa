//! The description of the routes, and the page to read it.

use std::collections::BTreeSet;

use axum::http::Method;
use sea_orm::Database;
use serde_json::{Value, json};

use crate::{
    client::{app, ask, get, request, send},
    people::{call, somebody, with_boss},
};

async fn description() -> (axum::Router, Value) {
    let router = api::router(app(&Database::connect("sqlite::memory:").await.unwrap()));
    let answer = ask(&router, get("/openapi.json")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    (router, answer.json())
}

/// The operations with their method and path.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    let operations: Vec<_> = paths
        .flat_map(|(path, item)| {
            let operations = item.as_object().unwrap().iter();
            operations.map(|(method, operation)| (method.as_str(), path.as_str(), operation))
        })
        .collect();
    assert!(operations.len() > 35, "{}", operations.len());
    operations
}

/// The names in `{}`, in their order.
fn parameters(path: &str) -> Vec<&str> {
    path.split('{').skip(1).map(|part| part.split('}').next().unwrap()).collect()
}

#[tokio::test]
async fn it_is_openapi_3_1_and_every_reference_leads_somewhere() {
    let (_, document) = description().await;

    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    let text = document.to_string();
    let mut references = 0;
    for part in text.split("\"$ref\":\"").skip(1) {
        let reference = part.split('"').next().unwrap();
        let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference}"));
        assert!(document.pointer(pointer).is_some(), "{pointer}");
        references += 1;
    }
    assert!(references > 30, "{references}");
}

#[tokio::test]
async fn every_operation_has_a_name_of_its_own() {
    let (_, document) = description().await;

    let mut names = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let name = operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path}"));
        assert!(names.insert(name), "{name}: {method} {path}");
    }
}

#[tokio::test]
async fn every_response_is_described() {
    let (_, document) = description().await;

    for (method, path, operation) in operations(&document) {
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.len() > 1, "{method} {path}");
        for (status, response) in responses {
            let described = response["description"].as_str().unwrap_or_default();
            assert!(!described.is_empty(), "{method} {path} {status}");
        }
    }
}

#[tokio::test]
async fn the_parameters_of_a_path_are_those_that_are_declared() {
    let (_, document) = description().await;

    for (method, path, operation) in operations(&document) {
        let declared = operation["parameters"].as_array().into_iter().flatten();
        let declared: Vec<&Value> = declared.filter(|it| it["in"] == "path").collect();
        for parameter in &declared {
            assert_eq!(parameter["required"], true, "{method} {path}");
            assert!(parameter["schema"].is_object(), "{method} {path}");
        }
        let declared: BTreeSet<&str> =
            declared.iter().map(|parameter| parameter["name"].as_str().unwrap()).collect();
        assert_eq!(declared, parameters(path).into_iter().collect(), "{method} {path}");
    }
}

/// What the router knows it tells in two ways only: the paths where it is shown for debugging, the
/// methods of a path to whoever asks by one that it has not.
#[tokio::test]
async fn every_route_is_described_with_its_methods_and_no_other() {
    let app = app(&Database::connect("sqlite::memory:").await.unwrap());
    migration::app().up_on(&app.db).await.unwrap();
    let (router, boss) = with_boss(&app.db).await;
    let document = ask(&router, get("/openapi.json")).await.json();
    let page = ["/docs", "/docs/", "/docs/{*rest}", "/openapi.json"];

    let shown = format!("{router:?}");
    let (ours, _fallbacks) = shown.split_once("fallback_router").unwrap();
    let paths: BTreeSet<&str> = ours.split('"').filter(|part| part.starts_with('/')).collect();
    let described: BTreeSet<&str> =
        document["paths"].as_object().unwrap().keys().map(String::as_str).chain(page).collect();
    assert_eq!(paths, described);

    for (path, item) in document["paths"].as_object().unwrap() {
        let mut filled = path.clone();
        for name in parameters(path) {
            filled = filled.replace(&format!("{{{name}}}"), "1");
        }
        let brew = Method::from_bytes(b"BREW").unwrap();
        let refused = ask(&router, send(brew, &filled, &boss, &Value::Null)).await;
        let allowed: BTreeSet<String> = refused
            .header("allow")
            .split(',')
            .filter(|method| *method != "HEAD")
            .map(str::to_lowercase)
            .collect();
        let described: BTreeSet<String> = item.as_object().unwrap().keys().cloned().collect();
        assert_eq!(allowed, described, "{path}");
    }
}

/// What a schema says of `null` and of what may be absent is what the server does.
#[tokio::test]
async fn null_and_absence_mean_what_is_described() {
    let app = app(&Database::connect("sqlite::memory:").await.unwrap());
    migration::app().up_on(&app.db).await.unwrap();
    let (router, boss) = with_boss(&app.db).await;
    let (id, _) = somebody(&router, &boss, "ana", &[]).await;
    let schemas = &description().await.1["components"]["schemas"];
    let made = |path: &'static str, input: Value| call(&router, &boss, Method::POST, path, input);
    let role = made("/api/v1/roles", json!({"name": "crew"})).await.json()["id"].clone();
    let new = json!({"resource": "crane", "action": "move"});
    let permission = made("/api/v1/permissions", new).await.json()["id"].clone();

    for (schema, path) in [
        ("OwnPatch", "/api/v1/me".to_owned()),
        ("UserPatch", format!("/api/v1/users/{id}")),
        ("RolePatch", format!("/api/v1/roles/{role}")),
        ("PermissionPatch", format!("/api/v1/permissions/{permission}")),
    ] {
        let described = &schemas[schema];
        let patch = |input: Value| call(&router, &boss, Method::PATCH, &path, input);
        let may_be_empty = described["required"].as_array().is_none_or(Vec::is_empty);
        let answer = patch(json!({})).await;
        assert_eq!(answer.status == 200, may_be_empty, "{schema}: {answer:?}");
        for (name, property) in described["properties"].as_object().unwrap() {
            let types = property["type"].as_array();
            let may_be_null = types.is_some_and(|types| types.contains(&json!("null")));
            let answer = patch(json!({name: null})).await;
            assert_eq!(answer.status == 200, may_be_null, "{schema}.{name}: {answer:?}");
            if !may_be_null {
                assert_eq!(answer.problem(), ("/problems/invalid".to_owned(), 422));
            }
        }
    }
    // A value may be anything: no type is named.
    for schema in ["SettingOut", "NewValue"] {
        assert_eq!(schemas[schema]["properties"]["value"]["type"], Value::Null, "{schema}");
    }
}

#[tokio::test]
async fn every_operation_says_whether_it_needs_a_token_and_how_it_fails() {
    let (_, document) = description().await;
    for (method, path, operation) in operations(&document) {
        let is_public = api::auth::PUBLIC.contains(&path);
        let security = operation["security"].as_array().unwrap();
        assert_eq!(security.is_empty(), is_public, "{method} {path}");
        let content = &operation["responses"]["default"]["content"];
        let schema = &content["application/problem+json"]["schema"]["$ref"];
        assert_eq!(schema, "#/components/schemas/Problem", "{method} {path}");
        assert!(operation["summary"].is_string(), "{method} {path}");
    }
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
}

/// Hashes, seeds and seals have no place in anything that is answered.
#[tokio::test]
async fn nothing_secret_is_described_as_an_answer() {
    let (_, document) = description().await;
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for (property, described) in schema["properties"].as_object().into_iter().flatten() {
            for word in ["hash", "secret", "seed", "password"] {
                let is_input = described["writeOnly"] == true;
                // Where a secret is found, and not what it is.
                let is_told = property == "has_password"
                    || property.ends_with("_path")
                    || ["secret_id", "secret_provider", "secret_url", "secret_name"]
                        .contains(&property.as_str());
                assert!(!property.contains(word) || is_input || is_told, "{name}.{property}");
            }
        }
    }
}

#[tokio::test]
async fn the_page_loads_nothing_from_other_hosts() {
    let (router, _) = description().await;
    let page = ask(&router, get("/docs/")).await;
    assert_eq!(page.status, 200, "{page:?}");
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");

    let mut loaded = 0;
    for attribute in ["src=\"", "href=\""] {
        for part in page.body.split(attribute).skip(1) {
            let address = part.split('"').next().unwrap();
            assert!(!address.contains("//"), "{address}");
            let path = format!("/docs/{}", address.trim_start_matches("./"));
            let file = ask(&router, request(Method::GET, &path)).await;
            assert_eq!(file.status, 200, "{path}");
            loaded += 1;
        }
    }
    assert!(loaded >= 4, "{loaded}: {}", page.body);
    // Whatever scripts stand in the page itself would be refused by its policy.
    assert!(!page.body.contains("<script>"), "{}", page.body);
    let start = ask(&router, get("/docs/swagger-initializer.js")).await;
    assert!(start.body.contains("/openapi.json"), "{}", start.body);
    assert!(start.body.contains(r#""validatorUrl": "none""#), "{}", start.body);
}
