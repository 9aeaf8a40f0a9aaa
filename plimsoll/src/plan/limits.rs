//! Tables that `MySQL` and `MariaDB` have no form for, and refuse when the statements before have been
//! kept.

use crate::{
    dialect::Dialect,
    render::Unrenderable,
    schema::{Column, ForeignKey, OnDelete, OnUpdate, Schema, Table, TableOption, Type},
    steps::{Step, Steps},
};

/// How many bytes a row has at most, and a key.
const MAX_ROW: u64 = 65_535;
const MAX_KEY: u64 = 3_072;

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
    let mut tables = changed.filter_map(|table| after.tables.get(table));
    match tables.find_map(problem) {
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
    // What else than `utf8mb4` the table is of has other lengths.
    let is_wide = table.options.iter().all(|option| match option {
        TableOption::Collation(name) => name.starts_with("utf8mb4"),
        _ => true,
    });
    let longest = |columns: &mut dyn Iterator<Item = &Column>| columns.map(bytes).sum::<u64>();
    if is_wide && longest(&mut table.columns.iter()) > MAX_ROW {
        return Some(format!("a row of `{name}` of more than {MAX_ROW} bytes"));
    }
    if is_wide && longest(&mut table.primary_key.iter().filter_map(|it| table.column(it))) > MAX_KEY
    {
        return Some(format!("the primary key of `{name}` of more than {MAX_KEY} bytes"));
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

/// How many bytes the column has at least, when all of it is used: other character sets than `utf8mb4`
/// need less.
fn bytes(column: &Column) -> u64 {
    let is_wide = column.collation.as_ref().is_none_or(|it| it.starts_with("utf8mb4"));
    match column.ty {
        Type::String(Some(length)) | Type::Char(length) => {
            u64::from(length) * if is_wide { 4 } else { 1 }
        }
        Type::Binary(length) | Type::VarBinary(length) => u64::from(length),
        _ => 0,
    }
}

/// Whether a key or an index begins with the column.
fn is_first(table: &Table, column: &Column) -> bool {
    let is_it = |name: Option<&String>| name == Some(&column.name);
    is_it(table.primary_key.first())
        || table.uniques.iter().any(|unique| is_it(unique.columns.first()))
        || table.indexes.iter().any(|index| is_it(index.columns.first().and_then(|it| it.column())))
}
