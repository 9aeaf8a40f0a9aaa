//! Primary keys and unique constraints.

use plimsoll::{prelude::*, schema::Unique};

use super::{foo, of_foo};
use crate::{
    alembic::batch::{FILE, alter, becomes},
    applied::Applied,
    class::{Class, classes},
    declare::{int, of, table, tables, text},
};

classes!(primary, unique);

fn id() -> ColumnDef {
    of("id").integer().not_null().take()
}

/// What the rows had as their key cannot come back.
const LOST: &str = "`foo.id` takes no NULL, and nothing says what rows";

/// The key goes, its column comes again, and is the key.
pub(in crate::alembic::batch) fn becomes_the_key_again() -> Applied {
    of_foo(
        |t| {
            t.primary_key(vec!["id"], vec![])
                .drop(|t| t.column(id()))
                .add(|t| t.column(int("id")))
                .primary_key(vec![], vec!["id"])
        },
        table("foo", [text("data", 50), int("x"), int("id")]).primary_key(["id"]),
    )
    .anew(2)
    .refused("(id) is the primary key of `foo`: 5 rows do not fit")
}

fn primary() -> Class {
    let counted = || of("id").integer().not_null().auto_increment().take();
    let bare = || table("foo", [text("data", 50), int("x")]);
    let drops = || of_foo(|t| t.primary_key(vec!["id"], vec![]).drop(|t| t.column(id())), bare());
    let alone = alter("foo", |t| t.drop(|t| t.column(id())));
    let needs = "the primary key needs column `id`";
    // By what the texts are, now that the numbers are gone.
    let sorted = |case: Applied| {
        case.reads("foo", "data", ["22", "8.5", "9.46", "d1", "d5"])
            .reads("foo", "x", ["6", "7", "8", "5", "9"])
            .not_taken_back(LOST)
    };
    let both_numbers = || of_nopk(["a", "b"]);
    let key_goes =
        "the key is no part of a column: it goes by a step of its own, before the column";
    Class::alembic(FILE, "BatchRoundTripTest")
        .differs("drop_column_pk", key_goes, sorted(drops().not_without(&alone, needs).anew(1)))
        .differs(
            "drop_pk_col_readd_col",
            key_goes,
            sorted(
                of_foo(
                    |t| {
                        t.primary_key(vec!["id"], vec![])
                            .drop(|t| t.column(id()))
                            .add(|t| t.column(int("id")))
                    },
                    bare().column(int("id")),
                )
                .not_without(&alone, needs)
                .anew(1),
            ),
        )
        .differs(
            "drop_pk_col_readd_pk_col",
            key_goes,
            sorted(
                of_foo(
                    |t| {
                        t.primary_key(vec!["id"], vec![])
                            .drop(|t| t.column(id()))
                            .add(|t| t.column(counted()))
                            .primary_key(vec![], vec!["id"])
                    },
                    bare().column(counted()).primary_key(["id"]),
                )
                .not_without(&alone, needs)
                .anew(2),
            ),
        )
        .differs(
            "drop_pk_col_readd_col_also_pk_const",
            "rows that have nothing in a column are told before it becomes the key: no number is made up for them",
            becomes_the_key_again(),
        )
        .same("add_pk_constraint", both_numbers())
}

/// Columns of a table without a key become one.
fn of_nopk(key: [&'static str; 2]) -> Applied {
    let nopk = || table("nopk", [int("a"), int("b"), int("c")]);
    becomes(
        &tables([nopk()]),
        &alter("nopk", |t| t.primary_key(vec![], key.to_vec())),
        &tables([nopk().primary_key(key)]),
    )
    .rows("nopk", "(1, 2, 3), (2, 4, 5)")
    .anew(1)
    .denies("INSERT INTO nopk (a, b, c) VALUES (1, 2, 9)")
}

fn unique() -> Class {
    let of_x = || Unique::new("newuk", ["x"]);
    let of_two = || Unique::new("newuk", ["x", "y"]);
    Class::alembic(FILE, "BatchRoundTripTest")
        .same(
            "add_uq",
            of_foo(|t| t.add(|t| t.add_unique(of_x())), foo().add_unique(of_x()))
                .anew(1)
                .denies("INSERT INTO foo (id, x) VALUES (9, 5)"),
        )
        .same(
            "add_uq_plus_col",
            of_foo(
                |t| t.add(|t| t.column(int("y")).add_unique(of_two())),
                foo().column(int("y")).add_unique(of_two()),
            )
            .anew(1),
        )
}
