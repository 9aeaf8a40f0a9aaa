//! What means the same is no difference, however it was written; beside it, what looks as much alike
//! and is one.
//!
//! On the one side SQL that somebody wrote, on the other what is declared.

#[path = "false_diffs/tables.rs"]
mod tables;

use plimsoll::{
    Dialect, How, TableBuilder, Wanted, compare, introspect, prelude::*, testing::Scratch,
};

use crate::{read_back::schema, support::*};

plimsoll::on_every_empty_database!(
    quotes_around_the_text_of_a_default,
    a_name_as_a_default,
    an_empty_text_as_a_default,
    a_quote_within_a_default,
    the_words_for_true_and_false,
    the_ways_to_write_a_number,
    the_words_for_the_present_time,
    digits_of_a_second,
    parentheses_around_an_expression,
    casts,
    the_type_of_an_enumeration_behind_its_value,
    lists_and_documents,
    the_order_of_the_keys_of_a_document,
    ways_to_count_up,
    a_default_of_null,
    the_names_of_texts,
    the_names_of_whole_numbers,
    digits_without_a_scale,
    the_names_of_floating_points,
    a_collation_that_is_the_default,
    a_document_kept_as_text,
    a_uuid_as_it_is_stored,
);

/// How a table `t` is to be compared.
pub(crate) struct Made<'s> {
    scratch: &'s Scratch,
    wanted: Wanted,
}

impl<'s> Made<'s> {
    /// Runs the statements of this database.
    pub(crate) async fn by_hand(
        scratch: &'s Scratch,
        [sqlite, postgres, mysql]: [&[&str]; 3],
    ) -> Self {
        let statements = match dialect(&scratch.db) {
            Dialect::Sqlite => sqlite,
            Dialect::Postgres => postgres,
            Dialect::Mysql => mysql,
        };
        for statement in statements {
            run(&scratch.db, statement).await;
        }
        Self { scratch, wanted: Wanted::Exactly }
    }

    /// Makes a table `t` of what stands between the parentheses.
    pub(crate) async fn table(scratch: &'s Scratch, [sqlite, postgres, mysql]: [&str; 3]) -> Self {
        let of = |columns| format!("CREATE TABLE t ({columns})");
        let mysql = format!("{} COLLATE utf8mb4_bin", of(mysql));
        Self::by_hand(scratch, [&[&of(sqlite)], &[&of(postgres)], &[&mysql]]).await
    }

    /// What is wanted is what an entity says.
    pub(crate) fn for_an_entity(mut self) -> Self {
        self.wanted = Wanted::ByEntities;
        self
    }

    async fn differences(&self, declared: TableBuilder) -> Vec<String> {
        let steps = Steps::new().create_table(declared.name().to_owned().as_str(), |_| declared);
        let found = introspect(&self.scratch.db).await.unwrap();
        let how = How {
            asking: Some((&self.scratch.db, &self.scratch.database)),
            dialect: dialect(&self.scratch.db),
            wanted: self.wanted,
            renames: &[],
        };
        let compared = compare(&found, &schema(&steps), &how).await;
        assert_eq!(compared.unread, []);
        let changes = compared.diff.changes.iter();
        changes.map(|change| format!("{} {}", change.sign(), change.describe())).collect()
    }

    pub(crate) async fn is(&self, declared: TableBuilder) {
        assert_eq!(self.differences(declared).await, [""; 0]);
    }

    /// There is one difference, in which `part` is said.
    pub(crate) async fn is_not(&self, declared: TableBuilder, part: &str) {
        let differences = self.differences(declared).await;
        assert!(differences.len() == 1 && differences[0].contains(part), "{differences:?}");
    }
}

/// A table of these columns.
pub(crate) fn t(columns: impl IntoIterator<Item = ColumnDef>) -> TableBuilder {
    columns.into_iter().fold(TableBuilder::new("t"), TableBuilder::column)
}

pub(crate) fn of(name: &str) -> ColumnDef {
    ColumnDef::new(name.to_owned())
}

fn text(default: &str) -> ColumnDef {
    of("a").string_len(20).default(default).take()
}

async fn quotes_around_the_text_of_a_default(scratch: &Scratch) {
    let made = Made::table(
        scratch,
        [
            "a varchar(20) DEFAULT \"x\"",
            "a varchar(20) DEFAULT 'x'::text",
            "a varchar(20) DEFAULT \"x\"",
        ],
    )
    .await;

    made.is(t([text("x")])).await;
    made.is_not(t([text("X")]), "default 'x' -> 'X'").await;
}

