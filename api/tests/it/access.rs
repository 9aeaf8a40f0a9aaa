//! Nobody is let in without a token, except where the list says so; and no body does harm.

use api::auth::PUBLIC;
use axum::{
    body::Body,
    http::{Method, Request},
};
use sea_orm::DatabaseConnection;
use serde_json::{Value, json};

use crate::{
    client::{app, ask, get, request, send},
    people::{call, with_boss},
};

plimsoll::on_every_database!(migration::app:
    whatever_is_not_on_the_list_needs_a_token,
    what_is_on_the_list_answers_without,
    what_is_no_bearer_token_is_refused,
    bodies_that_cannot_be_read_are_refused,
);

/// Every method and path that the description knows, with something in place of the parameters.
fn routes(description: &Value) -> Vec<(Method, String, String)> {
    let mut routes = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let Ok(method) = Method::from_bytes(method.to_uppercase().as_bytes()) else { continue };
            let mut filled = path.clone();
            while let Some((before, rest)) = filled.split_once('{') {
                let (_, after) = rest.split_once('}').unwrap();
                filled = format!("{before}1{after}");
            }
            routes.push((method, path.clone(), filled));
        }
    }
    routes
}

async fn whatever_is_not_on_the_list_needs_a_token(db: &DatabaseConnection) {
    let router = api::router(app(db));
    let described = routes(&ask(&router, get("/openapi.json")).await.json());
    assert!(described.len() > 35, "{}", described.len());

    let mut asked: Vec<(Method, String)> = vec![
        (Method::GET, "/".to_owned()),
        (Method::GET, "/nothing".to_owned()),
        (Method::GET, "/metrics".to_owned()),
        (Method::POST, "/api/v1/login/".to_owned()),
        (Method::GET, "/api/v1/../login".to_owned()),
        (Method::HEAD, "/api/v1/users".to_owned()),
        (Method::OPTIONS, "/api/v1/users".to_owned()),
        (Method::TRACE, "/api/v1/users".to_owned()),
    ];
    for (method, path, filled) in described {
        if !PUBLIC.contains(&path.as_str()) {
            asked.push((method, filled));
        }
    }
    for (method, path) in asked {
        let refused = ask(&router, send(method.clone(), &path, "", &Value::Null)).await;

        assert_eq!(refused.status, 401, "{method} {path}");
        assert_eq!(refused.header("www-authenticate"), "Bearer");
        if method != Method::HEAD {
            assert_eq!(refused.problem(), ("/problems/unauthenticated".to_owned(), 401));
            assert_eq!(refused.json()["code"], "SRV0001");
        }
    }
}

async fn what_is_on_the_list_answers_without(db: &DatabaseConnection) {
    let router = api::router(app(db));
    for path in PUBLIC {
        let path = path.replace("{*rest}", "index.html");
        let method = if path.starts_with("/api/") { Method::POST } else { Method::GET };

        let answer = ask(&router, request(method, &path)).await;

        assert_ne!(answer.status, 401, "{path}");
        assert_ne!(answer.status, 404, "{path}");
    }
}

