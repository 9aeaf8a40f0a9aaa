//! What Elder is told: what waits, what it has, and where applications run.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use entity::inventory::{elder_app, elder_config, elder_host};
use plimsoll::retry::BoxFuture;
use sea_orm::{ActiveValue::Set, DatabaseConnection, EntityTrait};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use service::{
    Error, Result, World,
    audit::audited,
    inventory::{
        placement::app_on,
        sync::{self, Outcome},
    },
    records,
    rights::{CreateInventory, ReadInventory, RevealSecrets, UpdateInventory},
    rule::Rule,
    seal::Keyring,
};

use crate::people::admin;
use crate::worlds::world;

plimsoll::on_every_database!(migration::app:
    a_host_is_kept_in_order,
    what_is_told_waits_until_elder_has_it_and_again_when_it_is_changed,
    what_was_changed_while_it_was_told_waits_still,
    what_was_changed_by_who_began_before_it_was_told_waits_again,
    nothing_was_changed_when_no_database_keeps_the_time,
    an_address_has_no_password_in_it,
    what_waits_comes_in_pages,
    what_elder_has_is_not_written_plainly,
    the_end_of_a_synchronisation_is_noted,
    an_application_runs_where_either_list_says,
);

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Where and when something is done.
type At<'a> = (&'a DatabaseConnection, &'a World);

fn host(hostname: &str, apps: Value) -> elder_host::ActiveModel {
    elder_host::ActiveModel {
        hostname: Set(hostname.to_owned()),
        fqdn: Set(format!("{hostname}.example.org")),
        ip_address: Set("192.0.2.1".to_owned()),
        apps: Set(apps),
        ..Default::default()
    }
}

async fn add_host((db, world): At<'_>, row: elder_host::ActiveModel) -> Result<elder_host::Model> {
    let (by, row) = (&admin::<CreateInventory>(db).await, &row);
    audited(db, world, |unit, _| {
        let row = row.clone();
        Box::pin(records::create::<elder_host::Entity>(unit, by, row)) as BoxFuture<'_, _>
    })
    .await
}

async fn change_host(
    (db, world): At<'_>,
    id: i64,
    changes: elder_host::ActiveModel,
) -> Result<elder_host::Model> {
    let (by, changes) = (&admin::<UpdateInventory>(db).await, &changes);
    audited(db, world, |unit, _| {
        let changes = changes.clone();
        Box::pin(records::update::<elder_host::Entity>(unit, by, id, changes)) as BoxFuture<'_, _>
    })
    .await
}

async fn add_app((db, world): At<'_>, name: &str, hosts: Value) -> Result<elder_app::Model> {
    let row = &elder_app::ActiveModel {
        app_name: Set(name.to_owned()),
        hosts: Set(hosts),
        port: Set(8443),
        ..Default::default()
    };
    let by = &admin::<CreateInventory>(db).await;
    audited(db, world, |unit, _| {
        let row = row.clone();
        Box::pin(records::create::<elder_app::Entity>(unit, by, row)) as BoxFuture<'_, _>
    })
    .await
}

/// The names of the hosts that wait.
async fn waiting(db: &DatabaseConnection) -> Vec<String> {
    let by = admin::<ReadInventory>(db).await;
    let page = sync::pending::<elder_host::Entity>(db, &by, None, 100).await.unwrap();
    page.rows.into_iter().map(|row| row.hostname).collect()
}

async fn registered((db, world): At<'_>, id: i64, as_of: DateTime<Utc>) -> Result<bool> {
    let by = admin::<UpdateInventory>(db).await;
    sync::registered::<elder_host::Entity>(db, world, &by, id, as_of).await
}

async fn a_host_is_kept_in_order(db: &DatabaseConnection) {
    let (world, _) = world();
    let at = (db, &world);

    let row = elder_host::ActiveModel {
        ip_address: Set("2001:DB8::0:1".to_owned()),
        tags: Set(json!({"env": "prod"})),
        ..host("Web-1", json!(["shop", "shop ", "blog"]))
    };
    let kept = add_host(at, row).await.unwrap();
    let again = add_host(at, host("WEB-1", json!([]))).await;
    let wrong = elder_host::ActiveModel { tags: Set(json!(["prod"])), ..host("web-2", json!([])) };
    let wrong = add_host(at, wrong).await;
    let nowhere = add_app(at, "shop", json!([])).await;

    assert_eq!((kept.hostname.as_str(), kept.fqdn.as_str()), ("web-1", "web-1.example.org"));
    assert_eq!((kept.ip_address.as_str(), kept.apps), ("2001:db8::1", json!(["shop", "blog"])));
    assert!(matches!(again, Err(Error::AlreadyExists { .. })), "{again:?}");
    assert!(matches!(wrong, Err(Error::Invalid { kind: "tags", .. })), "{wrong:?}");
    assert!(matches!(nowhere, Err(Error::Invalid { kind: "hosts", .. })), "{nowhere:?}");
}

