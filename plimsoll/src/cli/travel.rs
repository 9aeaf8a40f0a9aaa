//! Commands that change the database: `up`, `down`, `redo`, `fresh`, `refresh`, `reset`,
//! `seed`.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use serde::Serialize;

use super::{
    Context, DONE, FAILED, NOT_CLEAN,
    args::{Down, Lock, Redo, Refill, Reset, Script, Seed, Up},
    ask::{confirm, guard_production},
    lost::{All, agreed, announced},
    output::{Heard, count, duration},
    plan::{self, Plan},
};
use crate::{
    app::{Choice, Report, Run},
    config::Database,
    error::{Error, MigrationError, Result},
    records::Way,
    revisions::Target,
    runner::{Ran, Rehearsed},
    seed::{Difference, DifferenceKind, Mode, Seeded},
};

/// What a command did, for programs.
#[derive(Serialize)]
struct Done {
    database: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reverted: Option<Vec<Revision>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    applied: Option<Vec<Revision>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seeded: Option<Vec<SeededRows>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<Vec<String>>,
    #[serde(flatten)]
    heard: Heard,
}

#[derive(Serialize)]
struct Revision {
    name: String,
    took_ms: u128,
}

#[derive(Serialize)]
pub(super) struct SeededRows {
    seeder: String,
    inserted: Vec<String>,
    restored: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unrestored: Vec<UnrestoredRow>,
    left: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<String>,
}

#[derive(Serialize)]
struct UnrestoredRow {
    row: String,
    because: String,
    needs: String,
}

impl From<&Ran> for Revision {
    fn from(ran: &Ran) -> Self {
        Self { name: ran.name.clone(), took_ms: ran.took.as_millis() }
    }
}

impl From<&Seeded> for SeededRows {
    fn from(seeded: &Seeded) -> Self {
        Self {
            seeder: seeded.seeder.clone(),
            inserted: seeded.inserted.clone(),
            restored: seeded.restored.clone(),
            unrestored: seeded
                .unrestored
                .iter()
                .map(|it| UnrestoredRow {
                    row: it.row.clone(),
                    because: it.because.clone(),
                    needs: it.needs.clone(),
                })
                .collect(),
            left: seeded.left,
            skipped: seeded.skipped.clone(),
        }
    }
}

fn revisions(ran: &[Ran]) -> Vec<Revision> {
    ran.iter().map(Revision::from).collect()
}

/// Prints what a run did, for people and for programs.
fn report(
    context: &Context<'_>,
    database: &Database,
    reverted: Option<&[Ran]>,
    report: Option<&Report>,
    took: Duration,
) {
    let mut parts = Vec::new();
    if let Some(reverted) = reverted {
        parts.push(format!("{} reverted", count(reverted.len(), "migration")));
    }
    if let Some(report) = report {
        let rows: usize = report.seeded.iter().map(|seeded| seeded.inserted.len()).sum();
        if report.applied.is_empty() && rows == 0 && reverted.is_none() {
            parts.push("nothing to do".to_owned());
        } else {
            parts.push(format!("{} applied", count(report.applied.len(), "migration")));
            parts.push(format!("{} seeded", count(rows, "row")));
        }
    }
    context.output.line(format!("{} in {}", parts.join(", "), duration(took)));
    context.output.document(&Done {
        database: database.to_string(),
        reverted: reverted.map(revisions),
        applied: report.map(|report| revisions(&report.applied)),
        seeded: report.map(|report| report.seeded.iter().map(SeededRows::from).collect()),
        pending: report.map(|report| report.pending.clone()),
        heard: context.output.heard(),
    });
}

