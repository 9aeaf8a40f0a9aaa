//! Tables that SQLite builds anew: nothing on them and nothing that refers to them is lost.

use plimsoll::{
    App, Change, Choice, Dialect, History, Schema, Steps, connect,
    plan::statements,
    prelude::*,
    schema::{Column, Default, ForeignKey, TableOption, Type, Unique},
    testing::Scratch,
};
use sea_orm::{DatabaseConnection, DbErr};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

use crate::support::*;

/// Writes each test for SQLite alone: the other two alter a table where it is.
macro_rules! on_sqlite {
    ($($test:ident),+ $(,)?) => {
        $(mod $test {
            #[test]
            fn sqlite() {
                plimsoll::testing::run_empty(plimsoll::Dialect::Sqlite, super::$test);
            }
        })+
    };
}

on_sqlite!(
    rows_and_those_that_refer_to_them_stay,
    a_table_that_refers_to_itself_keeps_its_rows,
    keys_that_were_given_out_are_not_given_out_again,
    the_numbers_of_rows_stay,
    triggers_views_and_indexes_of_others_stay,
    a_view_that_would_break_is_told_and_nothing_happens,
    rows_that_do_not_fit_are_refused_and_nothing_happens,
    rows_that_would_refer_to_nothing_are_refused,
    a_disk_that_fills_up_loses_nothing,
    a_table_that_somebody_altered_is_not_built_anew,
    several_changes_are_one_rebuild,
    a_strict_table_stays_strict,
    a_strict_table_refuses_what_it_has_no_type_for_before_anything_runs,
    seaorm_runs_it_too,
    seaorm_in_a_transaction_is_refused_where_rows_would_go,
);

/// Ships that belong to ports, and crews that belong to ships and go with them.
fn ports_and_ships() -> Steps {
    Steps::new()
        .create_table("ports", |t| t.column(big_pk_auto("id")).column(string_len("name", 80)))
        .create_table("ships", |t| {
            t.column(big_pk_auto("id"))
                .column(string_len_null("name", 80))
                .column(big_integer_null("port_id"))
                .column(big_integer_null("flagship_id"))
                .foreign_key(["port_id"], "ports", ["id"], OnDelete::SetNull)
                .foreign_key(["flagship_id"], "ships", ["id"], OnDelete::Cascade)
        })
        .create_table("crew", |t| {
            t.column(big_pk_auto("id")).column(big_integer("ship_id")).foreign_key(
                ["ship_id"],
                "ships",
                ["id"],
                OnDelete::Cascade,
            )
        })
}

fn column(name: &str) -> Column {
    let mut column = Column::new(name, Type::String(Some(80)));
    column.nullable = true;
    column
}

/// The name of a ship has to be there, and may be longer.
fn names_are_required() -> Steps {
    let mut to = Column::new("name", Type::String(Some(120)));
    to.nullable = false;
    Steps::new().change(Change::AlterColumn {
        table: "ships".to_owned(),
        from: Box::new(column("name")),
        to: Box::new(to),
    })
}

async fn fill(db: &DatabaseConnection) {
    run(db, "INSERT INTO ports (name) VALUES ('Bergen'), ('Cadiz')").await;
    run(
        db,
        "INSERT INTO ships (name, port_id, flagship_id) VALUES ('a', 1, 1), ('b', 2, 1), ('c', NULL, 2)",
    )
    .await;
    run(db, "INSERT INTO crew (ship_id) VALUES (1), (1), (2), (3)").await;
}

fn history(second: fn() -> Steps) -> App {
    App::new(History::new().declared("m01", ports_and_ships).declared("m02", second))
}

async fn made(scratch: &Scratch, second: fn() -> Steps) -> App {
    let app = history(second);
    heard_up(scratch, &app, "m01").await.0.unwrap();
    fill(&scratch.db).await;
    app
}

