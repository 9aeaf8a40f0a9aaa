//! `tests/test_autogen_indexes.py`, `tests/test_sqlite.py`, `tests/test_postgresql.py`: indexes.

use plimsoll::{
    Dialect, TableBuilder,
    prelude::*,
    schema::{ForeignKey, IndexPart},
};

use sea_orm::sea_query::ColumnType;

use crate::{
    case::Case,
    class::{Class, classes},
    declare::{int, key, of, table, tables, text},
};

const FILE: &str = "tests/test_autogen_indexes.py";

classes!(plain, expressions, hooks, cut, on_sqlite, on_postgres);

/// A case of one table.
fn from(have: TableBuilder) -> Case {
    Case::of(&tables([have]))
}

/// A case of one table that becomes another.
fn between(have: TableBuilder, want: TableBuilder) -> Case {
    from(have).to(&tables([want]))
}

fn index<P: Into<IndexPart>>(name: &str, parts: impl IntoIterator<Item = P>) -> Index {
    Index::over("", parts).named(name)
}

fn down(column: &str) -> IndexPart {
    IndexPart::from(column).descending()
}

fn two_keys() -> TableBuilder {
    let part = |name| of(name).integer().not_null().take();
    table("t", [part("id1"), part("id2"), text("x", 20)]).primary_key(["id1", "id2"])
}

fn pairs() -> TableBuilder {
    table("order_change", [key("id"), int("x"), int("y")])
}

/// A foreign key of these columns, without an index of its own.
fn referring<const N: usize>(columns: [&str; N], ids: [&str; N]) -> Case {
    let required = |name| of(name).integer().not_null().take();
    let parent = table("nc2", ids.map(required)).primary_key(ids);
    let child = table("t", [key("id"), int("foo")].into_iter().chain(columns.map(int)))
        .add_foreign_key(ForeignKey::new("fk_my_table_other_table", columns, "nc2", ids));
    Case::of(&tables([parent, child]))
}

