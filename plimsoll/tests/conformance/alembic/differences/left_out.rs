//! Tables that are left out: somebody else's, and those in which the engine and SeaORM keep a record.

use plimsoll::{App, Dialect, Entities, History, TableBuilder, prelude::*, schema::ForeignKey};

use super::{FILE, without};
use crate::{
    case::{Case, schema_of},
    class::{Class, classes},
    declare::{Named as _, foreign_key, of, table, tables},
};

classes!(referred_to, records, of_the_server, hooks);

fn id(name: &str) -> ColumnDef {
    of(name).integer().not_null().primary_key().take()
}

fn number(name: &str) -> ColumnDef {
    of(name).integer().take()
}

fn code(name: &str, length: u32) -> ColumnDef {
    of(name).string_len(length).take()
}

fn to_parent<const N: usize>(name: &str, columns: [&str; N], referred_to: [&str; N]) -> ForeignKey {
    foreign_key(name, columns, "parent", referred_to)
}

/// `child` with these columns, which loses its keys, when nobody looks at `parent`.
fn loses<const N: usize, const M: usize>(
    parent: TableBuilder,
    columns: &[ColumnDef; N],
    keys: [ForeignKey; M],
) -> Case {
    let child = || table("child", [id("id")].into_iter().chain(columns.clone()));
    let have = tables([parent, child()]);
    let have = keys.iter().fold(have, |steps, key| steps.key("child", key.clone()));
    let changes = keys.map(|key| {
        format!(
            "- drop foreign key `{}` on `child`: ({}) references `parent` ({}) \
             on delete no action on update no action",
            key.name.unwrap(),
            key.columns.join(", "),
            key.referenced_columns.join(", ")
        )
    });
    without(["parent"], &have, &tables([child()])).finds(&changes)
}

fn referred_to() -> Class {
    let parent = || table("parent", [id("id")]);
    let child = || table("child", [id("id"), number("parent_id")]);
    let grandparent = || table("grandparent", [id("id")]);
    let one = || to_parent("fk_parent", ["parent_id"], ["id"]);
    let dropped = "- drop foreign key `fk_parent` on `child`: (parent_id) references `parent` (id) \
                   on delete no action on update no action";
    let chain =
        tables([grandparent(), table("parent", [id("id"), number("grandparent_id")]), child()])
            .key("parent", foreign_key("fk_grandparent", ["grandparent_id"], "grandparent", ["id"]))
            .key("child", one());
    let partition = table("parent_partition_1", [id("id")]);
    Class::alembic(FILE, "AutogenPlaceholderTableTest")
        .same(
            "fk_to_filtered_table_single_column",
            loses(parent().column(code("data", 50)), &[number("parent_id")], [one()]),
        )
        .same(
            "fk_to_filtered_table_composite",
            loses(
                table("parent", [number("id"), number("version")]).primary_key(["id", "version"]),
                &[number("parent_id"), number("parent_version")],
                [to_parent("fk_parent", ["parent_id", "parent_version"], ["id", "version"])],
            ),
        )
        .differs(
            "fk_to_filtered_table_with_include_object",
            "whole tables are left out, and never single keys of another",
            without(
                ["parent_partition_1"],
                &tables([parent(), partition, child()]).key("child", one()).key(
                    "child",
                    foreign_key("fk_partition", ["parent_id"], "parent_partition_1", ["id"]),
                ),
                &tables([parent(), child()]).key("child", one()),
            )
            .finds(&["- drop foreign key `fk_partition` on `child`: (parent_id) \
                 references `parent_partition_1` (id) on delete no action on update no action"]),
        )
        .same(
            "fk_placeholder_type_preservation",
            loses(
                table("parent", [of("id").big_integer().take(), code("code", 100)])
                    .primary_key(["id", "code"]),
                &[of("parent_id").big_integer().take(), code("parent_code", 100)],
                [to_parent("fk_parent", ["parent_id", "parent_code"], ["id", "code"])],
            ),
        )
        .same(
            "fk_to_filtered_table_cross_schema",
            Case::by_hand([
                &[],
                &[
                    "CREATE SCHEMA test_schema",
                    "CREATE TABLE test_schema.parent (id integer PRIMARY KEY)",
                    "CREATE TABLE child (id integer PRIMARY KEY, parent_id integer \
                     CONSTRAINT fk_parent REFERENCES test_schema.parent)",
                ],
                &[],
            ])
            .to(&tables([child()]))
            .finds(&[dropped])
            .tells_on(Dialect::Postgres, &["foreign key into another schema fk_parent"])
            .not_on(Dialect::Sqlite, "a database has no schemas inside it")
            .not_on(Dialect::Mysql, "a database has no schemas inside it"),
        )
        .same(
            "multiple_fks_to_same_filtered_table",
            loses(
                parent(),
                &[number("parent_id_1"), number("parent_id_2")],
                [
                    to_parent("fk_1", ["parent_id_1"], ["id"]),
                    to_parent("fk_2", ["parent_id_2"], ["id"]),
                ],
            ),
        )
        .same(
            "fk_to_different_columns_in_filtered_table",
            loses(
                parent()
                    .column(code("code", 50).unique_key())
                    .column(number("version").unique_key()),
                &[number("parent_id"), code("parent_code", 50), number("parent_version")],
                [
                    to_parent("fk_code", ["parent_code"], ["code"]),
                    to_parent("fk_id", ["parent_id"], ["id"]),
                    to_parent("fk_version", ["parent_version"], ["version"]),
                ],
            ),
        )
        .same(
            "fk_chain_with_filtered_middle_table",
            without(["parent"], &chain, &tables([grandparent(), child()])).finds(&[dropped]),
        )
}

/// The tables in which migrations are recorded, and whoever declares one as an entity's.
fn records() -> Class {
    let record = |name: &str| {
        let version = of("version").string_len(255).not_null().primary_key().take();
        table(name, [version, of("applied_at").big_integer().not_null().take()])
    };
    let entities: Entities =
        schema_of(&tables([record("my_versions")])).tables.into_values().collect();
    Class::alembic(FILE, "AutogenVersionTableTest")
        .same(
            "no_version_table",
            Case::of(&tables([record("seaql_migrations"), record("plimsoll_journal")]))
                .by_app(App::new(History::new()).entities(Entities::new())),
        )
        .same(
            "version_table_in_target",
            Case::of(&tables([record("my_versions"), record("plimsoll_journal")]))
                .by_app(App::new(History::new().recorded_in("my_versions")).entities(entities)),
        )
}

fn of_the_server() -> Class {
    let have = || table("sometable", [id("id")]);
    Class::alembic(FILE, "AutogenSystemColTest").differs(
        "dont_add_system",
        "no column can be declared as the server's own: what is declared is wanted",
        Case::of(&tables([have()]))
            .to(&tables([have().column(number("xmin"))]))
            .finds(&["+ add column `sometable.xmin`: integer, nullable"])
            .finds_on(Dialect::Sqlite, &["+ add column `sometable.xmin`: big integer, nullable"]),
    )
}

fn hooks() -> Class {
    Class::alembic(FILE, "IncludeFiltersAPITest").does_not_apply(
        "no hook of the user's is asked about anything",
        [
            "run_name_filters_supports_extension_types",
            "run_object_filters_supports_extension_types",
        ],
    )
}
