//! An import from its beginning to its end: records in batches, each of which is kept or not.

use std::collections::BTreeMap;

use entity::imports::import::{ActiveModel, Column, Entity, ImportStatus, Model};
use plimsoll::retry::{Borrows, Retry};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, DatabaseConnection,
    DatabaseTransaction, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, RuntimeErr, sqlx,
};
use serde_json::json;

use super::{
    Source,
    batch::{Batch, Doing},
    pass::{Learned, Pass},
    report::{Event, Report},
    unit::{Unit, Weight},
};
use crate::{
    Error, Result, World,
    audit::{self, Audited, Deed},
    rights::Grantee,
    rule::Rule,
    seal::Keyring,
    text,
};

/// How many records are done in one transaction.
const AT_ONCE: usize = 200;

/// How an import goes.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Which source this is, among several of its kind; what the source says without.
    pub scope: Option<String>,
    /// Changes nothing, and says what would happen.
    pub dry_run: bool,
    /// Keeps nothing when a single record is refused.
    pub all_or_nothing: bool,
    /// Goes on with the import that was interrupted.
    pub resume: bool,
    /// Takes what the source says now where it differs from what it said when it was brought in.
    pub update: bool,
    /// People whose name here is another: the name in the source, and the name here.
    pub names: BTreeMap<String, String>,
    /// What secrets of the source are sealed with. Without, they are left out.
    pub keys: Keyring,
}

