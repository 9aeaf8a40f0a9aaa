//! Secrets: what is kept, what is shown to whom, and how another key comes to seal them.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use aes_gcm::{
    Aes256Gcm, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::TimeDelta;
use entity::{
    audit::{audit_chain, system_log},
    identity::user,
    secrets::{
        encrypted_secret,
        secret_backend::{self, SecretBackendType},
    },
};
use futures_timer::Delay;
use futures_util::future::{join, join_all};
use plimsoll::{retry::BoxFuture, schema::Type};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, TryGetable, Value,
    sea_query::{Asterisk, Expr, ExprTrait, Query},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use service::{
    Error, Result, World,
    audit::audited,
    records,
    rights::{CreateSecrets, DeleteSecrets, ReadSecrets, RevealSecrets, UpdateSecrets},
    rule::Rule,
    seal::Keyring,
    secrets::{
        self, Resealed, backend,
        secret::{self, Secret},
    },
};

use crate::worlds::world;
use crate::{
    filled::{Keys, filled},
    people::admin,
};

plimsoll::on_every_database!(migration::app:
    a_secret_is_asked_for_by_its_path_until_it_is_deleted,
    a_path_has_one_secret_also_when_several_store_it_at_once,
    what_is_no_path_or_no_value_is_refused,
    a_new_value_counts_as_rotated_and_a_description_does_not,
    a_list_tells_everything_but_the_values,
    a_value_stands_nowhere_in_clear,
    a_sealed_value_that_was_moved_is_not_opened,
    without_a_key_nothing_is_sealed_or_opened,
    what_another_row_names_is_not_deleted,
    a_backend_holds_no_credentials,
    there_is_one_default_backend_and_it_stays_in_use,
    of_backends_that_are_chosen_at_once_one_is_the_default,
    rotation_seals_every_column_anew_and_changes_nothing_else,
    what_is_sealed_anew_is_told_with_it_or_stays_as_it_was,
    what_cannot_be_opened_is_told_and_left_as_it_is,
    rotation_beside_writers_loses_nothing,
    what_changes_between_reading_and_writing_is_not_overwritten,
);

const OLD: &str = "old:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const NEW: &str = "new:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

fn keyring(text: &str) -> Keyring {
    Keyring::read(Some(&text.into())).unwrap()
}

/// The new key before the old one.
fn both() -> Keyring {
    keyring(&format!("{NEW},{OLD}"))
}

/// Where, when and with which keys something is done.
type At<'a> = (&'a DatabaseConnection, &'a World, &'a Keyring);

async fn store((db, world, keys): At<'_>, path: &str, value: &str) -> Result<Secret> {
    let (by, value) = (&admin::<CreateSecrets>(db).await, &SecretString::from(value));
    audited(db, world, |unit, _| {
        Box::pin(secret::store(unit, by, (keys, world), path, None, value)) as BoxFuture<'_, _>
    })
    .await
}

async fn change((db, world, keys): At<'_>, path: &str, value: &str) -> Result<Secret> {
    let (by, value) = (&admin::<UpdateSecrets>(db).await, &SecretString::from(value));
    audited(db, world, |unit, _| {
        Box::pin(secret::change(unit, by, (keys, world), path, value)) as BoxFuture<'_, _>
    })
    .await
}

async fn reveal((db, world, keys): At<'_>, path: &str) -> Result<String> {
    let by = &admin::<RevealSecrets>(db).await;
    let value: SecretString = audited(db, world, |unit, _| {
        Box::pin(secret::reveal(unit, by, keys, path)) as BoxFuture<'_, _>
    })
    .await?;
    Ok(value.expose_secret().to_owned())
}

