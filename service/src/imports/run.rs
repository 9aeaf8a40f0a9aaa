//! An import from its beginning to its end: records in batches, each of which is kept or not.

mod ahead;
mod kept;
mod mark;

use std::collections::BTreeMap;

use entity::imports::import;
use plimsoll::retry::{Borrows, Retry};
use sea_orm::{ConnectionTrait, DatabaseConnection, EntityTrait as _};

use self::{
    ahead::{Ahead, Records},
    kept::{batch, count_rows, kept},
    mark::{begin, end},
};
use super::{
    Source,
    batch::{Batch, Doing},
    beside::beside,
    inserts::Inserts,
    known,
    pass::Pass,
    report::{Event, Report},
    unit::Remark,
    vanished,
};
use crate::{Error, Result, World, audit, rule::Rule, seal::Keyring, text};

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
        inserts: &Inserts::default(),
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
    let mut pass = begun(db, doing.scope).await?;
    let (mut ahead, mut batches) = (Ahead::of(source), 0);
    while let Some(records) = ahead.next().await? {
        batches += 1;
        pass.meet(&records.units);
        let done = ahead.beside(done(db, doing, &mut pass, &records)).await?;
        if doing.import_id.is_some()
            && let Err(error) = count_rows(db, &done, batches).await
        {
            // It only takes longer so.
            tracing::warn!(error = &error as &dyn std::error::Error, "the rows were not counted");
        }
        done.remarks.iter().for_each(|remark| tell(Event::Said(remark)));
        report.add(&done);
        tell(Event::Done { records: report.records });
        // As many small pieces as there are take a while to be freed.
        beside(move || drop(records)).forget();
    }
    for remark in gone(db, source, doing.scope, &pass).await? {
        tell(Event::Said(&remark));
        report.take(&remark);
    }
    Ok(report)
}

/// Some records: kept, or where there is no import looked at.
async fn done(
    db: &DatabaseConnection,
    doing: Doing<'_>,
    pass: &mut Pass,
    records: &Records,
) -> Result<Report> {
    if doing.import_id.is_some() {
        return kept(db, doing, pass, records).await;
    }
    let Records { units, are_apart } = records;
    let (report, learned) = Batch::run(db, doing, pass, units, *are_apart).await?;
    pass.learn(learned);
    Ok(report)
}

/// What earlier imports brought and the source, which was gone through, has no more.
async fn gone<S: Source + Sync>(
    db: &impl ConnectionTrait,
    source: &S,
    scope: &str,
    pass: &Pass,
) -> Result<Vec<Remark>> {
    let is_gone = |record: &str| !pass.has_met(record) && source.covers(record);
    vanished::records(db, scope, is_gone).await
}

/// What is known before the first record: which people others became.
async fn begun(db: &impl ConnectionTrait, scope: &str) -> Result<Pass> {
    let (mut pass, mut behind) = (Pass::default(), 0);
    while let Some((people, last)) = known::people(db, scope, behind).await? {
        pass.recall(people);
        behind = last;
    }
    Ok(pass)
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
            let (mut pass, mut deeds) = (begun(tx, doing.scope).await?, Vec::new());
            let (mut ahead, mut batches) = (Ahead::of(source), 0);
            while let Some(Records { units, are_apart }) = ahead.next().await? {
                batches += 1;
                pass.meet(&units);
                let doing = Doing { import_id: Some(id), ..doing };
                let batch = batch(tx, doing, &pass, &units, are_apart);
                let done = ahead.beside(batch).await?;
                count_rows(tx, &done.report, batches).await?;
                report.add(&done.report);
                pass.learn(done.learned);
                deeds.extend(done.deeds);
            }
            refuse_any(&report)?;
            for remark in gone(tx, source, doing.scope, &pass).await? {
                report.take(&remark);
            }
            Ok::<_, Error>((report, deeds))
        })
    });
    match all.await {
        Ok((report, deeds)) => {
            audit::tell(&deeds);
            end(db, doing.world, &import, &report).await?;
            Ok(report)
        }
        Err(error) => {
            // What ended it is what there is to tell; an import that stays is told by the next.
            if let Err(second) = import::Entity::delete_by_id(id).exec(db).await {
                tracing::debug!(error = %second, "the import is still there");
            }
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
