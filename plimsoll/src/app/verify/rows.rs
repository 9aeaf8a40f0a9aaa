//! Rows for whatever table, made to see what becomes of them.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbErr, QueryResult, Statement};

use crate::{
    change::Change,
    dialect::Dialect,
    history::{Kind, Revision},
    render::{Render, renderer},
    schema::{Column, Rule, Schema, Table, Type},
    steps::{Step, Steps},
};

/// How many rows a table gets.
const ROWS: usize = 3;

/// The tables that were filled, parents first, and how many rows each got.
#[derive(Clone, Debug, Default)]
pub(super) struct Filled(Vec<(String, usize)>);

impl Filled {
    pub(super) fn rows(&self) -> usize {
        self.0.iter().map(|(_, rows)| rows).sum()
    }

    /// Takes the rows away again, with all that others put beside them.
    pub(super) async fn empty(&mut self, db: &DatabaseConnection) -> Result<(), DbErr> {
        for (table, _) in self.0.drain(..).rev() {
            let table = renderer(db.get_database_backend().into()).quote(&table);
            db.execute_unprepared(&format!("DELETE FROM {table}")).await?;
        }
        Ok(())
    }
}

/// Fills the tables that are empty. Those that take none of the rows are told.
pub(super) async fn fill(
    db: &DatabaseConnection,
    schema: &Schema,
    remarks: &mut Vec<String>,
) -> Result<Filled, DbErr> {
    let dialect = Dialect::from(db.get_database_backend());
    let mut filled = Vec::new();
    let mut open: Vec<&Table> = schema.tables.values().collect();
    while !open.is_empty() {
        // Parents first; in a circle the keys are left empty.
        let is_ready = |table: &&Table| {
            table.foreign_keys.iter().all(|key| {
                key.references == table.name || !open.iter().any(|it| it.name == key.references)
            })
        };
        let at = open.iter().position(is_ready).unwrap_or_default();
        let table = open.remove(at);
        let there = count(db, &table.name).await?;
        if there > 0 {
            filled.push((table.name.clone(), there));
            continue;
        }
        let making = Making { table, schema, open: &open, render: renderer(dialect), dialect };
        let mut refused = None;
        for number in 1..=ROWS {
            if let Err(error) = db.execute_unprepared(&making.insert(number)).await {
                refused = Some(error);
            }
        }
        let rows = count(db, &table.name).await?;
        if let Some(error) = refused.filter(|_| rows == 0) {
            remarks.push(format!("no row could be made for `{}`: {error}", table.name));
        }
        filled.push((table.name.clone(), rows));
    }
    Ok(Filled(filled))
}

async fn rows(db: &DatabaseConnection, sql: String) -> Result<Vec<QueryResult>, DbErr> {
    db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await
}

async fn count(db: &DatabaseConnection, table: &str) -> Result<usize, DbErr> {
    let table = renderer(db.get_database_backend().into()).quote(table);
    let found = rows(db, format!("SELECT count(*) FROM {table}")).await?;
    let count: i64 = found.first().map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok(usize::try_from(count).unwrap_or_default())
}

/// What a row of a table is made from.
struct Making<'m> {
    table: &'m Table,
    schema: &'m Schema,
    /// The tables that have no rows yet.
    open: &'m [&'m Table],
    render: &'static dyn Render,
    dialect: Dialect,
}