async fn delete((db, world, _): At<'_>, path: &str) -> Result<()> {
    let by = &admin::<DeleteSecrets>(db).await;
    audited(db, world, |unit, _| Box::pin(secret::delete(unit, by, path)) as BoxFuture<'_, _>).await
}

/// What is stored under a path.
async fn stored(db: &DatabaseConnection, path: &str) -> encrypted_secret::Model {
    let row = encrypted_secret::Entity::find().filter(encrypted_secret::Column::Path.eq(path));
    row.one(db).await.unwrap().unwrap()
}

/// Puts something behind the program's back into a column of all rows, or of one.
async fn put(
    db: &DatabaseConnection,
    (table, column): (&'static str, &'static str),
    row: Option<i64>,
    value: impl Into<Value>,
) {
    let value: Value = value.into();
    let mut update = Query::update();
    update.table(table).value(column, value);
    if let Some(row) = row {
        update.and_where(Expr::col("id").eq(row));
    }
    assert!(db.execute(&update).await.unwrap().rows_affected() > 0, "{table}.{column}");
}

async fn actions(db: &DatabaseConnection) -> Vec<String> {
    let rows = system_log::Entity::find().order_by_asc(system_log::Column::Position);
    rows.all(db).await.unwrap().into_iter().filter_map(|row| row.action).collect()
}

async fn a_secret_is_asked_for_by_its_path_until_it_is_deleted(db: &DatabaseConnection) {
    let (world, keys) = (World::system(), keyring(OLD));
    let at = (db, &world, &keys);
    let read = admin::<ReadSecrets>(db).await;

    let kept = store(at, "cloud/aws", "first").await.unwrap();
    let first = reveal(at, "cloud/aws").await.unwrap();
    change(at, "cloud/aws", "second").await.unwrap();
    let second = reveal(at, "cloud/aws").await.unwrap();

    assert_eq!((first.as_str(), second.as_str()), ("first", "second"));
    assert_eq!(secret::by_path(db, &read, "cloud/aws").await.unwrap().id, kept.id);
    for other in ["cloud", "cloud/aws/", "cloud/aws ", "Cloud/aws", "cloud/a_s", "cloud/aws\0"] {
        let missing = [
            reveal(at, other).await.map(drop),
            change(at, other, "third").await.map(drop),
            secret::by_path(db, &read, other).await.map(drop),
            delete(at, other).await,
        ];
        for missing in missing {
            assert!(matches!(missing, Err(Error::NotFound { kind: "secret", .. })), "{other:?}");
        }
    }
    delete(at, "cloud/aws").await.unwrap();
    let gone = reveal(at, "cloud/aws").await;
    assert!(matches!(gone, Err(Error::NotFound { kind: "secret", .. })), "{gone:?}");
    assert_eq!(actions(db).await, ["store", "reveal", "change", "reveal", "delete"]);
    let rows = system_log::Entity::find().all(db).await.unwrap();
    assert!(rows.iter().all(|row| {
        row.component == "secrets"
            && row.details == Some(json!({"path": "cloud/aws"}))
            && row.subject_id == Some(kept.id.to_string())
    }));
    let next = store(at, "cloud/aws", "third").await.unwrap();
    // A path as another system may have had it.
    put(db, ("encrypted_secrets", "path"), Some(next.id), "Cloud/AWS: prod").await;
    assert_eq!(reveal(at, "Cloud/AWS: prod").await.unwrap(), "third");
}

async fn a_path_has_one_secret_also_when_several_store_it_at_once(db: &DatabaseConnection) {
    let (world, keys) = (World::system(), keyring(OLD));
    let at = (db, &world, &keys);
    store(at, "here/before", "first").await.unwrap();

    let again = store(at, "here/before", "second").await;
    let outcomes = join_all((0..4).map(|n| async move {
        let value = n.to_string();
        store(at, "all/at/once", &value).await.map(|_| value)
    }))
    .await;

    assert!(
        matches!(&again, Err(Error::AlreadyExists { kind: "secret", key }) if key == "here/before"),
        "{again:?}"
    );
    assert_eq!(reveal(at, "here/before").await.unwrap(), "first");
    let first: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok()).collect();
    assert_eq!(first, [&reveal(at, "all/at/once").await.unwrap()]);
    let refused = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    for refused in refused {
        assert!(matches!(refused, Error::AlreadyExists { kind: "secret", .. }), "{refused:?}");
    }
}

async fn what_is_no_path_or_no_value_is_refused(db: &DatabaseConnection) {
    let (world, keys) = (World::system(), keyring(OLD));
    let at = (db, &world, &keys);
    let long = "ä".repeat(records::LONGEST / 2);

    for wrong in ["", "/a", "a//b", "a/../b", "A/b", "a b", &"a".repeat(501)] {
        let refused = store(at, wrong, "value").await;
        assert!(matches!(refused, Err(Error::Invalid { kind: "path", .. })), "{wrong:?}");
    }
    store(at, &"a".repeat(500), &long).await.unwrap();
    for wrong in ["", &format!("{long}s")] {
        for refused in [store(at, "b", wrong).await, change(at, &"a".repeat(500), wrong).await] {
            let Err(Error::Invalid { kind, input, .. }) = &refused else { panic!("{refused:?}") };
            assert_eq!((*kind, input.as_str()), ("value of a secret", "***"));
        }
    }

    assert_eq!(reveal(at, &"a".repeat(500)).await.unwrap(), long);
    assert_eq!(encrypted_secret::Entity::find().count(db).await.unwrap(), 1);
}