fn plain() -> Class {
    let by_column = || two_keys().add_index(index("x", ["x"]));
    let cased = |name| table("t", [key("id"), text("x", 20)]).add_index(index(name, ["x"]));
    let sorted = |part: IndexPart| table("t", [int("y")]).add_index(index("SomeIndex", [part]));
    let long = "a_particularly_long_column_name_for_which_a_name_is";
    let indexed = || {
        table("some_table", [key("id"), text("x", 20), text("y", 20)])
            .add_index(index("xy_idx", ["x", "y"]))
            .add_index(index("y_idx", ["y"]))
    };
    let covering = || pairs().add_index(index("SomeIndex", ["x"]).including(["y"]));
    let no_cover = "an index carries no other columns";
    Class::alembic(FILE, "AutogenerateIndexTest")
        .same("nothing_changed_one", from(table("t", [text("x", 20)]).index(["x"])))
        .same(
            "nothing_ix_changed_labels_were_truncated",
            from(table("t", [key("id1"), text(long, 20)]).index([long])),
        )
        .same("nothing_changed_ix_w_mixed_case_plain_name", from(cased("SomeIndex")))
        .same(
            "nothing_changed_ix_w_mixed_case_nconv_name",
            from(table("NothingChanged", [key("id"), int("XCol")]).index(["XCol"])),
        )
        .same(
            "new_table_added",
            Case::of(&Steps::new())
                .to(&tables([table("extra", [int("foo"), int("bar")])
                    .index(["foo"])
                    .add_index(index("newtable_idx", ["bar"]))]))
                .finds(&["+ create table `extra`"]),
        )
        .does_not_apply(
            "the names of fields in the program are not compared: an entity gives the column's own",
            ["nothing_changed_index_w_colkeys"],
        )
        .same("nothing_changed_index_named_as_column", from(by_column()))
        .same("nothing_changed_implicit_fk_index_named", referring(["other_id"], ["id"]))
        .same(
            "nothing_changed_implicit_composite_fk_index_named",
            referring(["other_id_1", "other_id_2"], ["id1", "id2"]),
        )
        .differs(
            "ix_casing_convention_changed_so_put_drops_first",
            "the same index under another name is a rename, not a drop and an addition",
            between(cased("SomeCasingConvention"), cased("somecasingconvention"))
                .finds(&["~ rename index `SomeCasingConvention` on `t` to `somecasingconvention`"]),
        )
        .same(
            "new_idx_index_named_as_column",
            between(two_keys(), by_column()).finds(&["+ create index `x` on `t`"]),
        )
        .same(
            "removed_idx_index_named_as_column",
            between(by_column(), two_keys()).finds(&["- drop index `x` on `t`"]),
        )
        .same(
            "drop_table_w_indexes",
            from(indexed()).to(&Steps::new()).finds(&["- drop table `some_table`"]),
        )
        .same(
            "add_ix_on_table_create",
            Case::of(&Steps::new())
                .to(&tables([table("add_ix", [text("x", 50)]).index(["x"])]))
                .finds(&["+ create table `add_ix`"]),
        )
        .same(
            "add_idx_non_col",
            between(
                table("add_ix", [text("x", 50)]),
                table("add_ix", [text("x", 50)]).add_index(index("foo_idx", [down("x")])),
            )
            .finds(&["+ create index `foo_idx` on `add_ix`"]),
        )
        .same("idx_string_col_in_fn_no_change", from(sorted(down("y"))))
        .same(
            "unchanged_idx_non_col",
            from(table("t", [text("x", 50)]).add_index(index("foo_idx", [down("x")]))),
        )
        .same(
            "unchanged_case_sensitive_implicit_idx",
            from(table("t", [text("regNumber", 50)]).index(["regNumber"])),
        )
        .same(
            "unchanged_case_sensitive_explicit_idx",
            from(
                table("t", [text("reg_number", 50)])
                    .add_index(index("regNumber_idx", ["reg_number"])),
            ),
        )
        .same(
            "nothing_changed_covering_index",
            from(covering()).not_on(Dialect::Sqlite, no_cover).not_on(Dialect::Mysql, no_cover),
        )
        .same(
            "column_order_changed",
            between(
                pairs().add_index(index("SomeIndex", ["x", "y"])),
                pairs().add_index(index("SomeIndex", ["y", "x"])),
            )
            .finds(&["~ change index `SomeIndex` on `order_change`: (x, y) -> (y, x)"]),
        )
        .same_each(
            "column_sort_changed",
            [
                between(sorted(down("y")), sorted("y".into()))
                    .finds(&["~ change index `SomeIndex` on `t`: (y desc) -> (y)"]),
                between(sorted("y".into()), sorted(down("y")))
                    .finds(&["~ change index `SomeIndex` on `t`: (y) -> (y desc)"]),
            ],
        )
        .same_each("column_sort_not_changed", [from(sorted("y".into())), from(sorted(down("y")))])
}

fn letters() -> TableBuilder {
    table(
        "exp_index",
        [
            key("id"),
            text("x", 100),
            text("y", 100),
            text("q", 100),
            int("z"),
            of("ff").double().take(),
        ],
    )
}

/// An index `idx` over columns and, in parentheses, expressions.
fn over(parts: &[&str]) -> TableBuilder {
    let part = |text: &&str| match text.strip_prefix('(') {
        Some(rest) => IndexPart::expr(rest.strip_suffix(')').unwrap_or(rest)),
        None => IndexPart::from(*text),
    };
    letters().add_index(index("idx", parts.iter().map(part)))
}

const NO_EXPRESSION: &str = "MariaDB has no index over an expression";

