//! Lists that are chosen and sorted by the columns that a caller names.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, IdenStatic as _, ModelTrait as _, Order,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Value,
    sea_query::{ExprTrait as _, SimpleExpr},
};
use serde_json::{Value as Json, json};

use super::{Read, Record, document, key, sound};
use crate::{Error, Result, cell, page::MOST_PER_PAGE, rights::Granted, tables, text::invalid};

/// How the value of a column is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// It is one of these.
    Is,
    /// It is none of these, or empty.
    Not,
    /// It comes before this.
    Below,
    /// It is this or comes before.
    AtMost,
    /// It comes behind this.
    Above,
    /// It is this or comes behind.
    AtLeast,
    /// It is empty, or for `false` it is not.
    Empty,
}

/// What rows must have in a column.
#[derive(Clone, Debug)]
pub struct Filter<C> {
    column: C,
    test: Test,
    values: Vec<Value>,
}

/// By which column rows are sorted. Empty ones come last, in either direction.
#[derive(Clone, Copy, Debug)]
pub struct Sort<C> {
    /// The column.
    pub column: C,
    /// Whether the greatest comes first.
    pub is_descending: bool,
}

/// Which rows, in which order, from where, and how many.
#[derive(Clone, Debug)]
pub struct Query<C> {
    /// What they have; all of it.
    pub filters: Vec<Filter<C>>,
    /// Their order; of equals the oldest comes first.
    pub sort: Vec<Sort<C>>,
    /// Where the page before ended.
    pub from: Option<Place>,
    /// At most so many; [`MOST_PER_PAGE`] are the most.
    pub limit: u64,
}

/// A place in a sorted list. Its text is for handing back, not for reading.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// By what the list is sorted.
    order: String,
    /// What the last row has there, its key at the end.
    at: Vec<Json>,
}

/// Some rows, and where to go on.
#[derive(Clone, Debug)]
pub struct Listed<M> {
    /// The rows.
    pub rows: Vec<M>,
    /// Where the next ones begin; none behind the last.
    pub next: Option<Place>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = json!([self.order, self.at]).to_string();
        f.write_str(&URL_SAFE_NO_PAD.encode(text))
    }
}

impl FromStr for Place {
    type Err = Error;

    /// # Errors
    /// [`Error::Invalid`] for a text that no list gave.
    fn from_str(text: &str) -> Result<Self> {
        let no_list =
            || invalid("cursor", &text.chars().take(80).collect::<String>(), "no list gave it");
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| no_list())?;
        let (order, at) = serde_json::from_slice(&bytes).map_err(|_| no_list())?;
        Ok(Self { order, at })
    }
}

/// What rows must have in a column: `texts` are compared as `test` says, each read as the type of the
/// column has it.
///
/// # Errors
/// [`Error::Invalid`] for a text that is no value of the column, or a moment that not every database
/// keeps.
pub fn filter<E: Record>(
    column: E::Column,
    test: Test,
    texts: &[&str],
) -> Result<Filter<E::Column>> {
    let (table, name) = (tables::of::<E>(), column.as_str());
    let of = tables::column(table, name)
        .ok_or_else(|| Error::not_found("column", format!("{}.{name}", table.name)))?;
    let read = |text: &&str| {
        let value = match test {
            Test::Empty => {
                text.parse::<bool>().map(Value::from).map_err(|_| "it is true or false".to_owned())
            }
            // PostgreSQL can bind none.
            _ if text.contains('\0') => Err("it has a NUL character in it".to_owned()),
            _ => cell::parsed(of, text)
                .and_then(|value| sound::incomparable(table, name, &value).map_or(Ok(value), Err)),
        };
        let short: String = text.chars().take(80).collect();
        value.map_err(|problem| invalid(name, &short, &problem))
    };
    let values = texts.iter().map(read).collect::<Result<Vec<Value>>>()?;
    match (test, values.len()) {
        (_, 0) => Err(invalid(name, "", "there is nothing to compare it with")),
        (Test::Is | Test::Not, _) | (_, 1) => Ok(Filter { column, test, values }),
        _ => Err(invalid(name, &texts.join(","), "it is compared with one value")),
    }
}

