//! The server's own words for expressions that were written in others.
//!
//! `a IN (1, 2)` and `a = ANY (ARRAY[1, 2])` are one condition to PostgreSQL, which keeps but one of
//! them: only the server can tell. The tables whose expressions differ are made where nothing is
//! kept, and read back from the catalog.

use std::collections::BTreeMap;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, Statement,
    TransactionTrait as _,
};
use serde::Serialize;

use crate::{
    change::Change,
    config::Database,
    connect,
    dialect::Dialect,
    error::causes,
    introspect::introspect,
    meet::{counterpart, open_texts},
    render::statements_of,
    schema::{Check, Column, Default, Index, Rule, Schema, Table, TableOption},
    scratch::Place,
};

/// Tables that are asked about at once: each holds locks on the server.
const AT_ONCE: usize = 200;

/// An expression or a table of which nobody could tell whether it is the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// The table.
    pub table: String,
    /// Why not, in the words of whoever refused.
    pub because: String,
}

/// A table as it is asked about: under a name of its own, with its expressions and what they need.
struct Probe {
    /// Whose expressions they are.
    of: String,
    is_wanted: bool,
    table: Table,
}

/// Says the expressions of both schemas in the words of the server, where they differ. Gives the
/// tables of which that was not possible.
pub(crate) async fn agree(
    db: &DatabaseConnection,
    database: &Database,
    have: &mut Schema,
    want: &mut Schema,
) -> Vec<Unread> {
    let dialect = database.dialect();
    // SQLite keeps what it is told, letter for letter.
    if dialect == Dialect::Sqlite {
        return Vec::new();
    }
    let probes = probes(have, want);
    let mut unread = Vec::new();
    for probes in probes.chunks(AT_ONCE) {
        let enums = [&*have, &*want].map(|schema| schema.enums.clone());
        let read = match dialect {
            Dialect::Mysql => on_mysql(database, probes).await,
            _ => on_postgres(db, probes, enums).await,
        };
        match read {
            Ok((found, refused)) => {
                for probe in probes {
                    let schema = if probe.is_wanted { &mut *want } else { &mut *have };
                    if let (Some(found), Some(table)) =
                        (found.tables.get(&probe.table.name), schema.tables.get_mut(&probe.of))
                    {
                        take_over(found, probe, table);
                    }
                }
                unread.extend(refused);
            }
            Err(error) => unread.extend(probes.iter().filter(|it| it.is_wanted).map(|probe| {
                let because = format!("there was no place to ask the server in: {error}");
                Unread { table: probe.of.clone(), because }
            })),
        }
    }
    unread
}

/// What is asked about: both sides of every table whose expressions differ.
fn probes(have: &Schema, want: &Schema) -> Vec<Probe> {
    let mut probes = Vec::new();
    for wanted in want.tables.values() {
        let Some(found) = counterpart(have, wanted) else { continue };
        if open_texts(found, wanted) {
            for (is_wanted, table) in [(false, found), (true, wanted)] {
                probes.push(probe(table, is_wanted, probes.len()));
            }
        }
    }
    probes
}

/// The columns, with the conditions and indexes whose text is free; what only takes time, or could
/// be refused, is left out.
fn probe(table: &Table, is_wanted: bool, number: usize) -> Probe {
    let name = format!("plimsoll_probe_{number}");
    let mut asked = Table::new(&name);
    asked.columns = table
        .columns
        .iter()
        .map(|column| Column {
            auto_increment: false,
            comment: None,
            renamed_from: None,
            default: column.default.clone().filter(|it| matches!(it, Default::Sql(_))),
            ..column.clone()
        })
        .collect();
    asked.options = table
        .options
        .iter()
        .filter(|option| matches!(option, TableOption::Collation(_)))
        .cloned()
        .collect();
    asked.checks = numbered(free_checks(table), |check, number| Check {
        name: Some(format!("{name}_c{number}")),
        rule: check.rule.clone(),
    });
    asked.indexes = numbered(free_indexes(table), |index, number| {
        index.clone().named(format!("{name}_i{number}"))
    });
    // A unique index over a text without a length, say, is refused by MySQL; the words are the same.
    asked.indexes.iter_mut().for_each(|index| index.unique = false);
    Probe { of: table.name.clone(), is_wanted, table: asked }
}

fn numbered<P, Q>(parts: Vec<P>, make: impl Fn(P, usize) -> Q) -> Vec<Q> {
    parts.into_iter().enumerate().map(|(number, part)| make(part, number)).collect()
}

fn free_checks(table: &Table) -> Vec<&Check> {
    table.checks.iter().filter(|check| matches!(check.rule, Rule::Sql(_))).collect()
}

fn free_indexes(table: &Table) -> Vec<&Index> {
    let is_free = |index: &&Index| {
        index.predicate.is_some() || index.columns.iter().any(|part| part.column().is_none())
    };
    table.indexes.iter().filter(is_free).collect()
}