pub(super) async fn up(context: &Context<'_>, args: Up) -> Result<u8> {
    if args.script.sql {
        let (from, target) = args.range();
        return print_script(context, &args.script, Way::Up, &from, &target);
    }
    let database = context.database()?;
    context.output.progress(format!("database: {database}"));
    let (target, choice) = (args.target(), context.choice(&args.skip)?);
    let began = Instant::now();
    if args.dry_run {
        let (records, rehearsed, seeds) = context
            .on_reading_session(&database, async |db| {
                let run = context.app.on(db);
                let rehearsed = run.rehearse_up(&target).await?;
                let seeds = !run.is_seeded(&choice).await?;
                Ok((run.rehearse_records().await?, rehearsed, seeds))
            })
            .await?;
        let records = if rehearsed.is_empty() { Vec::new() } else { records };
        let plan = Plan::of(database.dialect(), &records, &rehearsed);
        plan.on(&database).with_seeds(seeds).print(context);
        return Ok(DONE);
    }
    let done = context
        .on_session(&database, async |db| {
            let run = context.run(db, &args.lock);
            let run = if context.common.yes { run.losing() } else { run };
            let run = if args.out_of_order { run.out_of_order() } else { run };
            match run.up(&target, &choice).await {
                Err(Error::Migration(MigrationError::LossNotAllowed { losses }))
                    if context.asks() =>
                {
                    if confirm(context, "up", &losses)? {
                        run.losing().up(&target, &choice).await.map(Some)
                    } else {
                        Ok(None)
                    }
                }
                done => done.map(Some),
            }
        })
        .await;
    let done = match done {
        Err(error @ Error::FileNotWritable { .. }) => {
            if target != Target::Head || !is_done(context, &database, &choice).await {
                return Err(error);
            }
            Report::default()
        }
        done => match done? {
            Some(done) => done,
            None => return Ok(FAILED),
        },
    };
    report(context, &database, None, Some(&done), began.elapsed());
    Ok(DONE)
}

/// Whether a file that cannot be written has all that would be written.
async fn is_done(context: &Context<'_>, database: &Database, choice: &Choice) -> bool {
    let looked = context
        .on_reading_session(database, async |db| context.app.on(db).is_done(choice).await)
        .await;
    looked.unwrap_or(false)
}

pub(super) async fn down(context: &Context<'_>, args: Down) -> Result<u8> {
    if args.script.sql {
        let Some((from, target)) = args.range() else {
            return Err(MigrationError::Unsupported {
                what: "`down --sql` never connects, and so does not know what is applied"
                    .to_owned(),
                instead: "type `down --sql FROM..TO`, such as `down --sql head..base`".to_owned(),
            }
            .into());
        };
        return print_script(context, &args.script, Way::Down, &from, &target);
    }
    let database = context.database()?;
    context.output.progress(format!("database: {database}"));
    let target = args.target();
    if args.dry_run {
        let rehearsed = context
            .on_reading_session(&database, async |db| {
                context.app.on(db).rehearse_down(&target).await
            })
            .await?;
        let plan = Plan::of(database.dialect(), &[], &rehearsed);
        plan.on(&database).print(context);
        return Ok(DONE);
    }
    let reverted = context
        .on_session(&database, async |db| {
            let run = context.run(db, &args.lock);
            let Some(expected) = agreed(context, &run, "down", &target, &args.lock).await? else {
                return Ok(None);
            };
            let began = Instant::now();
            let reverted = run.down(&target, Some(&expected)).await?;
            Ok(Some((reverted, began.elapsed())))
        })
        .await?;
    let Some((reverted, took)) = reverted else { return Ok(FAILED) };
    report(context, &database, Some(&reverted), None, took);
    Ok(DONE)
}

pub(super) async fn redo(context: &Context<'_>, args: Redo) -> Result<u8> {
    let target = args.target();
    let Refill { dry_run, skip, lock } = args.refill;
    if dry_run {
        return rehearse(context, true, async |run| run.rehearse_redo(&target).await).await;
    }
    let database = context.database()?;
    context.output.progress(format!("database: {database}"));
    let choice = context.choice(&skip)?;
    let done = context
        .on_session(&database, async |db| {
            let run = context.run(db, &lock);
            let Some(expected) = agreed(context, &run, "redo", &target, &lock).await? else {
                return Ok(None);
            };
            let began = Instant::now();
            let done = run.redo(&target, Some(&expected), &choice).await?;
            Ok(Some((done, began.elapsed())))
        })
        .await?;
    let Some(((reverted, done), took)) = done else { return Ok(FAILED) };
    report(context, &database, Some(&reverted), Some(&done), took);
    Ok(DONE)
}

pub(super) async fn fresh(context: &Context<'_>, args: Refill) -> Result<u8> {
    if args.dry_run {
        return rehearse(context, true, async |run| run.rehearse_fresh().await).await;
    }
    let what = All::Tables("every table of the database will be dropped, with all rows");
    destructive(context, "fresh", &args.lock, &what, async |run| {
        let done = run.fresh(&context.choice(&args.skip)?).await?;
        Ok((None, Some(done)))
    })
    .await
}

