//! Types and defaults in pairs: what is there, and what is wanted.

use plimsoll::{Dialect, Steps, TableBuilder, prelude::*};

use super::FILE;
use crate::{
    case::Case,
    class::{Class, classes},
    declare::{of, table, tables},
};

classes!(pairs, defaults, in_databases, variants, functions);

/// Changes of columns of `t`: the name of each, and what is said of it.
fn changes<const N: usize>(changes: [(&str, &str); N]) -> Vec<String> {
    changes.map(|(column, said)| format!("~ change column `t.{column}`: {said}")).into()
}

/// How somebody declared a column, and what is wanted of it.
struct Pair {
    declared: &'static str,
    wanted: ColumnDef,
    collation: Option<&'static str>,
}

fn pair(declared: &'static str, wanted: &mut ColumnDef) -> Pair {
    Pair { declared, wanted: wanted.take(), collation: None }
}

impl Pair {
    fn collated(self, collation: &'static str) -> Self {
        Self { collation: Some(collation), ..self }
    }
}

/// A table of these columns in each database.
fn compared(pairs: [Vec<Pair>; 3]) -> Case {
    let made = |pairs: &Vec<Pair>, behind: &str| {
        let declared =
            pairs.iter().map(|it| format!("{} {}", it.wanted.get_column_name(), it.declared));
        format!("CREATE TABLE t ({}){behind}", declared.collect::<Vec<_>>().join(", "))
    };
    let [sqlite, postgres, mysql] = &pairs;
    let [sqlite, postgres, mysql] =
        [made(sqlite, ""), made(postgres, ""), made(mysql, " COLLATE utf8mb4_bin")];
    let case = Case::by_hand([&[&sqlite], &[&postgres], &[&mysql]]);
    Dialect::ALL.into_iter().zip(pairs).fold(case, |case, (dialect, pairs)| {
        let wanted = pairs.into_iter().fold(TableBuilder::new("t"), |table, pair| {
            let name = pair.wanted.get_column_name();
            let table = table.column(pair.wanted);
            match pair.collation {
                Some(collation) => table.collated(&name, collation),
                None => table,
            }
        });
        case.want_on(dialect, &tables([wanted]))
    })
}

/// What is found in the words of a database.
fn specific(integer: &str, string: &str, decimal: &str) -> Vec<String> {
    let mut found = changes([
        ("b", "string(30) -> string(40)"),
        ("c", &format!("string(30) -> {integer}")),
        ("d", &format!("string(30) -> {string}")),
        ("e", "text -> string(255)"),
        ("f", "decimal(10, 5) -> decimal(10, 6)"),
        ("g", &format!("decimal(10, 5) -> {decimal}")),
        ("h", &format!("{decimal} -> decimal(10, 5)")),
        ("i", &format!("decimal(10, 2) -> {decimal}")),
        ("k", "decimal(10, 5) -> decimal(12, 5)"),
        ("l", "decimal(10, 5) -> datetime"),
        ("o", &format!("big integer -> {integer}")),
        ("q", "big integer -> small integer"),
        ("r", &format!("{integer} -> small integer")),
        ("s", &format!("{integer} -> {string}")),
    ]);
    // SQLite knows no integer that is not big.
    found.retain(|change| !change.ends_with("big integer -> big integer"));
    found
}

fn pairs() -> Class {
    let pairs = |text| {
        vec![
            pair("varchar(30)", of("a").string_len(30)),
            pair("varchar(30)", of("b").string_len(40)),
            pair("varchar(30)", of("c").integer()),
            pair("varchar(30)", of("d").string()),
            pair(text, of("e").string_len(255)),
            pair("decimal(10, 5)", of("f").decimal_len(10, 6)),
            pair("decimal(10, 5)", of("g").decimal_len(10, 0)),
            pair("decimal(10)", of("h").decimal_len(10, 5)),
            pair("decimal(10, 2)", of("i").decimal_len(10, 0)),
            pair("decimal(10, 5)", of("j").decimal_len(10, 5)),
            pair("decimal(10, 5)", of("k").decimal_len(12, 5)),
            pair("decimal(10, 5)", of("l").date_time()),
            pair("numeric", of("m").decimal()),
            pair("integer", of("n").integer()),
            pair("bigint", of("o").integer()),
            pair("bigint", of("p").big_integer()),
            pair("bigint", of("q").small_integer()),
            pair("integer", of("r").small_integer()),
            pair("integer", of("s").string()),
        ]
    };
    let number = || vec![pair("numeric(50)", of("x").var_binary(50))];
    Class::alembic(FILE, "CompareTypeSpecificityTest")
        .same(
            "typedec_to_nonstandard",
            compared([number(), number(), number()])
                .finds(&changes([("x", "decimal(50, 0) -> varbinary(50)")]))
                .finds_on(Dialect::Postgres, &changes([("x", "decimal(50, 0) -> blob")])),
        )
        .differs(
            "compare_type",
            "a length or a scale that is not said is the database's own, and differs from another",
            compared([pairs("text"), pairs("text"), pairs("longtext")])
                .finds_on(Dialect::Sqlite, &specific("big integer", "string", "decimal(10, 0)"))
                .finds_on(Dialect::Postgres, &specific("integer", "string", "decimal(10, 0)"))
                .finds_on(Dialect::Mysql, &specific("integer", "string(255)", "decimal")),
        )
}

