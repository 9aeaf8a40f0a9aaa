//! What a row comes to by itself, without the database and the rows that it refers to.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
};

use plimsoll::schema::{Column, Table};
use sea_orm::Value;
use serde_json::Value as Json;

use super::{
    cell,
    fields::Fields,
    pass,
    people::bare,
    unit::{Cell, Row},
    write::Values,
};
use crate::{
    records::sound,
    tables::{self, TABLES, is_needed},
};

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
    pub(super) own: Vec<u64>,
    /// Whether those stay as they are: the source says all that they are of.
    pub(super) is_own_said: bool,
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
            looked.is_own_said = unique_columns(table)
                .flatten()
                .all(|name| matches!(row.cells.get(&**name), None | Some(Cell::Is(_))));
            *self.seen() = Some(looked);
        }
    }

    /// What it was found to have where nothing may be twice, if it was looked at.
    pub(super) fn own(&self) -> Option<Vec<u64>> {
        self.seen().as_ref().map(|looked| looked.own.clone())
    }

    /// What the row of that table, whose own it is, comes to.
    pub(super) fn take(&self, table: &'static Table, row: &Row) -> Looked {
        let seen = self.seen().take();
        seen.unwrap_or_else(|| Looked::at(table, row))
    }

    fn seen(&self) -> MutexGuard<'_, Option<Looked>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Looked {
    fn at(table: &'static Table, row: &Row) -> Self {
        let mut looked = Self::default();
        let layout = &LAYOUTS[&*table.name];
        let mut needed = layout.needed.iter();
        if let Some(column) = needed.find(|column| !row.cells.contains_key(&*column.name)) {
            looked.is_wrong(&column.name, &Json::Null, "it is missing".to_owned());
            return looked;
        }
        let (mut fields, mut values) = (Vec::new(), Vec::new());
        let mut places = layout.columns.iter().peekable();
        for (name, cell) in &row.cells {
            while places.next_if(|place| *place.column.name < **name).is_some() {}
            let Some(place) = places.next_if(|place| *place.column.name == **name) else {
                looked.is_wrong(name, &Json::Null, "there is no such column".to_owned());
                break;
            };
            let Cell::Is(json) = cell else {
                looked.rest.push(Rest::Later(place.column));
                continue;
            };
            match place.says(table, json) {
                Ok((field, value)) => {
                    fields.push((&*place.column.name, field));
                    values.push((&*place.column.name, value));
                }
                Err(why) => {
                    looked.is_wrong(name, json, why);
                    break;
                }
            }
        }
        Self {
            fields: fields.into_iter().collect(),
            values: values.into_iter().collect(),
            ..looked
        }
    }

    fn is_wrong(&mut self, column: &str, value: &Json, why: String) {
        self.rest.push(Rest::Wrong { column: column.to_owned(), value: value.clone(), why });
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
        let (field, value) = taken(table, column, json)?;
        self.fields.insert(&column.name, field);
        self.values.insert(&column.name, value);
        Ok(())
    }
}

/// A table, for looking at many rows of it.
struct Layout {
    /// In the order of their names.
    columns: Vec<Place>,
    /// Those that no row can be without.
    needed: Vec<&'static Column>,
}

struct Place {
    column: &'static Column,
    /// Whether it refers to a row by a foreign key of its own.
    refers: bool,
}

static LAYOUTS: LazyLock<HashMap<&str, Layout>> =
    LazyLock::new(|| TABLES.iter().map(|table| (&*table.name, Layout::of(table))).collect());

impl Layout {
    fn of(table: &'static Table) -> Self {
        let place = |column| Place { column, refers: referred(table, column).is_some() };
        let mut columns: Vec<Place> = table.columns.iter().map(place).collect();
        columns.sort_by(|one, other| one.column.name.cmp(&other.column.name));
        let needed = table.columns.iter().filter(|column| is_needed(column));
        Self { columns, needed: needed.collect() }
    }
}

impl Place {
    fn says(&self, table: &Table, json: &Json) -> Result<(Json, Value), String> {
        if !json.is_null() && self.refers {
            return Err("it names no row of the source".to_owned());
        }
        taken(table, self.column, json)
    }
}

/// What a column takes of what is said, as a database would give it back, and as it takes it.
///
/// # Errors
/// Why it will not do.
fn taken(table: &Table, column: &Column, json: &Json) -> Result<(Json, Value), String> {
    let value = cell::value(column, json)?;
    match sound::problem_of(table, column, &value) {
        None => Ok((cell::normal(&value, json.clone()), value)),
        Some(problem) => Err(problem),
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
    let own = unique_columns(table).filter_map(|columns| {
        let values: Vec<Own<'_>> = columns.iter().map(value).collect::<Option<_>>()?;
        Some(pass::hash(&(&table.name, columns, values)))
    });
    own.collect()
}

/// The columns of each of its keys.
fn unique_columns(table: &Table) -> impl Iterator<Item = &Vec<String>> {
    table.uniques.iter().map(|unique| &unique.columns).chain([&table.primary_key])
}

/// What a row has in a column of a key.
#[derive(Hash)]
enum Own<'r> {
    Is(Cow<'r, Json>),
    Row(&'r str),
}
