//! Rows as statements.

use crate::{
    dialect::{
        Dialect, postgres,
        render::{Batched, Effect, Render, Statement, Unrenderable},
    },
    schema::{Sql, Table, Type},
    steps::{Assignment, Batches, Code, Condition, Rows, Source, Update, Written},
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

/// What stands for code in a script.
pub(crate) fn code(code: &Code) -> Option<Statement> {
    code.runs().then(|| Statement {
        sql: format!(
            "-- what the code `{}` does, no script can show",
            code.name.replace('\n', " ")
        ),
        table: String::new(),
        effect: Effect::Code { name: code.name.clone(), is_back: code.is_back },
    })
}

/// What gives rows of `table`, as far as it is known, other values.
pub(crate) fn update(
    render: &dyn Render,
    update: &Update,
    table: Option<&Table>,
) -> Result<Option<Statement>, Unrenderable> {
    let Some(run) = &update.run else { return Ok(None) };
    let of = render.quote(&update.table);
    let set: Vec<String> = run
        .set
        .iter()
        .map(|(column, source)| {
            let value = value(render, table, column, source)?;
            Ok(format!("{} = {value}", render.quote(column)))
        })
        .collect::<Result<_, Unrenderable>>()?;
    let head = format!("UPDATE {of} SET {}", set.join(", "));
    let condition = condition(render, run);
    let sql = match &condition {
        Some(condition) => format!("{head} WHERE {condition}"),
        None => head.clone(),
    };
    let effect = match &update.batches {
        None => Effect::Rows,
        Some(batches) => {
            let (of, literal) = (of, literal(render, batches, table)?);
            Effect::Batches(Box::new(Batched {
                head,
                condition,
                of,
                key: render.quote(&batches.key),
                literal,
                rows: batches.rows,
                position: None,
            }))
        }
    };
    Ok(Some(Statement { sql, table: update.table.clone(), effect }))
}

fn value(
    render: &dyn Render,
    table: Option<&Table>,
    column: &str,
    source: &Source,
) -> Result<String, Unrenderable> {
    Ok(match source {
        Source::Value(value) => render.literal(value),
        Source::Column(column) => render.quote(column),
        Source::Sql(sql) => sql.text(render.dialect()).to_owned(),
        Source::Now => {
            // What nobody knows is a moment.
            let ty = table.and_then(|it| it.column(column)).map_or(&Type::Timestamp, |it| &it.ty);
            let now = render.now(ty);
            let refused = || {
                let what = format!("the present time in column `{column}`, which is {ty},");
                Unrenderable::new(what, render.dialect())
            };
            now.ok_or_else(refused)?.to_owned()
        }
    })
}

/// What must hold for a row; nothing when all are meant.
fn condition(render: &dyn Render, assignment: &Assignment) -> Option<String> {
    let conditions = assignment.only.iter().map(|condition| condition_of(render, condition));
    let conditions: Vec<String> = conditions.collect();
    (!conditions.is_empty()).then(|| conditions.join(" AND "))
}

/// A condition in the words of the database.
pub(crate) fn condition_of(render: &dyn Render, condition: &Condition) -> String {
    match condition {
        Condition::Null(column) => format!("{} IS NULL", render.quote(column)),
        Condition::NotNull(column) => format!("{} IS NOT NULL", render.quote(column)),
        Condition::Equal(column, value) => {
            format!("{} = {}", render.quote(column), render.literal(value))
        }
        Condition::Sql(sql) => format!("({})", sql.text(render.dialect())),
    }
}

/// The expression that says the key of a row as a literal.
fn literal(
    render: &dyn Render,
    batches: &Batches,
    table: Option<&Table>,
) -> Result<String, Unrenderable> {
    let key = render.quote(&batches.key);
    let column = table.and_then(|table| table.column(&batches.key));
    let is_number = column.is_none_or(|column| column.ty.is_whole_number());
    let is_text = column.is_some_and(|column| {
        matches!(column.ty, Type::String(_) | Type::Text | Type::Char(_) | Type::Uuid)
    });
    if let Some(table) = table
        && !is_known_by(table, &batches.key)
    {
        let what = format!(
            "a backfill of `{}` by `{}`, which is not by itself its primary key or unique and never \
             NULL,",
            table.name, batches.key
        );
        return Err(Unrenderable::new(what, render.dialect()));
    }
    // Its bytes are no text.
    let is_uuid = column.is_some_and(|column| column.ty == Type::Uuid);
    match (render.dialect(), is_number, is_text) {
        (Dialect::Sqlite, ..) => Ok(format!("quote({key})")),
        (Dialect::Postgres, true, _) => Ok(format!("{key}::text")),
        (Dialect::Postgres, false, true) => Ok(format!("quote_literal({key}::text)")),
        (Dialect::Mysql, true, _) => Ok(format!("CAST({key} AS CHAR)")),
        (Dialect::Mysql, ..) if is_uuid => Ok(format!("CONCAT('0x', HEX({key}))")),
        (Dialect::Mysql, false, true) => Ok(format!("QUOTE({key})")),
        _ => {
            let what = format!(
                "a backfill of `{}` by a column that is neither a whole number nor text",
                batches.key
            );
            Err(Unrenderable::new(what, render.dialect()))
        }
    }
}

/// Whether a row of the table is known by this column alone.
fn is_known_by(table: &Table, key: &str) -> bool {
    let alone = |columns: &[String]| columns.len() == 1 && columns[0] == key;
    let is_unique = table.uniques.iter().any(|unique| alone(&unique.columns))
        || table.indexes.iter().any(|index| {
            let columns: Vec<String> =
                index.columns.iter().filter_map(|part| part.column().cloned()).collect();
            index.unique && index.predicate.is_none() && alone(&columns) && index.columns.len() == 1
        });
    let is_never_null = table.column(key).is_some_and(|column| !column.nullable);
    alone(&table.primary_key) || (is_unique && is_never_null)
}
