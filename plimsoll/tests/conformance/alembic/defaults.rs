//! `tests/test_sqlite.py`, `tests/test_mysql.py`, `tests/test_postgresql.py`: defaults as the
//! databases give them back.

use plimsoll::{Dialect, prelude::*};

use sea_orm::sea_query::{Alias, ColumnType};

use crate::{
    case::Case,
    class::{Class, classes},
    column::{becomes, stays},
    declare::{int, key, of, table, tables},
};

classes!(on_sqlite, on_mysql, enumerations, on_postgres, sequences);

fn number(default: i32) -> ColumnDef {
    of("a").integer().default(default).take()
}

fn float(default: f64) -> ColumnDef {
    of("a").double().default(default).take()
}

fn words(default: &str) -> ColumnDef {
    of("a").string_len(40).default(default).take()
}

/// A column `a` that is declared so, and that somebody wrote in the words of each database.
fn written([sqlite, postgres, mysql]: [&'static str; 3], column: ColumnDef) -> Case {
    let create = |column: &str, end: &str| -> &'static [&'static str] {
        let sql = format!("CREATE TABLE t (id integer NOT NULL PRIMARY KEY, a {column}){end}");
        Box::leak(Box::new([&*Box::leak(sql.into_boxed_str())]))
    };
    let statements =
        [create(sqlite, ""), create(postgres, ""), create(mysql, " COLLATE utf8mb4_bin")];
    Case::by_hand(statements).to(&tables([table("t", [key("id"), column])]))
}

/// The same words on all three.
fn everywhere(words: &'static str, column: ColumnDef) -> Case {
    written([words; 3], column)
}

fn on_sqlite() -> Class {
    let local = "(datetime('now', 'localtime'))";
    let computed = || {
        Case::by_hand([
            &["CREATE TABLE t (id integer NOT NULL PRIMARY KEY, \
               a text DEFAULT (datetime('now', 'localtime')))"],
            &[],
            &[],
        ])
        .to(&tables([table("t", [key("id"), of("a").text().take()]).default_to("a", local)]))
        .not_on(Dialect::Postgres, "it has another function for that")
        .not_on(Dialect::Mysql, "it has another function for that")
    };
    let now = of("a").date_time().default(Expr::current_timestamp()).take();
    Class::alembic("tests/test_sqlite.py", "SQLiteDefaultCompareTest")
        .same("compare_current_timestamp_func", computed())
        .same("compare_current_timestamp_func_now", stays(now))
        .same("compare_current_timestamp_text", computed())
        .same("compare_integer_str", everywhere("integer DEFAULT '5'", number(5)))
        .same("compare_integer_str_diff", becomes(number(5), number(7), "default 5 -> 7"))
        .same("compare_integer_text", everywhere("integer DEFAULT 5", number(5)))
        .same("compare_integer_text_diff", becomes(number(5), number(7), "default 5 -> 7"))
        .same("compare_float_str", everywhere("double precision DEFAULT '5.2'", float(5.2)))
        .same("compare_float_str_diff", becomes(float(5.2), float(5.3), "default 5.2 -> 5.3"))
        .same("compare_float_text", everywhere("double precision DEFAULT 5.2", float(5.2)))
        .same("compare_float_text_diff", becomes(float(5.2), float(5.3), "default 5.2 -> 5.3"))
        .same(
            "compare_string_literal",
            everywhere("varchar(40) DEFAULT 'im a default'", words("im a default")),
        )
        .same(
            "compare_string_literal_diff",
            becomes(words("im a default"), words("me too"), "default 'im a default' -> 'me too'"),
        )
}