async fn what_is_told_waits_until_elder_has_it_and_again_when_it_is_changed(
    db: &DatabaseConnection,
) {
    let (world, clock) = world();
    let at = (db, &world);
    let row = add_host(at, host("web-1", json!([]))).await.unwrap();
    assert_eq!(waiting(db).await, ["web-1"]);

    let told_at = clock.advance(TimeDelta::minutes(1));
    let is_so = registered(at, row.id, row.updated_at).await.unwrap();

    assert!(is_so);
    assert_eq!(waiting(db).await, [""; 0]);
    let stored = elder_host::Entity::find_by_id(row.id).one(db).await.unwrap().unwrap();
    assert_eq!((stored.elder_registered, stored.last_sync_at), (true, Some(told_at)));
    assert_eq!(stored.updated_at, row.updated_at);

    clock.advance(TimeDelta::minutes(1));
    let zone = elder_host::ActiveModel { zone: Set("north".to_owned()), ..Default::default() };
    change_host(at, row.id, zone).await.unwrap();
    assert_eq!(waiting(db).await, ["web-1"]);

    // An application waits as a host does.
    let app = add_app(at, "shop", json!(["web-1"])).await.unwrap();
    let (read, by) = (admin::<ReadInventory>(db).await, admin::<UpdateInventory>(db).await);
    let apps = sync::pending::<elder_app::Entity>(db, &read, None, 100).await.unwrap();
    assert_eq!(apps.rows, std::slice::from_ref(&app));
    sync::registered::<elder_app::Entity>(db, &world, &by, app.id, app.updated_at).await.unwrap();
    let apps = sync::pending::<elder_app::Entity>(db, &read, None, 100).await.unwrap();
    assert!(apps.rows.is_empty(), "{:?}", apps.rows);
}

async fn what_was_changed_while_it_was_told_waits_still(db: &DatabaseConnection) {
    let (world, clock) = world();
    let at = (db, &world);
    let told = add_host(at, host("web-1", json!([]))).await.unwrap();
    clock.advance(TimeDelta::seconds(1));
    let moved =
        elder_host::ActiveModel { ip_address: Set("192.0.2.9".to_owned()), ..Default::default() };
    let changed = change_host(at, told.id, moved).await.unwrap();
    clock.advance(TimeDelta::seconds(1));

    let stale = registered(at, told.id, told.updated_at).await.unwrap();
    let still = waiting(db).await;
    // The clock of whoever tells it is behind that of who changed it.
    clock.advance(TimeDelta::seconds(-60));
    let fresh = registered(at, told.id, changed.updated_at).await.unwrap();
    let unknown = registered(at, 404, told.updated_at).await;

    assert_eq!((stale, fresh), (false, true));
    assert_eq!(still, ["web-1"]);
    assert_eq!(waiting(db).await, [""; 0]);
    assert!(matches!(unknown, Err(Error::NotFound { .. })), "{unknown:?}");
}

/// A transaction writes when it began, however late it commits.
async fn what_was_changed_by_who_began_before_it_was_told_waits_again(db: &DatabaseConnection) {
    let (world, clock) = world();
    let at = (db, &world);
    let (read, by) = (&admin::<ReadInventory>(db).await, &admin::<UpdateInventory>(db).await);
    let row = add_host(at, host("web-1", json!([]))).await.unwrap();
    let app = add_app(at, "shop", json!(["web-1"])).await.unwrap();
    clock.advance(TimeDelta::minutes(2));
    registered(at, row.id, row.updated_at).await.unwrap();
    sync::registered::<elder_app::Entity>(db, &world, by, app.id, app.updated_at).await.unwrap();

    clock.advance(TimeDelta::minutes(-1));
    let zone = elder_host::ActiveModel { zone: Set("north".to_owned()), ..Default::default() };
    change_host(at, row.id, zone).await.unwrap();
    audited(db, &world, |unit, _| {
        let port = elder_app::ActiveModel { port: Set(443), ..Default::default() };
        Box::pin(records::update::<elder_app::Entity>(unit, by, app.id, port)) as BoxFuture<'_, _>
    })
    .await
    .unwrap();

    assert_eq!(waiting(db).await, ["web-1"]);
    let apps = sync::pending::<elder_app::Entity>(db, read, None, 100).await.unwrap();
    let ids: Vec<i64> = apps.rows.iter().map(|row| row.id).collect();
    assert_eq!(ids, [app.id]);
}

