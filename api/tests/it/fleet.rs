//! The fleet over HTTP: what hosts are asked, what they answer, and what becomes of it.

use axum::{Router, http::Method};
use sea_orm::DatabaseConnection;
use serde_json::{Value, json};

use crate::{
    client::Answer,
    people::{call, somebody, with_boss},
};

plimsoll::on_every_database!(migration::app:
    queries_are_written_chosen_sorted_and_renamed,
    an_execution_goes_from_the_question_to_the_alert,
    hosts_are_seen_and_fall_silent_and_due_queries_are_asked,
    whether_an_answer_changed_is_told_by_the_last_two,
    what_is_not_there_or_not_allowed_is_refused,
);

/// A server, and whoever asks it.
type At<'a> = (&'a Router, &'a str);

async fn get((router, token): At<'_>, path: &str) -> Answer {
    call(router, token, Method::GET, path, Value::Null).await
}

async fn post((router, token): At<'_>, path: &str, input: Value) -> Answer {
    call(router, token, Method::POST, path, input).await
}

async fn put((router, token): At<'_>, path: &str, input: Value) -> Answer {
    call(router, token, Method::PUT, path, input).await
}

async fn made(at: At<'_>, path: &str, input: Value) -> Value {
    let made = post(at, path, input).await;
    assert_eq!(made.status, 201, "{made:?}");
    let there = get(at, made.header("location")).await;
    assert_eq!(there.json()["id"], made.json()["id"], "{there:?}");
    made.json()
}

async fn query(at: At<'_>, name: &str) -> i64 {
    let input = json!({"name": name, "query": "SELECT 1", "category": "network"});
    made(at, "/api/v1/fleet-queries", input).await["id"].as_i64().unwrap()
}

async fn seen(at: At<'_>, number: i64) -> i64 {
    let input = json!({"fleet_host_id": number, "hostname": format!("Web-{number}")});
    let seen = post(at, "/api/v1/fleet-hosts/seen", input).await;
    assert_eq!(seen.status, 200, "{seen:?}");
    assert_eq!(seen.json()["status"], "online");
    seen.json()["id"].as_i64().unwrap()
}

fn problem(kind: &str, status: u16) -> (String, u16) {
    (format!("/problems/{kind}"), status)
}

async fn queries_are_written_chosen_sorted_and_renamed(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let at = (&router, &*boss);
    let ports = query(at, "open ports").await;
    let other = json!({"name": "users", "query": "SELECT * FROM users"});
    made(at, "/api/v1/fleet-queries", other).await;

    let some = get(at, "/api/v1/fleet-queries?category=network").await.json();
    let all = get(at, "/api/v1/fleet-queries?sort=-name&fields=name").await.json();
    let path = format!("/api/v1/fleet-queries/{ports}");
    let input = json!({"interval_seconds": 60, "is_scheduled": true});
    let changed = call(&router, &boss, Method::PATCH, &path, input).await;
    let plainly = call(&router, &boss, Method::PATCH, &path, json!({"name": "ports"})).await;
    let renamed = put(at, &format!("{path}/name"), json!({"name": " ports "})).await;
    let taken = put(at, &format!("{path}/name"), json!({"name": "users"})).await;

    assert_eq!(some["items"].as_array().unwrap().len(), 1);
    assert_eq!(some["items"][0]["id"], ports);
    assert_eq!(all, json!({"items": [{"name": "users"}, {"name": "open ports"}], "next": null}));
    assert_eq!(changed.json()["interval_seconds"], 60);
    assert_eq!(plainly.problem(), problem("invalid", 422));
    assert_eq!(renamed.json()["name"], "ports");
    assert_eq!(taken.problem(), problem("already-exists", 409));
}

