//! Rows as statements.

use crate::{
    dialect::{
        Dialect, postgres,
        render::{Effect, Render, Statement},
    },
    schema::{Sql, Table},
    steps::{Rows, Written},
};

/// Rows that go into one INSERT or DELETE.
const ROWS_PER_STATEMENT: usize = 500;

/// The statements that insert rows into `table`, as far as it is known.
pub(crate) fn insert(render: &dyn Render, rows: &Rows, table: Option<&Table>) -> Vec<Statement> {
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

/// The statements that delete rows, known by their first column.
pub(crate) fn delete(render: &dyn Render, rows: &Rows) -> Vec<Statement> {
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

/// What somebody wrote for this database.
pub(crate) fn written(render: &dyn Render, written: &Written) -> Vec<Statement> {
    let statement = |sql: &Sql| Statement {
        sql: sql.text(render.dialect()).trim_end().trim_end_matches(';').to_owned(),
        table: written.table.clone(),
        effect: Effect::Rows,
    };
    written.run.iter().map(statement).collect()
}
