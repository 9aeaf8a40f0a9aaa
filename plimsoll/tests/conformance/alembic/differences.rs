//! `tests/test_autogen_diffs.py` and `tests/test_command.py`: whole models and their tables.

use plimsoll::{
    Dialect, Steps, TableBuilder,
    prelude::*,
    schema::{Check, ForeignKey, Rule, Unique},
};

use crate::{
    case::Case,
    class::{Class, classes},
    declare::{int, key, of, table, tables, text},
};

const FILE: &str = "tests/test_autogen_diffs.py";

const ONE_SCHEMA: &str =
    "one schema is compared at a time: the first of the search path, or the one that is named";
const NO_HOOK: &str =
    "no hook leaves single objects out: whole tables are left out, by their names";
const NO_OBJECTS: &str = "an operation is a value here, and not an object of the program's own";

classes!(
    across_schemas,
    default_schema,
    without_schema,
    models,
    models_in_a_schema,
    system_columns,
    own_comparisons,
    filters,
    primary_keys,
    field_names,
    version_table,
    order,
    compared,
    compared_in_a_schema,
    originals,
    several_models,
    foreign_keys,
    catalog_queries,
    left_out,
    check,
);

/// The tables that Alembic's suite begins with.
fn have() -> [TableBuilder; 4] {
    let amount = of("amount").decimal_len(8, 2).not_null().default(0).take();
    [
        table("user", [key("id"), text("name", 50), of("a1").text().take(), text("pw", 50)])
            .add_index(Index::over("user", ["pw"]).named("pw_idx")),
        table("address", [key("id"), of("email_address").string_len(100).not_null().take()]),
        table("order", [key("order_id"), amount])
            .add_check(Check::new("ck_order_amount", Rule::sql("amount >= 0"))),
        table("extra", [of("x").char_len(1).take(), int("uid")]).add_foreign_key(ForeignKey::new(
            "fk_uid",
            ["uid"],
            "user",
            ["id"],
        )),
    ]
}

/// Those that it wants.
fn want() -> [TableBuilder; 4] {
    let name = of("name").string_len(50).not_null().take();
    let email = of("email_address").string_len(100).not_null().take();
    let amount = of("amount").decimal_len(10, 2).default(0).take();
    [
        table("user", [key("id"), name, of("a1").text().default("x").take()]),
        table("address", [key("id"), email, text("street", 50)])
            .add_unique(Unique::new("uq_email", ["email_address"])),
        table("order", [key("order_id"), amount, int("user_id")])
            .add_check(Check::new("ck_order_amount", Rule::sql("amount > -1")))
            .add_foreign_key(ForeignKey::new("fk_user", ["user_id"], "user", ["id"])),
        table("item", [key("id"), text("description", 100), int("order_id")])
            .add_foreign_key(ForeignKey::new("fk_order", ["order_id"], "order", ["order_id"])),
    ]
}

fn whole() -> Case {
    let found = |user_id: &str, check: &str| {
        [
            "- drop index `pw_idx` on `user`",
            "- drop table `extra`",
            "+ create table `item`",
            "+ add column `address.street`: string(50), nullable",
            &format!("+ add column `order.user_id`: {user_id}, nullable"),
            "~ change column `order.amount`: decimal(8, 2) -> decimal(10, 2), not null -> nullable",
            "~ change column `user.name`: nullable -> not null",
            "~ change column `user.a1`: default none -> 'x'",
            &format!("~ change check `ck_order_amount` on `order`: amount at least 0 -> {check}"),
            "+ add unique `uq_email` on `address`: (email_address)",
            "+ add foreign key `fk_user` on `order`: (user_id) references `user` (id) \
             on delete no action on update no action",
            "- drop column `user.pw`",
        ]
        .map(str::to_owned)
    };
    Case::of(&tables(have()))
        .to(&tables(want()))
        .finds_on(Dialect::Sqlite, &found("big integer", "amount > -1"))
        .finds_on(Dialect::Postgres, &found("integer", "(amount > ('-1'::integer)::numeric)"))
        .finds_on(Dialect::Mysql, &found("integer", "`amount` > -1"))
}

fn across_schemas() -> Class {
    Class::alembic(FILE, "AutogenCrossSchemaTest").does_not_apply(
        ONE_SCHEMA,
        [
            "default_schema_omitted_upgrade",
            "default_schema_omitted_by_table_name_upgrade",
            "default_schema_omitted_by_schema_name_upgrade",
            "alt_schema_included_upgrade",
            "alt_schema_included_by_schema_name",
            "default_schema_omitted_downgrade",
            "alt_schema_included_downgrade",
        ],
    )
}

