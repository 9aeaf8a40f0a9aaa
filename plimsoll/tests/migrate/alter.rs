//! An ordinary `Migrator` whose migrations alter tables by the engine's changes, on all three
//! databases.

use plimsoll::{App, History, Steps, introspect, prelude::*, schema::Type, testing::Scratch};
use sea_orm::{DatabaseConnection, DbErr, TransactionTrait as _};
use sea_orm_migration::{
    MigrationName, MigrationTrait, MigratorTrait, SchemaManager,
    sea_orm::sea_query::{ForeignKey, ForeignKeyAction, Table},
};

use crate::support::*;

plimsoll::on_every_empty_database!(
    a_table_is_altered_and_altered_back,
    what_a_table_has_not_is_refused_before_anything_runs,
    in_a_transaction_too_where_the_database_can,
    what_a_column_demands_stays_when_it_is_altered_and_goes_when_that_is_said,
    a_declared_migration_adds_a_column_fills_it_and_requires_it,
);

/// As SeaORM's own documentation writes one.
struct Create;

impl MigrationName for Create {
    fn name(&self) -> &'static str {
        "m01_create"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Create {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let ports = Table::create()
            .table("ports")
            .col(pk_auto("id"))
            .col(string_len("name", 40).unique_key())
            .take();
        manager.create_table(ports).await?;
        let ships = Table::create()
            .table("ships")
            .col(pk_auto("id"))
            .col(string_len_null("name", 40))
            .col(integer_null("port_id"))
            .col(string_len_null("flag", 2))
            .foreign_key(
                ForeignKey::create()
                    .name("fk_by_hand")
                    .from("ships", "port_id")
                    .to("ports", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .take();
        manager.create_table(ships).await
    }
}

/// Several changes at once, among them those that SeaORM panics at on SQLite.
struct Alter;

impl MigrationName for Alter {
    fn name(&self) -> &'static str {
        "m02_alter"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Alter {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        plimsoll::alter(manager, "ships", |t| {
            t.add(|t| {
                t.column(string_len("home", 40).default("Bergen"))
                    .column(integer_null("captain_id"))
                    .index(["home"])
            })
            .change(|t| t.column(string_len_null("name", 40)), |t| t.column(string_len("name", 80)))
            // What goes is found by its name, whatever else is said of it.
            .drop(|t| t.column(text_null("flag")))
        })
        .await?;
        // And a constraint by its columns, however it is called there.
        plimsoll::alter(manager, "ports", |t| {
            t.drop(|t| t.unique(["name"])).rename_column("name", "title")
        })
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        plimsoll::alter(manager, "ports", |t| {
            t.rename_column("title", "name").add(|t| t.unique(["name"]))
        })
        .await?;
        plimsoll::alter(manager, "ships", |t| {
            t.drop(|t| t.column(string("home")).column(integer_null("captain_id")).index(["home"]))
                .change(
                    |t| t.column(string_len("name", 80)),
                    |t| t.column(string_len_null("name", 40)),
                )
                .add(|t| t.column(string_len_null("flag", 2)))
        })
        .await
    }
}

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Create), Box::new(Alter)]
    }
}

async fn created(scratch: &Scratch) -> DatabaseConnection {
    let db = session(scratch).await;
    Migrator::up(&db, Some(1)).await.unwrap();
    run(&db, "INSERT INTO ports (name) VALUES ('Cadiz')").await;
    run(&db, "INSERT INTO ships (name, port_id, flag) VALUES ('a', 1, 'no'), ('b', NULL, NULL)")
        .await;
    db
}

async fn columns(db: &DatabaseConnection, table: &str) -> Vec<String> {
    let found = introspect(db).await.unwrap();
    found.tables[table].columns.iter().map(|it| it.name.clone()).collect()
}

async fn a_table_is_altered_and_altered_back(scratch: &Scratch) {
    let db = created(scratch).await;

    Migrator::up(&db, None).await.unwrap();

    let fresh = session(scratch).await;
    let found = introspect(&fresh).await.unwrap();
    let ships = &found.tables["ships"];
    assert_eq!(columns(&fresh, "ships").await, ["id", "name", "port_id", "home", "captain_id"]);
    assert_eq!(ships.column("name").unwrap().ty, Type::String(Some(80)));
    assert!(!ships.column("name").unwrap().nullable);
    assert_eq!(ships.indexes.iter().map(|it| &*it.name).collect::<Vec<_>>(), ["idx-ships-home"]);
    assert_eq!(ships.foreign_keys.len(), 1);
    assert_eq!(found.tables["ports"].uniques, []);
    assert_eq!(columns(&fresh, "ports").await, ["id", "title"]);
    assert_eq!(all::<String>(&fresh, "SELECT home FROM ships").await, ["Bergen", "Bergen"]);
    // The foreign key still does what it did.
    run(&fresh, "DELETE FROM ports").await;
    assert_eq!(all::<String>(&fresh, "SELECT name FROM ships").await, ["b"]);

    Migrator::down(&db, Some(1)).await.unwrap();

    let fresh = session(scratch).await;
    assert_eq!(columns(&fresh, "ships").await, ["id", "name", "port_id", "flag"]);
    assert_eq!(columns(&fresh, "ports").await, ["id", "name"]);
    run(&fresh, "INSERT INTO ports (name) VALUES ('Cadiz')").await;
    refused(&fresh, "INSERT INTO ports (name) VALUES ('Cadiz')").await;
}

