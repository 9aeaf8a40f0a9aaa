//! Machines, what belongs to them and the jobs that set them up, over HTTP.

use api::App;
use axum::{Router, http::Method};
use sea_orm::DatabaseConnection;
use secrecy::SecretString;
use serde_json::{Value, json};
use service::seal::Keyring;

use crate::{
    client::{Answer, app},
    people::{call, somebody, with_boss},
};

plimsoll::on_every_database!(migration::app:
    machines_are_added_listed_changed_and_removed,
    a_machine_goes_from_one_status_to_those_that_it_leads_to,
    what_a_driver_is_told_and_our_keys_are_shown_to_who_may_read_secrets,
    what_a_provider_says_of_its_machines_is_taken_over,
    an_lxd_cluster_keeps_who_leads_it,
    there_is_one_default_of_a_kind,
    a_deployment_is_asked_for_done_and_removed,
);

/// 32 bytes in base64.
const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// Makes something, and answers with it.
async fn made(router: &Router, token: &str, path: &str, input: Value) -> Value {
    let made = call(router, token, Method::POST, path, input).await;
    assert_eq!(made.status, 201, "{path} {made:?}");
    made.json()
}

async fn provider(router: &Router, token: &str) -> Value {
    let input = json!({"name": "maas", "provider_type": "maas"});
    made(router, token, "/api/v1/cloud-providers", input).await
}

async fn machine(router: &Router, token: &str, provider: &Value, external_id: &str) -> Value {
    let input = json!({"provider_id": provider["id"], "external_id": external_id});
    made(router, token, "/api/v1/cloud-machines", input).await
}

/// The status and the code of a refusal.
fn refusal(answer: &Answer) -> (u16, String) {
    (answer.problem().1, answer.json()["code"].as_str().unwrap().to_owned())
}

fn by_rule() -> (u16, String) {
    (409, "SRV0015".to_owned())
}

async fn machines_are_added_listed_changed_and_removed(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (_, viewer) = somebody(&router, &boss, "ana", &[]).await;
    let provider = provider(&router, &boss).await;
    for (external_id, hostname) in [("m1", "web"), ("m2", "app"), ("m3", "db")] {
        let machine = machine(&router, &boss, &provider, external_id).await;
        let path = format!("/api/v1/cloud-machines/{}", machine["id"]);
        let named = json!({"hostname": hostname});
        assert_eq!(call(&router, &boss, Method::PATCH, &path, named).await.status, 200);
    }

    let list = "/api/v1/cloud-machines?hostname=web&hostname=db&sort=-external_id";
    let path = format!("{list}&fields=hostname,status");
    let listed = call(&router, &viewer, Method::GET, &path, Value::Null).await.json();
    let expected = json!([
        {"hostname": "db", "status": "new"},
        {"hostname": "web", "status": "new"},
    ]);
    assert_eq!(listed["items"], expected);
    let all = call(&router, &viewer, Method::GET, list, Value::Null).await.json();
    let path = format!("/api/v1/cloud-machines/{}", all["items"][0]["id"]);

    let change = json!({"zone": "north", "attributes": {"rack": 7}});
    let changed = call(&router, &boss, Method::PATCH, &path, change.clone()).await.json();
    assert_eq!((&changed["zone"], &changed["attributes"]["rack"]), (&json!("north"), &json!(7)));
    let refused = call(&router, &viewer, Method::PATCH, &path, change).await;
    assert_eq!(refusal(&refused), (403, "SRV0010".to_owned()));
    let refused = call(&router, &boss, Method::PATCH, &path, json!({"status": "ready"})).await;
    assert_eq!(refused.problem(), ("/problems/invalid".to_owned(), 422));

    let at_provider = format!("/api/v1/cloud-providers/{}", provider["id"]);
    let refused = call(&router, &boss, Method::DELETE, &at_provider, Value::Null).await;
    assert_eq!(refusal(&refused), by_rule(), "it has machines");
    assert_eq!(call(&router, &boss, Method::DELETE, &path, Value::Null).await.status, 204);
    let gone = call(&router, &boss, Method::GET, &path, Value::Null).await;
    assert_eq!(gone.problem(), ("/problems/not-found".to_owned(), 404));
}

