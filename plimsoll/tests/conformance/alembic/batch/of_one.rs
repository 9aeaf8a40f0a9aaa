//! What the other tool has of `MySQL` alone, and of `PostgreSQL` alone.

use plimsoll::Dialect;

use super::{
    FILE, alter, becomes,
    filled::{flags, keys, values},
    flag,
};
use crate::{
    class::{Class, classes},
    declare::{int, table, tables},
};

classes!(mysql_alone, postgres_alone);

fn mysql_alone() -> Class {
    let on = |case: crate::applied::Applied| case.only_on(Dialect::Mysql);
    let is_found = "a column is found by its name: its type need not be said for it to get another";
    Class::alembic(FILE, "BatchRoundTripMySQLTest")
        .same("drop_pk_col_readd_col_also_pk_const", on(keys::becomes_the_key_again()))
        .differs("rename_column_pk", is_found, on(values::renames_key()))
        .differs("rename_column", is_found, on(values::renames()))
        .same("change_type", on(values::does_not_fit()))
        .same_each("create_drop_index", values::index_comes_and_goes().map(on))
        .same("rename_column_boolean", on(flags::renamed()))
        .same("change_type_boolean_to_int", on(flags::to_number()))
        .same("change_type_int_to_boolean", on(flags::to_flag()))
}

fn postgres_alone() -> Class {
    let on = |case: crate::applied::Applied| case.only_on(Dialect::Postgres);
    let is_converted = "the values are converted: true is 1, false is 0, and the other way round";
    let x = || flag("x").not_null().default(false).take();
    let have = || table("has_native_bool", [int("y"), x()]);
    let adds = alter("has_native_bool", |t| t.add(|t| t.column(int("data"))));
    Class::alembic(FILE, "BatchRoundTripPostgresqlTest")
        .same("drop_pk_col_readd_col_also_pk_const", on(keys::becomes_the_key_again()))
        .same("change_type", on(values::does_not_fit()))
        .same_each("create_drop_index", values::index_comes_and_goes().map(on))
        .differs("change_type_int_to_boolean", is_converted, on(flags::to_flag()))
        .differs("change_type_boolean_to_int", is_converted, on(flags::to_number()))
        .same(
            "add_col_table_has_native_boolean",
            on(becomes(&tables([have()]), &adds, &tables([have().column(int("data"))]))),
        )
}