async fn a_new_value_counts_as_rotated_and_a_description_does_not(db: &DatabaseConnection) {
    let ((world, clock), keys) = (world(), keyring(OLD));
    let at = (db, &world, &keys);
    let by = &admin::<UpdateSecrets>(db).await;
    let describe = async |text: Option<&str>| {
        let text = &text.map(str::to_owned);
        let described: Result<secret::Secret> = audited(db, &world, |unit, _| {
            Box::pin(secret::describe(unit, by, "a/b", text.clone())) as BoxFuture<'_, _>
        })
        .await;
        described
    };
    let first = store(at, "a/b", "first").await.unwrap();

    let described_at = clock.advance(TimeDelta::days(1));
    let described = describe(Some("opens the door")).await.unwrap();
    let changed_at = clock.advance(TimeDelta::days(1));
    let changed = change(at, "a/b", "second").await.unwrap();
    let refused = describe(Some("a\0b")).await;

    assert_eq!((first.rotated_at, first.updated_at), (first.created_at, first.created_at));
    assert_eq!((described.rotated_at, described.updated_at), (first.created_at, described_at));
    assert_eq!((changed.rotated_at, changed.updated_at), (changed_at, changed_at));
    assert_eq!(changed.created_at, first.created_at);
    assert_eq!(changed.description.as_deref(), Some("opens the door"));
    assert!(matches!(refused, Err(Error::Invalid { kind: "description", .. })), "{refused:?}");
    assert_eq!(describe(None).await.unwrap().description, None);
    assert_eq!(reveal(at, "a/b").await.unwrap(), "second");
}

async fn a_list_tells_everything_but_the_values(db: &DatabaseConnection) {
    let ((world, clock), keys) = (world(), keyring(OLD));
    let at = (db, &world, &keys);
    let read = admin::<ReadSecrets>(db).await;
    for path in ["c", "a", "b"] {
        store(at, path, "hunter2").await.unwrap();
    }
    let later = clock.advance(TimeDelta::days(400));
    let renewed = both();
    change((db, &world, &renewed), "a", "hunter2").await.unwrap();

    let first = secret::list(db, &read, None, 2).await.unwrap();
    let second = secret::list(db, &read, first.next, 2).await.unwrap();
    let old = secret::older_than(db, &read, later, None, 100).await.unwrap();

    let paths = |rows: &[Secret]| rows.iter().map(|row| row.path.clone()).collect::<Vec<_>>();
    assert_eq!(paths(&first.rows), ["c", "a"]);
    assert_eq!((paths(&second.rows), second.next), (vec!["b".to_owned()], None));
    assert_eq!(paths(&old.rows), ["c", "b"]);
    let keys: Vec<_> = first.rows.iter().map(|row| row.sealed_with.as_deref()).collect();
    assert_eq!(keys, [Some("old"), Some("new")]);
    let boss = read.actor().unwrap().user_id();
    assert!(first.rows.iter().all(|row| row.created_by_id == Some(boss)));
    assert!(!format!("{first:?}{second:?}{old:?}").contains("v1."), "not even sealed");
}

async fn a_value_stands_nowhere_in_clear(db: &DatabaseConnection) {
    let (world, keys) = (World::system(), keyring(OLD));
    let at = (db, &world, &keys);
    let told = store(at, "a/b", "hunter2 first").await.unwrap();
    let changed = change(at, "a/b", "hunter2 second").await.unwrap();
    reveal(at, "a/b").await.unwrap();
    let row = stored(db, "a/b").await;

    for table in entity::schema() {
        for column in &table.columns {
            if !matches!(column.ty, Type::String(_) | Type::Text) {
                continue;
            }
            let query = Query::select()
                .expr(Expr::col(Asterisk).count())
                .from(table.name.clone())
                .and_where(Expr::col(column.name.clone()).like("%hunter2%"))
                .take();
            let found = db.query_one(&query).await.unwrap().unwrap();
            let rows = i64::try_get_by(&found, 0_usize).unwrap();
            assert_eq!(rows, 0, "{}.{}", table.name, column.name);
        }
    }
    let log = system_log::Entity::find().all(db).await.unwrap();
    let everything = format!("{told:?} {changed:?} {row:?} {log:?} {keys:?}");
    for part in ["hunter2", row.encrypted_data.expose(), &OLD[4..]] {
        assert!(!everything.contains(part), "{everything}");
    }
    assert!(row.encrypted_data.expose().starts_with("v1.old."));
}