async fn what_is_no_bearer_token_is_refused(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let with = |value: &str| {
        Request::get("/api/v1/me").header("authorization", value).body(Body::empty()).unwrap()
    };

    assert_eq!(ask(&router, with(&format!("bearer {boss}"))).await.status, 200);
    for none in ["", "Bearer", &boss, &format!("Basic {boss}")] {
        let refused = ask(&router, with(none)).await;
        assert_eq!(refused.status, 401, "{none}");
        assert_eq!(refused.header("www-authenticate"), "Bearer", "{none}");
    }
    for wrong in [
        "Bearer ",
        &format!("Bearer {}", boss.replace("pla_", "plr_")),
        &format!("Bearer {}", &boss[..46]),
        &format!("Bearer {boss}A"),
        &format!("Bearer {boss}, {boss}"),
    ] {
        let refused = ask(&router, with(wrong)).await;
        assert_eq!(refused.status, 401, "{wrong}");
        let challenge = refused.header("www-authenticate");
        assert_eq!(challenge, r#"Bearer error="invalid_token""#, "{wrong}");
    }
    let twice = Request::get("/api/v1/me")
        .header("authorization", format!("Bearer {boss}"))
        .header("authorization", "Bearer x")
        .body(Body::empty());
    assert_eq!(ask(&router, twice.unwrap()).await.status, 401);
    let in_the_address = get(&format!("/api/v1/me?access_token={boss}"));
    assert_eq!(ask(&router, in_the_address).await.status, 401);
}

async fn bodies_that_cannot_be_read_are_refused(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let post = |content_type: &str, body: Vec<u8>| {
        Request::post("/api/v1/roles")
            .header("authorization", format!("Bearer {boss}"))
            .header("content-type", content_type)
            .body(Body::from(body))
            .unwrap()
    };
    let json = "application/json";
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000)).into_bytes();
    let bomb = format!(r#"{{"value":{}"#, r#"{"a":"#.repeat(100_000)).into_bytes();
    let wide = format!(r#"{{"name": "x", "description": "{}"}}"#, "x".repeat(10_000_000));

    for (request, kind, status) in [
        (post(json, b"{".to_vec()), "malformed", 400),
        (post(json, Vec::new()), "malformed", 400),
        (post(json, b"\xff\xfe".to_vec()), "malformed", 400),
        (post(json, br#"{"name": "x"} {}"#.to_vec()), "malformed", 400),
        (post(json, deep), "invalid", 422),
        (post(json, br#"{"name": 7}"#.to_vec()), "invalid", 422),
        (post(json, br#"["x", null]"#.to_vec()), "invalid", 422),
        (post(json, br#"{"name": "x", "name": "y"}"#.to_vec()), "invalid", 422),
        (post(json, br#"{"name": "x", "is_system": true}"#.to_vec()), "invalid", 422),
        (post(json, wide.into_bytes()), "body-too-large", 413),
        (post("text/plain", br#"{"name": "x"}"#.to_vec()), "unsupported-media-type", 415),
        (
            post("application/json; charset=utf-16", br#"{"name": "x"}"#.to_vec()),
            "unsupported-media-type",
            415,
        ),
        (
            post("application/x-www-form-urlencoded", b"name=x".to_vec()),
            "unsupported-media-type",
            415,
        ),
    ] {
        let refused = ask(&router, request).await;
        assert_eq!(refused.problem(), (format!("/problems/{kind}"), status), "{}", refused.body);
    }
    let encoded = |encoding: &'static str, name: &str| {
        let mut request = post(json, format!(r#"{{"name": "{name}"}}"#).into_bytes());
        request.headers_mut().insert("content-encoding", encoding.parse().unwrap());
        request
    };
    for encoding in ["gzip", "identity, br"] {
        let refused = ask(&router, encoded(encoding, "x")).await;
        let expected = ("/problems/unsupported-media-type".to_owned(), 415);
        assert_eq!(refused.problem(), expected, "{encoding}");
    }
    for (name, content_type) in
        [("a", "application/json; charset=UTF-8"), ("b", r#"application/json;charset="utf-8""#)]
    {
        let body = format!(r#"{{"name": "{name}"}}"#).into_bytes();
        assert_eq!(ask(&router, post(content_type, body)).await.status, 201, "{content_type}");
    }
    assert_eq!(ask(&router, encoded("identity", "c")).await.status, 201);
    // A setting takes any document, and so reads as deep as it lets anybody go.
    let bomb = Request::put("/api/v1/settings/app.name")
        .header("authorization", format!("Bearer {boss}"))
        .header("content-type", json)
        .body(Body::from(bomb));
    let refused = ask(&router, bomb.unwrap()).await;
    assert_eq!(refused.problem(), ("/problems/malformed".to_owned(), 400));
    assert!(refused.body.contains("recursion limit"), "{}", refused.body);
    let text = "x".repeat(10_001);
    let refused = call(
        &router,
        &boss,
        Method::POST,
        "/api/v1/roles",
        json!({"name": "x", "description": text}),
    )
    .await;
    assert_eq!(refused.problem(), ("/problems/invalid".to_owned(), 422));
    for name in ["a\0b", "\u{200b}", "", &"x".repeat(101)] {
        let refused =
            call(&router, &boss, Method::POST, "/api/v1/roles", json!({"name": name})).await;
        assert_eq!(refused.problem(), ("/problems/invalid".to_owned(), 422), "{name:?}");
    }
}
