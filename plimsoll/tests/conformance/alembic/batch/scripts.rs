//! What a script says that is written without a database.

use plimsoll::{
    Dialect, Schema, Steps, introspect,
    plan::statements,
    render::Statement,
    testing::{Scratch, run_empty},
};

use super::{FILE, alter};
use crate::{
    case::schema_of,
    class::Class,
    database::{count, run},
    declare::{int, table, tables, text},
    made::{changes, lines},
};

/// The classes of this file.
pub(super) fn all() -> Vec<Class> {
    vec![offline()]
}

const HERE: &str = "conformance/alembic/batch/scripts.rs";

fn offline() -> Class {
    Class::alembic(FILE, "OfflineTest")
        .shown_by("upgrade_non_batch", HERE, "postgres_needs_no_table_for_what_it_alters")
        .shown_by("downgrade_non_batch", HERE, "postgres_needs_no_table_for_what_it_alters")
        .shown_by("upgrade_batch_fails_gracefully", HERE, "sqlite_has_to_know_the_table")
        .shown_by("downgrade_batch_fails_gracefully", HERE, "sqlite_has_to_know_the_table")
        .shown_by("upgrade_batch_no_reflection", HERE, "a_table_that_is_known_is_built_anew")
        .shown_by("downgrade_batch_no_reflection", HERE, "a_table_that_is_known_is_built_anew")
}

/// `foo` comes and `bar` goes.
fn exchanged() -> Steps {
    alter("some_table", |t| t.add(|t| t.column(int("foo"))).drop(|t| t.column(text("bar", 20))))
}

fn texts(statements: &[Statement]) -> Vec<&str> {
    statements.iter().map(|it| it.sql.as_str()).collect()
}

#[test]
fn postgres_needs_no_table_for_what_it_alters() {
    let nothing = Schema::default();

    let up = statements(Dialect::Postgres, &exchanged(), &nothing).unwrap();
    let back = statements(Dialect::Postgres, &exchanged().reverse(), &nothing).unwrap();

    assert_eq!(
        texts(&up),
        [
            r#"ALTER TABLE "some_table" ADD COLUMN "foo" integer"#,
            r#"ALTER TABLE "some_table" DROP COLUMN "bar""#,
        ]
    );
    assert_eq!(
        texts(&back),
        [
            r#"ALTER TABLE "some_table" ADD COLUMN "bar" varchar(20)"#,
            r#"ALTER TABLE "some_table" DROP COLUMN "foo""#,
        ]
    );
}

#[test]
fn sqlite_has_to_know_the_table() {
    for steps in [exchanged(), exchanged().reverse()] {
        let error = statements(Dialect::Sqlite, &steps, &Schema::default()).unwrap_err();

        let said = error.to_string();
        assert!(
            said.contains("a change of table `some_table`, which no step before creates"),
            "{said}"
        );
    }
}

/// As it is when a step before creates it. A table that SQLite can alter where it is, is altered
/// there: what is not null from now on is not.
#[test]
fn a_table_that_is_known_is_built_anew() {
    let have = tables([table("some_table", [int("id"), text("bar", 20)])]);
    let number = || int("id").not_null().take();
    let steps = alter("some_table", |t| {
        t.add(|t| t.column(int("foo")))
            .drop(|t| t.column(text("bar", 20)))
            .change(|t| t.column(int("id")), |t| t.column(number()))
    });
    let (before, after) =
        (schema_of(&have), schema_of(&tables([table("some_table", [number(), int("foo")])])));

    let up = statements(Dialect::Sqlite, &steps, &before).unwrap();
    let back = statements(Dialect::Sqlite, &steps.reverse(), &after).unwrap();

    run_empty(Dialect::Sqlite, async |scratch: &Scratch| {
        for (way, wanted) in [(&up, &after), (&back, &before)] {
            let said = texts(way).join(";\n");
            assert!(said.contains(r#"CREATE TABLE "plimsoll_new_some_table""#), "{said}");
            if way == &up {
                run(&scratch.db, "CREATE TABLE some_table (id integer, bar varchar(20))").await;
                run(&scratch.db, "INSERT INTO some_table VALUES (1, 'x'), (2, NULL)").await;
            }
            run(&scratch.db, &said).await;
            let found = introspect(&scratch.db).await.unwrap();
            assert_eq!(lines(&changes(scratch, &found, wanted).await), [""; 0]);
            assert_eq!(count(&scratch.db, "some_table").await, 2);
        }
    });
    // What needs no rebuild gets none.
    let in_place = statements(Dialect::Sqlite, &exchanged(), &before).unwrap();
    assert_eq!(in_place.len(), 2);
}
