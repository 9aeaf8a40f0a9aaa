//! Rows as the database has them: written many at a time, found again, read back.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll::schema::Table;
use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, TryGetable as _, Value,
    sea_query::{Condition, Expr, ExprTrait as _, Query, SimpleExpr},
};
use serde_json::Value as Json;

use super::cell;
use crate::{
    Error, Result,
    tables::{column, identity, is_counted},
};

/// The columns of a row, as JSON.
pub(crate) type Fields = BTreeMap<String, Json>;

/// As many values as any database takes in one statement, with room to spare.
const VALUES: usize = 10_000;

/// Adds the rows, and gives their keys in the same order.
///
/// # Errors
/// [`Error::Invalid`] for a value that is none of its column, [`Error::Database`] for what the database
/// refuses.
pub(crate) async fn insert(
    db: &impl ConnectionTrait,
    table: &Table,
    rows: &[Fields],
) -> Result<Vec<Vec<Json>>> {
    if is_counted(table) && identity(table).is_none() {
        return one_by_one(db, table, rows).await;
    }
    for (columns, alike) in alike(rows) {
        let at_once = (VALUES / columns.len().max(1)).max(1);
        for some in alike.chunks(at_once) {
            let mut insert = Query::insert();
            insert
                .into_table(table.name.clone())
                .columns(columns.iter().copied().map(str::to_owned));
            for row in some {
                insert.values_panic(values(table, &columns, row)?.into_iter().map(Expr::value));
            }
            db.execute(&insert).await?;
        }
    }
    keys(db, table, rows).await
}

/// Rows that nothing but their key tells apart.
async fn one_by_one(
    db: &impl ConnectionTrait,
    table: &Table,
    rows: &[Fields],
) -> Result<Vec<Vec<Json>>> {
    let mut keys = Vec::with_capacity(rows.len());
    for row in rows {
        let columns: Vec<&str> = row.keys().map(String::as_str).collect();
        let mut insert = Query::insert();
        insert.into_table(table.name.clone()).columns(columns.iter().copied().map(str::to_owned));
        insert.values_panic(values(table, &columns, row)?.into_iter().map(Expr::value));
        let id = if db.get_database_backend() == DbBackend::Postgres {
            insert.returning_col(table.primary_key[0].clone());
            let row = db.query_one(&insert).await?.ok_or_else(|| DbErr::RecordNotInserted)?;
            i64::try_get_by(&row, 0_usize).map_err(DbErr::from)?
        } else {
            let id = db.execute(&insert).await?.last_insert_id();
            i64::try_from(id).map_err(|_| DbErr::RecordNotInserted)?
        };
        keys.push(vec![id.into()]);
    }
    Ok(keys)
}

/// The rows by the columns that they have.
fn alike(rows: &[Fields]) -> BTreeMap<Vec<&str>, Vec<&Fields>> {
    let mut alike: BTreeMap<Vec<&str>, Vec<&Fields>> = BTreeMap::new();
    for row in rows {
        alike.entry(row.keys().map(String::as_str).collect()).or_default().push(row);
    }
    alike
}

fn values(table: &Table, columns: &[&str], row: &Fields) -> Result<Vec<Value>> {
    columns.iter().map(|name| value(table, name, &row[*name])).collect()
}

/// The value of a column.
///
/// # Errors
/// [`Error::NotFound`] if the table has no such column, [`Error::Invalid`] if it is none of it.
pub(crate) fn value(table: &Table, name: &str, json: &Json) -> Result<Value> {
    let column = column(table, name)
        .ok_or_else(|| Error::not_found("column", format!("{}.{name}", table.name)))?;
    cell::value(column, json).map_err(|problem| Error::Invalid {
        kind: "value",
        input: format!("{}.{name}", table.name),
        problem,
    })
}