pub(super) async fn refresh(context: &Context<'_>, args: Refill) -> Result<u8> {
    if args.dry_run {
        return rehearse(context, true, async |run| run.rehearse_refresh().await).await;
    }
    let what = All::Migrations("every migration will be reverted, and with it go all rows");
    destructive(context, "refresh", &args.lock, &what, async |run| {
        let (reverted, done) = run.refresh(&context.choice(&args.skip)?).await?;
        Ok((Some(reverted), Some(done)))
    })
    .await
}

pub(super) async fn reset(context: &Context<'_>, args: Reset) -> Result<u8> {
    if args.dry_run {
        return rehearse(context, false, async |run| run.rehearse_reset().await).await;
    }
    let what = All::Migrations(
        "every migration will be reverted, and with it go all rows and the history",
    );
    destructive(context, "reset", &args.lock, &what, async |run| {
        Ok((Some(run.reset().await?), None))
    })
    .await
}

/// Prints what a command would do.
pub(super) async fn rehearse(
    context: &Context<'_>,
    seeds: bool,
    work: impl AsyncFnOnce(Run<'_>) -> Result<Vec<Rehearsed>>,
) -> Result<u8> {
    let database = context.database()?;
    context.output.progress(format!("database: {database}"));
    let rehearsed =
        context.on_reading_session(&database, async |db| work(context.app.on(db)).await).await?;
    let plan = Plan::of(database.dialect(), &[], &rehearsed);
    let seeds = seeds && context.app.has_seeds();
    plan.on(&database).with_seeds(seeds).print(context);
    Ok(DONE)
}

type Outcome = (Option<Vec<Ran>>, Option<Report>);

async fn destructive(
    context: &Context<'_>,
    command: &'static str,
    lock: &Lock,
    what: &All,
    work: impl AsyncFnOnce(Run<'_>) -> Result<Outcome>,
) -> Result<u8> {
    let database = context.database()?;
    guard_production(context, command)?;
    context.output.progress(format!("database: {database}"));
    let done = context
        .on_session(&database, async |db| {
            let run = context.run(db, lock);
            let lost = announced(context, &run, what, lock).await?;
            if !confirm(context, command, &lost)? {
                return Ok(None);
            }
            let began = Instant::now();
            Ok(Some((work(run).await?, began.elapsed())))
        })
        .await?;
    let Some(((reverted, done), took)) = done else { return Ok(FAILED) };
    report(context, &database, reverted.as_deref(), done.as_ref(), took);
    Ok(DONE)
}

/// Prints the SQL of a range, which leads there whenever it is run.
fn print_script(
    context: &Context<'_>,
    script: &Script,
    way: Way,
    from: &Target,
    target: &Target,
) -> Result<u8> {
    let dialect = match script.dialect {
        Some(kind) => kind.into(),
        None => context.database()?.dialect(),
    };
    let search_path = context.schema_of(dialect, &dialect)?;
    let (records, rehearsed) = plan::script(context.app, dialect, way, from, target)?;
    for code in rehearsed.iter().filter(|it| it.statements.is_none() || !it.code.is_empty()) {
        context.output.progress(format!(
            "warning: {}: let `{}` run it, and print what is behind it",
            plan::before(&code.name),
            way.name()
        ));
    }
    let seeds = way == Way::Up && context.app.has_seeds();
    let plan = Plan::of(dialect, &records, &rehearsed);
    plan.in_schema(search_path).with_seeds(seeds).print(context);
    Ok(DONE)
}

pub(super) async fn seed(context: &Context<'_>, args: Seed) -> Result<u8> {
    if args.list {
        return list_seeders(context);
    }
    let mut choice = context.choice(&args.skip)?;
    if let Some(name) = &args.reset {
        choice = Choice { only: vec![name.clone()], skip: Vec::new() };
    } else if !args.names.is_empty() {
        choice.only.clone_from(&args.names);
    }
    let database = context.database()?;
    context.output.progress(format!("database: {database}"));
    if args.verify {
        let differences = context
            .on_reading_session(&database, async |db| {
                context.app.on(db).verify_seeds(&choice).await
            })
            .await?;
        return Ok(print_differences(context, &database, &differences));
    }
    let mode = match (&args.reset, args.dry_run) {
        (Some(_), true) => {
            return Err(MigrationError::Unsupported {
                what: "`--reset` cannot be rehearsed".to_owned(),
                instead:
                    "type `seed --verify NAME`, which shows what `--reset NAME` would set back"
                        .to_owned(),
            }
            .into());
        }
        (Some(_), false) => Mode::Restore,
        (None, true) => Mode::Rehearse,
        (None, false) => Mode::Offer,
    };
    let seeded = if mode == Mode::Rehearse {
        context
            .on_reading_session(&database, async |db| context.app.on(db).seed(&choice, mode).await)
            .await?
    } else {
        context
            .on_session(&database, async |db| context.run(db, &args.lock).seed(&choice, mode).await)
            .await?
    };
    print_seeded(context, &database, &seeded, mode);
    let is_whole = seeded.iter().all(|it| it.unrestored.is_empty());
    Ok(if is_whole { DONE } else { NOT_CLEAN })
}

fn list_seeders(context: &Context<'_>) -> Result<u8> {
    #[derive(Serialize)]
    struct List {
        seeders: Vec<Entry>,
    }
    #[derive(Serialize)]
    struct Entry {
        name: String,
        table: String,
        needs: Vec<String>,
        rows: usize,
    }

    let seeders: Vec<Entry> = context
        .app
        .seeders()?
        .into_iter()
        .map(|it| Entry { name: it.name, table: it.table, needs: it.needs, rows: it.rows.len() })
        .collect();
    for it in &seeders {
        context.output.line(format!("{}: {} into `{}`", it.name, count(it.rows, "row"), it.table));
    }
    context.output.document(&List { seeders });
    Ok(DONE)
}

fn print_seeded(context: &Context<'_>, database: &Database, seeded: &[Seeded], mode: Mode) {
    for it in seeded {
        if let Some(because) = &it.skipped {
            context.output.line(format!("{}: skipped, {because}", it.seeder));
            continue;
        }
        let verb = if mode == Mode::Rehearse { "would be inserted" } else { "inserted" };
        let mut line = format!("{}: {} {verb}", it.seeder, count(it.inserted.len(), "row"));
        if !it.restored.is_empty() {
            let _ = write!(line, ", {} restored", it.restored.len());
        }
        context.output.line(format!("{line}, {} as before", it.left));
        for lost in &it.unrestored {
            context.output.line(format!(
                "{}: `{}` not restored: {}; type `seed --reset {}` first",
                it.seeder, lost.row, lost.because, lost.needs
            ));
        }
        if mode == Mode::Rehearse || context.output.is_verbose() {
            for row in it.inserted.iter().chain(&it.restored) {
                context.output.line(format!("  + {row}"));
            }
        }
    }
    if seeded.is_empty() {
        context.output.line("no seeder is left to run");
    }
    context.output.document(&Done {
        database: database.to_string(),
        reverted: None,
        applied: None,
        seeded: Some(seeded.iter().map(SeededRows::from).collect()),
        pending: None,
        heard: context.output.heard(),
    });
}

fn print_differences(context: &Context<'_>, database: &Database, differences: &[Difference]) -> u8 {
    #[derive(Serialize)]
    struct Found {
        database: String,
        differences: Vec<Entry>,
    }
    #[derive(Serialize)]
    struct Entry {
        seeder: String,
        row: String,
        kind: &'static str,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        columns: Vec<String>,
    }

    let mut entries = Vec::new();
    for it in differences {
        let (kind, columns, text) = match &it.kind {
            DifferenceKind::New => ("new", Vec::new(), "was never offered".to_owned()),
            DifferenceKind::Withdrawn => {
                ("withdrawn", Vec::new(), "was offered and taken away".to_owned())
            }
            DifferenceKind::Differs(columns) => {
                ("differs", columns.clone(), format!("differs in {}", columns.join(", ")))
            }
            DifferenceKind::NoTable(because) => ("no_table", Vec::new(), because.clone()),
        };
        let row = if it.row.is_empty() { String::new() } else { format!(" `{}`", it.row) };
        context.output.line(format!("{}:{row} {text}", it.seeder));
        entries.push(Entry { seeder: it.seeder.clone(), row: it.row.clone(), kind, columns });
    }
    if differences.is_empty() {
        context.output.line("the default rows are as they were seeded");
    }
    context.output.document(&Found { database: database.to_string(), differences: entries });
    if differences.is_empty() { DONE } else { NOT_CLEAN }
}
