//! Columns whose values stay, or become others.

use plimsoll::{Dialect, prelude::*};

use super::{ROWS, foo, of_foo};
use crate::{
    alembic::batch::{FILE, alter, becomes, both},
    applied::Applied,
    class::{Class, classes},
    declare::{int, key, of, table, tables, text},
};

classes!(changed, renamed, added, indexed);

/// What rows of `foo` do not allow.
pub(in crate::alembic::batch) fn does_not_fit() -> Applied {
    of_foo(
        |t| t.change(|t| t.column(text("data", 50)), |t| t.column(int("data"))),
        table("foo", [key("id"), int("data"), int("x")]),
    )
    .anew(1)
    .refused("`foo.data` is integer: 4 rows do not fit")
}

fn changed() -> Class {
    let moment = || of("x").date_time().take();
    let hasts = |x: ColumnDef| tables([table("hasts", [x])]);
    let again = |column: fn() -> ColumnDef| {
        alter("hasts", |t| t.change(|t| t.column(column()), |t| t.column(column())))
    };
    let now = || of("x").date_time().not_null().default(Expr::current_timestamp()).take();
    let other = "INSERT INTO hasts DEFAULT VALUES";
    let with = |data: ColumnDef| table("t_w_ix", [key("id"), int("thing"), data]);
    let ix_thing = || Index::over("t_w_ix", ["thing"]).named("ix_thing");
    let ix_data = || Index::over("t_w_ix", ["data"]).named("ix_data");
    let without_data = || table("foo", [key("id"), int("x")]);
    let drops_data = || of_foo(|t| t.drop(|t| t.column(text("data", 50))), without_data());
    Class::alembic(FILE, "BatchRoundTripTest")
        .same(
            "no_net_change_timestamp",
            becomes(&hasts(moment()), &again(|| of("x").date_time().take()), &hasts(moment()))
                .rows("hasts", "('2012-05-18 15:32:05')")
                .anew(1),
        )
        .same(
            "no_net_change_timestamp_w_default",
            becomes(
                &hasts(now()),
                &again(|| of("x").date_time().not_null().default(Expr::current_timestamp()).take()),
                &hasts(now()),
            )
            .anew(1)
            .takes([other, other, "INSERT INTO hasts () VALUES ()"]),
        )
        .same(
            "ix_existing",
            becomes(
                &tables([with(text("data", 20)).add_index(ix_thing())]),
                &alter("t_w_ix", |t| {
                    t.change(|t| t.column(text("data", 20)), |t| t.column(text("data", 30)))
                        .add(|t| t.add_index(ix_data()))
                }),
                &tables([with(text("data", 30)).add_index(ix_thing()).add_index(ix_data())]),
            )
            .anew(1),
        )
        .differs(
            "change_type",
            "a value that is no number is told, and becomes no 0",
            does_not_fit(),
        )
        .same("drop_column", drops_data())
        .same("drop_column_fk_recreate", drops_data().beside_a_rebuild("foo", "x"))
}

/// `foo` with another name of a column.
pub(in crate::alembic::batch) fn renames() -> Applied {
    of_foo(|t| t.rename_column("x", "y"), table("foo", [key("id"), text("data", 50), int("y")]))
}

/// `foo` with another name of its key.
pub(in crate::alembic::batch) fn renames_key() -> Applied {
    of_foo(
        |t| t.rename_column("id", "ident"),
        table("foo", [key("ident"), text("data", 50), int("x")]),
    )
}

fn renamed() -> Class {
    Class::alembic(FILE, "BatchRoundTripTest")
        .same("rename_column", renames())
        .same("rename_column_pk", renames_key())
}

fn added() -> Class {
    let data2 = || text("data2", 50).default("hi").take();
    let with_data2 = || {
        of_foo(|t| t.add(|t| t.column(data2())), foo().column(data2()))
            .in_order("foo", &["id", "data", "x", "data2"])
    };
    let moment = || of("data2").date_time().take();
    let computed =
        || Sql::each("datetime('now', 'localtime')", "LOCALTIMESTAMP", "(CURRENT_TIMESTAMP)");
    let calculated = of_foo(
        |t| t.add(|t| t.column(moment()).default_to("data2", computed())),
        foo().column(moment()).default_to("data2", computed()),
    );
    let generated = |stored: bool| {
        of_foo(
            |t| t.add(|t| t.column(int("data2")).generated("data2", "1 + 1", stored)),
            foo().column(int("data2")).generated("data2", "1 + 1", stored),
        )
        .reads("foo", "data2", ["2"; 5])
        .in_order("foo", &["id", "data", "x", "data2"])
    };
    let nopk = || table("nopk", [int("a"), int("b"), int("c")]);
    let counted = || of("id").integer().not_null().auto_increment().take();
    let is_a_key = "it counts up nothing but a key";
    let behind = "a column comes behind the others: no change says where it stands";
    Class::alembic(FILE, "BatchRoundTripTest")
        .same("add_column_auto", with_data2())
        .same("add_column_recreate", with_data2().beside_a_rebuild("foo", "x"))
        .same(
            "add_column_auto_server_default_calculated",
            calculated.anew(1).in_order("foo", &["id", "data", "x", "data2"]),
        )
        .same_each(
            "add_column_auto_generated",
            [
                generated(true).anew(1),
                generated(false).not_on(Dialect::Postgres, "a computed value is always kept"),
            ],
        )
        .same(
            "add_column_auto_identity",
            becomes(
                &tables([nopk()]),
                &alter("nopk", |t| t.add(|t| t.column(counted()))),
                &tables([nopk().column(counted())]),
            )
            .rows("nopk", "(1, 2, 3), (2, 4, 5)")
            .reads("nopk", "id", ["1", "2"])
            .not_on(Dialect::Sqlite, is_a_key)
            .not_on(Dialect::Mysql, is_a_key),
        )
        .differs(
            "add_column_insert_before_recreate",
            behind,
            with_data2().beside_a_rebuild("foo", "x"),
        )
        .differs(
            "add_column_insert_after_recreate",
            behind,
            with_data2().beside_a_rebuild("foo", "x"),
        )
        .does_not_apply(
            "no change says where a column stands, so none has to be refused for it",
            ["add_column_insert_before_raise_on_alter"],
        )
}

/// `foo` gets an index, and loses it.
pub(in crate::alembic::batch) fn index_comes_and_goes() -> [Applied; 2] {
    let ix_data = || Index::over("foo", ["data"]).named("ix_data").unique();
    let indexed = || foo().add_index(ix_data());
    let [_, comes] = both(of_foo(|t| t.add(|t| t.add_index(ix_data())), indexed()), "foo", "x");
    let drops = alter("foo", |t| t.drop(|t| t.add_index(ix_data())));
    let [_, goes] = both(becomes(&tables([indexed()]), &drops, &tables([foo()])), "foo", "x");
    let twice = "INSERT INTO foo (id, data, x) VALUES (9, 'd1', 9)";
    [comes.denies(twice), goes.rows("foo", ROWS).takes([twice; 3])]
}

fn indexed() -> Class {
    Class::alembic(FILE, "BatchRoundTripTest")
        .same_each("create_drop_index", index_comes_and_goes())
}
