//! Tables in two schemas of PostgreSQL.

use plimsoll::{App, Dialect, Entities, History, entities, testing::Scratch};

use super::FILE;
use crate::{
    case::Case,
    class::{Class, classes},
    database::dialect,
};

classes!(across, explicit, none);

/// An entity with a key and no more.
macro_rules! entity {
    ($module:ident, $table:literal, $column:ident $(, $schema:literal)?) => {
        #[expect(
            unreachable_pub,
            reason = "what SeaORM derives for an entity is public as the model is"
        )]
        mod $module {
            use sea_orm::entity::prelude::*;

            #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
            #[sea_orm(table_name = $table $(, schema_name = $schema)?)]
            pub struct Model {
                #[sea_orm(primary_key, auto_increment = false)]
                pub $column: i32,
            }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}
        }
    };
}

entity!(t3, "t3", q);
entity!(t4, "t4", z, "test_schema");
entity!(t6, "t6", u);
entity!(t7, "t7", v, "test_schema");
entity!(a_here, "a", x, "public");
entity!(a_there, "a", y, "test_schema");
entity!(b, "b", x);

/// What an app says of these entities that leaves tables out.
fn app(entities: Entities, unmanaged: &[&str]) -> App {
    App::new(History::new()).entities(entities).unmanaged(unmanaged.iter().copied())
}

/// What is found where a session works that was sent nowhere.
fn here<const N: usize>(case: Case, changes: [&str; N]) -> Case {
    let because = "a database has no schemas inside it";
    case.finds(&changes).not_on(Dialect::Sqlite, because).not_on(Dialect::Mysql, because)
}

fn there<const N: usize>(case: Case, changes: [&str; N]) -> Case {
    case.finds(&changes).in_schema("test_schema")
}

/// Two tables in each schema, of which the entities want one, and another.
fn across() -> Class {
    let case = |unmanaged: &[&str]| {
        let made = &[
            "CREATE SCHEMA IF NOT EXISTS test_schema",
            "CREATE TABLE public.t1 (x integer PRIMARY KEY)",
            "CREATE TABLE test_schema.t2 (y integer PRIMARY KEY)",
            "CREATE TABLE public.t6 (u integer PRIMARY KEY)",
            "CREATE TABLE test_schema.t7 (v integer PRIMARY KEY)",
        ];
        let entities = entities![t3::Entity, t4::Entity, t6::Entity, t7::Entity];
        Case::by_hand([&[], made, &[]]).by_app(app(entities, unmanaged))
    };
    let but = |left: &str| -> Vec<&str> {
        ["t1", "t2", "t3", "t4", "t6", "t7"].into_iter().filter(|it| *it != left).collect()
    };
    let one = "a comparison is of one schema, whose tables are left out on both sides";
    Class::alembic(FILE, "AutogenCrossSchemaTest")
        .same("default_schema_omitted_upgrade", here(case(&but("t3")), ["+ create table `t3`"]))
        .differs(
            "default_schema_omitted_by_table_name_upgrade",
            one,
            here(case(&["t2", "t7"]), ["- drop table `t1`", "+ create table `t3`"]),
        )
        .differs(
            "default_schema_omitted_by_schema_name_upgrade",
            one,
            here(case(&[]), ["- drop table `t1`", "+ create table `t3`"]),
        )
        .same("alt_schema_included_upgrade", there(case(&but("t4")), ["+ create table `t4`"]))
        .differs(
            "alt_schema_included_by_schema_name",
            one,
            there(case(&[]), ["- drop table `t2`", "+ create table `t4`"]),
        )
        .same("default_schema_omitted_downgrade", here(case(&but("t1")), ["- drop table `t1`"]))
        .same("alt_schema_included_downgrade", there(case(&but("t2")), ["- drop table `t2`"]))
}

/// Entities that name the schema in which a session works anyway.
fn explicit() -> Class {
    let both = || app(entities![a_here::Entity, a_there::Entity, b::Entity], &[]);
    let in_usual =
        &["CREATE TABLE a (x integer PRIMARY KEY)", "CREATE TABLE b (x integer PRIMARY KEY)"];
    let in_both = &[
        "CREATE SCHEMA test_schema",
        "CREATE TABLE test_schema.a (y integer PRIMARY KEY)",
        "CREATE TABLE b (x integer PRIMARY KEY)",
    ];
    Class::alembic(FILE, "AutogenDefaultSchemaTest")
        .same(
            "uses_explicit_schema_in_default_one",
            here(
                Case::by_hand([&[], in_usual, &[]])
                    .by_app(app(entities![a_here::Entity, b::Entity], &[])),
                [],
            ),
        )
        .same(
            "uses_explicit_schema_in_default_two",
            there(
                Case::by_hand([&[], &["CREATE TABLE public.a (x integer PRIMARY KEY)"], &[]])
                    .by_app(both()),
                ["+ create table `a`"],
            ),
        )
        .same(
            "uses_explicit_schema_in_default_three",
            here(Case::by_hand([&[], in_both, &[]]).by_app(both()), ["+ create table `a`"]),
        )
}

plimsoll::on_every_empty_database!(two_tables_of_one_name_have_room_in_two_schemas_alone);

async fn two_tables_of_one_name_have_room_in_two_schemas_alone(scratch: &Scratch) {
    let app = app(entities![a_here::Entity, a_there::Entity], &[]);

    let agreement = app.on(&scratch.db).agreement(&scratch.database, false).await.unwrap();

    let problems: &[&str] = match dialect(&scratch.db) {
        Dialect::Postgres => &[],
        Dialect::Sqlite | Dialect::Mysql => &["table `a` is described twice"],
    };
    assert_eq!(agreement.problems, problems);
}

/// Whoever has no schemas takes a table of one for its own.
fn none() -> Class {
    let made: &[&str] = &["CREATE TABLE a (x integer PRIMARY KEY)"];
    Class::alembic(FILE, "AutogenDefaultSchemaIsNoneTest").same(
        "no_default_schema",
        Case::by_hand([made; 3]).by_app(app(entities![a_here::Entity], &[])),
    )
}
