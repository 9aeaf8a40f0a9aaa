//! What a comparison withstands: names, circles, other schemas, strangers, a server that goes away.

use plimsoll::{
    App, Compared, Dialect, Entities, History, How, Schema, Wanted, compare, connect, diff,
    introspect,
    prelude::*,
    render::statements_of,
    schema::{Column, ForeignKey, OnUpdate, Table, Type},
    testing::Scratch,
};

use crate::support::*;

plimsoll::on_every_empty_database!(
    names_that_nobody_would_choose_make_no_difference,
    circles_of_foreign_keys_and_tables_without_a_key_are_made_and_compared,
    tables_in_another_schema_are_compared_there_and_left_alone_here,
    what_no_entity_and_no_migration_knows_is_listed_and_not_dropped,
    a_session_that_the_server_ends_is_an_error,
    an_expression_that_the_server_does_not_take_is_told_with_its_table,
    an_index_over_long_texts_makes_no_difference,
);

/// What a comparison of the test's database with `want` says.
async fn differences(scratch: &Scratch, want: &Schema) -> Vec<String> {
    let have = introspect(&scratch.db).await.unwrap();
    let how = How {
        asking: Some((&scratch.db, &scratch.database)),
        dialect: dialect(&scratch.db),
        wanted: Wanted::Exactly,
        renames: &[],
    };
    let comparison = compare(&have, want, &how).await;
    assert_eq!(comparison.unread, []);
    comparison.diff.changes.iter().map(|it| format!("{} {}", it.sign(), it.describe())).collect()
}

/// Makes a schema, circles and all.
async fn make(scratch: &Scratch, schema: &Schema) {
    let is = dialect(&scratch.db);
    let changes: Vec<plimsoll::Change> = match is {
        Dialect::Sqlite => {
            schema.tables.values().cloned().map(plimsoll::Change::CreateTable).collect()
        }
        _ => diff(&Schema::default(), &plimsoll::normal::normal(schema, is), &[]).changes,
    };
    for change in changes {
        for statement in statements_of(is, &change).unwrap() {
            run(&scratch.db, &statement.sql).await;
        }
    }
}

async fn names_that_nobody_would_choose_make_no_difference(scratch: &Scratch) {
    let (longest, emoji) = ("x".repeat(63), "🚢 ship".to_owned());
    let mut names: Vec<String> = [
        "it's",
        "a \"quoted\" one",
        "back`tick",
        "UPPER",
        "select",
        "with space",
        "dots.in.it",
        "per%cent",
        "comma, paren (",
        "ünïcödé",
        "-- no comment",
        "/* nor",
        "back\\slash",
    ]
    .map(str::to_owned)
    .into();
    names.push(longest);
    // The names of MySQL and MariaDB end with the first plane.
    if dialect(&scratch.db) != Dialect::Mysql {
        names.push(emoji);
    }
    let mut want = Schema::default();
    let mut steps = Steps::new();
    for name in names {
        steps = steps.create_table(&name, |t| {
            let quoted = Expr::col(name.clone()).ne("x");
            t.column(big_pk_auto("id"))
                .column(
                    ColumnDef::new(name.clone()).string_len(80).not_null().default(name.clone()),
                )
                .column(big_integer_null("parent"))
                .check("free", quoted)
                .one_of(name.clone(), [name.clone(), "it's".to_owned()])
                .unique([name.clone()])
                .index([name.clone(), "parent".to_owned()])
                .foreign_key(["parent"], &name, ["id"], OnDelete::Cascade)
        });
    }
    steps.apply(&mut want).unwrap();

    make(scratch, &want).await;

    assert_eq!(differences(scratch, &want).await, Vec::<String>::new());
    for table in want.tables.values_mut() {
        let name = table.name.clone();
        table.columns.iter_mut().find(|it| it.name == name).unwrap().nullable = true;
    }
    let said = differences(scratch, &want).await;
    assert_eq!(said.len(), want.tables.len(), "{said:#?}");
}

async fn circles_of_foreign_keys_and_tables_without_a_key_are_made_and_compared(scratch: &Scratch) {
    let refer = |from: &str, to: &str| {
        let mut table = Table::new(from);
        table.columns.push(Column::new("id", Type::BigInteger));
        table.columns.push(Column { nullable: true, ..Column::new("other", Type::BigInteger) });
        table.primary_key = vec!["id".to_owned()];
        table.indexes.push(plimsoll::schema::Index::over(from, ["other"]));
        table.foreign_keys.push(ForeignKey {
            name: Some(format!("fk-{from}")),
            columns: vec!["other".to_owned()],
            references: to.to_owned(),
            referenced_columns: vec!["id".to_owned()],
            on_delete: OnDelete::SetNull,
            on_update: OnUpdate::NoAction,
        });
        table
    };
    let mut keyless = Table::new("keyless");
    keyless.columns.push(Column::new("said", Type::Text));
    let want =
        Schema::of([refer("a", "b"), refer("b", "c"), refer("c", "a"), refer("d", "d"), keyless]);

    make(scratch, &want).await;

    assert_eq!(differences(scratch, &want).await, Vec::<String>::new());
    let mut other = want.clone();
    other.tables.get_mut("c").unwrap().foreign_keys[0].on_delete = OnDelete::Cascade;
    other.tables.get_mut("keyless").unwrap().primary_key = Vec::new();
    assert_eq!(
        differences(scratch, &other).await,
        ["~ change foreign key `fk-c` on `c`: (other) references `a` (id) on delete set null on \
             update no action -> (other) references `a` (id) on delete cascade on update no action"]
    );
}

fn ships() -> Steps {
    table("ships").create_index("ships", ["name"])
}

