//! Each operation of a batch, in a declared migration and in one that is code.

use plimsoll::{Steps, prelude::*, schema::ForeignKey, steps::AlterBuilder};

use super::{FILE, alter};
use crate::{
    applied::Applied,
    class::{Class, classes},
    declare::{int, key, of, table, tables, text},
};

classes!(operations);

/// `tname` is altered both ways.
fn alters(have: &Steps, by: fn(AlterBuilder) -> AlterBuilder, want: &Steps) -> Applied {
    Applied::of(have).steps(&alter("tname", by)).by_alter("tname", by).makes(want)
}

fn numbers() -> plimsoll::TableBuilder {
    let number = |name: &str| of(name).integer().not_null().take();
    table("tname", [number("a"), number("b")])
}

fn user_and(tname: plimsoll::TableBuilder) -> Steps {
    tables([table("user", [key("y")]), tname])
}

fn to_user() -> ForeignKey {
    ForeignKey::new("myfk", ["x"], "user", ["y"])
}

fn uq1() -> Unique {
    Unique::new("uq1", ["a", "b"])
}

fn ck1() -> Check {
    Check::new("ck1", Rule::sql("a > b"))
}

fn operations() -> Class {
    let refers = || table("tname", [key("id"), int("x")]);
    let without = || table("tname", [key("id"), int("x")]);
    Class::alembic(FILE, "BatchAPITest")
        .same(
            "drop_col",
            alters(
                &tables([without().column(int("q"))]),
                |t| t.drop(|t| t.column(int("q"))),
                &tables([without()]),
            ),
        )
        .same(
            "add_col",
            alters(
                &tables([without()]),
                |t| t.add(|t| t.column(text("w", 50))),
                &tables([without().column(text("w", 50))]),
            ),
        )
        .same(
            "create_fk",
            alters(
                &user_and(refers()),
                |t| t.add(|t| t.add_foreign_key(to_user())),
                &user_and(refers().add_foreign_key(to_user())),
            )
            .anew(1)
            .denies("INSERT INTO tname (id, x) VALUES (9, 9)"),
        )
        .does_not_apply(
            "a change names no schema: it works in that of its connection",
            ["create_fk_schema"],
        )
        .same(
            "create_uq",
            alters(
                &tables([numbers()]),
                |t| t.add(|t| t.add_unique(uq1())),
                &tables([numbers().add_unique(uq1())]),
            )
            .anew(1)
            .denies("INSERT INTO tname (a, b) VALUES (1, 1)"),
        )
        .same(
            "create_pk",
            alters(
                &tables([numbers()]),
                |t| t.primary_key(vec![], vec!["a", "b"]),
                &tables([numbers().primary_key(["a", "b"])]),
            )
            .anew(1)
            .denies("INSERT INTO tname (a, b) VALUES (1, 1)"),
        )
        .same(
            "create_check",
            alters(
                &tables([numbers()]),
                |t| t.add(|t| t.add_check(ck1())),
                &tables([numbers().add_check(ck1())]),
            )
            .rows("tname", "(2, 1), (3, 2)")
            .anew(1)
            .denies("INSERT INTO tname (a, b) VALUES (1, 2)"),
        )
        .same(
            "drop_constraint",
            Applied::of(&tables([numbers().add_unique(uq1())]))
                .steps(&alter("tname", |t| t.drop(|t| t.add_unique(uq1()))))
                // Its name is enough there.
                .by_alter("tname", |t| t.drop(|t| t.add_unique(Unique::new("uq1", [""; 0]))))
                .makes(&tables([numbers()]))
                .anew(1)
                .takes(["INSERT INTO tname (a, b) VALUES (1, 1)"; 3]),
        )
}
