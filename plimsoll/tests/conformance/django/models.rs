//! `tests/migrations/test_autodetector.py`: tables, what they refer to, and how they are called.

use plimsoll::{
    Dialect, Steps, TableBuilder,
    prelude::*,
    schema::{ForeignKey, Unique},
};

use super::{FILE, NAME, refers};
use crate::{
    case::Case,
    class::{Class, classes},
    declare::{int, key, of, table, tables, text},
};

classes!(tables_alone, renames, references, circles, between_many, no_tables);

fn made(want: impl IntoIterator<Item = TableBuilder>) -> Case {
    Case::of(&Steps::new()).to(&tables(want))
}

fn between<const N: usize, const M: usize>(
    have: [TableBuilder; N],
    want: [TableBuilder; M],
) -> Case {
    Case::of(&tables(have)).to(&tables(want))
}

fn author() -> TableBuilder {
    table("author", [key("id"), text("name", 200)])
}

/// A book by somebody.
fn book(of_table: &str) -> TableBuilder {
    refers(table("book", [key("id"), int("author_id"), text("title", 200)]), "author_id", of_table)
}

fn tables_alone() -> Class {
    let other = |columns: &[&str]| table("authors", columns.iter().map(|name| int(name)));
    let class = Class::django(FILE, NAME)
        .same("new_model", made([author()]).finds(&["+ create table `author`"]))
        .same(
            "old_model",
            Case::of(&tables([author()])).to(&Steps::new()).finds(&["- drop table `author`"]),
        )
        .same(
            "pk_fk_included",
            made([
                table("aardvark", [key("id")]).add_foreign_key(ForeignKey::new(
                    "fk",
                    ["id"],
                    "author",
                    ["id"],
                )),
                author(),
            ])
            .finds(&["+ create table `author`", "+ create table `aardvark`"]),
        )
        .same(
            "add_composite_pk",
            between(
                [author()],
                [table(
                    "author",
                    [of("id").integer().not_null().take(), text("name", 200).not_null().take()],
                )
                .primary_key(["id", "name"])],
            )
            .finds(&[
                "~ change column `author.name`: nullable -> not null",
                "~ change primary key of `author`: (id) -> (id, name)",
            ]),
        )
        .same(
            "remove_composite_pk",
            between(
                [table(
                    "author",
                    [of("id").integer().not_null().take(), text("name", 200).not_null().take()],
                )
                .primary_key(["id", "name"])],
                [author()],
            )
            .finds(&[
                "~ change column `author.name`: not null -> nullable",
                "~ change primary key of `author`: (id, name) -> (id)",
            ]),
        )
        .same("keep_db_table_with_model_change", Case::of(&tables([other(&["a"])])))
        .same("alter_db_table_no_changes", Case::of(&tables([author()])));
    // What nobody manages is left alone, whatever either side says of it.
    let unmanaged = |have: Steps, want: Steps| Case::of(&have).to(&want).leaving_out(&["author"]);
    class
        .same("unmanaged_delete", unmanaged(tables([author()]), Steps::new()))
        .same(
            "unmanaged_custom_pk",
            unmanaged(tables([author(), book("author")]), tables([book("author")])),
        )
        .same("unmanaged_to_managed", made([author()]).finds(&["+ create table `author`"]))
        .same("managed_to_unmanaged", unmanaged(tables([author()]), Steps::new()))
        .does_not_apply(
            "a table that is left out is not listed among the entities",
            ["unmanaged_create"],
        )
}