async fn a_machine_goes_from_one_status_to_those_that_it_leads_to(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let provider = provider(&router, &boss).await;
    let at_provider = machine(&router, &boss, &provider, "m1").await;
    let input = json!({"hostname": "rack-1", "mac_address": "52-54-00-00-00-01"});
    let in_rack = made(&router, &boss, "/api/v1/servers", input).await;
    assert_eq!(in_rack["mac_address"], "52:54:00:00:00:01");

    for (path, id) in [("cloud-machines", &at_provider["id"]), ("servers", &in_rack["id"])] {
        let path = format!("/api/v1/{path}/{id}/status");
        let to = async |status: &str| {
            call(&router, &boss, Method::POST, &path, json!({"status": status})).await
        };
        assert_eq!(to("commissioning").await.json()["status"], "commissioning");
        let refused = to("deployed").await;
        assert_eq!(refusal(&refused), by_rule());
        assert!(refused.body.contains("`transition`"), "{}", refused.body);
        assert_eq!(to("purple").await.problem(), ("/problems/invalid".to_owned(), 422));
    }
    let missing = "/api/v1/servers/4000000000/status";
    let missing = call(&router, &boss, Method::POST, missing, json!({"status": "ready"})).await;
    assert_eq!(missing.problem(), ("/problems/not-found".to_owned(), 404));
}

async fn what_a_driver_is_told_and_our_keys_are_shown_to_who_may_read_secrets(
    db: &DatabaseConnection,
) {
    let (_, boss) = with_boss(db).await;
    let keys = Keyring::read(Some(&SecretString::from(KEY))).unwrap();
    let router = api::router(App { keys, ..app(db) });
    let (_, viewer) = somebody(&router, &boss, "ana", &[]).await;
    let told = json!({"power_user": "root", "power_pass": "hunter2"});
    let input = json!({
        "hostname": "rack-1",
        "mac_address": "525400000001",
        "power_type": "ipmi",
        "power_parameters": told,
        "tags": ["gpu"],
    });

    let server = made(&router, &boss, "/api/v1/servers", input).await;

    assert_eq!(server["tags"], json!(["gpu"]));
    assert!(server.get("power_parameters").is_none(), "{server}");
    let path = format!("/api/v1/servers/{}", server["id"]);
    let shown = call(&router, &boss, Method::GET, &path, Value::Null).await;
    assert!(!shown.body.contains("power_parameters"), "{}", shown.body);
    let secret = format!("{path}/power-parameters");
    let reveal = format!("{secret}/reveal");
    let refused = call(&router, &viewer, Method::POST, &reveal, Value::Null).await;
    assert_eq!(refused.json()["detail"], "missing permission `secret:reveal`");
    let revealed = call(&router, &boss, Method::POST, &reveal, Value::Null).await;
    assert_eq!(revealed.header("cache-control"), "no-store");
    assert_eq!(revealed.json()["power_parameters"], told);
    assert_eq!(call(&router, &boss, Method::DELETE, &secret, Value::Null).await.status, 204);
    let revealed = call(&router, &boss, Method::POST, &reveal, Value::Null).await;
    assert_eq!(revealed.json(), json!({"power_parameters": null}));
    let other = json!({"power_parameters": {"power_address": "192.0.2.7"}});
    let set = call(&router, &boss, Method::PUT, &secret, other.clone()).await;
    assert_eq!(set.status, 204, "{set:?}");
    let revealed = call(&router, &boss, Method::POST, &reveal, Value::Null).await;
    assert_eq!(revealed.json(), other);

    let list = "/api/v1/maas-configs";
    let mut input =
        json!({"name": "north", "maas_url": "http://maas.example.org:5240", "username": "us"});
    let refused = call(&router, &boss, Method::POST, list, input.clone()).await;
    assert_eq!(refused.problem(), ("/problems/invalid".to_owned(), 422), "it has no key");
    input["api_key"] = json!("a:b:hunter2");
    let maas = made(&router, &boss, list, input).await;
    assert!(maas.get("api_key").is_none(), "{maas}");
    let listed = call(&router, &boss, Method::GET, list, Value::Null).await;
    assert!(!listed.body.contains("api_key"), "{}", listed.body);
    let path = format!("{list}/{}", maas["id"]);
    let written = call(&router, &boss, Method::PATCH, &path, json!({"api_key": "x"})).await;
    assert_eq!(written.problem(), ("/problems/invalid".to_owned(), 422));
    let secret = format!("{path}/api-key");
    let other = json!({"api_key": "c:d:e"});
    assert_eq!(call(&router, &boss, Method::PUT, &secret, other.clone()).await.status, 204);
    let reveal = format!("{secret}/reveal");
    let revealed = call(&router, &boss, Method::POST, &reveal, Value::Null).await;
    assert_eq!(revealed.json(), other);
    assert_eq!(call(&router, &viewer, Method::PUT, &secret, other).await.status, 403);
}