/// SQLite takes a name for a text there, between whatever quotes.
async fn a_name_as_a_default(scratch: &Scratch) {
    let texts = ["[x]", "`x`", "x"].map(|name| format!("a varchar(20) DEFAULT {name}"));
    if dialect(&scratch.db) != Dialect::Sqlite {
        return;
    }
    for text_of in texts {
        run(&scratch.db, "DROP TABLE IF EXISTS t").await;
        let sql = format!("CREATE TABLE t ({text_of})");
        let made = Made::by_hand(scratch, [&[&sql], &[], &[]]).await;

        made.is(t([text("x")])).await;
        made.is_not(t([text("y")]), "default 'x' -> 'y'").await;
    }
}

async fn an_empty_text_as_a_default(scratch: &Scratch) {
    let made = Made::table(scratch, ["a varchar(20) DEFAULT ''"; 3]).await;

    made.is(t([text("")])).await;
    made.is_not(t([of("a").string_len(20).take()]), "default '' -> none").await;
    made.is_not(t([text(" ")]), "default '' -> ' '").await;
}

async fn a_quote_within_a_default(scratch: &Scratch) {
    let made = Made::table(
        scratch,
        [
            "a varchar(20) DEFAULT 'it''s \\ \"x\"'",
            "a varchar(20) DEFAULT E'it\\'s \\\\ \"x\"'",
            "a varchar(20) DEFAULT 'it\\'s \\\\ \"x\"'",
        ],
    )
    .await;

    made.is(t([text("it's \\ \"x\"")])).await;
    made.is_not(t([text("it''s \\ \"x\"")]), "-> 'it''''s").await;
}

async fn the_words_for_true_and_false(scratch: &Scratch) {
    let made = Made::table(
        scratch,
        [
            "a boolean DEFAULT 1, b bool DEFAULT TRUE, c boolean DEFAULT '1', d boolean DEFAULT 0",
            "a boolean DEFAULT 'yes', b bool DEFAULT 't', c boolean DEFAULT '1', \
             d boolean DEFAULT 'off'",
            "a boolean DEFAULT 1, b bool DEFAULT TRUE, c tinyint(1) DEFAULT b'1', \
             d boolean DEFAULT '0'",
        ],
    )
    .await;
    let columns = |a: bool| {
        t([("a", a), ("b", true), ("c", true), ("d", false)]
            .map(|(name, default)| of(name).boolean().default(default).take()))
    };

    made.is(columns(true)).await;
    made.is_not(columns(false), "default true -> false").await;
}

async fn the_ways_to_write_a_number(scratch: &Scratch) {
    let made = Made::table(
        scratch,
        [
            "a integer DEFAULT '5', b integer DEFAULT (-1), c decimal(10, 2) DEFAULT 1.50, \
             d double DEFAULT 2.0, e integer DEFAULT +7",
            "a integer DEFAULT '5', b integer DEFAULT -1, c decimal(10, 2) DEFAULT 1.50, \
             d double precision DEFAULT 2.0, e integer DEFAULT (7)",
            "a integer DEFAULT '5', b integer DEFAULT -1, c decimal(10, 2) DEFAULT 1.5, \
             d double DEFAULT 2.0, e integer DEFAULT +7",
        ],
    )
    .await;
    let columns = |c: f64| {
        t([
            of("a").integer().default(5).take(),
            of("b").integer().default(-1).take(),
            of("c").decimal_len(10, 2).default(c).take(),
            of("d").double().default(2.0).take(),
            of("e").integer().default(7).take(),
        ])
    };

    made.is(columns(1.5)).await;
    made.is_not(columns(1.05), "default 1.5 -> 1.05").await;
}

async fn the_words_for_the_present_time(scratch: &Scratch) {
    let made = Made::table(
        scratch,
        [
            "a timestamp_with_timezone_text DEFAULT CURRENT_TIMESTAMP, \
             b datetime_text DEFAULT CURRENT_TIMESTAMP, c date_text DEFAULT CURRENT_DATE",
            "a timestamptz DEFAULT now(), b timestamp DEFAULT localtimestamp, \
             c date DEFAULT CURRENT_DATE",
            "a timestamp DEFAULT now(), b datetime(6) DEFAULT current_timestamp(6), \
             c date DEFAULT curdate()",
        ],
    )
    .await
    .for_an_entity();
    let columns = || {
        [
            of("a").timestamp_with_time_zone().default(Expr::current_timestamp()).take(),
            of("b").date_time().default(Expr::current_timestamp()).take(),
            of("c").date().default(Expr::current_date()).take(),
        ]
    };

    made.is(t(columns())).await;
    let mut without = columns();
    without[2] = of("c").date().take();
    made.is_not(t(without), "-> none").await;
}

