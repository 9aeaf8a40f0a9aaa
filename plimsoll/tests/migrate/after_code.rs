//! A migration that is written for a project of SeaORM's: its history is code.
//!
//! `cargo test -p plimsoll --features cli,testing,runtime-tokio-rustls --test migrate -- --ignored after_code`
//! writes the file anew.

// As the file lies in the project: its name is the migration's.
#[path = "../generated/m20260101_000000_behind_code.rs"]
#[allow(unreachable_pub, reason = "it is written for the crate of somebody else")]
mod m20260101_000000_behind_code;

use std::{fs, path::PathBuf};

use plimsoll::{
    App, Dialect, Entities, History, introspect,
    prelude::*,
    schema::{Column, ForeignKey, Index, Table, Type},
    testing::Scratch,
    write::{Form, migration},
};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

use crate::{
    answered::answered_from,
    drop_in::{self, migrations::Migrator, said},
    formatted::formatted,
    made::{changes, lines},
    support::*,
};

plimsoll::on_every_empty_database!(
    the_same_file_is_written_whichever_database_made_what_is_there,
    what_was_written_runs_under_seaorm_and_is_taken_back_with_its_rows,
    a_declared_migration_may_stand_behind_code,
    a_text_without_a_length_is_written_without_one,
);

/// The entities, changed.
fn changed() -> Entities {
    let mut tables: Vec<Table> = drop_in::all().into_iter().collect();
    let mut of = |name: &str| tables.iter().position(|table| table.name == name).unwrap();
    let [customer, order, product] = ["customer", "order", "product"].map(&mut of);
    let nickname = Column { nullable: true, ..Column::new("nickname", Type::String(Some(40))) };
    tables[customer].columns.push(nickname);
    tables[customer].indexes.push(Index::over("customer", ["nickname"]));
    for column in &mut tables[order].columns {
        match &*column.name {
            "total" => column.ty = Type::Decimal(Some((14, 2))),
            "note" => {
                column.renamed_from = Some("note".to_owned());
                "remark".clone_into(&mut column.name);
            }
            _ => {}
        }
    }
    tables[product].columns.retain(|column| column.name != "weight");
    let mut review = Table::new("review");
    review.columns = vec![
        Column { auto_increment: true, ..Column::new("id", Type::BigInteger) },
        Column::new("product_id", Type::Uuid),
        Column::new("text", Type::Text),
    ];
    review.primary_key = vec!["id".to_owned()];
    review.foreign_keys.push(
        ForeignKey::new("fk-review-product_id", ["product_id"], "product", ["id"])
            .on_delete(OnDelete::Cascade),
    );
    tables.push(review);
    tables.into()
}

fn file() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/generated");
    folder.join("m20260101_000000_behind_code.rs")
}

async fn drafted(scratch: &Scratch) -> (Steps, Vec<String>) {
    let app = App::new(History::of::<Migrator>()).entities(changed());
    assert!(app.beginning(None).unwrap().is_none(), "nobody knows what code makes");
    answered_from(&app.on(&scratch.db).beginning(&scratch.database).await.unwrap())
}

async fn written(scratch: &Scratch) -> String {
    let (steps, notes) = drafted(scratch).await;
    formatted(&migration(Form::Imperative, "Behind code", &notes, &steps).unwrap().source)
}

async fn the_same_file_is_written_whichever_database_made_what_is_there(scratch: &Scratch) {
    assert_eq!(written(scratch).await, fs::read_to_string(file()).unwrap());
}

/// SeaORM's list with the migration that was written.
struct Written;

#[async_trait::async_trait]
impl MigratorTrait for Written {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let written: Box<dyn MigrationTrait> = Box::new(m20260101_000000_behind_code::Migration);
        Migrator::migrations().into_iter().chain([written]).collect()
    }
}

async fn fill(scratch: &Scratch) {
    for sql in [
        "INSERT INTO customer (email, name) VALUES ('a@b', 'A'), ('c@d', NULL)",
        "INSERT INTO {order} (customer_id, state, total, placed_at, note) \
         VALUES (1, 'open', 12.50, '2026-01-01 00:00:00', 'soon'), \
         (2, 'paid', 7, '2026-01-01 00:00:00', NULL)",
    ] {
        let sql = sql.replace("{order}", &quote(&scratch.db, "order"));
        run(&scratch.db, &sql).await;
    }
}

