//! `tests/migrations/test_optimizer.py`.
//!
//! Django makes fewer operations of those of a migration. Here the steps stay as they are written,
//! and it is the statements that are few. What is over several columns stands in a file of its own.

use plimsoll::{
    Steps, TableBuilder,
    prelude::*,
    schema::{Index, Rule, Unique},
};
use sea_orm_migration::prelude::ColumnDef;

use super::refers;
use crate::{
    class::{Class, classes},
    declare::{Named as _, int, key, of, table, tables, text},
    planned::Planned,
};

#[path = "together.rs"]
pub(crate) mod together;

classes!(optimizer_of_tables, optimizer_of_created, optimizer_of_columns, optimizer_of_parts);

const FILE: &str = "tests/migrations/test_optimizer.py";
const NAME: &str = "OptimizerTests";

/// Why what a step makes and a later one takes away is made.
const RUN: &str = "each step is run as it is written: what one makes and another takes away again \
                   has been there in between, for whatever stands between them";
/// Why a name is given by a statement.
const RENAMED: &str = "another name is a statement of its own, also behind what makes or renames it \
                       in the same migration";
/// Why two changes of one part are not one.
const TWICE: &str = "a step that alters what the step before it made or altered is a statement of its \
                     own: the rows have been asked, and filled, in between";

fn none() -> Steps {
    Steps::new()
}

fn named(name: &str) -> TableBuilder {
    table(name, [key("id"), text("name", 255)])
}

fn foo() -> Steps {
    tables([named("foo")])
}

fn create(steps: Steps, made: TableBuilder) -> Steps {
    let name = made.name().to_owned();
    steps.create_table(&name, |_| made)
}

fn drop_of(steps: Steps, gone: TableBuilder) -> Steps {
    let name = gone.name().to_owned();
    steps.drop_table(&name, |_| gone)
}

fn add(steps: Steps, table: &str, column: ColumnDef) -> Steps {
    steps.alter(table, |t| t.add(|t| t.column(column)))
}

fn remove(steps: Steps, table: &str, column: ColumnDef) -> Steps {
    steps.alter(table, |t| t.drop(|t| t.column(column)))
}

fn change(steps: Steps, table: &str, from: ColumnDef, to: ColumnDef) -> Steps {
    steps.alter(table, |t| t.change(|t| t.column(from), |t| t.column(to)))
}

fn rename(steps: Steps, table: &str, from: &str, to: &str) -> Steps {
    steps.alter(table, |t| t.rename_column(from, to))
}

fn optimizer_of_tables() -> Class {
    let dropped = |name| drop_of(none(), named(name));
    let bar = || table("bar", [key("id"), int("size")]);
    let both = || create(foo(), bar());
    Class::django(FILE, NAME)
        .does_not_apply("one list has all migrations: there are no apps", ["none_app_label"])
        .same("single", Planned::of(&foo(), dropped("foo"), &none(), [1; 3]))
        .differs(
            "create_delete_model",
            RUN,
            Planned::of(&none(), drop_of(foo(), named("foo")), &none(), [2; 3]),
        )
        .differs(
            "create_rename_model",
            RENAMED,
            Planned::of(&none(), foo().rename_table("foo", "bar"), &tables([named("bar")]), [2; 3]),
        )
        .differs(
            "rename_model_self",
            RENAMED,
            Planned::of(
                &foo(),
                none().rename_table("foo", "baa").rename_table("baa", "bar"),
                &tables([named("bar")]),
                [2; 3],
            ),
        )
        .differs(
            "create_alter_model_table",
            RENAMED,
            Planned::of(
                &none(),
                foo().rename_table("foo", "foos"),
                &tables([named("foos")]),
                [2; 3],
            ),
        )
        .differs(
            "alter_alter_table_model",
            RENAMED,
            Planned::of(
                &foo(),
                none().rename_table("foo", "a").rename_table("a", "b"),
                &tables([named("b")]),
                [2; 3],
            ),
        )
        .differs(
            "optimize_through_create",
            RUN,
            Planned::of(&none(), drop_of(both(), named("foo")), &tables([bar()]), [3; 3])
                .and(Planned::of(
                    &none(),
                    drop_of(drop_of(both(), bar()), named("foo")),
                    &none(),
                    [4; 3],
                ))
                .and(Planned::of(
                    &none(),
                    drop_of(drop_of(both(), named("foo")), bar()),
                    &none(),
                    [4; 3],
                )),
        )
        .does_not_apply(
            "it is about the program, and leaves the database as it is",
            [
                "create_alter_model_options",
                "create_alter_model_managers",
                "create_model_and_remove_model_options",
                "multiple_alter_constraints",
                "alter_remove_constraint",
                "add_alter_constraint",
            ],
        )
        .does_not_apply(
            "the order of rows is a column that is declared, and no option of a table",
            ["create_alter_owrt_delete_model", "alter_alter_owrt_model", "create_alter_owrt_field"],
        )
        .does_not_apply(
            "migrations are not squashed, and no step is left out",
            ["optimize_elidable_operation"],
        )
        .does_not_apply(
            "a relation between many is the table between them, and nothing besides",
            ["create_model_add_field_not_through_m2m_through"],
        )
}

