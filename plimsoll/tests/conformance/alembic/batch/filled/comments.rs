//! Comments of tables and columns that have rows.

use plimsoll::Dialect;

use super::{foo, of_foo, then};
use crate::{
    alembic::batch::{FILE, alter},
    applied::Applied,
    class::{Class, classes},
    declare::{int, key, table, text},
};

classes!(comments);

fn comments() -> Class {
    let kept = |case: Applied| case.not_on(Dialect::Sqlite, "it keeps no comments");
    let says = |from: Option<&'static str>, to: Option<&'static str>| {
        let with = |comment: Option<&str>| {
            let comment = comment.map(str::to_owned);
            move |t: plimsoll::TableBuilder| {
                comment.into_iter().fold(t, plimsoll::TableBuilder::comment)
            }
        };
        alter("foo", |t| t.change(with(from), with(to)))
    };
    let first = says(None, Some("some comment"));
    let another = then(&first, &says(Some("some comment"), Some("some new comment")));
    let none = then(&first, &says(Some("some comment"), None));
    let y = || int("y").comment("some comment").take();
    let x = || int("x").comment("some comment").take();
    let adds = || kept(of_foo(|t| t.add(|t| t.column(y())), foo().column(y())));
    let alters = || {
        let want = table("foo", [key("id"), text("data", 50), x()]);
        kept(of_foo(|t| t.change(|t| t.column(int("x")), |t| t.column(x())), want))
    };
    Class::alembic(FILE, "BatchRoundTripTest")
        .same(
            "add_table_comment",
            kept(of_foo(|t| t, foo().comment("some new comment")).steps(&another)),
        )
        .same("drop_table_comment", kept(of_foo(|t| t, foo()).steps(&none)))
        .same("add_column_comment", adds())
        .same("add_column_comment_recreate", adds().beside_a_rebuild("foo", "x"))
        .same("alter_column_comment", alters())
        .same("alter_column_comment_recreate", alters().beside_a_rebuild("foo", "x"))
}