async fn ships(db: &DatabaseConnection) -> Vec<String> {
    all(
        db,
        "SELECT id || ' ' || coalesce(name, '-') || ' ' || coalesce(port_id, '-') || ' ' || \
         coalesce(flagship_id, '-') FROM ships ORDER BY id",
    )
    .await
}

const SHIPS: [&str; 3] = ["1 a 1 1", "2 b 2 1", "3 c - 2"];

async fn nothing_happened(scratch: &Scratch, before: &[String]) {
    let db = session(scratch).await;
    assert_eq!(fingerprint(&db).await, before);
    assert_eq!(ships(&db).await, SHIPS);
    assert_eq!(count(&db, "crew").await, 4);
    assert_eq!(recorded(&db).await, ["m01"]);
    assert_eq!(one::<i64>(&db, "SELECT foreign_keys FROM pragma_foreign_keys").await, 1);
}

async fn rows_and_those_that_refer_to_them_stay(scratch: &Scratch) {
    let app = made(scratch, names_are_required).await;

    up(scratch, &app).await.unwrap();

    let db = session(scratch).await;
    assert_eq!(ships(&db).await, SHIPS);
    assert_eq!(count(&db, "crew").await, 4);
    refused(&db, "INSERT INTO ships (name) VALUES (NULL)").await;
    refused(&db, "INSERT INTO crew (ship_id) VALUES (99)").await;
    // The keys still do what they did.
    run(&db, "DELETE FROM ships WHERE id = 2").await;
    assert_eq!(count(&db, "crew").await, 2);
}

async fn a_table_that_refers_to_itself_keeps_its_rows(scratch: &Scratch) {
    let app = made(scratch, names_are_required).await;

    up(scratch, &app).await.unwrap();
    down(scratch, &app, "m01").await.unwrap();

    let db = session(scratch).await;
    assert_eq!(ships(&db).await, SHIPS);
    run(&db, "DELETE FROM ships WHERE id = 1").await;
    assert_eq!(count(&db, "ships").await, 0);
}

async fn keys_that_were_given_out_are_not_given_out_again(scratch: &Scratch) {
    let app = made(scratch, names_are_required).await;
    run(&scratch.db, "DELETE FROM ships WHERE id = 3").await;

    up(scratch, &app).await.unwrap();

    let db = session(scratch).await;
    run(&db, "INSERT INTO ships (name) VALUES ('d')").await;
    assert_eq!(one::<i64>(&db, "SELECT max(id) FROM ships").await, 4);
    run(&db, "DELETE FROM ships").await;
    down(scratch, &app, "m01").await.unwrap();
    let db = session(scratch).await;
    run(&db, "INSERT INTO ships (name) VALUES ('e')").await;
    assert_eq!(one::<i64>(&db, "SELECT max(id) FROM ships").await, 5);
}

async fn the_numbers_of_rows_stay(scratch: &Scratch) {
    let tables = || {
        Steps::new().create_table("notes", |t| {
            t.column(string_len("code", 8))
                .column(string_len_null("name", 80))
                .primary_key(["code"])
        })
    };
    let wider = || {
        let mut to = column("name");
        to.ty = Type::Text;
        let (from, to) = (Box::new(column("name")), Box::new(to));
        Steps::new().change(Change::AlterColumn { table: "notes".to_owned(), from, to })
    };
    let app = App::new(History::new().declared("m01", tables).declared("m02", wider));
    heard_up(scratch, &app, "m01").await.0.unwrap();
    run(&scratch.db, "INSERT INTO notes (rowid, code) VALUES (7, 'x'), (3, 'y')").await;

    up(scratch, &app).await.unwrap();

    let db = session(scratch).await;
    let numbers: Vec<i64> = all(&db, "SELECT rowid FROM notes ORDER BY code").await;
    assert_eq!(numbers, [7, 3]);
}

