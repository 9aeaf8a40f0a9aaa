//! Columns that are renamed, changed or dropped.

use plimsoll::{
    Dialect, Steps, TableBuilder,
    prelude::*,
    schema::{ForeignKey, Unique},
};

use super::{FILE, alter, becomes, both, flag, simple, user, zero_or_one};
use crate::{
    applied::Applied,
    class::{Class, classes},
    declare::{int, key, of, table, tables, text},
};

classes!(renamed, changed, dropped);

/// A column of a table gets another name.
fn renames(have: TableBuilder, from: &str, to: &str, want: TableBuilder) -> [Applied; 2] {
    let steps = alter("tname", |t| t.rename_column(from, to));
    both(becomes(&tables([have]), &steps, &tables([want])), "tname", "id")
}

fn renamed() -> Class {
    let with_y = |y: &str| table("tname", [key("id"), of("x").text().take(), int(y)]);
    let indexed = |y: &str| with_y(y).add_index(Index::over("tname", [y]).named("ix1"));
    let unique = |y: &str| with_y(y).add_unique(Unique::new("uq1", [y]));
    let bool = |name: &str| table("tname", [key("id"), flag(name)]);
    let checked = |name: &str| bool(name).add_check(zero_or_one("ck1", name));
    let one_of = |name: &str| {
        let rule = Rule::OneOf {
            column: name.to_owned(),
            values: ["a", "b", "c"].map(str::to_owned).to_vec(),
        };
        table("tname", [key("id"), text(name, 1)]).add_check(Check::new("ck1", rule))
    };
    let email = |name: &str| {
        let rule = Rule::sql(&*format!("{name} LIKE '%@%'"));
        table("tname", [key("id"), text(name, 40)]).add_check(Check::new("ck1", rule))
    };
    let renames_email = || {
        let [alone, beside] = renames(email("email"), "email", "emol", email("emol"));
        let rows = "(1, 'a@example.org'), (2, NULL), (3, 'b@example.org')";
        [alone.rows("tname", rows), beside.rows("tname", rows)]
    };
    let ids = |id: &str| table("tname", [key(id), text("x", 10), int("y")]);
    let renamed_key = alter("tname", |t| t.rename_column("id", "foobar"));
    let refers = |name: &str| {
        let to_user = ForeignKey::new("fk1", [name], "user", ["id"]);
        tables([
            user(),
            table("tname", [key("id"), text("email", 40), int(name)]).add_foreign_key(to_user),
        ])
    };
    let renamed_reference = alter("tname", |t| t.rename_column("user_id", "foobar"));
    let [renamed_in_literal, _] = renames_email();
    Class::alembic(FILE, "BatchApplyTest")
        .same_each(
            "rename_col",
            renames(simple(), "x", "q", table("tname", [key("id"), text("q", 10), int("y")])),
        )
        .same_each("rename_col_w_index", renames(indexed("y"), "y", "y2", indexed("y2")))
        .same_each("rename_col_w_uq", renames(unique("y"), "y", "y2", unique("y2")))
        .same_each(
            "rename_col_boolean",
            renames(checked("flag"), "flag", "bflag", checked("bflag")),
        )
        .same_each(
            "rename_col_boolean_no_ck",
            renames(bool("flag"), "flag", "bflag", bool("bflag")),
        )
        .same_each("rename_col_enum", renames(one_of("thing"), "thing", "thang", one_of("thang")))
        .differs(
            "rename_col_literal_ck",
            "a condition follows the column that it names, whoever wrote it",
            renamed_in_literal,
        )
        .does_not_apply(
            "a condition follows the column that it names: nothing has to be worked around",
            ["rename_col_literal_ck_workaround"],
        )
        .same_each("rename_col_sql_ck", renames_email())
        .same_each(
            "rename_col_pk",
            both(
                becomes(&tables([simple()]), &renamed_key, &tables([ids("foobar")])),
                "tname",
                "foobar",
            ),
        )
        .same_each(
            "rename_col_fk",
            both(becomes(&refers("user_id"), &renamed_reference, &refers("foobar")), "tname", "id"),
        )
}

/// A column of `tname` becomes another.
fn changes(have: TableBuilder, from: ColumnDef, to: ColumnDef, want: TableBuilder) -> Applied {
    let steps = alter("tname", |t| t.change(|t| t.column(from), |t| t.column(to)));
    becomes(&tables([have]), &steps, &tables([want]))
}

