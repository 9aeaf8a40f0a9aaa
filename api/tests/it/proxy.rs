//! Clusters of proxies over HTTP: what stands behind them, what proxies say, where they are led.

use axum::{Router, http::Method};
use sea_orm::DatabaseConnection;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use service::{identity::setup, seal::Keyring};

use crate::{
    client::{Answer, app, ask, send},
    people::{PASSWORD, call, login, somebody},
};

plimsoll::on_every_database!(migration::app:
    a_service_is_added_with_what_it_is_used_with_and_told_without,
    proxies_come_in_and_report_by_the_key_of_their_cluster,
    what_people_put_out_of_use_stays_so_whatever_it_says,
    a_certificate_that_has_ended_is_renewed_with_its_key,
    proxies_are_led_to_endpoints_that_answer,
    what_comes_first_is_told_first_and_traces_are_counted,
    who_is_assigned_sees_their_clusters_and_services_and_is_told_why,
);

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const PAST: &str = include_str!("../../../service/tests/it/certificates/past.pem");
const CA: &str = include_str!("../../../service/tests/it/certificates/ca.pem");

/// Texts that look like private keys.
const OLD_KEY: &str = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";
const NEW_KEY: &str = "-----BEGIN EC PRIVATE KEY-----\nMAA=\n-----END EC PRIVATE KEY-----\n";

/// A server that can seal, with an administrator, and the administrator's token.
async fn with_keys(db: &DatabaseConnection) -> (Router, String) {
    let mut app = app(db);
    app.keys = Keyring::read(Some(&KEY.into())).unwrap();
    let token = setup::prepare(db, &app.world).await.unwrap().unwrap();
    let router = api::router(app);
    let input = json!({"token": token.expose_secret(), "username": "boss", "password": PASSWORD});
    let made = ask(&router, send(Method::POST, "/api/v1/setup", "", &input)).await;
    assert_eq!(made.status, 201, "{made:?}");
    let token = login(&router, "boss", PASSWORD).await;
    (router, token)
}

async fn read(router: &Router, token: &str, path: &str) -> Value {
    let answer = call(router, token, Method::GET, path, Value::Null).await;
    assert_eq!(answer.status, 200, "{path} {answer:?}");
    answer.json()
}

async fn make(router: &Router, token: &str, path: &str, input: Value) -> Value {
    let made = call(router, token, Method::POST, path, input).await;
    assert_eq!(made.status, 201, "{path} {made:?}");
    made.json()
}

/// The key of a new cluster in the database, and the key that its proxies have.
async fn cluster(router: &Router, boss: &str, name: &str) -> (i64, String) {
    let made = make(router, boss, "/api/v1/clusters", json!({"name": name})).await;
    (made["cluster"]["id"].as_i64().unwrap(), made["key"].as_str().unwrap().to_owned())
}

async fn service(router: &Router, boss: &str, cluster_id: i64, name: &str) -> i64 {
    let input = json!({"cluster_id": cluster_id, "name": name, "ip_fqdn": "db", "port": 5432});
    make(router, boss, "/api/v1/services", input).await["id"].as_i64().unwrap()
}

/// What the members of that name are in a list.
fn each(list: &Value, name: &str) -> Value {
    list.as_array().unwrap().iter().map(|one| one[name].clone()).collect()
}

fn is_refused(answer: &Answer, rule: &str) {
    assert_eq!(answer.problem(), ("/problems/refused".to_owned(), 409), "{answer:?}");
    let problem = answer.json();
    assert_eq!(problem["code"], "SRV0015");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.ends_with(&format!("by the rule `{rule}`")), "{detail}");
}

fn registration(name: &str) -> Value {
    json!({
        "name": name,
        "hostname": format!("{name}.example.org"),
        "ip_address": "192.0.2.7",
        "port": 8080,
        "capabilities": ["http3"],
    })
}