async fn an_execution_goes_from_the_question_to_the_alert(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let at = (&router, &*boss);
    let (host, other, query_id) = (seen(at, 1).await, seen(at, 2).await, query(at, "ports").await);
    let alert = json!({
        "query_id": query_id,
        "name": "too many ports",
        "alert_condition": "row_count_above",
        "condition_parameters": {"threshold": 1},
    });
    made(at, "/api/v1/fleet-alerts", alert).await;

    let asked = format!("/api/v1/fleet-queries/{query_id}/executions");
    let execution = made(at, &asked, json!({"hosts": [host]})).await;
    assert_eq!(execution["status"], "pending");
    assert_eq!(execution["target_hosts"], json!([host]));
    let path = format!("/api/v1/query-executions/{}", execution["id"]);
    let claimed = post(at, "/api/v1/query-executions/claim", Value::Null).await;
    assert_eq!(claimed.json()["id"], execution["id"]);
    assert_eq!(claimed.json()["status"], "running");
    let none = post(at, "/api/v1/query-executions/claim", Value::Null).await;
    assert_eq!((none.status.as_u16(), &*none.body), (204, ""));
    let numbered = put(at, &format!("{path}/campaign"), json!({"campaign_id": 77})).await;
    assert_eq!(numbered.json()["campaign_id"], 77);

    let answer = |host: i64| {
        let rows = json!([{"port": "22"}, {"port": "80"}]);
        json!({"host_id": host, "recorded_at": "2026-01-02T03:04:05Z", "rows": rows})
    };
    let answers = format!("{path}/answers");
    let first = post(at, &answers, answer(host)).await;
    let again = post(at, &answers, answer(host)).await;
    let stranger = post(at, &answers, answer(other)).await;
    assert_eq!(first.json()["answer"]["result_data"].as_array().unwrap().len(), 2);
    assert_eq!(first.json()["raised"].as_array().unwrap().len(), 1, "{first:?}");
    assert_eq!(again.json()["answer"]["id"], first.json()["answer"]["id"]);
    assert_eq!(again.json()["raised"], json!([]));
    assert_eq!(stranger.problem(), problem("invalid", 422));
    assert!(!first.body.contains("hash"), "{first:?}");

    let name = format!("/api/v1/fleet-queries/{query_id}/name");
    let renamed = put(at, &name, json!({"name": "other"})).await;
    assert_eq!(renamed.problem(), problem("refused", 409));
    assert_eq!(renamed.json()["code"], "SRV0015");
    assert!(renamed.body.contains("`in-use`"), "{renamed:?}");
    let completed = post(at, &format!("{path}/complete"), Value::Null).await.json();
    assert_eq!(completed["execution"]["results_count"], 2);
    assert_eq!(completed["raised"], json!([]));
    let cancelled = post(at, &format!("{path}/cancel"), Value::Null).await;
    assert_eq!(cancelled.problem(), problem("refused", 409));
    assert!(cancelled.body.contains("`transition`"), "{cancelled:?}");

    let open = "/api/v1/alert-history?resolved_at.null=true&sort=-id";
    let raised = get(at, open).await.json()["items"][0].clone();
    let path = format!("/api/v1/alert-history/{}", raised["id"]);
    let notified = json!({"channels": ["chat", "mail", "chat"]});
    let notified = post(at, &format!("{path}/notified"), notified).await.json();
    assert_eq!(notified["notification_channels_used"], json!(["chat", "mail"]));
    assert_eq!(notified["notification_sent"], true);
    let resolved = post(at, &format!("{path}/resolve"), json!({"notes": "closed"})).await.json();
    assert_eq!(resolved["resolution_notes"], "closed");
    assert!(resolved["resolved_at"].is_string(), "{resolved}");
    let again = post(at, &format!("{path}/resolve"), json!({})).await;
    assert_eq!(again.problem(), problem("refused", 409));
    assert_eq!(get(at, open).await.json()["items"], json!([]));
}

async fn hosts_are_seen_and_fall_silent_and_due_queries_are_asked(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let at = (&router, &*boss);
    let (host, query_id) = (seen(at, 1).await, query(at, "ports").await);
    let path = format!("/api/v1/fleet-hosts/{host}");

    let guarded = call(&router, &boss, Method::PATCH, &path, json!({"status": "mia"})).await;
    let changed = call(&router, &boss, Method::PATCH, &path, json!({"platform": "ubuntu"})).await;
    let silent = "/api/v1/fleet-hosts/silent";
    let heard = post(at, silent, json!({"after_seconds": 3600})).await;
    let never = post(at, silent, json!({"after_seconds": 0})).await;

    assert_eq!(guarded.problem(), problem("invalid", 422));
    assert_eq!(changed.json()["platform"], "ubuntu");
    assert_eq!(heard.json(), json!({"offline": 0, "given_up": 0}));
    assert_eq!(never.problem(), problem("invalid", 422));

    let due = "/api/v1/query-executions/due";
    assert_eq!(post(at, due, Value::Null).await.json(), json!({"executions": []}));
    let path = format!("/api/v1/fleet-queries/{query_id}");
    call(&router, &boss, Method::PATCH, &path, json!({"is_scheduled": true})).await;
    let asked = post(at, due, Value::Null).await.json();
    assert_eq!(asked["executions"].as_array().unwrap().len(), 1, "{asked}");
    assert_eq!(post(at, due, Value::Null).await.json(), json!({"executions": []}));
    post(at, "/api/v1/query-executions/claim", Value::Null).await;
    let path = format!("/api/v1/query-executions/{}", asked["executions"][0]);
    let failed = post(at, &format!("{path}/fail"), json!({"why": "no route"})).await.json();
    assert_eq!(failed["status"], "failed");
    assert_eq!(failed["error_message"], "no route");
    assert_eq!(failed["executed_by_id"], Value::Null);
}