/// What comes to a table that the same migration creates.
fn optimizer_of_created() -> Class {
    let link = || table("link", [key("id"), text("url", 200)]);
    let linked = |of: TableBuilder| of.column(int("link_id"));
    let points = |steps: Steps, of: &str, column: &str, to: &str| {
        let key = ForeignKey::new(format!("fk_{of}_{column}"), [column], to, ["id"]);
        add(steps, of, int(column)).key(of, key)
    };
    let child = || refers(table("child", [key("id"), text("baz", 255)]), "id", "parent");
    let parent = || table("parent", [key("id"), text("bar", 255)]);
    let swapped = |a, b| table("my_model", [key("id"), int(a), int(b)]);
    let same = "UPDATE my_model SET field_a = field_a";
    Class::django(FILE, NAME)
        .same(
            "create_alter_model_table_comment",
            Planned::of(
                &none(),
                foo().alter("foo", |t| t.change(|t| t, |t| t.comment("A lovely table."))),
                &tables([named("foo").comment("A lovely table.")]),
                // A comment is a statement there, whoever writes it.
                [1, 2, 1],
            ),
        )
        .same(
            "create_model_add_field",
            Planned::of(
                &none(),
                add(foo(), "foo", int("age")),
                &tables([named("foo").column(int("age"))]),
                [1; 3],
            ),
        )
        .same(
            "create_model_reordering",
            Planned::of(
                &none(),
                points(create(foo(), link()), "foo", "link_id", "link"),
                &tables([link(), refers(linked(named("foo")), "link_id", "link")]),
                [2; 3],
            ),
        )
        .same(
            "create_model_reordering_circular_fk",
            Planned::of(
                &none(),
                points(
                    points(create(tables([named("bar")]), named("foo")), "bar", "foo_id", "foo"),
                    "foo",
                    "bar_id",
                    "bar",
                ),
                &tables([
                    refers(named("bar").column(int("foo_id")), "foo_id", "foo"),
                    refers(named("foo").column(int("bar_id")), "bar_id", "bar"),
                ]),
                [2, 3, 3],
            ),
        )
        .same(
            "create_model_no_reordering_for_unrelated_fk",
            Planned::of(
                &tables([named("other")]),
                points(create(foo(), link()), "other", "link_id", "link"),
                &tables([named("foo"), link(), refers(linked(named("other")), "link_id", "link")]),
                // The column, and then its key.
                [3, 4, 4],
            ),
        )
        .same(
            "create_model_no_reordering_of_inherited_model",
            Planned::of(
                &none(),
                points(
                    create(create(tables([named("other")]), parent()), child()),
                    "other",
                    "child_id",
                    "child",
                ),
                &tables([
                    parent(),
                    child(),
                    refers(named("other").column(int("child_id")), "child_id", "child"),
                ]),
                [3; 3],
            ),
        )
        .same(
            "create_model_alter_field",
            Planned::of(
                &none(),
                change(foo(), "foo", text("name", 255), int("name")),
                &tables([table("foo", [key("id"), int("name")])]),
                [1; 3],
            ),
        )
        .same(
            "create_model_remove_field",
            Planned::of(
                &none(),
                remove(tables([named("foo").column(int("age"))]), "foo", int("age")),
                &foo(),
                [1; 3],
            ),
        )
        .differs(
            "create_model_rename_field",
            RENAMED,
            Planned::of(
                &none(),
                rename(foo(), "foo", "name", "title"),
                &tables([table("foo", [key("id"), text("title", 255)])]),
                [2; 3],
            ),
        )
        .same(
            "swapping_fields_names",
            Planned::of(
                &none(),
                ["field_a:field_c", "field_b:field_a", "field_c:field_b"].iter().fold(
                    tables([swapped("field_a", "field_b")]).sql_and_back("my_model", same, same),
                    |steps, names| {
                        let (from, to) = names.split_once(':').unwrap();
                        rename(steps, "my_model", from, to)
                    },
                ),
                &tables([swapped("field_b", "field_a")]),
                [5; 3],
            ),
        )
}

