//! The tables of five systems that others wrote, as their own migrations made them and their own
//! code defines them, mistakes included: Fenrir, Gough, `MarchProxy`, RAG Fortress and tronbyt.
//!
//! `systems/<system>.json` is what a database of that system holds: names, the order of columns and
//! what is odd are as they are there, and a constraint has no name where the system gave it none. A
//! file with more behind its name has tables that the system has in another shape besides, or
//! (`-orm`) the defaults and conditions that its code knew and no database did.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll::{
    Change, Dialect, Schema,
    prelude::*,
    schema::{Check, Default, Table},
    testing::Scratch,
};
use serde::Deserialize;

use crate::{read_back::is_read_back, support::*};

plimsoll::on_every_empty_database!(
    fenrir_is_read_as_its_models_make_it,
    fenrir_is_read_as_its_first_migration_made_it,
    fenrir_is_read_as_its_older_script_made_it,
    fenrir_is_read_with_what_its_code_alone_knew,
    gough_is_read_as_it_made_itself,
    gough_is_read_in_its_second_shape,
    gough_is_read_with_what_its_code_alone_knew,
    marchproxy_is_read_as_its_migrations_made_it,
    marchproxy_is_read_with_what_its_code_alone_knew,
    rag_fortress_is_read_as_its_migrations_made_it,
    rag_fortress_is_read_with_what_its_code_alone_knew,
    tronbyt_is_read_as_its_migration_made_it,
    tronbyt_is_read_with_what_its_code_alone_knew,
);

const FENRIR: &str = include_str!("../systems/fenrir.json");
const FENRIR_SHIPPED: &str = include_str!("../systems/fenrir-shipped.json");
const FENRIR_INIT: &str = include_str!("../systems/fenrir-init.json");
const FENRIR_ORM: &str = include_str!("../systems/fenrir-orm.json");
const GOUGH: &str = include_str!("../systems/gough.json");
const GOUGH_ORM: &str = include_str!("../systems/gough-orm.json");
const GOUGH_PYDAL: &str = include_str!("../systems/gough-pydal.json");
const GOUGH_PYDAL_ORM: &str = include_str!("../systems/gough-pydal-orm.json");
const MARCHPROXY: &str = include_str!("../systems/marchproxy.json");
const MARCHPROXY_ORM: &str = include_str!("../systems/marchproxy-orm.json");
const RAG_FORTRESS: &str = include_str!("../systems/rag-fortress.json");
const RAG_FORTRESS_ORM: &str = include_str!("../systems/rag-fortress-orm.json");
const TRONBYT: &str = include_str!("../systems/tronbyt.json");
const TRONBYT_ORM: &str = include_str!("../systems/tronbyt-orm.json");

/// What a file holds, counted: tables, columns, primary keys, foreign keys, unique constraints,
/// unique indexes, other indexes.
type Counted = [usize; 7];

/// The files of tables, and what was counted in the databases of the systems themselves.
const COUNTED: [(&str, Counted); 8] = [
    (FENRIR, [5, 45, 5, 2, 5, 0, 0]),
    (FENRIR_SHIPPED, [5, 44, 5, 0, 5, 0, 0]),
    (FENRIR_INIT, [5, 45, 5, 2, 5, 0, 17]),
    (GOUGH, [45, 508, 45, 47, 37, 0, 8]),
    (GOUGH_PYDAL, [3, 40, 3, 5, 2, 0, 2]),
    (MARCHPROXY, [17, 233, 17, 23, 3, 8, 46]),
    (RAG_FORTRESS, [6, 36, 6, 4, 5, 5, 5]),
    (TRONBYT, [8, 76, 7, 4, 1, 1, 4]),
];

fn parsed(file: &str) -> Schema {
    serde_json::from_str(file).unwrap()
}

/// The schema with the tables of `later` in place of its own.
fn over(mut schema: Schema, later: &str) -> Schema {
    schema.tables.extend(parsed(later).tables);
    schema
}

/// What an ORM or an application knew of its tables, and no database.
#[derive(Deserialize)]
struct Unsaid {
    /// By table and column.
    defaults: BTreeMap<String, BTreeMap<String, Default>>,
    /// By table.
    checks: BTreeMap<String, Vec<Check>>,
}

/// The schema with what only code knew.
fn said(mut schema: Schema, unsaid: &str) -> Schema {
    let Unsaid { defaults, checks } = serde_json::from_str(unsaid).unwrap();
    for (table, defaults) in defaults {
        let table = schema.tables.get_mut(&table).unwrap();
        for (name, default) in defaults {
            let column = table.columns.iter_mut().find(|column| column.name == name).unwrap();
            column.default = Some(default);
        }
    }
    for (table, checks) in checks {
        schema.tables.get_mut(&table).unwrap().checks.extend(checks);
    }
    schema
}