async fn triggers_views_and_indexes_of_others_stay(scratch: &Scratch) {
    let app = made(scratch, names_are_required).await;
    for sql in [
        "CREATE TABLE log (what text)",
        "CREATE TRIGGER gone AFTER DELETE ON ships BEGIN INSERT INTO log VALUES (old.name); END",
        "CREATE TRIGGER hired AFTER INSERT ON crew BEGIN \
         UPDATE ships SET name = name || '+' WHERE id = new.ship_id; END",
        "CREATE VIEW named AS SELECT name FROM ships",
        "CREATE VIEW named_twice AS SELECT name FROM named",
        "CREATE INDEX \"by hand\" ON ships (name) WHERE port_id IS NOT NULL",
    ] {
        run(&scratch.db, sql).await;
    }
    let on_it = "SELECT sql FROM sqlite_schema WHERE type IN ('trigger', 'view', 'index') \
                 AND sql IS NOT NULL ORDER BY name";
    let before: Vec<String> = all(&scratch.db, on_it).await;

    up(scratch, &app).await.unwrap();

    let db = session(scratch).await;
    assert_eq!(all::<String>(&db, on_it).await, before);
    assert_eq!(count(&db, "log").await, 0, "no row was deleted");
    assert_eq!(count(&db, "named_twice").await, 3);
    run(&db, "INSERT INTO crew (ship_id) VALUES (3)").await;
    run(&db, "DELETE FROM ships WHERE id = 3").await;
    assert_eq!(one::<String>(&db, "SELECT what FROM log").await, "c+");
}

/// A view that names a column which goes.
async fn a_view_that_would_break_is_told_and_nothing_happens(scratch: &Scratch) {
    let without_name = || {
        names_are_required()
            .change(Change::DropForeignKey { table: "ships".to_owned(), key: ports_key() })
            .change(Change::DropColumn { table: "ships".to_owned(), column: port_column() })
            .allow_loss("nobody calls there")
    };
    let app = made(scratch, without_name).await;
    run(&scratch.db, "CREATE VIEW moored AS SELECT port_id FROM ships").await;
    let before = fingerprint(&scratch.db).await;

    let error = up(scratch, &app).await.unwrap_err();

    assert!(
        chain(&error).contains("view `moored` could not be read any more"),
        "{}",
        chain(&error)
    );
    nothing_happened(scratch, &before).await;
}

fn ports_key() -> ForeignKey {
    ForeignKey::new("fk-ships-port_id", ["port_id"], "ports", ["id"]).on_delete(OnDelete::SetNull)
}

fn port_column() -> Column {
    let mut column = Column::new("port_id", Type::BigInteger);
    column.nullable = true;
    column
}

async fn rows_that_do_not_fit_are_refused_and_nothing_happens(scratch: &Scratch) {
    let app = made(scratch, names_are_required).await;
    let before = fingerprint(&scratch.db).await;
    run(&scratch.db, "INSERT INTO ships (id, name) VALUES (9, NULL)").await;

    let error = up(scratch, &app).await.unwrap_err();

    let said = chain(&error);
    assert!(
        said.contains("`ships.name` takes no NULL: 1 row does not fit (id 9: name NULL)"),
        "{said}"
    );
    run(&scratch.db, "DELETE FROM ships WHERE id = 9").await;
    nothing_happened(scratch, &before).await;
}

/// A foreign key into a table that has not the rows.
async fn rows_that_would_refer_to_nothing_are_refused(scratch: &Scratch) {
    let to_ports = || {
        let key = ForeignKey::new("fk", ["flagship_id"], "ports", ["id"]);
        Steps::new().change(Change::AddForeignKey { table: "ships".to_owned(), key })
    };
    let app = made(scratch, to_ports).await;
    run(&scratch.db, "UPDATE ships SET flagship_id = 3 WHERE id = 1").await;
    let before = fingerprint(&scratch.db).await;

    let error = up(scratch, &app).await.unwrap_err();

    let said = chain(&error);
    let expected = "(flagship_id) of `ships` refers to a row of `ports`: 1 row does not fit \
                    (id 1: flagship_id 3)";
    assert!(said.contains(expected), "{said}");
    run(&scratch.db, "UPDATE ships SET flagship_id = 1 WHERE id = 1").await;
    nothing_happened(scratch, &before).await;
}

