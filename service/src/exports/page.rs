//! Some rows of a table, and what is to be known of the rows that they name.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll::schema::Table;
use sea_orm::{
    ConnectionTrait, Value,
    sea_query::{Condition, Expr, ExprTrait as _, Order, Query, SelectStatement},
};
use serde_json::Value as Json;

use super::{
    by_key,
    choice::{self, Choice, name_of},
};
use crate::{
    Result, cell,
    tables::{self, column},
};

/// The columns of a row, as JSON.
pub(super) type Fields = BTreeMap<String, Json>;

/// The names of rows that are not exported with these, by their table and key.
pub(super) type Names = BTreeMap<(&'static str, String), (&'static str, String)>;

/// Rows that are there, by their table and key.
pub(super) type There = BTreeSet<(&'static str, i64)>;

/// How many keys are asked for at once.
const KEYS: usize = 500;

/// At most `limit` rows in the order of their keys, from the first or from behind that key.
pub(super) async fn rows(
    db: &impl ConnectionTrait,
    table: &Table,
    after: Option<&[Json]>,
    limit: u64,
) -> Result<Vec<Fields>> {
    let columns: Vec<&str> = table.columns.iter().map(|column| &*column.name).collect();
    let mut query = Query::select();
    query.columns(columns.iter().map(|name| (*name).to_owned())).from(table.name.clone());
    if let Some(key) = after {
        query.cond_where(behind(table, key));
    }
    for name in &table.primary_key {
        query.order_by(name.clone(), Order::Asc);
    }
    query.limit(limit);
    read(db, table, &columns, &query).await
}

/// The key of a row.
pub(super) fn key(table: &Table, row: &Fields) -> Vec<Json> {
    table.primary_key.iter().map(|name| row[name].clone()).collect()
}

/// The names of the rows that these refer to and that are not exported along.
pub(super) async fn names(
    db: &impl ConnectionTrait,
    table: &Table,
    choice: &Choice,
    rows: &[Fields],
) -> Result<Names> {
    let mut names = Names::new();
    for key in table.foreign_keys.iter().filter(|key| !choice.has(&key.references)) {
        let to = tables::named(&key.references)?;
        let Some(name) = name_of(to) else { continue };
        let id = to.primary_key[0].as_str();
        let wanted: BTreeSet<String> = rows
            .iter()
            .map(|row| &row[&key.columns[0]])
            .filter(|key| !key.is_null())
            .map(Json::to_string)
            .collect();
        let wanted: Vec<Json> =
            wanted.iter().filter_map(|text| serde_json::from_str(text).ok()).collect();
        for some in wanted.chunks(KEYS) {
            let among = some.iter().map(|json| value(to, id, json));
            let mut query = Query::select();
            query
                .columns([id.to_owned(), name.to_owned()])
                .from(to.name.clone())
                .and_where(Expr::col(id.to_owned()).is_in(among));
            for row in read(db, to, &[id, name], &query).await? {
                let text = row[name].as_str().unwrap_or_default().to_owned();
                names.insert((&*to.name, row[id].to_string()), (name, text));
            }
        }
    }
    Ok(names)
}

/// Which of the rows are there that these name by their keys without a foreign key.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) when they are of a table that is not exported along.
pub(super) async fn there(
    db: &impl ConnectionTrait,
    table: &Table,
    choice: &Choice,
    rows: &[Fields],
) -> Result<There> {
    let mut wanted = BTreeMap::<&'static str, BTreeSet<i64>>::new();
    for column in &table.columns {
        for named in rows.iter().filter_map(|row| by_key::named(table, &column.name, row)) {
            wanted.entry(&*named.table.name).or_default().extend(named.keys);
        }
    }
    let mut there = There::new();
    for (name, keys) in wanted {
        let to = tables::named(name)?;
        let id = to.primary_key[0].as_str();
        let keys: Vec<i64> = keys.into_iter().collect();
        for some in keys.chunks(KEYS) {
            let mut query = Query::select();
            query
                .column(id.to_owned())
                .from(to.name.clone())
                .and_where(Expr::col(id.to_owned()).is_in(some.iter().copied()));
            let found = read(db, to, &[id], &query).await?;
            if !found.is_empty() && !choice.has(name) {
                return Err(choice::needs(table, to, "which are named by their keys"));
            }
            there.extend(found.iter().filter_map(|row| Some((name, row[id].as_i64()?))));
        }
    }
    Ok(there)
}

async fn read(
    db: &impl ConnectionTrait,
    table: &Table,
    columns: &[&str],
    query: &SelectStatement,
) -> Result<Vec<Fields>> {
    let mut rows = Vec::new();
    for row in db.query_all(query).await? {
        let mut fields = Fields::new();
        for (at, name) in columns.iter().enumerate() {
            let column = column(table, name).expect("the columns are the table's");
            fields.insert((*name).to_owned(), cell::read(&row, at, column)?);
        }
        rows.push(fields);
    }
    Ok(rows)
}

/// The rows whose keys come behind that one.
fn behind(table: &Table, key: &[Json]) -> Condition {
    let mut any = Condition::any();
    for (at, name) in table.primary_key.iter().enumerate() {
        let mut all = Condition::all();
        for (name, json) in table.primary_key.iter().zip(key).take(at) {
            all = all.add(Expr::col(name.clone()).eq(value(table, name, json)));
        }
        any = any.add(all.add(Expr::col(name.clone()).gt(value(table, name, &key[at]))));
    }
    any
}

fn value(table: &Table, name: &str, json: &Json) -> Value {
    let column = column(table, name).expect("the columns are the table's");
    cell::value(column, json).expect("what a database gave is a value of its column")
}
