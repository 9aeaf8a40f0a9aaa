//! Tables by chance that SQLite builds anew, with rows that refer to them and go with them, with
//! triggers, views and indexes that nobody declared: nothing of it is lost.
//!
//! `PLIMSOLL_CASES` multiplies the number of rebuilds.

use std::collections::BTreeMap;

use plimsoll::{
    App, Dialect, History, Schema, diff,
    plan::statements,
    prelude::*,
    render::Effect,
    schema::{Column, Default, ForeignKey, Generated, Sql, Table, TableOption, Type},
    testing::{Scratch, cases, run_empty},
};
use proptest::prelude::*;
use sea_orm::DatabaseConnection;

use crate::{
    filled::{creation_of, fill, steps_of, values},
    pairs::alter,
    random::{any_tables, rounds},
    support::*,
};

#[test]
fn sqlite() {
    let wanted = cases(300);
    let mut made = 0;
    rounds("rebuilds", &any_case(), |(have, want, rows)| {
        let rebuilt = rebuilt(&have, &want);
        if !rebuilt.is_empty() {
            made += 2 * u32::try_from(rebuilt.len()).unwrap();
            run_empty(Dialect::Sqlite, async |scratch: &Scratch| {
                nothing_is_lost(scratch, &have, &want, rows).await;
            });
        }
        made < wanted
    });
    measured(format!("{made} rebuilds"));
}

/// What is there, what is to become of it, and how many rows each table has.
fn any_case() -> impl Strategy<Value = (Schema, Schema, i64)> {
    let alterations = prop::collection::vec((0_u8..16, any::<u8>()), 1..6);
    (any_tables(Dialect::Sqlite), alterations, 1_i64..8, any::<[u8; 3]>()).prop_map(
        |(mut tables, alterations, rows, choices)| {
            for (table, choice) in tables.iter_mut().zip(choices) {
                vary(table, choice, rows);
            }
            let kids: Vec<Table> = tables.iter().zip(choices).filter_map(kid).collect();
            let have = Schema::of(tables.into_iter().chain(kids));
            let mut want = have.clone();
            for (kind, choice) in alterations {
                alter(&have, &mut want, kind, usize::from(choice));
            }
            want.tables.values_mut().for_each(strictly);
            (have, want, rows)
        },
    )
}

/// Makes it a table of another sort, and one that takes that many rows.
fn vary(table: &mut Table, choice: u8, rows: i64) {
    let counts = table.columns.iter().any(|column| column.auto_increment);
    if choice & 1 != 0 {
        table.options.push(TableOption::Strict);
    }
    if choice & 2 != 0 && !counts {
        table.options.push(TableOption::WithoutRowid);
    }
    if choice & 4 != 0 {
        table.columns.push(Column {
            nullable: true,
            generated: Some(Generated { expr: Sql::new("size * 2"), stored: choice & 8 != 0 }),
            ..Column::new("twice", Type::Integer)
        });
    }
    strictly(table);
    // Rows are alike in what a condition leaves little choice of.
    if rows > 1 {
        table.uniques.clear();
        table.indexes.retain(|index| !index.unique);
    }
}

/// Gives the columns of a `STRICT` table types that such a table knows.
fn strictly(table: &mut Table) {
    if !table.options.contains(&TableOption::Strict) {
        return;
    }
    for column in &mut table.columns {
        if column.default == Some(Default::Now) {
            (column.default, column.nullable) = (None, true);
        }
        column.ty = match &column.ty {
            Type::Boolean => {
                column.default = None;
                Type::Integer
            }
            Type::TinyInteger | Type::SmallInteger => Type::Integer,
            Type::Float | Type::Decimal(_) => Type::Double,
            Type::VarBinary(_) | Type::Uuid => Type::Blob,
            ty @ (Type::Integer | Type::BigInteger | Type::Double | Type::Blob) => ty.clone(),
            _ => Type::Text,
        };
    }
}