async fn a_service_is_added_with_what_it_is_used_with_and_told_without(db: &DatabaseConnection) {
    let (router, boss) = with_keys(db).await;
    let (id, _) = cluster(&router, &boss, "north").await;
    let by_boss = async |method: Method, path: &str, input: Value| {
        call(&router, &boss, method, path, input).await
    };
    let new = json!({
        "cluster_id": id,
        "name": "web",
        "ip_fqdn": "web.internal",
        "port": 443,
        "protocol": "https",
        "auth_type": "base64",
    });

    let bare = by_boss(Method::POST, "/api/v1/services", new.clone()).await;
    let mut with_token = new.clone();
    with_token["token"] = json!("first token");
    let made = by_boss(Method::POST, "/api/v1/services", with_token).await;
    service(&router, &boss, id, "database").await;

    assert_eq!(bare.problem(), ("/problems/invalid".to_owned(), 422));
    assert_eq!(made.status, 201, "{made:?}");
    assert!(!made.body.contains("first token") && !made.body.contains("v1."), "{made:?}");
    assert_eq!(made.json()["auth_type"], "base64");
    assert_eq!(made.json()["protocol"], "https");
    let path = made.header("location").to_owned();
    let all = read(&router, &boss, "/api/v1/services?sort=name&fields=name").await;
    assert_eq!(each(&all["items"], "name"), json!(["database", "web"]));
    let some = format!("/api/v1/services?cluster_id={id}&protocol=https&sort=-created_at");
    assert_eq!(each(&read(&router, &boss, &some).await["items"], "name"), json!(["web"]));

    let changed = by_boss(Method::PATCH, &path, json!({"port": 8443})).await;
    assert_eq!((changed.status.as_u16(), &changed.json()["port"]), (200, &json!(8443)));
    let sealed = by_boss(Method::PATCH, &path, json!({"token": "x"})).await;
    assert_eq!(sealed.problem(), ("/problems/invalid".to_owned(), 422));

    let token = format!("{path}/token");
    let reveal = format!("{token}/reveal");
    assert_eq!(by_boss(Method::POST, &reveal, Value::Null).await.json()["value"], "first token");
    let set = by_boss(Method::PUT, &token, json!({"value": "second token"})).await;
    assert_eq!(set.status, 204, "{set:?}");
    assert_eq!(by_boss(Method::POST, &reveal, Value::Null).await.json()["value"], "second token");
    let needed = by_boss(Method::DELETE, &token, Value::Null).await;
    assert_eq!(needed.problem(), ("/problems/invalid".to_owned(), 422));
    let jwt_secret = format!("{path}/jwt-secret");
    assert_eq!(by_boss(Method::PUT, &jwt_secret, json!({"value": "salt"})).await.status, 204);
    let signed = by_boss(Method::PATCH, &path, json!({"auth_type": "jwt"})).await;
    assert_eq!(signed.status, 200, "{signed:?}");
    assert_eq!(by_boss(Method::DELETE, &token, Value::Null).await.status, 204);
    assert_eq!(by_boss(Method::POST, &reveal, Value::Null).await.json()["value"], Value::Null);

    let (_, nobody) = somebody(&router, &boss, "ana", &[]).await;
    for (method, path) in [
        (Method::GET, path.as_str()),
        (Method::POST, "/api/v1/services"),
        (Method::PUT, token.as_str()),
        (Method::POST, reveal.as_str()),
    ] {
        let refused = call(&router, &nobody, method, path, Value::Null).await;
        assert_eq!(refused.problem(), ("/problems/forbidden".to_owned(), 403), "{path}");
    }
    let missing = by_boss(Method::POST, "/api/v1/services/999999/token/reveal", Value::Null).await;
    assert_eq!(missing.problem(), ("/problems/not-found".to_owned(), 404));
}

