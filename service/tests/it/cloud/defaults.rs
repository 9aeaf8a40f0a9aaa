//! What is taken where nothing is named.

use entity::cloud::{
    cloud_init_template::{self as templates, CloudInitTemplateType},
    package_config as packages,
    storage_backend::{self as stores, StorageProviderType},
};
use futures_util::future::join_all;
use plimsoll::retry::BoxFuture;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter,
};
use service::{
    Error, Result, World,
    audit::audited,
    cloud::{package, storage, template},
    records,
    rights::{DeleteCloud, Granted, UpdateCloud},
    rule::Rule,
};

use super::{is_refused, told};
use crate::people::admin;

plimsoll::on_every_database!(migration::app:
    one_object_store_is_the_default_and_stays_in_use,
    one_set_of_packages_is_the_default,
    each_type_of_template_has_a_default_of_its_own,
    of_defaults_that_are_chosen_at_once_one_is_left,
    of_templates_that_are_chosen_and_changed_at_once_no_type_has_two,
    of_defaults_that_are_given_a_third_type_at_once_one_gets_it,
);

pub(super) fn store(name: &str) -> stores::ActiveModel {
    stores::ActiveModel {
        name: Set(name.to_owned()),
        provider_type: Set(StorageProviderType::Minio),
        ..Default::default()
    }
}

pub(super) async fn template(
    db: &DatabaseConnection,
    name: &str,
    template_type: CloudInitTemplateType,
) -> i64 {
    let row = templates::ActiveModel {
        name: Set(name.to_owned()),
        template_content: Set("#cloud-config".to_owned()),
        template_type: Set(template_type),
        ..Default::default()
    };
    row.insert(db).await.unwrap().id
}

pub(super) async fn packages(db: &DatabaseConnection, name: &str) -> i64 {
    let row = packages::ActiveModel { name: Set(name.to_owned()), ..Default::default() };
    row.insert(db).await.unwrap().id
}

async fn choose_store(
    db: &DatabaseConnection,
    by: &Granted<UpdateCloud>,
    id: i64,
) -> Result<stores::Model> {
    audited(db, &World::system(), |unit, _| Box::pin(storage::make_default(unit, by, id))).await
}

pub(super) async fn choose_packages(
    db: &DatabaseConnection,
    by: &Granted<UpdateCloud>,
    id: i64,
) -> Result<packages::Model> {
    audited(db, &World::system(), |unit, _| Box::pin(package::make_default(unit, by, id))).await
}

pub(super) async fn choose_template(
    db: &DatabaseConnection,
    by: &Granted<UpdateCloud>,
    id: i64,
) -> Result<templates::Model> {
    audited(db, &World::system(), |unit, _| Box::pin(template::make_default(unit, by, id))).await
}

async fn change_store(
    db: &DatabaseConnection,
    by: &Granted<UpdateCloud>,
    id: i64,
    changes: stores::ActiveModel,
) -> Result<stores::Model> {
    let changes = &changes;
    audited(db, &World::system(), |unit, _| {
        Box::pin(records::update::<stores::Entity>(unit, by, id, changes.clone()))
            as BoxFuture<'_, _>
    })
    .await
}

async fn change_type(
    db: &DatabaseConnection,
    by: &Granted<UpdateCloud>,
    id: i64,
    to: CloudInitTemplateType,
) -> Result<templates::Model> {
    audited(db, &World::system(), |unit, _| {
        let row = templates::ActiveModel { template_type: Set(to), ..Default::default() };
        Box::pin(records::update::<templates::Entity>(unit, by, id, row)) as BoxFuture<'_, _>
    })
    .await
}

async fn default_stores(db: &DatabaseConnection) -> Vec<i64> {
    let all = stores::Entity::find().filter(stores::Column::IsDefault.eq(true));
    all.all(db).await.unwrap().into_iter().map(|store| store.id).collect()
}

async fn default_templates(db: &DatabaseConnection, of: CloudInitTemplateType) -> Vec<i64> {
    let all = templates::Entity::find()
        .filter(templates::Column::TemplateType.eq(of))
        .filter(templates::Column::IsDefault.eq(true));
    all.all(db).await.unwrap().into_iter().map(|template| template.id).collect()
}