async fn a_sealed_value_that_was_moved_is_not_opened(db: &DatabaseConnection) {
    let (world, keys) = (World::system(), keyring(OLD));
    let at = (db, &world, &keys);
    store(at, "mine", "first").await.unwrap();
    store(at, "theirs", "second").await.unwrap();
    let (mine, theirs) = (stored(db, "mine").await, stored(db, "theirs").await);

    let column = ("encrypted_secrets", "encrypted_data");
    put(db, column, Some(mine.id), theirs.encrypted_data.expose()).await;

    let moved = reveal(at, "mine").await;
    assert!(matches!(moved, Err(Error::Sealed { doing: "open", .. })), "{moved:?}");
    assert_eq!(reveal(at, "theirs").await.unwrap(), "second");
    assert_eq!(actions(db).await, ["store", "store", "reveal"]);
    change(at, "mine", "third").await.unwrap();
    assert_eq!(reveal(at, "mine").await.unwrap(), "third");
}

async fn without_a_key_nothing_is_sealed_or_opened(db: &DatabaseConnection) {
    let (world, keys, none) = (World::system(), keyring(OLD), Keyring::default());
    let (at, without) = ((db, &world, &keys), (db, &world, &none));
    store(at, "a/b", "first").await.unwrap();

    let stored = store(without, "c", "value").await;
    let changed = change(without, "a/b", "second").await;
    let revealed = reveal(without, "a/b").await;
    let rotated = secrets::rotate(db, &world, &none).await;

    assert!(matches!(stored, Err(Error::Sealed { doing: "seal", .. })), "{stored:?}");
    assert!(matches!(changed, Err(Error::Sealed { doing: "seal", .. })), "{changed:?}");
    assert!(matches!(revealed, Err(Error::Sealed { doing: "open", .. })), "{revealed:?}");
    assert!(matches!(rotated, Err(Error::Sealed { doing: "seal", .. })), "{rotated:?}");
    assert_eq!(encrypted_secret::Entity::find().count(db).await.unwrap(), 1);
    assert_eq!(reveal(at, "a/b").await.unwrap(), "first");
    delete(without, "a/b").await.unwrap();
}

async fn what_another_row_names_is_not_deleted(db: &DatabaseConnection) {
    filled(db).await;
    // It fills the audit log, too, with what is no chain.
    system_log::Entity::delete_many().exec(db).await.unwrap();
    let (world, keys) = (World::system(), keyring(OLD));
    let at = (db, &world, &keys);
    let kept = store(at, "a/b", "value").await.unwrap();
    store(at, "a/b/c", "value").await.unwrap();
    let (path, no_path) = (Value::from("a/b"), Value::String(None));
    let (key, no_key) = (Value::from(kept.id), Value::BigInt(None));
    let channel = Value::from(json!([{"kind": "slack", "token": {"path": "a/b"}}]));
    let other_channel = Value::from(json!(["a/b/d"]));

    for (table, column, naming, other) in [
        ("cloud_providers", "credentials_path", &path, &no_path),
        ("fleetdm_configs", "api_token_path", &path, &no_path),
        ("fleetdm_configs", "enroll_secret_path", &path, &no_path),
        ("lxd_clusters", "admin_cert_path", &path, &no_path),
        ("lxd_clusters", "cluster_key_path", &path, &no_path),
        ("ssh_ca_configs", "private_key_vault_path", &path, &no_path),
        ("storage_backends", "credentials_path", &path, &no_path),
        ("fleet_alerts", "notification_channels", &channel, &other_channel),
        ("environment_users", "secret_id", &key, &no_key),
    ] {
        put(db, (table, column), None, naming.clone()).await;

        let refused = delete(at, "a/b").await;

        let Err(Error::Refused { rule: Rule::InUse, because }) = &refused else {
            panic!("{table}.{column}: {refused:?}");
        };
        assert_eq!(because, &format!("secret `a/b` is named by 1 of `{table}`.`{column}`"));
        put(db, (table, column), None, other.clone()).await;
    }

    put(db, ("cloud_providers", "credentials_path"), None, "a/b").await;
    put(db, ("storage_backends", "credentials_path"), None, "a/b").await;
    let refused = delete(at, "a/b").await.unwrap_err().to_string();
    assert!(
        refused.contains(
            "1 of `cloud_providers`.`credentials_path`, 1 of `storage_backends`.`credentials_path`"
        ),
        "{refused}"
    );
    delete(at, "a/b/c").await.unwrap();
    put(db, ("cloud_providers", "credentials_path"), None, "a/b/c").await;
    put(db, ("storage_backends", "credentials_path"), None, no_path).await;
    delete(at, "a/b").await.unwrap();
}

