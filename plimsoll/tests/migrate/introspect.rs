//! What is read from a catalog is what was made.

use plimsoll::{
    Change, Comparison, Dialect, How, Schema, TableBuilder, Wanted, compare, introspect,
    normal::normal,
    prelude::*,
    schema::{Beyond, Check, IndexKey, IndexPart, Table, TableOption, Type},
    testing::Scratch,
};
use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::{Config, RngSeed, TestRunner},
};
use sea_orm::DatabaseConnection;

use crate::{
    random::{any_tables, random_seed},
    read_back::*,
    support::*,
};

plimsoll::on_every_empty_database!(
    one_of_each_type_and_default_is_read_as_it_was_written,
    what_the_model_has_is_read_with_all_that_belongs_to_it,
    an_empty_database_has_an_empty_schema,
    what_the_model_has_no_place_for_is_told,
    names_that_nobody_would_choose_are_read_as_they_are,
    constraints_without_a_name_are_read_as_they_were_made,
    random_schemas_are_read_as_they_were_made,
    the_number_of_queries_does_not_depend_on_the_number_of_tables,
);

fn steps(tables: impl IntoIterator<Item = TableBuilder>) -> Steps {
    tables.into_iter().fold(Steps::new(), |steps, table| {
        let name = table.name().to_owned();
        steps.create_table(&name, move |_| table)
    })
}

fn of(name: &str) -> ColumnDef {
    ColumnDef::new(name.to_owned())
}

async fn one_of_each_type_and_default_is_read_as_it_was_written(scratch: &Scratch) {
    let moment: chrono::DateTime<chrono::Utc> = "2026-11-20T13:04:50.123456Z".parse().unwrap();
    let with_defaults = vec![
        of("b_true").boolean().not_null().default(true).take(),
        of("b_false").boolean().default(false).take(),
        of("small").small_integer().default(-5).take(),
        of("int").integer().not_null().default(0).take(),
        of("big").big_integer().default(i64::MIN + 1).take(),
        of("double").double().default(1.5).take(),
        of("decimal").decimal_len(10, 2).default(1.25).take(),
        of("string").string_len(40).not_null().default("it's a \\ \"default\"").take(),
        of("empty").string_len(40).not_null().default("").take(),
        of("digits").string_len(40).default("5").take(),
        of("null_word").string_len(40).default("NULL").take(),
        of("null").string_len(40).default(Option::<String>::None).take(),
        of("char").char_len(3).default("ab").take(),
        of("now").timestamp_with_time_zone().not_null().default(Expr::current_timestamp()).take(),
        of("now_plain").date_time().default(Expr::current_timestamp()).take(),
        of("today").date().default(Expr::current_date()).take(),
        of("time").time().default(Expr::current_time()).take(),
        of("moment").date_time().default(moment.naive_utc()).take(),
        of("day").date().default(moment.date_naive()).take(),
        of("text").text().default("long").take(),
        of("json").json().default("{}").take(),
        of("bytes").blob().default(vec![0_u8, 39, 255]).take(),
    ];
    let tables = vec![
        crate::types::columns()
            .into_iter()
            .fold(TableBuilder::new("each").column(big_pk_auto("id")), |table, (column, _)| {
                table.column(column)
            }),
        with_defaults.into_iter().fold(TableBuilder::new("defaults"), TableBuilder::column),
    ];
    let steps = steps(tables);
    is_read_back(&scratch.db, &steps).await;

    let found = introspect(&scratch.db).await.unwrap();
    for wanted in [Wanted::Exactly, Wanted::ByEntities] {
        let how = How {
            asking: Some((&scratch.db, &scratch.database)),
            dialect: dialect(&scratch.db),
            wanted,
            renames: &[],
        };
        assert_eq!(compare(&found, &schema(&steps), &how).await, Comparison::default());
    }
}