/// Brings in what the source has, telling of it as it goes on.
///
/// Each batch of records is kept together with what is known of them, so that an import that was killed
/// is gone on with where it was. What is brought in is read back before it is kept, and compared with
/// what the source says. A record that is refused takes no other with it.
///
/// # Errors
/// [`Error::Malformed`] for a source that cannot be read; [`Rule::Interrupted`] while an import of the
/// scope was interrupted and this one is not to go on with it, or none was and it is;
/// [`Rule::AllOrNothing`] when something was refused and nothing is to come in then.
pub async fn run<S: Source + Sync>(
    db: &DatabaseConnection,
    world: &World,
    source: &S,
    options: &Options,
    tell: &(dyn Fn(Event<'_>) + Sync),
) -> Result<Report> {
    let scope = options.scope.clone().unwrap_or_else(|| source.scope());
    let scope = text::key("name of a source", &scope, 100)?;
    let records = source.count().await?;
    tell(Event::Began { records });
    let mut doing = Doing {
        scope: &scope,
        import_id: None,
        world,
        update: options.update,
        names: &options.names,
        seals: &options.keys,
    };
    if options.dry_run {
        return through(db, source, doing, tell).await;
    }
    if options.all_or_nothing {
        return all_or_nothing(db, source, doing, options, tell).await;
    }
    let import = begin(db, world, source, &scope, options).await?;
    doing.import_id = Some(import.id);
    let report = through(db, source, doing, tell).await?;
    end(db, world, &import, &report).await?;
    Ok(report)
}

/// All records of the source, batch by batch: kept, or where there is no import looked at, as what
/// would happen.
async fn through<S: Source + Sync>(
    db: &DatabaseConnection,
    source: &S,
    doing: Doing<'_>,
    tell: &(dyn Fn(Event<'_>) + Sync),
) -> Result<Report> {
    let mut report = Report { import_id: doing.import_id, ..Report::default() };
    let mut pass = Pass::default();
    let mut place = None;
    loop {
        let (units, next) = source.some(place, AT_ONCE).await?;
        let some = if doing.import_id.is_some() {
            kept(db, doing, &mut pass, &units).await?
        } else {
            let (report, learned) = Batch::run(db, doing, &pass, &units).await?;
            pass.learn(learned);
            report
        };
        some.remarks.iter().for_each(|remark| tell(Event::Said(remark)));
        report.add(&some);
        tell(Event::Done { records: report.records });
        if next.is_none() {
            return Ok(report);
        }
        place = next;
    }
}

/// Everything in one transaction.
async fn all_or_nothing<S: Source + Sync>(
    db: &DatabaseConnection,
    source: &S,
    doing: Doing<'_>,
    options: &Options,
    tell: &(dyn Fn(Event<'_>) + Sync),
) -> Result<Report> {
    // What is wrong with the records themselves is found without a transaction that waits for it.
    let foreseen = through(db, source, doing, tell).await?;
    refuse_any(&foreseen)?;
    let import = begin(db, doing.world, source, doing.scope, options).await?;
    let id = import.id;
    let once = Retry { attempts: 1, ..Retry::default() };
    let all = once.transaction(db, |tx, _: Borrows<'_, '_>| {
        Box::pin(async move {
            let mut report = Report { import_id: Some(id), ..Report::default() };
            let mut pass = Pass::default();
            let mut place = None;
            loop {
                let (units, next) = source.some(place, AT_ONCE).await?;
                let doing = Doing { import_id: Some(id), ..doing };
                let (some, learned) = batch(tx, doing, &pass, &units).await?;
                report.add(&some);
                pass.learn(learned);
                if next.is_none() {
                    refuse_any(&report)?;
                    return Ok::<_, Error>(report);
                }
                place = next;
            }
        })
    });
    match all.await {
        Ok(report) => {
            end(db, doing.world, &import, &report).await?;
            Ok(report)
        }
        Err(error) => {
            Entity::delete_by_id(id).exec(db).await?;
            Err(error)
        }
    }
}

fn refuse_any(report: &Report) -> Result<()> {
    match report.faults {
        0 => Ok(()),
        faults => Err(Rule::AllOrNothing.refuses(format!("{faults} of its parts cannot come in"))),
    }
}

/// The import that this one is, or goes on with.
async fn begin<S: Source>(
    db: &DatabaseConnection,
    world: &World,
    source: &S,
    scope: &str,
    options: &Options,
) -> Result<Model> {
    let open = Entity::find()
        .filter(Column::Scope.eq(scope))
        .filter(Column::Status.is_in([ImportStatus::Running, ImportStatus::Undoing]))
        .order_by_desc(Column::Id)
        .one(db)
        .await?;
    match (open, options.resume) {
        (Some(import), true) if import.status == ImportStatus::Running => Ok(import),
        (Some(import), _) => {
            let next = match import.status {
                ImportStatus::Undoing => "`import undo` goes on with taking it out",
                _ => "`--resume` goes on with it, `import undo` takes it out",
            };
            let id = import.id;
            Err(Rule::Interrupted.refuses(format!("import {id} did not come to its end: {next}")))
        }
        (None, true) => {
            Err(Rule::Interrupted.refuses("no import was interrupted: there is none to go on with"))
        }
        (None, false) => {
            let row = ActiveModel {
                scope: Set(scope.to_owned()),
                kind: Set(source.kind().to_owned()),
                origin: Set(source.origin().chars().take(2_048).collect()),
                started_at: Set(world.clock.now()),
                ..Default::default()
            };
            Ok(row.insert(db).await?)
        }
    }
}

async fn end(
    db: &DatabaseConnection,
    world: &World,
    import: &Model,
    report: &Report,
) -> Result<()> {
    let tables: serde_json::Map<_, _> =
        report.tables.iter().map(|(table, tally)| (table.clone(), tally.json())).collect();
    let counts = json!({
        "records": report.records,
        "faults": report.faults,
        "warnings": report.warnings,
        "tables": tables,
    });
    let ended = Entity::update_many()
        .set(ActiveModel {
            status: Set(ImportStatus::Finished),
            counts: Set(counts),
            ended_at: Set(Some(world.clock.now())),
            ..Default::default()
        })
        .filter(Column::Id.eq(import.id))
        .filter(Column::Status.eq(ImportStatus::Running))
        .exec(db)
        .await?;
    if ended.rows_affected == 0 {
        let id = import.id;
        return Err(
            Rule::Interrupted.refuses(format!("import {id} was taken out or ended meanwhile"))
        );
    }
    Ok(())
}

/// Some records, kept: together, or each by itself where one of them is refused by the database.
async fn kept(
    db: &DatabaseConnection,
    doing: Doing<'_>,
    pass: &mut Pass,
    units: &[Unit],
) -> Result<Report> {
    match in_transaction(db, doing, pass, units).await {
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
        match in_transaction(db, doing, pass, one).await {
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
) -> Result<(Report, Learned)> {
    Retry::default()
        .transaction(db, |tx, _: Borrows<'_, '_>| Box::pin(batch(tx, doing, pass, units)))
        .await
}

/// Some records in a transaction, and the log row about them.
async fn batch(
    tx: &DatabaseTransaction,
    doing: Doing<'_>,
    pass: &Pass,
    units: &[Unit],
) -> Result<(Report, Learned)> {
    if let Some(id) = doing.import_id {
        still_runs(tx, id).await?;
    }
    let (report, learned) = Batch::run(tx, doing, pass, units).await?;
    let changed: serde_json::Map<_, _> = report
        .tables
        .iter()
        .filter(|(_, tally)| tally.made + tally.updated > 0)
        .map(|(table, tally)| (table.clone(), json!(tally.made + tally.updated)))
        .collect();
    if let (false, Some(id)) = (changed.is_empty(), doing.import_id) {
        let by = Grantee::System { reason: "import" };
        let unit = Audited::new(tx, doing.world.clock.now());
        let first = units.first().map(|unit| unit.key.clone());
        let last = units.last().map(|unit| unit.key.clone());
        let details = json!({"rows": changed, "from": first, "to": last});
        unit.record(Deed::of(&by, "imports", "import.bring").on("import", &id).with(details));
        audit::tell(&unit.write().await?);
    }
    Ok((report, learned))
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

/// Whether the database, or a comparison, has refused the record; else nobody can go on.
fn is_refusal(error: &Error) -> bool {
    match error {
        Error::Database(
            DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)),
        ) => matches!(**error, sqlx::Error::Database(_)),
        Error::Invalid { .. } | Error::AlreadyExists { .. } | Error::Malformed { .. } => true,
        _ => false,
    }
}