async fn nothing_was_changed_when_no_database_keeps_the_time(db: &DatabaseConnection) {
    let (world, _) = world();
    let at = (db, &world);
    let row = add_host(at, host("web-1", json!([]))).await.unwrap();

    for text in [
        "2038-01-19T03:14:08Z",
        "1969-12-31T23:59:59Z",
        "2026-01-02T03:04:60Z",
        "+262000-01-01T00:00:00Z",
    ] {
        let as_of: DateTime<Utc> = text.parse().unwrap();
        let refused = registered(at, row.id, as_of).await;
        let unknown = registered(at, 404, as_of).await;

        assert!(matches!(refused, Err(Error::Invalid { .. })), "{text}: {refused:?}");
        assert!(matches!(unknown, Err(Error::NotFound { .. })), "{text}: {unknown:?}");
    }
    assert_eq!(waiting(db).await, ["web-1"]);
}

async fn an_address_has_no_password_in_it(db: &DatabaseConnection) {
    let (world, _) = world();
    let at = (db, &world);
    let by = &admin::<UpdateInventory>(db).await;
    let url = || "https://ana:geheim@elder.example.org/".to_owned();
    let app = add_app(at, "shop", json!(["web-1"])).await.unwrap();

    let server = elder_config::ActiveModel {
        name: Set("north".to_owned()),
        elder_url: Set(url()),
        ..Default::default()
    };
    let server = add_server(at, server).await;
    let app = audited(db, &world, |unit, _| {
        let row =
            elder_app::ActiveModel { health_check_url: Set(Some(url())), ..Default::default() };
        Box::pin(records::update::<elder_app::Entity>(unit, by, app.id, row)) as BoxFuture<'_, _>
    })
    .await;

    for (refused, column) in [(server.map(drop), "elder_url"), (app.map(drop), "health_check_url")]
    {
        let Err(Error::Invalid { kind, input, .. }) = &refused else { panic!("{refused:?}") };
        assert_eq!((*kind, input.as_str()), (column, "***"));
    }
}

async fn what_waits_comes_in_pages(db: &DatabaseConnection) {
    let (world, _) = world();
    let at = (db, &world);
    let by = admin::<ReadInventory>(db).await;
    let mut all = Vec::new();
    for number in 0..5 {
        all.push(add_host(at, host(&format!("web-{number}"), json!([]))).await.unwrap());
    }
    registered(at, all[1].id, all[1].updated_at).await.unwrap();

    let first = sync::pending::<elder_host::Entity>(db, &by, None, 3).await.unwrap();
    let second = sync::pending::<elder_host::Entity>(db, &by, first.next, 3).await.unwrap();

    let listed: Vec<i64> = first.rows.iter().chain(&second.rows).map(|row| row.id).collect();
    assert_eq!(listed, [all[0].id, all[2].id, all[3].id, all[4].id]);
    assert_eq!((first.rows.len(), second.next), (3, None));
}

async fn what_elder_has_is_not_written_plainly(db: &DatabaseConnection) {
    let (world, _) = world();
    let at = (db, &world);
    let row = add_host(at, host("web-1", json!([]))).await.unwrap();

    for changes in [
        elder_host::ActiveModel { elder_registered: Set(true), ..Default::default() },
        elder_host::ActiveModel { last_sync_at: Set(Some(row.updated_at)), ..Default::default() },
    ] {
        let refused = change_host(at, row.id, changes).await;

        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    }
    assert_eq!(waiting(db).await, ["web-1"]);
}

async fn server(at: At<'_>, name: &str, is_active: bool) -> elder_config::Model {
    let row = elder_config::ActiveModel {
        name: Set(name.to_owned()),
        elder_url: Set("https://elder.example.org".to_owned()),
        is_active: Set(is_active),
        ..Default::default()
    };
    add_server(at, row).await.unwrap()
}

