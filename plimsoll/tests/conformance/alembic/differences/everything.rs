//! A little of everything in four tables, in the usual schema and in another, with tables left out
//! and without.

use plimsoll::{App, Dialect, History, Steps, prelude::*};

use super::{FILE, without};
use crate::{
    case::Case,
    class::{Class, classes},
    declare::{Named as _, foreign_key, of, table, tables},
};

classes!(single, in_another_schema, compared, compared_in_another_schema);

const MORE: &str = "the condition of a CHECK is compared, too";

const WHOLE: &str = "whole tables are left out, on both sides, and never single columns";

fn id(name: &str) -> ColumnDef {
    of(name).integer().not_null().primary_key().take()
}

fn string(name: &str, length: u32) -> ColumnDef {
    of(name).string_len(length).take()
}

fn amount(digits: u32) -> ColumnDef {
    of("amount").decimal_len(digits, 2).default(0).take()
}

fn have() -> Steps {
    tables([
        table("user", [id("id"), string("name", 50), of("a1").text().take(), string("pw", 50)])
            .add_index(Index::over("user", ["pw"]).named("pw_idx")),
        table("address", [id("id"), string("email_address", 100).not_null().take()]),
        table("order", [id("order_id"), amount(8).not_null().take()]),
        table("extra", [of("x").char_len(1).take(), of("uid").integer().take()]),
    ])
    .check_named("order", "ck_order_amount", "amount >= 0")
    .key("extra", foreign_key("fk_uid", ["uid"], "user", ["id"]))
}

fn want() -> Steps {
    tables([
        table(
            "user",
            [id("id"), string("name", 50).not_null().take(), of("a1").text().default("x").take()],
        ),
        table(
            "address",
            [id("id"), string("email_address", 100).not_null().take(), string("street", 50)],
        ),
        table("order", [id("order_id"), amount(10), of("user_id").integer().take()]),
        table("item", [id("id"), string("description", 100), of("order_id").integer().take()])
            .check("description", "length(description) > 5"),
    ])
    .unique_named("address", "uq_email", ["email_address"])
    .check_named("order", "ck_order_amount", "amount > -1")
    .key("order", foreign_key("fk_user", ["user_id"], "user", ["id"]))
    .key("item", foreign_key("fk_order", ["order_id"], "order", ["order_id"]))
}

/// What is found in these tables, with the words of each database.
fn found(dialect: Dialect, tables: &[&str]) -> Vec<String> {
    let (integer, condition) = match dialect {
        Dialect::Sqlite => ("big integer", "amount > -1"),
        Dialect::Postgres => ("integer", "(amount > ('-1'::integer)::numeric)"),
        Dialect::Mysql => ("integer", "`amount` > -1"),
    };
    let user_id = format!("+ add column `order.user_id`: {integer}, nullable");
    let check =
        format!("~ change check `ck_order_amount` on `order`: amount at least 0 -> {condition}");
    let changes = [
        ("user", "- drop index `pw_idx` on `user`"),
        ("extra", "- drop table `extra`"),
        ("item", "+ create table `item`"),
        ("address", "+ add column `address.street`: string(50), nullable"),
        ("order", &user_id),
        (
            "order",
            "~ change column `order.amount`: decimal(8, 2) -> decimal(10, 2), not null -> nullable",
        ),
        ("user", "~ change column `user.name`: nullable -> not null"),
        ("user", "~ change column `user.a1`: default none -> 'x'"),
        ("order", &check),
        ("address", "+ add unique `uq_email` on `address`: (email_address)"),
        (
            "order",
            "+ add foreign key `fk_user` on `order`: (user_id) references `user` (id) \
             on delete no action on update no action",
        ),
        ("user", "- drop column `user.pw`"),
    ];
    let is_in = |(table, _): &(&str, &str)| tables.contains(table);
    changes.into_iter().filter(is_in).map(|(_, change)| change.to_owned()).collect()
}

fn finds_in(case: Case, tables: &[&str]) -> Case {
    Dialect::ALL
        .into_iter()
        .fold(case, |case, dialect| case.finds_on(dialect, &found(dialect, tables)))
}

