//! Some records of an import, and that they are kept or refused.

use entity::imports::{
    import::{Entity, ImportStatus},
    import_record,
};
use plimsoll::retry::{self, Borrows, Retry};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, EntityName as _,
    EntityTrait as _, QuerySelect as _, RuntimeErr, sqlx,
};
use serde_json::json;

use super::{
    super::{
        batch::{Batch, Doing},
        pass::{Learned, Pass},
        report::Report,
        unit::{Unit, Weight},
    },
    ahead::Records,
};
use crate::{
    Error, Result,
    audit::{self, Audited, Deed},
    rights::Grantee,
    rule::Rule,
};

/// What some records came to, in a transaction that may be kept yet.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) report: Report,
    pub(super) learned: Learned,
    /// What the audit log has of it, to be told when it is kept.
    pub(super) deeds: Vec<Deed>,
}

/// Some records, kept: together, or each by itself where one of them is refused by the database.
pub(super) async fn kept(
    db: &DatabaseConnection,
    doing: Doing<'_>,
    pass: &mut Pass,
    some: &Records,
) -> Result<Report> {
    let units = &*some.units;
    match in_transaction(db, doing, pass, units, some.are_apart).await {
        Ok((report, learned)) => {
            pass.learn(learned);
            return Ok(report);
        }
        Err(error) if !is_refusal(&error) => return Err(error),
        Err(error) => {
            if let [unit] = units {
                return Ok(refused(unit, &error));
            }
        }
    }
    let mut report = Report::default();
    for unit in units {
        let one = std::slice::from_ref(unit);
        match in_transaction(db, doing, pass, one, false).await {
            Ok((some, learned)) => {
                report.add(&some);
                pass.learn(learned);
            }
            Err(error) if is_refusal(&error) => report.add(&refused(unit, &error)),
            Err(error) => return Err(error),
        }
    }
    Ok(report)
}

async fn in_transaction(
    db: &DatabaseConnection,
    doing: Doing<'_>,
    pass: &Pass,
    units: &[Unit],
    are_apart: bool,
) -> Result<(Report, Learned)> {
    let policy = Retry::default();
    let done = policy.transaction(db, |tx, _: Borrows<'_, '_>| {
        Box::pin(batch(tx, doing, pass, units, are_apart))
    });
    let Done { report, learned, deeds } = done.await?;
    audit::tell(&deeds);
    Ok((report, learned))
}

/// Some records in a transaction, and the log row about them.
pub(super) async fn batch(
    tx: &DatabaseTransaction,
    doing: Doing<'_>,
    pass: &Pass,
    units: &[Unit],
    are_apart: bool,
) -> Result<Done> {
    if let Some(id) = doing.import_id {
        still_runs(tx, id).await?;
    }
    let (report, learned) = Batch::run(tx, doing, pass, units, are_apart).await?;
    let changed: serde_json::Map<_, _> = report
        .tables
        .iter()
        .filter(|(_, tally)| tally.made + tally.updated > 0)
        .map(|(table, tally)| (table.clone(), json!(tally.made + tally.updated)))
        .collect();
    let mut deeds = Vec::new();
    if let (false, Some(id)) = (changed.is_empty(), doing.import_id) {
        let by = Grantee::System { reason: "import" };
        let unit = Audited::new(tx, doing.world.clock.now());
        let first = units.first().map(|unit| unit.key.clone());
        let last = units.last().map(|unit| unit.key.clone());
        let details = json!({"rows": changed, "from": first, "to": last});
        unit.record(Deed::of(&by, "imports", "import.bring").on("import", &id).with(details));
        deeds = unit.write().await?;
    }
    Ok(Done { report, learned, deeds })
}

/// Has PostgreSQL count what the batches have filled, each time that they have doubled. It plans by what it
/// has counted of the tables, and by itself counts once a minute: it would take what was empty when the
/// import began for empty until that ends.
pub(super) async fn count_rows(
    db: &impl ConnectionTrait,
    some: &Report,
    batches: u32,
) -> Result<()> {
    if db.get_database_backend() != DbBackend::Postgres || !batches.is_power_of_two() {
        return Ok(());
    }
    let filled = some.tables.iter().filter(|(_, tally)| tally.made > 0).map(|(table, _)| &**table);
    let filled: Vec<String> = filled
        .chain([import_record::Entity.table_name()])
        .map(|table| format!("\"{table}\""))
        .collect();
    // Whoever has locked one of them is not waited for.
    db.execute_unprepared(&format!("ANALYZE (SKIP_LOCKED) {}", filled.join(", "))).await?;
    Ok(())
}

/// Holds the import's row until the transaction ends: nobody takes the import out meanwhile.
///
/// # Errors
/// [`Rule::Interrupted`] when somebody has begun to take it out, or it has ended.
async fn still_runs(tx: &DatabaseTransaction, id: i64) -> Result<()> {
    let import = Entity::find_by_id(id).lock_exclusive().one(tx).await?;
    match import {
        Some(import) if import.status == ImportStatus::Running => Ok(()),
        _ => {
            Err(Rule::Interrupted.refuses(format!("import {id} was taken out or ended meanwhile")))
        }
    }
}

fn refused(unit: &Unit, error: &Error) -> Report {
    let mut about = Unit { key: unit.key.clone(), ..Unit::default() };
    about.remark(Weight::Fault, "", &serde_json::Value::Null, chain(error));
    let mut report = Report { records: 1, ..Report::default() };
    about.remarks.iter().for_each(|remark| report.take(remark));
    report
}

fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}

/// Whether the database, or a comparison, has refused the record; else nobody can go on: of a database whose
/// disk is full, none of what comes behind would be kept.
fn is_refusal(error: &Error) -> bool {
    match error {
        Error::Database(error) if retry::is_broken(error) || retry::is_unavailable(error) => false,
        Error::Database(
            DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)),
        ) => matches!(**error, sqlx::Error::Database(_)),
        Error::Invalid { .. } | Error::AlreadyExists { .. } | Error::Malformed { .. } => true,
        _ => false,
    }
}