async fn what_a_provider_says_of_its_machines_is_taken_over(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (_, viewer) = somebody(&router, &boss, "ana", &[]).await;
    let provider = provider(&router, &boss).await;
    let at_provider = format!("/api/v1/cloud-providers/{}", provider["id"]);
    let path = format!("{at_provider}/machines");
    let said = |status: &str| json!({"external_id": "i-1", "status": status, "tags": [status]});
    let report = async |input: Value| call(&router, &boss, Method::POST, &path, input).await;

    let first = report(said("running")).await.json();
    assert_eq!((&first["is_new"], &first["conflict"]), (&json!(true), &Value::Null));
    let second = report(said("ready")).await.json();
    assert_eq!((&second["is_new"], &second["conflict"]), (&json!(false), &json!("ready")));
    let machine = &second["machine"];
    assert_eq!((&machine["status"], &machine["tags"]), (&json!("running"), &json!(["ready"])));
    let mut wrong = said("running");
    wrong["cpu_count"] = json!(-1);
    assert_eq!(report(wrong).await.problem(), ("/problems/invalid".to_owned(), 422));

    let synced = format!("{at_provider}/synced");
    assert_eq!(call(&router, &boss, Method::POST, &synced, Value::Null).await.status, 204);
    let shown = call(&router, &viewer, Method::GET, &at_provider, Value::Null).await.json();
    assert!(shown["last_sync_at"].is_string(), "{shown}");
    let refused = call(&router, &viewer, Method::POST, &path, said("running")).await;
    assert_eq!(refused.status, 403);
    call(&router, &boss, Method::PATCH, &at_provider, json!({"is_active": false})).await;
    let refused = report(said("running")).await;
    assert_eq!(refusal(&refused), by_rule());
    assert!(refused.body.contains("`inactive`"), "{}", refused.body);
}

async fn an_lxd_cluster_keeps_who_leads_it(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let provider = provider(&router, &boss).await;
    let machine = machine(&router, &boss, &provider, "m1").await;
    let cluster = made(&router, &boss, "/api/v1/lxd-clusters", json!({"name": "north"})).await;
    let path = format!("/api/v1/lxd-clusters/{}", cluster["id"]);
    let members = format!("{path}/members");
    let first = json!({"name": "n1", "machine_id": machine["id"]});

    let first = made(&router, &boss, &members, first).await;
    let second = made(&router, &boss, &members, json!({"name": "n2"})).await;

    assert_eq!((&first["is_leader"], &second["is_leader"]), (&json!(true), &json!(false)));
    let at = format!("/api/v1/cloud-machines/{}", machine["id"]);
    let there = call(&router, &boss, Method::GET, &at, Value::Null).await.json();
    assert_eq!(there["lxd_cluster_id"], cluster["id"]);
    let first = format!("{members}/{}", first["id"]);
    let refused = call(&router, &boss, Method::DELETE, &first, Value::Null).await;
    assert_eq!(refusal(&refused), by_rule());
    let lead = format!("{members}/{}/lead", second["id"]);
    let leads = call(&router, &boss, Method::POST, &lead, Value::Null).await.json();
    assert_eq!(leads["is_leader"], true);
    assert_eq!(call(&router, &boss, Method::DELETE, &first, Value::Null).await.status, 204);

    let seen = format!("{path}/seen");
    for (name, status) in [("n2", 204), ("n1", 404)] {
        let said = json!({"name": name, "status": "ONLINE"});
        assert_eq!(call(&router, &boss, Method::POST, &seen, said).await.status, status);
    }
    let list = format!("/api/v1/lxd-cluster-members?cluster_id={}&is_leader=true", cluster["id"]);
    let listed = call(&router, &boss, Method::GET, &list, Value::Null).await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(listed["items"][0]["status"], "online");
}

async fn there_is_one_default_of_a_kind(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    for (path, mut input) in [
        ("/api/v1/cloud-init-templates", json!({"template_content": "#cloud-config"})),
        ("/api/v1/package-configs", json!({"packages": ["curl"]})),
        ("/api/v1/storage-backends", json!({"provider_type": "minio"})),
    ] {
        let mut paths = Vec::new();
        for name in ["one", "other"] {
            input["name"] = json!(name);
            paths.push(format!("{path}/{}", made(&router, &boss, path, input.clone()).await["id"]));
        }
        for at in &paths {
            let chosen = format!("{at}/default");
            let chosen = call(&router, &boss, Method::POST, &chosen, Value::Null).await;
            assert_eq!(chosen.json()["is_default"], true, "{at} {chosen:?}");
        }
        let listed = format!("{path}?is_default=true&fields=name");
        let listed = call(&router, &boss, Method::GET, &listed, Value::Null).await.json();
        assert_eq!(listed["items"], json!([{"name": "other"}]), "{path}");
    }
    let listed = "/api/v1/storage-backends?is_default=true";
    let store = call(&router, &boss, Method::GET, listed, Value::Null).await.json();
    let path = format!("/api/v1/storage-backends/{}", store["items"][0]["id"]);
    let refused = call(&router, &boss, Method::PATCH, &path, json!({"is_active": false})).await;
    assert_eq!(refusal(&refused), by_rule());
}

