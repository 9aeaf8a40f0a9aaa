//! `tests/migrations/test_autodetector.py`: constraints, indexes and comments.

use plimsoll::{
    Dialect, Steps, TableBuilder,
    prelude::*,
    schema::{Check, Rule, Unique},
};

use super::{FILE, NAME, refers};
use crate::{
    case::Case,
    class::{Class, classes},
    declare::{int, key, table, tables, text},
};

classes!(comments, indexes, checks, together, ordered);

fn author() -> TableBuilder {
    table("author", [key("id"), text("name", 200)])
}

fn book() -> TableBuilder {
    table("book", [key("id"), int("author_id"), text("title", 200)])
}

fn between(have: TableBuilder, want: TableBuilder) -> Case {
    Case::of(&tables([have])).to(&tables([want]))
}

fn made(want: TableBuilder) -> Case {
    let created = format!("+ create table `{}`", want.name());
    Case::of(&Steps::new()).to(&tables([want])).finds(&[created])
}

fn comments() -> Class {
    let said = |comment: &str| author().comment(comment);
    let kept = |case: Case| case.not_on(Dialect::Sqlite, "it keeps no comments");
    Class::django(FILE, NAME)
        .same(
            "alter_db_table_comment_add",
            kept(
                between(author(), said("Table comment"))
                    .finds(&["~ change comment of table `author`: none -> \"Table comment\""]),
            ),
        )
        .same(
            "alter_db_table_comment_change",
            kept(between(said("Table comment"), said("New table comment")).finds(&[
                "~ change comment of table `author`: \"Table comment\" -> \"New table comment\"",
            ])),
        )
        .same(
            "alter_db_table_comment_remove",
            kept(
                between(said("Table comment"), author())
                    .finds(&["~ change comment of table `author`: \"Table comment\" -> none"]),
            ),
        )
        .same("alter_db_table_comment_no_changes", kept(Case::of(&tables([said("Table comment")]))))
}

fn indexes() -> Class {
    let with =
        |name: &str, columns: [&str; 2]| book().add_index(Index::over("book", columns).named(name));
    let one = || with("book_title_author_idx", ["author_id", "title"]);
    Class::django(FILE, NAME)
        .same("create_model_with_indexes", made(one()))
        .same("add_index_with_new_model", made(one()))
        .same("add_indexes", between(book(), one()).finds(&["+ create index `book_title_author_idx` on `book`"]))
        .same("remove_indexes", between(one(), book()).finds(&["- drop index `book_title_author_idx` on `book`"]))
        .same(
            "rename_indexes",
            between(one(), with("renamed_idx", ["author_id", "title"])).finds(&["~ rename index `book_title_author_idx` on `book` to `renamed_idx`"]),
        )
        .same(
            "order_fields_indexes",
            between(one(), with("book_title_author_idx", ["title", "author_id"])).finds(&["~ change index `book_title_author_idx` on `book`: (author_id, title) -> (title, author_id)"]),
        )
}

fn checks() -> Class {
    let with =
        |name: &str, condition: &str| author().add_check(Check::new(name, Rule::sql(condition)));
    let bob = || with("name_contains_bob", "name LIKE '%Bob%'");
    Class::django(FILE, NAME)
        .same("create_model_with_check_constraint", made(bob()))
        .same("add_constraints_with_new_model", made(bob()))
        .same("add_constraints", between(author(), bob()).finds(&["+ add check `name_contains_bob` on `author`: name LIKE '%Bob%'"]))
        .same("add_constraints_with_dict_keys", Case::of(&tables([bob()])))
        .same(
            "alter_constraint",
            between(bob(), with("name_contains_bob", "name LIKE '%Rob%'")).finds_on(Dialect::Sqlite, &["~ change check `name_contains_bob` on `author`: name LIKE '%Bob%' -> name LIKE '%Rob%'"]).finds_on(Dialect::Postgres, &["~ change check `name_contains_bob` on `author`: ((name)::text ~~ '%Bob%'::text) -> ((name)::text ~~ '%Rob%'::text)"]).finds_on(Dialect::Mysql, &["~ change check `name_contains_bob` on `author`: `name` like '%Bob%' -> `name` like '%Rob%'"]),
        )
        .same("remove_constraints", between(bob(), author()).finds_on(Dialect::Sqlite, &["- drop check `name_contains_bob` on `author`: name LIKE '%Bob%'"]).finds_on(Dialect::Postgres, &["- drop check `name_contains_bob` on `author`: ((name)::text ~~ '%Bob%'::text)"]).finds_on(Dialect::Mysql, &["- drop check `name_contains_bob` on `author`: `name` like '%Bob%'"]))
        .same(
            "constraint_dropped_and_recreated",
            between(bob(), with("name_contains_bob", "name LIKE '%bob%' OR id > 3"))
                .finds_on(Dialect::Sqlite, &["~ change check `name_contains_bob` on `author`: name LIKE '%Bob%' -> name LIKE '%bob%' OR id > 3"]).finds_on(Dialect::Postgres, &["~ change check `name_contains_bob` on `author`: ((name)::text ~~ '%Bob%'::text) -> (((name)::text ~~ '%bob%'::text) OR (id > 3))"]).finds_on(Dialect::Mysql, &["~ change check `name_contains_bob` on `author`: `name` like '%Bob%' -> `name` like '%bob%' or `id` > 3"]),
        )
}