fn renames() -> Class {
    let renamed = |to: &str| table(to, [key("id"), text("name", 200)]).renamed_from("author");
    let to_table = |to: &'static str| {
        between([author()], [renamed(to)]).finds(&[format!("~ rename table `author` to `{to}`")])
    };
    let entity_b = |name: &str, columns: [ColumnDef; 3]| {
        refers(table(name, columns), "entity_a_id", "entity_a")
    };
    let label = || text("some_label", 255);
    let entity_a = |name: &str| table(name, [key("id")]);
    let writes = |name: &str, column: &str, from: &str| {
        refers(table(name, [key("id"), int(column), text("title", 200)]), column, from)
    };
    Class::django(FILE, NAME)
        .same(
            "rename_model",
            between([author(), book("author")], [renamed("writer"), book("writer")])
                .finds(&["~ rename table `author` to `writer`"]),
        )
        .same("alter_db_table_add", to_table("author_one"))
        .same("alter_db_table_change", to_table("author_two"))
        .same("alter_db_table_remove", to_table("author_three"))
        .same("alter_db_table_with_model_change", to_table("author_four"))
        .does_not_apply(
            "a table has its own name, whatever the struct is called",
            ["rename_model_case", "renamed_referenced_m2m_model_case"],
        )
        .same(
            "rename_m2m_through_model",
            between(
                [author(), writes("contract", "author_id", "author")],
                [
                    author(),
                    refers(
                        table("deal", [key("id"), int("author_id"), text("title", 200)]),
                        "author_id",
                        "author",
                    )
                    .renamed_from("contract"),
                ],
            )
            .by_entities()
            .finds(&[
                "~ rename table `contract` to `deal`",
                "~ rename foreign key `fk_contract_author_id` on `deal` to `fk_deal_author_id`",
            ]),
        )
        .same(
            "rename_model_with_renamed_rel_field",
            between(
                [author(), writes("book", "author_id", "author")],
                [
                    renamed("writer"),
                    writes("book", "writer_id", "writer")
                        .column_renamed_from("writer_id", "author_id"),
                ],
            )
            .by_entities()
            .finds(&[
                "~ rename table `author` to `writer`",
                "~ rename column `book.author_id` to `writer_id`",
                "~ rename foreign key `fk_book_author_id` on `book` to `fk_book_writer_id`",
            ]),
        )
        .same(
            "rename_model_with_fks_in_different_position",
            between(
                [
                    entity_a("entity_a"),
                    entity_b("entity_b", [key("id"), label(), int("entity_a_id")]),
                ],
                [
                    entity_a("entity_a"),
                    entity_b("renamed_b", [key("id"), int("entity_a_id"), label()])
                        .renamed_from("entity_b"),
                ],
            )
            .by_entities()
            .finds(&[
                "~ rename table `entity_b` to `renamed_b`",
                "~ rename foreign key `fk_entity_b_entity_a_id` on `renamed_b` to \
                 `fk_renamed_b_entity_a_id`",
            ]),
        )
        .same(
            "rename_model_reverse_relation_dependencies",
            between(
                [
                    entity_a("entity_a"),
                    entity_b("entity_b", [key("id"), label(), int("entity_a_id")]),
                ],
                [
                    entity_a("renamed_a").renamed_from("entity_a"),
                    refers(
                        table("entity_b", [key("id"), label(), int("entity_a_id")]),
                        "entity_a_id",
                        "renamed_a",
                    ),
                ],
            )
            .finds(&["~ rename table `entity_a` to `renamed_a`"]),
        )
        .same(
            "rename_field_with_renamed_model",
            between(
                [author()],
                [table("renamed_author", [key("id"), text("renamed_name", 200)])
                    .renamed_from("author")
                    .column_renamed_from("renamed_name", "name")],
            )
            .finds(&[
                "~ rename table `author` to `renamed_author`",
                "~ rename column `renamed_author.name` to `renamed_name`",
            ]),
        )
}