/// The database may grow by another page each time until that is enough.
async fn a_disk_that_fills_up_loses_nothing(scratch: &Scratch) {
    let app = made(scratch, names_are_required).await;
    run(
        &scratch.db,
        "WITH RECURSIVE number(n) AS (SELECT 10 UNION ALL SELECT n + 1 FROM number WHERE n < 700) \
         INSERT INTO ships (id, name) SELECT n, hex(randomblob(40)) FROM number",
    )
    .await;
    let names = async |db: &DatabaseConnection| {
        all::<String>(db, "SELECT id || name FROM ships ORDER BY id").await
    };
    let before = (fingerprint(&scratch.db).await, names(&scratch.db).await);
    let pages: i64 = one(&scratch.db, "SELECT page_count FROM pragma_page_count").await;
    let mut refused = 0;

    for more in 0.. {
        let db = session(scratch).await;
        run(&db, &format!("PRAGMA max_page_count = {}", pages + more)).await;
        let outcome = app.on(&db).up(&to("head"), &Choice::default()).await;
        let is_on: i64 = one(&db, "SELECT foreign_keys FROM pragma_foreign_keys").await;
        let _ = db.close().await;
        assert_eq!(is_on, 1);
        let Err(error) = outcome else { break };
        assert!(chain(&error).contains("database or disk is full"), "{}", chain(&error));
        let db = session(scratch).await;
        assert_eq!((fingerprint(&db).await, names(&db).await), before, "{more} pages");
        assert_eq!((recorded(&db).await, open(&db).await), (vec!["m01".to_owned()], 0));
        let checked: String = one(&db, "SELECT integrity_check FROM pragma_integrity_check").await;
        assert_eq!(checked, "ok");
        let _ = db.close().await;
        refused += 1;
    }

    assert!(refused > 10, "{refused}");
    let db = session(scratch).await;
    assert_eq!((names(&db).await, count(&db, "crew").await), (before.1, 4));
    assert_eq!(recorded(&db).await, ["m01", "m02"]);
}

async fn a_table_that_somebody_altered_is_not_built_anew(scratch: &Scratch) {
    let app = made(scratch, names_are_required).await;
    run(&scratch.db, "ALTER TABLE ships ADD COLUMN secret text").await;
    run(&scratch.db, "UPDATE ships SET secret = 'kept'").await;
    let before = fingerprint(&scratch.db).await;

    let error = up(scratch, &app).await.unwrap_err();

    let said = chain(&error);
    assert!(said.contains("would be to drop column `ships.secret`; `check` tells all"), "{said}");
    nothing_happened(scratch, &before).await;
}

async fn several_changes_are_one_rebuild(scratch: &Scratch) {
    let many = || {
        let mut kind = Column::new("kind", Type::Text);
        kind.default = Some(Default::Sql("lower('SLOOP')".into()));
        names_are_required()
            .change(Change::AddColumn { table: "ships".to_owned(), column: kind })
            .change(Change::AddUnique {
                table: "ports".to_owned(),
                unique: Unique::new("uq-ports-name", ["name"]),
            })
            .change(Change::AddUnique {
                table: "ships".to_owned(),
                unique: Unique::new("uq-ships-name", ["name"]),
            })
            .change(Change::CreateIndex {
                table: "ships".to_owned(),
                index: Index::over("ships", ["kind"]),
            })
    };
    let mut before = Schema::default();
    ports_and_ships().apply(&mut before).unwrap();
    let planned = statements(Dialect::Sqlite, &many(), &before).unwrap();
    let tables: Vec<&str> = planned.iter().map(|it| it.table.as_str()).collect();
    assert_eq!(tables, ["ships", "ports"]);
    let app = made(scratch, many).await;

    up(scratch, &app).await.unwrap();

    let db = session(scratch).await;
    assert_eq!(ships(&db).await, SHIPS);
    assert_eq!(all::<String>(&db, "SELECT DISTINCT kind FROM ships").await, ["sloop"]);
}

