//! Names, constraints, indexes, and what stands beside the tables.

use plimsoll::{
    App, Dialect, History,
    prelude::*,
    schema::{Index, IndexPart},
    testing::Scratch,
};

use super::{Made, of, t};
use crate::support::*;

plimsoll::on_every_empty_database!(
    an_enumeration_as_a_condition,
    constraints_that_nobody_named,
    the_index_that_comes_with_a_foreign_key,
    a_unique_constraint_and_a_unique_index,
    an_index_over_an_expression,
    the_condition_of_an_index,
    the_direction_of_an_index,
    columns_that_an_index_carries,
    names_that_are_too_long,
    names_of_tables_and_columns_that_are_too_long,
    names_in_capitals,
    comments_without_words,
    options_of_a_table,
    an_expression_that_a_column_is_computed_from,
    what_is_no_table_of_ours,
    the_list_of_migrations,
);

async fn an_enumeration_as_a_condition(scratch: &Scratch) {
    let made = Made::table(
        scratch,
        [
            "a varchar(20) CHECK (a IN ('calm', 'wild'))",
            "a varchar(20) CHECK (a = ANY (ARRAY['calm', 'wild']))",
            "a varchar(20) CHECK (a in ('calm', 'wild'))",
        ],
    )
    .await
    .for_an_entity();
    let moods =
        |values: &[&str]| t([of("a").string_len(20).take()]).one_of("a", values.iter().copied());

    made.is(moods(&["calm", "wild"])).await;
    made.is(moods(&["wild", "calm"])).await;
    made.is_not(moods(&["calm", "wild", "odd"]), "-> a in ('calm', 'wild', 'odd')").await;
}

async fn constraints_that_nobody_named(scratch: &Scratch) {
    let columns = "id integer PRIMARY KEY NOT NULL, a varchar(20) UNIQUE, p integer, q integer, \
                   CHECK (p <> 13), CHECK (q >= 0), UNIQUE (p, q), FOREIGN KEY (p) REFERENCES t (id)";
    let made = Made::table(scratch, [columns; 3]).await.for_an_entity();
    let table = |on_delete| {
        t([
            of("id").integer().not_null().primary_key().take(),
            of("a").string_len(20).unique_key().take(),
            of("p").integer().take(),
            of("q").integer().take(),
        ])
        .check("p", "p <> 13")
        .at_least("q", 0)
        .unique(["p", "q"])
        .foreign_key(["p"], "t", ["id"], on_delete)
    };

    made.is(table(OnDelete::NoAction)).await;
    made.is_not(table(OnDelete::Cascade), "on delete cascade").await;
}

/// `InnoDB` makes one where there is none, under a name that depends on the key's.
async fn the_index_that_comes_with_a_foreign_key(scratch: &Scratch) {
    let columns = "id integer PRIMARY KEY NOT NULL, p integer, q integer, \
                   FOREIGN KEY (p) REFERENCES t (id), \
                   CONSTRAINT named FOREIGN KEY (q) REFERENCES t (id)";
    let made = Made::table(scratch, [columns; 3]).await.for_an_entity();
    let table = || {
        t([
            of("id").integer().not_null().primary_key().take(),
            of("p").integer().take(),
            of("q").integer().take(),
        ])
        .foreign_key(["p"], "t", ["id"], OnDelete::NoAction)
        .foreign_key(["q"], "t", ["id"], OnDelete::NoAction)
    };

    made.is(table()).await;
    made.is_not(table().index(["q", "p"]), "create index `idx-t-q-p`").await;
}

async fn a_unique_constraint_and_a_unique_index(scratch: &Scratch) {
    let made = Made::by_hand(
        scratch,
        [
            &[
                "CREATE TABLE t (a integer, b integer, UNIQUE (b))",
                "CREATE UNIQUE INDEX by_a ON t (a)",
            ],
            &[
                "CREATE TABLE t (a integer, b integer, UNIQUE (b))",
                "CREATE UNIQUE INDEX by_a ON t (a)",
            ],
            &[
                "CREATE TABLE t (a integer, b integer, UNIQUE (b))",
                "CREATE UNIQUE INDEX by_a ON t (a)",
            ],
        ],
    )
    .await
    .for_an_entity();
    let columns = || t([of("a").integer().take(), of("b").integer().take()]);

    made.is(columns().unique(["a"]).unique(["b"])).await;
    made.is(columns().add_index(Index::over("t", ["b"]).unique()).unique(["a"])).await;
    made.is_not(columns().unique(["b"]), "`by_a`").await;
}

async fn an_index_over_an_expression(scratch: &Scratch) {
    if dialect(&scratch.db) == Dialect::Mysql {
        return;
    }
    let statements = ["CREATE TABLE t (a varchar(20))", "CREATE INDEX by_a ON t (LOWER( a ) DESC)"];
    let made = Made::by_hand(scratch, [&statements, &statements, &[]]).await;
    let index = |of_a: &'static str| {
        let part = IndexPart::expr(of_a).descending();
        t([of("a").string_len(20).take()]).add_index(Index::over("t", [part]).named("by_a"))
    };

    made.is(index("lower(a)")).await;
    made.is_not(index("upper(a)"), "change index `by_a`").await;
}

