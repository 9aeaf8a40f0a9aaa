//! Questions to the rows before a change is made that some of them may not allow: a database would
//! refuse it half way, alter the values in silence, or keep what the schema no longer permits.

mod fit;

use crate::{
    change::Change,
    dialect::{
        Dialect,
        token::{Kind, tokens},
    },
    render::{Render, rows::condition_of},
    schema::{Check, Column, ForeignKey, Index, IndexKey, Rule, Schema, Table, Type},
    steps::{Condition, Step, Steps},
};

/// So many of the rows are told.
const TOLD: usize = 3;

/// A question to the rows of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Guard {
    /// The table whose rows are asked.
    pub(crate) table: String,
    /// Another table that is looked into.
    pub(crate) other: Option<String>,
    /// What does not allow them, as a sentence without a full stop.
    pub(crate) demand: String,
    /// Gives a row for each of the first few that do not fit: what it is, and how many there are.
    pub(crate) sql: String,
}

impl Guard {
    /// Whether the question is about a column of that name.
    pub(crate) fn mentions(&self, dialect: Dialect, column: &str) -> bool {
        tokens(dialect, &self.sql).iter().any(|token| match &token.kind {
            Kind::Word(word) => word.eq_ignore_ascii_case(column),
            Kind::Name(name) => name.eq_ignore_ascii_case(column),
            _ => false,
        })
    }

    /// The rows that do not fit, when there are any: what the question gave.
    #[cfg(feature = "migrate")]
    pub(crate) fn misfit(&self, rows: &[(Option<String>, i64)]) -> Option<crate::Misfit> {
        let (_, count) = rows.first()?;
        Some(crate::Misfit {
            demand: self.demand.clone(),
            rows: u64::try_from(*count).unwrap_or_default(),
            told: rows.iter().filter_map(|(told, _)| told.clone()).collect(),
        })
    }
}

/// When a question is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asking {
    /// How many statements have run when it is asked.
    pub(crate) at: usize,
    /// How many have run when that is made which the rows have to fit.
    pub(crate) before: usize,
    pub(crate) guard: Guard,
}

/// The questions of a change, and whether they can be asked before the first step of the migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Whether nothing before the change alters what is asked.
    pub(crate) is_first: bool,
    pub(crate) guard: Guard,
}

/// The questions of the change at `at` among the steps, when the schema is `now` before it and
/// `begun_with` before the first.
pub(crate) fn guards(
    render: &dyn Render,
    steps: &Steps,
    at: usize,
    now: &Schema,
    begun_with: &Schema,
) -> Vec<Asked> {
    let Some(Step::Change(change)) = steps.steps().get(at) else { return Vec::new() };
    let guards = of_change(render, change, now);
    guards.into_iter().map(|guard| placed(render, steps, at, begun_with, guard)).collect()
}

fn placed(
    render: &dyn Render,
    steps: &Steps,
    at: usize,
    begun_with: &Schema,
    guard: Guard,
) -> Asked {
    let is_there = |table: &String| begun_with.tables.contains_key(table);
    let is_first = is_there(&guard.table)
        && guard.other.iter().all(is_there)
        && !steps.steps()[..at]
            .iter()
            .any(|step| alters(render.dialect(), step, &guard, begun_with));
    Asked { is_first, guard }
}

/// Whether there are rows at all, when the change at `at` makes a key of columns that come to
/// `table` in the same statement, and nothing says what those rows have in them. SQLite would make
/// numbers up, and MySQL give all of them 0.
pub(crate) fn key_of_nothing(
    render: &dyn Render,
    steps: &Steps,
    at: usize,
    table: &Table,
    now: &Table,
    begun_with: &Schema,
) -> Option<Asked> {
    let Some(Step::Change(Change::AlterPrimaryKey { to, .. })) = steps.steps().get(at) else {
        return None;
    };
    let is_empty = |name: &String| {
        table.column(name).is_none() && now.column(name).is_some_and(Column::begins_empty)
    };
    to.iter().find(|name| is_empty(name))?;
    let guard = asked(render, table, None, is_the_key(table, to), "1 = 1");
    Some(placed(render, steps, at, begun_with, guard))
}

fn is_the_key(table: &Table, columns: &[String]) -> String {
    format!("({}) is the primary key of `{}`", columns.join(", "), table.name)
}