/// Puts the server's words where the others were.
fn take_over(found: &Table, probe: &Probe, table: &mut Table) {
    for column in &mut table.columns {
        let Some(read) = found.column(&column.name) else { continue };
        if matches!(column.default, Some(Default::Sql(_))) {
            column.default.clone_from(&read.default);
        }
        if column.generated.is_some() {
            column.generated.clone_from(&read.generated);
        }
    }
    let mut numbers = 0..;
    for check in &mut table.checks {
        if !matches!(check.rule, Rule::Sql(_)) {
            continue;
        }
        let name = numbers.next().map(|number| format!("{}_c{number}", probe.table.name));
        if let Some(read) = found.checks.iter().find(|it| it.name == name) {
            check.rule = read.rule.clone();
        }
    }
    let mut asked = probe.table.indexes.iter();
    for index in &mut table.indexes {
        if index.predicate.is_none() && index.columns.iter().all(|part| part.column().is_some()) {
            continue;
        }
        let Some(name) = asked.next().map(|it| &it.name) else { return };
        if let Some(read) = found.indexes.iter().find(|it| it.name == *name) {
            index.predicate.clone_from(&read.predicate);
            index.columns.clone_from(&read.columns);
        }
    }
}

type Read = Result<(Schema, Vec<Unread>), String>;

/// As temporary tables in a transaction that is taken back: nothing of it is ever seen by others.
async fn on_postgres(
    db: &DatabaseConnection,
    probes: &[Probe],
    enums: [BTreeMap<String, Vec<String>>; 2],
) -> Read {
    let tx = db.begin().await.map_err(|error| error.to_string())?;
    let read = in_transaction(&tx, probes, enums).await.map_err(|error| error.to_string());
    // What cannot be taken back is gone with the session.
    let _ = tx.rollback().await;
    read
}

async fn in_transaction(
    tx: &DatabaseTransaction,
    probes: &[Probe],
    enums: [BTreeMap<String, Vec<String>>; 2],
) -> Result<(Schema, Vec<Unread>), DbErr> {
    let path =
        Statement::from_string(tx.get_database_backend(), "SELECT current_setting('search_path')");
    let path: Option<String> =
        tx.query_one_raw(path).await?.map(|row| row.try_get_by_index(0)).transpose()?;
    tx.execute_unprepared("CREATE TEMPORARY TABLE plimsoll_probe (x integer)").await?;
    let path = path.filter(|path| !path.is_empty()).unwrap_or_else(|| "public".to_owned());
    tx.execute_unprepared(&format!("SET LOCAL search_path = pg_temp, {path}")).await?;
    let [mut values, more] = enums;
    for (name, more) in more {
        let values = values.entry(name).or_default();
        let new: Vec<String> = more.into_iter().filter(|value| !values.contains(value)).collect();
        values.extend(new);
    }
    for (name, values) in values {
        let create = Change::CreateEnum { name, values };
        for statement in statements_of(Dialect::Postgres, &create).unwrap_or_default() {
            tx.execute_unprepared(&statement.sql).await?;
        }
    }
    let mut refused = Vec::new();
    for probe in probes {
        tx.execute_unprepared("SAVEPOINT plimsoll_probe").await?;
        if let Err(because) = make(tx, Dialect::Postgres, probe).await {
            refused.push(Unread { table: probe.of.clone(), because });
            tx.execute_unprepared("ROLLBACK TO SAVEPOINT plimsoll_probe").await?;
        }
    }
    Ok((introspect(tx).await?, refused))
}

/// In a scratch database, which is dropped: the catalog does not show temporary tables.
async fn on_mysql(database: &Database, probes: &[Probe]) -> Read {
    let told = |error: crate::Error| told(&error);
    let place = Place::new(database.clone());
    // What is left over from others is no matter of this run.
    let _ = place.sweep().await;
    let scratch = place.create().await.map_err(told)?;
    let read = async {
        let db = connect::session(&scratch).await.map_err(told)?;
        let mut refused = Vec::new();
        for probe in probes {
            if let Err(because) = make(&db, Dialect::Mysql, probe).await {
                refused.push(Unread { table: probe.of.clone(), because });
            }
        }
        let found = introspect(&db).await;
        // Nothing hangs on how it is closed.
        let _ = db.close().await;
        Ok((found.map_err(|error| error.to_string())?, refused))
    }
    .await;
    place.remove(&scratch.name()).await.map_err(told)?;
    read
}

/// Makes the table of a probe, or says why it cannot be made.
async fn make(db: &impl ConnectionTrait, dialect: Dialect, probe: &Probe) -> Result<(), String> {
    let create = Change::CreateTable(probe.table.clone());
    let statements = statements_of(dialect, &create).map_err(|why| why.to_string())?;
    for statement in statements {
        db.execute_unprepared(&statement.sql).await.map_err(|error| {
            let side = if probe.is_wanted { "what is wanted" } else { "what is there" };
            format!("the server does not take {side}: {error}")
        })?;
    }
    Ok(())
}

/// An error with its causes, in a line.
pub(crate) fn told(error: &crate::Error) -> String {
    let mut said = vec![error.to_string()];
    said.extend(causes(error));
    said.join(": ")
}
