//! Rows as the database has them: written many at a time, found again, read back.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
    mem,
    ops::Range,
    ptr,
};

use litemap::LiteMap;
use plimsoll::schema::{self, Column, Default, Table, Type};
use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, TryGetable as _, Value,
    sea_query::{Condition, Expr, ExprTrait as _, Query, SimpleExpr},
};
use serde_json::Value as Json;

use super::{
    cell,
    fields::Fields,
    inserts::Inserts,
    pass,
    server::{Server, bytes},
};
use crate::{
    Error, Result,
    tables::{column, is_counted},
};

/// The columns of a row, as the database takes them.
pub(super) type Values = LiteMap<&'static str, Value>;

/// A row on its way in.
pub(super) struct New<'f> {
    pub(super) fields: Cow<'f, Fields>,
    /// The same, until it is in.
    pub(super) values: Values,
}

/// Adds the rows, and gives their keys in the same order, and the columns that some of them name.
///
/// Whoever needs to be sure reads them back by these keys: that rows of one statement are counted one
/// after another is what the databases do, and no promise of SQLite's.
///
/// # Errors
/// [`Error::Invalid`] for a value that is none of its column, [`Error::Database`] for what the database
/// refuses.
pub(super) async fn insert(
    db: &impl ConnectionTrait,
    server: &Server,
    inserts: &Inserts,
    table: &'static Table,
    rows: &mut [New<'_>],
) -> Result<(Vec<Vec<Json>>, BTreeSet<&'static str>)> {
    let mut keys: Vec<Vec<Json>> = rows.iter().map(|row| key(table, &row.fields)).collect();
    let runs = runs(rows);
    let names = runs.iter().flat_map(|run| rows[run.start].fields.keys()).copied().collect();
    let (usual, backend) = (usual(table, &names)?, db.get_database_backend());
    let is_counted = is_counted(table);
    let gives = is_counted && backend == DbBackend::Postgres;
    let gives = gives.then(|| &*table.primary_key[0]);
    for (columns, run) in alike(rows, runs, &usual) {
        let run: Vec<usize> = run.collect();
        let size = |at: &usize| rows[*at].fields.values().map(bytes).sum();
        for some in server.lots(&run, columns.len(), size) {
            let mut values = Vec::with_capacity(some.len() * columns.len());
            for at in some {
                let row = mem::take(&mut rows[*at].values);
                // They say nothing of other columns.
                if row.len() == columns.len() {
                    values.extend(row.into_iter().map(|(_, value)| value));
                } else {
                    values.extend(filled(&columns, row, &usual));
                }
            }
            let insert = inserts.statement(backend, &table.name, &columns, gives, values);
            if !is_counted {
                db.execute_raw(insert).await?;
                continue;
            }
            let ids = counted(db, insert, some.len(), server.step).await?;
            for (at, id) in some.iter().zip(ids) {
                keys[*at] = vec![id.into()];
            }
        }
    }
    Ok((keys, names))
}

/// The key that the row says itself.
fn key(table: &Table, row: &Fields) -> Vec<Json> {
    table.primary_key.iter().map(|name| row.get(&**name).cloned().unwrap_or(Json::Null)).collect()
}

/// Adds as many rows of a table whose key the database counts, and gives their keys in order.
///
/// MySQL and MariaDB tell the first, and count the rows of one `VALUES` on from it, whatever
/// `innodb_autoinc_lock_mode` says (the manual of MySQL on `AUTO_INCREMENT` in `InnoDB`); SQLite tells
/// the last.
async fn counted(
    db: &impl ConnectionTrait,
    insert: Statement,
    rows: usize,
    step: i64,
) -> Result<Vec<i64>> {
    let backend = insert.db_backend;
    if backend == DbBackend::Postgres {
        let rows = db.query_all_raw(insert).await?;
        let ids = rows.iter().map(|row| i64::try_get_by(row, 0_usize).map_err(DbErr::from));
        return Ok(ids.collect::<Result<_, _>>()?);
    }
    let told = db.execute_raw(insert).await?.last_insert_id();
    let told = i64::try_from(told).map_err(|_| DbErr::RecordNotInserted)?;
    let rows = i64::try_from(rows).map_err(|_| DbErr::RecordNotInserted)?;
    let first = if backend == DbBackend::Sqlite { told - rows + 1 } else { told };
    Ok((0..rows).map(|at| first + at * step).collect())
}

/// Where rows stand one behind the other that name the same columns.
fn runs(rows: &[New<'_>]) -> Vec<Range<usize>> {
    // The names are those of the table, mostly in the same place, too, which is faster to see.
    let is_same = |(one, other): (&&str, &&str)| ptr::eq(*one, *other) || one == other;
    let are_alike = |one: &New<'_>, other: &New<'_>| {
        let (one, other) = (&one.fields, &other.fields);
        one.len() == other.len() && one.keys().zip(other.keys()).all(is_same)
    };
    let mut end = 0;
    let run = |run: &[New<'_>]| {
        end += run.len();
        end - run.len()..end
    };
    rows.chunk_by(are_alike).map(run).collect()
}

/// What those columns that some of the rows name have by themselves in the others: the more alike the rows
/// are, the fewer statements they need.
fn usual(table: &Table, names: &BTreeSet<&'static str>) -> Result<Values> {
    let mut usual = Values::new();
    for name in names {
        if let Some(json) = column(table, name).and_then(by_itself) {
            usual.insert(name, value(table, name, &json)?);
        }
    }
    Ok(usual)
}

/// What a column has when nothing is said, if that is the same in every row.
fn by_itself(column: &Column) -> Option<Json> {
    match &column.default {
        None if column.nullable => Some(Json::Null),
        Some(Default::Value(schema::Value::Bool(value))) => Some((*value).into()),
        Some(Default::Value(schema::Value::Int(value))) => Some((*value).into()),
        // The default of a document is its text.
        Some(Default::Value(schema::Value::Text(value)))
            if !matches!(column.ty, Type::Json | Type::JsonBinary) =>
        {
            Some(value.clone().into())
        }
        _ => None,
    }
}

/// Rows one behind the other that get the same columns: those columns, and where the rows stand. The
/// order stays.
fn alike(
    rows: &[New<'_>],
    runs: Vec<Range<usize>>,
    usual: &Values,
) -> Vec<(Vec<&'static str>, Range<usize>)> {
    let mut alike: Vec<(Vec<&'static str>, Range<usize>)> = Vec::new();
    for run in runs {
        let columns = rows[run.start].fields.keys().chain(usual.keys()).copied();
        let columns: BTreeSet<&'static str> = columns.collect();
        match alike.last_mut() {
            Some((of, before)) if of.iter().eq(&columns) => before.end = run.end,
            _ => alike.push((columns.into_iter().collect(), run)),
        }
    }
    alike
}

/// What a row has in each of these columns, which are in the order of their names.
fn filled<'c>(
    columns: &'c [&'static str],
    row: Values,
    usual: &'c Values,
) -> impl Iterator<Item = Value> + 'c {
    let mut said = row.into_iter().peekable();
    columns.iter().map(move |name| match said.next_if(|(of, _)| of == name) {
        Some((_, value)) => value,
        None => usual[name].clone(),
    })
}

/// The value of a column.
///
/// # Errors
/// [`Error::NotFound`] if the table has no such column, [`Error::Invalid`] if it is none of it.
pub(crate) fn value(table: &Table, name: &str, json: &Json) -> Result<Value> {
    value_of(table, known(table, name)?, json)
}

fn value_of(table: &Table, column: &Column, json: &Json) -> Result<Value> {
    cell::value(column, json).map_err(|problem| Error::Invalid {
        kind: "value",
        input: format!("{}.{}", table.name, column.name),
        problem,
    })
}

fn known<'t>(table: &'t Table, name: &str) -> Result<&'t Column> {
    column(table, name).ok_or_else(|| Error::not_found("column", format!("{}.{name}", table.name)))
}

