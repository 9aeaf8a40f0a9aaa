//! Secrets: what is kept, what is shown to whom, and how another key comes to seal them.

mod backends;
mod rotation;

use chrono::TimeDelta;
use entity::{audit::system_log, secrets::encrypted_secret};
use futures_util::future::join_all;
use plimsoll::{retry::BoxFuture, schema::Type};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, TryGetable, Value,
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
        self,
        secret::{self, Secret},
    },
};

use crate::{filled::filled, people::admin, sealed::OLD, worlds::world};

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
);

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
