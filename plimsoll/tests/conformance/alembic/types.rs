//! `tests/test_autogen_diffs.py` and `alembic/testing/suite/test_autogen_diffs.py`: types, defaults
//! and counting up.

use plimsoll::{Dialect, prelude::*};

use crate::{
    case::{Case, NONE},
    class::{Class, classes},
    column::{becomes, changed, of_numbers, stays, widens},
    declare::{int, key, of, table, tables, text},
};

const FILE: &str = "tests/test_autogen_diffs.py";
const SUITE: &str = "alembic/testing/suite/test_autogen_diffs.py";

classes!(specific, defaults, read_back, variants, altered, counting);

fn specific() -> Class {
    let decimal = |precision, scale| of("a").decimal_len(precision, scale).take();
    let small = || of("a").small_integer().take();
    let big = || of("a").big_integer().take();
    let changed = [
        becomes(text("a", 30), text("a", 40), "string(30) -> string(40)"),
        of_numbers(text("a", 30), int("a"), "string(30) -> integer", "string(30) -> big integer"),
        becomes(of("a").text().take(), text("a", 255), "text -> string(255)"),
        becomes(decimal(10, 5), decimal(10, 6), "decimal(10, 5) -> decimal(10, 6)"),
        becomes(decimal(10, 5), decimal(12, 5), "decimal(10, 5) -> decimal(12, 5)"),
        becomes(decimal(10, 5), of("a").date_time().take(), "decimal(10, 5) -> datetime"),
        widens(big(), int("a"), "big integer -> integer"),
        becomes(big(), small(), "big integer -> small integer"),
        of_numbers(int("a"), small(), "integer -> small integer", "big integer -> small integer"),
        of_numbers(int("a"), of("a").string().take(), "integer -> string", "big integer -> string")
            .finds_on(Dialect::Mysql, &[self::changed("integer -> string(255)")]),
    ];
    let same = [
        stays(text("a", 30)),
        stays(decimal(10, 5)),
        stays(of("a").decimal().take()),
        stays(int("a")),
        stays(big()),
    ];
    Class::alembic(FILE, "CompareTypeSpecificityTest")
        .does_not_apply(
            "a type of the program's own is one type on all databases, told by the engine's table",
            ["typedec_to_nonstandard"],
        )
        .same_each("compare_type", changed.into_iter().chain(same))
}

fn defaults() -> Class {
    let words = |default: &str| of("a").string_len(30).default(default).take();
    let number = |default: i32| of("a").integer().default(default).take();
    let now = || of("a").timestamp_with_time_zone().default(Expr::current_timestamp()).take();
    let cut = || of("a").string_len(30).default(Expr::cust("substr('name', 1, 3)")).take();
    Class::alembic(FILE, "CompareServerDefaultTest")
        .same_each(
            "server_default_yes_positives",
            [
                becomes(
                    words("some default"),
                    words("some new default"),
                    "default 'some default' -> 'some new default'",
                ),
                becomes(words("//slash"), words("s//l//ash"), "default '//slash' -> 's//l//ash'"),
                becomes(number(15), number(20), "default 15 -> 20"),
            ],
        )
        .same_each(
            "server_default_no_false_positives",
            [
                stays(words("some default")),
                stays(words("//slash")),
                stays(words("has ' quote")),
                stays(cut()),
                stays(now()),
                stays(number(15)),
            ],
        )
        .does_not_apply(
            "nobody else decides whether two defaults are the same",
            ["user_compare_server_default_return_values"],
        )
}