/// A table whose rows refer to that one.
fn kid((table, choice): (&Table, u8)) -> Option<Table> {
    if table.primary_key != ["id"] {
        return None;
    }
    let action = [OnDelete::Cascade, OnDelete::SetNull, OnDelete::Restrict, OnDelete::NoAction];
    let mut kid = Table::new(format!("kid of {}", table.name));
    kid.columns = vec![
        Column::new("id", Type::BigInteger),
        Column { nullable: true, ..Column::new("parent", Type::BigInteger) },
        Column::new("size", Type::Integer),
    ];
    kid.primary_key = vec!["id".to_owned()];
    kid.foreign_keys = vec![
        ForeignKey::new(format!("fk {}", kid.name), ["parent"], &table.name, ["id"])
            .on_delete(action[usize::from(choice >> 4) % action.len()]),
    ];
    Some(kid)
}

/// The tables that are built anew to make one of the other.
fn rebuilt(have: &Schema, want: &Schema) -> Vec<String> {
    let steps = steps_of(diff(have, want, &[]).changes);
    let planned = statements(Dialect::Sqlite, &steps, have).unwrap();
    let anew = planned.into_iter().filter(|it| matches!(it.effect, Effect::Rebuild(_)));
    anew.map(|it| it.table).collect()
}

async fn nothing_is_lost(scratch: &Scratch, have: &Schema, want: &Schema, rows: i64) {
    let becomes = steps_of(diff(have, want, &[]).changes);
    let said: Vec<String> = becomes.steps().iter().map(plimsoll::steps::Step::describe).collect();
    let history =
        History::new().declared("m01", creation_of(have)).declared("m02", move || becomes.clone());
    let app = App::new(history);
    heard_up(scratch, &app, "m01").await.0.unwrap();
    fill(&scratch.db, have, want, rows).await;
    for statement in by_hand(have) {
        run(&scratch.db, &statement).await;
    }
    let db = session(scratch).await;
    let before = Seen::of(&db, have).await;
    let _ = db.close().await;

    up(scratch, &app).await.unwrap_or_else(|error| panic!("{}: {said:#?}", chain(&error)));
    let db = session(scratch).await;
    let after = Seen::of(&db, want).await;
    let _ = db.close().await;
    down(scratch, &app, "m01").await.unwrap_or_else(|error| panic!("{}: {said:#?}", chain(&error)));
    let db = session(scratch).await;
    let back = Seen::of(&db, have).await;

    for seen in [&after, &back] {
        assert_eq!(seen.orphans, [""; 0], "{said:#?}");
        assert_eq!(seen.deleted, 0, "no trigger saw a row go: {said:#?}");
        assert_eq!(seen.beside, before.beside, "{said:#?}");
        assert_eq!(seen.in_views, before.in_views, "{said:#?}");
        assert_eq!(seen.rowids, before.rowids, "{said:#?}");
        assert_eq!(seen.sequences, before.sequences, "{said:#?}");
        assert_eq!(seen.integrity, "ok", "{said:#?}");
    }
    for (place, values) in &back.values {
        // What was dropped comes back without what it held.
        let table = &want.tables[&place.0];
        let is =
            |column: &&Column| column.renamed_from.as_ref().unwrap_or(&column.name) == &place.1;
        if let Some(column) = table.columns.iter().find(is) {
            let after = &after.values[&(place.0.clone(), column.name.clone())];
            assert_eq!(after, &before.values[place], "{place:?}: {said:#?}");
            assert_eq!(values, &before.values[place], "{place:?}: {said:#?}");
        }
    }
    the_keys_do_what_they_did(&db, have).await;
}

