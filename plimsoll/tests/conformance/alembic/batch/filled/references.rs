//! Tables that others refer to, or that refer to themselves.

use plimsoll::{
    Dialect, TableBuilder,
    schema::{ForeignKey, Index},
};

use super::{ROWS, foo};
use crate::{
    alembic::batch::{FILE, alter, becomes, both},
    applied::Applied,
    class::{Class, classes},
    declare::{int, key, table, tables, text},
};

classes!(references);

/// `foo` gets another name of a column while rows of `bar` refer to it.
fn referred_to() -> [Applied; 2] {
    let to_foo = ForeignKey::new("fk1", ["foo_id"], "foo", ["id"]);
    let bar = table("bar", [key("id"), int("foo_id")]).add_foreign_key(to_foo);
    let with = |referred: TableBuilder| tables([referred, bar.clone()]);
    let renames = alter("foo", |t| t.rename_column("data", "newdata"));
    let want = with(table("foo", [key("id"), text("newdata", 50), int("x")]));
    let case = becomes(&with(foo()), &renames, &want)
        .rows("foo", ROWS)
        .rows("bar", "(1, 3)")
        .denies("DELETE FROM foo WHERE id = 3")
        .denies("INSERT INTO bar (id, foo_id) VALUES (2, 9)");
    both(case, "foo", "x")
}

/// `bar`, whose rows refer to each other, gets another name of a column.
fn refers_to_itself() -> [Applied; 2] {
    let bar = |data: &str| {
        let to_bar = ForeignKey::new("fk1", ["bar_id"], "bar", ["id"]);
        let bar = table("bar", [key("id"), int("bar_id"), text(data, 50)]);
        tables([bar.add_foreign_key(to_bar)])
    };
    let renames = alter("bar", |t| t.rename_column("data", "newdata"));
    let case = becomes(&bar("data"), &renames, &bar("newdata"))
        .rows("bar", "(1, NULL, 'x'), (2, 1, 'y')")
        .denies("DELETE FROM bar WHERE id = 1")
        .denies("INSERT INTO bar (id, bar_id) VALUES (3, 9)");
    both(case, "bar", "id")
}

const FOO: &str = "CREATE TABLE foo (id integer NOT NULL PRIMARY KEY)";

const UNNAMED: &str = "CREATE TABLE bar (id integer NOT NULL PRIMARY KEY, foo_id integer, \
                       FOREIGN KEY (foo_id) REFERENCES foo (id))";

fn references() -> Class {
    let [points, points_anew] = referred_to();
    let [_, points_guarded] = referred_to();
    let [itself, itself_anew] = refers_to_itself();
    let [_, itself_guarded] = refers_to_itself();
    let works = "it works while foreign keys are guarded: they are, but for the rebuild itself";
    let bare = || table("bar", [key("id"), int("foo_id")]);
    let foo_id = Index::over("bar", ["foo_id"]).named("foo_id");
    Class::alembic(FILE, "BatchRoundTripTest")
        .same("fk_points_to_me_auto", points)
        .same("fk_points_to_me_recreate", points_anew)
        .differs("fk_points_to_me_sqlite_refinteg", works, points_guarded)
        .same("selfref_fk_auto", itself)
        .same("selfref_fk_recreate", itself_anew)
        .differs("selfref_fk_sqlite_refinteg", works, itself_guarded)
        .same(
            "drop_foreign_key",
            Applied::by_hand([&[FOO, UNNAMED]; 3])
                // It has no name, or one that nobody gave: its columns say which.
                .by_alter("bar", |t| {
                    let to_foo = ForeignKey::new("fk_bar_foo_id_foo", ["foo_id"], "foo", ["id"]);
                    t.drop(|t| t.add_foreign_key(to_foo))
                })
                .makes(&tables([table("foo", [key("id")]), bare()]))
                // The index that the server made for the foreign key is any index from then on.
                .makes_on(
                    Dialect::Mysql,
                    &tables([table("foo", [key("id")]), bare().add_index(foo_id)]),
                )
                .takes(["INSERT INTO bar (id, foo_id) VALUES (9, 9)"; 3]),
        )
}