fn everything() -> Case {
    let case = Case::of(&have()).to(&want()).and_back();
    finds_in(case, &["address", "extra", "item", "order", "user"])
}

/// A column of a type that is not in the model, and an integer in its place.
fn unknown_type() -> Case {
    Case::by_hand([
        &["CREATE TABLE sometable (somecol)"],
        &["CREATE TABLE sometable (somecol point)"],
        &["CREATE TABLE sometable (somecol point)"],
    ])
    .to(&tables([table("sometable", [of("somecol").integer().take()])]))
    .finds(&["~ change column `sometable.somecol`: point -> integer"])
    .finds_on(Dialect::Sqlite, &["~ change column `sometable.somecol`: no type -> big integer"])
}

/// An entity with a type of the program's own.
#[expect(unreachable_pub, reason = "what SeaORM derives for an entity is public as the model is")]
mod typed {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveValueType)]
    pub struct Fathoms(pub i32);

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sometable")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub depth: Fathoms,
        pub draught: Fathoms,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

fn own_type() -> Case {
    let have = [
        id("id").auto_increment().take(),
        of("depth").integer().not_null().take(),
        of("draught").string_len(10).not_null().take(),
    ];
    let entities = plimsoll::entities![typed::Entity];
    Case::of(&tables([table("sometable", have)]))
        .by_app(App::new(History::new()).entities(entities))
        .finds(&["~ change column `sometable.draught`: string(10) -> integer"])
        .finds_on(
            Dialect::Sqlite,
            &["~ change column `sometable.draught`: string(10) -> big integer"],
        )
}

fn single() -> Class {
    let left = tables([
        table("user", [id("id"), string("pw", 50)])
            .add_index(Index::over("user", ["pw"]).named("pw_idx")),
        table("extra", [of("x").char_len(1).take(), of("uid").integer().take()]),
    ])
    .key("extra", foreign_key("fk_uid", ["uid"], "user", ["id"]));
    Class::alembic(FILE, "AutogenerateDiffTest")
        .differs("diffs", MORE, everything())
        .differs(
            "include_object",
            WHOLE,
            finds_in(without(["extra", "item"], &have(), &want()), &["address", "order", "user"]),
        )
        .differs(
            "include_name",
            MORE,
            finds_in(without(["extra"], &have(), &want()), &["address", "item", "order", "user"]),
        )
        .differs(
            "skip_null_type_comparison_reflected",
            "a type that is not in the model is compared by its name",
            unknown_type(),
        )
        .does_not_apply(
            "a column without a type cannot be declared",
            ["skip_null_type_comparison_local"],
        )
        .same("custom_type_compare", own_type())
        .shown_by("affinity_typedec", "migrate/false_diffs.rs", "a_uuid_as_it_is_stored")
        .same(
            "dont_barf_on_already_reflected",
            Case::of(&left)
                .to(&Steps::new())
                .and_back()
                .finds(&["- drop table `extra`", "- drop table `user`"]),
        )
        .does_not_apply(
            "a difference is of changes alone: statements of one's own are steps of a migration",
            ["add_execute_sql_op"],
        )
}

fn in_another_schema() -> Class {
    Class::alembic(FILE, "AutogenerateDiffTestWSchema").differs(
        "diffs",
        MORE,
        everything().in_schema("test_schema"),
    )
}

fn compared() -> Class {
    let left = || without(["address", "item", "user"], &have(), &want());
    Class::alembic(FILE, "CompareMetadataTest")
        .differs("compare_metadata", MORE, everything())
        .differs("compare_metadata_include_object", WHOLE, finds_in(left(), &["extra", "order"]))
        .differs("compare_metadata_include_name", WHOLE, finds_in(left(), &["extra", "order"]))
        .does_not_apply(
            "what only prints its statements asks the database as well",
            ["compare_metadata_as_sql"],
        )
}

fn compared_in_another_schema() -> Class {
    Class::alembic(FILE, "PGCompareMetaData").differs(
        "compare_metadata_schema",
        MORE,
        everything().in_schema("test_schema"),
    )
}
