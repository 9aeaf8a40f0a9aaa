//! Tables that need not be read, because it is known what they are: as those of a history are.

use plimsoll::{Dialect, TableBuilder, prelude::*};

use super::{FILE, alter, becomes, both, flag, zero_or_one};
use crate::{
    class::{Class, classes},
    declare::{int, key, of, table, tables, text},
};

classes!(known);

fn foo(data: ColumnDef) -> TableBuilder {
    table("foo", [key("id"), data, int("x")])
}

fn known() -> Class {
    let json = |name: &str| of(name).json().take();
    let long = |name: &str| of(name).text().take();
    let plain = || foo(text("data", 50));
    let types = alter("foo", |t| {
        t.change(
            |t| t.column(text("data", 50)).column(long("toj")).column(json("fromj")),
            |t| t.column(int("data")).column(json("toj")).column(long("fromj")),
        )
    });
    let flagged = || plain().column(flag("y")).add_check(zero_or_one("ck1", "y"));
    let numbered = || plain().column(int("y"));
    let from_flag = alter("foo", |t| {
        t.change(|t| t.column(flag("y")).add_check(zero_or_one("ck1", "y")), |t| t.column(int("y")))
    });
    let to_flag = alter("foo", |t| {
        t.change(|t| t.column(int("y")), |t| t.column(flag("y")).add_check(zero_or_one("ck1", "y")))
    });
    let ix_data = || Index::over("foo", ["data"]).named("ix_data").unique();
    let create = alter("foo", |t| t.add(|t| t.add_index(ix_data())));
    let drop = alter("foo", |t| t.drop(|t| t.add_index(ix_data())));
    let [created, created_anew] = both(
        becomes(&tables([plain()]), &create, &tables([plain().add_index(ix_data())])),
        "foo",
        "x",
    );
    let [dropped, dropped_anew] = both(
        becomes(&tables([plain().add_index(ix_data())]), &drop, &tables([plain()])),
        "foo",
        "x",
    );
    let created_with = alter("foo", |t| {
        t.change(|t| t.column(text("data", 50)), |t| t.column(int("data")).add_index(ix_data()))
    });
    let dropped_with = alter("foo", |t| {
        t.change(
            |t| t.column(int("data")).add_index(ix_data()),
            |t| t.column(of("data").string().take()),
        )
    });
    Class::alembic(FILE, "CopyFromTest")
        .same(
            "change_type",
            becomes(
                &tables([plain().column(long("toj")).column(json("fromj"))]),
                &types,
                &tables([foo(int("data")).column(json("toj")).column(long("fromj"))]),
            )
            .anew(1),
        )
        .same(
            "change_type_from_schematype",
            becomes(&tables([flagged()]), &from_flag, &tables([numbered()])).anew(1).reads_on(
                Dialect::Postgres,
                "foo",
                "y",
                ["1", "0", "1"],
            ),
        )
        .same(
            "change_name_from_existing_variant_type",
            becomes(
                &tables([plain().column(long("y"))]),
                &alter("foo", |t| t.rename_column("y", "q")),
                &tables([plain().column(long("q"))]),
            ),
        )
        .same(
            "change_type_to_schematype",
            becomes(&tables([numbered()]), &to_flag, &tables([flagged()]))
                .rows("foo", "(1, 'a', 1, 1), (2, 'b', 2, 0), (3, NULL, NULL, NULL)")
                .anew(1)
                .reads_on(Dialect::Postgres, "foo", "y", [Some("true"), Some("false"), None]),
        )
        .same_each("create_drop_index_w_always", [created_anew, dropped_anew])
        .same_each("create_drop_index_wo_always", [created, dropped])
        .same_each(
            "create_drop_index_w_other_ops",
            [
                becomes(
                    &tables([plain()]),
                    &created_with,
                    &tables([foo(int("data")).add_index(ix_data())]),
                )
                .anew(1),
                becomes(
                    &tables([foo(int("data")).add_index(ix_data())]),
                    &dropped_with,
                    &tables([foo(of("data").string().take())]),
                )
                .anew(1),
            ],
        )
}
