//! An ordinary project, on the database that it has.

#[path = "../../examples/drop_in/entities/mod.rs"]
#[allow(dead_code, unreachable_pub, reason = "entities are public, and bring more than is used")]
pub(crate) mod entities;
#[path = "../../examples/drop_in/migrations/mod.rs"]
pub(crate) mod migrations;

use plimsoll::{
    App, Compared, History, Whose, entities, introspect,
    schema::{Entities, Type},
    testing::Scratch,
};
use sea_orm_migration::MigratorTrait as _;

use crate::support::*;
use migrations::Migrator;

plimsoll::on_every_empty_database!(
    a_database_that_seaorm_migrated_agrees_with_its_entities,
    what_somebody_altered_by_hand_is_told_and_what_an_entity_lacks_too,
    pending_migrations_are_no_drift,
    a_registry_of_entities_is_read_by_making_its_tables,
);

pub(crate) fn app() -> App {
    App::new(History::of::<Migrator>()).entities(all())
}

pub(crate) fn all() -> Entities {
    entities![
        entities::customer::Entity,
        entities::order::Entity,
        entities::product::Entity,
        entities::order_product::Entity,
    ]
}

pub(crate) fn said(compared: &Compared) -> Vec<String> {
    let comparison = match compared {
        Compared::Made(comparison) => comparison,
        Compared::Impossible(because) => panic!("{because}"),
    };
    assert_eq!(comparison.unread, []);
    comparison.diff.changes.iter().map(|it| format!("{} {}", it.sign(), it.describe())).collect()
}

async fn a_database_that_seaorm_migrated_agrees_with_its_entities(scratch: &Scratch) {
    Migrator::up(&scratch.db, None).await.unwrap();
    let before = introspect(&scratch.db).await.unwrap();

    let agreement = app().on(&scratch.db).agreement(&scratch.database, false).await.unwrap();

    assert_eq!(said(agreement.entities.as_ref().unwrap()), Vec::<String>::new());
    assert_eq!(said(&agreement.database), Vec::<String>::new());
    assert!(agreement.is_clean() && agreement.is_whole());
    assert_eq!(introspect(&scratch.db).await.unwrap(), before);
    let made = app().on(&scratch.db).schema(&scratch.database, Whose::Migrations).await.unwrap();
    assert_eq!(made.tables.len(), 4);
}

async fn what_somebody_altered_by_hand_is_told_and_what_an_entity_lacks_too(scratch: &Scratch) {
    Migrator::up(&scratch.db, None).await.unwrap();
    run(&scratch.db, "ALTER TABLE product ADD COLUMN shelf varchar(20)").await;
    run(&scratch.db, "CREATE TABLE notes (id int)").await;
    let mut more = plimsoll::schema::Table::new("review");
    more.columns.push(plimsoll::schema::Column::new("id", Type::BigInteger));
    let entities = entities![entities::customer::Entity, entities::product::Entity].and([more]);
    let app = App::new(History::of::<Migrator>()).entities(entities);

    let agreement = app.on(&scratch.db).agreement(&scratch.database, false).await.unwrap();

    assert_eq!(said(&agreement.database), ["- drop column `product.shelf`"]);
    assert_eq!(
        said(agreement.entities.as_ref().unwrap()),
        ["- drop table `order_product`", "- drop table `order`", "+ create table `review`"]
    );
    assert_eq!(agreement.unknown, ["notes"]);
    assert!(!agreement.is_clean());
    let unmanaged = App::new(History::of::<Migrator>())
        .entities(entities![entities::customer::Entity, entities::product::Entity])
        .unmanaged(["order", "order_product", "notes"]);
    let agreement = unmanaged.on(&scratch.db).agreement(&scratch.database, false).await.unwrap();
    assert_eq!(said(agreement.entities.as_ref().unwrap()), Vec::<String>::new());
    assert_eq!(agreement.unknown, Vec::<String>::new());
}

async fn pending_migrations_are_no_drift(scratch: &Scratch) {
    Migrator::up(&scratch.db, Some(1)).await.unwrap();

    let agreement = app().on(&scratch.db).agreement(&scratch.database, false).await.unwrap();

    assert_eq!(said(&agreement.database), Vec::<String>::new());
    assert_eq!(said(agreement.entities.as_ref().unwrap()), Vec::<String>::new());
    assert!(!agreement.is_clean(), "two migrations are pending");
    let shallow = app().on(&scratch.db).agreement(&scratch.database, true).await.unwrap();
    assert!(matches!(shallow.database, Compared::Impossible(_)));
    assert!(!shallow.is_whole());
}

async fn a_registry_of_entities_is_read_by_making_its_tables(scratch: &Scratch) {
    Migrator::up(&scratch.db, None).await.unwrap();
    let registered = App::new(History::of::<Migrator>()).registered(|backend| {
        sea_orm::Schema::new(backend)
            .builder()
            .register(entities::customer::Entity)
            .register(entities::order::Entity)
            .register(entities::product::Entity)
            .register(entities::order_product::Entity)
    });

    let agreement = registered.on(&scratch.db).agreement(&scratch.database, false).await.unwrap();

    assert_eq!(said(agreement.entities.as_ref().unwrap()), Vec::<String>::new());
    assert!(agreement.is_clean() && agreement.is_whole());
}
