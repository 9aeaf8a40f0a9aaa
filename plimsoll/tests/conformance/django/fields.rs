//! `tests/migrations/test_autodetector.py`: columns.

use plimsoll::{Dialect, TableBuilder, prelude::*, schema::ForeignKey};

use super::{FILE, NAME, refers};
use crate::{
    case::Case,
    class::{Class, classes},
    declare::{int, key, of, table, tables, text},
};

classes!(columns, renames, counted, no_columns);

fn author(columns: impl IntoIterator<Item = ColumnDef>) -> TableBuilder {
    table("author", [key("id")].into_iter().chain(columns))
}

fn between(have: TableBuilder, want: TableBuilder) -> Case {
    Case::of(&tables([have])).to(&tables([want]))
}

fn columns() -> Class {
    let name = || text("name", 200);
    let required = || of("name").string_len(200).not_null().take();
    let ada = || of("name").string_len(200).not_null().default("Ada Lovelace").take();
    let born = || {
        [
            of("date_of_birth").date().not_null().default(Expr::current_date()).take(),
            of("date_time_of_birth")
                .timestamp_with_time_zone()
                .not_null()
                .default(Expr::current_timestamp())
                .take(),
        ]
    };
    let dates = || {
        between(author([]), author(born())).finds(&["+ add column `author.date_of_birth`: date, not null, default the present time", "+ add column `author.date_time_of_birth`: timestamp with zone, not null, default the present time"]).finds_on(Dialect::Mysql, &["+ add column `author.date_of_birth`: date, not null, default the present time", "+ add column `author.date_time_of_birth`: datetime, not null, default the present time"])
    };
    let full = |table: TableBuilder, expr: &str| {
        table.column(text("lower_full_name", 60)).generated("lower_full_name", expr, true)
    };
    let both = "lower(name)";
    Class::django(FILE, NAME)
        .same("add_field", between(author([]), author([name()])).finds(&["+ add column `author.name`: string(200), nullable"]))
        .same(
            "add_not_null_field_with_db_default",
            between(author([]), author([ada()])).finds(&["+ add column `author.name`: string(200), not null, default 'Ada Lovelace'"]),
        )
        .same("add_date_fields_with_auto_now_not_asking_for_default", dates())
        .same("add_date_fields_with_auto_now_add_not_asking_for_null_addition", dates())
        .same("add_date_fields_with_auto_now_add_asking_for_default", dates())
        .same("add_field_with_default", between(author([]), author([ada()])).finds(&["+ add column `author.name`: string(200), not null, default 'Ada Lovelace'"]))
        .same(
            "add_blank_textfield_and_charfield",
            between(
                author([]),
                author([
                    of("name").string_len(200).not_null().default("").take(),
                    of("biography").string_len(500).not_null().default("").take(),
                ]),
            )
            .finds(&["+ add column `author.name`: string(200), not null, default ''", "+ add column `author.biography`: string(500), not null, default ''"]),
        )
        .same(
            "add_non_blank_textfield_and_charfield",
            between(author([]), author([required()])).finds(&["+ add column `author.name`: string(200), not null"]),
        )
        .same(
            "add_field_before_generated_field",
            between(author([name()]), full(author([name(), text("surname", 20)]), both))
                .finds(&["+ add column `author.surname`: string(20), nullable", "+ add column `author.lower_full_name`: string(60), nullable, generated (lower(name)) stored"]),
        )
        .same("add_fk_before_generated_field", {
            let publisher = || table("publisher", [key("id"), text("name", 20)]);
            let of_publisher =
                refers(author([name(), int("publisher_id")]), "publisher_id", "publisher");
            Case::of(&tables([author([name()])]))
                .to(&tables([publisher(), full(of_publisher, both)]))
                .finds(&["+ create table `publisher`", "+ add column `author.publisher_id`: integer, nullable", "+ add column `author.lower_full_name`: string(60), nullable, generated (lower(name)) stored", "+ add foreign key `fk_author_publisher_id` on `author`: (publisher_id) references `publisher` (id) on delete no action on update no action"]).finds_on(Dialect::Sqlite, &["+ create table `publisher`", "+ add column `author.publisher_id`: big integer, nullable", "+ add column `author.lower_full_name`: string(60), nullable, generated (lower(name)) stored", "+ add foreign key `fk_author_publisher_id` on `author`: (publisher_id) references `publisher` (id) on delete no action on update no action"])
        })
        .same("remove_field", between(author([name()]), author([])).finds(&["- drop column `author.name`"]))
        .same("alter_field", between(author([name()]), author([text("name", 400)])).finds(&["~ change column `author.name`: string(200) -> string(400)"]))
        .same(
            "alter_field_to_not_null_with_default",
            between(author([name()]), author([ada()])).finds(&["~ change column `author.name`: nullable -> not null, default none -> 'Ada Lovelace'"]),
        )
        .same(
            "alter_field_to_not_null_with_db_default",
            between(author([name()]), author([ada()])).finds(&["~ change column `author.name`: nullable -> not null, default none -> 'Ada Lovelace'"]),
        )
        .same(
            "alter_field_to_not_null_without_default",
            between(author([name()]), author([required()])).finds(&["~ change column `author.name`: nullable -> not null"]),
        )
        .same(
            "alter_field_to_not_null_oneoff_default",
            between(author([name()]), author([required()])).finds(&["~ change column `author.name`: nullable -> not null"]),
        )
}

