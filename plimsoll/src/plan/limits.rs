//! Tables that `MySQL` and `MariaDB` have no form for, and refuse when the statements before have been
//! kept.

use crate::{
    dialect::Dialect,
    render::Unrenderable,
    schema::{Column, ForeignKey, OnDelete, OnUpdate, Schema, Table},
    steps::{Step, Steps},
};

/// Refuses what the steps make of tables and the database cannot hold, before anything runs.
pub(super) fn check(dialect: Dialect, steps: &Steps, before: &Schema) -> Result<(), Unrenderable> {
    if dialect != Dialect::Mysql {
        return Ok(());
    }
    let mut after = before.clone();
    // What the fold does not allow, whoever runs it has refused before.
    let _ = steps.apply(&mut after);
    let changed = steps.steps().iter().filter_map(|step| match step {
        Step::Change(change) => Some(change.table()),
        _ => None,
    });
    let tables = changed.filter_map(|table| after.tables.get(table));
    match tables.filter_map(problem).next() {
        Some(what) => Err(Unrenderable::new(what, dialect)),
        None => Ok(()),
    }
}

fn problem(table: &Table) -> Option<String> {
    let name = &table.name;
    if let Some(column) = table.columns.iter().find(|it| it.auto_increment && !is_first(table, it))
    {
        return Some(format!(
            "auto-increment on `{}` of `{name}`, with which neither the primary key nor an index begins,",
            column.name
        ));
    }
    let is_null = |key: &&ForeignKey| {
        key.on_delete == OnDelete::SetNull || key.on_update == OnUpdate::SetNull
    };
    table.foreign_keys.iter().filter(is_null).find_map(|key| {
        let mut columns = key.columns.iter().filter_map(|it| table.column(it));
        let column = columns.find(|it| !it.nullable)?;
        Some(format!(
            "a foreign key that sets `{}` of `{name}` to NULL, which takes none,",
            column.name
        ))
    })
}

/// Whether a key or an index begins with the column.
fn is_first(table: &Table, column: &Column) -> bool {
    let is_it = |name: Option<&String>| name == Some(&column.name);
    is_it(table.primary_key.first())
        || table.uniques.iter().any(|unique| is_it(unique.columns.first()))
        || table.indexes.iter().any(|index| is_it(index.columns.first().and_then(|it| it.column())))
}
