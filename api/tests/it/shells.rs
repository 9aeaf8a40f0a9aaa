//! Access over HTTP: agents enrol, and open shells for those who may have one.

use axum::{Router, http::Method};
use chrono::TimeDelta;
use sea_orm::DatabaseConnection;
use serde_json::{Value, json};
use service::World;

use crate::{
    client::Answer,
    people::{call, somebody, with_boss},
    teams::{add, assign, team},
};

plimsoll::on_every_database!(migration::app:
    agents_enrol_by_a_key_that_is_shown_once,
    an_agent_proves_itself_by_its_token_alone,
    a_shell_is_opened_by_a_team_and_ends_once,
    shells_are_seen_by_their_owners_and_by_who_may_see_all,
    an_agent_that_is_suspended_has_no_shell,
    an_authority_says_what_a_certificate_gets,
);

pub(crate) const PUBLIC_KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINzyqgKREZSKbYsIVzYyj/VBE7ZrMhzEIPvH3cQkygnL";

const KEYS: &str = "/api/v1/enrollment-keys";
const AGENTS: &str = "/api/v1/access-agents";
const SHELLS: &str = "/api/v1/shell-sessions";
const OWN_SHELLS: &str = "/api/v1/me/shell-sessions";
const AGENT_SHELLS: &str = "/api/v1/access-agents/self/shell-sessions";

async fn get(router: &Router, token: &str, path: &str) -> Answer {
    call(router, token, Method::GET, path, Value::Null).await
}

async fn post(router: &Router, token: &str, path: &str, body: Value) -> Answer {
    call(router, token, Method::POST, path, body).await
}

fn refused_by(rule: &str, answer: &Answer) {
    assert_eq!(answer.problem(), ("/problems/refused".to_owned(), 409), "{answer:?}");
    assert_eq!(answer.json()["code"], "SRV0015");
    assert!(answer.body.contains(&format!("by the rule `{rule}`")), "{}", answer.body);
}

/// A key for so many agents: its path, and the key itself.
async fn key(router: &Router, boss: &str, max_uses: i32) -> (String, String) {
    let end = World::system().clock.now() + TimeDelta::hours(1);
    let input = json!({"name": "rack 7", "max_uses": max_uses, "expires_at": end.to_rfc3339()});
    let made = post(router, boss, KEYS, input).await;
    assert_eq!(made.status, 201, "{made:?}");
    let key = made.json()["key"].as_str().unwrap().to_owned();
    (made.header("location").to_owned(), key)
}

async fn enroll(router: &Router, key: &str, hostname: &str) -> Answer {
    let input = json!({
        "hostname": hostname,
        "ip_address": "192.0.2.7",
        "capabilities": ["ssh", "docker"],
    });
    post(router, key, "/api/v1/access-agents/enroll", input).await
}

/// An agent that enrolled: its key and its token.
async fn agent(router: &Router, boss: &str) -> (i64, String) {
    let (_, key) = key(router, boss, 1).await;
    let enrolled = enroll(router, &key, "web").await;
    assert_eq!(enrolled.status, 201, "{enrolled:?}");
    let enrolled = enrolled.json();
    let token = enrolled["token"].as_str().unwrap().to_owned();
    (enrolled["agent"]["id"].as_i64().unwrap(), token)
}

async fn open(router: &Router, token: &str, agent_id: i64, reason: &str) -> Answer {
    let input = json!({
        "agent_id": agent_id,
        "resource_type": "cloud_machine",
        "resource_id": "web",
        "session_type": "ssh",
        "reason": reason,
    });
    post(router, token, SHELLS, input).await
}

fn name(session: &Answer) -> String {
    assert_eq!(session.status, 201, "{session:?}");
    session.json()["session_id"].as_str().unwrap().to_owned()
}