fn defaults() -> Class {
    let changed = |quoted| {
        vec![
            pair(
                "varchar(30) DEFAULT 'some default'",
                of("a").string_len(30).default("some new default"),
            ),
            pair(quoted, of("b").string_len(30).default("some new default")),
            pair("varchar(30) DEFAULT '//slash'", of("c").string_len(30).default("s//l//ash")),
            pair("integer DEFAULT 15", of("d").integer().default(20)),
            pair("integer DEFAULT '15'", of("e").integer().default(20)),
        ]
    };
    let (name, cast) =
        ("varchar(30) DEFAULT \"some default\"", "varchar(30) DEFAULT 'some default'::text");
    let same = |quoted, now| {
        vec![
            pair(
                "varchar(30) DEFAULT 'some default'",
                of("a").string_len(30).default("some default"),
            ),
            pair(quoted, of("b").string_len(30).default("some default")),
            pair("varchar(30) DEFAULT '//slash'", of("c").string_len(30).default("//slash")),
            pair(
                "varchar(30) DEFAULT 'has '' quote'",
                of("d").string_len(30).default("has ' quote"),
            ),
            pair(
                "varchar(30) DEFAULT (substring('name',1,3))",
                of("e").string_len(30).default(Expr::cust("substring('name', 1, 3)")),
            ),
            pair(
                "varchar(30) DEFAULT (substring('name', 1, 3))",
                of("f").string_len(30).default(Expr::cust("substring('name',1,3)")),
            ),
            pair(now, of("g").date_time().default(Expr::cust("now()"))),
            pair("integer DEFAULT 15", of("h").integer().default(15)),
            pair("integer DEFAULT '15'", of("i").integer().default(15)),
        ]
    };
    Class::alembic(FILE, "CompareServerDefaultTest")
        .same(
            "server_default_yes_positives",
            compared([changed(name), changed(cast), changed(name)]).finds(&[
                "~ change column `t.a`: default 'some default' -> 'some new default'",
                "~ change column `t.b`: default 'some default' -> 'some new default'",
                "~ change column `t.c`: default '//slash' -> 's//l//ash'",
                "~ change column `t.d`: default 15 -> 20",
                "~ change column `t.e`: default 15 -> 20",
            ]),
        )
        .same(
            "server_default_no_false_positives",
            compared([
                same(name, "datetime_text DEFAULT (now())"),
                same(cast, "timestamp DEFAULT (now())"),
                same(name, "datetime(6) DEFAULT (now())"),
            ]),
        )
        .does_not_apply(
            "no function of the user's compares defaults",
            ["user_compare_server_default_return_values"],
        )
}

/// Types of every kind, as they are declared and made.
fn of_each_kind() -> Steps {
    tables([table(
        "sometable",
        [
            of("a").integer().take(),
            of("b").char().take(),
            of("c").string_len(32).take(),
            of("d").text().take(),
            of("e").float().take(),
            of("f").decimal().take(),
            of("g").decimal_len(12, 3).take(),
            of("h").timestamp().take(),
            of("i").date_time().take(),
            of("j").boolean().take(),
            of("k").big_integer().take(),
            of("l").small_integer().take(),
            of("m").date().take(),
            of("n").blob().take(),
            of("o").json().take(),
            of("p").enumeration("the_enum", ["one", "two", "three"]).take(),
        ],
    )])
}