async fn what_the_model_has_is_read_with_all_that_belongs_to_it(scratch: &Scratch) {
    let db = &scratch.db;
    let is = dialect(db);
    let collation = match is {
        Dialect::Sqlite => "NOCASE",
        Dialect::Postgres => "C",
        Dialect::Mysql => "utf8mb4_general_ci",
    };
    // As each of them writes it.
    let crew = if is == Dialect::Mysql { "`crew`" } else { "crew" };
    let mut ships = TableBuilder::new("ships")
        .column(big_pk_auto("id"))
        .column(big_integer_null("mother_id"))
        .column(string_len("name", 80))
        .column(string_len("state", 20).comment("how it is"))
        .column(integer("crew"))
        .column(integer_null("masts"))
        .column(of("twice").integer().generated(Expr::cust(crew), true).take())
        .collated("name", collation)
        .one_of("state", ["afloat", "it's sunk"])
        .between("crew", -1, 40)
        .at_least("masts", 1)
        .unique(["name", "crew"])
        .index(["mother_id"])
        .index([IndexPart::from("crew").descending(), IndexPart::from("name")])
        .add_index(Index::over("ships", ["state", "name"]).unique().named("by state"))
        .foreign_key(["mother_id"], "ships", ["id"], OnDelete::SetNull)
        .comment("what floats");
    match is {
        Dialect::Sqlite => ships = ships.option(TableOption::Strict),
        Dialect::Postgres => {
            ships = ships
                .add_index(Index::over("ships", ["crew"]).named("carries").including(["name"]))
                .add_index(Index::over("ships", ["crew"]).named("hashed").using("hash"));
        }
        Dialect::Mysql => {
            ships = ships
                .add_index(
                    Index::over("ships", [IndexPart::from("name").first(8)]).named("beginning"),
                )
                .add_index(Index::over("ships", ["name"]).named("words").using("fulltext"));
        }
    }
    if is == Dialect::Sqlite {
        // STRICT takes SQLite's own types alone.
        ships = TableBuilder::new("ships")
            .column(of("id").custom("INTEGER").not_null().take())
            .column(of("name").text().not_null().take())
            .primary_key(["id"])
            .option(TableOption::Strict)
            .option(TableOption::WithoutRowid)
            .collated("name", collation)
            .add_index(
                Index::over("ships", [IndexPart::expr("lower(name)").descending()])
                    .named("lower")
                    .filtered("id > 5"),
            );
    }
    let mut parts = TableBuilder::new("parts")
        .column(big_integer("ship_id"))
        .column(integer("number"))
        .primary_key(["number", "ship_id"])
        .index(["ship_id"])
        .foreign_key(["ship_id"], "ships", ["id"], OnDelete::Cascade);

    if is == Dialect::Postgres {
        parts = parts.option(TableOption::Unlogged);
    }
    is_read_back(db, &steps([ships, parts])).await;

    if is == Dialect::Postgres {
        run(db, "CREATE TYPE mood AS ENUM ('sad', 'it''s fine')").await;
        run(db, "ALTER TABLE parts ADD mood mood DEFAULT 'sad', ADD moods mood[], ADD s serial")
            .await;
        run(db, "CREATE INDEX half ON parts (abs(number) DESC) WHERE (number > 5)").await;
        let found = introspect(db).await.unwrap();

        assert_eq!(found.enums["mood"], ["sad", "it's fine"]);
        let parts = &found.tables["parts"];
        let mood = parts.column("mood").unwrap();
        let values = vec!["sad".to_owned(), "it's fine".to_owned()];
        assert_eq!(mood.ty, Type::Enum { name: "mood".to_owned(), values });
        assert_eq!(mood.default, Some(plimsoll::schema::Default::Value(Value::from("sad"))));
        assert!(parts.column("s").unwrap().auto_increment);
        assert_eq!(parts.column("s").unwrap().default, None);
        let half = parts.indexes.iter().find(|index| index.name == "half").unwrap();
        assert_eq!(half.columns[0].key, IndexKey::Expr(Sql::new("abs(number)")));
        assert!(half.columns[0].descending);
        assert_eq!(half.predicate, Some(Sql::new("(number > 5)")));
        assert_eq!(found.beyond, []);
    }
}

async fn an_empty_database_has_an_empty_schema(scratch: &Scratch) {
    assert_eq!(introspect(&scratch.db).await.unwrap(), Schema::default());
}