fn references() -> Class {
    let edition = || refers(table("edition", [key("id"), int("book_id")]), "book_id", "book");
    let publisher = || table("publisher", [key("id"), text("name", 100)]);
    let of_publisher = || refers(author().column(int("publisher_id")), "publisher_id", "publisher");
    let plain_book = || table("book", [key("id"), int("author_id"), text("title", 200)]);
    let in_order = |names: &[&str]| -> Vec<String> {
        names.iter().map(|name| format!("+ create table `{name}`")).collect()
    };
    Class::django(FILE, NAME)
        .same(
            "fk_dependency",
            made([edition(), book("author"), author()])
                .finds(&in_order(&["author", "book", "edition"])),
        )
        .same(
            "same_app_no_fk_dependency",
            made([of_publisher(), publisher()]).finds(&in_order(&["publisher", "author"])),
        )
        .same(
            "fk_dependency_other_app",
            between([author(), plain_book()], [author(), book("author")]).finds(&["+ add foreign key `fk_book_author_id` on `book`: (author_id) references `author` (id) on delete no action on update no action"]),
        )
        .same(
            "alter_field_to_fk_dependency_other_app",
            between([plain_book()], [author(), book("author")]).finds(&["+ create table `author`", "+ add foreign key `fk_book_author_id` on `book`: (author_id) references `author` (id) on delete no action on update no action"]),
        )
        .same(
            "replace_string_with_foreignkey",
            between([author().column(text("publisher_name", 100))], [publisher(), of_publisher()])
                .finds(&["+ create table `publisher`", "+ add column `author.publisher_id`: integer, nullable", "+ add foreign key `fk_author_publisher_id` on `author`: (publisher_id) references `publisher` (id) on delete no action on update no action", "- drop column `author.publisher_name`"]).finds_on(Dialect::Sqlite, &["+ create table `publisher`", "+ add column `author.publisher_id`: big integer, nullable", "+ add foreign key `fk_author_publisher_id` on `author`: (publisher_id) references `publisher` (id) on delete no action on update no action", "- drop column `author.publisher_name`"]),
        )
        .same(
            "foreign_key_removed_before_target_model",
            between([of_publisher(), publisher()], [author()]).finds(&["- drop foreign key `fk_author_publisher_id` on `author`: (publisher_id) references `publisher` (id) on delete no action on update no action", "- drop table `publisher`", "- drop column `author.publisher_id`"]),
        )
        .same(
            "alter_fk_before_model_deletion",
            between(
                [
                    author(),
                    refers(
                        table("publisher", [key("id"), int("author_id")]),
                        "author_id",
                        "author",
                    ),
                ],
                [
                    table("writer", [key("id")]),
                    refers(
                        table("publisher", [key("id"), int("author_id")]),
                        "author_id",
                        "writer",
                    ),
                ],
            )
            .finds(&["- drop foreign key `fk_publisher_author_id` on `publisher`: (author_id) references `author` (id) on delete no action on update no action", "- drop table `author`", "+ create table `writer`", "+ add foreign key `fk_publisher_author_id` on `publisher`: (author_id) references `writer` (id) on delete no action on update no action"]),
        )
        .same(
            "non_circular_foreignkey_dependency_removal",
            Case::of(&tables([of_publisher(), publisher()])).to(&Steps::new()).finds(&["- drop table `author`", "- drop table `publisher`"]),
        )
        .does_not_apply(
            "one list has all migrations: there are no apps between which order is to be found",
            [
                "arrange_for_graph",
                "arrange_for_graph_with_multiple_initial",
                "trim_apps",
                "custom_migration_name",
                "first_dependency",
                "last_dependency",
                "create_with_through_model_separate_apps",
            ],
        )
        .does_not_apply(
            "a key is declared with the columns that it has, of whatever class",
            ["add_custom_fk_with_hardcoded_to"],
        )
}

/// Tables that refer to each other: one key is added when both are there, on SQLite with its table.
fn circles() -> Class {
    let of_publisher = || refers(author().column(int("publisher_id")), "publisher_id", "publisher");
    let written =
        |name: &str| refers(table(name, [key("id"), int("author_id")]), "author_id", "author");
    let circle = || {
        made([of_publisher(), written("publisher")]).finds(&["+ create table `author`", "+ create table `publisher`", "+ add foreign key `fk_author_publisher_id` on `author`: (publisher_id) references `publisher` (id) on delete no action on update no action"])
    };
    let knight = refers(table("knight", [key("id"), int("rabbit_id")]), "rabbit_id", "rabbit");
    let rabbit = refers(
        refers(
            table("rabbit", [key("id"), int("knight_id"), int("parent_id")]),
            "knight_id",
            "knight",
        ),
        "parent_id",
        "rabbit",
    )
    .unique(["parent_id", "knight_id"])
    .index(["parent_id", "knight_id"]);
    Class::django(FILE, NAME)
        .same("circular_fk_dependency", circle())
        .same("same_app_circular_fk_dependency", circle())
        .same(
            "same_app_circular_fk_dependency_with_unique_together_and_indexes",
            made([knight, rabbit]).finds(&["+ create table `knight`", "+ create table `rabbit`", "+ add foreign key `fk_knight_rabbit_id` on `knight`: (rabbit_id) references `rabbit` (id) on delete no action on update no action"]),
        )
        .same(
            "circular_dependency_mixed_addcreate",
            between(
                [author()],
                [
                    refers(author().column(int("address_id")), "address_id", "address"),
                    table("address", [key("id"), text("country", 10)]),
                    refers(table("apackage", [key("id"), int("author_id")]), "author_id", "author"),
                ],
            )
            .finds(&["+ create table `address`", "+ create table `apackage`", "+ add column `author.address_id`: integer, nullable", "+ add foreign key `fk_author_address_id` on `author`: (address_id) references `address` (id) on delete no action on update no action"]).finds_on(Dialect::Sqlite, &["+ create table `address`", "+ create table `apackage`", "+ add column `author.address_id`: big integer, nullable", "+ add foreign key `fk_author_address_id` on `author`: (address_id) references `address` (id) on delete no action on update no action"]),
        )
        .does_not_apply(
            "no table stands for another",
            [
                "circular_dependency_swappable",
                "circular_dependency_swappable2",
                "circular_dependency_swappable_self",
                "swappable_circular_multi_mti",
                "swappable",
                "swappable_lowercase",
                "swappable_many_to_many_model_case",
                "swappable_changed",
                "swappable_first_inheritance",
                "swappable_first_setting",
            ],
        )
}