/// A key, or what identifies a row, as [`read_back`] and the like have it.
pub(crate) fn key_text<'v>(values: impl IntoIterator<Item = &'v Json>) -> String {
    let values: Vec<&Json> = values.into_iter().collect();
    serde_json::to_string(&values).expect("documents are JSON")
}

/// Those columns of the rows that meet the condition.
pub(crate) async fn select(
    db: &impl ConnectionTrait,
    table: &Table,
    columns: &[&'static str],
    which: SimpleExpr,
) -> Result<Vec<Fields>> {
    fields(table, columns, &rows(db, table, columns, which).await?)
}

async fn rows(
    db: &impl ConnectionTrait,
    table: &Table,
    columns: &[&'static str],
    which: SimpleExpr,
) -> Result<Vec<QueryResult>> {
    let query = Query::select()
        .columns(columns.iter().copied())
        .from(table.name.clone())
        .and_where(which)
        .take();
    Ok(db.query_all(&query).await?)
}

/// Rows that a database gave, as JSON.
pub(crate) fn fields(
    table: &Table,
    columns: &[&'static str],
    rows: &[QueryResult],
) -> Result<Vec<Fields>> {
    let lists = lists(table, columns, rows)?.into_iter();
    Ok(lists.map(|list| columns.iter().copied().zip(list).collect()).collect())
}

/// The same, in the order of the columns.
fn lists(table: &Table, columns: &[&'static str], rows: &[QueryResult]) -> Result<Vec<Vec<Json>>> {
    let of = columns.iter().map(|name| known(table, name)).collect::<Result<Vec<_>>>()?;
    let list = |row: &QueryResult| {
        let cells = of.iter().enumerate().map(|(at, column)| cell::read(row, at, column));
        Ok(cells.collect::<Result<Vec<_>, _>>()?)
    };
    rows.iter().map(list).collect()
}

/// The rows with these keys.
pub(crate) fn with_keys(table: &Table, keys: &[&[Json]]) -> Result<SimpleExpr> {
    if table.primary_key.len() == 1 {
        return near_keys(table, keys);
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

/// The rows with these keys, and where a key has several columns, perhaps others that have something of
/// one key and something of another. A database looks them up in an index without a plan for each.
fn near_keys(table: &Table, keys: &[&[Json]]) -> Result<SimpleExpr> {
    let mut all = Condition::all();
    for (at, name) in table.primary_key.iter().enumerate() {
        let column = known(table, name)?;
        let among = keys.iter().map(|key| value_of(table, column, &key[at]));
        all = all.add(among_these(name, among.collect::<Result<_>>()?));
    }
    Ok(all.into())
}

/// That the column has one of these values; how often they are given makes no difference.
pub(super) fn among_these(name: &str, mut values: Vec<Value>) -> SimpleExpr {
    // Those that are the same mostly stand together.
    values.dedup();
    Expr::col(name.to_owned()).is_in(values)
}

/// The columns of the key, and these.
pub(crate) fn with_key(
    table: &'static Table,
    columns: impl IntoIterator<Item = &'static str>,
) -> Vec<&'static str> {
    let is_other = |name: &&str| !table.primary_key.iter().any(|of| of == name);
    let others = columns.into_iter().filter(is_other);
    table.primary_key.iter().map(|name| &**name).chain(others).collect()
}

/// The rows with these keys, read back: all of those columns, by the key as text.
pub(crate) async fn read_back(
    db: &impl ConnectionTrait,
    table: &'static Table,
    columns: &BTreeSet<&'static str>,
    keys: &[&[Json]],
) -> Result<HashMap<String, Fields>> {
    let Back { names, rows } = unread(db, table, columns, keys).await?.read()?;
    let key = |row: &[Json]| key_text(&row[..table.primary_key.len()]);
    let named = |row: Vec<Json>| (key(&row), names.iter().copied().zip(row).collect());
    Ok(rows.into_values().map(named).collect())
}

/// Rows with what they have in some columns, without the names at each.
pub(super) struct Back {
    names: Vec<&'static str>,
    /// By hashes of their keys, which are the first that they have.
    rows: HashMap<u64, Vec<Json>>,
}

impl Back {
    /// The row with that key.
    pub(super) fn row(&self, key: &[Json]) -> Option<BackRow<'_>> {
        let values = self.rows.get(&pass::hash(key)).filter(|row| row.starts_with(key))?;
        Some(BackRow { names: &self.names, values })
    }
}

/// One of them.
#[derive(Clone, Copy)]
pub(super) struct BackRow<'b> {
    names: &'b [&'static str],
    values: &'b [Json],
}

impl<'b> BackRow<'b> {
    /// What it has in a column that was read.
    pub(super) fn get(&self, name: &str) -> Option<&'b Json> {
        self.values.get(self.names.iter().position(|of| *of == name)?)
    }
}

/// Rows that a database gave back, and that nobody has looked at.
pub(super) struct Unread {
    table: &'static Table,
    names: Vec<&'static str>,
    rows: Vec<QueryResult>,
}

impl Unread {
    /// What they have.
    pub(super) fn read(self) -> Result<Back> {
        let Self { table, names, rows } = self;
        let lists = lists(table, &names, &rows)?.into_iter();
        let rows = lists.map(|row| (pass::hash(&row[..table.primary_key.len()]), row)).collect();
        Ok(Back { names, rows })
    }
}

/// As [`read_back`], to be looked at later.
pub(super) async fn unread(
    db: &impl ConnectionTrait,
    table: &'static Table,
    columns: &BTreeSet<&'static str>,
    keys: &[&[Json]],
) -> Result<Unread> {
    let (names, mut found) = (with_key(table, columns.iter().copied()), Vec::new());
    for some in keys.chunks(1_000) {
        found.append(&mut rows(db, table, &names, near_keys(table, some)?).await?);
    }
    Ok(Unread { table, names, rows: found })
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
        update.value(*name, value(table, name, json)?);
    }
    Ok(db.execute(&update).await?.rows_affected())
}