fn changed() -> Class {
    let with_x = |x: ColumnDef| table("tname", [key("id"), x, int("y")]);
    let with_y = |y: ColumnDef| table("tname", [key("id"), text("x", 10), y]);
    let commented = || text("x", 10).comment("some comment").take();
    let ten = || int("y").default(10).take();
    let thing = |column: ColumnDef| table("tname", [key("id"), column]);
    let empty = || text("thing", 40).default("").take();
    let is_not_kept = "it keeps no comments";
    let checked = thing(flag("flag")).add_check(zero_or_one("ck1", "flag"));
    let type_alone = |t: plimsoll::steps::AlterBuilder| {
        t.change(|t| t.column(flag("flag")), |t| t.column(int("flag")))
    };
    let to_integer =
        alter("tname", |t| type_alone(t.drop(|t| t.add_check(zero_or_one("ck1", "flag")))));
    Class::alembic(FILE, "BatchApplyTest")
        .same(
            "change_type",
            changes(
                simple(),
                text("x", 10),
                of("x").string().take(),
                with_x(of("x").string().take()),
            )
            .anew(1),
        )
        .same(
            "alter_column_comment",
            changes(simple(), text("x", 10), commented(), with_x(commented()))
                .not_on(Dialect::Sqlite, is_not_kept),
        )
        .differs(
            "change_type_schematype_to_non",
            "a condition is no part of a type: it goes by a step of its own",
            becomes(&tables([checked]), &to_integer, &tables([thing(int("flag"))]))
                .anew(1)
                .reads_on(Dialect::Postgres, "tname", "flag", ["1", "0", "1"]),
        )
        .same("add_server_default", changes(simple(), int("y"), ten(), with_y(ten())).anew(1))
        .same(
            "drop_server_default",
            changes(thing(empty()), empty(), text("thing", 40), thing(text("thing", 40))).anew(1),
        )
}

/// A column of `tname` goes, and what else the steps say.
fn drops(have: &Steps, column: ColumnDef, want: &Steps) -> Applied {
    becomes(have, &alter("tname", |t| t.drop(|t| t.column(column))), want)
}

fn dropped() -> Class {
    let without_x = tables([table("tname", [key("id"), int("y")])]);
    let to_user = || ForeignKey::new("fk1", ["user_id"], "user", ["id"]);
    let refers = |columns: Vec<ColumnDef>| {
        let columns = [key("id")].into_iter().chain(columns);
        tables([user(), table("tname", columns).add_foreign_key(to_user())])
    };
    let whole = refers(vec![text("email", 40), int("user_id")]);
    let to_itself = |columns: Vec<ColumnDef>| {
        let columns = [key("id"), int("parent_id")].into_iter().chain(columns);
        let to_parent = ForeignKey::new("fk1", ["parent_id"], "tname", ["id"]);
        tables([table("tname", columns).add_foreign_key(to_parent)])
    };
    let id = || of("id").integer().not_null().take();
    let key_alone = alter("tname", |t| t.drop(|t| t.column(id())));
    let with_key = alter("tname", |t| t.primary_key(vec!["id"], vec![]).drop(|t| t.column(id())));
    let reference_alone = alter("tname", |t| t.drop(|t| t.column(int("user_id"))));
    let with_reference = alter("tname", |t| {
        t.drop(|t| t.add_foreign_key(to_user())).drop(|t| t.column(int("user_id")))
    });
    let stands_on_it = "what stands on a column goes by a step of its own, before the column";
    Class::alembic(FILE, "BatchApplyTest")
        .same_each(
            "drop_col",
            both(drops(&tables([simple()]), text("x", 10), &without_x), "tname", "id"),
        )
        .differs(
            "drop_col_remove_pk",
            stands_on_it,
            becomes(
                &tables([simple()]),
                &with_key,
                &tables([table("tname", [text("x", 10), int("y")])]),
            )
            .not_without(&key_alone, "the primary key needs column `id`")
            .anew(1)
            .not_taken_back("`tname.id` takes no NULL, and nothing says what rows"),
        )
        .differs(
            "drop_col_remove_fk",
            stands_on_it,
            becomes(
                &whole,
                &with_reference,
                &tables([user(), table("tname", [key("id"), text("email", 40)])]),
            )
            .not_without(&reference_alone, "foreign key `fk1` needs column `user_id`")
            .anew(1),
        )
        .same_each(
            "drop_col_retain_fk",
            both(drops(&whole, text("email", 40), &refers(vec![int("user_id")])), "tname", "id"),
        )
        .same_each(
            "drop_col_retain_fk_selfref",
            both(
                drops(&to_itself(vec![text("data", 10)]), text("data", 10), &to_itself(vec![])),
                "tname",
                "id",
            ),
        )
}
