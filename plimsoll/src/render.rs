//! Steps turned into the statements of one database.

use crate::{
    change::Change,
    dialect::{Dialect, mysql, postgres, sqlite},
    schema::{Schema, Table},
    steps::{Rows, Step, Steps},
};

pub use crate::dialect::render::{Effect, Statement, Unrenderable};
pub(crate) use crate::dialect::{read::Read, render::Render};

/// Rows that go into one INSERT or DELETE.
const ROWS_PER_STATEMENT: usize = 500;

/// The statements of `steps` for `dialect`, in order.
///
/// `before` is the schema that the steps begin with, as far as it is known: it tells which columns
/// the database counts up.
///
/// # Errors
/// What the database has no form for.
pub fn statements(
    dialect: Dialect,
    steps: &Steps,
    before: &Schema,
) -> Result<Vec<Statement>, Unrenderable> {
    Ok(of_each_step(dialect, steps, before)?.into_iter().flatten().collect())
}

/// As [`statements`], those of each step by themselves.
pub(crate) fn of_each_step(
    dialect: Dialect,
    steps: &Steps,
    before: &Schema,
) -> Result<Vec<Vec<Statement>>, Unrenderable> {
    let render = renderer(dialect);
    let mut schema = before.clone();
    let of_step = |step: &Step| {
        Ok(match step {
            Step::Change(change) => {
                if dialect == Dialect::Postgres {
                    enums_are_there(render, change, &schema)?;
                }
                let statements = render.change(change)?;
                // What the fold does not allow, the runner has refused before.
                let _ = change.apply(&mut schema);
                statements
            }
            Step::Insert(rows) => insert(render, rows, schema.tables.get(&rows.table)),
            Step::Delete(rows) => delete(render, rows),
        })
    };
    steps.steps().iter().map(of_step).collect()
}

/// An enumeration that no step has created the server would refuse in the middle.
fn enums_are_there(
    render: &dyn Render,
    change: &Change,
    schema: &Schema,
) -> Result<(), Unrenderable> {
    let columns = match change {
        Change::CreateTable(table) => &*table.columns,
        Change::AddColumn { column, .. } => std::slice::from_ref(column),
        Change::AlterColumn { to, .. } => std::slice::from_ref(&**to),
        _ => return Ok(()),
    };
    let named = columns.iter().filter_map(|column| column.ty.named_enum());
    match named.map(|(name, _)| name).find(|name| !schema.enums.contains_key(*name)) {
        Some(name) => Err(Unrenderable::new(
            format!("the native enumeration `{name}`, which no `create_enum` before it creates,"),
            render.dialect(),
        )),
        None => Ok(()),
    }
}

/// The statements of one change for `dialect`, in order.
///
/// # Errors
/// What the database has no form for, or can only do by building a table anew.
pub fn statements_of(dialect: Dialect, change: &Change) -> Result<Vec<Statement>, Unrenderable> {
    renderer(dialect).change(change)
}

/// What `dialect` writes where the three differ.
pub(crate) fn renderer(dialect: Dialect) -> &'static dyn Render {
    match dialect {
        Dialect::Sqlite => &sqlite::render::Sqlite,
        Dialect::Postgres => &postgres::render::Postgres,
        Dialect::Mysql => &mysql::render::Mysql,
    }
}

/// What reads the catalog of `dialect`.
pub(crate) fn reader(dialect: Dialect) -> &'static dyn Read {
    match dialect {
        Dialect::Sqlite => &sqlite::render::Sqlite,
        Dialect::Postgres => &postgres::render::Postgres,
        Dialect::Mysql => &mysql::render::Mysql,
    }
}

fn insert(render: &dyn Render, rows: &Rows, table: Option<&Table>) -> Vec<Statement> {
    let row_statement = |sql| Statement { sql, table: rows.table.clone(), effect: Effect::Rows };
    let mut statements: Vec<Statement> = rows
        .rows
        .chunks(ROWS_PER_STATEMENT)
        .map(|chunk| {
            let values: Vec<String> = chunk
                .iter()
                .map(|row| {
                    let cells: Vec<String> = row.iter().map(|cell| render.literal(cell)).collect();
                    format!("({})", cells.join(", "))
                })
                .collect();
            row_statement(format!(
                "INSERT INTO {} ({}) VALUES {}",
                render.quote(&rows.table),
                render.quoted(&rows.columns),
                values.join(", ")
            ))
        })
        .collect();
    // PostgreSQL alone does not count on from a key that was given.
    let counted = table.and_then(|table| {
        table.columns.iter().find(|it| it.auto_increment && rows.columns.contains(&it.name))
    });
    if let (Dialect::Postgres, Some(column)) = (render.dialect(), counted) {
        statements.push(row_statement(postgres::render::count_on(&rows.table, &column.name)));
    }
    statements
}

fn delete(render: &dyn Render, rows: &Rows) -> Vec<Statement> {
    let key = rows.columns.first().map(|key| render.quote(key)).unwrap_or_default();
    rows.rows
        .chunks(ROWS_PER_STATEMENT)
        .map(|chunk| {
            let keys: Vec<String> = chunk
                .iter()
                .filter_map(|row| row.first())
                .map(|value| render.literal(value))
                .collect();
            Statement {
                sql: format!(
                    "DELETE FROM {} WHERE {key} IN ({})",
                    render.quote(&rows.table),
                    keys.join(", ")
                ),
                table: rows.table.clone(),
                effect: Effect::Rows,
            }
        })
        .collect()
}
