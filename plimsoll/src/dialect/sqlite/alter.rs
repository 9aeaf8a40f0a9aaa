//! How SQLite alters what is there, as far as it can in place.

use super::render::Sqlite;
use crate::{
    change::Change,
    dialect::render::{Effect, Render as _, Statement, Unrenderable},
    schema::{Default, Value},
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
            let is_constant = match &column.default {
                None | Some(Default::Value(Value::Null)) => column.nullable,
                Some(Default::Value(_)) => true,
                Some(Default::Now | Default::Sql(_)) => false,
            };
            let is_computed = column.generated.as_ref().is_some_and(|it| !it.stored);
            let is_kept = column.generated.as_ref().is_some_and(|it| it.stored);
            if column.auto_increment || is_kept || !(is_constant || is_computed) {
                return Err(rebuild(change));
            }
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
        _ => return Err(rebuild(change)),
    };
    let statement = |sql| Statement {
        sql,
        table: table.to_owned(),
        effect: Effect::Change(Box::new(change.clone())),
    };
    Ok(texts.into_iter().map(statement).collect())
}

fn rebuild(change: &Change) -> Unrenderable {
    Sqlite.refuse(format!("`{}`, for which the table has to be built anew,", change.describe()))
}