fn strings_of_each() -> Case {
    let found = |integer, from, to| {
        changes([
            ("c", "char(1) -> string(1)"),
            ("d", "text -> string(255)"),
            ("e", "string(6) -> string(12)"),
            ("f", &format!("{integer} -> string(10)")),
            ("g", &format!("string(10) -> {integer}")),
            ("k", &format!("collation {from} -> none")),
            ("l", &format!("collation {from} -> {to}")),
        ])
    };
    let strings = |text, usual: &'static str, collated: [Pair; 4]| {
        let pairs = [
            pair("varchar(32)", of("a").string_len(32)),
            pair("varchar(6)", of("b").string_len(6)),
            pair("char(1)", of("c").string_len(1)),
            pair(text, of("d").string_len(255)),
            pair("varchar(6)", of("e").string_len(12)),
            pair("integer", of("f").string_len(10)),
            pair("varchar(10)", of("g").integer()),
            pair("varchar(30)", of("h").string_len(30)).collated(usual),
        ];
        pairs.into_iter().chain(collated).collect()
    };
    let collated = |[same, named, other]: [&'static str; 3], collation| {
        [
            pair(same, of("i").string_len(30)).collated(collation),
            pair(named, of("j").string_len(30)).collated(collation),
            pair(other, of("k").string_len(30)),
            pair(other, of("l").string_len(30)).collated(collation),
        ]
    };
    compared([
        strings(
            "text",
            "BINARY",
            collated(
                [
                    "varchar(30) COLLATE NOCASE",
                    "varchar(30) COLLATE nocase",
                    "varchar(30) COLLATE RTRIM",
                ],
                "NOCASE",
            ),
        ),
        strings(
            "text",
            "default",
            collated(
                [
                    "varchar(30) COLLATE \"C\"",
                    "varchar(30) COLLATE pg_catalog.\"C\"",
                    "varchar(30) COLLATE \"POSIX\"",
                ],
                "C",
            ),
        ),
        strings(
            "longtext",
            "utf8mb4_bin",
            collated(
                [
                    "varchar(30) COLLATE utf8mb3_general_ci",
                    "varchar(30) CHARACTER SET utf8mb3",
                    "varchar(30) CHARACTER SET latin1",
                ],
                "utf8mb3_general_ci",
            ),
        ),
    ])
    .finds_on(Dialect::Sqlite, &found("big integer", "RTRIM", "NOCASE"))
    .finds_on(Dialect::Postgres, &found("integer", "POSIX", "C"))
    .finds_on(Dialect::Mysql, &found("integer", "latin1_swedish_ci", "utf8mb3_general_ci"))
}

fn in_databases() -> Class {
    let moments = |without, with| {
        vec![
            pair(without, of("a").date_time()),
            pair(without, of("b").timestamp_with_time_zone()),
            pair(with, of("c").date_time()),
        ]
    };
    let numbers = |unsigned, wide| {
        vec![
            pair("integer", of("a").integer()),
            pair("integer", of("b").decimal_len(8, 0)),
            pair("numeric(8, 0)", of("c").decimal_len(8, 2)),
            pair("bigint", of("d").integer()),
            pair("smallint", of("e").integer()),
            pair(unsigned, of("f").unsigned()),
            pair(wide, of("g").unsigned()),
        ]
    };
    Class::alembic(FILE, "CompareMetadataToInspectorTest")
        .same("introspected_columns_match_metadata_columns", Case::of(&of_each_kind()))
        .differs(
            "string_comparisons",
            "a collation that is not said is the table's, and differs from another",
            strings_of_each(),
        )
        .same(
            "datetime_comparisons",
            compared([
                moments("datetime_text", "timestamp_with_timezone_text"),
                moments("timestamp", "timestamptz"),
                moments("datetime(6)", "datetime(6)"),
            ])
            .finds(&changes([
                ("b", "datetime -> timestamp with zone"),
                ("c", "timestamp with zone -> datetime"),
            ]))
            .not_on(Dialect::Mysql, "one type holds moments with and without a zone"),
        )
        .same(
            "numeric_comparisons",
            compared([
                numbers("integer", "integer"),
                numbers("bigint", "bigint"),
                numbers("integer unsigned", "integer(10) unsigned"),
            ])
            .finds(&changes([
                ("b", "integer -> decimal(8, 0)"),
                ("c", "decimal(8, 0) -> decimal(8, 2)"),
                ("d", "big integer -> integer"),
                ("e", "small integer -> integer"),
            ]))
            // There all whole numbers but the smallest are one.
            .finds_on(
                Dialect::Sqlite,
                &changes([
                    ("b", "big integer -> decimal(8, 0)"),
                    ("c", "decimal(8, 0) -> decimal(8, 2)"),
                    ("e", "small integer -> big integer"),
                ]),
            ),
        )
}

fn variants() -> Class {
    let id = of("id").big_integer().not_null().primary_key().auto_increment().take();
    let value = of("value").string_len(50).take();
    Class::alembic(FILE, "AutogenerateVariantCompareTest")
        .same("variant_no_issue", Case::of(&tables([table("sometable", [id, value])])))
}

fn functions() -> Class {
    Class::alembic(FILE, "AutogenerateCustomCompareTypeTest").does_not_apply(
        "no function of the user's compares types",
        [
            "uses_custom_compare_type_function",
            "column_type_not_modified_custom_compare_type_returns_False",
            "column_type_modified_custom_compare_type_returns_True",
        ],
    )
}
