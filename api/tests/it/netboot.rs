//! Machines that boot from the network over HTTP: what they are told, and what they were seen
//! doing.

use axum::{Router, http::Method};
use sea_orm::DatabaseConnection;
use serde_json::{Value, json};

use crate::{
    client::Answer,
    people::{call, somebody, with_boss},
};

plimsoll::on_every_database!(migration::app:
    an_egg_that_a_group_names_stays,
    a_machine_is_seen_and_told_what_it_boots,
    what_a_machine_did_is_listed_in_pages,
    a_machine_goes_from_its_state_to_those_that_it_leads_to,
);

const MAC: &str = "aa:bb:cc:dd:ee:ff";

/// Makes something, and answers with it.
async fn made(router: &Router, token: &str, path: &str, input: Value) -> Value {
    let made = call(router, token, Method::POST, path, input).await;
    assert_eq!(made.status, 201, "{path} {made:?}");
    made.json()
}

/// The status and the code of a refusal.
fn refusal(answer: &Answer) -> (u16, String) {
    (answer.problem().1, answer.json()["code"].as_str().unwrap().to_owned())
}

fn by_rule() -> (u16, String) {
    (409, "SRV0015".to_owned())
}

async fn seen(router: &Router, token: &str, event_type: &str) -> Value {
    let event = json!({
        "mac_address": "AA-BB-CC-DD-EE-FF",
        "ip_address": "192.0.2.7",
        "event_type": event_type,
    });
    made(router, token, "/api/v1/boot-events", event).await
}

async fn an_egg_that_a_group_names_stays(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (_, viewer) = somebody(&router, &boss, "ana", &[]).await;
    let egg = |name: &str| json!({"name": name, "display_name": name, "egg_type": "snap", "snap_name": name});
    let docker = made(&router, &boss, "/api/v1/eggs", egg("docker")).await;
    made(&router, &boss, "/api/v1/eggs", egg("lxd")).await;
    let group = |eggs: Value| json!({"name": "base", "display_name": "Base", "eggs": eggs});
    let groups = "/api/v1/egg-groups";

    let missing = call(&router, &boss, Method::POST, groups, group(json!(["ghost"]))).await;
    assert_eq!(missing.problem(), ("/problems/not-found".to_owned(), 404));
    let group = made(&router, &boss, groups, group(json!(["docker"]))).await;
    let chosen = format!("{groups}/{}/default", group["id"]);
    let chosen = call(&router, &boss, Method::POST, &chosen, Value::Null).await.json();
    assert_eq!(chosen["is_default"], true);

    let path = format!("/api/v1/eggs/{}", docker["id"]);
    let refused = call(&router, &boss, Method::DELETE, &path, Value::Null).await;
    assert_eq!(refusal(&refused), by_rule());
    assert!(refused.body.contains("`in-use`"), "{}", refused.body);
    let renamed = call(&router, &boss, Method::PATCH, &path, json!({"name": "podman"})).await;
    assert_eq!(renamed.problem(), ("/problems/invalid".to_owned(), 422));
    let change = json!({"display_name": "Docker", "category": "containers"});
    let refused = call(&router, &viewer, Method::PATCH, &path, change.clone()).await;
    assert_eq!(refused.json()["detail"], "missing permission `netboot:update`");
    let changed = call(&router, &boss, Method::PATCH, &path, change).await.json();
    assert_eq!(changed["display_name"], "Docker");
    let list = "/api/v1/eggs?egg_type=snap&sort=-name&fields=name,category";
    let listed = call(&router, &viewer, Method::GET, list, Value::Null).await.json();
    let expected = json!([
        {"name": "lxd", "category": null},
        {"name": "docker", "category": "containers"},
    ]);
    assert_eq!(listed["items"], expected);

    let of_group = format!("{groups}/{}", group["id"]);
    assert_eq!(call(&router, &boss, Method::DELETE, &of_group, Value::Null).await.status, 204);
    assert_eq!(call(&router, &boss, Method::DELETE, &path, Value::Null).await.status, 204);
    let gone = call(&router, &boss, Method::GET, &path, Value::Null).await;
    assert_eq!(gone.problem(), ("/problems/not-found".to_owned(), 404));
}