/// Table, kind and name of what is told.
type Told = (Option<&'static str>, &'static str, &'static str);

const SQLITE: (&[&str], &[Told]) = (
    &[
        "CREATE TABLE a (id INTEGER PRIMARY KEY, n TEXT UNIQUE ON CONFLICT REPLACE, \
                   p INTEGER CONSTRAINT late REFERENCES a DEFERRABLE INITIALLY DEFERRED)",
        "CREATE INDEX by_n ON a (n COLLATE NOCASE)",
        "CREATE VIEW v AS SELECT 1",
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END",
        "CREATE VIRTUAL TABLE words USING fts5(body)",
    ],
    &[
        (None, "view", "v"),
        (None, "virtual table", "words"),
        (Some("a"), "ON CONFLICT clause", ""),
        (Some("a"), "collation NOCASE in an index", "by_n"),
        (Some("a"), "deferred foreign key", "late"),
        (Some("a"), "trigger", "t"),
    ],
);

const POSTGRES: (&[&str], &[Told]) = (
    &[
        "CREATE TABLE a (id int GENERATED ALWAYS AS IDENTITY, n text, \
                   CONSTRAINT late UNIQUE (n) DEFERRABLE, r int4range, \
                   CONSTRAINT apart EXCLUDE USING gist (r WITH &&))",
        "ALTER TABLE a ADD CONSTRAINT later CHECK (id > 0) NOT VALID",
        "ALTER TABLE a ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY mine ON a USING (true)",
        "CREATE INDEX by_n ON a (n text_pattern_ops, id DESC NULLS LAST)",
        "CREATE VIEW v AS SELECT 1",
        "CREATE MATERIALIZED VIEW m AS SELECT 1",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION f()",
        "CREATE SEQUENCE s",
        "CREATE DOMAIN d AS int",
        "CREATE TABLE p (id int) PARTITION BY RANGE (id)",
        "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (5)",
        "CREATE TABLE child () INHERITS (a)",
    ],
    &[
        (None, "domain", "d"),
        (None, "function", "f()"),
        (None, "inheriting table", "child"),
        (None, "materialized view", "m"),
        (None, "partition", "p1"),
        (None, "partitioned table", "p"),
        (None, "row security", "a"),
        (None, "sequence", "s"),
        (None, "view", "v"),
        (Some("a"), "constraint that is not validated", "later"),
        (Some("a"), "deferrable constraint", "late"),
        (Some("a"), "exclusion constraint", "apart"),
        (Some("a"), "identity that is generated always", "id"),
        (Some("a"), "operator class of an index", "by_n"),
        (Some("a"), "place of the NULLs in an index", "by_n"),
        (Some("a"), "policy", "mine"),
        (Some("a"), "trigger", "t"),
    ],
);

const MYSQL: (&[&str], &[Told]) = (
    &[
        "CREATE TABLE a (id int PRIMARY KEY, \
                   at timestamp(6) NOT NULL DEFAULT now(6) ON UPDATE now(6), h int INVISIBLE)",
        "CREATE VIEW v AS SELECT 1",
        "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.h = 1",
        "CREATE PROCEDURE p() SELECT 1",
        "CREATE SEQUENCE s",
        "CREATE TABLE parted (id int) PARTITION BY HASH (id) PARTITIONS 2",
        "CREATE TABLE versions (id int) WITH SYSTEM VERSIONING",
    ],
    &[
        (None, "partitioned table", "parted"),
        (None, "procedure", "p"),
        (None, "sequence", "s"),
        (None, "system versioned table", "versions"),
        (None, "view", "v"),
        (Some("a"), "ON UPDATE of a column", "at"),
        (Some("a"), "invisible column", "h"),
        (Some("a"), "trigger", "t"),
    ],
);

async fn what_the_model_has_no_place_for_is_told(scratch: &Scratch) {
    let db = &scratch.db;
    let (statements, told) = match dialect(db) {
        Dialect::Sqlite => SQLITE,
        Dialect::Postgres => POSTGRES,
        Dialect::Mysql => MYSQL,
    };
    for statement in statements {
        run(db, statement).await;
    }

    let found = introspect(db).await.unwrap();

    let told: Vec<Beyond> = told
        .iter()
        .map(|(table, kind, name)| Beyond {
            table: table.map(str::to_owned),
            kind: (*kind).to_owned(),
            name: (*name).to_owned(),
        })
        .collect();
    assert_eq!(found.beyond, told);
    let tables: Vec<&String> = found.tables.keys().collect();
    match dialect(db) {
        Dialect::Sqlite => assert_eq!(tables, ["a"]),
        Dialect::Postgres => assert_eq!(tables, ["a", "child", "p"]),
        Dialect::Mysql => assert_eq!(tables, ["a", "parted", "versions"]),
    }
}

async fn names_that_nobody_would_choose_are_read_as_they_are(scratch: &Scratch) {
    let longest = "x".repeat(63);
    let names = [
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
        &longest,
    ];
    let tables = names.into_iter().map(|name| {
        TableBuilder::new(name)
            .column(big_pk_auto("id"))
            .column(of(name).big_integer().take())
            .column(string_len("state", 20))
            .at_least(name, 3)
            .one_of("state", [name, "other"])
            .index([name])
            .foreign_key([name], name, ["id"], OnDelete::Cascade)
    });
    is_read_back(&scratch.db, &steps(tables)).await;
}

async fn constraints_without_a_name_are_read_as_they_were_made(scratch: &Scratch) {
    let db = &scratch.db;
    let mut schema = schema(&steps([TableBuilder::new("ships")
        .column(big_pk_auto("id"))
        .column(big_integer_null("mother_id"))
        .column(integer("crew"))
        .unique(["id", "crew"])
        .at_least("crew", 1)
        .check("more", Expr::col("crew").ne(13))
        .foreign_key(["mother_id"], "ships", ["id"], OnDelete::SetNull)]));
    let table = schema.tables.get_mut("ships").unwrap();
    table.uniques[0].name = None;
    table.foreign_keys[0].name = None;
    match dialect(db) {
        // There it would be the CHECK of a column.
        Dialect::Mysql => table.checks.clear(),
        Dialect::Sqlite => table.checks.iter_mut().for_each(|check| check.name = None),
        Dialect::Postgres => {
            table.checks[0].name = None;
            table.checks[1] = Check { name: None, ..table.checks[0].clone() };
        }
    }

    is_read_back(db, &Steps::new().change(Change::CreateTable(table.clone()))).await;
}

/// The seeds of schemas that were once read in another way than they were made.
const REGRESSIONS: [u64; 1] = [9_024_648_990_590_576_990];

async fn random_schemas_are_read_as_they_were_made(scratch: &Scratch) {
    let db = session(scratch).await;
    let base = if dialect(&db) == Dialect::Sqlite { 200 } else { 25 };
    for seed in REGRESSIONS.into_iter().chain([random_seed()]) {
        same_schemas(&db, plimsoll::testing::cases(base), seed).await;
    }
    db.close().await.unwrap();
}

async fn same_schemas(db: &DatabaseConnection, rounds: u32, seed: u64) {
    measured(format!("{rounds} schemas of seed {seed} on {}", dialect(db)));
    let mut runner =
        TestRunner::new(Config { rng_seed: RngSeed::Fixed(seed), ..Config::default() });
    for _ in 0..rounds {
        let mut tree = any_tables(dialect(db)).new_tree(&mut runner).unwrap();
        let Some(mut told) = differs(db, tree.current()).await else { continue };
        // As small as it can be made in a reasonable time.
        for _ in 0..60 {
            if !tree.simplify() {
                break;
            }
            match differs(db, tree.current()).await {
                Some(still) => told = still,
                None if tree.complicate() => {}
                None => break,
            }
        }
        panic!("seed {seed}, to be added to REGRESSIONS: {told}");
    }
}

/// Makes the tables, and tells what is read in another way than it was made.
async fn differs(db: &DatabaseConnection, tables: Vec<Table>) -> Option<String> {
    let is = dialect(db);
    let steps = tables
        .iter()
        .fold(Steps::new(), |steps, table| steps.change(Change::CreateTable(table.clone())));
    clear(db).await;
    create(db, &steps).await;
    difference(&introspect(db).await.unwrap(), &normal(&schema(&steps), is))
}

async fn clear(db: &DatabaseConnection) {
    let tables: Vec<String> =
        introspect(db).await.unwrap().tables.keys().map(|name| quote(db, name)).collect();
    match dialect(db) {
        Dialect::Postgres => run(db, "DROP SCHEMA public CASCADE; CREATE SCHEMA public").await,
        Dialect::Sqlite => {
            run(db, "PRAGMA foreign_keys = OFF").await;
            for table in tables {
                run(db, &format!("DROP TABLE {table}")).await;
            }
        }
        Dialect::Mysql => {
            run(db, "SET foreign_key_checks = 0").await;
            for table in tables {
                run(db, &format!("DROP TABLE {table}")).await;
            }
            run(db, "SET foreign_key_checks = 1").await;
        }
    }
}

async fn the_number_of_queries_does_not_depend_on_the_number_of_tables(scratch: &Scratch) {
    let count = |db: &DatabaseConnection| {
        let counted = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let told = counted.clone();
        let mut db = db.clone();
        db.set_metric_callback(move |_| {
            told.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        });
        (db, counted)
    };
    let queries = async |db: &DatabaseConnection| {
        let (db, counted) = count(db);
        let _ = introspect(&db).await.unwrap();
        counted.load(std::sync::atomic::Ordering::SeqCst)
    };
    let db = session(scratch).await;

    let of_none = queries(&db).await;
    let tables = (0..20).map(|number| {
        TableBuilder::new(format!("t{number}"))
            .column(big_pk_auto("id"))
            .column(big_integer("parent"))
            .index(["parent"])
            .foreign_key(["parent"], format!("t{number}"), ["id"], OnDelete::Cascade)
    });
    create(&db, &steps(tables)).await;
    let of_twenty = queries(&db).await;

    assert_eq!(of_none, of_twenty);
    assert!(of_none <= 8, "{of_none}");
    db.close().await.unwrap();
}