async fn add(db: &DatabaseConnection, name: &str, config: serde_json::Value) -> Result<i64> {
    let by = &admin::<CreateSecrets>(db).await;
    let row = &secret_backend::ActiveModel {
        name: Set(name.to_owned()),
        backend_type: Set(SecretBackendType::Vault),
        config_data: Set(config),
        ..Default::default()
    };
    let made: secret_backend::Model = audited(db, &World::system(), |unit, _| {
        Box::pin(records::create::<secret_backend::Entity>(unit, by, row.clone()))
            as BoxFuture<'_, _>
    })
    .await?;
    Ok(made.id)
}

async fn configure(
    db: &DatabaseConnection,
    id: i64,
    changes: secret_backend::ActiveModel,
) -> Result<secret_backend::Model> {
    let (by, changes) = (&admin::<UpdateSecrets>(db).await, &changes);
    audited(db, &World::system(), |unit, _| {
        Box::pin(records::update::<secret_backend::Entity>(unit, by, id, changes.clone()))
            as BoxFuture<'_, _>
    })
    .await
}

async fn choose(db: &DatabaseConnection, id: i64) -> Result<secret_backend::Model> {
    let by = &admin::<UpdateSecrets>(db).await;
    audited(db, &World::system(), |unit, _| {
        Box::pin(backend::make_default(unit, by, id)) as BoxFuture<'_, _>
    })
    .await
}

async fn defaults(db: &DatabaseConnection) -> Vec<i64> {
    let rows = secret_backend::Entity::find().filter(secret_backend::Column::IsDefault.eq(true));
    rows.all(db).await.unwrap().into_iter().map(|row| row.id).collect()
}

async fn a_backend_holds_no_credentials(db: &DatabaseConnection) {
    let sound = json!({"address": "https://vault:8200", "auth": {"token_path": "/run/token"}});
    let id = add(db, "vault", sound.clone()).await.unwrap();

    for (config, name) in [
        (json!({"auth": {"token": "hunter2"}}), "token"),
        (json!({"hosts": [{"Password": "hunter2"}]}), "Password"),
        (json!({"address": "https://ana:hunter2@vault"}), "address"),
        (json!("hunter2"), "***"),
    ] {
        let changes =
            secret_backend::ActiveModel { config_data: Set(config.clone()), ..Default::default() };
        let added = add(db, "other", config).await;
        let outcome = configure(db, id, changes).await.map(|row| row.id);

        for refused in [added, outcome] {
            let Err(Error::Invalid { kind, input, .. }) = &refused else { panic!("{refused:?}") };
            assert_eq!((*kind, input.as_str()), ("config_data", name));
            assert!(!format!("{refused:?}").contains("hunter2"), "{refused:?}");
        }
    }

    let rows = secret_backend::Entity::find().all(db).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].config_data, sound);
}

async fn there_is_one_default_backend_and_it_stays_in_use(db: &DatabaseConnection) {
    let one = add(db, "one", json!({})).await.unwrap();
    let other = add(db, "other", json!({})).await.unwrap();
    let off = || secret_backend::ActiveModel { is_active: Set(false), ..Default::default() };
    assert!(defaults(db).await.is_empty());

    choose(db, one).await.unwrap();
    let chosen = choose(db, other).await.unwrap();
    let put_out_of_use = configure(db, other, off()).await;
    configure(db, one, off()).await.unwrap();
    let out_of_use = choose(db, one).await;
    let plainly = secret_backend::ActiveModel { is_default: Set(true), ..Default::default() };
    let plainly = configure(db, one, plainly).await;

    assert!(chosen.is_default);
    assert_eq!(defaults(db).await, [other]);
    assert!(
        matches!(put_out_of_use, Err(Error::Refused { rule: Rule::InUse, .. })),
        "{put_out_of_use:?}"
    );
    assert!(
        matches!(out_of_use, Err(Error::Refused { rule: Rule::Inactive, .. })),
        "{out_of_use:?}"
    );
    assert!(matches!(plainly, Err(Error::Invalid { .. })), "{plainly:?}");
    let missing = choose(db, 404).await;
    assert!(matches!(missing, Err(Error::NotFound { kind: "secret backend", .. })), "{missing:?}");
    let by = &admin::<DeleteSecrets>(db).await;
    audited(db, &World::system(), |unit, _| {
        Box::pin(records::delete::<secret_backend::Entity>(unit, by, other)) as BoxFuture<'_, _>
    })
    .await
    .unwrap();
    assert!(defaults(db).await.is_empty());
}