fn app() -> App {
    let mut schema = Schema::default();
    ships().apply(&mut schema).unwrap();
    let entities: Entities = schema.tables.into_values().collect();
    App::new(History::new().declared("m01_ships", ships)).entities(entities)
}

fn said(compared: &Compared) -> Vec<String> {
    let comparison = compared.comparison().unwrap_or_else(|| panic!("{compared:?}"));
    comparison.diff.changes.iter().map(|it| format!("{} {}", it.sign(), it.describe())).collect()
}

async fn tables_in_another_schema_are_compared_there_and_left_alone_here(scratch: &Scratch) {
    if dialect(&scratch.db) != Dialect::Postgres {
        // The other two have no schemas inside a database: there is nothing to tell apart.
        return;
    }
    run(&scratch.db, "CREATE SCHEMA \"The Yard\"").await;
    run(&scratch.db, "CREATE TABLE public.docks (id int)").await;
    let yard = scratch.database.clone().with_schema(Some("The Yard".to_owned()));
    app().up(&yard).await.unwrap();
    let db = connect::session(&yard).await.unwrap();

    let there = app().on(&db).agreement(&yard, false).await.unwrap();
    let here = app().on(&scratch.db).agreement(&scratch.database, false).await.unwrap();

    assert!(there.is_clean() && there.is_whole(), "{there:#?}");
    assert_eq!(there.unknown, Vec::<String>::new());
    assert_eq!(said(&here.database), Vec::<String>::new());
    assert_eq!(here.unknown, ["docks"]);
    db.close().await.unwrap();
}

async fn what_no_entity_and_no_migration_knows_is_listed_and_not_dropped(scratch: &Scratch) {
    up(scratch, &app()).await.unwrap();
    run(&scratch.db, "CREATE TABLE stranger (id int primary key)").await;
    run(&scratch.db, "CREATE VIEW fleet AS SELECT name FROM ships").await;
    if dialect(&scratch.db) == Dialect::Postgres {
        run(&scratch.db, "CREATE TYPE mood AS ENUM ('sad')").await;
        run(&scratch.db, "CREATE TABLE moods (mood mood)").await;
    }

    let agreement = app().on(&scratch.db).agreement(&scratch.database, false).await.unwrap();

    assert!(agreement.is_clean(), "{agreement:#?}");
    assert!(agreement.unknown.contains(&"stranger".to_owned()));
    assert!(agreement.beyond.iter().any(|it| it.kind == "view" && it.name == "fleet"));
    assert_eq!(said(&agreement.database), Vec::<String>::new());
}

async fn a_session_that_the_server_ends_is_an_error(scratch: &Scratch) {
    up(scratch, &app()).await.unwrap();
    let db = session(scratch).await;
    match dialect(&db) {
        // There is no server: the file goes away.
        Dialect::Sqlite => {
            db.close_by_ref().await.unwrap();
        }
        Dialect::Postgres => {
            let pid: i32 = one(&db, "SELECT pg_backend_pid()").await;
            run(&scratch.db, &format!("SELECT pg_terminate_backend({pid})")).await;
        }
        Dialect::Mysql => {
            let id: i64 = one(&db, "SELECT CAST(CONNECTION_ID() AS SIGNED)").await;
            run(&scratch.db, &format!("KILL {id}")).await;
        }
    }

    let refused = app().on(&db).agreement(&scratch.database, false).await;

    assert!(refused.is_err(), "{refused:?}");
    let _ = db.close().await;
    let again = app().on(&scratch.db).agreement(&scratch.database, false).await.unwrap();
    assert!(again.is_clean());
}

async fn an_expression_that_the_server_does_not_take_is_told_with_its_table(scratch: &Scratch) {
    fn checked(condition: &'static str) -> Schema {
        let mut schema = Schema::default();
        let steps = Steps::new().create_table("pets", |t| {
            t.column(big_pk_auto("id")).column(integer("age")).check("age", condition)
        });
        steps.apply(&mut schema).unwrap();
        schema
    }
    make(scratch, &checked("age <> 7")).await;
    let how = How {
        asking: Some((&scratch.db, &scratch.database)),
        dialect: dialect(&scratch.db),
        wanted: Wanted::Exactly,
        renames: &[],
    };
    let have = introspect(&scratch.db).await.unwrap();

    let comparison = compare(&have, &checked("age <> nonsense("), &how).await;

    if dialect(&scratch.db) == Dialect::Sqlite {
        // Nobody is asked there: another text is another condition.
        assert_eq!(comparison.diff.changes.len(), 1);
    } else {
        assert_eq!(comparison.diff.changes, []);
        assert_eq!(comparison.unread.len(), 1);
        assert_eq!(comparison.unread[0].table, "pets");
        let because = &comparison.unread[0].because;
        assert!(because.contains("the server does not take what is wanted"), "{because}");
        // And what it does take is told apart from what means something else.
        assert_eq!(differences(scratch, &checked("NOT (age = 8)")).await.len(), 1);
    }
    assert_eq!(differences(scratch, &checked("( AGE <>7 )")).await, Vec::<String>::new());
}

/// MariaDB cuts it without a word to be heard.
async fn an_index_over_long_texts_makes_no_difference(scratch: &Scratch) {
    let mut table = Table::new("pages");
    table.columns = vec![
        Column::new("body", Type::Text),
        Column::new("path", Type::String(Some(1_000))),
        Column::new("title", Type::String(Some(100))),
    ];
    table.indexes = ["body", "path", "title"].map(|it| Index::over("pages", [it])).into();
    let want = Schema::of([table]);

    make(scratch, &want).await;

    assert_eq!(differences(scratch, &want).await, [""; 0]);
}
