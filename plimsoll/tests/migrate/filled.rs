//! Rows for whatever table, and what became of them.

use std::collections::BTreeMap;

use plimsoll::{
    Change, Dialect, Schema, Steps, diff,
    schema::{Column, Rule, Table, Type},
};
use sea_orm::DatabaseConnection;

use crate::database::*;

/// What makes the schema of nothing.
pub(crate) fn creation_of(schema: &Schema) -> impl Fn() -> Steps + Send + Sync + 'static {
    let schema = schema.clone();
    move || steps_of(diff(&Schema::default(), &schema, &[]).changes)
}

pub(crate) fn steps_of(changes: Vec<Change>) -> Steps {
    changes.into_iter().fold(Steps::new(), Steps::change).allow_loss("it is a case")
}

/// Takes the tables out that a runner keeps for itself.
pub(crate) fn forget_records(schema: &mut Schema) {
    schema.tables.retain(|name, _| !name.starts_with("plimsoll_") && name != "seaql_migrations");
}

/// Fills the tables with as many rows, which refer to the row of the same number in every other, and that fit
/// in `later` too.
pub(crate) async fn fill(db: &DatabaseConnection, schema: &Schema, later: &Schema, rows: i64) {
    let mut open: Vec<&Table> = schema.tables.values().collect();
    // Parents first; in a circle the keys are left empty.
    while !open.is_empty() {
        let names: Vec<&String> = open.iter().map(|table| &table.name).collect();
        let is_ready = |table: &&Table| {
            let mut keys = table.foreign_keys.iter();
            keys.all(|key| key.references == table.name || !names.contains(&&key.references))
        };
        let at = open.iter().position(is_ready).unwrap_or_default();
        let table = open.remove(at);
        for number in 1..=rows {
            insert(db, table, later.tables.get(&table.name), number, &open).await;
        }
    }
}

async fn insert(
    db: &DatabaseConnection,
    table: &Table,
    later: Option<&Table>,
    number: i64,
    open: &[&Table],
) {
    let waits = |column: &Column| {
        column.nullable
            && table.foreign_keys.iter().any(|key| {
                key.columns.contains(&column.name)
                    && open.iter().any(|other| other.name == key.references)
            })
    };
    let columns: Vec<&Column> = table
        .columns
        .iter()
        .filter(|column| column.generated.is_none() && !waits(column))
        .collect();
    let values: Vec<String> = columns
        .iter()
        .map(|column| value(dialect(db), [Some(table), later], column, number))
        .collect();
    let names: Vec<String> = columns.iter().map(|column| quote(db, &column.name)).collect();
    let table = quote(db, &table.name);
    let sql = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), values.join(", "));
    run(db, &sql).await;
}

/// A value that the column takes, another for each number: a number in it where that can be.
fn value(dialect: Dialect, tables: [Option<&Table>; 2], column: &Column, number: i64) -> String {
    let checks = || tables.into_iter().flatten().flat_map(|table| &table.checks);
    let one_of = checks().filter_map(|check| match &check.rule {
        Rule::OneOf { column: of, values } if *of == column.name => Some(values),
        _ => None,
    });
    // The shortest has only what the other has too.
    let range = checks().find_map(|check| match &check.rule {
        Rule::Range { column: of, min, max } if *of == column.name => Some((*min, *max)),
        _ => None,
    });
    if let Some((min, max)) = range {
        return number.max(min.unwrap_or(number)).min(max.unwrap_or(number)).to_string();
    }
    if let Some(values) = one_of.min_by_key(|values| values.len()) {
        return text(dialect, &values[0]);
    }
    match &column.ty {
        Type::Boolean => if number % 2 == 0 { "FALSE" } else { "TRUE" }.to_owned(),
        Type::Enum { values, .. } => text(dialect, &values[0]),
        Type::Binary(_) | Type::VarBinary(_) | Type::Blob => match dialect {
            Dialect::Postgres => format!("'\\x0{number}'"),
            Dialect::Sqlite | Dialect::Mysql => format!("x'0{number}'"),
        },
        Type::Uuid => match dialect {
            Dialect::Postgres => format!("'00000000-0000-0000-0000-00000000000{number}'"),
            Dialect::Sqlite | Dialect::Mysql => format!("x'{number:032}'"),
        },
        Type::Time => format!("'10:00:0{number}'"),
        Type::Date => format!("'2026-11-0{number}'"),
        Type::DateTime | Type::Timestamp => format!("'2026-11-0{number} 10:00:00'"),
        Type::Array(_) => format!("'{{{number}}}'"),
        Type::Json | Type::JsonBinary | Type::Text | Type::String(_) | Type::Char(_) => {
            format!("'{number}'")
        }
        _ => number.to_string(),
    }
}

fn text(dialect: Dialect, value: &str) -> String {
    let value = value.replace('\'', "''");
    match dialect {
        Dialect::Mysql => format!("'{}'", value.replace('\\', r"\\")),
        Dialect::Sqlite | Dialect::Postgres => format!("'{value}'"),
    }
}

/// The values of each column of each table as texts, in the order of the first column.
pub(crate) async fn values(
    db: &DatabaseConnection,
    schema: &Schema,
) -> BTreeMap<(String, String), Vec<Option<String>>> {
    let mut values = BTreeMap::new();
    for table in schema.tables.values() {
        let order = quote(db, &table.columns[0].name);
        for column in &table.columns {
            let name = quote(db, &column.name);
            let is_bytes =
                matches!(column.ty, Type::Binary(_) | Type::VarBinary(_) | Type::Blob | Type::Uuid);
            let text = match (dialect(db), is_bytes) {
                (Dialect::Postgres, _) => format!("{name}::text"),
                (_, true) => format!("CASE WHEN {name} IS NOT NULL THEN hex({name}) END"),
                (Dialect::Sqlite, false) => format!("CAST({name} AS TEXT)"),
                (Dialect::Mysql, false) => format!("CAST({name} AS CHAR)"),
            };
            let of = quote(db, &table.name);
            let found = all(db, &format!("SELECT {text} FROM {of} ORDER BY {order}")).await;
            values.insert((table.name.clone(), column.name.clone()), found);
        }
    }
    values
}
