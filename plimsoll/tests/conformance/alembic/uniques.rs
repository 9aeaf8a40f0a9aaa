//! `tests/test_autogen_indexes.py`, and `tests/test_postgresql.py`: unique constraints.

use plimsoll::{
    Dialect, TableBuilder,
    prelude::*,
    schema::{ForeignKey, Index, Unique},
};

use crate::{
    case::Case,
    class::{Class, classes},
    declare::{int, key, of, table, tables, text},
};

const FILE: &str = "tests/test_autogen_indexes.py";

const UNNAMED: &str = "+ add unique `uq-col_change-x-y` on `col_change`: (x, y)";

classes!(uniques, unreflected, in_schemas, nulls);

/// A case of one table.
fn from(have: TableBuilder) -> Case {
    Case::of(&tables([have]))
}

/// A case of one table that becomes another.
fn between(have: TableBuilder, want: TableBuilder) -> Case {
    from(have).to(&tables([want]))
}

fn two_numbers() -> TableBuilder {
    table("col_change", [int("x"), int("y")])
}

fn labels() -> TableBuilder {
    table(
        "something",
        [
            key("id"),
            of("sid").integer().not_null().take(),
            of("label").string_len(30).not_null().take(),
            of("fid").integer().not_null().take(),
        ],
    )
}

fn orders() -> TableBuilder {
    table("order", [key("order_id"), of("amount").decimal_len(10, 2).take(), int("user_id")])
}