async fn a_machine_is_seen_and_told_what_it_boots(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let (_, viewer) = somebody(&router, &boss, "ana", &[]).await;
    let get = async |path: &str| call(&router, &viewer, Method::GET, path, Value::Null).await;
    let network = json!({
        "name": "lab",
        "http_boot_url": "http://boot.example.org",
        "minio_bucket": "images",
    });
    made(&router, &boss, "/api/v1/ipxe-configs", network).await;
    let image = json!({
        "name": "noble",
        "display_name": "Noble",
        "kernel_path": "noble/vmlinuz",
        "initrd_path": "noble/initrd",
    });
    let image = made(&router, &boss, "/api/v1/ipxe-images", image).await;
    let image = format!("/api/v1/ipxe-images/{}", image["id"]);
    let config = json!({"name": "servers", "timeout_seconds": 0});
    let config = made(&router, &boss, "/api/v1/ipxe-boot-configs", config).await;
    let config = format!("/api/v1/ipxe-boot-configs/{}", config["id"]);
    for path in [&image, &config] {
        let path = format!("{path}/default");
        let chosen = call(&router, &boss, Method::POST, &path, Value::Null).await;
        assert_eq!(chosen.json()["is_default"], true, "{chosen:?}");
    }
    let refused = call(&router, &boss, Method::PATCH, &image, json!({"is_active": false})).await;
    assert_eq!(refusal(&refused), by_rule(), "it is the default");

    let plan = format!("/api/v1/boot-plans/{MAC}");
    let unknown = get(&plan).await.json();
    assert_eq!(unknown["machine_id"], Value::Null);
    assert_eq!(unknown["boots"], json!({"kind": "disk"}));
    let by_mac = "/api/v1/ipxe-machines/by-mac/aabbccddeeff";
    assert_eq!(get(by_mac).await.problem(), ("/problems/not-found".to_owned(), 404));
    let event = json!({"mac_address": MAC, "event_type": "boot_start"});
    let refused = call(&router, &viewer, Method::POST, "/api/v1/boot-events", event).await;
    assert_eq!(refused.json()["detail"], "missing permission `netboot:report`");
    let event = seen(&router, &boss, "boot_start").await;
    assert_eq!(event["mac_address"], MAC);

    let machine = get(by_mac).await.json();
    assert_eq!((&machine["id"], &machine["status"]), (&event["machine_id"], &json!("discovered")));
    let known = get(&plan).await.json();
    assert_eq!(known["machine_id"], machine["id"]);
    let system = json!({
        "kind": "system",
        "kernel": "http://boot.example.org/images/noble/vmlinuz",
        "initrd": "http://boot.example.org/images/noble/initrd",
        "squashfs": null,
        "kernel_params": "",
    });
    assert_eq!(known["boots"], system);
    let script = get(&format!("{plan}/script")).await;
    assert_eq!(script.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(
        script.body,
        "#!ipxe\n\
         kernel http://boot.example.org/images/noble/vmlinuz initrd=initrd\n\
         initrd --name initrd http://boot.example.org/images/noble/initrd\n\
         boot\n"
    );
    let path = format!("/api/v1/ipxe-machines/{}", machine["id"]);
    let arm = json!({"architecture": "arm64"});
    assert_eq!(call(&router, &boss, Method::PATCH, &path, arm).await.status, 200);
    let refused = get(&plan).await;
    assert_eq!(refusal(&refused), by_rule());
    assert!(refused.body.contains("`unsuitable`"), "{}", refused.body);
    for wrong in ["/api/v1/boot-plans/x", "/api/v1/ipxe-machines/by-mac/aa:bb"] {
        assert_eq!(get(wrong).await.problem(), ("/problems/invalid".to_owned(), 422), "{wrong}");
    }
}

async fn what_a_machine_did_is_listed_in_pages(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let get = async |path: &str| call(&router, &boss, Method::GET, path, Value::Null).await;
    let machine = seen(&router, &boss, "boot_start").await["machine_id"].clone();
    for event_type in ["os_installed", "egg_started", "egg_complete"] {
        seen(&router, &boss, event_type).await;
    }

    let list = format!("/api/v1/ipxe-machines/{machine}/boot-events?limit=3");
    let first = get(&list).await.json();
    let next = first["next"].as_str().unwrap();
    let second = get(&format!("{list}&cursor={next}")).await.json();

    let items = [&first["items"], &second["items"]].map(|items| items.as_array().unwrap().clone());
    let types: Vec<Value> =
        items.concat().iter().map(|event| event["event_type"].clone()).collect();
    assert_eq!(json!(types), json!(["egg_complete", "egg_started", "os_installed", "boot_start"]));
    assert_eq!((&second["next"], &items[1][0]["details"]), (&Value::Null, &json!({})));
    let of_type = get("/api/v1/boot-events?event_type=egg_started&sort=-created_at").await.json();
    assert_eq!(of_type["items"].as_array().unwrap().len(), 1);
    for wrong in ["limit=0", "limit=101", "cursor=x"] {
        let path = format!("/api/v1/ipxe-machines/{machine}/boot-events?{wrong}");
        assert_eq!(get(&path).await.problem(), ("/problems/invalid".to_owned(), 422), "{wrong}");
    }
    let missing = get("/api/v1/ipxe-machines/4000000000/boot-events").await;
    assert_eq!(missing.problem(), ("/problems/not-found".to_owned(), 404));
    let wrong = json!({"mac_address": "x", "event_type": "boot_start"});
    let wrong = call(&router, &boss, Method::POST, "/api/v1/boot-events", wrong).await;
    assert_eq!(wrong.problem(), ("/problems/invalid".to_owned(), 422));
}

async fn a_machine_goes_from_its_state_to_those_that_it_leads_to(db: &DatabaseConnection) {
    let (router, boss) = with_boss(db).await;
    let input = json!({"system_id": "4y3h7n", "mac_address": "AABB.CCDD.EEFF", "tags": ["gpu"]});
    let machine = made(&router, &boss, "/api/v1/ipxe-machines", input).await;
    assert_eq!((&machine["status"], &machine["mac_address"]), (&json!("unknown"), &json!(MAC)));
    let path = format!("/api/v1/ipxe-machines/{}", machine["id"]);
    let status = format!("{path}/status");
    let to = async |name: &str| {
        call(&router, &boss, Method::POST, &status, json!({"status": name})).await
    };

    let refused = to("ready").await;
    assert_eq!(refusal(&refused), by_rule());
    assert!(refused.body.contains("`transition`"), "{}", refused.body);
    for name in ["discovered", "commissioning", "ready", "ready"] {
        assert_eq!(to(name).await.json()["status"], name);
    }
    assert_eq!(to("asleep").await.problem(), ("/problems/invalid".to_owned(), 422));
    let written = call(&router, &boss, Method::PATCH, &path, json!({"status": "deployed"})).await;
    assert_eq!(written.problem(), ("/problems/invalid".to_owned(), 422));
    assert_eq!(call(&router, &boss, Method::DELETE, &path, Value::Null).await.status, 204);
    assert_eq!(to("deploying").await.problem(), ("/problems/not-found".to_owned(), 404));
}