async fn what_a_table_has_not_is_refused_before_anything_runs(scratch: &Scratch) {
    let db = created(scratch).await;
    let before = fingerprint(&db).await;
    let manager = SchemaManager::new(&db);

    let no_column = plimsoll::alter(&manager, "ships", |t| {
        t.add(|t| t.column(string_null("ok"))).drop(|t| t.column(string("masts")))
    })
    .await
    .unwrap_err();
    let no_table =
        plimsoll::alter(&manager, "boats", |t| t.add(|t| t.column(string_null("ok")))).await;
    let no_index = plimsoll::alter(&manager, "ships", |t| t.drop(|t| t.index(["name"]))).await;

    let said = no_column.to_string();
    assert!(said.contains("table `ships` has no column `masts`"), "{said}");
    let said = no_table.unwrap_err().to_string();
    assert!(said.contains("table `boats` does not exist"), "{said}");
    let said = no_index.unwrap_err().to_string();
    assert!(said.contains("index `idx-ships-name` does not exist"), "{said}");
    assert_eq!(fingerprint(&db).await, before);
}

/// SQLite is refused where rows would be lost: those of `ships` refer to `ports`.
async fn in_a_transaction_too_where_the_database_can(scratch: &Scratch) {
    let db = created(scratch).await;
    let transaction = db.begin().await.unwrap();
    let manager = SchemaManager::new(&transaction);

    let altered = plimsoll::alter(&manager, "ports", |t| t.drop(|t| t.unique(["name"]))).await;

    if dialect(&db) == plimsoll::Dialect::Sqlite {
        let said = altered.unwrap_err().to_string();
        assert!(said.contains("rows of `ships` refer to it"), "{said}");
        let added = plimsoll::alter(&manager, "ports", |t| {
            t.add(|t| t.column(string_null("quay"))).rename_column("name", "title")
        });
        added.await.unwrap();
    } else {
        altered.unwrap();
    }
    transaction.commit().await.unwrap();
    assert_eq!(count(&db, "ships").await, 2);
}

/// As SeaORM writes it, behind the column: MariaDB has no name for it then.
async fn what_a_column_demands_stays_when_it_is_altered_and_goes_when_that_is_said(
    scratch: &Scratch,
) {
    let db = session(scratch).await;
    let manager = SchemaManager::new(&db);
    let boats = Table::create()
        .table("boats")
        .col(pk_auto("id"))
        .col(integer("crew").check(Expr::col("crew").gte(0)))
        .take();
    manager.create_table(boats).await.unwrap();

    plimsoll::alter(&manager, "boats", |t| {
        t.change(|t| t.column(integer("crew")), |t| t.column(big_integer("crew")))
    })
    .await
    .unwrap();

    let fresh = session(scratch).await;
    run(&fresh, "INSERT INTO boats (crew) VALUES (3000000000)").await;
    refused(&fresh, "INSERT INTO boats (crew) VALUES (-1)").await;

    plimsoll::alter(&manager, "boats", |t| t.drop(|t| t.at_least("crew", 0))).await.unwrap();

    let fresh = session(scratch).await;
    run(&fresh, "INSERT INTO boats (crew) VALUES (-1)").await;
    assert_eq!(introspect(&fresh).await.unwrap().tables["boats"].checks, []);
}

fn users() -> Steps {
    Steps::new().create_table("users", |t| {
        t.column(big_pk_auto("id")).column(string_len("name", 80)).column(string_len("city", 20))
    })
}

fn nicknames() -> Steps {
    Steps::new()
        .alter("users", |t| t.add(|t| t.column(string_len_null("nickname", 80))))
        .sql("users", Sql::new("UPDATE users SET nickname = lower(name)"))
        .sql_and_back(
            "users",
            Sql::each(
                "UPDATE users SET city = city || '!'",
                "UPDATE users SET city = city || '!'",
                "UPDATE users SET city = concat(city, '!')",
            ),
            "UPDATE users SET city = replace(city, '!', '')",
        )
        .alter("users", |t| {
            t.change(
                |t| t.column(string_len_null("nickname", 80)),
                |t| t.column(string_len("nickname", 80)),
            )
            .add(|t| t.unique(["nickname"]))
        })
}

async fn a_declared_migration_adds_a_column_fills_it_and_requires_it(scratch: &Scratch) {
    let app = App::new(History::new().declared("m01", users).declared("m02", nicknames));
    heard_up(scratch, &app, "m01").await.0.unwrap();
    run(&scratch.db, "INSERT INTO users (name, city) VALUES ('Ada', 'Bath'), ('Bob', 'Cork')")
        .await;

    up(scratch, &app).await.unwrap_or_else(|error| panic!("{}", chain(&error)));

    let db = session(scratch).await;
    assert_eq!(all::<String>(&db, "SELECT nickname FROM users ORDER BY id").await, ["ada", "bob"]);
    assert_eq!(all::<String>(&db, "SELECT city FROM users ORDER BY id").await, ["Bath!", "Cork!"]);
    refused(&db, "INSERT INTO users (name, city) VALUES ('Eve', 'Dale')").await;

    down(scratch, &app, "m01").await.unwrap_or_else(|error| panic!("{}", chain(&error)));

    let db = session(scratch).await;
    assert_eq!(all::<String>(&db, "SELECT city FROM users ORDER BY id").await, ["Bath", "Cork"]);
    assert_eq!(count(&db, "users").await, 2);
    assert_eq!(columns(&db, "users").await, ["id", "name", "city"]);
    assert_eq!(introspect(&db).await.unwrap().tables["users"].uniques, []);
}