async fn one_object_store_is_the_default_and_stays_in_use(db: &DatabaseConnection) {
    let by = &admin::<UpdateCloud>(db).await;
    let one = store("one").insert(db).await.unwrap().id;
    let other = store("other").insert(db).await.unwrap().id;
    let off = || stores::ActiveModel { is_active: Set(false), ..Default::default() };
    let flag = stores::ActiveModel { is_default: Set(true), ..Default::default() };

    choose_store(db, by, one).await.unwrap();
    let chosen = choose_store(db, by, other).await.unwrap();

    assert!(chosen.is_default);
    assert_eq!(default_stores(db).await, [other]);
    assert_eq!(told(db, "make_default").await, 2);
    let refused = change_store(db, by, other, off()).await;
    assert!(is_refused(&refused, Rule::InUse), "{refused:?}");
    change_store(db, by, one, off()).await.unwrap();
    let refused = choose_store(db, by, one).await;
    assert!(is_refused(&refused, Rule::Inactive), "{refused:?}");
    let refused = change_store(db, by, one, flag).await;
    assert!(matches!(refused, Err(Error::Invalid { kind: "object store", .. })), "{refused:?}");
    let missing = choose_store(db, by, 404).await;
    assert!(matches!(missing, Err(Error::NotFound { kind: "object store", .. })), "{missing:?}");
    assert_eq!(default_stores(db).await, [other]);
    let delete = &admin::<DeleteCloud>(db).await;
    audited(db, &World::system(), |unit, _| {
        Box::pin(records::delete::<stores::Entity>(unit, delete, other)) as BoxFuture<'_, _>
    })
    .await
    .unwrap();
    assert!(default_stores(db).await.is_empty());
}

async fn one_set_of_packages_is_the_default(db: &DatabaseConnection) {
    let by = &admin::<UpdateCloud>(db).await;
    let (one, other) = (packages(db, "one").await, packages(db, "other").await);

    choose_packages(db, by, one).await.unwrap();
    choose_packages(db, by, other).await.unwrap();

    let all = packages::Entity::find().filter(packages::Column::IsDefault.eq(true));
    let all: Vec<i64> = all.all(db).await.unwrap().into_iter().map(|set| set.id).collect();
    assert_eq!(all, [other]);
}

async fn each_type_of_template_has_a_default_of_its_own(db: &DatabaseConnection) {
    use CloudInitTemplateType::{MetaData, UserData};

    let by = &admin::<UpdateCloud>(db).await;
    let (user, other) = (template(db, "u1", UserData).await, template(db, "u2", UserData).await);
    let meta = template(db, "m1", MetaData).await;

    for id in [user, meta, other] {
        choose_template(db, by, id).await.unwrap();
    }

    assert_eq!(default_templates(db, UserData).await, [other]);
    assert_eq!(default_templates(db, MetaData).await, [meta]);
    let refused = change_type(db, by, other, MetaData).await;
    assert!(is_refused(&refused, Rule::InUse), "{refused:?}");
    change_type(db, by, user, MetaData).await.unwrap();
    change_type(db, by, other, UserData).await.unwrap();
    assert_eq!(default_templates(db, MetaData).await, [meta]);
}

async fn of_defaults_that_are_chosen_at_once_one_is_left(db: &DatabaseConnection) {
    let by = &admin::<UpdateCloud>(db).await;
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d"] {
        ids.push(store(name).insert(db).await.unwrap().id);
    }
    for _ in 0..plimsoll::testing::cases(3) {
        let outcomes = join_all(ids.iter().map(|id| choose_store(db, by, *id))).await;

        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        assert_eq!(default_stores(db).await.len(), 1);
    }
}

/// The default of one type becomes one of the other type, while another is made the default there.
async fn of_templates_that_are_chosen_and_changed_at_once_no_type_has_two(db: &DatabaseConnection) {
    use CloudInitTemplateType::{MetaData, UserData};

    let by = &admin::<UpdateCloud>(db).await;
    for round in 0..plimsoll::testing::cases(3) {
        let moved = template(db, &format!("u{round}"), UserData).await;
        let chosen = template(db, &format!("m{round}"), MetaData).await;
        choose_template(db, by, moved).await.unwrap();

        let (change, choice) = futures_util::future::join(
            change_type(db, by, moved, MetaData),
            choose_template(db, by, chosen),
        )
        .await;

        choice.unwrap();
        assert!(change.is_ok() || is_refused(&change, Rule::InUse), "{change:?}");
        assert_eq!(default_templates(db, MetaData).await, [chosen]);
    }
}

/// The defaults of two types are given the one type that has none.
async fn of_defaults_that_are_given_a_third_type_at_once_one_gets_it(db: &DatabaseConnection) {
    use CloudInitTemplateType::{MetaData, NetworkConfig, UserData};

    let by = &admin::<UpdateCloud>(db).await;
    for _ in 0..plimsoll::testing::cases(3) {
        templates::Entity::delete_many().exec(db).await.unwrap();
        let mut ids = Vec::new();
        for (name, of) in [("u", UserData), ("m", MetaData)] {
            let id = template(db, name, of).await;
            choose_template(db, by, id).await.unwrap();
            ids.push(id);
        }

        let outcomes = join_all(ids.iter().map(|id| change_type(db, by, *id, NetworkConfig))).await;

        let changed = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(changed, 1, "{outcomes:?}");
        assert!(outcomes.iter().any(|outcome| is_refused(outcome, Rule::InUse)), "{outcomes:?}");
        assert_eq!(default_templates(db, NetworkConfig).await.len(), 1);
    }
}