impl Making<'_> {
    /// The statement that inserts the row of that number.
    fn insert(&self, number: usize) -> String {
        let said = self.table.columns.iter().filter(|column| self.is_named(column));
        let (names, values): (Vec<String>, Vec<String>) = said
            .map(|column| (self.render.quote(&column.name), self.value(column, number)))
            .unzip();
        let table = self.render.quote(&self.table.name);
        match (names.is_empty(), self.dialect) {
            (false, _) => {
                format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), values.join(", "))
            }
            (true, Dialect::Mysql) => format!("INSERT INTO {table} () VALUES ()"),
            (true, _) => format!("INSERT INTO {table} DEFAULT VALUES"),
        }
    }

    /// Whether the row says a value for it: not for what the database makes, nor for a key to a table that
    /// has no rows yet.
    fn is_named(&self, column: &Column) -> bool {
        let waits = self.table.foreign_keys.iter().any(|key| {
            key.columns.contains(&column.name)
                && (key.references == self.table.name
                    || self.open.iter().any(|other| other.name == key.references))
        });
        column.generated.is_none() && !column.auto_increment && !(waits && column.nullable)
    }

    /// A value that the column takes, another for each number.
    fn value(&self, column: &Column, number: usize) -> String {
        for key in &self.table.foreign_keys {
            let at = key.columns.iter().position(|name| *name == column.name);
            let (Some(at), true) = (at, key.references != self.table.name) else { continue };
            let Some(parent) = self.schema.tables.get(&key.references) else { continue };
            // The row of that number there, whatever its key is.
            let of = self.render.quote(&key.referenced_columns[at]);
            let order: Vec<String> = if parent.primary_key.is_empty() {
                vec![of.clone()]
            } else {
                parent.primary_key.iter().map(|name| self.render.quote(name)).collect()
            };
            return format!(
                "(SELECT {of} FROM {} ORDER BY {} LIMIT 1 OFFSET {})",
                self.render.quote(&key.references),
                order.join(", "),
                number - 1
            );
        }
        for check in &self.table.checks {
            match &check.rule {
                Rule::OneOf { column: of, values } if *of == column.name => {
                    return self.render.text(&values[(number - 1) % values.len().max(1)]);
                }
                Rule::Range { column: of, min, max } if *of == column.name => {
                    let least = min.unwrap_or_else(|| max.unwrap_or_default().min(1));
                    let number = i64::try_from(number).unwrap_or(1);
                    let value = least.saturating_add(number - 1);
                    return value.min(max.unwrap_or(value)).to_string();
                }
                _ => {}
            }
        }
        self.of_type(&column.ty, number)
    }

    fn of_type(&self, ty: &Type, number: usize) -> String {
        match ty {
            Type::Boolean => if number.is_multiple_of(2) { "FALSE" } else { "TRUE" }.to_owned(),
            Type::Enum { values, .. } => values
                .get((number - 1) % values.len().max(1))
                .map_or_else(|| "NULL".to_owned(), |value| self.render.text(value)),
            Type::Binary(_) | Type::VarBinary(_) | Type::Blob => match self.dialect {
                Dialect::Postgres => format!("'\\x0{number}'"),
                Dialect::Sqlite | Dialect::Mysql => format!("x'0{number}'"),
            },
            Type::Uuid => match self.dialect {
                Dialect::Postgres => format!("'00000000-0000-4000-8000-00000000000{number}'"),
                Dialect::Sqlite | Dialect::Mysql => format!("x'{number:032}'"),
            },
            Type::Year => format!("200{number}"),
            Type::Time => format!("'10:00:0{number}'"),
            Type::Date => format!("'2026-11-0{number}'"),
            Type::DateTime => format!("'2026-11-0{number} 10:00:00'"),
            Type::Timestamp => match self.dialect {
                Dialect::Postgres => format!("'2026-11-0{number} 10:00:00+00'"),
                Dialect::Sqlite | Dialect::Mysql => format!("'2026-11-0{number} 10:00:00'"),
            },
            Type::Array(of) if **of == Type::Boolean => "'{t,f}'".to_owned(),
            Type::Array(_) => format!("'{{{number}}}'"),
            Type::Json | Type::JsonBinary | Type::Text | Type::String(_) | Type::Char(_) => {
                format!("'{number}'")
            }
            Type::Custom(name) if name.contains("inet") => format!("'10.0.0.{number}'"),
            Type::Custom(_) | Type::Unsupported(_) => format!("'{number}'"),
            _ => number.to_string(),
        }
    }
}

/// The rows of each table: of each column the values as texts, in the order of the whole row.
#[derive(Debug, Default)]
pub(super) struct Snapshot(BTreeMap<String, (Vec<String>, Vec<Row>)>);

/// The values of a row, in the order of the columns.
type Row = Vec<Option<String>>;