async fn proxies_come_in_and_report_by_the_key_of_their_cluster(db: &DatabaseConnection) {
    let (router, boss) = with_keys(db).await;
    let (id, key) = cluster(&router, &boss, "north").await;
    let register = async |key: &str, name: &str| {
        let path = "/api/v1/proxy/registration";
        call(&router, key, Method::POST, path, registration(name)).await
    };

    let first = register(&key, "p1").await;
    for name in ["p2", "p3", "p1"] {
        assert_eq!(register(&key, name).await.status, 200, "{name}");
    }

    assert_eq!(first.status, 200, "{first:?}");
    assert_eq!(first.json()["status"], "pending");
    is_refused(&register(&key, "p4").await, "proxy-limit");
    for stranger in [boss.as_str(), "", &format!("plc_{}", "A".repeat(43))] {
        let refused = register(stranger, "p4").await;
        assert_eq!(refused.problem(), ("/problems/unauthenticated".to_owned(), 401), "{stranger}");
    }
    let mut wrong = registration("p1");
    wrong["capabilities"] = json!(vec!["x"; 101]);
    let refused = call(&router, &key, Method::POST, "/api/v1/proxy/registration", wrong).await;
    assert_eq!(refused.problem(), ("/problems/invalid".to_owned(), 422));

    for (method, path, input) in [
        (Method::POST, "/api/v1/proxy/metrics", json!({"name": "p1", "cpu_usage": 12.5})),
        (Method::PUT, "/api/v1/proxy/config", json!({"name": "p1", "config_version": "v7"})),
        (Method::PUT, "/api/v1/proxy/status", json!({"name": "p2", "status": "error"})),
    ] {
        let heard = call(&router, &key, method, path, input).await;
        assert_eq!(heard.status, 204, "{path} {heard:?}");
    }
    let wrong = json!({"name": "p1", "memory_usage": 101});
    let refused = call(&router, &key, Method::POST, "/api/v1/proxy/metrics", wrong).await;
    assert_eq!(refused.problem(), ("/problems/invalid".to_owned(), 422));
    let listed = format!("/api/v1/proxy-servers?cluster_id={id}&sort=name");
    let listed = read(&router, &boss, &listed).await;
    assert_eq!(each(&listed["items"], "status"), json!(["active", "error", "pending"]));
    assert_eq!(listed["items"][0]["config_version"], "v7");
    let first_id = &first.json()["id"];
    let path = format!("/api/v1/proxy-metrics?proxy_id={first_id}&sort=-recorded_at");
    let measured = read(&router, &boss, &path).await;
    assert_eq!(each(&measured["items"], "cpu_usage"), json!([12.5]));

    let path = format!("/api/v1/clusters/{id}/key");
    let other = call(&router, &boss, Method::POST, &path, Value::Null).await.json();
    assert_eq!(register(&key, "p1").await.status, 401);
    assert_eq!(register(other["key"].as_str().unwrap(), "p1").await.status, 200);
}

async fn what_people_put_out_of_use_stays_so_whatever_it_says(db: &DatabaseConnection) {
    let (router, boss) = with_keys(db).await;
    let (_, key) = cluster(&router, &boss, "north").await;
    let path = "/api/v1/proxy/registration";
    let proxy = call(&router, &key, Method::POST, path, registration("p1")).await.json();
    let path = format!("/api/v1/proxy-servers/{}", proxy["id"]);
    let put = async |to: &str| {
        let path = format!("{path}/status");
        call(&router, &boss, Method::PUT, &path, json!({"status": to})).await
    };

    let out = put("inactive").await;
    let said = json!({"name": "p1", "status": "active"});
    let said = call(&router, &key, Method::PUT, "/api/v1/proxy/status", said).await;

    assert_eq!(out.json()["status"], "inactive", "{out:?}");
    is_refused(&said, "transition");
    is_refused(&put("active").await, "transition");
    assert_eq!(put("asleep").await.problem(), ("/problems/invalid".to_owned(), 422));
    assert_eq!(put("pending").await.json()["status"], "pending");
    let written = call(&router, &boss, Method::PATCH, &path, json!({"status": "active"})).await;
    assert_eq!(written.problem(), ("/problems/invalid".to_owned(), 422));
    let noted = json!({"attributes": {"rack": 7}});
    let noted = call(&router, &boss, Method::PATCH, &path, noted).await;
    assert_eq!(noted.json()["attributes"], json!({"rack": 7}));
    assert_eq!(call(&router, &boss, Method::DELETE, &path, Value::Null).await.status, 204);
    let said = json!({"name": "p1"});
    let gone = call(&router, &key, Method::POST, "/api/v1/proxy/metrics", said).await;
    assert_eq!(gone.problem(), ("/problems/not-found".to_owned(), 404));
}