fn expressions() -> Class {
    let changed = |have: &[&str], want: &[&str], sqlite: &str, postgres: &str| {
        let case = between(over(have), over(want)).not_on(Dialect::Mysql, NO_EXPRESSION);
        let said = |texts: &str| [format!("~ change index `idx` on `exp_index`: {texts}")];
        case.finds_on(Dialect::Sqlite, &said(sqlite)).finds_on(Dialect::Postgres, &said(postgres))
    };
    // What SQLite says, and PostgreSQL.
    let kept = |parts: &[&str]| from(over(parts)).not_on(Dialect::Mysql, NO_EXPRESSION);
    let pairs = [
        (
            &["y", "(lower(x))"][..],
            &["(lower(x))"][..],
            "(y, (lower(x))) -> ((lower(x)))",
            "(y, (lower(x::text))) -> ((lower(x::text)))",
        ),
        (
            &["y", "(lower(x))"],
            &["(lower(x))", "y"],
            "(y, (lower(x))) -> ((lower(x)), y)",
            "(y, (lower(x::text))) -> ((lower(x::text)), y)",
        ),
        (
            &["y", "(lower(x))"],
            &["y", "(lower(q))"],
            "(y, (lower(x))) -> (y, (lower(q)))",
            "(y, (lower(x::text))) -> (y, (lower(q::text)))",
        ),
        (
            &["z", "(lower(x))"],
            &["y", "(lower(x))"],
            "(z, (lower(x))) -> (y, (lower(x)))",
            "(z, (lower(x::text))) -> (y, (lower(x::text)))",
        ),
        (
            &["(lower(x))"],
            &["y", "(lower(x))"],
            "((lower(x))) -> (y, (lower(x)))",
            "((lower(x::text))) -> (y, (lower(x::text)))",
        ),
        (
            &["y", "(upper(x))"],
            &["y", "(lower(x))"],
            "(y, (upper(x))) -> (y, (lower(x)))",
            "(y, (upper(x::text))) -> (y, (lower(x::text)))",
        ),
        (
            &["y", "(ff + 1)"],
            &["y", "(ff + 3)"],
            "(y, (ff + 1)) -> (y, (ff + 3))",
            "(y, ((ff + 1::double precision))) -> (y, ((ff + 3::double precision)))",
        ),
        (
            &["y", "(lower(x))"],
            &["y", "(lower(x || q))"],
            "(y, (lower(x))) -> (y, (lower(x || q)))",
            "(y, (lower(x::text))) -> (y, (lower(x::text || q::text)))",
        ),
        (
            &["y", "(z + 3)"],
            &["y", "(z * 3)"],
            "(y, (z + 3)) -> (y, (z * 3))",
            "(y, ((z + 3))) -> (y, ((z * 3)))",
        ),
        (
            &["(lower(x))", "(q || '42')"],
            &["(lower(q))", "(x || '42')"],
            "((lower(x)), (q || '42')) -> ((lower(q)), (x || '42'))",
            "((lower(x::text)), ((q::text || '42'::text))) -> ((lower(q::text)), ((x::text || '42'::text)))",
        ),
        (
            &["(lower(x))", "(z + 42)"],
            &["(z + 42)", "(lower(q))"],
            "((lower(x)), (z + 42)) -> ((z + 42), (lower(q)))",
            "((lower(x::text)), ((z + 42))) -> (((z + 42)), (lower(q::text)))",
        ),
        (
            &["(ff + 42)"],
            &["(42 + ff)"],
            "((ff + 42)) -> ((42 + ff))",
            "(((ff + 42::double precision))) -> (((42::double precision + ff)))",
        ),
        (
            &["(coalesce(z, -1))"],
            &["(coalesce(q, '-1'))"],
            "((coalesce(z, -1))) -> ((coalesce(q, '-1')))",
            "((COALESCE(z, '-1'::integer))) -> ((COALESCE(q, '-1'::character varying)))",
        ),
        (
            &["(CAST(y AS integer))"],
            &["(CAST(x AS integer))"],
            "((CAST(y AS integer))) -> ((CAST(x AS integer)))",
            "(((y::integer))) -> (((x::integer)))",
        ),
    ];
    let with =
        || letters().add_index(index("SomeIndex", ["y".into(), IndexPart::expr("lower(x)")]));
    let none = |case: Case| case.not_on(Dialect::Mysql, NO_EXPRESSION);
    Class::alembic(FILE, "AutogenerateExpressionIndexTest")
        .same(
            "expression_indexes_add",
            none(between(letters(), with()).finds(&["+ create index `SomeIndex` on `exp_index`"])),
        )
        .same_each(
            "expression_indexes_changed",
            pairs.map(|(have, want, sqlite, postgres)| changed(have, want, sqlite, postgres)),
        )
        .same_each(
            "expression_indexes_no_change",
            pairs.into_iter().flat_map(|(have, want, ..)| [kept(have), kept(want)]),
        )
        .same(
            "expression_indexes_remove",
            none(between(with(), letters()).finds(&["- drop index `SomeIndex` on `exp_index`"])),
        )
}