fn uniques() -> Class {
    let named = |name: &str| table("remove_idx", [int("x")]).add_unique(Unique::new(name, ["x"]));
    let indexed =
        || table("remove_idx", [int("x")]).add_index(Index::over("", ["x"]).named("xidx").unique());
    let user = || {
        table(
            "user",
            [
                key("id"),
                of("name").string_len(50).not_null().take(),
                of("a1").string_len(10).default("x").take(),
            ],
        )
    };
    let address = || {
        table(
            "address",
            [key("id"), of("email_address").string_len(100).not_null().take(), text("qpr", 10)],
        )
        .index(["qpr"])
    };
    let ordered = |index: Index| {
        orders()
            .add_unique(Unique::new("order_order_id_user_id_unique", ["order_id", "user_id"]))
            .add_index(index)
    };
    let by_amount =
        || Index::over("order", ["user_id", "amount"]).named("order_user_id_amount_idx");
    let cased = |name: &str| {
        table("new_idx", [key("id1"), text("x", 20)]).add_unique(Unique::new(name, ["x"]))
    };
    let long = "a_long_name_that_a_derived_name_has_to_be_cut_for";
    let related = || {
        tables([
            table(
                "nothing_changed",
                [
                    of("id1").integer().not_null().take(),
                    of("id2").integer().not_null().take(),
                    text("x", 20),
                ],
            )
            .primary_key(["id1", "id2"])
            .unique(["x"]),
            table("nothing_changed_related", [int("id1"), int("id2")]).add_foreign_key(
                ForeignKey::new("fk", ["id1", "id2"], "nothing_changed", ["id1", "id2"]),
            ),
        ])
    };
    let with_y = table("some_table", [key("id"), text("x", 20), text("y", 20)])
        .add_unique(Unique::new("uq_y", ["y"]));
    let no_uq = || table("no_uq", [text("x", 50)]).unique(["x"]);
    Class::alembic(FILE, "AutogenerateUniqueIndexTest")
        .same(
            "index_flag_becomes_named_unique_constraint",
            between(
                user().index(["name"]),
                user().add_unique(Unique::new("uq_user_name", ["name"])),
            )
            .finds(&[
                "- drop index `idx-user-name` on `user`",
                "+ add unique `uq_user_name` on `user`: (name)",
            ]),
        )
        .same(
            "add_unique_constraint",
            between(
                address(),
                address().add_unique(Unique::new("uq_email_address", ["email_address"])),
            )
            .finds(&["+ add unique `uq_email_address` on `address`: (email_address)"]),
        )
        .same(
            "unique_flag_nothing_changed",
            from(
                table("unq_idx", [key("id"), text("x", 20)])
                    .add_index(Index::over("unq_idx", ["x"]).named("x").unique()),
            ),
        )
        .same(
            "index_becomes_unique",
            between(ordered(by_amount()), ordered(by_amount().unique())).finds(&[
                "~ change index `order_user_id_amount_idx` on `order`: (user_id, amount) -> unique \
                 (user_id, amount)",
            ])
            // A unique index is a constraint there.
            .finds_on(
                Dialect::Mysql,
                &[
                    "- drop index `order_user_id_amount_idx` on `order`",
                    "+ add unique `order_user_id_amount_idx` on `order`: (user_id, amount)",
                ],
            ),
        )
        .same(
            "mismatch_db_named_col_flag",
            between(
                table("item", [int("x")]).add_unique(Unique::new("db_generated_name", ["x"])),
                table("item", [int("x").unique_key().take()]),
            )
            .by_entities(),
        )
        .same(
            "named_cols_changed",
            between(
                two_numbers().add_unique(Unique::new("nochange", ["x"])),
                two_numbers().add_unique(Unique::new("nochange", ["x", "y"])),
            )
            .finds(&["~ change unique `nochange` on `col_change`: (x) -> (x, y)"]),
        )
        .same(
            "nothing_changed_one",
            from(table("nothing_changed", [text("x", 20).unique_key().take()]).index(["x"])),
        )
        .same(
            "nothing_changed_implicit_uq_w_naming_conv",
            from(
                table(
                    "nothing_changed",
                    [
                        of("id1").integer().not_null().take(),
                        of("id2").integer().not_null().take(),
                        text("x", 20).unique_key().take(),
                    ],
                )
                .primary_key(["id1", "id2"]),
            ),
        )
        .same(
            "nothing_uq_changed_labels_were_truncated",
            from(table("nothing_changed", [key("id1"), text(long, 20).unique_key().take()])),
        )
        .same(
            "nothing_changed_uq_w_mixed_case_nconv_name",
            from(table("NothingChanged", [key("id"), int("XCol")]).unique(["XCol"])),
        )
        .same(
            "nothing_changed_uq_w_mixed_case_plain_name",
            from(
                table("nothing_changed", [key("id"), int("x")])
                    .add_unique(Unique::new("SomeConstraint", ["x"])),
            ),
        )
        .same("nothing_changed_two", Case::of(&related()))
        .does_not_apply(
            "the names of fields in the program are not compared: an entity gives the column's own",
            ["nothing_changed_unique_w_colkeys"],
        )
        .same(
            "nothing_changed_cols_unsorted",
            from(labels().unique(["sid", "label"]).unique(["sid", "fid"])),
        )
        .same(
            "remove_uq_constraint",
            between(
                labels().unique(["sid", "label"]).unique(["sid", "fid"]),
                labels().unique(["sid", "fid"]),
            )
            .finds(&["- drop unique `uq-something-sid-label` on `something`: (sid, label)"]),
        )
        .differs(
            "uq_casing_convention_changed_so_put_drops_first",
            "the same columns under another name are a rename, not a drop and an addition",
            between(cased("SomeCasingConvention"), cased("somecasingconvention")).finds(&[
                "~ rename unique `SomeCasingConvention` on `new_idx` to `somecasingconvention`",
            ]),
        )
        .same(
            "drop_table_w_uq_constraint",
            from(with_y).to(&Steps::new()).finds(&["- drop table `some_table`"]),
        )
        .same(
            "unnamed_cols_changed",
            Case::by_hand([
                &["CREATE TABLE col_change (x integer, y integer, UNIQUE (x))"],
                &["CREATE TABLE col_change (x integer, y integer, UNIQUE (x))"],
                &["CREATE TABLE col_change (x integer, y integer, UNIQUE (x))"],
            ])
            .to(&tables([two_numbers().unique(["x", "y"])]))
            .by_entities()
            .finds_on(
                Dialect::Sqlite,
                &["- drop unique on `col_change`: (x)", UNNAMED],
            )
            .finds_on(
                Dialect::Postgres,
                &["- drop unique `col_change_x_key` on `col_change`: (x)", UNNAMED],
            )
            .finds_on(
                Dialect::Mysql,
                &["- drop unique `x` on `col_change`: (x)", UNNAMED],
            ),
        )
        .same(
            "remove_named_unique_index",
            between(indexed(), table("remove_idx", [int("x")])).finds(&["- drop index `xidx` on `remove_idx`"])
                .finds_on(Dialect::Mysql, &["- drop unique `xidx` on `remove_idx`: (x)"]),
        )
        .same(
            "remove_named_unique_constraint",
            between(named("xidx"), table("remove_idx", [int("x")]))
                .finds(&["- drop unique `xidx` on `remove_idx`: (x)"]),
        )
        .same(
            "dont_add_uq_on_table_create",
            Case::of(&Steps::new()).to(&tables([no_uq()])).finds(&["+ create table `no_uq`"]),
        )
        .same(
            "dont_add_uq_on_reverse_table_drop",
            from(no_uq()).to(&Steps::new()).finds(&["- drop table `no_uq`"]),
        )
        .same(
            "add_uq_ix_on_table_create",
            Case::of(&Steps::new())
                .to(&tables([table("add_ix", [text("x", 50)])
                    .add_index(Index::over("add_ix", ["x"]).unique())]))
                .finds(&["+ create table `add_ix`"]),
        )
}