fn default_schema() -> Class {
    Class::alembic(FILE, "AutogenDefaultSchemaTest")
        .shown_by(
            "uses_explicit_schema_in_default_one",
            "migrate/withstand.rs",
            "tables_in_another_schema_are_compared_there_and_left_alone_here",
        )
        .does_not_apply(
            ONE_SCHEMA,
            ["uses_explicit_schema_in_default_two", "uses_explicit_schema_in_default_three"],
        )
}

fn without_schema() -> Class {
    Class::alembic(FILE, "AutogenDefaultSchemaIsNoneTest")
        .same("no_default_schema", Case::of(&tables([table("a", [text("x", 50)])])))
}

fn models() -> Class {
    Class::alembic(FILE, "AutogenerateDiffTest")
        .same("diffs", whole())
        .does_not_apply(NO_HOOK, ["include_object", "include_name"])
        .does_not_apply(
            "a column without a type cannot be said",
            ["skip_null_type_comparison_reflected", "skip_null_type_comparison_local"],
        )
        .same_each(
            "custom_type_compare",
            [
                // A type of the program's own has a column's type, and nothing else of it counts.
                Case::of(&tables([table("t", [int("a")])])),
                Case::of(&tables([table("t", [of("a").string().take()])]))
                    .to(&tables([table("t", [int("a")])]))
                    .finds_on(Dialect::Sqlite, &["~ change column `t.a`: string -> big integer"])
                    .finds_on(Dialect::Postgres, &["~ change column `t.a`: string -> integer"])
                    .finds_on(Dialect::Mysql, &["~ change column `t.a`: string(255) -> integer"]),
            ],
        )
        .does_not_apply(
            "a type of the program's own is one type on all databases, told by the engine's table",
            ["affinity_typedec"],
        )
        .same(
            "dont_barf_on_already_reflected",
            Case::of(&tables(have())).to(&Steps::new()).finds(&[
                "- drop table `extra`",
                "- drop table `user`",
                "- drop table `order`",
                "- drop table `address`",
            ]),
        )
        .does_not_apply(NO_OBJECTS, ["add_execute_sql_op"])
}

fn models_in_a_schema() -> Class {
    Class::alembic(FILE, "AutogenerateDiffTestWSchema").shown_by(
        "diffs",
        "migrate/withstand.rs",
        "tables_in_another_schema_are_compared_there_and_left_alone_here",
    )
}

fn system_columns() -> Class {
    Class::alembic(FILE, "AutogenSystemColTest").differs(
        "dont_add_system",
        "a system column is no column that could be declared: to declare one is to want one",
        Case::of(&tables([table("sometable", [key("id")])])),
    )
}

fn own_comparisons() -> Class {
    Class::alembic(FILE, "AutogenerateCustomCompareTypeTest").does_not_apply(
        "nobody else decides whether two types are the same",
        [
            "uses_custom_compare_type_function",
            "column_type_not_modified_custom_compare_type_returns_False",
            "column_type_modified_custom_compare_type_returns_True",
        ],
    )
}

fn filters() -> Class {
    Class::alembic(FILE, "IncludeFiltersAPITest").does_not_apply(
        NO_HOOK,
        [
            "run_name_filters_supports_extension_types",
            "run_object_filters_supports_extension_types",
        ],
    )
}

fn primary_keys() -> Class {
    let part = |name| of(name).integer().not_null().take();
    Class::alembic(FILE, "PKConstraintUpgradesIgnoresNullableTest").same(
        "no_change",
        Case::of(&tables([table("person_to_role", [part("person_id"), part("role_id")])
            .primary_key(["person_id", "role_id"])])),
    )
}

fn field_names() -> Class {
    let other = || table("someothertable", [key("id"), int("value")]);
    let some = || table("sometable", [key("id"), int("value")]);
    Class::alembic(FILE, "AutogenKeyTest").same(
        "autogen",
        Case::of(&tables([other()]))
            .to(&tables([some(), other().column(int("othervalue"))]))
            .finds(&[
                "+ create table `sometable`",
                "+ add column `someothertable.othervalue`: integer, nullable",
            ])
            .finds_on(
                Dialect::Sqlite,
                &[
                    "+ create table `sometable`",
                    "+ add column `someothertable.othervalue`: big integer, nullable",
                ],
            ),
    )
}