fn on_mysql() -> Class {
    let moment = |default: bool| {
        let mut moment = of("a").timestamp_with_time_zone().take();
        if default { moment.default(Expr::current_timestamp()).take() } else { moment }
    };
    let on_update = || {
        Case::by_hand([
            &[],
            &[],
            &["CREATE TABLE t (id int NOT NULL PRIMARY KEY, a datetime(6) NULL \
               DEFAULT current_timestamp(6) ON UPDATE current_timestamp(6))"],
        ])
        .to(&tables([table("t", [key("id"), moment(true)])]))
        .by_entities()
        .tells_on(Dialect::Mysql, &["ON UPDATE of a column a"])
        .not_on(Dialect::Sqlite, "a column does not follow the clock")
        .not_on(Dialect::Postgres, "a column does not follow the clock")
    };
    let truth = |default: bool| of("a").boolean().default(default).take();
    Class::alembic("tests/test_mysql.py", "MySQLDefaultCompareTest")
        .same("compare_timestamp_current_timestamp", stays(moment(true)))
        .same(
            "compare_timestamp_current_timestamp_diff",
            becomes(moment(false), moment(true), "default none -> the present time"),
        )
        .same("compare_timestamp_current_timestamp_bundle_onupdate", on_update())
        .does_not_apply(
            "that a column follows the clock is beyond the model, and cannot be wanted",
            ["compare_timestamp_current_timestamp_diff_bundle_onupdate"],
        )
        .same("compare_integer_from_none", becomes(int("a"), number(0), "default none -> 0"))
        .same("compare_integer_same", everywhere("integer DEFAULT '5'", number(5)))
        .same("compare_integer_diff", becomes(number(5), number(7), "default 5 -> 7"))
        .same("compare_boolean_same", everywhere("boolean DEFAULT '1'", truth(true)))
        .same("compare_boolean_diff", becomes(truth(true), truth(false), "default true -> false"))
}

/// Enumerations in a column, and what is said when one becomes another.
fn enums() -> Vec<Case> {
    let statements = |values: &'static [&'static str]| {
        Case::by_hand([&[], &[], values])
            .not_on(Dialect::Sqlite, "an enumeration is a text, and its values are kept nowhere")
            .not_on(Dialect::Postgres, "an enumeration stands beside the tables")
    };
    let ab: &[&str] = &["CREATE TABLE t (id int NOT NULL PRIMARY KEY, a enum('A','B'))"];
    let moods = |values: &[&'static str]| {
        let variants = values.iter().map(|value| Alias::new(*value));
        let column = of("a").enumeration(Alias::new(""), variants).take();
        tables([table("t", [key("id"), column])])
    };
    vec![
        statements(ab).to(&moods(&["A", "B"])),
        statements(ab).to(&moods(&["A", "B", "C"])).finds_on(
            Dialect::Mysql,
            &["~ change column `t.a`: enum('A', 'B') -> enum('A', 'B', 'C')"],
        ),
        statements(ab)
            .to(&moods(&["B", "A"]))
            .finds_on(Dialect::Mysql, &["~ change column `t.a`: enum('A', 'B') -> enum('B', 'A')"]),
        statements(ab)
            .to(&moods(&["A"]))
            .finds_on(Dialect::Mysql, &["~ change column `t.a`: enum('A', 'B') -> enum('A')"]),
    ]
}

fn enumerations() -> Class {
    Class::alembic("tests/test_mysql.py", "MySQLEnumCompareTest")
        .same_each("compare_enum_types", enums())
}