/// Whether a step before it can make another answer of it.
fn alters(dialect: Dialect, step: &Step, guard: &Guard, begun_with: &Schema) -> bool {
    let names = |column: &str| guard.mentions(dialect, column);
    let is_of = |table: &str| table == guard.table || guard.other.as_deref() == Some(table);
    let columns = || {
        let tables = begun_with.tables.values().filter(|table| is_of(&table.name));
        tables.flat_map(|table| &table.columns).filter(|column| names(&column.name))
    };
    match step {
        // What they do beside what they say nobody knows.
        Step::Sql(_) | Step::Code(_) => true,
        Step::Insert(_) | Step::Delete(_) => is_of(step.table()),
        // A column that is computed can be so from any that is set.
        Step::Update(update) => {
            let set = update.run.iter().flat_map(|run| &run.set);
            is_of(&update.table)
                && (set.map(|(column, _)| column).any(|column| names(column))
                    || columns().any(|column| column.generated.is_some()))
        }
        Step::Change(change) => match change {
            Change::RenameTable { from, to } => is_of(from) || is_of(to),
            Change::CreateTable(table) | Change::DropTable(table) => is_of(&table.name),
            Change::RenameColumn { table, from, to } => is_of(table) && (names(from) || names(to)),
            Change::AlterColumn { table, from, .. } => is_of(table) && names(&from.name),
            Change::AddColumn { table, column } | Change::DropColumn { table, column } => {
                is_of(table) && names(&column.name)
            }
            Change::AlterEnum { name, .. } => {
                columns().filter_map(|column| column.ty.named_enum()).any(|(of, _)| of == name)
            }
            _ => false,
        },
    }
}

fn of_change(render: &dyn Render, change: &Change, now: &Schema) -> Vec<Guard> {
    if let Change::AlterEnum { name, from, to } = change {
        let of = now.tables.values().flat_map(|table| {
            let is_of_it = |it: &&Column| it.ty.named_enum().is_some_and(|(of, _)| of == name);
            table.columns.iter().filter(is_of_it).map(move |column| (table, column))
        });
        let lost = from.iter().any(|value| !to.contains(value));
        return of
            .filter(|(_, column)| lost && matches!(column.ty, Type::Enum { .. }))
            .map(|(table, column)| {
                let condition = fit::is_none_of(render, &column.name, to);
                let demand =
                    format!("`{}.{}` is one of {}", table.name, column.name, to.join(", "));
                asked(render, table, Some(&column.name), demand, &condition)
            })
            .collect();
    }
    let Some(table) = now.tables.get(change.table()) else { return Vec::new() };
    let name = |column: &str| format!("`{}.{column}`", table.name);
    match change {
        Change::AddColumn { column, .. } if column.lacks_value() => {
            let demand = format!(
                "{} takes no NULL, and nothing says what rows that are there get",
                name(&column.name)
            );
            vec![asked(render, table, None, demand, "1 = 1")]
        }
        Change::AlterColumn { from, to, .. } => {
            let mut guards = Vec::new();
            if from.nullable && !to.nullable && to.generated.is_none() {
                let demand = format!("{} takes no NULL", name(&to.name));
                let condition = condition_of(render, &Condition::Null(from.name.clone()));
                guards.push(asked(render, table, Some(&from.name), demand, &condition));
            }
            if from.generated.is_none()
                && to.generated.is_none()
                && let Some(condition) = fit::misfit(render, from, to)
            {
                let demand = format!("{} is {}", name(&to.name), to.ty);
                guards.push(asked(render, table, Some(&from.name), demand, &condition));
            }
            guards
        }
        Change::AlterPrimaryKey { to, .. } if !to.is_empty() => {
            let demand = is_the_key(table, to);
            let mut guards: Vec<Guard> = to
                .iter()
                .filter(|column| table.column(column).is_some_and(|it| it.nullable))
                .map(|column| {
                    let condition = condition_of(render, &Condition::Null(column.clone()));
                    asked(render, table, None, demand.clone(), &condition)
                })
                .collect();
            let keys: Vec<String> = to.iter().map(|column| render.quote(column)).collect();
            guards.push(twice(render, table, &keys, None, demand));
            guards
        }
        Change::AddUnique { unique, .. } => vec![unique_columns(render, table, &unique.columns)],
        Change::AlterUnique { from, to, .. } if from.columns != to.columns => {
            vec![unique_columns(render, table, &to.columns)]
        }
        Change::CreateIndex { index, .. } if index.unique => {
            vec![unique_index(render, table, index)]
        }
        Change::AlterIndex { from, to, .. } if to.unique && !from.is_renamed(to) => {
            vec![unique_index(render, table, to)]
        }
        Change::AddCheck { check, .. } => vec![checked(render, table, check)],
        Change::AlterCheck { from, to, .. } if from.rule != to.rule => {
            vec![checked(render, table, to)]
        }
        Change::AddForeignKey { key, .. } => vec![orphans(render, table, key)],
        Change::AlterForeignKey { from, to, .. }
            if (&from.columns, &from.references, &from.referenced_columns)
                != (&to.columns, &to.references, &to.referenced_columns) =>
        {
            vec![orphans(render, table, to)]
        }
        _ => Vec::new(),
    }
}

