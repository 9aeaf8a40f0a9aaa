//! One thing of a column changes: all the others stay.

use plimsoll::{Dialect, Steps, prelude::*};

use crate::{
    case::Case,
    class::{Class, classes},
    declare::{of, table, tables},
};

const FILE: &str = "alembic/testing/suite/test_autogen_diffs.py";

classes!(comments, counting);

/// `x` as the primary key of one table, and as no key in another.
fn keyed_and_not(column: impl Fn() -> ColumnDef) -> Steps {
    tables([table("a", [column()]).primary_key(["x"]), table("b", [column()])])
}

/// A column of which the comment alone changes.
fn commented(column: impl Fn() -> ColumnDef, from: Option<&str>, to: &str) -> Case {
    let said = |comment: Option<&str>| {
        let column = &column;
        keyed_and_not(move || match comment {
            Some(comment) => column().comment(comment).take(),
            None => column(),
        })
    };
    let before = from.map_or_else(|| "none".to_owned(), |text| format!("{text:?}"));
    let changes =
        ["a", "b"].map(|table| format!("~ change column `{table}.x`: comment {before} -> {to:?}"));
    Case::of(&said(from))
        .to(&said(Some(to)))
        .and_back()
        .finds(&changes)
        .not_on(Dialect::Sqlite, "it keeps no comments")
}

fn comments() -> Class {
    let x = || of("x").integer().take();
    let required = || x().not_null().take();
    let with_default = || x().default(5).take();
    Class::alembic(FILE, "AlterColumnTest")
        .same("all_existings_filled", commented(x, None, "x"))
        .same("all_existings_filled_in_notnull", commented(required, None, "x"))
        .same("all_existings_filled_in_comment", commented(x, Some("old"), "new"))
        .same("all_existings_filled_in_server_default", commented(with_default, None, "new"))
}

/// `x` becomes a big integer and counts up as before.
fn widens<const N: usize>(keys: [&'static str; N], id: bool, counted: bool) -> Case {
    let made = |wide: bool| {
        let mut x = if wide { of("x").big_integer().take() } else { of("x").integer().take() };
        if counted {
            x.auto_increment().not_null();
        }
        let id = id.then(|| of("id").integer().not_null().take());
        tables([table("a", id.into_iter().chain([x])).primary_key(keys)])
    };
    Case::of(&made(false))
        .to(&made(true))
        .and_back()
        .finds(&["~ change column `a.x`: integer -> big integer"])
        .not_on(Dialect::Sqlite, "all whole numbers that can count up are of one width")
}

fn counting() -> Class {
    let nullable = tables([table("a", [of("x").integer().take()])]);
    let required = tables([table("a", [of("x").integer().not_null().take()])]);
    Class::alembic(FILE, "AutoincrementTest")
        .same(
            "alter_column_autoincrement_none",
            Case::of(&required)
                .to(&nullable)
                .and_back()
                .finds(&["~ change column `a.x`: not null -> nullable"]),
        )
        .same("alter_column_autoincrement_pk_false", widens(["x"], false, false))
        .same("alter_column_autoincrement_pk_implicit_true", widens(["x"], false, true))
        .same("alter_column_autoincrement_pk_explicit_true", widens(["x"], false, true))
        .same("alter_column_autoincrement_nonpk_false", widens(["id"], true, false))
        .same("alter_column_autoincrement_nonpk_implicit_false", widens(["id"], true, false))
        .same(
            "alter_column_autoincrement_nonpk_explicit_true",
            widens(["id"], true, true).not_on(Dialect::Mysql, "only a key counts up"),
        )
        .same("alter_column_autoincrement_compositepk_false", widens(["id", "x"], true, false))
        .same(
            "alter_column_autoincrement_compositepk_implicit_false",
            widens(["id", "x"], true, false),
        )
        .same(
            "alter_column_autoincrement_compositepk_explicit_true",
            widens(["x", "id"], true, true),
        )
}