/// Makes the tables, each behind those that it refers to; it may refer to itself.
fn steps(schema: Schema) -> Steps {
    let mut made = BTreeSet::new();
    let mut left: Vec<Table> = schema.tables.into_values().collect();
    let mut steps = Steps::new();
    while !left.is_empty() {
        let (ready, waiting): (Vec<Table>, Vec<Table>) = left.into_iter().partition(|table| {
            let mut references = table.foreign_keys.iter().map(|key| &key.references);
            references.all(|there| *there == table.name || made.contains(there))
        });
        let names: Vec<&String> = waiting.iter().map(|table| &table.name).collect();
        assert!(!ready.is_empty(), "{names:?} refer to each other or to what is not there");
        for table in ready {
            made.insert(table.name.clone());
            steps = steps.change(Change::CreateTable(table));
        }
        left = waiting;
    }
    steps
}

async fn is_read(scratch: &Scratch, mut schema: Schema) {
    if dialect(&scratch.db) != Dialect::Postgres {
        // GIN, which no other has.
        for table in schema.tables.values_mut() {
            table.indexes.retain(|index| index.method.is_none());
        }
    }
    is_read_back(&scratch.db, &steps(schema)).await;
}

async fn fenrir_is_read_as_its_models_make_it(scratch: &Scratch) {
    is_read(scratch, parsed(FENRIR)).await;
}

async fn fenrir_is_read_as_its_first_migration_made_it(scratch: &Scratch) {
    is_read(scratch, parsed(FENRIR_SHIPPED)).await;
}

async fn fenrir_is_read_as_its_older_script_made_it(scratch: &Scratch) {
    is_read(scratch, parsed(FENRIR_INIT)).await;
}

async fn fenrir_is_read_with_what_its_code_alone_knew(scratch: &Scratch) {
    is_read(scratch, said(parsed(FENRIR), FENRIR_ORM)).await;
}

async fn gough_is_read_as_it_made_itself(scratch: &Scratch) {
    is_read(scratch, parsed(GOUGH)).await;
}

async fn gough_is_read_in_its_second_shape(scratch: &Scratch) {
    let second = over(parsed(GOUGH), GOUGH_PYDAL);
    is_read(scratch, said(second, GOUGH_PYDAL_ORM)).await;
}

async fn gough_is_read_with_what_its_code_alone_knew(scratch: &Scratch) {
    is_read(scratch, said(parsed(GOUGH), GOUGH_ORM)).await;
}

async fn marchproxy_is_read_as_its_migrations_made_it(scratch: &Scratch) {
    is_read(scratch, parsed(MARCHPROXY)).await;
}

async fn marchproxy_is_read_with_what_its_code_alone_knew(scratch: &Scratch) {
    is_read(scratch, said(parsed(MARCHPROXY), MARCHPROXY_ORM)).await;
}

async fn rag_fortress_is_read_as_its_migrations_made_it(scratch: &Scratch) {
    is_read(scratch, parsed(RAG_FORTRESS)).await;
}

async fn rag_fortress_is_read_with_what_its_code_alone_knew(scratch: &Scratch) {
    is_read(scratch, said(parsed(RAG_FORTRESS), RAG_FORTRESS_ORM)).await;
}

async fn tronbyt_is_read_as_its_migration_made_it(scratch: &Scratch) {
    is_read(scratch, parsed(TRONBYT)).await;
}

async fn tronbyt_is_read_with_what_its_code_alone_knew(scratch: &Scratch) {
    is_read(scratch, said(parsed(TRONBYT), TRONBYT_ORM)).await;
}

#[test]
fn the_files_are_in_the_form_of_the_model() {
    for (file, _) in COUNTED {
        let written: serde_json::Value = serde_json::from_str(file).unwrap();

        assert_eq!(serde_json::to_value(parsed(file)).unwrap(), written);
    }
}

#[test]
fn the_files_hold_as_much_as_was_counted_in_the_systems() {
    for (file, counted) in COUNTED {
        let tables: Vec<Table> = parsed(file).tables.into_values().collect();
        let sum = |of: fn(&Table) -> usize| tables.iter().map(of).sum::<usize>();
        let unique = |it: &Table| it.indexes.iter().filter(|index| index.unique).count();

        let found = [
            tables.len(),
            sum(|it| it.columns.len()),
            sum(|it| usize::from(!it.primary_key.is_empty())),
            sum(|it| it.foreign_keys.len()),
            sum(|it| it.uniques.len()),
            sum(unique),
            sum(|it| it.indexes.iter().filter(|index| !index.unique).count()),
        ];
        assert_eq!(found, counted, "{:?}", tables[0].name);
    }
}