async fn add_server(
    (db, world): At<'_>,
    row: elder_config::ActiveModel,
) -> Result<elder_config::Model> {
    let (keys, row) = (&Keyring::read(Some(&KEY.into())).unwrap(), &row);
    let secrets = [(elder_config::Column::ApiKey, SecretString::from("elder key"))];
    let (by, secrets) = (&admin::<CreateInventory>(db).await, &secrets[..]);
    audited(db, world, |unit, _| {
        let row = row.clone();
        Box::pin(records::create_with_secrets::<elder_config::Entity>(
            unit,
            by,
            (keys, world),
            row,
            secrets,
        )) as BoxFuture<'_, _>
    })
    .await
}

async fn the_end_of_a_synchronisation_is_noted(db: &DatabaseConnection) {
    let (world, clock) = world();
    let at = (db, &world);
    let by = admin::<UpdateInventory>(db).await;
    let (used, unused) = (server(at, "north", true).await, server(at, "south", false).await);
    let stored = async |id: i64| {
        let row = elder_config::Entity::find_by_id(id).one(db).await.unwrap().unwrap();
        (row.last_sync_status, row.last_error, row.last_sync_at)
    };

    let failed_at = clock.advance(TimeDelta::minutes(1));
    let failed = Outcome::Failed { why: "no route".to_owned() };
    sync::synchronised(db, &world, &by, used.id, &failed).await.unwrap();
    let after_failure = stored(used.id).await;
    let done_at = clock.advance(TimeDelta::minutes(1));
    sync::synchronised(db, &world, &by, used.id, &Outcome::Done).await.unwrap();
    let after_success = stored(used.id).await;
    let off = sync::synchronised(db, &world, &by, unused.id, &Outcome::Done).await;
    let unknown = sync::synchronised(db, &world, &by, 404, &Outcome::Done).await;
    let endless = Outcome::Failed { why: "x".repeat(10_001) };
    let endless = sync::synchronised(db, &world, &by, used.id, &endless).await;

    let text = |text: &str| Some(text.to_owned());
    assert_eq!(after_failure, (text("failed"), text("no route"), Some(failed_at)));
    assert_eq!(after_success, (text("done"), None, Some(done_at)));
    assert!(matches!(off, Err(Error::Refused { rule: Rule::Inactive, .. })), "{off:?}");
    assert!(matches!(unknown, Err(Error::NotFound { .. })), "{unknown:?}");
    assert!(matches!(endless, Err(Error::Invalid { .. })), "{endless:?}");

    // What the server is spoken to with is kept sealed.
    assert_ne!(used.api_key.expose(), "elder key");
    let (keys, by) =
        (&Keyring::read(Some(&KEY.into())).unwrap(), &admin::<RevealSecrets>(db).await);
    let key: Option<SecretString> = audited(db, &world, |unit, _| {
        let column = elder_config::Column::ApiKey;
        Box::pin(records::reveal::<elder_config::Entity>(unit, by, keys, used.id, column))
            as BoxFuture<'_, _>
    })
    .await
    .unwrap();
    assert_eq!(key.unwrap().expose_secret(), "elder key");
}

async fn an_application_runs_where_either_list_says(db: &DatabaseConnection) {
    let (world, _) = world();
    let at = (db, &world);
    let by = admin::<ReadInventory>(db).await;
    add_host(at, host("web-1", json!(["shop"]))).await.unwrap();
    add_host(at, host("web-2", json!(["blog", "shop"]))).await.unwrap();
    add_host(at, host("web-3", json!(["shopping"]))).await.unwrap();
    add_app(at, "shop", json!(["WEB-1", "web-9"])).await.unwrap();

    let shop = app_on(db, &by, "shop").await.unwrap();
    let blog = app_on(db, &by, "blog").await.unwrap();

    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(shop.agreed, set(&["web-1"]));
    assert_eq!(shop.by_app, set(&["web-9"]));
    assert_eq!(shop.by_host, set(&["web-2"]));
    assert_eq!(shop.all(), set(&["web-1", "web-2", "web-9"]));
    // It has no row of its own, and a host names it.
    assert_eq!((blog.all(), blog.by_host), (set(&["web-2"]), set(&["web-2"])));
    for unknown in ["Shop", "mail", "shop\0"] {
        let missing = app_on(db, &by, unknown).await;
        assert!(
            matches!(missing, Err(Error::NotFound { kind: "application", .. })),
            "{unknown:?}: {missing:?}"
        );
    }
}