/// What stands on tables that no migration speaks of.
fn by_hand(schema: &Schema) -> Vec<String> {
    let mut made = vec!["CREATE TABLE log (what text)".to_owned()];
    for (at, name) in schema.tables.keys().enumerate() {
        let table = format!("\"{}\"", name.replace('"', "\"\""));
        made.extend([
            format!(
                "CREATE TRIGGER \"gone {at}\" AFTER DELETE ON {table} BEGIN \
                 INSERT INTO log VALUES (old.id); END"
            ),
            format!(
                "CREATE TRIGGER \"came {at}\" BEFORE INSERT ON {table} WHEN new.id < 0 BEGIN \
                 SELECT raise(ABORT, 'below zero') FROM {table}; END"
            ),
            format!(
                "CREATE VIEW \"view {at}\" AS SELECT id, count(*) AS n FROM {table} GROUP BY id"
            ),
            format!("CREATE VIEW \"over {at}\" AS SELECT * FROM \"view {at}\""),
            format!("CREATE INDEX \"by hand {at}\" ON {table} (abs(id)) WHERE id > 1"),
        ]);
    }
    made
}

/// What a database holds, as far as it is to stay.
struct Seen {
    values: BTreeMap<(String, String), Vec<Option<String>>>,
    rowids: Vec<String>,
    sequences: Vec<String>,
    beside: Vec<String>,
    in_views: Vec<i64>,
    orphans: Vec<String>,
    deleted: i64,
    integrity: String,
}

impl Seen {
    async fn of(db: &DatabaseConnection, schema: &Schema) -> Self {
        let mut rowids = Vec::new();
        let mut in_views = Vec::new();
        for (at, table) in schema.tables.values().enumerate() {
            let name = quote(db, &table.name);
            if !table.options.contains(&TableOption::WithoutRowid) {
                let sql = format!("SELECT rowid || ' ' || id FROM {name} ORDER BY 1");
                rowids.extend(all::<String>(db, &sql).await);
            }
            in_views.push(count(db, &format!("\"view {at}\"")).await);
            in_views.push(count(db, &format!("\"over {at}\"")).await);
        }
        let beside = "SELECT sql FROM sqlite_schema WHERE type IN ('trigger', 'view') \
                      OR name LIKE 'by hand%' ORDER BY name";
        let has_sequences = "SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_sequence'";
        let sequences = "SELECT name || ' ' || seq FROM sqlite_sequence ORDER BY name";
        Self {
            values: values(db, schema).await,
            rowids,
            sequences: match one::<i64>(db, has_sequences).await {
                0 => Vec::new(),
                _ => all(db, sequences).await,
            },
            beside: all(db, beside).await,
            in_views,
            orphans: all(db, "SELECT \"table\" FROM pragma_foreign_key_check").await,
            deleted: count(db, "log").await,
            integrity: one(db, "SELECT integrity_check FROM pragma_integrity_check").await,
        }
    }
}

/// A row that goes takes those with it that were to go, and no others.
async fn the_keys_do_what_they_did(db: &DatabaseConnection, schema: &Schema) {
    run(db, "PRAGMA foreign_keys = ON").await;
    for kid in schema.tables.values().filter(|table| table.name.starts_with("kid of ")) {
        let key = &kid.foreign_keys[0];
        let (name, parent) = (quote(db, &kid.name), quote(db, &key.references));
        let parents = &schema.tables[&key.references].foreign_keys;
        let delete = format!("DELETE FROM {parent} WHERE id = 1");
        let others = schema.tables.values().flat_map(|table| &table.foreign_keys);
        let others = others.filter(|other| other.references == key.references).count();
        // Where others hold the row as well, what happens is theirs.
        if others > 1 || parents.iter().any(|it| it.references == key.references) {
            continue;
        }
        let rows = format!("SELECT count(*) FROM {name}");
        let empty = format!("SELECT count(*) FROM {name} WHERE parent IS NULL");
        let before = one::<i64>(db, &rows).await;
        match key.on_delete {
            OnDelete::Cascade => {
                run(db, &delete).await;
                assert_eq!(one::<i64>(db, &rows).await, before - 1, "{delete}");
            }
            OnDelete::SetNull => {
                run(db, &delete).await;
                assert_eq!(one::<i64>(db, &empty).await, 1, "{delete}");
            }
            _ => drop(refused(db, &delete).await),
        }
    }
}