/// The rows that `query` describes.
///
/// # Errors
/// [`Error::Invalid`] for a place that a list in another order gave.
pub async fn listed<E: Record>(
    db: &impl ConnectionTrait,
    _by: &Granted<Read<E>>,
    query: &Query<E::Column>,
) -> Result<Listed<E::Model>> {
    chosen::<E>(db, Condition::all(), query).await
}

/// The same, among rows that meet a condition.
pub(crate) async fn chosen<E: Record>(
    db: &impl ConnectionTrait,
    among: Condition,
    query: &Query<E::Column>,
) -> Result<Listed<E::Model>> {
    let limit = query.limit.clamp(1, MOST_PER_PAGE);
    let mut sort = query.sort.clone();
    if sort.iter().all(|by| by.column.as_str() != key::<E>().as_str()) {
        sort.push(Sort { column: key::<E>(), is_descending: false });
    }
    let order = described::<E>(&sort);
    let mut select = E::find().filter(among);
    for filter in &query.filters {
        select = select.filter(filter.expression());
    }
    if let Some(place) = &query.from {
        select = select.filter(behind::<E>(&sort, &order, place)?);
    }
    for by in &sort {
        let column = by.column;
        if is_nullable::<E>(column) {
            select = select.order_by(column.is_null(), Order::Asc);
        }
        select = select.order_by(column, if by.is_descending { Order::Desc } else { Order::Asc });
    }
    // One more than asked for tells whether there are others.
    let mut rows = select.limit(limit + 1).all(db).await?;
    let mut next = None;
    if rows.len() as u64 > limit {
        rows.pop();
        next = rows.last().map(|last| {
            let at = sort.iter().map(|by| document::json_of(&last.get(by.column))).collect();
            Place { order, at }
        });
    }
    Ok(Listed { rows, next })
}

impl<C: ColumnTrait> Filter<C> {
    fn expression(&self) -> SimpleExpr {
        let (column, values) = (self.column, self.values.iter().cloned());
        let value = || self.values[0].clone();
        match self.test {
            Test::Is => column.is_in(values),
            Test::Not => column.is_not_in(values).or(column.is_null()),
            Test::Below => column.lt(value()),
            Test::AtMost => column.lte(value()),
            Test::Above => column.gt(value()),
            Test::AtLeast => column.gte(value()),
            Test::Empty if value() == Value::from(true) => column.is_null(),
            Test::Empty => column.is_not_null(),
        }
    }
}

/// The rows behind a place: those that differ first in some column, and come later by it.
fn behind<E: Record>(sort: &[Sort<E::Column>], order: &str, place: &Place) -> Result<Condition> {
    let other = || invalid("cursor", &place.to_string(), "a list in another order gave it");
    if place.order != order || place.at.len() != sort.len() {
        return Err(other());
    }
    let values = sort.iter().zip(&place.at).map(|(by, at)| match at {
        Json::Null if is_nullable::<E>(by.column) => Ok(None),
        _ => document::value::<E>(by.column, at).map(Some).map_err(|_| other()),
    });
    let values = values.collect::<Result<Vec<Option<Value>>>>()?;
    let mut any = Condition::any();
    for (at, (by, value)) in sort.iter().zip(&values).enumerate() {
        // Behind what is empty in this column there is nothing.
        let Some(value) = value else { continue };
        let column = by.column;
        let mut later =
            if by.is_descending { column.lt(value.clone()) } else { column.gt(value.clone()) };
        if is_nullable::<E>(column) {
            later = later.or(column.is_null());
        }
        let mut all = Condition::all().add(later);
        for (same, value) in sort[..at].iter().zip(&values) {
            all = all.add(match value {
                Some(value) => same.column.eq(value.clone()),
                None => same.column.is_null(),
            });
        }
        any = any.add(all);
    }
    Ok(any)
}

/// The order as a cursor has it: `-created_at,id`.
fn described<E: Record>(sort: &[Sort<E::Column>]) -> String {
    let by = |by: &Sort<E::Column>| {
        format!("{}{}", if by.is_descending { "-" } else { "" }, by.column.as_str())
    };
    sort.iter().map(by).collect::<Vec<_>>().join(",")
}

fn is_nullable<E: Record>(column: E::Column) -> bool {
    tables::column(tables::of::<E>(), column.as_str()).is_some_and(|column| column.nullable)
}
