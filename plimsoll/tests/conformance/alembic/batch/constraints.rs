//! Constraints and indexes that come and go, and those that stay while a table is built anew.

use plimsoll::{
    Dialect, TableBuilder,
    prelude::*,
    schema::{ForeignKey, TableOption, Unique},
    steps::AlterBuilder,
};

use super::{FILE, alter, becomes, both, simple, user};
use crate::{
    applied::Applied,
    class::{Class, classes},
    declare::{int, key, of, table, tables, text},
};

classes!(keys, conditions, indexes);

/// `tname` becomes another.
fn alters(
    have: TableBuilder,
    by: impl FnOnce(AlterBuilder) -> AlterBuilder,
    want: TableBuilder,
) -> Applied {
    becomes(&tables([user(), have]), &alter("tname", by), &tables([user(), want]))
}

/// A key that somebody gave a name, where a key has one.
const NAMED_KEY: &[&str] = &["CREATE TABLE tname (id integer NOT NULL, x varchar(10), y integer, \
                              CONSTRAINT mypk PRIMARY KEY (id))"];

fn keys() -> Class {
    let fk1 = || ForeignKey::new("fk1", ["user_id"], "user", ["id"]);
    let user_id = || int("user_id");
    let refers = || table("tname", [key("id"), text("email", 40), user_id()]);
    let ufk = || ForeignKey::new("ufk", ["user_id"], "user", ["id"]);
    let several = table("tname", [key("id"), text("email", 40)])
        .column(int("user_id_1"))
        .column(int("user_id_2"))
        .column(int("user_id_3"))
        .column(int("user_id_version"))
        .add_foreign_key(ForeignKey::new("fk1", ["user_id_1"], "user", ["id"]))
        .add_foreign_key(ForeignKey::new("fk2", ["user_id_2"], "user", ["id"]))
        .add_foreign_key(ForeignKey::new(
            "fk3",
            ["user_id_3", "user_id_version"],
            "user",
            ["id", "id_version"],
        ));
    let versions = table("user", [key("id"), of("id_version").integer().not_null().take()])
        .unique(["id", "id_version"]);
    let several = tables([versions, several]);
    let id = || of("id").integer().not_null().take();
    let without_key = || table("tname", [id(), text("x", 10), int("y")]);
    Class::alembic(FILE, "BatchApplyTest")
        .same(
            "regen_multi_fk",
            becomes(&several, &plimsoll::Steps::new(), &several).beside_a_rebuild("tname", "id"),
        )
        .does_not_apply(
            "PostgreSQL alone has schemas inside a database, and builds no table anew",
            ["regen_multi_fk_schema"],
        )
        .does_not_apply(
            "it is about how the other tool finds the columns of a table that is referred to",
            ["do_not_add_existing_columns_columns"],
        )
        .same(
            "add_fk",
            alters(
                simple(),
                |t| t.add(|t| t.column(user_id()).add_foreign_key(fk1())),
                simple().column(user_id()).add_foreign_key(fk1()),
            )
            .anew(1),
        )
        .same(
            "drop_fk",
            alters(
                refers().add_foreign_key(ufk()),
                |t| t.drop(|t| t.add_foreign_key(ufk())),
                refers(),
            )
            .anew(1),
        )
        .same_each(
            "drop_pk",
            [
                alters(simple(), |t| t.primary_key(vec!["id"], vec![]), without_key()).anew(1),
                Applied::by_hand([NAMED_KEY; 3])
                    .by_alter("tname", |t| t.primary_key(vec!["id"], vec![]))
                    .makes(&tables([without_key()])),
                becomes(
                    &tables([simple()]),
                    &alter("tname", |t| t.rename_to("other").primary_key(vec!["id"], vec![])),
                    &tables([table("other", [id(), text("x", 10), int("y")])]),
                )
                .anew(1),
            ],
        )
}