async fn a_certificate_that_has_ended_is_renewed_with_its_key(db: &DatabaseConnection) {
    let (router, boss) = with_keys(db).await;
    let by_boss = async |method: Method, path: &str, input: Value| {
        call(&router, &boss, method, path, input).await
    };
    let new =
        json!({"name": "web", "source_type": "upload", "cert_data": PAST, "key_data": OLD_KEY});

    let made = by_boss(Method::POST, "/api/v1/certificates", new.clone()).await;

    assert_eq!(made.status, 201, "{made:?}");
    assert!(!made.body.contains("PRIVATE KEY") && !made.body.contains("key_data"), "{made:?}");
    assert_eq!(made.json()["common_name"], "past.example.org");
    let mut wrong = new;
    wrong["key_data"] = json!("no key");
    let refused = by_boss(Method::POST, "/api/v1/certificates", wrong).await;
    assert_eq!(refused.problem(), ("/problems/invalid".to_owned(), 422));
    assert!(!refused.body.contains("no key"), "{refused:?}");
    let ended = read(&router, &boss, "/api/v1/certificates/expired").await;
    assert_eq!(each(&ended["certificates"], "name"), json!(["web"]));
    assert_eq!(ended["next"], Value::Null);

    let path = made.header("location").to_owned();
    let failure = json!({"because": "the vault is closed"});
    let failed = by_boss(Method::POST, &format!("{path}/renewal-failure"), failure).await;
    assert_eq!(failed.json()["renewal_error"], "the vault is closed", "{failed:?}");
    let renewal = format!("{path}/renewal");
    let late = by_boss(Method::POST, &renewal, json!({"cert_data": PAST})).await;
    assert_eq!(late.problem(), ("/problems/invalid".to_owned(), 422));
    let input = json!({"cert_data": CA, "key_data": NEW_KEY, "ca_chain": CA});
    let renewed = by_boss(Method::POST, &renewal, input).await;
    assert_eq!(renewed.status, 200, "{renewed:?}");
    assert_eq!(renewed.json()["renewal_error"], Value::Null);
    assert!(!renewed.body.contains("PRIVATE KEY"), "{renewed:?}");
    let soon = read(&router, &boss, "/api/v1/certificates/expiring?within_days=3650&limit=1").await;
    assert_eq!(each(&soon["certificates"], "common_name"), json!(["Testing CA"]));
    let next = format!("/api/v1/certificates/expiring?within_days=3650&after={}", soon["next"]);
    assert_eq!(read(&router, &boss, &next).await["certificates"], json!([]));
    assert_eq!(read(&router, &boss, "/api/v1/certificates/due").await["certificates"], json!([]));

    let key = format!("{path}/key-data");
    let reveal = format!("{key}/reveal");
    assert_eq!(by_boss(Method::POST, &reveal, Value::Null).await.json()["value"], NEW_KEY);
    let refused = by_boss(Method::PUT, &key, json!({"value": "no key"})).await;
    assert_eq!(refused.problem(), ("/problems/invalid".to_owned(), 422));
    assert_eq!(by_boss(Method::PUT, &key, json!({"value": OLD_KEY})).await.status, 204);
    assert_eq!(by_boss(Method::DELETE, &key, Value::Null).await.status, 204);
    assert_eq!(by_boss(Method::POST, &reveal, Value::Null).await.json()["value"], Value::Null);
}