fn renames() -> Class {
    let name = || text("name", 200);
    let ids =
        |name: &str, columns: Vec<ColumnDef>| table(name, [key("id")].into_iter().chain(columns));
    let parent = |column: &str| ids("foo", vec![int(column)]).unique([column]);
    let child = |column: &str| {
        ids("bar", vec![int("foo_field")]).add_foreign_key(ForeignKey::new(
            "fk",
            ["foo_field"],
            "foo",
            [column],
        ))
    };
    let pair = |name: &str, first: &str, second: &str| ids(name, vec![int(first), int(second)]);
    let referring = |table: TableBuilder, columns: [&str; 2], ids: [&str; 2]| {
        table.add_foreign_key(ForeignKey::new("fk", columns, "foo", ids))
    };
    let plain = ["first", "second"];
    let moved = ["first_renamed", "second_renamed"];
    let from_plain = |table: TableBuilder| {
        table
            .column_renamed_from("first_renamed", "first")
            .column_renamed_from("second_renamed", "second")
    };
    let keyed =
        |name: &str, column: &str| table(name, [text(column, 20).not_null().primary_key().take()]);
    Class::django(FILE, NAME)
        .same_each(
            "rename_field",
            [
                between(
                    author([name()]),
                    author([text("names", 200)]).column_renamed_from("names", "name"),
                )
                .finds(&["~ rename column `author.name` to `names`"]),
                // Nobody answered, so it is a question and no rename.
                between(author([name()]), author([text("names", 200)]))
                    .finds(&["+ add column `author.names`: string(200), nullable", "- drop column `author.name`"])
                    .asks(&["was column `author.name` renamed to `names`?"]),
            ],
        )
        .same(
            "rename_field_foreign_key_to_field",
            Case::of(&tables([parent("field"), child("field")]))
                .to(&tables([
                    parent("renamed_field").column_renamed_from("renamed_field", "field"),
                    child("renamed_field"),
                ]))
                .by_entities()
                .finds(&["~ rename column `foo.field` to `renamed_field`", "~ rename unique `uq-foo-field` on `foo` to `uq-foo-renamed_field`"]),
        )
        .same("foreign_object_from_to_fields_list", Case::of(&tables([parent("field"), child("field")])))
        .same_each(
            "rename_foreign_object_fields",
            [
                Case::of(&tables([
                    pair("foo", "first", "second").unique(plain),
                    referring(pair("bar", "first", "second"), plain, plain),
                ]))
                .to(&tables([
                    from_plain(pair("foo", "first_renamed", "second_renamed").unique(moved)),
                    referring(pair("bar", "first", "second"), plain, moved),
                ]))
                .by_entities()
                .finds(&["~ rename column `foo.first` to `first_renamed`", "~ rename column `foo.second` to `second_renamed`", "~ rename unique `uq-foo-first-second` on `foo` to `uq-foo-first_renamed-second_renamed`"]),
                Case::of(&tables([
                    pair("foo", "first", "second").unique(plain),
                    referring(pair("bar", "first", "second"), plain, plain),
                ]))
                .to(&tables([
                    pair("foo", "first", "second").unique(plain),
                    from_plain(referring(
                        pair("bar", "first_renamed", "second_renamed"),
                        moved,
                        plain,
                    )),
                ]))
                .by_entities()
                .finds(&["~ rename column `bar.first` to `first_renamed`", "~ rename column `bar.second` to `second_renamed`"]),
            ],
        )
        .same(
            "rename_referenced_primary_key",
            Case::of(&tables([
                keyed("foo", "id"),
                ids("bar", vec![text("foo_id", 20)]).add_foreign_key(ForeignKey::new(
                    "fk",
                    ["foo_id"],
                    "foo",
                    ["id"],
                )),
            ]))
            .to(&tables([
                keyed("foo", "renamed_id").column_renamed_from("renamed_id", "id"),
                ids("bar", vec![text("foo_id", 20)]).add_foreign_key(ForeignKey::new(
                    "fk",
                    ["foo_id"],
                    "foo",
                    ["renamed_id"],
                )),
            ]))
            .finds(&["~ rename column `foo.id` to `renamed_id`"]),
        )
        .same("rename_field_preserved_db_column", Case::of(&tables([parent("field")])))
        .same(
            "rename_related_field_preserved_db_column",
            Case::of(&tables([parent("field"), child("field")])),
        )
}

/// A key that counts up asks for no value.
fn counted() -> Class {
    let had = || table("author", [of("pkfield").integer().not_null().primary_key().take()]);
    let id = of("id").integer().not_null().auto_increment().primary_key().take();
    Class::django(FILE, NAME).same(
        "add_auto_field_does_not_request_default",
        between(had(), table("author", [id, of("pkfield").integer().not_null().take()]))
            .finds(&[
                "+ add column `author.id`: integer, not null, counted up",
                "~ change primary key of `author`: (pkfield) -> (id)",
            ])
            .finds_on(
                Dialect::Sqlite,
                &[
                    "+ add column `author.id`: big integer, not null, counted up",
                    "~ change primary key of `author`: (pkfield) -> (id)",
                ],
            ),
    )
}

fn no_columns() -> Class {
    let kept = |text_length| Case::of(&tables([author([text("name", text_length)])]));
    Class::django(FILE, NAME).same("identical_regex_doesnt_alter", kept(200)).does_not_apply(
        "how a value is checked in the program is no matter of the column",
        [
            "supports_functools_partial",
            "different_regex_does_alter",
            "alter_regex_string_to_compiled_regex",
            "custom_deconstructible",
            "deconstruct_field_kwarg",
            "deconstructible_list",
            "deconstructible_tuple",
            "deconstructible_dict",
            "nested_deconstructible_objects",
            "deconstruct_type",
        ],
    )
}
