//! What a database shows of statements: whether they have run, and whether they can.

use std::collections::BTreeSet;

use sea_orm::{DatabaseConnection, DbErr};

use crate::{
    catalog,
    change::Change,
    compare::as_it_stands,
    dialect::Dialect,
    introspect::introspect,
    normal::normal,
    render::{Effect, Statement, renderer},
    schema::{Schema, Table},
    steps::{Step, Steps},
};

/// Whether a table that is to be built anew is another than the migrations made: what nobody
/// declared would be gone. What is on a table stays on it.
pub(super) fn drift(run: &[Statement], mut found: Schema) -> Option<String> {
    for statement in run {
        let rebuild = match &statement.effect {
            Effect::Rebuild(rebuild) => rebuild,
            Effect::Changes(changes) => {
                for change in changes {
                    // What it does not allow, the database says better.
                    let _ = change.apply(&mut found);
                }
                continue;
            }
            _ => continue,
        };
        let name = &rebuild.from.name;
        // It can have been created by a statement before this one.
        let Some(mut table) = found.tables.remove(name) else { continue };
        table.indexes.clone_from(&rebuild.from.indexes);
        let (have, want) = (Schema::of([table]), Schema::of([rebuild.from.clone()]));
        if let Some(change) = as_it_stands(&have, &want, Dialect::Sqlite).first() {
            return Some(format!(
                "table `{name}` is not as the migrations made it, and has to be built anew: to make \
                 it so would be to {}; `check` tells all",
                change.describe()
            ));
        }
        found.tables.insert(name.clone(), rebuild.to.clone());
    }
    None
}

/// Whether a statement was to create a table, and the one that is there has other columns than the steps give
/// it at any time.
pub(super) async fn is_strange(
    db: &DatabaseConnection,
    statement: &Statement,
    steps: &Steps,
) -> Result<bool, DbErr> {
    let name = &statement.table;
    if statement.effect != (Effect::Table { exists: true }) {
        return Ok(false);
    }
    let found = introspect(db).await?;
    let Some(found) = found.tables.get(name) else { return Ok(false) };
    let columns =
        |table: &Table| table.columns.iter().map(|it| it.name.clone()).collect::<BTreeSet<_>>();
    let (found, mut made) = (columns(found), Schema::default());
    for step in steps.steps() {
        let Step::Change(change) = step else { continue };
        if let Change::CreateTable(table) = change {
            made.tables.insert(table.name.clone(), table.clone());
        } else {
            // What is about another table does not fit.
            let _ = change.apply(&mut made);
        }
        if made.tables.get(name).is_some_and(|table| columns(table) == found) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a statement has come to its end, as the database shows it.
pub(super) async fn has_run(db: &DatabaseConnection, statement: &Statement) -> Result<bool, DbErr> {
    let table = &statement.table;
    match &statement.effect {
        Effect::Table { exists } => Ok(catalog::has_table(db, table).await? == *exists),
        Effect::Index { name, exists } => Ok(catalog::has_index(db, table, name).await? == *exists),
        Effect::Changes(changes) => {
            let found = introspect(db).await?;
            let mut after = found.clone();
            // What cannot be done once more has been done; what alters nothing too.
            Ok(changes.iter().any(|change| change.apply(&mut after).is_err())
                || normal(&after, db.get_database_backend().into()) == found)
        }
        // Rows and their journal entry are one transaction: an open entry means it was not kept. So
        // are the statements of SQLite.
        Effect::Comment
        | Effect::Rows
        | Effect::Batches(_)
        | Effect::Code { .. }
        | Effect::Ahead
        | Effect::Rebuild(_) => Ok(false),
    }
}

/// The condition under which a database without transactions for it shows that a statement has run, where
/// a query can ask for it.
pub(super) fn shown(statement: &Statement) -> Option<String> {
    let text = |text: &str| renderer(Dialect::Mysql).text(text);
    let table = text(&statement.table);
    let (there, exists) = match &statement.effect {
        Effect::Table { exists } => (
            format!(
                "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() \
                 AND {} AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')",
                catalog::is_named(&table)
            ),
            exists,
        ),
        Effect::Index { name, exists } => (
            format!(
                "SELECT 1 FROM information_schema.statistics WHERE table_schema = DATABASE() \
                 AND table_name = {table} AND index_name = {}",
                text(name)
            ),
            exists,
        ),
        Effect::Comment => return Some("0".to_owned()),
        _ => return None,
    };
    Some(format!("{}EXISTS ({there})", if *exists { "" } else { "NOT " }))
}

/// Whether the connection broke, so that an answer never came.
pub(super) fn is_lost(error: &DbErr) -> bool {
    use sea_orm::{RuntimeErr, sqlx::Error};

    matches!(
        error,
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error))
            if matches!(**error, Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::WorkerCrashed)
    )
}