fn on_postgres() -> Class {
    let only = |case: Case| {
        case.not_on(Dialect::Sqlite, "it has no such type")
            .not_on(Dialect::Mysql, "it has no such type")
    };
    let postgres = |words: &'static str, column: ColumnDef, default: Option<&str>| {
        let declared = table("t", [key("id"), column]);
        let declared = match default {
            Some(default) => declared.default_to("a", default),
            None => declared,
        };
        let sql = format!("CREATE TABLE t (id integer PRIMARY KEY, a {words})");
        let statements: &'static [&'static str] =
            Box::leak(Box::new([&*Box::leak(sql.into_boxed_str())]));
        only(Case::by_hand([&[], statements, &[]]).to(&tables([declared])))
    };
    let interval = || of("a").custom("interval").take();
    let utc = "timezone('utc', CURRENT_TIMESTAMP)";
    let of_utc = || {
        postgres(
            "timestamp DEFAULT TIMEZONE('utc', CURRENT_TIMESTAMP)",
            of("a").date_time().take(),
            Some(utc),
        )
    };
    let five = |words: &'static str| everywhere(words, float(5.0));
    let hello = || everywhere("varchar(40) DEFAULT 'hello'", words("hello"));
    let to_there = || becomes(words("hello"), words("there"), "default 'hello' -> 'there'");
    Class::alembic("tests/test_postgresql.py", "PostgresqlDefaultCompareTest")
        .same("compare_string_blank_default", everywhere("varchar(40) DEFAULT ''", words("")))
        .same("compare_string_nonblank_default", everywhere("varchar(40) DEFAULT 'hi'", words("hi")))
        .same(
            "compare_interval_str",
            postgres("interval DEFAULT '14 days'", interval(), Some("'14 days'::interval")),
        )
        .same(
            "compare_uuid_text",
            postgres(
                "uuid DEFAULT gen_random_uuid()",
                of("a").uuid().take(),
                Some("gen_random_uuid()"),
            ),
        )
        .same(
            "compare_interval_text",
            postgres("interval DEFAULT '14 days'", interval(), Some("'14 days'")),
        )
        .same(
            "compare_array_of_integer_text",
            postgres(
                "integer[] DEFAULT (ARRAY[]::integer[])",
                of("a").array(ColumnType::Integer).take(),
                Some("ARRAY[]::integer[]"),
            ),
        )
        .same("compare_current_timestamp_text", of_utc())
        .same("compare_current_timestamp_fn_w_binds", of_utc())
        .same("compare_integer_str", everywhere("integer DEFAULT '5'", number(5)))
        .same("compare_integer_text", everywhere("integer DEFAULT 5", number(5)))
        .same("compare_integer_text_diff", becomes(number(5), number(7), "default 5 -> 7"))
        .same("compare_float_str", everywhere("double precision DEFAULT '5.2'", float(5.2)))
        .same("compare_float_text", everywhere("double precision DEFAULT 5.2", float(5.2)))
        .same("compare_float_no_diff1", everywhere("double precision DEFAULT 5.2", float(5.2)))
        .same("compare_float_no_diff2", everywhere("double precision DEFAULT '5.2'", float(5.2)))
        .same("compare_float_no_diff3", five("double precision DEFAULT 5"))
        .same("compare_float_no_diff4", five("double precision DEFAULT '5'"))
        .same("compare_float_no_diff5", five("double precision DEFAULT 5.0"))
        .same("compare_float_no_diff6", five("double precision DEFAULT '5.0'"))
        .same(
            "compare_numeric_no_diff",
            everywhere("decimal(10, 2) DEFAULT 5.0", of("a").decimal_len(10, 2).default(5).take()),
        )
        .same(
            "compare_unicode_literal",
            everywhere("varchar(40) DEFAULT 'im a default'", words("im a default")),
        )
        .same("compare_character_str", hello())
        .same("compare_character_text", hello())
        .same("compare_character_str_diff", to_there())
        .same("compare_character_text_diff", to_there())
        .same("primary_key_skip", serial())
        .same(
            "non_pk_sequence",
            only(
                Case::by_hand([
                    &[],
                    &[
                        "CREATE SEQUENCE posts START 1",
                        "CREATE TABLE t (id integer PRIMARY KEY, a integer DEFAULT nextval('posts'))",
                    ],
                    &[],
                ])
                .to(&tables([table("t", [key("id"), int("a")])
                    .default_to("a", "nextval('posts'::regclass)")])),
            )
            .tells_on(Dialect::Postgres, &["sequence posts"]),
        )
}

/// A key that counts up in one of the words for it.
fn serial() -> Case {
    let counted = of("x").integer().not_null().auto_increment().primary_key().take();
    Case::by_hand([
        &["CREATE TABLE t (x integer NOT NULL PRIMARY KEY AUTOINCREMENT)"],
        &["CREATE TABLE t (x serial PRIMARY KEY)"],
        &["CREATE TABLE t (x integer NOT NULL PRIMARY KEY AUTO_INCREMENT)"],
    ])
    .to(&tables([table("t", [counted])]))
}

fn sequences() -> Class {
    let separate = |ty: &'static [&'static str], column: ColumnDef| {
        Case::by_hand([&[], ty, &[]])
            .to(&tables([table("t", [column]).default_to("x", "nextval('x_id_seq'::regclass)")]))
            .tells_on(Dialect::Postgres, &["sequence x_id_seq"])
            .not_on(Dialect::Sqlite, "it has no sequences")
            .not_on(Dialect::Mysql, "a default takes no value of a sequence")
    };
    let number = of("x").integer().not_null().primary_key().take();
    let decimal = of("x").decimal_len(8, 2).take();
    Class::alembic("tests/test_postgresql.py", "PostgresqlDetectSerialTest")
        .same("serial", serial())
        .same(
            "separate_seq",
            separate(
                &[
                    "CREATE SEQUENCE x_id_seq",
                    "CREATE TABLE t (x integer PRIMARY KEY DEFAULT nextval('x_id_seq'))",
                ],
                number,
            ),
        )
        .same(
            "numeric",
            separate(
                &[
                    "CREATE SEQUENCE x_id_seq",
                    "CREATE TABLE t (x decimal(8, 2) DEFAULT nextval('x_id_seq'))",
                ],
                decimal,
            ),
        )
        .same("no_default", Case::of(&tables([table("t", [key("x")])])))
}
