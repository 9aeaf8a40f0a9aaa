//! What rows get that lack a value of a column which takes no NULL any more, and when.
//!
//! Foreign keys are set aside between two steps of rows, so that all columns change their types on
//! one side of these: rows get a value before all changes where the column takes it already, else
//! behind them, and the column takes NULL until then.

use super::{Asked, needs_fill};
use crate::{
    change::Change,
    schema::{Column, Default, Schema},
    steps::{Steps, UpdateBuilder},
};

/// What the rows of a column get.
pub(super) struct Fill<'d> {
    /// The change of the column.
    at: usize,
    /// The change that the rows get it before.
    before: usize,
    table: &'d str,
    to: &'d Column,
    /// The column as it is in between, when it does not take the value as it was.
    between: Option<Change>,
    value: Default,
}

/// What somebody said of the columns among `changes`.
///
/// # Errors
/// As [`Asked::fill`].
pub(super) fn fills<'d>(
    changes: &'d [Change],
    want: &Schema,
    asked: &Asked<'_>,
) -> Result<Vec<Fill<'d>>, String> {
    let mut fills = Vec::new();
    for (at, change) in changes.iter().enumerate() {
        let Change::AlterColumn { table, from, to } = change else { continue };
        if !from.nullable || !needs_fill(to) {
            continue;
        }
        let Some(value) = asked.fill(table, to, want.tables.get(table))? else { continue };
        let is_retyped = from.ty != to.ty || from.generated.is_some();
        let is_late = is_retyped || changes.iter().any(|it| allows_other(it, table, to));
        let is_behind = |it: &Change| {
            if is_late {
                matches!(it, Change::AlterColumn { .. }) || allows_other(it, table, to)
            } else {
                goes_first(it, table, to)
            }
        };
        let between = || Column { nullable: true, ..(**to).clone() };
        fills.push(Fill {
            at,
            before: changes.iter().rposition(is_behind).map_or(0, |last| last + 1),
            table,
            to,
            between: is_late.then(|| Change::AlterColumn {
                table: table.clone(),
                from: from.clone(),
                to: Box::new(between()),
            }),
            value,
        });
    }
    Ok(fills)
}

/// Whether the change lets the column have other values than before.
fn allows_other(change: &Change, table: &str, column: &Column) -> bool {
    match change {
        Change::AlterCheck { table: of, to, .. } => of == table && to.rule.names(&column.name),
        _ => false,
    }
}

/// Whether a value can depend on it that the column takes as it is.
fn goes_first(change: &Change, table: &str, column: &Column) -> bool {
    match change {
        Change::RenameTable { .. } | Change::RenameColumn { .. } => true,
        Change::DropForeignKey { table: of, .. }
        | Change::DropUnique { table: of, .. }
        | Change::DropIndex { table: of, .. }
        | Change::DropCheck { table: of, .. } => of == table,
        Change::AlterEnum { name, .. } => column.ty.named_enum().is_some_and(|(of, _)| of == name),
        _ => false,
    }
}

impl Fill<'_> {
    /// What is made in the place of the change at `at`, when that is the column's and comes later.
    pub(super) fn instead_of(&self, at: usize) -> Option<Change> {
        self.between.clone().filter(|_| self.at == at)
    }
}

/// Adds what rows get before the change at `at`, and the columns that take no NULL from then on.
pub(super) fn before(at: usize, fills: &[Fill<'_>], mut steps: Steps) -> Steps {
    let here = || fills.iter().filter(|fill| fill.before == at);
    for fill in here() {
        let column = &*fill.to.name;
        let set = |u: UpdateBuilder| match fill.value.clone() {
            Default::Now => u.set_now(column),
            Default::Value(value) => u.set(column, value),
            Default::Sql(sql) => u.set_sql(column, sql),
        };
        steps = steps.update(fill.table, |u| set(u).where_null(column));
    }
    for fill in here() {
        if let Some(Change::AlterColumn { table, to, .. }) = &fill.between {
            steps = steps.change(Change::AlterColumn {
                table: table.clone(),
                from: to.clone(),
                to: Box::new(fill.to.clone()),
            });
        }
    }
    steps
}