fn optimizer_of_columns() -> Class {
    let with = |column: ColumnDef| tables([named("foo").column(column)]);
    let float = || of("age").double().default(2.4).take();
    let wide = || of("age").big_integer().take();
    Class::django(FILE, NAME)
        .differs(
            "alter_alter_field",
            TWICE,
            Planned::of(
                &with(int("age")),
                change(
                    change(none(), "foo", int("age"), wide()),
                    "foo",
                    wide(),
                    wide().default(7).take(),
                ),
                &with(wide().default(7).take()),
                [2; 3],
            ),
        )
        .differs(
            "add_field_rename_field",
            RENAMED,
            Planned::of(
                &foo(),
                rename(add(none(), "foo", int("age")), "foo", "age", "years"),
                &with(int("years")),
                [2; 3],
            ),
        )
        .differs(
            "alter_field_rename_field",
            RENAMED,
            Planned::of(
                &with(int("age")),
                rename(
                    rename(change(none(), "foo", int("age"), wide()), "foo", "age", "years"),
                    "foo",
                    "years",
                    "since",
                ),
                &with(of("since").big_integer().take()),
                [3; 3],
            ),
        )
        .differs(
            "add_field_alter_field",
            TWICE,
            Planned::of(
                &foo(),
                change(add(none(), "foo", int("age")), "foo", int("age"), float()),
                &with(float()),
                // Its type and its default are two statements there.
                [2, 3, 2],
            ),
        )
        .differs(
            "add_field_delete_field",
            RUN,
            Planned::of(
                &foo(),
                remove(add(none(), "foo", int("age")), "foo", int("age")),
                &foo(),
                [2; 3],
            ),
        )
        .differs(
            "alter_field_delete_field",
            TWICE,
            Planned::of(
                &with(int("age")),
                remove(change(none(), "foo", int("age"), wide()), "foo", wide()),
                &foo(),
                [2; 3],
            ),
        )
        .differs("optimize_through_fields", RUN, through_fields())
}

/// One table comes to nothing, and another to a column, by way of all that can be done to them.
fn through_fields() -> Planned {
    let bar = |columns: &[&str]| {
        let columns = columns.iter().map(|name| int(name));
        columns.fold(table("bar", [key("id")]), TableBuilder::column)
    };
    let steps = create(foo(), bar(&["size"]));
    let steps = add(add(steps, "foo", int("age")), "bar", int("width"));
    let steps = change(steps, "foo", int("age"), of("age").big_integer().take());
    let steps = rename(steps, "bar", "size", "dimensions");
    let steps = remove(steps, "foo", of("age").big_integer().take());
    let steps = remove(steps.rename_table("foo", "phou"), "bar", int("dimensions"));
    let steps = drop_of(steps.rename_table("phou", "fou"), named("fou"));
    Planned::of(&none(), steps, &tables([bar(&["width"])]), [7; 3])
}

