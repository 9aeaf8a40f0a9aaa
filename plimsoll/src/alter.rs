//! Changes of the schema for migrations that are code.

use sea_orm::{ConnectionTrait, DbErr, TransactionTrait as _};
use sea_orm_migration::{SchemaManager, SchemaManagerConnection};

use crate::{
    change::Change,
    code::{Call, CallCode},
    dialect::Dialect,
    fits::misfits,
    introspect::introspect,
    misfit::said,
    names::free,
    plan::{Plan, plan},
    rebuild,
    render::Effect,
    schema::{Check, Index, IndexPart, Schema, Table, Unique},
    steps::{AlterBuilder, Step, Steps},
};

/// Alters a table from within anybody's migration, on all three databases.
///
/// What the table is, is read from the database: what goes, and what a column was, is found by its
/// name, and whatever else is said of it does not matter. SQLite builds the table anew where it
/// cannot alter it, with all that is on it and refers to it; for that the migration must not be in a
/// transaction, which on SQLite it is only when it asks for one.
///
/// ```no_run
/// use plimsoll::prelude::*;
/// use sea_orm_migration::prelude::{DbErr, SchemaManager};
///
/// async fn up(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
///     plimsoll::alter(manager, "users", |t| {
///         t.add(|t| t.column(string_len_null("nickname", 80)).index(["nickname"]))
///             .change(|t| t.column(text("bio")), |t| t.column(text_null("bio")))
///     })
///     .await
/// }
/// ```
///
/// # Errors
/// [`DbErr::Migration`] when the table is not there or does not allow a change, or the database has
/// no form for it: nothing has run then. Else what the database says.
pub async fn alter(
    manager: &SchemaManager<'_>,
    table: &str,
    alter: impl FnOnce(AlterBuilder) -> AlterBuilder,
) -> Result<(), DbErr> {
    make(manager, &Steps::new().alter(table, alter)).await
}

/// Makes the changes and rows of `steps` from within anybody's migration, as [`alter`] does.
///
/// # Errors
/// As there.
pub async fn make(manager: &SchemaManager<'_>, steps: &Steps) -> Result<(), DbErr> {
    let refused = |why: String| DbErr::Migration(why);
    if let Some(problem) = steps.problem() {
        return Err(refused(problem));
    }
    let before = introspect(manager.get_connection()).await?;
    let dialect = manager.get_database_backend().into();
    let steps = found(steps, &before, dialect).map_err(refused)?;
    let run = plan(dialect, &steps, &before).map_err(|why| refused(why.to_string()))?;
    if let Some(why) = rebuild::lost(&run.statements, &before.beyond) {
        return Err(refused(why));
    }
    execute(manager, &run, None).await
}

/// Runs a plan where a migration runs: a table is built anew on a connection of its own. The rows
/// are asked first whether they fit.
pub(crate) async fn execute(
    manager: &SchemaManager<'_>,
    plan: &Plan,
    code: Option<CallCode>,
) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let is_sqlite = Dialect::from(manager.get_database_backend()) == Dialect::Sqlite;
    let run = &*plan.statements;
    fit(connection, plan, 0).await?;
    if let SchemaManagerConnection::Connection(db) = connection
        && is_sqlite
        && rebuild::is_needed(run)
    {
        if run.iter().any(|it| matches!(it.effect, Effect::Code { .. })) {
            return Err(DbErr::Migration(
                "code and a table that is built anew cannot share a migration that SeaORM runs; \
                 plimsoll's own command can run it"
                    .to_owned(),
            ));
        }
        let pool = db.get_sqlite_connection_pool();
        let ran = rebuild::run(pool, run, &plan.guards, &[], |_| true).await;
        return ran.map_err(|failure| failure.source);
    }
    for (at, statement) in run.iter().enumerate() {
        if at > 0 {
            fit(connection, plan, at).await?;
        }
        match (&statement.effect, connection) {
            (Effect::Code { name, is_back }, _) => {
                let code = code.ok_or_else(|| {
                    DbErr::Migration(format!(
                        "`{name}` is code, which only a history has beside it"
                    ))
                })?;
                code(Call { step: name, is_back: *is_back, manager }).await?;
            }
            (_, SchemaManagerConnection::Transaction(transaction)) if is_sqlite => {
                rebuild::run_within(transaction, statement, run).await?;
            }
            (Effect::Table { exists: false }, SchemaManagerConnection::Connection(db))
                if is_sqlite =>
            {
                let transaction = db.begin().await?;
                rebuild::run_within(&transaction, statement, run).await?;
                transaction.commit().await?;
            }
            _ => {
                connection.execute_unprepared(&statement.sql).await?;
            }
        }
    }
    Ok(())
}

/// Asks the rows what they are to be asked before the statement `at`.
async fn fit(db: &impl ConnectionTrait, plan: &Plan, at: usize) -> Result<(), DbErr> {
    let asked = plan.guards.iter().filter(|it| it.at == at).map(|it| &it.guard);
    let misfits = misfits(db, asked).await?;
    if misfits.is_empty() { Ok(()) } else { Err(DbErr::Migration(said(&misfits))) }
}

