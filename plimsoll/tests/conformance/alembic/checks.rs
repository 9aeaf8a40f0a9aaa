//! `tests/test_autogen_check_constraints.py`.

use plimsoll::{
    Dialect, Steps, TableBuilder,
    prelude::*,
    schema::{Check, Rule},
};

use crate::{
    case::Case,
    class::{Class, classes},
    declare::{int, key, of, table, tables},
};

const FILE: &str = "tests/test_autogen_check_constraints.py";

classes!(checks, in_a_schema, filters, unreflected, rendered, by_convention);

fn bare() -> TableBuilder {
    table("t", [key("id"), int("x"), int("y")])
}

fn with(name: &str, condition: &str) -> TableBuilder {
    bare().add_check(Check::new(name, Rule::sql(condition)))
}

fn from(have: TableBuilder) -> Case {
    Case::of(&tables([have]))
}

fn between(have: TableBuilder, want: TableBuilder) -> Case {
    from(have).to(&tables([want]))
}

const NO_HOOK: &str = "no hook leaves single checks out: whole tables are left out, by their names";

fn checks() -> Class {
    let two = || with("ck_x", "x > 5").add_check(Check::new("ck_y", Rule::sql("y < 3")));
    Class::alembic(FILE, "AutogenCheckConstraintTest")
        .same(
            "add_check_constraint",
            between(bare(), with("ck_x", "x > 5")).finds(&["+ add check `ck_x` on `t`: x > 5"]),
        )
        .does_not_apply(NO_HOOK, ["can_be_disabled_via_exclusion"])
        .same(
            "remove_check_constraint",
            between(with("ck_x", "x > 5"), bare())
                .finds_on(Dialect::Sqlite, &["- drop check `ck_x` on `t`: x > 5"])
                .finds_on(Dialect::Postgres, &["- drop check `ck_x` on `t`: (x > 5)"])
                .finds_on(Dialect::Mysql, &["- drop check `ck_x` on `t`: `x` > 5"]),
        )
        .differs(
            "same_name_different_expression_no_change",
            "the server tells whether two conditions mean the same, so a name is not enough",
            between(with("ck_x", "x > 5"), with("ck_x", "x > 10"))
                .finds_on(Dialect::Sqlite, &["~ change check `ck_x` on `t`: x > 5 -> x > 10"])
                .finds_on(Dialect::Postgres, &["~ change check `ck_x` on `t`: (x > 5) -> (x > 10)"])
                .finds_on(Dialect::Mysql, &["~ change check `ck_x` on `t`: `x` > 5 -> `x` > 10"]),
        )
        .does_not_apply(
            "nobody else decides whether two checks are the same",
            ["compare_check_constraint_is_different", "compare_check_constraint_is_skip"],
        )
        .same("no_change_check_constraint", from(with("ck_x", "x > 5")))
        .differs(
            "unnamed_check_constraint_in_metadata_ignored",
            "a check without a name is matched by what it demands, and not ignored",
            between(
                bare(),
                table(
                    "t",
                    [key("id"), of("x").integer().check(Expr::col("x").gt(5)).take(), int("y")],
                ),
            )
            .by_entities()
            .finds(&["+ add check `ck-t-x` on `t`: \"x\" > 5"])
            .finds_on(Dialect::Mysql, &["+ add check `ck-t-x` on `t`: `x` > 5"]),
        )
        .same(
            "type_bound_boolean_not_detected",
            from(table("t", [key("id"), of("x").boolean().take()])),
        )
        .same(
            "multiple_check_constraints",
            between(bare(), two())
                .finds(&["+ add check `ck_x` on `t`: x > 5", "+ add check `ck_y` on `t`: y < 3"]),
        )
        .same(
            "remove_one_of_multiple",
            between(two(), with("ck_y", "y < 3"))
                .finds_on(Dialect::Sqlite, &["- drop check `ck_x` on `t`: x > 5"])
                .finds_on(Dialect::Postgres, &["- drop check `ck_x` on `t`: (x > 5)"])
                .finds_on(Dialect::Mysql, &["- drop check `ck_x` on `t`: `x` > 5"]),
        )
        .same(
            "add_table_with_check_constraint_no_duplicate",
            Case::of(&Steps::new())
                .to(&tables([with("ck_x", "x > 5")]))
                .finds(&["+ create table `t`"]),
        )
        .same(
            "drop_table_with_check_constraint_no_duplicate",
            from(with("ck_x", "x > 5")).to(&Steps::new()).finds(&["- drop table `t`"]),
        )
}

fn in_a_schema() -> Class {
    let there = "tables_in_another_schema_are_compared_there_and_left_alone_here";
    Class::alembic(FILE, "AutogenCheckConstraintSchemaTest")
        .shown_by("add_check_constraint_schema", "migrate/withstand.rs", there)
        .shown_by("remove_check_constraint_schema", "migrate/withstand.rs", there)
}

fn filters() -> Class {
    Class::alembic(FILE, "AutogenCheckConstraintFilterTest").does_not_apply(
        NO_HOOK,
        [
            "include_name_excludes_reflected_check_constraint",
            "include_object_excludes_add",
            "include_object_excludes_remove",
            "include_object_receives_correct_args_for_add",
            "include_object_receives_correct_args_for_remove",
        ],
    )
}

fn unreflected() -> Class {
    Class::alembic(FILE, "AutogenCheckConstraintNoReflectionTest").does_not_apply(
        "all three databases tell their checks",
        ["no_reflection_graceful_skip_add", "no_reflection_graceful_skip_remove"],
    )
}

fn rendered() -> Class {
    Class::alembic(FILE, "AutogenCheckConstraintRenderTest").does_not_apply(
        "it is about the text of a generated Python file",
        [
            "render_add_check_constraint",
            "render_add_check_constraint_string_sqltext",
            "render_drop_check_constraint",
            "render_add_check_constraint_with_schema",
        ],
    )
}

/// Names that follow from the table and the column.
fn by_convention() -> Class {
    let derived = || bare().check("x", "x > 5");
    Class::alembic(FILE, "AutogenCheckConstraintNamingConvTest")
        .same(
            "add_named_via_convention",
            between(bare(), derived()).finds(&["+ add check `ck-t-x` on `t`: x > 5"]),
        )
        .same(
            "remove_named_via_convention",
            between(derived(), bare())
                .finds_on(Dialect::Sqlite, &["- drop check `ck-t-x` on `t`: x > 5"])
                .finds_on(Dialect::Postgres, &["- drop check `ck-t-x` on `t`: (x > 5)"])
                .finds_on(Dialect::Mysql, &["- drop check `ck-t-x` on `t`: `x` > 5"]),
        )
        .same("no_change_named_via_convention", from(derived()))
}