async fn whether_an_answer_changed_is_told_by_the_last_two(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let at = (&router, &*boss);
    let host = seen(at, 1).await;
    let has_changed = async || {
        let path = format!("/api/v1/fleet-hosts/{host}/changed?query_name=pack%2Fuptime");
        get(at, &path).await.json()["has_changed"].clone()
    };

    let mut told = vec![has_changed().await];
    for (minute, days) in [(1, "7"), (2, "7"), (3, "8")] {
        let input = json!({
            "query_name": "pack/uptime",
            "host_id": host,
            "recorded_at": format!("2026-01-02T03:0{minute}:00Z"),
            "rows": [{"days": days}],
        });
        let kept = post(at, "/api/v1/osquery-results", input).await;
        assert_eq!(kept.status, 200, "{kept:?}");
        told.push(has_changed().await);
    }

    assert_eq!(told, [json!(null), json!(null), json!(false), json!(true)]);
    let listed = get(at, &format!("/api/v1/osquery-results?host_id={host}&sort=-id&limit=2")).await;
    let listed = listed.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    assert_eq!(listed["items"][0]["result_data"], json!([{"days": "8"}]));
    assert!(listed["next"].is_string(), "{listed}");
}

async fn what_is_not_there_or_not_allowed_is_refused(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (_, ana) = somebody(&router, &boss, "ana", &["viewer"]).await;
    let boss = (&router, &*boss);
    let ana = (&router, &*ana);

    assert_eq!(get(ana, "/api/v1/fleet-hosts").await.status, 200);
    for (path, code) in [
        ("/api/v1/fleet-hosts", "fleet:create"),
        ("/api/v1/fleet-hosts/seen", "fleet:report"),
        ("/api/v1/fleet-hosts/silent", "fleet:report"),
        ("/api/v1/fleet-queries/1/executions", "fleet:query"),
        ("/api/v1/query-executions/claim", "fleet:report"),
        ("/api/v1/query-executions/due", "fleet:report"),
        ("/api/v1/query-executions/1/cancel", "fleet:query"),
        ("/api/v1/query-executions/1/answers", "fleet:report"),
        ("/api/v1/osquery-results", "fleet:report"),
        ("/api/v1/alert-history/1/notified", "fleet:report"),
        ("/api/v1/alert-history/1/resolve", "fleet:update"),
    ] {
        let refused = post(ana, path, json!({})).await;
        assert_eq!(refused.problem(), problem("forbidden", 403), "{path}");
        assert_eq!(refused.json()["detail"], format!("missing permission `{code}`"), "{path}");
    }
    for (path, input) in [
        ("/api/v1/fleet-queries/999/executions", json!({})),
        ("/api/v1/query-executions/999/cancel", json!({})),
        ("/api/v1/query-executions/999/complete", json!({})),
        ("/api/v1/query-executions/999/fail", json!({"why": ""})),
        ("/api/v1/alert-history/999/notified", json!({"channels": ["chat"]})),
        ("/api/v1/alert-history/999/resolve", json!({})),
    ] {
        let refused = post(boss, path, input).await;
        assert_eq!(refused.problem(), problem("not-found", 404), "{path}");
    }
    let ports = query(boss, "ports").await;
    let asked = format!("/api/v1/fleet-queries/{ports}/executions");
    for (input, expected) in [
        (json!({}), problem("invalid", 422)),
        (json!({"hosts": []}), problem("invalid", 422)),
        (json!({"hosts": vec![1; 10_001]}), problem("invalid", 422)),
        (json!({"hosts": [999]}), problem("not-found", 404)),
    ] {
        assert_eq!(post(boss, &asked, input).await.problem(), expected);
    }
    let server = json!({"name": "north", "fleet_url": "https://u:secret@fleet.example.org"});
    let refused = post(boss, "/api/v1/fleetdm-configs", server).await;
    assert_eq!(refused.problem(), problem("invalid", 422));
    assert!(!refused.body.contains("secret"), "{refused:?}");
}