/// The same steps, in which what goes and what was is as the database has it.
fn found(steps: &Steps, before: &Schema, dialect: Dialect) -> Result<Steps, String> {
    let mut schema = before.clone();
    let mut known = Steps::new();
    for step in steps.steps() {
        known = match step {
            Step::Change(change) => {
                let change = as_found(change, &schema);
                let table = schema.tables.get_mut(change.table());
                let made = match table.filter(|_| dialect == Dialect::Mysql) {
                    Some(table) => with_own_checks(&change, table),
                    None => vec![change.clone()],
                };
                change
                    .apply(&mut schema)
                    .map_err(|why| format!("cannot {}: {why}", change.describe()))?;
                made.into_iter().fold(known, Steps::change)
            }
            rows => known.and_step(rows.clone()),
        };
    }
    Ok(known)
}

/// The change with what goes, and what was, as it is there: by its name, else by its columns, and
/// whether it is a unique constraint or a unique index.
fn as_found(change: &Change, schema: &Schema) -> Change {
    let mut change = change.clone();
    let Some(table) = schema.tables.get(change.table()) else { return change };
    let of = || table.name.clone();
    match &mut change {
        Change::DropTable(dropped) => dropped.clone_from(table),
        Change::DropColumn { column, .. } => {
            let found = table.column(&column.name);
            take(column, found);
        }
        Change::AlterColumn { from, .. } => {
            let found = table.column(&from.name);
            take(&mut **from, found);
        }
        Change::CommentTable { from, .. } => from.clone_from(&table.comment),
        Change::AlterPrimaryKey { from, .. } => from.clone_from(&table.primary_key),
        Change::DropCheck { check, .. } => {
            let named = table.checks.iter().find(|it| it.name == check.name);
            take(check, named.or_else(|| table.checks.iter().find(|it| it.rule == check.rule)));
        }
        Change::DropForeignKey { key, .. } => {
            let named = table.foreign_keys.iter().find(|it| it.name == key.name);
            let mut same = table.foreign_keys.iter().filter(|it| it.columns == key.columns);
            take(key, named.or_else(|| same.next()));
        }
        Change::DropUnique { unique, .. } => {
            let name = unique.name.as_ref();
            if let Some(found) = unique_of(table, name, &unique.columns) {
                return Change::DropUnique { table: of(), unique: found.clone() };
            }
            if let Some(index) = index_of(table, name, &unique.columns, true) {
                return Change::DropIndex { table: of(), index: index.clone() };
            }
        }
        Change::DropIndex { index, .. } => {
            let columns: Vec<String> =
                index.columns.iter().filter_map(IndexPart::column).cloned().collect();
            if let Some(found) = index_of(table, Some(&index.name), &columns, index.unique) {
                return Change::DropIndex { table: of(), index: found.clone() };
            }
            let unique = unique_of(table, Some(&index.name), &columns)
                .filter(|it| index.unique || it.name.as_ref() == Some(&index.name));
            if let Some(unique) = unique {
                return Change::DropUnique { table: of(), unique: unique.clone() };
            }
        }
        _ => {}
    }
    change
}

/// The change with what MariaDB needs for the CHECK of a column, which has no name and is gone
/// whenever the column is altered: to drop it, the column is; what is to stay gets a name in `table`
/// and comes back with it.
fn with_own_checks(change: &Change, table: &mut Table) -> Vec<Change> {
    let mut made = vec![change.clone()];
    match change {
        Change::AlterColumn { from, .. } => {
            for at in 0..table.checks.len() {
                let own = &table.checks[at];
                if own.name.is_none() && own.rule.names(&from.name) {
                    let is_free = |name: &String| {
                        !table.checks.iter().any(|it| it.name.as_ref() == Some(name))
                    };
                    let column = std::slice::from_ref(&from.name);
                    let name = free("ck", &table.name, column, is_free);
                    let check = Check::new(name, own.rule.clone());
                    table.checks[at] = check.clone();
                    made.push(Change::AddCheck { table: table.name.clone(), check });
                }
            }
        }
        Change::DropCheck { check, .. } if check.name.is_none() => {
            let mut named = table.columns.iter().filter(|it| check.rule.names(&it.name));
            if let (Some(column), None) = (named.next(), named.next()) {
                let (from, to) = (Box::new(column.clone()), Box::new(column.clone()));
                made = vec![Change::AlterColumn { table: table.name.clone(), from, to }];
            }
        }
        _ => {}
    }
    made
}

fn take<T: Clone>(said: &mut T, found: Option<&T>) {
    if let Some(found) = found {
        said.clone_from(found);
    }
}

fn unique_of<'t>(
    table: &'t Table,
    name: Option<&String>,
    columns: &[String],
) -> Option<&'t Unique> {
    let named = table.uniques.iter().find(|it| name.is_some() && it.name.as_ref() == name);
    named.or_else(|| table.uniques.iter().find(|it| it.columns == columns))
}

fn index_of<'t>(
    table: &'t Table,
    name: Option<&String>,
    columns: &[String],
    unique: bool,
) -> Option<&'t Index> {
    let named = table.indexes.iter().find(|it| Some(&it.name) == name);
    named.or_else(|| {
        table.indexes.iter().find(|it| {
            it.unique == unique && it.columns.iter().filter_map(IndexPart::column).eq(columns)
        })
    })
}