/// What is in the tables of the schema.
pub(super) async fn snapshot(db: &DatabaseConnection, schema: &Schema) -> Result<Snapshot, DbErr> {
    let dialect = Dialect::from(db.get_database_backend());
    let render = renderer(dialect);
    let mut all = BTreeMap::new();
    for table in schema.tables.values() {
        let names: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
        let texts = names.iter().map(|name| {
            let name = render.quote(name);
            match dialect {
                // Bytes of any kind are text in hexadecimal digits.
                Dialect::Sqlite => format!(
                    "CASE typeof({name}) WHEN 'blob' THEN hex({name}) ELSE CAST({name} AS TEXT) END"
                ),
                Dialect::Postgres => format!("{name}::text"),
                Dialect::Mysql => format!("HEX({name})"),
            }
        });
        let sql = format!(
            "SELECT {} FROM {}",
            texts.collect::<Vec<_>>().join(", "),
            render.quote(&table.name)
        );
        let mut values = Vec::new();
        for row in rows(db, sql).await? {
            let each = (0..names.len()).map(|at| row.try_get_by_index::<Option<String>>(at));
            values.push(each.collect::<Result<Vec<_>, _>>()?);
        }
        values.sort();
        all.insert(table.name.clone(), (names, values));
    }
    Ok(Snapshot(all))
}

impl Snapshot {
    /// What of it is not there in `now`, or another, in the columns that are to be kept.
    pub(super) fn differences(
        &self,
        now: &Self,
        is_kept: impl Fn(&str, &str) -> bool,
    ) -> Vec<String> {
        let mut sentences = Vec::new();
        for (table, (columns, rows)) in &self.0 {
            let found = now.0.get(table).map_or(&[][..], |(_, rows)| rows);
            let kept: Vec<usize> =
                (0..columns.len()).filter(|at| is_kept(table, &columns[*at])).collect();
            if kept.is_empty() {
                continue;
            }
            if rows.len() != found.len() {
                sentences.push(format!("`{table}` had {} and has {}", rows.len(), found.len()));
                continue;
            }
            let of = |rows: &[Row], at: usize| {
                let mut values: Vec<Option<String>> =
                    rows.iter().map(|row| row.get(at).cloned().flatten()).collect();
                values.sort();
                values
            };
            let changed: Vec<String> = kept
                .iter()
                .filter(|at| of(rows, **at) != of(found, **at))
                .map(|at| format!("`{}`", columns[*at]))
                .collect();
            if !changed.is_empty() {
                let names = changed.join(", ");
                sentences.push(format!("the values of {names} in `{table}` are others"));
            }
        }
        sentences
    }
}

/// What a migration is to bring back when it is taken back.
pub(super) enum Kept<'k> {
    /// All but what its steps say.
    But(&'k Steps),
    /// All: nobody said anything.
    All,
}

impl<'k> Kept<'k> {
    pub(super) fn of(revision: &'k Revision<'_>) -> Self {
        match &revision.kind {
            Kind::Declared { steps, .. } => Self::But(steps),
            Kind::Imperative(_) => Self::All,
        }
    }

    /// Whether the values of the column are to come back.
    pub(super) fn keeps(&self, table: &str, column: &str) -> bool {
        let Self::But(steps) = self else { return true };
        // A table and a column may have another name in between.
        let (mut table, mut column) = (table.to_owned(), column.to_owned());
        for step in steps.steps() {
            match step {
                Step::Change(Change::RenameTable { from, to }) if *from == table => {
                    table.clone_from(to);
                }
                Step::Change(Change::RenameColumn { table: of, from, to })
                    if *of == table && *from == column =>
                {
                    column.clone_from(to);
                }
                Step::Change(Change::DropTable(dropped)) if dropped.name == table => return false,
                Step::Change(Change::DropColumn { table: of, column: dropped })
                    if *of == table && dropped.name == column =>
                {
                    return false;
                }
                Step::Change(change @ Change::AlterColumn { table: of, from, .. })
                    if *of == table
                        && from.name == column
                        && (change.loses() || change.is_destructive()) =>
                {
                    return false;
                }
                Step::Sql(written) if written.table == table && written.run.is_some() => {
                    return false;
                }
                Step::Update(update) if update.table == table => {
                    let sets = update.run.iter().chain(&update.back).flat_map(|it| &it.set);
                    if sets.clone().any(|(set, _)| *set == column) {
                        return false;
                    }
                }
                Step::Delete(rows) if rows.table == table => return false,
                Step::Code(code) if code.runs() => return false,
                _ => {}
            }
        }
        true
    }
}