fn version_table() -> Class {
    Class::alembic(FILE, "AutogenVersionTableTest")
        .shown_by("no_version_table", "migrate/false_diffs/tables.rs", "the_list_of_migrations")
        .does_not_apply(
            "the list of migrations cannot be declared as an entity's table",
            ["version_table_in_target"],
        )
}

fn order() -> Class {
    Class::alembic(FILE, "AutogenerateDiffOrderTest").same(
        "diffs_order",
        Case::of(&Steps::new())
            .to(&tables([
                table("child", [int("parent_id")]).add_foreign_key(ForeignKey::new(
                    "fk",
                    ["parent_id"],
                    "parent",
                    ["id"],
                )),
                table("parent", [key("id")]),
            ]))
            .finds(&["+ create table `parent`", "+ create table `child`"]),
    )
}

fn compared() -> Class {
    Class::alembic(FILE, "CompareMetadataTest")
        .same("compare_metadata", whole())
        .does_not_apply(
            NO_HOOK,
            ["compare_metadata_include_object", "compare_metadata_include_name"],
        )
        .does_not_apply(
            "to compare is to read a database; what it would take is printed with `diff --sql`",
            ["compare_metadata_as_sql"],
        )
}

fn compared_in_a_schema() -> Class {
    Class::alembic(FILE, "PGCompareMetaData").shown_by(
        "compare_metadata_schema",
        "migrate/withstand.rs",
        "tables_in_another_schema_are_compared_there_and_left_alone_here",
    )
}

/// That a change can be told in full and reversed.
fn originals() -> Class {
    let names = [
        "drop_fk",
        "add_fk",
        "add_check",
        "drop_check",
        "add_unique",
        "drop_unique",
        "add_pk",
        "drop_pk",
        "drop_column",
        "add_column",
        "drop_table",
        "add_table",
        "drop_index",
        "create_index",
        "create_unique_index",
    ];
    let class = Class::alembic(FILE, "OrigObjectTest").does_not_apply(
        "a primary key has no name, and its columns are always known",
        ["add_pk_no_orig"],
    );
    names.into_iter().fold(class, |class, name| {
        class.shown_by(
            name,
            "diff.rs",
            "the_changes_make_the_one_into_the_other_and_reversed_back_again",
        )
    })
}

fn several_models() -> Class {
    let ids = |name: &str| table(name, [key("id")]);
    Class::alembic(FILE, "MultipleMetaDataTest")
        .same(
            "multiple",
            Case::of(&tables([ids("a"), ids("b1"), ids("b2"), ids("c1").column(int("x"))]))
                .to(&tables([ids("a").column(int("q")), ids("b1"), ids("c1"), ids("c2")]))
                .finds(&[
                    "- drop table `b2`",
                    "+ create table `c2`",
                    "+ add column `a.q`: integer, nullable",
                    "- drop column `c1.x`",
                ])
                .finds_on(
                    Dialect::Sqlite,
                    &[
                        "- drop table `b2`",
                        "+ create table `c2`",
                        "+ add column `a.q`: big integer, nullable",
                        "- drop column `c1.x`",
                    ],
                )
                .asks(&["was table `b2` renamed to `c2`?"]),
        )
        .same("empty_list", Case::of(&Steps::new()))
        .same(
            "non_list_sequence",
            Case::of(&tables([ids("a"), ids("b")]))
                .to(&tables([ids("a"), ids("b").column(int("q"))]))
                .finds(&["+ add column `b.q`: integer, nullable"])
                .finds_on(Dialect::Sqlite, &["+ add column `b.q`: big integer, nullable"]),
        )
        .shown_by(
            "raise_on_dupe",
            "migrate/entities.rs",
            "a_table_that_two_entities_describe_is_a_problem",
        )
}

fn foreign_keys() -> Class {
    let parent = || table("parent", [key("id"), text("name", 50)]);
    let child = || table("child", [key("id"), text("name", 50), int("parent_id")]);
    let named = |name: &str| {
        child().add_foreign_key(ForeignKey::new(name, ["parent_id"], "parent", ["id"]))
    };
    let dropped = |name: &str| {
        Case::of(&tables([parent(), named(name)])).to(&tables([parent(), child()])).finds(&[
            format!(
                "- drop foreign key `{name}` on `child`: (parent_id) references `parent` (id) \
             on delete no action on update no action"
            ),
        ])
    };
    Class::alembic(FILE, "AutogenFKTest").same_each(
        "drop_fk_with_mixed_case_name",
        [dropped("FK_child_parent_id_parent"), dropped("fk_child_parent_id_parent")],
    )
}

