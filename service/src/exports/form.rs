//! A row as a line: what its columns hold, and which rows it refers to.

use plimsoll::schema::{Column, Table, Type};
use serde_json::{Map, Value as Json, json};

use super::{
    by_key,
    page::{self, Fields, Names, There},
};
use crate::seal::SEALED;

/// The line of a row.
pub(super) fn line(table: &Table, row: &Fields, names: &Names, there: &There) -> Json {
    let columns: Map<String, Json> = table
        .columns
        .iter()
        .filter(|column| !column.auto_increment)
        .map(|column| (column.name.clone(), value(table, column, row, names, there)))
        .collect();
    json!({"table": table.name, "key": key(&table.name, &page::key(table, row)), "row": columns})
}

/// What a row is called in the file: `devices/17`.
fn key(table: &str, key: &[Json]) -> String {
    let parts = key.iter().map(|part| match part {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    });
    std::iter::once(table.to_owned()).chain(parts).collect::<Vec<_>>().join("/")
}

fn value(table: &Table, column: &Column, row: &Fields, names: &Names, there: &There) -> Json {
    let name = &column.name;
    let value = &row[name];
    if value.is_null() {
        return Json::Null;
    }
    if let Some(to) = table.foreign_keys.iter().find(|key| key.columns == [name.clone()]) {
        return match names.get(&(&*to.references, value.to_string())) {
            Some((by, text)) => json!({"named": [to.references, by, text]}),
            None => json!({"row": key(&to.references, std::slice::from_ref(value))}),
        };
    }
    if SEALED.contains(&(&*table.name, &**name)) {
        let id = table.primary_key.first().and_then(|id| row.get(id));
        return json!({"sealed": value, "row": id});
    }
    let is_there = |of: &by_key::Named, key| there.contains(&(&*of.table.name, key));
    if let Some(named) = by_key::named(table, name, row)
        && let Some(form) = named.form(|key| is_there(&named, key))
    {
        return form;
    }
    match column.ty {
        Type::Json | Type::JsonBinary => json!({"is": value}),
        _ => value.clone(),
    }
}