async fn agents_enrol_by_a_key_that_is_shown_once(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (path, key) = key(&router, &boss, 2).await;

    let enrolled = enroll(&router, &key, "web").await;
    assert_eq!(enrolled.status, 201, "{enrolled:?}");
    let shown = get(&router, &boss, enrolled.header("location")).await;
    assert_eq!(shown.json(), enrolled.json()["agent"]);
    assert_eq!(shown.json()["capabilities"], json!(["docker", "ssh"]));
    assert_eq!(enroll(&router, &key, "db").await.status, 201);
    refused_by("key-spent", &enroll(&router, &key, "late").await);
    let unknown = enroll(&router, "ple_no", "thief").await;
    assert_eq!(unknown.problem(), ("/problems/unauthenticated".to_owned(), 401));
    assert_eq!(unknown.header("www-authenticate"), r#"Bearer error="invalid_token""#);

    let used = get(&router, &boss, &path).await;
    assert_eq!(used.json()["use_count"], 2);
    let revoked = post(&router, &boss, &format!("{path}/revoke"), Value::Null).await;
    assert!(revoked.json()["revoked_at"].is_string(), "{revoked:?}");
    let renamed = call(&router, &boss, Method::PATCH, &path, json!({"name": "rack 8"})).await;
    assert_eq!(renamed.json()["name"], "rack 8");
    let more = call(&router, &boss, Method::PATCH, &path, json!({"max_uses": 3})).await;
    assert_eq!(more.status, 422, "{more:?}");
    let listed = get(&router, &boss, &format!("{KEYS}?revoked_at.null=false")).await;
    assert_eq!(listed.json()["items"], json!([renamed.json()]));
    for told in [shown, used, revoked, renamed, listed] {
        assert!(!told.body.contains(&key), "{told:?}");
        assert!(!told.body.contains("hash"), "{told:?}");
    }
    for wrong in [
        json!({"expires_at": "2001-01-02T03:04:05Z"}),
        json!({"expires_at": "2037-01-02T03:04:05Z"}),
        json!({}),
    ] {
        let refused = post(&router, &boss, KEYS, wrong).await;
        assert_eq!(refused.problem(), ("/problems/invalid".to_owned(), 422));
    }
}

async fn an_agent_proves_itself_by_its_token_alone(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (_, ana) = somebody(&router, &boss, "ana", &[]).await;
    let (id, token) = agent(&router, &boss).await;
    let beat = "/api/v1/access-agents/self/heartbeat";

    assert_eq!(post(&router, &token, beat, Value::Null).await.status, 204);
    assert_eq!(get(&router, &token, AGENT_SHELLS).await.json(), json!([]));
    for wrong in [boss.as_str(), ana.as_str(), "plg_no", ""] {
        let refused = post(&router, wrong, beat, Value::Null).await;
        assert_eq!(refused.problem(), ("/problems/unauthenticated".to_owned(), 401), "{wrong}");
        assert_eq!(get(&router, wrong, AGENT_SHELLS).await.status, 401, "{wrong}");
    }
    assert_eq!(get(&router, &token, AGENTS).await.status, 401);
    assert_eq!(get(&router, &token, "/api/v1/me").await.status, 401);

    let listed = get(&router, &boss, &format!("{AGENTS}?status=active&sort=-hostname")).await;
    assert_eq!(listed.json()["items"][0]["id"], id);
    assert!(!listed.body.contains("token"), "{}", listed.body);
    assert_eq!(get(&router, &ana, AGENTS).await.status, 403);
    let made = post(&router, &boss, AGENTS, json!({"hostname": "x"})).await;
    assert_eq!(made.status, 405, "{made:?}");
    let path = format!("{AGENTS}/{id}");
    let renamed = call(&router, &boss, Method::PATCH, &path, json!({"hostname": "web2"})).await;
    assert_eq!(renamed.json()["hostname"], "web2");
    let written = call(&router, &boss, Method::PATCH, &path, json!({"status": "active"})).await;
    assert_eq!(written.status, 422, "{written:?}");
}

async fn a_shell_is_opened_by_a_team_and_ends_once(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (ana_id, ana) = somebody(&router, &boss, "ana", &[]).await;
    let (agent_id, token) = agent(&router, &boss).await;

    let refused = open(&router, &ana, agent_id, "disk is full").await;
    assert_eq!(refused.problem(), ("/problems/forbidden".to_owned(), 403));
    assert_eq!(refused.json()["code"], "SRV0017");
    let path = team(&router, &boss, "ops").await;
    assert_eq!(add(&router, &boss, &path, ana_id, "member").await.status, 201);
    let assigned = assign(&router, &boss, &path, "cloud_machine/web", &["shell"]).await;
    assert_eq!(assigned.status, 200, "{assigned:?}");
    let short = open(&router, &ana, agent_id, "debugging").await;
    assert_eq!(short.problem(), ("/problems/invalid".to_owned(), 422));
    let nobody = open(&router, &ana, 4_000_000_000, "disk is full").await;
    assert_eq!(nobody.problem(), ("/problems/not-found".to_owned(), 404));

    let opened = open(&router, &ana, agent_id, "disk is full").await;
    let session = name(&opened);
    assert!(path.ends_with(&format!("/{}", opened.json()["team_id"])), "{opened:?}");
    let there = get(&router, &boss, opened.header("location")).await;
    assert_eq!(there.json(), opened.json());
    assert_eq!(get(&router, &token, AGENT_SHELLS).await.json(), json!([opened.json()]));

    let over = json!({"end_reason": "logged out"});
    let end = format!("{AGENT_SHELLS}/{session}/end");
    let (_, other) = agent(&router, &boss).await;
    assert_eq!(post(&router, &other, &end, over.clone()).await.status, 404);
    let ended = post(&router, &token, &end, over.clone()).await;
    assert_eq!(ended.json()["end_reason"], "logged out", "{ended:?}");
    refused_by("transition", &post(&router, &token, &end, over).await);
    let recording = format!("{AGENT_SHELLS}/{session}/recording");
    let kept = json!({"audit_log_path": "/var/log/shells/1"});
    let told = call(&router, &token, Method::PUT, &recording, kept.clone()).await;
    assert_eq!(told.status, 204, "{told:?}");
    let again = call(&router, &token, Method::PUT, &recording, kept).await;
    refused_by("transition", &again);
    assert_eq!(get(&router, &token, AGENT_SHELLS).await.json(), json!([]));
}

async fn shells_are_seen_by_their_owners_and_by_who_may_see_all(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (_, ana) = somebody(&router, &boss, "ana", &[]).await;
    let (bob_id, bob) = somebody(&router, &boss, "bob", &["maintainer"]).await;
    let (agent_id, _) = agent(&router, &boss).await;
    let first = name(&open(&router, &bob, agent_id, "disk is full").await);
    let second = name(&open(&router, &boss, agent_id, "certificate has expired").await);
    let names = async |token: &str, path: &str| {
        let listed = get(&router, token, path).await;
        assert_eq!(listed.status, 200, "{path} {listed:?}");
        let shells = listed.json()["shells"].as_array().unwrap().clone();
        let name = |shell: &Value| shell["session_id"].as_str().unwrap().to_owned();
        shells.iter().map(name).collect::<Vec<String>>()
    };

    assert_eq!(names(&boss, SHELLS).await, [second.clone(), first.clone()]);
    assert_eq!(
        names(&boss, &format!("{SHELLS}?user_id={bob_id}")).await,
        std::slice::from_ref(&first)
    );
    let on = format!("{SHELLS}?resource_type=cloud_machine&resource_id=web&limit=1");
    assert_eq!(names(&boss, &on).await, std::slice::from_ref(&second));
    assert_eq!(names(&bob, OWN_SHELLS).await, std::slice::from_ref(&first));
    assert!(names(&ana, OWN_SHELLS).await.is_empty());
    assert_eq!(get(&router, &ana, SHELLS).await.status, 403);
    assert_eq!(get(&router, &ana, &format!("{SHELLS}/{first}")).await.status, 403);
    for wrong in ["user_id=1&agent_id=1", "resource_id=web", "limit=0"] {
        let refused = get(&router, &boss, &format!("{SHELLS}?{wrong}")).await;
        assert_eq!(refused.problem(), ("/problems/invalid".to_owned(), 422), "{wrong}");
    }

    let over = json!({"end_reason": "it is done"});
    let of_other = format!("{OWN_SHELLS}/{second}/end");
    assert_eq!(post(&router, &bob, &of_other, over.clone()).await.status, 404);
    let refused = post(&router, &ana, &format!("{SHELLS}/{first}/end"), over.clone()).await;
    assert_eq!(refused.json()["detail"], "missing permission `shell:end`");
    let closed = post(&router, &bob, &format!("{OWN_SHELLS}/{first}/end"), over.clone()).await;
    assert_eq!(closed.json()["end_reason"], "it is done", "{closed:?}");
    refused_by("transition", &post(&router, &boss, &format!("{SHELLS}/{first}/end"), over).await);
    assert_eq!(names(&boss, &format!("{SHELLS}?open_only=true")).await, [second]);
}

async fn an_agent_that_is_suspended_has_no_shell(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (_, ana) = somebody(&router, &boss, "ana", &[]).await;
    let (id, token) = agent(&router, &boss).await;
    let session = name(&open(&router, &boss, id, "disk is full").await);
    let path = format!("{AGENTS}/{id}/status");
    let change = async |token: &str, status: &str| {
        post(&router, token, &path, json!({"status": status})).await
    };

    assert_eq!(change(&ana, "suspended").await.status, 403);
    assert_eq!(change(&boss, "offline").await.status, 422);
    let suspended = change(&boss, "suspended").await;
    assert_eq!(suspended.json()["status"], "suspended", "{suspended:?}");
    let shell = get(&router, &boss, &format!("{SHELLS}/{session}")).await.json();
    assert_eq!(shell["end_reason"], "the agent is suspended");
    assert_eq!(get(&router, &token, AGENT_SHELLS).await.status, 401);
    refused_by("inactive", &open(&router, &boss, id, "disk is full").await);

    assert_eq!(change(&boss, "active").await.json()["status"], "active");
    assert_eq!(get(&router, &token, AGENT_SHELLS).await.status, 200);
    assert_eq!(change(&boss, "revoked").await.json()["status"], "revoked");
    assert_eq!(get(&router, &token, AGENT_SHELLS).await.status, 401);
    refused_by("transition", &change(&boss, "active").await);
    let evidence = format!("{AGENTS}/{id}");
    refused_by("in-use", &call(&router, &boss, Method::DELETE, &evidence, Value::Null).await);
}

async fn an_authority_says_what_a_certificate_gets(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let input = json!({
        "ca_name": "people",
        "ca_type": "user",
        "public_key": PUBLIC_KEY,
        "private_key_vault_path": "ssh/people",
        "cert_validity_seconds": 600,
        "max_validity_seconds": 3_600,
        "principals_allowed": ["deploy", "ana"],
    });
    let made = post(&router, &boss, "/api/v1/ssh-ca-configs", input).await;
    assert_eq!(made.status, 201, "{made:?}");
    let path = made.header("location");
    let asked = format!("{path}/validity?principals");

    let usual = get(&router, &boss, &format!("{asked}=deploy,ana")).await;
    assert_eq!(usual.json(), json!({"seconds": 600, "principals": ["ana", "deploy"]}));
    let long = get(&router, &boss, &format!("{asked}=ana&seconds=3600")).await;
    assert_eq!(long.json()["seconds"], 3_600);
    for wrong in ["=ana&seconds=3601", "=root", "="] {
        let refused = get(&router, &boss, &format!("{asked}{wrong}")).await;
        assert_eq!(refused.problem(), ("/problems/invalid".to_owned(), 422), "{wrong}");
    }
    let off = call(&router, &boss, Method::PATCH, path, json!({"is_active": false})).await;
    assert_eq!(off.status, 200, "{off:?}");
    refused_by("inactive", &get(&router, &boss, &format!("{asked}=ana")).await);
    let missing = get(&router, &boss, "/api/v1/ssh-ca-configs/4000000000/validity?principals=ana");
    assert_eq!(missing.await.problem(), ("/problems/not-found".to_owned(), 404));
}