fn catalog_queries() -> Class {
    Class::alembic(FILE, "AutogenInspectorCacheTest").shown_by(
        "run_compare",
        "migrate/introspect.rs",
        "the_number_of_queries_does_not_depend_on_the_number_of_tables",
    )
}

/// `child` with these columns refers to `parent`, which is left out of the comparison.
fn to_left_out(columns: &[&str], keys: &[(&[&str], &[&str])]) -> Case {
    let parent =
        table("parent", [key("id"), int("version")]).unique(["version"]).unique(["id", "version"]);
    let child = || table("child", [key("id")].into_iter().chain(columns.iter().map(|it| int(it))));
    let mut number = 0;
    let referring = keys.iter().fold(child(), |child, (columns, ids)| {
        number += 1;
        child.add_foreign_key(ForeignKey::new(
            format!("fk_{number}"),
            columns.iter().copied(),
            "parent",
            ids.iter().copied(),
        ))
    });
    Case::of(&tables([parent, referring])).to(&tables([child()])).leaving_out(&["parent"])
}

fn left_out() -> Class {
    let single: (&[&str], &[&str]) = (&["parent_id"], &["id"]);
    let composite: (&[&str], &[&str]) = (&["parent_id", "parent_version"], &["id", "version"]);
    let grandparent = || table("grandparent", [key("id")]);
    let parent = table("parent", [key("id"), int("grandparent_id")]).add_foreign_key(
        ForeignKey::new("fk_grandparent", ["grandparent_id"], "grandparent", ["id"]),
    );
    let child = || table("child", [key("id"), int("parent_id")]);
    let referring =
        child().add_foreign_key(ForeignKey::new("fk_parent", ["parent_id"], "parent", ["id"]));
    Class::alembic(FILE, "AutogenPlaceholderTableTest")
        .same(
            "fk_to_filtered_table_single_column",
            to_left_out(&["parent_id"], &[single]).finds(&["- drop foreign key `fk_1` on `child`: (parent_id) references `parent` (id) on delete no action on update no action"]),
        )
        .same(
            "fk_to_filtered_table_composite",
            to_left_out(&["parent_id", "parent_version"], &[composite]).finds(&["- drop foreign key `fk_1` on `child`: (parent_id, parent_version) references `parent` (id, version) on delete no action on update no action"]),
        )
        .does_not_apply(NO_HOOK, ["fk_to_filtered_table_with_include_object"])
        .same(
            "fk_placeholder_type_preservation",
            to_left_out(&["parent_id", "parent_version"], &[composite]).finds(&["- drop foreign key `fk_1` on `child`: (parent_id, parent_version) references `parent` (id, version) on delete no action on update no action"]),
        )
        .does_not_apply(ONE_SCHEMA, ["fk_to_filtered_table_cross_schema"])
        .same(
            "multiple_fks_to_same_filtered_table",
            to_left_out(&["one", "two"], &[(&["one"], &["id"]), (&["two"], &["id"])]).finds(&["- drop foreign key `fk_1` on `child`: (one) references `parent` (id) on delete no action on update no action", "- drop foreign key `fk_2` on `child`: (two) references `parent` (id) on delete no action on update no action"]),
        )
        .same(
            "fk_to_different_columns_in_filtered_table",
            to_left_out(&["one", "two"], &[(&["one"], &["id"]), (&["two"], &["version"])])
                .finds(&["- drop foreign key `fk_1` on `child`: (one) references `parent` (id) on delete no action on update no action", "- drop foreign key `fk_2` on `child`: (two) references `parent` (version) on delete no action on update no action"]),
        )
        .same(
            "fk_chain_with_filtered_middle_table",
            Case::of(&tables([grandparent(), parent, referring]))
                .to(&tables([grandparent(), child()]))
                .leaving_out(&["parent"])
                .finds(&["- drop foreign key `fk_parent` on `child`: (parent_id) references `parent` (id) on delete no action on update no action"]),
        )
}

fn check() -> Class {
    let t = || table("t", [key("id")]);
    Class::alembic("tests/test_command.py", "CheckTest")
        .same("check_no_changes", Case::of(&tables([t()])))
        .same(
            "check_changes_detected",
            Case::of(&tables([t()]))
                .to(&tables([t().column(int("added"))]))
                .finds(&["+ add column `t.added`: integer, nullable"])
                .finds_on(Dialect::Sqlite, &["+ add column `t.added`: big integer, nullable"]),
        )
}