async fn the_condition_of_an_index(scratch: &Scratch) {
    if dialect(&scratch.db) == Dialect::Mysql {
        return;
    }
    let statements = [
        "CREATE TABLE t (a integer)",
        "CREATE INDEX by_a ON t (a) WHERE ((a) > 1 AND a IS NOT NULL)",
    ];
    let made = Made::by_hand(scratch, [&statements, &statements, &[]]).await;
    let index = |condition: &'static str| {
        let index = Index::over("t", ["a"]).named("by_a").filtered(condition);
        t([of("a").integer().take()]).add_index(index)
    };

    made.is(index("a>1 and a is not null")).await;
    made.is_not(index("a > 2 AND a IS NOT NULL"), "change index `by_a`").await;
}

async fn the_direction_of_an_index(scratch: &Scratch) {
    let plain = ["CREATE TABLE t (a integer, b integer)", "CREATE INDEX by_a ON t (a ASC, b DESC)"];
    let postgres = [plain[0], "CREATE INDEX by_a ON t (a NULLS LAST, b DESC NULLS FIRST)"];
    let made = Made::by_hand(scratch, [&plain, &postgres, &plain]).await.for_an_entity();
    let index = |parts: [IndexPart; 2]| {
        t([of("a").integer().take(), of("b").integer().take()])
            .add_index(Index::over("t", parts).named("by_a"))
    };

    made.is(index(["a".into(), IndexPart::from("b").descending()])).await;
    made.is_not(index(["a".into(), "b".into()]), "(a, b desc) -> (a, b)").await;
}

async fn columns_that_an_index_carries(scratch: &Scratch) {
    if dialect(&scratch.db) != Dialect::Postgres {
        return;
    }
    let statements = [
        "CREATE TABLE t (a integer, b integer)",
        "CREATE INDEX by_a ON t USING btree (a) INCLUDE (b)",
    ];
    let made = Made::by_hand(scratch, [&[], &statements, &[]]).await;
    let index = |carried: &[&str]| {
        let index = Index::over("t", ["a"]).named("by_a").including(carried.iter().copied());
        t([of("a").integer().take(), of("b").integer().take()]).add_index(index)
    };

    made.is(index(&["b"])).await;
    made.is_not(index(&[]), "(a) include (b) -> (a)").await;
}

/// PostgreSQL cuts them without a word that a driver passes on.
async fn names_that_are_too_long(scratch: &Scratch) {
    if dialect(&scratch.db) != Dialect::Postgres {
        return;
    }
    let long = "ü".repeat(40);
    let table = "CREATE TABLE t (a integer)";
    let index = format!("CREATE INDEX \"{long}\" ON t (a)");
    let check = format!("ALTER TABLE t ADD CONSTRAINT \"c{long}\" CHECK (a > 0)");
    let made = Made::by_hand(scratch, [&[], &[table, &index, &check], &[]]).await.for_an_entity();
    let named = |name: &str| {
        t([of("a").integer().take()])
            .add_index(Index::over("t", ["a"]).named(name))
            .check("a", "a > 0")
    };

    made.is(named(&long)).await;
    made.is_not(named(&format!("o{long}")), "rename index").await;
}

async fn names_of_tables_and_columns_that_are_too_long(scratch: &Scratch) {
    if dialect(&scratch.db) != Dialect::Postgres {
        return;
    }
    let long = |of: &str| format!("{of}{}", "ü".repeat(40));
    let [table, id, parent] = ["t", "id", "parent"].map(long);
    let create = format!(
        "CREATE TABLE \"{table}\" (\"{id}\" integer PRIMARY KEY, \"{parent}\" integer UNIQUE \
         REFERENCES \"{table}\" (\"{id}\") CHECK (\"{parent}\" >= 0))"
    );
    let made = Made::by_hand(scratch, [&[], &[&create], &[]]).await.for_an_entity();
    let declared = |least| {
        TableBuilder::new(table.clone())
            .column(of(&id).integer().not_null().primary_key())
            .column(of(&parent).integer().unique_key())
            .foreign_key([parent.clone()], table.clone(), [id.clone()], OnDelete::NoAction)
            .at_least(parent.clone(), least)
    };

    made.is(declared(0)).await;
    made.is_not(declared(1), "at least 0").await;
}

