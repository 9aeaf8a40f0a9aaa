//! How SQLite alters what is there, as far as it can in place.

use super::render::Sqlite;
use crate::{
    change::Change,
    dialect::{
        Dialect,
        render::{Render as _, Statement, Unrenderable},
    },
    schema::{Default, IndexKey, Rule, Sql, Table, TableOption, Value},
};

/// The statements of a change that is neither a table nor an index appearing or disappearing.
///
/// # Errors
/// What SQLite can only do by building the table anew.
pub(super) fn statements(change: &Change) -> Result<Vec<Statement>, Unrenderable> {
    let table = change.table();
    let of = Sqlite.quote(table);
    let texts = match change {
        Change::RenameTable { from, to } => {
            vec![format!("ALTER TABLE {} RENAME TO {}", Sqlite.quote(from), Sqlite.quote(to))]
        }
        Change::RenameColumn { from, to, .. } => {
            let (from, to) = (Sqlite.quote(from), Sqlite.quote(to));
            vec![format!("ALTER TABLE {of} RENAME COLUMN {from} TO {to}")]
        }
        Change::DropColumn { column, .. } => {
            vec![format!("ALTER TABLE {of} DROP COLUMN {}", Sqlite.quote(&column.name))]
        }
        Change::AddColumn { column, .. } => {
            vec![format!("ALTER TABLE {of} ADD COLUMN {}", Sqlite.any_column(column)?)]
        }
        Change::AlterIndex { table, from, to } => vec![
            format!("DROP INDEX {}", Sqlite.quote(&from.name)),
            Sqlite.create_index(table, to)?.sql,
        ],
        // It has neither.
        Change::CommentTable { .. }
        | Change::CreateEnum { .. }
        | Change::DropEnum { .. }
        | Change::AlterEnum { .. } => Vec::new(),
        _ => {
            let what =
                format!("`{}`, for which the table has to be built anew,", change.describe());
            return Err(Sqlite.refuse(what));
        }
    };
    Ok(texts.into_iter().map(|sql| Statement::of(sql, &[change])).collect())
}

/// Whether SQLite makes the change without building `table` anew.
pub(crate) fn is_in_place(change: &Change, table: Option<&Table>) -> bool {
    match change {
        Change::CreateIndex { .. }
        | Change::DropIndex { .. }
        | Change::AlterIndex { .. }
        | Change::CommentTable { .. } => true,
        Change::AddColumn { column, .. } => {
            let is_constant = match &column.default {
                None | Some(Default::Value(Value::Null)) => column.nullable,
                Some(Default::Value(_)) => true,
                Some(Default::Now | Default::Sql(_)) => false,
            };
            let is_strict = table.is_some_and(|table| table.options.contains(&TableOption::Strict));
            match &column.generated {
                _ if is_strict => false,
                Some(generated) => !generated.stored,
                None => is_constant && !column.auto_increment,
            }
        }
        Change::DropColumn { column, .. } => {
            table.is_some_and(|table| !is_named(table, &column.name))
        }
        _ => false,
    }
}

/// Whether anything in a table names the column, besides the column itself.
fn is_named(table: &Table, column: &str) -> bool {
    let names =
        |sql: &Sql| sql.text(Dialect::Sqlite).to_lowercase().contains(&column.to_lowercase());
    let is_it = |name: &String| name == column;
    let others = table.columns.iter().filter(|other| other.name != column);
    let generated = others.filter_map(|other| other.generated.as_ref());
    table.primary_key.iter().any(is_it)
        || table.uniques.iter().flat_map(|it| &it.columns).any(is_it)
        || table.foreign_keys.iter().flat_map(|it| &it.columns).any(is_it)
        || table.indexes.iter().any(|index| {
            index.predicate.as_ref().is_some_and(names)
                || index.columns.iter().any(|part| match &part.key {
                    IndexKey::Column(name) => is_it(name),
                    IndexKey::Expr(expr) => names(expr),
                })
        })
        || table.checks.iter().any(|check| match &check.rule {
            Rule::OneOf { column, .. } | Rule::Range { column, .. } => is_it(column),
            Rule::Sql(sql) => names(sql),
        })
        || generated.map(|it| &it.expr).any(names)
}