fn hooks() -> Class {
    Class::alembic(FILE, "IncludeHooksTest").does_not_apply(
        "no hook leaves single indexes out: whole tables are left out, by their names",
        [
            "remove_connection_index",
            "remove_connection_uq",
            "add_metadata_index",
            "add_metadata_unique",
            "change_index",
            "change_unique",
        ],
    )
}

fn cut() -> Class {
    let long = "idx_q_table_this_is_more_than_the_sixty_three_bytes_that_a_name_has";
    Class::alembic(FILE, "TruncatedIdxTest").same(
        "idx_matches_long",
        from(table("q", [key("id"), int("data")]).add_index(index(long, ["data"])))
            .not_on(Dialect::Mysql, "a name that is too long is refused, not cut"),
    )
}

fn on_sqlite() -> Class {
    let people = || table("foo", [key("id"), text("email", 50), text("name", 50)]);
    let lower = index("email_idx", [IndexPart::expr("lower(email)")]).unique();
    let either = IndexPart::expr("coalesce(email, name)").descending();
    Class::alembic("tests/test_sqlite.py", "SQLiteAutogenIndexTest")
        .same(
            "functional_ix_one",
            from(people().add_index(lower)).not_on(Dialect::Mysql, NO_EXPRESSION),
        )
        .same(
            "functional_ix_two",
            from(people().add_index(index("email_idx", [either]).unique()))
                .not_on(Dialect::Mysql, NO_EXPRESSION),
        )
}

fn on_postgres() -> Class {
    const TABLE: &str =
        "CREATE TABLE exp_index (id integer PRIMARY KEY, aa integer[], jb jsonb, n integer)";
    let documents = || {
        table(
            "exp_index",
            [
                key("id"),
                of("aa").array(ColumnType::Integer).take(),
                of("jb").json_binary().take(),
                int("n"),
            ],
        )
    };
    let only = |case: Case| {
        case.not_on(Dialect::Sqlite, "no type for lists and documents")
            .not_on(Dialect::Mysql, NO_EXPRESSION)
    };
    let over = |expr: &str| documents().add_index(index("idx", [IndexPart::expr(expr)]));
    let changed = |have: &str, want: &str, texts: &str| {
        let said = [format!("~ change index `idx` on `exp_index`: {texts}")];
        only(between(over(have), over(want))).finds_on(Dialect::Postgres, &said)
    };
    let kept = |made: &'static [&'static str], want: &str| {
        only(Case::by_hand([&[], made, &[]]).to(&tables([over(want)])))
    };
    Class::alembic("tests/test_postgresql.py", "PGIndexAutogenerateTest")
        .same_each(
            "expression_indexes_changed",
            [
                changed(
                    "jb -> 'foo'",
                    "jb -> 'bar'",
                    "(((jb -> 'foo'::text))) -> (((jb -> 'bar'::text)))",
                ),
                changed(
                    "jb ->> 'foo'",
                    "jb ->> 'bar'",
                    "(((jb ->> 'foo'::text))) -> (((jb ->> 'bar'::text)))",
                ),
                changed(
                    "(jb ->> 'foo')::integer",
                    "(jb ->> 'bar')::integer",
                    "((((jb ->> 'foo'::text)::integer))) -> ((((jb ->> 'bar'::text)::integer)))",
                ),
            ],
        )
        .same_each(
            "expression_indexes_no_change",
            [
                kept(&[TABLE, "CREATE INDEX idx ON exp_index ((jb->'x'))"], "(jb -> 'x')"),
                kept(
                    &[TABLE, "CREATE INDEX idx ON exp_index (CAST(jb->>'x' AS integer))"],
                    "(jb ->> 'x')::integer",
                ),
            ],
        )
        .differs(
            "expression_indexes_warn_operator",
            "an operator class is told to be beyond the model, the rest of the index is compared",
            only(
                Case::by_hand([
                    &[],
                    &[TABLE, "CREATE INDEX idx ON exp_index USING gin ((jb->'x') jsonb_path_ops)"],
                    &[],
                ])
                .to(&tables([documents()
                    .add_index(index("idx", [IndexPart::expr("jb -> 'x'")]).using("gin"))])),
            )
            .tells_on(Dialect::Postgres, &["operator class of an index idx"]),
        )
}
