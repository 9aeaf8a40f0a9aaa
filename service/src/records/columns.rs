//! The columns of a table that callers may see, write or compare: named, never all there are.

use plimsoll::schema::{Column, Rule, Table, Type};
use sea_orm::IdenStatic as _;
use serde_json::{Map, Value as Json, json};

use super::{OWN, Record, is_secret, named};
use crate::{Error, Result, tables};

/// Some columns of a table. What holds a secret, sealed or as a hash, is never among them.
#[derive(Clone, Debug)]
pub struct Columns<E: Record>(Vec<E::Column>);

impl<E: Record> Columns<E> {
    /// Those with these names.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a name that the table has no such column for, or that holds a secret.
    pub fn named(names: &[&str]) -> Result<Self> {
        let table = tables::of::<E>();
        let column = |name: &&str| {
            let column = named::<E>(name).filter(|_| !is_secret(&table.name, name));
            column.ok_or_else(|| Error::not_found("column", format!("{}.{name}", table.name)))
        };
        names.iter().map(column).collect::<Result<_>>().map(Self)
    }

    /// Those with these names that callers may write.
    ///
    /// # Errors
    /// Those of [`Columns::named`], also for what only rules write.
    pub fn writable(names: &[&str]) -> Result<Self> {
        let columns = Self::named(names)?;
        for column in &columns.0 {
            let name = column.as_str();
            let is_guarded = OWN.contains(&name) || E::GUARDED.iter().any(|it| it.as_str() == name);
            if is_guarded {
                let name = format!("{}.{name}", tables::of::<E>().name);
                return Err(Error::not_found("writable column", name));
            }
        }
        Ok(columns)
    }

    /// The column with that name, if it is among them.
    pub fn get(&self, name: &str) -> Option<E::Column> {
        self.0.iter().find(|column| column.as_str() == name).copied()
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(sea_orm::IdenStatic::as_str)
    }

    /// Each of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = E::Column> {
        self.0.iter().copied()
    }

    /// What each of them holds, as JSON Schema (2020-12) has it, by name.
    pub fn schemas(&self) -> Map<String, Json> {
        let table = tables::of::<E>();
        let schema = |name: &'static str| {
            let column = tables::column(table, name)?;
            Some((name.to_owned(), schema(table, column)))
        };
        self.names().filter_map(schema).collect()
    }

    /// The names of those that a new row cannot be without.
    pub fn needed(&self) -> Vec<&'static str> {
        let table = tables::of::<E>();
        let is_needed = |name: &&str| {
            tables::column(table, name)
                .is_some_and(|column| !column.nullable && column.default.is_none())
        };
        self.names().filter(is_needed).collect()
    }
}

fn schema(table: &Table, column: &Column) -> Json {
    let (kind, mut schema) = match &column.ty {
        Type::Boolean => ("boolean", json!({})),
        Type::SmallInteger | Type::Integer => ("integer", json!({"format": "int32"})),
        Type::BigInteger => ("integer", json!({"format": "int64"})),
        Type::Float | Type::Double => ("number", json!({"format": "double"})),
        Type::String(Some(longest)) => ("string", json!({"maxLength": longest})),
        Type::Date => ("string", json!({"format": "date"})),
        Type::Time => ("string", json!({"description": "A time of day, HH:MM:SS."})),
        Type::Timestamp => ("string", json!({"format": "date-time"})),
        // Any document; `null` is none, as whatever is emptied.
        Type::Json | Type::JsonBinary if column.nullable => return json!({}),
        Type::Json | Type::JsonBinary => {
            return json!({"type": ["object", "array", "string", "number", "boolean"]});
        }
        _ => ("string", json!({})),
    };
    schema["type"] = if column.nullable { json!([kind, "null"]) } else { json!(kind) };
    for check in &table.checks {
        match &check.rule {
            Rule::OneOf { column: of, values } if *of == column.name => {
                let null = column.nullable.then_some(Json::Null);
                schema["enum"] = values.iter().map(|it| json!(it)).chain(null).collect();
            }
            Rule::Range { column: of, min, max } if *of == column.name => {
                if let Some(min) = min {
                    schema["minimum"] = json!(min);
                }
                if let Some(max) = max {
                    schema["maximum"] = json!(max);
                }
            }
            _ => {}
        }
    }
    schema
}