/// The first of the rows for which a condition holds.
fn asked(
    render: &dyn Render,
    table: &Table,
    column: Option<&str>,
    demand: String,
    condition: &str,
) -> Guard {
    let told = told(render, table, column);
    Guard {
        sql: format!(
            "SELECT {told}, count(*) OVER () FROM {} WHERE {condition} LIMIT {TOLD}",
            render.quote(&table.name)
        ),
        table: table.name.clone(),
        other: None,
        demand,
    }
}

/// What a row is: its key, and what it has in the column.
fn told(render: &dyn Render, table: &Table, column: Option<&str>) -> String {
    let mut names: Vec<&str> = table.primary_key.iter().map(String::as_str).collect();
    names.extend(column.filter(|column| !table.primary_key.iter().any(|it| it == column)));
    if names.is_empty() {
        names.extend(table.columns.first().map(|column| &*column.name));
    }
    fit::joined(render, &names)
}

fn unique_columns(render: &dyn Render, table: &Table, columns: &[String]) -> Guard {
    let demand = format!("({}) of `{}` is unique", columns.join(", "), table.name);
    let columns: Vec<String> = columns.iter().map(|column| render.quote(column)).collect();
    twice(render, table, &columns, None, demand)
}

fn unique_index(render: &dyn Render, table: &Table, index: &Index) -> Guard {
    let keys: Vec<String> = index
        .columns
        .iter()
        .map(|part| {
            let key = match &part.key {
                IndexKey::Column(column) => render.quote(column),
                IndexKey::Expr(expr) => format!("({})", expr.text(render.dialect())),
            };
            match part.prefix {
                Some(length) => format!("LEFT({key}, {length})"),
                None => key,
            }
        })
        .collect();
    let predicate = index.predicate.as_ref().map(|it| it.text(render.dialect()));
    let demand = format!("index `{}` on `{}` is unique", index.name, table.name);
    twice(render, table, &keys, predicate, demand)
}

/// The first of the values that several rows have.
fn twice(
    render: &dyn Render,
    table: &Table,
    keys: &[String],
    predicate: Option<&str>,
    demand: String,
) -> Guard {
    let mut conditions: Vec<String> = keys.iter().map(|key| format!("{key} IS NOT NULL")).collect();
    conditions.extend(predicate.map(|it| format!("({it})")));
    let named: Vec<String> =
        keys.iter().enumerate().map(|(at, key)| format!("{key} AS k{at}")).collect();
    let told: Vec<String> = (0..keys.len()).map(|at| format!("k{at}")).collect();
    let told = fit::texts_joined(render, &told);
    let sum = match render.dialect() {
        Dialect::Sqlite => "sum(n) OVER ()",
        Dialect::Postgres => "(sum(n) OVER ())::bigint",
        Dialect::Mysql => "CAST(sum(n) OVER () AS SIGNED)",
    };
    Guard {
        sql: format!(
            "SELECT {told}, {sum} FROM (SELECT {}, count(*) AS n FROM {} WHERE {} \
             GROUP BY {} HAVING count(*) > 1) AS d LIMIT {TOLD}",
            named.join(", "),
            render.quote(&table.name),
            conditions.join(" AND "),
            keys.join(", ")
        ),
        table: table.name.clone(),
        other: None,
        demand,
    }
}

fn checked(render: &dyn Render, table: &Table, check: &Check) -> Guard {
    let named = check.name.as_ref().map(|name| format!(" `{name}`")).unwrap_or_default();
    let demand = format!("check{named} of `{}` demands {}", table.name, check.rule);
    let condition = format!("NOT ({})", render.rule(&check.rule));
    let column = match &check.rule {
        Rule::OneOf { column, .. } | Rule::Range { column, .. } => {
            table.column(column).map(|it| &*it.name)
        }
        Rule::Sql(_) => None,
    };
    asked(render, table, column, demand, &condition)
}

fn orphans(render: &dyn Render, table: &Table, key: &ForeignKey) -> Guard {
    let of = render.quote(&table.name);
    let mut conditions: Vec<String> = key
        .columns
        .iter()
        .map(|column| format!("{of}.{} IS NOT NULL", render.quote(column)))
        .collect();
    let pairs = key.columns.iter().zip(&key.referenced_columns);
    let pairs = pairs
        .map(|(here, there)| format!("p.{} = {of}.{}", render.quote(there), render.quote(here)));
    let pairs: Vec<String> = pairs.collect();
    conditions.push(format!(
        "NOT EXISTS (SELECT 1 FROM {} AS p WHERE {})",
        render.quote(&key.references),
        pairs.join(" AND ")
    ));
    let demand = format!(
        "({}) of `{}` refers to a row of `{}`",
        key.columns.join(", "),
        table.name,
        key.references
    );
    let column = key.columns.first().map(String::as_str);
    Guard {
        other: Some(key.references.clone()),
        ..asked(render, table, column, demand, &conditions.join(" AND "))
    }
}