async fn agrees(scratch: &Scratch, entities: Entities) {
    let db = session(scratch).await;
    let app = App::new(History::of::<Written>()).entities(entities);
    let have = app.on(&db).agreement(&scratch.database, false).await.unwrap();
    assert_eq!(said(&have.database), [""; 0]);
    let _ = db.close().await;
}

async fn notes(scratch: &Scratch, column: &str) -> Vec<Option<String>> {
    let order = quote(&scratch.db, "order");
    all(&scratch.db, &format!("SELECT {column} FROM {order} ORDER BY id")).await
}

async fn what_was_written_runs_under_seaorm_and_is_taken_back_with_its_rows(scratch: &Scratch) {
    Migrator::up(&scratch.db, None).await.unwrap();
    fill(scratch).await;
    let before = introspect(&scratch.db).await.unwrap();

    Written::up(&scratch.db, None).await.unwrap_or_else(|error| panic!("{}", chain(&error)));

    let app = App::new(History::of::<Written>()).entities(changed());
    let db = session(scratch).await;
    let agreement = app.on(&db).agreement(&scratch.database, false).await.unwrap();
    let _ = db.close().await;
    assert_eq!(said(agreement.entities.as_ref().unwrap()), [""; 0]);
    assert!(agreement.is_clean(), "{agreement:?}");
    assert_eq!(notes(scratch, "remark").await, [Some("soon".to_owned()), None]);
    refused(&scratch.db, "INSERT INTO review (id, product_id, text) VALUES (1, NULL, 'x')").await;
    Written::down(&scratch.db, Some(1)).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert_eq!(notes(scratch, "note").await, [Some("soon".to_owned()), None]);
    let db = session(scratch).await;
    let back = introspect(&db).await.unwrap();
    assert_eq!(lines(&changes(scratch, &back, &before).await), [""; 0]);
    let _ = db.close().await;
    agrees(scratch, drop_in::all()).await;
}

async fn a_declared_migration_may_stand_behind_code(scratch: &Scratch) {
    let (steps, _) = drafted(scratch).await;
    let history =
        History::of::<Migrator>().declared("m20260101_000000_behind_code", move || steps.clone());
    let app = App::new(history).entities(changed());
    heard_up(scratch, &app, "+3").await.0.unwrap();
    fill(scratch).await;
    let rehearsed = app.on(&scratch.db).rehearse_up(&to("head")).await.unwrap();
    // What a table has that is to be built anew only the database knows.
    let is_rebuilt = dialect(&scratch.db) == Dialect::Sqlite;
    assert_eq!(rehearsed[0].statements.is_none(), is_rebuilt, "{rehearsed:?}");

    up(scratch, &app).await.unwrap_or_else(|error| panic!("{}", chain(&error)));

    let db = session(scratch).await;
    let beginning = app.on(&db).beginning(&scratch.database).await.unwrap();
    assert_eq!(answered_from(&beginning).0, Steps::new(), "nothing is left to be written");
    assert!(app.on(&db).agreement(&scratch.database, false).await.unwrap().is_clean());
    let _ = db.close().await;
    down(scratch, &app, "-1").await.unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert_eq!(notes(scratch, "note").await, [Some("soon".to_owned()), None]);
    agrees(scratch, drop_in::all()).await;
}

/// MySQL gives every one a length, which the other databases would keep.
async fn a_text_without_a_length_is_written_without_one(scratch: &Scratch) {
    let mut tables: Vec<Table> = drop_in::all().into_iter().collect();
    let customer = tables.iter_mut().find(|table| table.name == "customer").unwrap();
    let name = customer.columns.iter_mut().find(|column| column.name == "name").unwrap();
    name.nullable = false;
    let app = App::new(History::of::<Migrator>()).entities(tables.into());

    let (steps, _) =
        answered_from(&app.on(&scratch.db).beginning(&scratch.database).await.unwrap());

    let source = migration(Form::Imperative, "Named", &[], &steps).unwrap().source;
    assert!(source.contains("string_null(\"name\")"), "{source}");
    assert!(source.contains("string(\"name\")"), "{source}");
}

#[test]
#[ignore = "writes the file that the other tests compare with"]
fn the_file_is_written_anew() {
    plimsoll::testing::run_empty(plimsoll::Dialect::Sqlite, async |scratch: &Scratch| {
        fs::write(file(), written(scratch).await).unwrap();
    });
}