/// SQLite and MySQL do not tell names of columns apart by their case, and PostgreSQL makes those
/// without quotes small.
async fn names_in_capitals(scratch: &Scratch) {
    let mysql = ["CREATE TABLE t (ID int NOT NULL, Name varchar(20), PRIMARY KEY (ID), \
                  CHECK (Name <> ''), UNIQUE (Name))"];
    let others = ["CREATE TABLE T (ID integer NOT NULL, Name varchar(20), PRIMARY KEY (ID), \
                   CHECK (Name <> ''), UNIQUE (Name))"];
    let made = Made::by_hand(scratch, [&others, &others, &mysql]).await.for_an_entity();
    let table = |length| {
        t([
            of("id").integer().not_null().primary_key().take(),
            of("name").string_len(length).take(),
        ])
        .check("name", "name <> ''")
        .unique(["name"])
    };

    made.is(table(20)).await;
    made.is_not(table(30), "string(20) -> string(30)").await;
}

async fn comments_without_words(scratch: &Scratch) {
    let made = Made::by_hand(
        scratch,
        [
            &["CREATE TABLE t (a integer /* CHECK (a > 0) */, -- UNIQUE (a)\n b integer)"],
            &[
                "CREATE TABLE t (a integer, b integer)",
                "COMMENT ON TABLE t IS ''",
                "COMMENT ON COLUMN t.a IS NULL",
            ],
            &["CREATE TABLE t (a integer COMMENT '', b integer) COMMENT = ''"],
        ],
    )
    .await
    .for_an_entity();
    let table = || t([of("a").integer().take(), of("b").integer().take()]);

    made.is(table()).await;
    if dialect(&scratch.db) == Dialect::Sqlite {
        made.is(table().comment("said")).await;
    } else {
        made.is_not(table().comment("said"), "none -> \"said\"").await;
    }
}

async fn options_of_a_table(scratch: &Scratch) {
    let made = Made::by_hand(
        scratch,
        [
            &["CREATE TABLE t (a INTEGER) STRICT"],
            &["CREATE UNLOGGED TABLE t (a integer) WITH (fillfactor = 70)"],
            &["CREATE TABLE t (a integer) ENGINE = Aria ROW_FORMAT = DYNAMIC AUTO_INCREMENT = 40 \
               DEFAULT CHARSET = latin1"],
        ],
    )
    .await
    .for_an_entity();

    made.is(t([of("a").integer().take()])).await;
    made.is_not(t([of("a").text().take()]), "-> text").await;
}

async fn an_expression_that_a_column_is_computed_from(scratch: &Scratch) {
    let columns = "a integer, b integer GENERATED ALWAYS AS (((a) * (2)) + 1) STORED";
    let made = Made::table(scratch, [columns; 3]).await;
    let table = |expr: &'static str| {
        t([of("a").integer().take(), of("b").integer().take()]).generated("b", expr, true)
    };
    // SQLite alone keeps parentheses that mean nothing, and knows no other way to say it.
    let same = if dialect(&scratch.db) == Dialect::Sqlite { "(a * 2) + 1" } else { "a * 2 + 1" };

    made.is(table(same)).await;
    made.is_not(table("a * (2 + 1)"), "generated").await;
}

async fn what_is_no_table_of_ours(scratch: &Scratch) {
    let made = Made::by_hand(
        scratch,
        [
            &[
                "CREATE TABLE t (a integer)",
                "CREATE VIEW v AS SELECT a FROM t",
                "CREATE TEMPORARY TABLE passing (a integer)",
            ],
            &[
                "CREATE TABLE t (a integer) PARTITION BY RANGE (a)",
                "CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (1) TO (5)",
                "CREATE VIEW v AS SELECT a FROM t",
                "CREATE MATERIALIZED VIEW m AS SELECT a FROM t",
                "CREATE SCHEMA other CREATE TABLE t (b text) CREATE TABLE u (b text)",
                "CREATE TEMPORARY TABLE passing (a integer)",
                "CREATE TABLE owned (a integer)",
                // As if the extension had made it.
                "ALTER EXTENSION plpgsql ADD TABLE owned",
            ],
            &[
                "CREATE TABLE t (a integer) PARTITION BY HASH (a) PARTITIONS 2",
                "CREATE VIEW v AS SELECT a FROM t",
                "CREATE TEMPORARY TABLE passing (a integer)",
            ],
        ],
    )
    .await
    .for_an_entity();

    made.is(t([of("a").integer().take()])).await;
    run(&scratch.db, "CREATE TABLE staying (a integer)").await;
    made.is_not(t([of("a").integer().take()]), "drop table `staying`").await;
}

/// The engine's own tables are in the database and in no schema that is wanted.
async fn the_list_of_migrations(scratch: &Scratch) {
    let steps = || Steps::new().create_table("t", |t| t.column(big_pk_auto("id")));
    let app = App::new(History::new().declared("m01", steps));
    up(scratch, &app).await.unwrap();

    let agreement = app.on(&scratch.db).agreement(&scratch.database, false).await.unwrap();

    assert!(agreement.is_clean() && agreement.is_whole());
    assert_eq!(agreement.unknown, [""; 0]);
    run(&scratch.db, "ALTER TABLE t ADD COLUMN more integer").await;
    let agreement = app.on(&scratch.db).agreement(&scratch.database, false).await.unwrap();
    assert!(!agreement.is_clean());
}
