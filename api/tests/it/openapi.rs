//! The description of the routes, and the page to read it.

use axum::http::Method;
use sea_orm::Database;
use serde_json::Value;

use crate::client::{app, ask, get, request};

async fn description() -> (axum::Router, Value) {
    let router = api::router(app(&Database::connect("sqlite::memory:").await.unwrap()));
    let answer = ask(&router, get("/openapi.json")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    (router, answer.json())
}

#[tokio::test]
async fn it_is_openapi_3_1_and_every_reference_leads_somewhere() {
    let (_, document) = description().await;

    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    let text = document.to_string();
    let mut references = 0;
    for part in text.split("\"$ref\":\"#").skip(1) {
        let pointer = part.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
        references += 1;
    }
    assert!(references > 30, "{references}");
}

#[tokio::test]
async fn every_operation_says_whether_it_needs_a_token_and_how_it_fails() {
    let (_, document) = description().await;
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let is_public = api::auth::PUBLIC.contains(&path.as_str());
            let security = operation["security"].as_array().unwrap();
            assert_eq!(security.is_empty(), is_public, "{method} {path}");
            let content = &operation["responses"]["default"]["content"];
            let schema = &content["application/problem+json"]["schema"]["$ref"];
            assert_eq!(schema, "#/components/schemas/Problem", "{method} {path}");
            assert!(operation["summary"].is_string(), "{method} {path}");
            operations += 1;
        }
    }
    assert!(operations > 35, "{operations}");
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
                let is_told = property == "has_password";
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
    assert!(page.header("content-type").starts_with("text/html"), "{page:?}");
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
