//! The entities want what the migrations make.

use std::collections::BTreeSet;

use plimsoll::schema::{Schema, Table};

/// What of a table both sides can say: SeaORM's entities know no names of unique constraints.
fn essence(table: &Table) -> Vec<String> {
    let mut parts: Vec<String> = table
        .columns
        .iter()
        .map(|it| {
            format!(
                "column {} {:?} nullable={} counted={} default={:?}",
                it.name, it.ty, it.nullable, it.auto_increment, it.default
            )
        })
        .collect();
    parts.push(format!("primary key {:?}", table.primary_key));
    let mut unordered: Vec<String> = Vec::new();
    unordered.extend(table.uniques.iter().map(|it| format!("unique {:?}", it.columns)));
    unordered.extend(table.checks.iter().map(|it| format!("check {:?} {:?}", it.name, it.rule)));
    unordered.extend(table.foreign_keys.iter().map(|it| {
        format!(
            "foreign key {:?} to {} {:?} on delete {:?} on update {:?}",
            it.columns, it.references, it.referenced_columns, it.on_delete, it.on_update
        )
    }));
    unordered.extend(
        table.indexes.iter().map(|it| format!("index {:?} unique={}", it.columns, it.unique)),
    );
    unordered.sort();
    parts.extend(unordered);
    parts
}

#[test]
fn every_table_is_the_same_in_the_entities_and_in_the_migrations() {
    let made: Schema = migration::history().schema().unwrap();
    let wanted = entity::schema();

    let names: BTreeSet<&str> = wanted.tables().iter().map(|table| table.name.as_str()).collect();
    assert_eq!(made.tables.keys().map(String::as_str).collect::<BTreeSet<_>>(), names);
    for table in wanted.tables() {
        assert_eq!(essence(&made.tables[&table.name]), essence(table), "table `{}`", table.name);
    }
}