fn read_back() -> Class {
    let kinds = [
        int("a"),
        of("a").char_len(1).take(),
        text("a", 32),
        of("a").text().take(),
        of("a").float().take(),
        of("a").decimal().take(),
        of("a").timestamp_with_time_zone().take(),
        of("a").date_time().take(),
        of("a").boolean().take(),
        of("a").big_integer().take(),
        of("a").small_integer().take(),
        of("a").date().take(),
        of("a").blob().take(),
        of("a").json().take(),
    ];
    let collated = |collation: Option<&str>| {
        let t = table("t", [key("id"), text("a", 200)]);
        tables([match collation {
            Some(collation) => t.collated("a", collation),
            None => t,
        }])
    };
    let recollated = |have: Option<&str>, want: Option<&str>, said: &str| {
        Case::of(&collated(have))
            .to(&collated(want))
            .finds(&[changed(said)])
            .not_on(Dialect::Sqlite, "it has other collations")
            .not_on(Dialect::Postgres, "it has other collations")
    };
    let zoned = || of("a").timestamp_with_time_zone().take();
    let plain = || of("a").date_time().take();
    let unsigned = |width: &'static str| {
        Case::by_hand([
            &[],
            &[],
            match width {
                "" => &["CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int unsigned)"],
                _ => &["CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int(10) unsigned)"],
            },
        ])
        .to(&tables([table("t", [key("id"), of("a").unsigned().take()])]))
        .not_on(Dialect::Sqlite, "a whole number has no digits to show")
        .not_on(Dialect::Postgres, "a whole number has no digits to show")
    };
    // MariaDB keeps a moment and a time of day and date alike.
    let moments = |have, want, said| becomes(have, want, said).finds_on(Dialect::Mysql, NONE);
    let decimal = |scale| of("a").decimal_len(8, scale).take();
    Class::alembic(FILE, "CompareMetadataToInspectorTest")
        .same_each("introspected_columns_match_metadata_columns", kinds.map(stays))
        .same_each(
            "string_comparisons",
            [
                stays(text("a", 32)),
                becomes(of("a").text().take(), text("a", 255), "text -> string(255)"),
                becomes(text("a", 6), text("a", 12), "string(6) -> string(12)"),
                of_numbers(
                    int("a"),
                    text("a", 10),
                    "integer -> string(10)",
                    "big integer -> string(10)",
                ),
                of_numbers(
                    text("a", 10),
                    int("a"),
                    "string(10) -> integer",
                    "string(10) -> big integer",
                ),
                recollated(
                    Some("utf8mb4_general_ci"),
                    None,
                    "collation utf8mb4_general_ci -> none",
                ),
                recollated(
                    Some("utf8mb4_general_ci"),
                    Some("latin1_bin"),
                    "collation utf8mb4_general_ci -> latin1_bin",
                ),
            ],
        )
        .same_each(
            "datetime_comparisons",
            [
                stays(plain()),
                moments(plain(), zoned(), "datetime -> timestamp with zone"),
                moments(zoned(), plain(), "timestamp with zone -> datetime"),
            ],
        )
        .same_each(
            "numeric_comparisons",
            [
                stays(int("a")),
                of_numbers(
                    int("a"),
                    decimal(0),
                    "integer -> decimal(8, 0)",
                    "big integer -> decimal(8, 0)",
                ),
                becomes(decimal(0), decimal(2), "decimal(8, 0) -> decimal(8, 2)"),
                widens(of("a").big_integer().take(), int("a"), "big integer -> integer"),
                of_numbers(
                    of("a").small_integer().take(),
                    int("a"),
                    "small integer -> integer",
                    "small integer -> big integer",
                ),
                unsigned(""),
                unsigned("(10)"),
            ],
        )
}

fn variants() -> Class {
    let id = of("id").big_integer().not_null().primary_key().take();
    Class::alembic(FILE, "AutogenerateVariantCompareTest")
        .same("variant_no_issue", Case::of(&tables([table("sometable", [id, text("value", 50)])])))
}

fn altered() -> Class {
    let commented = |column: ColumnDef, text: &str| {
        let mut column = column;
        column.comment(text.to_owned()).take()
    };
    let one = |have: ColumnDef, want: ColumnDef, said: &str| {
        becomes(have, want, said).not_on(Dialect::Sqlite, "it keeps no comments")
    };
    let required = || of("a").integer().not_null().take();
    let five = || of("a").integer().default(5).take();
    Class::alembic(SUITE, "AlterColumnTest")
        .same(
            "all_existings_filled",
            one(int("a"), commented(int("a"), "x"), "comment none -> \"x\""),
        )
        .same(
            "all_existings_filled_in_notnull",
            one(required(), commented(required(), "x"), "comment none -> \"x\""),
        )
        .same(
            "all_existings_filled_in_comment",
            one(
                commented(int("a"), "old"),
                commented(int("a"), "new"),
                "comment \"old\" -> \"new\"",
            ),
        )
        .same(
            "all_existings_filled_in_server_default",
            one(five(), commented(five(), "new"), "comment none -> \"new\""),
        )
}

const BIG: &str = "integer -> big integer";

fn counting() -> Class {
    let required = || of("a").integer().not_null().take();
    let as_key = |column: ColumnDef| {
        let mut column = column;
        table("t", [column.not_null().primary_key().take()])
    };
    let keys = |have: ColumnDef, want: ColumnDef| {
        Case::of(&tables([as_key(have)]))
            .to(&tables([as_key(want)]))
            .finds(&[changed(BIG)])
            .finds_on(Dialect::Sqlite, NONE)
    };
    let counts = |mut column: ColumnDef| column.auto_increment().take();
    let composite = |a: ColumnDef| {
        let mut a = a;
        let id = of("id").integer().not_null().take();
        tables([table("t", [id, a.not_null().take()]).primary_key(["id", "a"])])
    };
    let composites = || {
        Case::of(&composite(int("a")))
            .to(&composite(of("a").big_integer().take()))
            .finds(&[changed(BIG)])
            .finds_on(Dialect::Sqlite, NONE)
    };
    let big = || of("a").big_integer().take();
    Class::alembic(SUITE, "AutoincrementTest")
        .same(
            "alter_column_autoincrement_none",
            becomes(required(), int("a"), "not null -> nullable"),
        )
        .same("alter_column_autoincrement_pk_false", keys(int("a"), big()))
        .same("alter_column_autoincrement_pk_implicit_true", keys(counts(int("a")), counts(big())))
        .same("alter_column_autoincrement_pk_explicit_true", keys(counts(int("a")), counts(big())))
        .same("alter_column_autoincrement_nonpk_false", widens(int("a"), big(), BIG))
        .same("alter_column_autoincrement_nonpk_implicit_false", widens(int("a"), big(), BIG))
        .does_not_apply(
            "only a key counts up on all three databases",
            [
                "alter_column_autoincrement_nonpk_explicit_true",
                "alter_column_autoincrement_compositepk_explicit_true",
            ],
        )
        .same("alter_column_autoincrement_compositepk_false", composites())
        .same("alter_column_autoincrement_compositepk_implicit_false", composites())
}
