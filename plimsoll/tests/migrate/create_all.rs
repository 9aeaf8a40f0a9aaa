//! The tables of the entities, made at once in an empty database.

use plimsoll::{
    App, Choice, Created, Entities, Error, History, MigrationError, entities,
    prelude::*,
    schema::{Table, TableBuilder},
    testing::Scratch,
};

use crate::{
    entities::{differences, plain},
    guests::guest,
    support::*,
};

plimsoll::on_every_empty_database!(
    the_tables_of_the_entities_are_there_and_the_history_is_recorded,
    rows_that_migrations_insert_are_there,
    tables_that_refer_to_each_other_are_made,
    a_database_that_is_not_empty_is_refused_and_left_as_it_is,
    what_the_database_refuses_leaves_nothing_behind,
);

fn app(entities: Entities) -> App {
    let history = History::new()
        .declared("m01", || table("ports"))
        .imperative(guest("m02_code", &["CREATE TABLE code (id int)"]))
        .declared("m03_rows", || Steps::new().insert("ports", ["name"], [vec!["Rex".into()]]));
    App::new(history).entities(entities)
}

async fn create(scratch: &Scratch, app: &App) -> plimsoll::Result<Created> {
    let db = session(scratch).await;
    let created = Box::pin(app.on(&db).create_all(&scratch.database, &Choice::default())).await;
    db.close().await.unwrap();
    created
}

fn made(name: &str, make: impl FnOnce(TableBuilder) -> TableBuilder) -> Table {
    let mut schema = plimsoll::Schema::default();
    Steps::new().create_table(name, make).apply(&mut schema).unwrap();
    schema.tables.remove(name).unwrap()
}

async fn the_tables_of_the_entities_are_there_and_the_history_is_recorded(scratch: &Scratch) {
    let app = app(plain());

    let created = create(scratch, &app).await.unwrap_or_else(|error| panic!("{}", chain(&error)));

    let mut found = tables(&scratch.db).await;
    found.sort();
    assert_eq!(created.tables, found);
    assert!(created.tables.len() >= 5, "{:?}", created.tables);
    assert_eq!(differences(scratch, &plain()).await, [""; 0]);
    assert_eq!(created.recorded, ["m01", "m02_code", "m03_rows"]);
    assert_eq!(created.not_run, ["m02_code", "m03_rows"]);
    assert_eq!(recorded(&scratch.db).await, ["m01", "m02_code", "m03_rows"]);
    assert_eq!(applied(&up(scratch, &app).await.unwrap()), [""; 0]);
}

async fn rows_that_migrations_insert_are_there(scratch: &Scratch) {
    let ports = made("ports", |t| t.column(big_pk_auto("id")).column(string_len("name", 80)));
    let app = app(entities![].and([ports]));
    let session = session(scratch).await;
    let foreseen = Box::pin(app.on(&session).rehearse_create_all(&scratch.database)).await.unwrap();
    session.close().await.unwrap();

    let created = create(scratch, &app).await.unwrap_or_else(|error| panic!("{}", chain(&error)));

    let insert = foreseen.iter().find(|it| it.name == "the rows that migrations insert").unwrap();
    let statements = insert.statements.as_deref().unwrap();
    assert!(statements[0].starts_with("INSERT INTO"), "{statements:?}");
    assert_eq!(count(&scratch.db, "ports WHERE name = 'Rex'").await, 1);
    assert_eq!(created.not_run, ["m02_code"]);
}

async fn tables_that_refer_to_each_other_are_made(scratch: &Scratch) {
    let of = |name: &str, column: &'static str, other: &str| {
        made(name, |t| {
            t.column(big_pk_auto("id")).column(big_integer_null(column)).foreign_key(
                [column],
                other,
                ["id"],
                OnDelete::SetNull,
            )
        })
    };
    let app =
        app(entities![].and([of("ships", "crew_id", "crew"), of("crew", "ship_id", "ships")]));

    create(scratch, &app).await.unwrap_or_else(|error| panic!("{}", chain(&error)));

    assert_eq!(tables(&scratch.db).await, ["crew", "ships"]);
    let found = plimsoll::introspect(&scratch.db).await.unwrap();
    for name in ["crew", "ships"] {
        assert_eq!(found.tables[name].foreign_keys.len(), 1, "{name}");
    }
}

async fn a_database_that_is_not_empty_is_refused_and_left_as_it_is(scratch: &Scratch) {
    let db = &scratch.db;
    run(db, "CREATE TABLE theirs (id int)").await;
    let before = fingerprint(db).await;

    let error = create(scratch, &app(plain())).await.unwrap_err();

    assert_eq!(error.code(), "PLM0071");
    assert_eq!(error.to_string(), "the database is not empty: it has table `theirs`");
    assert!(error.hint().unwrap().contains("`drop-all`"), "{:?}", error.hint());
    assert_eq!(tables(db).await, ["theirs"]);
    // The records may have come.
    let stays: Vec<String> = fingerprint(db).await;
    assert!(before.iter().all(|line| stays.contains(line)), "{before:?} {stays:?}");

    create(scratch, &app(plain()).unmanaged(["theirs"])).await.unwrap();
    let again = create(scratch, &app(plain()).unmanaged(["theirs"])).await.unwrap_err();
    assert!(again.to_string().ends_with("3 revisions recorded as applied"), "{again}");
}

async fn what_the_database_refuses_leaves_nothing_behind(scratch: &Scratch) {
    let good = made("a_good", |t| t.column(big_pk_auto("id")));
    let bad = made("b_bad", |t| t.column(big_pk_auto("id")).check("ck-bad", "nowhere > 1"));

    let error = create(scratch, &app(entities![].and([good, bad]))).await.unwrap_err();

    let Error::Migration(MigrationError::NotCreated { table, statement, .. }) = &error else {
        panic!("{}", chain(&error))
    };
    assert_eq!((table.as_str(), error.code()), ("b_bad", "PLM0072"));
    assert!(statement.contains("nowhere"), "{statement}");
    assert_eq!(tables(&scratch.db).await, [""; 0]);
    assert_eq!(recorded(&scratch.db).await, [""; 0]);
    create(scratch, &app(plain())).await.unwrap();
}
