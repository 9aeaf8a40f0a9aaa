//! Schemas by chance that become others by the migration that is written for them, with rows in
//! them: what is wanted is there, nothing more is to be written, and what was there comes back.
//!
//! `PLIMSOLL_CASES` multiplies the number of pairs.

use plimsoll::{
    App, Dialect, History, Schema, Wanted, introspect,
    prelude::*,
    schema::{Column, Default, Entities, IndexKey, Table, Type, Unique},
    steps::Step,
    testing::{Scratch, cases, run_empty},
    write::{Form, migration},
};
use proptest::prelude::*;

use crate::{
    answered::answered,
    filled::{creation_of, fill, forget_records, values},
    made::{changes_as, lines},
    random::{any_tables, rounds},
    support::*,
};

#[test]
fn sqlite() {
    become_others(Dialect::Sqlite, 150);
}

#[test]
fn postgres() {
    become_others(Dialect::Postgres, 15);
}

#[test]
fn mysql() {
    become_others(Dialect::Mysql, 15);
}

fn become_others(dialect: Dialect, base: u32) {
    let pairs = (any_tables(dialect), prop::collection::vec((0_u8..18, any::<u8>()), 1..6));
    let mut left = cases(base);
    rounds(&format!("pairs on {dialect}"), &pairs, |(tables, alterations)| {
        let have = Schema::of(tables);
        let mut want = have.clone();
        for (kind, choice) in alterations {
            alter(&have, &mut want, kind, usize::from(choice));
        }
        run_empty(dialect, async |scratch: &Scratch| becomes(scratch, &have, &want).await);
        left -= 1;
        left > 0
    });
}

/// Alters one of the tables in a way that its rows withstand.
pub(crate) fn alter(before: &Schema, schema: &mut Schema, kind: u8, choice: usize) {
    let names: Vec<String> = schema.tables.keys().cloned().collect();
    let name = names[choice % names.len()].clone();
    let Some(mut table) = schema.tables.remove(&name) else { return };
    // Neither the key nor what a constraint or another table stands on.
    let spared = ["id", "state", "size", "parent"];
    let loose: Vec<usize> = (0..table.columns.len())
        .filter(|at| !spared.contains(&table.columns[*at].name.as_str()))
        .collect();
    let at = loose.get(choice % loose.len().max(1)).copied();
    let was_nullable = |column: &Column| {
        let table = before.tables.get(&name);
        table.and_then(|it| it.column(&column.name)).is_some_and(|it| it.nullable)
    };
    let added = |ty| Column { nullable: true, ..Column::new(format!("new {choice}"), ty) };
    let is_new = |table: &Table| table.column(&format!("new {choice}")).is_none();
    match (kind, at) {
        // A column that takes no NULL and has no default could not come back to a table with rows.
        (0, Some(at)) if was_nullable(&table.columns[at]) => drop(table.columns.remove(at)),
        (1, _) if is_new(&table) => table.columns.push(added(Type::Text)),
        (2, _) if is_new(&table) => {
            let mut column = Column { nullable: false, ..added(Type::Integer) };
            column.default = Some(Default::Value(Value::from(7)));
            table.columns.push(column);
        }
        (3, _) if is_new(&table) => {
            let mut column = Column { nullable: false, ..added(Type::Timestamp) };
            column.default = Some(Default::Now);
            table.columns.push(column);
        }
        (4, Some(at)) => table.columns[at].nullable = true,
        // One that is new would have no value for the rows that are there.
        (5, Some(at)) if !table.columns[at].name.starts_with("new ") => {
            table.columns[at].default = None;
        }
        (6, Some(at)) => {
            let column = &mut table.columns[at];
            match &mut column.ty {
                Type::String(Some(length)) => *length += 20,
                Type::SmallInteger => column.ty = Type::BigInteger,
                _ => {}
            }
        }
        (7, Some(at)) => table.columns[at].comment = Some(format!("number {choice}")),
        (8, _) => table.indexes.clear(),
        (9, _) => table.uniques.clear(),
        (10, _) => table.checks.clear(),
        (11, _) => table.foreign_keys.clear(),
        (12, _) => {
            for index in &mut table.indexes {
                for part in &mut index.columns {
                    part.descending = !part.descending && matches!(part.key, IndexKey::Column(_));
                }
            }
        }
        (13, Some(at))
            if table.columns[at].renamed_from.is_none()
                && table.column(&format!("moved {choice}")).is_none() =>
        {
            let column = &mut table.columns[at];
            let before = std::mem::replace(&mut column.name, format!("moved {choice}"));
            if !before.starts_with("new ") {
                column.renamed_from = Some(before);
            }
        }
        (14, _) if table.uniques.is_empty() => {
            table.uniques.push(Unique::new(format!("added to {name}"), ["id", "size"]));
        }
        (15, _) => {
            for key in &mut table.foreign_keys {
                key.on_delete = OnDelete::Cascade;
            }
        }
        // What the rows that are there get is answered.
        (16, _) if is_new(&table) => {
            table.columns.push(Column { nullable: false, ..added(Type::Integer) });
        }
        (17, _) if is_new(&table) => {
            table.columns.push(Column { nullable: false, ..added(Type::String(Some(20))) });
        }
        _ => {}
    }
    schema.tables.insert(name, table);
}

/// Makes the one, fills it, and lets it become the other by the migration that is written for it, and
/// back.
pub(crate) async fn becomes(scratch: &Scratch, have: &Schema, want: &Schema) {
    let entities: Entities = want.tables.values().cloned().collect();
    let history = || History::new().declared("m01", creation_of(have));
    let (steps, notes) = answered(&App::new(history()).entities(entities.clone()));
    let written = migration(Form::Declared, "Becomes another", &notes, &steps).unwrap().steps;
    let said: Vec<String> = written.steps().iter().map(Step::describe).collect();
    let app = App::new(history().declared("m02", move || written.clone())).entities(entities);
    let again: Vec<String> = answered(&app).0.steps().iter().map(Step::describe).collect();
    assert_eq!(again, [""; 0], "written once, nothing has changed: {said:#?}");
    let look = async |wanted: &Schema, how: Wanted| {
        let db = session(scratch).await;
        let mut found = introspect(&db).await.unwrap();
        forget_records(&mut found);
        let mut wanted = wanted.clone();
        for column in wanted.tables.values_mut().flat_map(|table| &mut table.columns) {
            column.renamed_from = None;
        }
        let left = changes_as(scratch, &found, &wanted, how).await;
        assert_eq!(lines(&left), [""; 0], "{said:#?}");
        let values = values(&db, &found).await;
        let _ = db.close().await;
        values
    };
    heard_up(scratch, &app, "m01").await.0.unwrap_or_else(|error| panic!("{}", chain(&error)));
    fill(&scratch.db, have, want, 1).await;
    let before = look(have, Wanted::Exactly).await;

    up(scratch, &app).await.unwrap_or_else(|error| panic!("{}: {said:#?}", chain(&error)));
    let after = look(want, Wanted::ByEntities).await;
    down(scratch, &app, "m01").await.unwrap_or_else(|error| panic!("{}: {said:#?}", chain(&error)));
    let back = look(have, Wanted::Exactly).await;

    for table in want.tables.values() {
        for column in &table.columns {
            let was = column.renamed_from.as_ref().unwrap_or(&column.name);
            if let Some(values) = before.get(&(table.name.clone(), was.clone())) {
                let now = &after[&(table.name.clone(), column.name.clone())];
                assert_eq!(now, values, "`{}` of `{}`: {said:#?}", column.name, table.name);
            }
        }
    }
    assert_eq!(back.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
}
