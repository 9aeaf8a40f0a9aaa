//! Fenrir: pages, environments and test users, in each of the shapes that their tables had.

use std::collections::BTreeSet;

use entity::{
    secrets::encrypted_secret,
    webtest::{email_item, environment, environment_user, page, page_identifier},
};
use plimsoll::retry::BoxFuture;
use sea_orm::{ActiveEnum, ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use service::{
    World, audit::audited, imports::Options, rights::RevealSecrets,
    webtest::environment_user as users,
};

use super::database::{FENRIR, File, accounted, bring, keys, made, refused, run, said};
use crate::people::admin;

plimsoll::on_every_database!(migration::app:
    pages_and_environments_are_what_they_were_meant_to_be,
    a_password_in_clear_is_sealed_and_one_elsewhere_stays_there,
    a_password_that_cannot_be_sealed_does_not_come,
    the_shape_of_the_shipped_migration_is_understood,
    rows_that_are_wrong_are_refused_one_by_one,
);

async fn user(db: &DatabaseConnection, name: &str) -> environment_user::Model {
    let found = environment_user::Entity::find();
    let found = found.filter(environment_user::Column::Username.eq(name));
    found.one(db).await.unwrap().unwrap()
}

async fn pages_and_environments_are_what_they_were_meant_to_be(db: &DatabaseConnection) {
    bring(db, File::of(FENRIR).await.from()).await;

    let pages = page::Entity::find().order_by_asc(page::Column::Id).all(db).await.unwrap();
    let told: Vec<_> = pages.iter().map(|page| (page.name.as_str(), &page.environments)).collect();
    assert_eq!(told, [("Login", &json!(["local", "prod"])), ("Übersicht", &json!([]))]);
    let elements = page_identifier::Entity::find();
    let elements = elements.order_by_asc(page_identifier::Column::Id).all(db).await.unwrap();
    let told: Vec<_> = elements
        .iter()
        .map(|element| (element.page_id, element.locator_strategy.to_value()))
        .collect();
    assert_eq!(told, [(pages[0].id, "css".to_owned()), (pages[1].id, "xpath".to_owned())]);
    let environments = environment::Entity::find();
    let environments = environments.order_by_asc(environment::Column::Id).all(db).await.unwrap();
    let told: Vec<_> = environments
        .iter()
        .map(|one| (one.name.as_str(), one.designation.to_value(), one.is_active))
        .collect();
    assert_eq!(told, [("prod-eu", "prod".to_owned(), true), ("qa", "qa".to_owned(), false)]);
    assert_eq!(environments[0].updated_at, environments[0].created_at);
    assert_eq!(environments[1].api_url, None);
    let items = email_item::Entity::find();
    let items = items.order_by_asc(email_item::Column::Id).all(db).await.unwrap();
    assert_eq!(items[0].email_system.map(|system| system.to_value()).as_deref(), Some("miner_ocr"));
    assert_eq!(items[0].multi_item_email_ids, json!([1, 2]));
    assert_eq!((&items[1].multi_item_email_ids, items[1].requires_processing), (&json!([]), false));
}

async fn a_password_in_clear_is_sealed_and_one_elsewhere_stays_there(db: &DatabaseConnection) {
    bring(db, File::of(FENRIR).await.from()).await;

    let tester = user(db, "tester").await;
    let secret = encrypted_secret::Entity::find_by_id(tester.secret_id.unwrap());
    let secret = secret.one(db).await.unwrap().unwrap();
    assert_eq!(secret.path, "imports/fenrir/user/2");
    let by = &admin::<RevealSecrets>(db).await;
    let keys = &keys();
    let password: Option<SecretString> = audited(db, &World::system(), |unit, _| {
        Box::pin(users::password(unit, by, keys, tester.id)) as BoxFuture<'_, _>
    })
    .await
    .unwrap();
    assert_eq!(password.unwrap().expose_secret(), "geheim");
    let vaulted = user(db, "vaulted").await;
    assert_eq!(vaulted.secret_provider.map(|it| it.to_value()).as_deref(), Some("azure"));
    assert_eq!(vaulted.secret_name.as_deref(), Some("vaulted"));
    let other = user(db, "other").await;
    assert_eq!(other.secret_provider.map(|it| it.to_value()).as_deref(), Some("other"));
    assert_eq!(user(db, "half").await.secret_provider, None);
}

async fn a_password_that_cannot_be_sealed_does_not_come(db: &DatabaseConnection) {
    let report = run(db, File::of(FENRIR).await.from(), &Options::default()).await.unwrap();

    assert!(refused(&report).contains("user/2"), "{:#?}", report.remarks);
    assert!(report.remarks.iter().any(|remark| remark.reason.contains("ENCRYPTION_KEY")));
    // The person comes, without what could not be kept.
    assert_eq!(made(&report)["environment_users"], 4);
    assert_eq!(user(db, "tester").await.secret_id, None);
    assert!(report.remarks.iter().all(|remark| !remark.value.contains("geheim")));
}

async fn the_shape_of_the_shipped_migration_is_understood(db: &DatabaseConnection) {
    let file = File::of(FENRIR).await;
    file.execute(
        "ALTER TABLE page DROP COLUMN page_url; \
         CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY); \
         INSERT INTO alembic_version VALUES ('001_initial_schema')",
    )
    .await;

    let report = bring(db, file.from()).await;

    accounted(file.from(), &report).await;
    let pages = page::Entity::find().all(db).await.unwrap();
    assert!(pages.len() == 3 && pages.iter().all(|page| page.url == "/"), "{pages:?}");
    assert!(said(&report, "page/1")[0].reason.contains("no address"), "{:?}", report.remarks);
}

async fn rows_that_are_wrong_are_refused_one_by_one(db: &DatabaseConnection) {
    let report = bring(db, File::of(FENRIR).await.from()).await;

    let expected = ["emailProcessorTable/4", "identifier/6", "identifier/8", "page/5"];
    assert_eq!(refused(&report), BTreeSet::from(expected), "{:#?}", report.remarks);
    assert_eq!(made(&report)["encrypted_secrets"], 1);
}