async fn of_backends_that_are_chosen_at_once_one_is_the_default(db: &DatabaseConnection) {
    let mut ids = Vec::new();
    for name in ["one", "two", "three", "four"] {
        ids.push(add(db, name, json!({})).await.unwrap());
    }
    for _ in 0..plimsoll::testing::cases(3) {
        let outcomes = join_all(ids.iter().map(|id| choose(db, *id))).await;

        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        assert_eq!(defaults(db).await.len(), 1);
    }
}

/// Every column that holds what is sealed.
const SEALED: [(&str, &str); 8] = [
    ("users", "totp_secret"),
    ("encrypted_secrets", "encrypted_data"),
    ("services", "token"),
    ("services", "jwt_secret"),
    ("certificates", "key_data"),
    ("maas_configs", "api_key"),
    ("servers", "power_parameters"),
    ("elder_configs", "api_key"),
];

fn cipher(key: &str) -> Aes256Gcm {
    Aes256Gcm::new_from_slice(&STANDARD.decode(&key[4..]).unwrap()).unwrap()
}

/// What the old key makes of a secret at a place: the form in which secrets are kept for years.
fn sealed_with_old(place: &str, secret: &[u8]) -> String {
    let nonce = [7_u8; 12];
    let payload = Payload { msg: secret, aad: place.as_bytes() };
    let sealed = cipher(OLD).encrypt(&Nonce::from(nonce), payload).unwrap();
    format!("v1.old.{}", URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
}

/// The secret that the new key sealed at a place.
fn opened_with_new(place: &str, sealed: &str) -> Vec<u8> {
    let bytes = URL_SAFE_NO_PAD.decode(sealed.strip_prefix("v1.new.").unwrap()).unwrap();
    let (nonce, msg) = bytes.split_at(12);
    let nonce: [u8; 12] = nonce.try_into().unwrap();
    let payload = Payload { msg, aad: place.as_bytes() };
    cipher(NEW).decrypt(&Nonce::from(nonce), payload).unwrap()
}

fn id_of(keys: &Keys, table: &str) -> i64 {
    let Value::BigInt(Some(id)) = keys[table] else { panic!("{table}") };
    id
}

async fn text(
    db: &DatabaseConnection,
    (table, column): (&'static str, &'static str),
    row: i64,
) -> String {
    let query =
        Query::select().column(column).from(table).and_where(Expr::col("id").eq(row)).take();
    let row = db.query_one(&query).await.unwrap().unwrap();
    String::try_get_by(&row, 0_usize).unwrap()
}

async fn rotation_seals_every_column_anew_and_changes_nothing_else(db: &DatabaseConnection) {
    let ids = filled(db).await;
    system_log::Entity::delete_many().exec(db).await.unwrap();
    // No text: a seed is random bytes.
    let secret = b"a secret, \xff\0";
    for (table, column) in SEALED {
        let row = id_of(&ids, table);
        let sealed = sealed_with_old(&format!("{table}/{column}/{row}"), secret);
        put(db, (table, column), Some(row), sealed).await;
    }
    let rows = async || {
        let secret = encrypted_secret::Entity::find().one(db).await.unwrap().unwrap();
        (secret, user::Entity::find().one(db).await.unwrap().unwrap())
    };
    let before = rows().await;
    let world = World::system();

    let first = secrets::rotate(db, &world, &both()).await.unwrap();
    let second = secrets::rotate(db, &world, &both()).await.unwrap();

    let counted = |resealed, kept| {
        SEALED.map(|(table, column)| Resealed { table, column, resealed, kept }).to_vec()
    };
    assert!(first.unopened.is_empty() && second.unopened.is_empty(), "{first:?} {second:?}");
    assert_eq!(first.key, "new");
    assert_eq!((first.columns, second.columns), (counted(1, 0), counted(0, 1)));
    for (table, column) in SEALED {
        let row = id_of(&ids, table);
        let sealed = text(db, (table, column), row).await;
        assert_eq!(opened_with_new(&format!("{table}/{column}/{row}"), &sealed), secret);
    }
    let mut after = rows().await;
    after.0.encrypted_data = before.0.encrypted_data.clone();
    after.1.totp_secret = before.1.totp_secret.clone();
    assert_eq!(after, before);

    let log = rotations(db).await;
    assert_eq!(log, SEALED.map(|(table, column)| told_of(table, column, 1)));
}

/// What the audit log tells of rotations, in the order in which they were done.
async fn rotations(db: &DatabaseConnection) -> Vec<serde_json::Value> {
    let log = system_log::Entity::find().order_by_asc(system_log::Column::Id);
    let log = log.filter(system_log::Column::Action.eq("rotate")).all(db).await.unwrap();
    log.into_iter()
        .map(|row| {
            assert_eq!(row.message, "rotate by the system (rotation of keys)");
            row.details.unwrap()
        })
        .collect()
}

fn told_of(table: &str, column: &str, resealed: u64) -> serde_json::Value {
    json!({"key": "new", "table": table, "column": column, "resealed": resealed})
}

/// Without the row of the chain nothing can be written to the audit log.
async fn what_is_sealed_anew_is_told_with_it_or_stays_as_it_was(db: &DatabaseConnection) {
    let (world, old) = (&World::system(), &keyring(OLD));
    let by = &admin::<CreateSecrets>(db).await;
    audited(db, world, |unit, _| {
        Box::pin(async move {
            for n in 0..130 {
                let (path, value) = (format!("a/{n}"), &SecretString::from("value"));
                secret::store(unit, by, (old, world), &path, None, value).await?;
            }
            Ok(())
        })
    })
    .await
    .unwrap();
    let chain = audit_chain::Entity::find().one(db).await.unwrap().unwrap();
    audit_chain::Entity::delete_many().exec(db).await.unwrap();
    let rows = || encrypted_secret::Entity::find().order_by_asc(encrypted_secret::Column::Id);
    let before = rows().all(db).await.unwrap();

    let untold = secrets::rotate(db, world, &both()).await;
    let after = rows().all(db).await.unwrap();
    let chain = audit_chain::Entity::insert(chain.into_active_model().reset_all());
    chain.exec_without_returning(db).await.unwrap();
    secrets::rotate(db, world, &both()).await.unwrap();

    assert!(matches!(untold, Err(Error::Malformed { .. })), "{untold:?}");
    assert_eq!(after, before);
    let of = |resealed| told_of("encrypted_secrets", "encrypted_data", resealed);
    assert_eq!(rotations(db).await, [of(100), of(30)]);
}

async fn what_cannot_be_opened_is_told_and_left_as_it_is(db: &DatabaseConnection) {
    let (world, keys) = (World::system(), keyring(OLD));
    let at = (db, &world, &keys);
    for path in ["a", "moved", "clear", "lost"] {
        store(at, path, "value").await.unwrap();
    }
    let column = ("encrypted_secrets", "encrypted_data");
    let (a, moved) = (stored(db, "a").await, stored(db, "moved").await);
    let (clear, lost) = (stored(db, "clear").await, stored(db, "lost").await);
    put(db, column, Some(moved.id), a.encrypted_data.expose()).await;
    put(db, column, Some(clear.id), "hunter2").await;
    put(db, column, Some(lost.id), lost.encrypted_data.expose().replace("v1.old", "v1.gone")).await;

    let rotated = secrets::rotate(db, &world, &both()).await.unwrap();

    let counts = rotated.columns.iter().find(|of| of.table == "encrypted_secrets").unwrap();
    assert_eq!((counts.resealed, counts.kept), (1, 0));
    let told: Vec<_> = rotated.unopened.iter().map(|of| (of.table, of.column, of.row)).collect();
    assert_eq!(told, [moved.id, clear.id, lost.id].map(|row| (column.0, column.1, row)));
    assert!(rotated.unopened[0].problem.contains("for another place"), "{rotated:?}");
    assert!(rotated.unopened[1].problem.contains("not of the form"), "{rotated:?}");
    assert!(rotated.unopened[2].problem.contains("no key with the id `gone`"), "{rotated:?}");
    assert!(!format!("{rotated:?}").contains("hunter2"));
    assert_eq!(stored(db, "moved").await.encrypted_data, a.encrypted_data);
    assert_eq!(stored(db, "clear").await.encrypted_data.expose(), "hunter2");

    // Another key by the same name is noticed, too.
    let other = keyring(&NEW.replace("new:", "old:"));
    put(db, column, Some(lost.id), lost.encrypted_data.expose()).await;
    let rotated = secrets::rotate(db, &world, &other).await.unwrap();
    assert_eq!(rotated.unopened.len(), 4);
    assert_eq!(stored(db, "lost").await.encrypted_data, lost.encrypted_data);
}

/// Four who give secrets other values and read them back for as long as keys are exchanged, forth
/// and back, and more rows than are gone over at once.
async fn rotation_beside_writers_loses_nothing(db: &DatabaseConnection) {
    let world = &World::system();
    let (old, new, both) = (&keyring(OLD), &keyring(NEW), &both());
    let back = &keyring(&format!("{OLD},{NEW}"));
    let by = &admin::<CreateSecrets>(db).await;
    let mut last: BTreeMap<String, String> =
        (0..130).map(|n| (format!("still/{n}"), format!("value {n}"))).collect();
    last.extend((0..20).map(|n| (format!("task{}/{}", n / 5, n % 5), "first".to_owned())));
    let all = &last;
    audited(db, world, |unit, _| {
        Box::pin(async move {
            for (path, value) in all {
                let value = &SecretString::from(value.as_str());
                secret::store(unit, by, (old, world), path, None, value).await?;
            }
            Ok(())
        })
    })
    .await
    .unwrap();
    let done = &AtomicBool::new(false);

    let writers = join_all((0..4).map(|task| async move {
        let (at, mut written) = ((db, world, both), BTreeMap::new());
        for turn in 0.. {
            let path = format!("task{task}/{}", turn % 5);
            let value = format!("{path} in turn {turn}");
            change(at, &path, &value).await.unwrap();
            assert_eq!(reveal(at, &path).await.unwrap(), value);
            written.insert(path, value);
            if done.load(SeqCst) {
                break;
            }
        }
        written
    }));
    let rotation = async {
        let mut rotated = vec![secrets::rotate(db, world, both).await];
        for _ in 0..plimsoll::testing::cases(3) {
            rotated.push(secrets::rotate(db, world, back).await);
            rotated.push(secrets::rotate(db, world, both).await);
        }
        done.store(true, SeqCst);
        rotated
    };
    let (written, rotated) = join(writers, rotation).await;

    for rotated in rotated {
        assert!(rotated.unwrap().unopened.is_empty());
    }
    last.extend(written.into_iter().flatten());
    let rows = &encrypted_secret::Entity::find().all(db).await.unwrap();
    for row in rows {
        assert!(row.encrypted_data.expose().starts_with("v1.new."), "{}", row.path);
    }
    let by = &admin::<RevealSecrets>(db).await;
    let kept = audited(db, world, |unit, _| {
        Box::pin(async move {
            let mut kept = BTreeMap::new();
            for row in rows {
                let value = secret::reveal(unit, by, new, &row.path).await?;
                kept.insert(row.path.clone(), value.expose_secret().to_owned());
            }
            Ok(kept)
        })
    })
    .await
    .unwrap();
    assert_eq!(kept, last);
}

/// The rotation reads a row that somebody has changed and not committed, who commits then.
async fn what_changes_between_reading_and_writing_is_not_overwritten(db: &DatabaseConnection) {
    let (world, old, both) = (World::system(), keyring(OLD), both());
    store((db, &world, &old), "a/b", "first").await.unwrap();
    let (world, both) = (&world, &both);
    let (by, second) = (&admin::<UpdateSecrets>(db).await, &SecretString::from("second"));
    let (changed, read) = (&AtomicBool::new(false), Arc::new(AtomicBool::new(false)));
    let mut watched = db.clone();
    let seen = read.clone();
    watched.set_metric_callback(move |info| {
        if info.statement.sql.contains("encrypted_secrets") {
            seen.store(true, SeqCst);
        }
    });
    let pause = || Delay::new(Duration::from_millis(5));
    let read = &read;

    let writing = audited(db, world, |unit, _| {
        Box::pin(async move {
            secret::change(unit, by, (both, world), "a/b", second).await?;
            changed.store(true, SeqCst);
            while !read.load(SeqCst) {
                pause().await;
            }
            Ok(())
        })
    });
    let rotation = async {
        while !changed.load(SeqCst) {
            pause().await;
        }
        let rotated = secrets::rotate(&watched, world, both).await;
        read.store(true, SeqCst);
        rotated
    };
    let (written, rotated) = join(writing, rotation).await;

    written.unwrap();
    let rotated = rotated.unwrap();
    let counts = rotated.columns.iter().find(|of| of.table == "encrypted_secrets").unwrap();
    assert_eq!((counts.resealed, counts.kept), (0, 1));
    assert_eq!(reveal((db, world, &keyring(NEW)), "a/b").await.unwrap(), "second");
}
