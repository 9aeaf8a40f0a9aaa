//! Columns that are added, and where they stand.

use plimsoll::{Dialect, Steps};

use super::{FILE, alter, becomes, both, simple};
use crate::{
    applied::Applied,
    class::{Class, classes},
    declare::{int, tables},
};

classes!(anywhere, in_a_place);

/// `tname` gets numbers behind the others.
fn adds<const N: usize>(columns: [&str; N]) -> Applied {
    let added = |column: &str| alter("tname", |t| t.add(|t| t.column(int(column))));
    let steps = columns.iter().fold(Steps::new(), |steps, column| {
        added(column).steps().iter().cloned().fold(steps, Steps::and_step)
    });
    let want = columns.iter().fold(simple(), |table, column| table.column(int(column)));
    becomes(&tables([simple()]), &steps, &tables([want]))
}

fn anywhere() -> Class {
    let commented = || int("q").comment("some comment").take();
    let steps = alter("tname", |t| t.add(|t| t.column(commented())));
    Class::alembic(FILE, "BatchApplyTest")
        .same_each("add_col", both(adds(["g"]), "tname", "id"))
        .same(
            "add_column_comment",
            becomes(&tables([simple()]), &steps, &tables([simple().column(commented())]))
                .not_on(Dialect::Sqlite, "it keeps no comments"),
        )
}

fn in_a_place() -> Class {
    let behind = "a column comes behind the others: no change says where it stands";
    let one = || adds(["g"]).in_order("tname", &["id", "x", "y", "g"]);
    let of_two = |columns: [&'static str; 2]| {
        let [first, second] = columns;
        adds(columns).in_order("tname", &["id", "x", "y", first, second])
    };
    Class::alembic(FILE, "BatchApplyTest")
        .does_not_apply(
            "the order of columns is no part of a schema that is wanted, and no change alters it",
            ["partial_reordering", "add_col_partial_reordering"],
        )
        .differs("add_col_insert_before", behind, one())
        .differs("add_col_insert_before_beginning", behind, one())
        .differs("add_col_insert_before_middle", behind, one())
        .differs("add_col_insert_after_middle", behind, one())
        .differs("add_col_insert_after_penultimate", behind, one())
        .same_each("add_col_insert_after_end", both(one(), "tname", "id"))
        .differs("add_col_insert_after_plus_no_order", behind, of_two(["g", "q"]))
        .differs("add_col_no_order_plus_insert_after", behind, of_two(["q", "g"]))
        .differs("add_col_insert_after_another_insert", behind, of_two(["g", "q"]))
        .differs("add_col_insert_before_another_insert", behind, of_two(["g", "q"]))
}