/// Columns in which no two rows may agree.
fn together() -> Class {
    let unique = |columns: &[&str]| book().add_unique(Unique::new("uq", columns.iter().copied()));
    let pair = || unique(&["author_id", "title"]);
    let with_field = |table: TableBuilder, name: &str| table.column(int(name));
    let three =
        |columns: [&str; 3]| with_field(book(), "newfield").add_unique(Unique::new("uq", columns));
    Class::django(FILE, NAME)
        .same("empty_unique_together", Case::of(&tables([book()])))
        .same("unique_together_no_changes", Case::of(&tables([pair()])))
        .same("add_unique_together", between(book(), pair()).finds(&["+ add unique `uq` on `book`: (author_id, title)"]))
        .same("remove_unique_together", between(pair(), book()).finds(&["- drop unique `uq` on `book`: (author_id, title)"]))
        .same(
            "unique_together_remove_fk",
            between(pair(), table("book", [key("id"), text("title", 200)])).finds(&["- drop unique `uq` on `book`: (author_id, title)", "- drop column `book.author_id`"]),
        )
        .same(
            "unique_together_ordering",
            between(pair(), unique(&["title", "author_id"])).finds(&["~ change unique `uq` on `book`: (author_id, title) -> (title, author_id)"]),
        )
        .same(
            "add_field_and_unique_together",
            between(book(), three(["author_id", "title", "newfield"])).finds(&["+ add column `book.newfield`: integer, nullable", "+ add unique `uq` on `book`: (author_id, title, newfield)"]).finds_on(Dialect::Sqlite, &["+ add column `book.newfield`: big integer, nullable", "+ add unique `uq` on `book`: (author_id, title, newfield)"]),
        )
        .same("create_model_and_unique_together", made(pair()))
        .same(
            "remove_field_and_unique_together",
            between(three(["author_id", "title", "newfield"]), pair()).finds(&["~ change unique `uq` on `book`: (author_id, title, newfield) -> (author_id, title)", "- drop column `book.newfield`"]),
        )
        .same(
            "alter_field_and_unique_together",
            between(
                table(
                    "author",
                    [key("id"), text("name", 200), text("age", 10).unique_key().take()],
                ),
                table(
                    "author",
                    [key("id"), text("name", 200).unique_key().take(), text("age", 20)],
                ),
            )
            .finds(&["- drop unique `uq-author-age` on `author`: (age)", "~ change column `author.age`: string(10) -> string(20)", "+ add unique `uq-author-name` on `author`: (name)"]),
        )
        .same(
            "partly_alter_unique_together_increase",
            between(
                with_field(pair(), "extra"),
                with_field(pair(), "extra").add_unique(Unique::new("uq_more", ["extra", "title"])),
            )
            .finds(&["+ add unique `uq_more` on `book`: (extra, title)"]),
        )
        .same(
            "partly_alter_unique_together_decrease",
            between(
                with_field(pair(), "extra").add_unique(Unique::new("uq_more", ["extra", "title"])),
                with_field(pair(), "extra"),
            )
            .finds(&["- drop unique `uq_more` on `book`: (extra, title)"]),
        )
        .same(
            "rename_field_and_unique_together",
            between(
                three(["author_id", "title", "newfield"]),
                with_field(book(), "newfield2")
                    .add_unique(Unique::new("uq", ["author_id", "title", "newfield2"]))
                    .column_renamed_from("newfield2", "newfield"),
            )
            .finds(&["~ rename column `book.newfield` to `newfield2`"]),
        )
}

/// Rows that have an order among those that refer to the same row: a column `_order`.
fn ordered() -> Class {
    let plain = || table("author", [key("id"), text("name", 200), int("book_id")]);
    let order = || plain().column(int("_order"));
    let unique = || order().add_unique(Unique::new("uq", ["id", "_order"]));
    let index = || order().index(["_order"]);
    let check = || order().add_check(Check::new("ck", Rule::sql("_order > 1")));
    Class::django(FILE, NAME)
        .same("set_alter_order_with_respect_to", between(plain(), order()).finds(&["+ add column `author._order`: integer, nullable"]).finds_on(Dialect::Sqlite, &["+ add column `author._order`: big integer, nullable"]))
        .same("add_alter_order_with_respect_to", {
            let ordered = refers(order(), "book_id", "book");
            Case::of(&tables([plain(), book()])).to(&tables([ordered, book()])).finds(&["+ add column `author._order`: integer, nullable", "+ add foreign key `fk_author_book_id` on `author`: (book_id) references `book` (id) on delete no action on update no action"]).finds_on(Dialect::Sqlite, &["+ add column `author._order`: big integer, nullable", "+ add foreign key `fk_author_book_id` on `author`: (book_id) references `book` (id) on delete no action on update no action"])
        })
        .same("remove_alter_order_with_respect_to", between(order(), plain()).finds(&["- drop column `author._order`"]))
        .same("add_model_order_with_respect_to", made(order()))
        .same("add_model_order_with_respect_to_unique_together", made(unique()))
        .same("add_model_order_with_respect_to_constraint", made(check()))
        .same("add_model_order_with_respect_to_index", made(index()))
        .same_each(
            "set_alter_order_with_respect_to_index_constraint_unique_together",
            [
                between(plain(), index()).finds(&["+ add column `author._order`: integer, nullable", "+ create index `idx-author-_order` on `author`"]).finds_on(Dialect::Sqlite, &["+ add column `author._order`: big integer, nullable", "+ create index `idx-author-_order` on `author`"]),
                between(plain(), check()).finds(&["+ add column `author._order`: integer, nullable", "+ add check `ck` on `author`: _order > 1"]).finds_on(Dialect::Sqlite, &["+ add column `author._order`: big integer, nullable", "+ add check `ck` on `author`: _order > 1"]),
                between(plain(), unique()).finds(&["+ add column `author._order`: integer, nullable", "+ add unique `uq` on `author`: (id, _order)"]).finds_on(Dialect::Sqlite, &["+ add column `author._order`: big integer, nullable", "+ add unique `uq` on `author`: (id, _order)"]),
            ],
        )
}