/// A strict table has a word of its own for numbers with a fraction.
async fn a_strict_table_stays_strict(scratch: &Scratch) {
    let strict = || {
        Steps::new().create_table("depths", |t| {
            t.column(big_pk_auto("id")).column(double("metres")).option(TableOption::Strict)
        })
    };
    let more = || {
        let mut fathoms = Column::new("fathoms", Type::Double);
        fathoms.nullable = true;
        let from = Box::new(Column::new("metres", Type::Double));
        let to = Box::new(Column { nullable: true, ..Column::new("metres", Type::Double) });
        Steps::new()
            .change(Change::AlterColumn { table: "depths".to_owned(), from, to })
            .change(Change::AddColumn { table: "depths".to_owned(), column: fathoms })
    };
    let app = App::new(History::new().declared("m01", strict).declared("m02", more));
    heard_up(scratch, &app, "m01").await.0.unwrap();
    run(&scratch.db, "INSERT INTO depths (metres) VALUES (10.5)").await;

    up(scratch, &app).await.unwrap();

    let db = session(scratch).await;
    assert_eq!(all::<f64>(&db, "SELECT metres FROM depths").await, [10.5]);
    refused(&db, "INSERT INTO depths (metres) VALUES ('deep')").await;
    refused(&db, "INSERT INTO depths (fathoms) VALUES ('deep')").await;
}

async fn a_strict_table_refuses_what_it_has_no_type_for_before_anything_runs(scratch: &Scratch) {
    let strict =
        || Steps::new().alter("ships", |t| t.change(|t| t, |t| t.option(TableOption::Strict)));
    let app = made(scratch, strict).await;
    let before = fingerprint(&scratch.db).await;

    let error = up(scratch, &app).await.unwrap_err();

    let said = chain(&error);
    assert!(said.contains("the type `varchar(80)` of `name` in a strict table"), "{said}");
    nothing_happened(scratch, &before).await;
}

struct Whole;

impl MigratorTrait for Whole {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        History::new()
            .declared("m01", ports_and_ships)
            .declared("m02", names_are_required)
            .into_migrations()
    }
}

async fn seaorm_runs_it_too(scratch: &Scratch) {
    let db = connect::session(&scratch.database).await.unwrap();
    Whole::up(&db, Some(1)).await.unwrap();
    fill(&db).await;

    Whole::up(&db, None).await.unwrap();

    assert_eq!(ships(&db).await, SHIPS);
    assert_eq!(count(&db, "crew").await, 4);
    assert_eq!(one::<i64>(&db, "SELECT foreign_keys FROM pragma_foreign_keys").await, 1);
    Whole::down(&db, Some(1)).await.unwrap();
    assert_eq!(ships(&db).await, SHIPS);
}

async fn seaorm_in_a_transaction_is_refused_where_rows_would_go(scratch: &Scratch) {
    use sea_orm::TransactionTrait as _;

    let db = connect::session(&scratch.database).await.unwrap();
    Whole::up(&db, Some(1)).await.unwrap();
    fill(&db).await;
    let before = fingerprint(&db).await;
    let transaction = db.begin().await.unwrap();

    let error: DbErr = Whole::up(&transaction, None).await.unwrap_err();

    assert!(error.to_string().contains("rows of `ships` refer to it"), "{error}");
    transaction.rollback().await.unwrap();
    assert_eq!(fingerprint(&db).await, before);
    assert_eq!(ships(&db).await, SHIPS);
}