async fn digits_of_a_second(scratch: &Scratch) {
    let made = Made::table(
        scratch,
        [
            "a datetime_text, b timestamp_with_timezone_text",
            "a timestamp(6), b timestamp(6) with time zone",
            "a datetime, b timestamp",
        ],
    )
    .await
    .for_an_entity();
    let of_time = |b: ColumnDef| t([of("a").date_time().take(), b]);

    made.is(of_time(of("b").timestamp_with_time_zone().take())).await;
    made.is_not(of_time(of("b").date().take()), "-> date").await;
}

async fn parentheses_around_an_expression(scratch: &Scratch) {
    let columns = "a integer DEFAULT ((1 + 2)), CHECK (((a) > (1)))";
    let made = Made::table(scratch, [columns; 3]).await.for_an_entity();
    let table = |default: &'static str, least: &'static str| {
        t([of("a").integer().take()]).default_to("a", default).check("least", least)
    };

    made.is(table("1 + 2", "a > 1")).await;
    made.is_not(table("1 + 3", "a > 1"), "default").await;
    assert!(!made.differences(table("1 + 2", "a > 2")).await.is_empty());
}

async fn casts(scratch: &Scratch) {
    let made = Made::table(
        scratch,
        [
            "a varchar(20) DEFAULT 'x', b integer CHECK (b <> 13)",
            "a varchar(20) DEFAULT CAST('x' AS varchar), b smallint CHECK (b <> 13::bigint)",
            "a varchar(20) DEFAULT 'x', b smallint CHECK (b <> 13)",
        ],
    )
    .await
    .for_an_entity();
    let not = |number: &'static str| {
        let small = dialect(&scratch.db) != Dialect::Sqlite;
        let b = if small { of("b").small_integer().take() } else { of("b").integer().take() };
        t([text("x"), b]).check("b", number)
    };

    made.is(not(if dialect(&scratch.db) == Dialect::Postgres {
        "b <> (13::int8)"
    } else {
        "b <> 13"
    }))
    .await;
    assert!(!made.differences(not("b <> 14")).await.is_empty());
}

async fn the_type_of_an_enumeration_behind_its_value(scratch: &Scratch) {
    let made = Made::by_hand(
        scratch,
        [
            &["CREATE TABLE t (a enum_text DEFAULT 'calm')"],
            &[
                "CREATE TYPE mood AS ENUM ('calm', 'it''s wild')",
                "CREATE TABLE t (a mood DEFAULT 'calm'::mood)",
            ],
            &["CREATE TABLE t (a enum('calm', 'it\\'s wild') DEFAULT 'calm') COLLATE utf8mb4_bin"],
        ],
    )
    .await;
    let mood = |default: &str| {
        let values = ["calm", "it's wild"].map(sea_query::Alias::new);
        t([of("a").enumeration("mood", values).default(default).take()])
    };

    made.is(mood("calm")).await;
    made.is_not(mood("it's wild"), "default 'calm' -> 'it''s wild'").await;
}

async fn lists_and_documents(scratch: &Scratch) {
    let made = Made::table(
        scratch,
        [
            "a json_text DEFAULT '{}', b jsonb_text DEFAULT ('[]')",
            "a json DEFAULT '{}', b jsonb DEFAULT '[]', c text[] DEFAULT ARRAY[]::text[], \
             d int4[] DEFAULT '{}'",
            "a json DEFAULT '{}', b json DEFAULT ('[]')",
        ],
    )
    .await;
    let columns = |a: &str| {
        let mut columns =
            vec![of("a").json().default(a).take(), of("b").json_binary().default("[]").take()];
        if dialect(&scratch.db) == Dialect::Postgres {
            columns.push(of("c").array(sea_query::ColumnType::Text).default("{}").take());
            columns.push(of("d").array(sea_query::ColumnType::Integer).default("{}").take());
        }
        t(columns)
    };

    made.is(columns("{}")).await;
    made.is_not(columns("[]"), "default '{}' -> '[]'").await;
}

