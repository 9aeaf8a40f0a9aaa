//! Columns of true and false, and what is demanded of them.

use plimsoll::{Dialect, TableBuilder, prelude::*};

use super::{foo, of_foo};
use crate::{
    alembic::batch::{FILE, alter, becomes, flag, zero_or_one},
    applied::Applied,
    class::{Class, classes},
    declare::{int, key, table, tables},
};

classes!(flags, conditions);

fn has_flag() -> TableBuilder {
    table("hasbool", [int("y"), flag("x")]).add_check(zero_or_one("ck1", "x"))
}

fn has_number() -> TableBuilder {
    table("hasbool", [int("y"), int("x")])
}

/// True and false become numbers.
pub(in crate::alembic::batch) fn to_number() -> Applied {
    let steps = alter("hasbool", |t| {
        t.change(|t| t.column(flag("x")).add_check(zero_or_one("ck1", "x")), |t| t.column(int("x")))
    });
    becomes(&tables([has_flag()]), &steps, &tables([has_number()]))
        .rows("hasbool", "(1, TRUE), (2, FALSE), (3, NULL)")
        .anew(1)
        .reads("hasbool", "x", [Some("1"), Some("0"), None])
}

/// Numbers become true and false.
pub(in crate::alembic::batch) fn to_flag() -> Applied {
    let steps = alter("hasbool", |t| {
        t.change(|t| t.column(int("x")), |t| t.column(flag("x")).add_check(zero_or_one("ck1", "x")))
    });
    becomes(&tables([has_number()]), &steps, &tables([has_flag()]))
        .rows("hasbool", "(1, 1), (2, 0), (3, NULL)")
        .anew(1)
        .reads_on(Dialect::Postgres, "hasbool", "x", [Some("true"), Some("false"), None])
}

fn bar(name: &str) -> TableBuilder {
    table("bar", [key("id"), flag(name)])
}

fn renames(have: TableBuilder, want: TableBuilder) -> Applied {
    let steps = alter("bar", |t| t.rename_column("flag", "bflag"));
    becomes(&tables([have]), &steps, &tables([want])).rows("bar", "(1, TRUE), (2, FALSE)")
}

/// What is demanded of it follows the name of the column.
pub(in crate::alembic::batch) fn renamed() -> Applied {
    let checked = |name: &str| bar(name).add_check(zero_or_one("ck1", name));
    renames(checked("flag"), checked("bflag"))
}

fn flags() -> Class {
    let q = || zero_or_one("ck_q", "q");
    let without_x =
        alter("hasbool", |t| t.drop(|t| t.column(flag("x")).add_check(zero_or_one("ck1", "x"))));
    let x_alone = alter("hasbool", |t| t.drop(|t| t.column(flag("x"))));
    Class::alembic(FILE, "BatchRoundTripTest")
        .same(
            "add_constraint_type",
            of_foo(
                |t| t.add(|t| t.column(flag("q")).add_check(q())),
                foo().column(flag("q")).add_check(q()),
            )
            .anew(1),
        )
        .same("change_type_boolean_to_int", to_number())
        .same("change_type_int_to_boolean", to_flag())
        .same(
            "drop_col_schematype",
            becomes(&tables([has_flag()]), &without_x, &tables([table("hasbool", [int("y")])]))
                .not_without(&x_alone, "check `ck1` needs column `x`")
                .anew(1),
        )
        .same("rename_column_boolean", renamed())
        .same("rename_column_boolean_named_ck", renamed().beside_a_rebuild("bar", "id"))
        .same(
            "rename_column_non_native_boolean_no_ck",
            renames(bar("flag"), bar("bflag"))
                .rows("bar", "(3, 5)")
                .reads("bar", "bflag", ["1", "0", "5"])
                .not_on(Dialect::Postgres, "true and false are no numbers"),
        )
}

fn conditions() -> Class {
    let positive = || Check::new("newck", Rule::sql("x > 0"));
    let adds = || {
        of_foo(|t| t.add(|t| t.add_check(positive())), foo().add_check(positive()))
            .anew(1)
            .denies("INSERT INTO foo (id, x) VALUES (9, 0)")
    };
    let id = || Check::new("ck", Rule::sql("id IS NOT NULL"));
    let bare = || table("ck_table", [int("id")]);
    let drops = alter("ck_table", |t| t.drop(|t| t.add_check(id())));
    Class::alembic(FILE, "BatchRoundTripTest")
        .same("add_ck_constraint", adds())
        .same(
            "drop_ck_constraint",
            becomes(&tables([bare().add_check(id())]), &drops, &tables([bare()]))
                .anew(1)
                .takes(["INSERT INTO ck_table (id) VALUES (NULL)"; 3]),
        )
        .does_not_apply(
            "it is about an argument that has no name in the other tool's language",
            ["drop_ck_constraint_legacy_type"],
        )
}