async fn proxies_are_led_to_endpoints_that_answer(db: &DatabaseConnection) {
    let (router, boss) = with_keys(db).await;
    let (id, key) = cluster(&router, &boss, "north").await;
    let (_, other_key) = cluster(&router, &boss, "south").await;
    let service_id = service(&router, &boss, id, "database").await;
    let input = json!({
        "service_id": service_id,
        "cluster_id": id,
        "name": "to the database",
        "algorithm": "failover",
        "routes": [{"endpoint": "a:1"}, {"endpoint": "b:1"}],
        "health_probe_config": {"unhealthy_threshold": 1, "healthy_threshold": 1},
    });
    let table = make(&router, &boss, "/api/v1/route-tables", input).await;
    let path = format!("/api/v1/route-tables/{}", table["id"]);
    let own = format!("/api/v1/proxy/route-tables/{}", table["id"]);
    let probe = async |key: &str, input: Value| {
        call(&router, key, Method::POST, &format!("{own}/probes"), input).await
    };

    let first = read(&router, &key, &format!("{own}/endpoint?region=eu")).await;
    let failed = probe(&key, json!({"endpoint": "a:1", "error": "no answer"})).await;
    let second = read(&router, &boss, &format!("{path}/endpoint")).await;

    assert_eq!((&first["endpoint"], &second["endpoint"]), (&json!("a:1"), &json!("b:1")));
    assert_eq!((failed.status.as_u16(), &failed.json()["is_healthy"]), (200, &json!(false)));
    assert_eq!(probe(&key, json!({"endpoint": "b:1", "error": "no answer"})).await.status, 200);
    let nowhere = call(&router, &key, Method::GET, &format!("{own}/endpoint"), Value::Null).await;
    is_refused(&nowhere, "no-healthy-endpoint");
    let health = read(&router, &boss, &format!("{path}/health")).await;
    assert_eq!(each(&health, "is_healthy"), json!([false, false]));
    assert_eq!(probe(&key, json!({"endpoint": "a:1", "rtt_ms": 1.5})).await.json()["rtt_ms"], 1.5);

    let both = json!({"endpoint": "a:1", "rtt_ms": 1, "error": "x"});
    for wrong in [json!({"endpoint": "a:1"}), both] {
        assert_eq!(probe(&key, wrong).await.problem(), ("/problems/invalid".to_owned(), 422));
    }
    let unknown = probe(&key, json!({"endpoint": "c:1", "rtt_ms": 1})).await;
    assert_eq!(unknown.problem(), ("/problems/not-found".to_owned(), 404));
    let foreign = probe(&other_key, json!({"endpoint": "a:1", "rtt_ms": 1})).await;
    let led = call(&router, &other_key, Method::GET, &format!("{own}/endpoint"), Value::Null).await;
    for none in [foreign, led] {
        assert_eq!(none.problem(), ("/problems/not-found".to_owned(), 404));
    }
    let closed = call(&router, &boss, Method::PATCH, &path, json!({"enabled": false})).await;
    assert_eq!(closed.json()["enabled"], false, "{closed:?}");
    let refused = call(&router, &boss, Method::GET, &format!("{path}/endpoint"), Value::Null).await;
    is_refused(&refused, "inactive");
    let listed = read(&router, &boss, "/api/v1/route-tables?enabled=false&sort=-name").await;
    assert_eq!(each(&listed["items"], "name"), json!(["to the database"]));
}

async fn what_comes_first_is_told_first_and_traces_are_counted(db: &DatabaseConnection) {
    let (router, boss) = with_keys(db).await;
    let (id, key) = cluster(&router, &boss, "north").await;
    let (other_id, _) = cluster(&router, &boss, "south").await;
    let service_id = service(&router, &boss, id, "database").await;
    let policy = |name: &str, cluster_id: i64, level: &str| {
        json!({
            "service_id": service_id,
            "cluster_id": cluster_id,
            "name": name,
            "priority_config": {"priority": level},
        })
    };

    for (name, level) in [("last", "P3"), ("first", "P0")] {
        make(&router, &boss, "/api/v1/qos-policies", policy(name, id, level)).await;
    }
    let foreign = policy("foreign", other_id, "P0");
    let foreign = call(&router, &boss, Method::POST, "/api/v1/qos-policies", foreign).await;

    assert_eq!(foreign.problem(), ("/problems/invalid".to_owned(), 422));
    for of in [format!("clusters/{id}"), format!("services/{service_id}")] {
        let ranked = read(&router, &boss, &format!("/api/v1/{of}/qos-policies")).await;
        assert_eq!(each(&ranked["policies"], "name"), json!(["first", "last"]), "{of}");
    }

    let input = json!({"cluster_id": id, "name": "traces", "endpoint": "jaeger:4317"});
    let config = make(&router, &boss, "/api/v1/tracing-configs", input).await;
    let path = format!("/api/v1/proxy/tracing-configs/{}/stats", config["id"]);
    let sent = json!({"total_spans": 9, "sampled_spans": 3, "dropped_spans": 0, "error_spans": 1});
    let told = call(&router, &key, Method::POST, &path, sent.clone()).await;
    assert_eq!(told.status, 204, "{told:?}");
    for (name, value) in [
        ("error_spans", json!(-1)),
        ("last_export_at", json!("2038-01-19T03:14:08Z")),
        ("last_export_at", json!("2026-01-02T03:04:60Z")),
    ] {
        let mut wrong = sent.clone();
        wrong[name] = value;
        let refused = call(&router, &key, Method::POST, &path, wrong).await;
        assert_eq!(refused.problem(), ("/problems/invalid".to_owned(), 422), "{name}");
    }
    let config_id = &config["id"];
    let path = format!("/api/v1/tracing-stats?tracing_config_id={config_id}&sort=-recorded_at");
    let counted = read(&router, &boss, &path).await;
    assert_eq!(each(&counted["items"], "total_spans"), json!([9]));
}