/// Of a database that does not tell which constraints are unique: all three do.
fn unreflected() -> Class {
    let with = |unique: bool| {
        let index = Index::over("order", ["order_id", "user_id"]).named("oid_ix");
        orders().add_index(if unique { index.unique() } else { index })
    };
    Class::alembic(FILE, "NoUqReflectionIndexTest")
        .does_not_apply(
            "skipped by the suite itself",
            [
                "uq_casing_convention_changed_so_put_drops_first",
                "dont_add_uq_on_reverse_table_drop",
            ],
        )
        .same(
            "unique_not_reported",
            from(
                orders().add_unique(Unique::new(
                    "order_order_id_user_id_unique",
                    ["order_id", "user_id"],
                )),
            ),
        )
        .differs(
            "remove_unique_index_not_reported",
            "all three databases tell which indexes are unique",
            between(with(true), orders()).finds(&["- drop index `oid_ix` on `order`"]).finds_on(
                Dialect::Mysql,
                &["- drop unique `oid_ix` on `order`: (order_id, user_id)"],
            ),
        )
        .same(
            "remove_plain_index_is_reported",
            between(with(false), orders()).finds(&["- drop index `oid_ix` on `order`"]),
        )
}

const ONE_SCHEMA: &str =
    "one schema is compared at a time: the first of the search path, or the one that is named";

fn in_schemas() -> Class {
    let bands = |parts: fn(TableBuilder) -> TableBuilder| {
        parts(table("bands", [key("id"), text("name", 20)]))
    };
    Class::alembic("tests/test_postgresql.py", "PGUniqueIndexAutogenerateTest")
        .shown_by(
            "idx_added_schema",
            "migrate/withstand.rs",
            "tables_in_another_schema_are_compared_there_and_left_alone_here",
        )
        .shown_by(
            "idx_unchanged_schema",
            "migrate/withstand.rs",
            "tables_in_another_schema_are_compared_there_and_left_alone_here",
        )
        .shown_by(
            "uq_added_schema",
            "migrate/withstand.rs",
            "tables_in_another_schema_are_compared_there_and_left_alone_here",
        )
        .shown_by(
            "uq_unchanged_schema",
            "migrate/withstand.rs",
            "tables_in_another_schema_are_compared_there_and_left_alone_here",
        )
        .same(
            "exclude_const_unchanged",
            Case::by_hand([
                &[],
                &["CREATE TABLE bands (id integer PRIMARY KEY, name varchar(20), span int4range, \
                     CONSTRAINT apart EXCLUDE USING gist (span WITH &&))"],
                &[],
            ])
            .to(&tables([bands(|table| {
                table.column(ColumnDef::new("span").custom("int4range").take())
            })]))
            .tells_on(Dialect::Postgres, &["exclusion constraint apart"])
            .not_on(Dialect::Sqlite, "no constraint excludes what overlaps")
            .not_on(Dialect::Mysql, "no constraint excludes what overlaps"),
        )
        .does_not_apply(ONE_SCHEMA, ["same_tname_two_schemas"])
        .same(
            "uq_dropped",
            between(
                bands(|table| table.add_unique(Unique::new("uq_name", ["name"]))),
                bands(|table| table),
            )
            .finds(&["- drop unique `uq_name` on `bands`: (name)"]),
        )
}

fn nulls() -> Class {
    let told = "whether one NULL equals another is beyond the model: it is told, and never changed";
    let kept = || {
        Case::by_hand([
            &[],
            &["CREATE TABLE t (id integer PRIMARY KEY, x integer, \
                 CONSTRAINT uq_x UNIQUE NULLS NOT DISTINCT (x))"],
            &[],
        ])
        .to(&tables([table("t", [key("id"), int("x")]).add_unique(Unique::new("uq_x", ["x"]))]))
        .tells_on(Dialect::Postgres, &["unique constraint in which NULLs are equal uq_x"])
        .not_on(Dialect::Sqlite, "NULLs are always different")
        .not_on(Dialect::Mysql, "NULLs are always different")
    };
    let bare = tables([table("t", [key("id"), int("x")])]);
    Class::alembic("tests/test_postgresql.py", "PGNullsNotDistinctAutogenerateTest")
        .does_not_apply(
            "whether one NULL equals another is beyond the model, and cannot be wanted",
            ["add"],
        )
        .same(
            "remove",
            kept().to(&bare).finds_on(Dialect::Postgres, &["- drop unique `uq_x` on `t`: (x)"]),
        )
        .differs("toggle_not_distinct", told, kept())
        .same("no_change", kept())
}