fn conditions() -> Class {
    let rule = || Rule::Range { column: "y".to_owned(), min: Some(0), max: None };
    let named = || Check::new("ck1", rule());
    let unnamed = || Check { name: None, rule: rule() };
    let checked = || simple().add_check(named());
    let uq1 = || Unique::new("uq1", ["y"]);
    let below = "INSERT INTO tname (id, x, y) VALUES (9, 'x', -1)";
    let twice = "INSERT INTO tname (id, x, y) VALUES (9, 'x', 3)";
    let has_a_name = "a condition that a migration adds has a name, by which it is dropped again";
    Class::alembic(FILE, "BatchApplyTest")
        .same(
            "add_uq",
            alters(simple(), |t| t.add(|t| t.add_unique(uq1())), simple().add_unique(uq1()))
                .anew(1)
                .denies(twice),
        )
        .same(
            "drop_uq",
            alters(simple().add_unique(uq1()), |t| t.drop(|t| t.add_unique(uq1())), simple())
                .anew(1)
                .takes([twice; 3]),
        )
        .same(
            "add_ck_unnamed",
            alters(simple(), |t| t.add(|t| t.add_check(unnamed())), simple().add_check(unnamed()))
                .anew(1)
                .denies(below)
                .not_on(Dialect::Postgres, has_a_name)
                .not_on(Dialect::Mysql, has_a_name),
        )
        .same(
            "add_ck",
            alters(simple(), |t| t.add(|t| t.add_check(named())), checked()).anew(1).denies(below),
        )
        .same(
            "drop_ck_table",
            alters(checked(), |t| t.drop(|t| t.add_check(named())), simple())
                .anew(1)
                .takes([below; 3]),
        )
        .same(
            "drop_ck_col",
            Applied::by_hand([
                &["CREATE TABLE tname (id integer NOT NULL PRIMARY KEY, x varchar(10), \
                   y integer CONSTRAINT ck1 CHECK (y >= 0))"],
                &["CREATE TABLE tname (id integer NOT NULL PRIMARY KEY, x varchar(10), \
                   y integer CONSTRAINT ck1 CHECK (y >= 0))"],
                &["CREATE TABLE tname (id integer NOT NULL PRIMARY KEY, x varchar(10), \
                   y integer CHECK (y >= 0))"],
            ])
            .by_alter("tname", |t| {
                let min = Rule::Range { column: "y".to_owned(), min: Some(0), max: None };
                t.drop(|t| t.add_check(Check::new("ck1", min)))
            })
            .makes(&tables([simple()]))
            .takes([below; 3]),
        )
}

fn indexes() -> Class {
    let ix1 = || Index::over("tname", ["y"]).named("ix1");
    let indexed = || simple().add_index(ix1());
    let of_the_other = "it has no such option";
    let without = || table("tname", [key("id"), of("x").text().take(), int("y")]);
    let engine = TableOption::Engine("MyISAM".to_owned());
    Class::alembic(FILE, "BatchApplyTest")
        .same_each(
            "create_index",
            both(alters(simple(), |t| t.add(|t| t.add_index(ix1())), indexed()), "tname", "id"),
        )
        .same_each(
            "drop_index",
            both(alters(indexed(), |t| t.drop(|t| t.add_index(ix1())), simple()), "tname", "id"),
        )
        .same_each(
            "add_table_opts",
            [
                alters(
                    without(),
                    |t| t.change(|t| t, |t| t.option(engine.clone())),
                    without().option(engine.clone()),
                )
                .not_on(Dialect::Sqlite, of_the_other)
                .not_on(Dialect::Postgres, of_the_other),
                alters(
                    without(),
                    |t| t.change(|t| t, |t| t.option(TableOption::Strict)),
                    without().option(TableOption::Strict),
                )
                .anew(1)
                .not_on(Dialect::Postgres, of_the_other)
                .not_on(Dialect::Mysql, of_the_other),
            ],
        )
}