async fn who_is_assigned_sees_their_clusters_and_services_and_is_told_why(db: &DatabaseConnection) {
    let (router, boss) = with_keys(db).await;
    let (id, _) = cluster(&router, &boss, "north").await;
    let (other_id, _) = cluster(&router, &boss, "south").await;
    service(&router, &boss, id, "database").await;
    let alone = service(&router, &boss, other_id, "web").await;
    let (ana, token) = somebody(&router, &boss, "ana", &[]).await;
    let by_cluster = format!("/api/v1/clusters/{id}/users/{ana}");
    let by_service = format!("/api/v1/services/{alone}/users/{ana}");

    let input = json!({"role": "service_owner"});
    let assigned = call(&router, &boss, Method::PUT, &by_cluster, input.clone()).await;
    let to_service = call(&router, &boss, Method::PUT, &by_service, Value::Null).await;

    assert_eq!((assigned.status.as_u16(), to_service.status.as_u16()), (200, 200));
    let mine = read(&router, &token, "/api/v1/me/clusters").await;
    assert_eq!(each(&mine["clusters"], "name"), json!(["north"]));
    let mine = read(&router, &token, "/api/v1/me/services").await;
    assert_eq!(each(&mine["services"], "name"), json!(["database", "web"]));
    let sight = read(&router, &token, &format!("/api/v1/clusters/{id}/sight")).await;
    assert_eq!((&sight["is_seen"], &sight["role"]), (&json!(true), &json!("service_owner")));
    let sight = read(&router, &token, &format!("/api/v1/services/{alone}/sight")).await;
    assert_eq!((&sight["is_seen"], &sight["role"]), (&json!(true), &Value::Null));
    let sight = read(&router, &token, &format!("/api/v1/clusters/{other_id}/sight")).await;
    assert_eq!(sight["is_seen"], false);

    let listed = read(&router, &boss, &format!("/api/v1/clusters/{id}/users?limit=1")).await;
    assert_eq!(each(&listed["assignments"], "user_id"), json!([ana]));
    assert_eq!(listed["assignments"][0]["role"], "service_owner");
    let refused = call(&router, &token, Method::PUT, &by_cluster, input.clone()).await;
    assert_eq!(refused.problem(), ("/problems/forbidden".to_owned(), 403));
    let missing = format!("/api/v1/clusters/999999/users/{ana}");
    let missing = call(&router, &boss, Method::PUT, &missing, input).await;
    assert_eq!(missing.problem(), ("/problems/not-found".to_owned(), 404));
    for path in [&by_cluster, &by_service, &by_service] {
        let withdrawn = call(&router, &boss, Method::DELETE, path, Value::Null).await;
        assert_eq!(withdrawn.status, 204, "{path}");
    }
    let mine = read(&router, &token, "/api/v1/me/services").await;
    assert_eq!(mine["services"], json!([]));
    let listed = read(&router, &boss, &format!("/api/v1/services/{alone}/users")).await;
    assert_eq!(listed["assignments"], json!([]));
}