/// The keys of rows that have just been added, in the order of the rows.
async fn keys(db: &impl ConnectionTrait, table: &Table, rows: &[Fields]) -> Result<Vec<Vec<Json>>> {
    let of = |row: &Fields, columns: &[String]| -> Vec<Json> {
        columns.iter().map(|name| row.get(name).cloned().unwrap_or(Json::Null)).collect()
    };
    if !is_counted(table) {
        return Ok(rows.iter().map(|row| of(row, &table.primary_key)).collect());
    }
    let identity = identity(table).expect("rows that nothing tells apart were added one by one");
    let names: Vec<String> = table.primary_key.iter().chain(identity).cloned().collect();
    let mut found = BTreeMap::new();
    let first: BTreeSet<String> = rows.iter().map(|row| row[&identity[0]].to_string()).collect();
    let first: Vec<Json> =
        first.iter().filter_map(|text| serde_json::from_str(text).ok()).collect();
    for some in first.chunks(1_000) {
        let among = some.iter().map(|json| value(table, &identity[0], json));
        let among = among.collect::<Result<Vec<Value>>>()?;
        let which = Expr::col(identity[0].clone()).is_in(among);
        for row in select(db, table, &names, which).await? {
            found.insert(key_text(&of(&row, identity)), of(&row, &table.primary_key));
        }
    }
    let missing = || Error::not_found("row that was added", table.name.clone());
    let key = |row: &Fields| {
        let own = identity.iter().map(|name| {
            let column = column(table, name).expect("a unique key has columns");
            cell::normal(column, &row[name]).unwrap_or(Json::Null)
        });
        found.get(&key_text(&own.collect::<Vec<_>>())).cloned().ok_or_else(missing)
    };
    rows.iter().map(key).collect()
}

/// A key, or what identifies a row, as [`read_back`] and the like have it.
pub(crate) fn key_text(values: &[Json]) -> String {
    Json::from(values.to_vec()).to_string()
}

/// Those columns of the rows that meet the condition.
pub(crate) async fn select(
    db: &impl ConnectionTrait,
    table: &Table,
    columns: &[String],
    which: SimpleExpr,
) -> Result<Vec<Fields>> {
    let mut query = Query::select();
    query.from(table.name.clone()).and_where(which);
    for name in columns {
        query.column(name.clone());
    }
    fields(table, columns, &db.query_all(&query).await?)
}

/// Rows that a database gave, as JSON.
pub(crate) fn fields(
    table: &Table,
    columns: &[String],
    rows: &[sea_orm::QueryResult],
) -> Result<Vec<Fields>> {
    let mut read = Vec::with_capacity(rows.len());
    for row in rows {
        let mut fields = Fields::new();
        for (at, name) in columns.iter().enumerate() {
            let column = column(table, name).expect("the columns are the table's");
            fields.insert(name.clone(), cell::read(row, at, column)?);
        }
        read.push(fields);
    }
    Ok(read)
}

/// The rows with these keys.
pub(crate) fn with_keys(table: &Table, keys: &[&[Json]]) -> Result<SimpleExpr> {
    if let [name] = &table.primary_key[..] {
        let keys = keys.iter().map(|key| value(table, name, &key[0]));
        return Ok(Expr::col(name.clone()).is_in(keys.collect::<Result<Vec<_>>>()?));
    }
    let mut any = Condition::any();
    for key in keys {
        let mut all = Condition::all();
        for (name, json) in table.primary_key.iter().zip(*key) {
            all = all.add(Expr::col(name.clone()).eq(value(table, name, json)?));
        }
        any = any.add(all);
    }
    Ok(any.into())
}

/// The columns of the key, and these.
pub(crate) fn with_key<'c>(
    table: &'c Table,
    columns: impl IntoIterator<Item = &'c String>,
) -> Vec<String> {
    let others = columns.into_iter().filter(|name| !table.primary_key.contains(name));
    table.primary_key.iter().chain(others).cloned().collect()
}

/// The rows with these keys, read back: all of those columns, by the key as text.
pub(crate) async fn read_back(
    db: &impl ConnectionTrait,
    table: &Table,
    columns: &BTreeSet<String>,
    keys: &[&[Json]],
) -> Result<BTreeMap<String, Fields>> {
    let names = with_key(table, columns);
    let mut found = BTreeMap::new();
    for some in keys.chunks(1_000) {
        for row in select(db, table, &names, with_keys(table, some)?).await? {
            let key: Vec<Json> = table.primary_key.iter().map(|name| row[name].clone()).collect();
            found.insert(key_text(&key), row);
        }
    }
    Ok(found)
}

/// Changes columns of the row with that key.
pub(crate) async fn update(
    db: &impl ConnectionTrait,
    table: &Table,
    key: &[Json],
    fields: &Fields,
) -> Result<u64> {
    let mut update = Query::update();
    update.table(table.name.clone()).and_where(with_keys(table, &[key])?);
    for (name, json) in fields {
        update.value(name.clone(), value(table, name, json)?);
    }
    Ok(db.execute(&update).await?.rows_affected())
}