/// Relations between many and many have a table, here one that is declared.
fn between_many() -> Class {
    let publisher = || table("publisher", [key("id"), text("name", 100)]);
    let through = |name: &str| {
        let columns = [key("id"), int("author_id"), int("publisher_id")];
        refers(refers(table(name, columns), "author_id", "author"), "publisher_id", "publisher")
    };
    let added = || {
        between([author(), publisher()], [author(), publisher(), through("author_publishers")])
            .finds(&["+ create table `author_publishers`"])
    };
    let removed = || {
        between([author(), publisher(), through("contract")], [author(), publisher()])
            .finds(&["- drop table `contract`"])
    };
    let column = || author().column(int("publishers"));
    Class::django(FILE, NAME)
        .same("add_many_to_many", added())
        .same(
            "create_with_through_model",
            made([author(), publisher(), through("contract")]).finds(&["+ create table `author`", "+ create table `publisher`", "+ create table `contract`"]),
        )
        .same("many_to_many_removed_before_through_model", removed())
        .same("m2m_w_through_multistep_remove", removed())
        .same(
            "many_to_many_removed_before_through_model_2",
            Case::of(&tables([author(), publisher(), through("contract")]))
                .to(&tables([publisher()]))
                .finds(&["- drop table `contract`", "- drop table `author`"]),
        )
        .same(
            "concrete_field_changed_to_many_to_many",
            between([column(), publisher()], [author(), publisher(), through("author_publishers")])
                .finds(&["+ create table `author_publishers`", "- drop column `author.publishers`"]),
        )
        .same(
            "many_to_many_changed_to_concrete_field",
            between([author(), publisher(), through("author_publishers")], [column(), publisher()])
                .finds(&["- drop table `author_publishers`", "+ add column `author.publishers`: integer, nullable"]).finds_on(Dialect::Sqlite, &["- drop table `author_publishers`", "+ add column `author.publishers`: big integer, nullable"]),
        )
        .same(
            "alter_unique_together_fk_to_m2m",
            between(
                [author(), book("author").add_unique(Unique::new("uq", ["author_id", "title"]))],
                [author(), table("book", [key("id"), text("title", 200)]), {
                    let columns = [key("id"), int("book_id"), int("author_id")];
                    refers(
                        refers(table("book_author", columns), "book_id", "book"),
                        "author_id",
                        "author",
                    )
                }],
            )
            .finds(&["- drop foreign key `fk_book_author_id` on `book`: (author_id) references `author` (id) on delete no action on update no action", "- drop unique `uq` on `book`: (author_id, title)", "+ create table `book_author`", "- drop column `book.author_id`"]),
        )
        .does_not_apply(
            "what is different of a relation between many is a table of its own, or nothing",
            ["alter_many_to_many"],
        )
}

fn no_tables() -> Class {
    Class::django(FILE, NAME)
        .does_not_apply(
            "an entity is a table: none stands for another, none inherits",
            [
                "proxy",
                "proxy_non_model_parent",
                "proxy_custom_pk",
                "proxy_to_mti_with_fk_to_proxy",
                "proxy_to_mti_with_fk_to_proxy_proxy",
                "proxy_fk_dependency",
                "proxy_bases_first",
                "bases_first",
                "bases_first_mixed_case_app_label",
                "multiple_bases",
                "mti_inheritance_model_removal",
                "add_model_with_field_removed_from_base_model",
            ],
        )
        .does_not_apply(
            "it is about the program, and leaves the database as it is",
            [
                "alter_model_options",
                "alter_model_options_proxy",
                "alter_model_managers",
                "default_related_name_option",
            ],
        )
        .does_not_apply("migrations have names, and no numbers in them", ["parse_number"])
}
