//! Rows as the database has them: written many at a time, found again, read back.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use plimsoll::schema::Table;
use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, TryGetable as _, Value,
    sea_query::{Condition, Expr, ExprTrait as _, InsertStatement, Query, SimpleExpr},
};
use serde_json::Value as Json;

use super::cell;
use crate::{
    Error, Result,
    tables::{column, is_counted},
};

/// The columns of a row, as JSON.
pub(crate) type Fields = BTreeMap<String, Json>;

/// As many values as any database takes in one statement, with room to spare.
const VALUES: usize = 10_000;

/// Adds the rows, and gives their keys in the same order.
///
/// Whoever needs to be sure reads them back by these keys: that rows of one statement are counted one
/// after another is what the databases do, and no promise of SQLite's.
///
/// # Errors
/// [`Error::Invalid`] for a value that is none of its column, [`Error::Database`] for what the database
/// refuses.
pub(crate) async fn insert(
    db: &impl ConnectionTrait,
    table: &Table,
    rows: &[Fields],
) -> Result<Vec<Vec<Json>>> {
    let step = step(db).await?;
    let rows = evened(table, rows);
    let mut keys: Vec<Vec<Json>> = rows.iter().map(|row| key(table, row)).collect();
    for run in alike(&rows) {
        let columns: Vec<&str> = rows[run.start].keys().map(String::as_str).collect();
        let at_once = (VALUES / columns.len().max(1)).max(1);
        let run: Vec<usize> = run.collect();
        for some in run.chunks(at_once) {
            let mut insert = Query::insert();
            insert
                .into_table(table.name.clone())
                .columns(columns.iter().copied().map(str::to_owned));
            for at in some {
                let values = values(table, &columns, &rows[*at])?;
                insert.values_panic(values.into_iter().map(Expr::value));
            }
            if !is_counted(table) {
                db.execute(&insert).await?;
                continue;
            }
            for (at, id) in some.iter().zip(counted(db, table, insert, some.len(), step).await?) {
                keys[*at] = vec![id.into()];
            }
        }
    }
    Ok(keys)
}

/// The key that the row says itself.
fn key(table: &Table, row: &Fields) -> Vec<Json> {
    table.primary_key.iter().map(|name| row.get(name).cloned().unwrap_or(Json::Null)).collect()
}

/// By how much MySQL and MariaDB count on; nodes of a cluster count by their number.
async fn step(db: &impl ConnectionTrait) -> Result<i64> {
    if db.get_database_backend() != DbBackend::MySql {
        return Ok(1);
    }
    let step = Query::select().expr(Expr::cust("@@auto_increment_increment")).take();
    let row = db.query_one(&step).await?.ok_or(DbErr::RecordNotInserted)?;
    let step = u64::try_get_by(&row, 0_usize).map_err(DbErr::from)?;
    Ok(i64::try_from(step).unwrap_or(1))
}

/// Adds as many rows of a table whose key the database counts, and gives their keys in order.
///
/// MySQL and MariaDB tell the first, and count the rows of one `VALUES` on from it, whatever
/// `innodb_autoinc_lock_mode` says (the manual of MySQL on `AUTO_INCREMENT` in `InnoDB`); SQLite tells
/// the last.
async fn counted(
    db: &impl ConnectionTrait,
    table: &Table,
    mut insert: InsertStatement,
    rows: usize,
    step: i64,
) -> Result<Vec<i64>> {
    let backend = db.get_database_backend();
    if backend == DbBackend::Postgres {
        insert.returning_col(table.primary_key[0].clone());
        let rows = db.query_all(&insert).await?;
        let ids = rows.iter().map(|row| i64::try_get_by(row, 0_usize).map_err(DbErr::from));
        return Ok(ids.collect::<Result<_, _>>()?);
    }
    let told = db.execute(&insert).await?.last_insert_id();
    let told = i64::try_from(told).map_err(|_| DbErr::RecordNotInserted)?;
    let rows = i64::try_from(rows).map_err(|_| DbErr::RecordNotInserted)?;
    let first = if backend == DbBackend::Sqlite { told - rows + 1 } else { told };
    Ok((0..rows).map(|at| first + at * step).collect())
}

/// The rows with nothing said where some of them say something, if that is what the column has by
/// itself: the more alike they are, the fewer statements they need.
fn evened(table: &Table, rows: &[Fields]) -> Vec<Fields> {
    let named: BTreeSet<&String> = rows.iter().flat_map(BTreeMap::keys).collect();
    let is_empty = |name: &&&String| {
        let column = column(table, name);
        column.is_some_and(|column| column.nullable && column.default.is_none())
    };
    let empty: Vec<&String> = named.iter().filter(is_empty).copied().collect();
    let even = |row: &Fields| {
        let mut row = row.clone();
        for name in &empty {
            row.entry((*name).clone()).or_insert(Json::Null);
        }
        row
    };
    rows.iter().map(even).collect()
}

/// Rows one behind the other that have the same columns: where they stand. The order stays.
fn alike(rows: &[Fields]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        match runs.last_mut() {
            Some(run) if rows[run.start].keys().eq(row.keys()) => run.end = at + 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
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