async fn a_deployment_is_asked_for_done_and_removed(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (_, viewer) = somebody(&router, &boss, "ana", &[]).await;
    let list = "/api/v1/deployment-jobs";
    let provider = provider(&router, &boss).await;
    let machine = machine(&router, &boss, &provider, "m1").await;
    let post =
        async |path: &str, input: Value| call(&router, &boss, Method::POST, path, input).await;
    for wrong in [json!({}), json!({"machine_id": machine["id"], "server_id": 1})] {
        assert_eq!(post(list, wrong).await.problem(), ("/problems/invalid".to_owned(), 422));
    }

    let job = made(&router, &boss, list, json!({"machine_id": machine["id"]})).await;
    assert_eq!((&job["status"], &job["job_type"]), (&json!("pending"), &json!("provision")));
    let refused = call(&router, &viewer, Method::GET, list, Value::Null).await;
    assert_eq!(refused.json()["detail"], "missing permission `deployment:read`");
    let claim = format!("{list}/claim");
    let taken = post(&claim, json!({"worker": "w1"})).await.json();
    assert_eq!((&taken["id"], &taken["claimed_by"]), (&job["id"], &json!("w1")));
    assert_eq!(post(&claim, json!({"worker": "w2"})).await.status, 204, "no other waits");

    let path = format!("{list}/{}", job["id"]);
    let said = |worker: &str| {
        json!({
            "worker": worker,
            "current_phase": "os_install",
            "progress_percent": 40,
            "log_output": "begun\n",
            "rendered_cloud_init": "chpasswd: root:hunter2",
        })
    };
    let progress = format!("{path}/progress");
    let refused = post(&progress, said("w2")).await;
    assert_eq!(refusal(&refused), by_rule());
    assert!(refused.body.contains("`claimed`"), "{}", refused.body);
    let told = post(&progress, said("w1")).await;
    assert_eq!(told.json()["progress_percent"], 40);
    assert!(!told.body.contains("hunter2"), "{}", told.body);
    let refused = call(&router, &boss, Method::DELETE, &path, Value::Null).await;
    assert_eq!(refusal(&refused), by_rule(), "it runs");
    let done = post(&format!("{path}/complete"), json!({"worker": "w1"})).await.json();
    assert_eq!((&done["status"], &done["progress_percent"]), (&json!("completed"), &json!(100)));
    assert_eq!(refusal(&post(&format!("{path}/cancel"), Value::Null).await), by_rule());

    let get = async |path: &str| call(&router, &boss, Method::GET, path, Value::Null).await;
    let log = get(&format!("{path}/log")).await;
    assert_eq!(log.json(), json!({"log_output": "begun\n"}));
    let init = get(&format!("{path}/cloud-init")).await;
    assert_eq!(init.json()["rendered_cloud_init"], "chpasswd: root:hunter2");
    let named = get(&format!("{list}/by-job-id/{}", job["job_id"].as_str().unwrap())).await;
    assert_eq!(named.json()["id"], job["id"]);
    let listed = get(&format!("{list}?status=completed&sort=-created_at")).await;
    assert!(listed.body.contains("provision") && !listed.body.contains("hunter2"));
    assert_eq!(call(&router, &boss, Method::DELETE, &path, Value::Null).await.status, 204);
    assert_eq!(get(&path).await.problem(), ("/problems/not-found".to_owned(), 404));

    let job = made(&router, &boss, list, json!({"machine_id": machine["id"]})).await;
    let path = format!("{list}/{}", job["id"]);
    post(&claim, json!({"worker": "w1"})).await;
    let failed = json!({"worker": "w1", "error_message": "no disk"});
    let failed = post(&format!("{path}/fail"), failed).await.json();
    assert_eq!(failed["status"], "failed");
    assert_eq!(failed["error_message"], "no disk");
    let job = made(&router, &boss, list, json!({"machine_id": machine["id"]})).await;
    let cancelled = post(&format!("{list}/{}/cancel", job["id"]), Value::Null).await.json();
    assert_eq!(cancelled["status"], "cancelled");
}