/// Indexes and constraints.
fn optimizer_of_parts() -> Class {
    let pony = || table("pony", [key("id"), int("weight"), int("age")]);
    let index = |name: &str, column: &str| Index::over("pony", [column]).named(name);
    let indexed = |name: &str, column: &str| pony().add_index(index(name, column));
    let heavy = || Check::new("pony_weight_gt_0", Rule::sql("weight > 0"));
    let checked =
        |steps: Steps| steps.change(Change::AddCheck { table: "pony".to_owned(), check: heavy() });
    let unchecked =
        |steps: Steps| steps.change(Change::DropCheck { table: "pony".to_owned(), check: heavy() });
    let dropped = |steps: Steps, index: Index| {
        steps.change(Change::DropIndex { table: "pony".to_owned(), index })
    };
    let altered = |steps: Steps, from: Index, to: Index| {
        let (from, to) = (Box::new(from), Box::new(to));
        steps.change(Change::AlterIndex { table: "pony".to_owned(), from, to })
    };
    let single = || Unique::new("pony_weight_unique", ["weight"]);
    let ponies = || tables([pony()]);
    let both = || indexed("idx_age", "age").add_index(index("idx_weight", "weight"));
    Class::django(FILE, NAME)
        .differs(
            "rename_index",
            RENAMED,
            Planned::of(
                &tables([indexed("old", "age")]),
                altered(
                    altered(none(), index("old", "age"), index("mid", "age")),
                    index("mid", "age"),
                    index("new", "age"),
                ),
                &tables([indexed("new", "age")]),
                // An index is dropped and created there.
                [4, 2, 2],
            ),
        )
        .differs(
            "add_rename_index",
            RENAMED,
            Planned::of(
                &ponies(),
                altered(
                    none().add_index("pony", index("mid", "age")),
                    index("mid", "age"),
                    index("new", "age"),
                ),
                &tables([indexed("new", "age")]),
                [3, 2, 2],
            ),
        )
        .differs(
            "add_remove_index",
            RUN,
            Planned::of(
                &ponies(),
                dropped(none().add_index("pony", index("it", "age")), index("it", "age")),
                &ponies(),
                [2; 3],
            ),
        )
        .differs(
            "add_remove_constraint",
            RUN,
            Planned::of(&ponies(), unchecked(checked(none())), &ponies(), [2; 3]),
        )
        .same(
            "create_model_add_index",
            Planned::of(
                &none(),
                tables([indexed("idx_age", "age")])
                    .add_index("pony", index("idx_weight", "weight")),
                &tables([both()]),
                // An index is a statement of its own on two of them, whoever writes it.
                [3, 3, 1],
            ),
        )
        .same(
            "create_model_remove_index",
            Planned::of(
                &none(),
                dropped(tables([both()]), index("idx_age", "age")),
                &tables([indexed("idx_weight", "weight")]),
                [2, 2, 1],
            ),
        )
        .same(
            "create_model_rename_index_no_old_fields",
            Planned::of(
                &none(),
                altered(
                    tables([indexed("idx_age", "age")]),
                    index("idx_age", "age"),
                    index("idx_age_new", "age"),
                ),
                &tables([indexed("idx_age_new", "age")]),
                [2, 2, 1],
            ),
        )
        .same(
            "create_model_add_constraint",
            Planned::of(&none(), checked(ponies()), &tables([pony().add_check(heavy())]), [1; 3]),
        )
        .same(
            "create_model_remove_constraint",
            Planned::of(
                &none(),
                unchecked(tables([pony().add_check(heavy()).add_unique(single())])),
                &tables([pony().add_unique(single())]),
                [1; 3],
            ),
        )
}
