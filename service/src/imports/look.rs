//! What a row comes to by itself, without the database and the rows that it refers to.

use std::{
    borrow::Cow,
    sync::{Mutex, PoisonError},
};

use plimsoll::schema::{Column, Table};
use serde_json::Value as Json;

use super::{
    cell, pass,
    people::bare,
    unit::{Cell, Row},
    write::{Fields, Values},
};
use crate::{records::sound, tables};

/// What was seen of a row, until somebody takes it; whoever wants it once more has it made again.
#[derive(Debug, Default)]
pub struct Look(Mutex<Option<Looked>>);

impl Clone for Look {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// A row as far as it is known by itself.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// The columns whose values the source says, as the database would give them back.
    pub(super) fields: Fields,
    /// The same as the database takes them.
    pub(super) values: Values,
    /// What is left, in the order of the columns.
    pub(super) rest: Vec<Rest>,
    /// What it has where nothing may be twice, as hashes.
    own: Vec<u64>,
}

/// What the values that a source says do not settle.
#[derive(Debug)]
pub(super) enum Rest {
    /// The column gets what another row has as its key, or a secret.
    Later(&'static Column),
    /// The row does not come in.
    Wrong {
        /// The column, as the source has it.
        column: String,
        value: Json,
        why: String,
    },
}

impl Look {
    /// Looks at the row, whose own it is, before that is needed.
    pub(super) fn prepare(&self, row: &Row) {
        if let Ok(table) = tables::named(&row.table) {
            let mut looked = Looked::at(table, row);
            looked.own = unique_keys(table, row, &looked.fields);
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(looked);
        }
    }

    /// What it was found to have where nothing may be twice.
    pub(super) fn own(&self) -> Vec<u64> {
        let looked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        looked.as_ref().map(|looked| looked.own.clone()).unwrap_or_default()
    }

    /// What the row of that table, whose own it is, comes to.
    pub(super) fn take(&self, table: &'static Table, row: &Row) -> Looked {
        let made = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        made.unwrap_or_else(|| Looked::at(table, row))
    }
}

impl Looked {
    fn at(table: &'static Table, row: &Row) -> Self {
        let mut looked = Self::default();
        if let Some(column) = missing(table, row) {
            looked.is_wrong(&column.name, &Json::Null, "it is missing".to_owned());
            return looked;
        }
        for (name, cell) in &row.cells {
            let Some(column) = tables::column(table, name) else {
                looked.is_wrong(name, &Json::Null, "there is no such column".to_owned());
                break;
            };
            let Cell::Is(json) = cell else {
                looked.rest.push(Rest::Later(column));
                continue;
            };
            if let Err(why) = looked.says(table, column, json) {
                looked.is_wrong(name, json, why);
                break;
            }
        }
        looked
    }

    fn is_wrong(&mut self, column: &str, value: &Json, why: String) {
        self.rest.push(Rest::Wrong { column: column.to_owned(), value: value.clone(), why });
    }

    fn says(&mut self, table: &Table, column: &'static Column, json: &Json) -> Result<(), String> {
        if !json.is_null() && referred(table, column).is_some() {
            return Err("it names no row of the source".to_owned());
        }
        self.is(table, column, json)
    }

    /// Gives the column that value.
    ///
    /// # Errors
    /// Why it will not do.
    pub(super) fn is(
        &mut self,
        table: &Table,
        column: &'static Column,
        json: &Json,
    ) -> Result<(), String> {
        let value = cell::value(column, json)?;
        if let Some(problem) = sound::problem_of(table, column, &value) {
            return Err(problem);
        }
        self.fields.insert(&column.name, cell::normal(&value, json.clone()));
        self.values.insert(&column.name, value);
        Ok(())
    }
}

/// The table that a column refers to by a foreign key of its own.
pub(super) fn referred<'t>(table: &'t Table, column: &Column) -> Option<&'t str> {
    let key = table.foreign_keys.iter().find(|key| key.columns == [column.name.as_str()])?;
    Some(&*key.references)
}

/// What a row has where nothing may be twice: a hash for each of its keys.
pub(super) fn unique_keys(table: &Table, row: &Row, fields: &Fields) -> Vec<u64> {
    // What is not known yet is told apart by the row that it refers to.
    let value = |name: &String| match fields.get(&**name) {
        Some(Json::Null) | None => match row.cells.get(&**name) {
            Some(Cell::Row(key) | Cell::Text(_, key)) => Some(Own::Row(key)),
            _ => None,
        },
        Some(value) => Some(Own::Is(bare(value))),
    };
    let uniques = table.uniques.iter().map(|unique| &unique.columns).chain([&table.primary_key]);
    let own = uniques.filter_map(|columns| {
        let values: Vec<Own<'_>> = columns.iter().map(value).collect::<Option<_>>()?;
        Some(pass::hash(&(&table.name, columns, values)))
    });
    own.collect()
}

/// What a row has in a column of a key.
#[derive(Hash)]
enum Own<'r> {
    Is(Cow<'r, Json>),
    Row(&'r str),
}

/// A column that the row does not name and cannot be without.
fn missing<'t>(table: &'t Table, row: &Row) -> Option<&'t Column> {
    table.columns.iter().find(|column| {
        !column.nullable
            && column.default.is_none()
            && !column.auto_increment
            && column.generated.is_none()
            && !row.cells.contains_key(&*column.name)
    })
}
