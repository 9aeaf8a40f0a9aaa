//! The places that secrets are read from.

use entity::secrets::secret_backend::{self, SecretBackendType};
use futures_util::future::join_all;
use plimsoll::retry::BoxFuture;
use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter};
use serde_json::json;
use service::{
    Error, Result, World,
    audit::audited,
    records,
    rights::{CreateSecrets, DeleteSecrets, UpdateSecrets},
    rule::Rule,
    secrets::backend,
};

use crate::people::admin;

plimsoll::on_every_database!(migration::app:
    a_backend_holds_no_credentials,
    there_is_one_default_backend_and_it_stays_in_use,
    of_backends_that_are_chosen_at_once_one_is_the_default,
);

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
