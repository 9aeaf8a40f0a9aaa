//! RAG Fortress: people, what they may do, and settings.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use entity::{
    identity::{role, user, user_role},
    settings::application_setting,
};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter};
use service::imports::Options;

use super::database::{File, RAG_FORTRESS, bring, made, refused, run, said, sealing};

plimsoll::on_every_database!(migration::app:
    people_come_with_their_roles_and_what_is_there_stays_as_it_is,
    rows_that_are_wrong_are_refused_one_by_one,
    settings_come_in_their_one_form_and_those_that_are_there_stay,
    two_sources_of_a_kind_are_told_apart,
);

async fn named(db: &DatabaseConnection, name: &str) -> user::Model {
    let found = user::Entity::find().filter(user::Column::Username.eq(name));
    found.one(db).await.unwrap().unwrap()
}

async fn roles_of(db: &DatabaseConnection, name: &str) -> BTreeSet<String> {
    let rows = user_role::Entity::find()
        .filter(user_role::Column::UserId.eq(named(db, name).await.id))
        .find_also_related(role::Entity)
        .all(db)
        .await
        .unwrap();
    rows.into_iter().filter_map(|(_, role)| Some(role?.name)).collect()
}

fn set<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into_iter().collect()
}

async fn people_come_with_their_roles_and_what_is_there_stays_as_it_is(db: &DatabaseConnection) {
    let report = bring(db, File::of(RAG_FORTRESS).await.from()).await;

    let ana = named(db, "Ana").await;
    assert_eq!(ana.email.as_deref(), Some("ana@example.org"));
    assert_eq!(ana.username_key, "ana");
    assert_eq!(ana.full_name.as_deref(), Some("Ana Ángel"));
    assert_eq!(ana.bio.as_deref(), Some("líneas\ndos"));
    assert_eq!(ana.created_at, "2025-01-02T03:04:05Z".parse::<DateTime<Utc>>().unwrap());
    assert!(ana.password_hash.unwrap().expose().starts_with("$argon2id$"));
    assert!(!named(db, "zoë").await.is_active);
    assert_eq!(roles_of(db, "Ana").await, set(["user", "Executive"]));
    assert_eq!(roles_of(db, "admin").await, set(["admin"]));
    let admin = role::Entity::find().filter(role::Column::NameKey.eq("admin"));
    let admin = admin.one(db).await.unwrap().unwrap();
    assert!(admin.is_system && admin.description.as_deref() == Some("May do everything."));
    assert_eq!((report.tables["roles"].made, report.tables["roles"].matched), (1, 3));
    assert_eq!((report.tables["permissions"].made, report.tables["permissions"].matched), (1, 2));
    let other = said(&report, "users/7");
    assert!(other[0].reason.contains("cannot be verified"), "{other:?}");
}

async fn rows_that_are_wrong_are_refused_one_by_one(db: &DatabaseConnection) {
    let report = bring(db, File::of(RAG_FORTRESS).await.from()).await;

    let expected = [
        "application_settings/8",
        "roles/11",
        "user_roles/12/2",
        "user_roles/9/2",
        "user_roles/99/1",
        "users/12",
        "users/9",
    ];
    assert_eq!(refused(&report), BTreeSet::from(expected), "{:#?}", report.remarks);
    assert_eq!(report.faults, 7);
    assert_eq!((made(&report)["users"], made(&report)["user_roles"]), (3, 4));
}

async fn settings_come_in_their_one_form_and_those_that_are_there_stay(db: &DatabaseConnection) {
    bring(db, File::of(RAG_FORTRESS).await.from()).await;

    let value = async |key: &str| {
        let found = application_setting::Entity::find();
        let found = found.filter(application_setting::Column::Key.eq(key)).one(db).await.unwrap();
        found.unwrap().value
    };
    assert_eq!(value("rag.chunk_size").await, "512");
    assert_eq!(value("rag.enabled").await, "true");
    assert_eq!(value("app.name").await, "Plimsoll");
}

async fn two_sources_of_a_kind_are_told_apart(db: &DatabaseConnection) {
    let other = RAG_FORTRESS
        .replace("'admin', 'admin@", "'root', 'root@")
        .replace("'Ana', 'Ana@", "'Bea', 'bea@")
        .replace("'zoë', 'zoe@", "'yan', 'yan@");
    let (one, other) = (File::of(RAG_FORTRESS).await, File::of(&other).await);
    let scope = |name: &str| Options { scope: Some(name.to_owned()), ..sealing() };

    let first = run(db, one.from(), &scope("berlin")).await.unwrap();
    let second = run(db, other.from(), &scope("lima")).await.unwrap();

    assert_eq!((made(&first)["users"], made(&second)["users"]), (3, 3));
    assert_eq!(roles_of(db, "Bea").await, set(["user", "Executive"]));
    assert_eq!(roles_of(db, "Ana").await, set(["user", "Executive"]));
    let again = run(db, other.from(), &scope("lima")).await.unwrap();
    assert_eq!((made(&again)["users"], again.tables["users"].same), (0, 3));
}