async fn the_order_of_the_keys_of_a_document(scratch: &Scratch) {
    let made = Made::table(
        scratch,
        [
            r#"a jsonb_text DEFAULT '{"bb":null,"a":[1,2]}'"#,
            r#"a jsonb DEFAULT '{"bb":null,"a":[1,2]}'"#,
            r#"a json DEFAULT '{"bb":null,"a":[1,2]}'"#,
        ],
    )
    .await;
    let column = |a: &str| t([of("a").json_binary().default(a).take()]);

    made.is(column(r#"{"bb":null,"a":[1,2]}"#)).await;
    made.is(column(r#"{ "a": [1, 2], "bb": null }"#)).await;
    made.is_not(column(r#"{"bb":null,"a":[2,1]}"#), "[2,1]").await;
    made.is_not(column(r#"{"bb":null}"#), "-> '{\"bb\":null}'").await;
}

async fn ways_to_count_up(scratch: &Scratch) {
    let made = Made::table(
        scratch,
        [
            "id integer PRIMARY KEY AUTOINCREMENT",
            "id serial PRIMARY KEY",
            "id int AUTO_INCREMENT PRIMARY KEY",
        ],
    )
    .await;

    made.is(t([of("id").integer().auto_increment().primary_key().take()])).await;
    made.is_not(t([of("id").integer().primary_key().take()]), "counted up -> not").await;
}

async fn a_default_of_null(scratch: &Scratch) {
    let made = Made::table(
        scratch,
        [
            "a varchar(20) DEFAULT NULL",
            "a varchar(20) DEFAULT NULL::varchar",
            "a varchar(20) DEFAULT NULL",
        ],
    )
    .await;

    made.is(t([of("a").string_len(20).take()])).await;
    made.is(t([of("a").string_len(20).default(Option::<String>::None).take()])).await;
    made.is_not(t([text("NULL")]), "default none -> 'NULL'").await;
}

async fn the_names_of_texts(scratch: &Scratch) {
    let made = Made::table(
        scratch,
        [
            "a text, b varchar, c VARCHAR(20)",
            "a varchar, b text, c character varying(20)",
            "a varchar(255), b text, c character varying(20)",
        ],
    )
    .await
    .for_an_entity();
    let columns = |c: u32| {
        // PostgreSQL alone tells them apart, though it keeps them alike.
        let b = of("b").text().take();
        t([of("a").string().take(), b, of("c").string_len(c).take()])
    };

    made.is(columns(20)).await;
    made.is_not(columns(21), "string(20) -> string(21)").await;
}

async fn the_names_of_whole_numbers(scratch: &Scratch) {
    let made = Made::table(
        scratch,
        [
            "a INTEGER, b INT, c bigint, d INTEGER, e integer",
            "a int2, b int4, c int8, d smallint, e int",
            "a smallint(6), b INTEGER, c bigint(20), d tinyint(4), e int(11)",
        ],
    )
    .await
    .for_an_entity();
    let columns = |e: ColumnDef| {
        t([
            of("a").small_integer().take(),
            of("b").integer().take(),
            of("c").big_integer().take(),
            of("d").tiny_integer().take(),
            e,
        ])
    };

    made.is(columns(of("e").integer().take())).await;
    made.is_not(columns(of("e").text().take()), "-> text").await;
}

async fn digits_without_a_scale(scratch: &Scratch) {
    let made = Made::table(
        scratch,
        [
            "a decimal(12), b numeric(10, 0)",
            "a numeric(12), b decimal(10)",
            "a decimal(12), b numeric",
        ],
    )
    .await;
    let columns =
        |scale| t([of("a").decimal_len(12, scale).take(), of("b").decimal_len(10, 0).take()]);

    made.is(columns(0)).await;
    made.is_not(columns(1), "-> decimal(12, 1)").await;
}

async fn the_names_of_floating_points(scratch: &Scratch) {
    let made = Made::table(
        scratch,
        [
            "a double precision, b real, c float",
            "a float8, b float(53), c float4",
            "a double precision, b real, c float(24)",
        ],
    )
    .await;
    let columns = |c: ColumnDef| t([of("a").double().take(), of("b").double().take(), c]);

    made.is(columns(of("c").float().take())).await;
    made.is_not(columns(of("c").double().take()), "float -> double").await;
}

async fn a_collation_that_is_the_default(scratch: &Scratch) {
    let made = Made::table(
        scratch,
        [
            "a varchar(20) COLLATE BINARY",
            "a varchar(20) COLLATE \"default\"",
            "a varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        ],
    )
    .await;
    let column = || t([of("a").string_len(20).take()]);
    let other = match dialect(&scratch.db) {
        Dialect::Sqlite => "NOCASE",
        Dialect::Postgres => "C",
        Dialect::Mysql => "utf8mb4_general_ci",
    };

    made.is(column()).await;
    made.is_not(column().collated("a", other), "collation none -> ").await;
}

/// MariaDB has no type for it, and a CHECK in its place.
async fn a_document_kept_as_text(scratch: &Scratch) {
    let made = Made::table(
        scratch,
        [
            "a json_text",
            "a json",
            "a longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin CHECK (json_valid(a))",
        ],
    )
    .await;

    made.is(t([of("a").json().take()])).await;
    assert!(!made.differences(t([of("a").text().take()])).await.is_empty());

    run(&scratch.db, "ALTER TABLE t RENAME COLUMN a TO b").await;
    made.is(t([of("b").json().take()])).await;
}

async fn a_uuid_as_it_is_stored(scratch: &Scratch) {
    let made = Made::table(scratch, ["a uuid_text", "a uuid", "a binary(16)"]).await;

    made.is(t([of("a").uuid().take()])).await;
    made.is_not(t([of("a").big_integer().take()]), "-> big integer").await;
}
