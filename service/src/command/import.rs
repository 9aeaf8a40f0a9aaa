//! `import`: brings data in from other systems, and takes it out again.

mod names;
mod plan;
mod undo;

use std::{
    collections::BTreeMap,
    fmt,
    io::{IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    sync::Mutex,
};

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use plimsoll::config::Env;
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend};
use serde_json::json;
use service::{
    World, config,
    imports::{
        self, Event, Options, Report, Source, Tally, Weight,
        source::{
            alembic::{Alembic, Plan},
            json::Json,
            tronbyt::Tronbyt,
        },
    },
    seal::Keyring,
};

pub(super) use self::undo::undo;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// People, their displays and apps from a tronbyt server that keeps JSON documents.
    Tronbyt {
        /// The file `users/usersdb.sqlite` of that server. It is read, and never altered.
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
        #[command(flatten)]
        how: How,
    },
    /// The tables of RAG Fortress, Gough, MarchProxy or Fenrir, whose migrations are Alembic's.
    Alembic {
        /// The URL of its database on PostgreSQL or SQLite, or the SQLite file. It is read, and never
        /// altered.
        #[arg(long, value_name = "URL")]
        from: String,
        #[command(flatten)]
        how: How,
    },
    /// What `export` has written, of this database or another one.
    Json {
        /// The file. It is read, and never altered.
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
        #[command(flatten)]
        how: How,
    },
    /// Take out again what an import has brought in, and nothing else.
    Undo {
        /// The number of the import.
        id: i64,
    },
}

#[derive(Args, Debug)]
pub(super) struct How {
    /// Say what would happen, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Keep nothing when a single part is refused.
    #[arg(long)]
    all_or_nothing: bool,
    /// Go on with the import that was interrupted.
    #[arg(long, conflicts_with_all = ["dry_run", "all_or_nothing"])]
    resume: bool,
    /// Take what the source says now where it differs from what it said before.
    #[arg(long)]
    update: bool,
    /// A person of the source is called otherwise here; can be given several times. Where nobody is
    /// called NEW yet, they come in by that name.
    #[arg(long, value_name = "OLD=NEW", value_parser = renamed)]
    map: Vec<(String, String)>,
    /// Which source it is, when there are several of its kind.
    #[arg(long = "as", value_name = "NAME")]
    scope: Option<String>,
}

impl How {
    fn options(&self, keys: Keyring) -> Options {
        Options {
            scope: self.scope.clone(),
            dry_run: self.dry_run,
            all_or_nothing: self.all_or_nothing,
            resume: self.resume,
            update: self.update,
            names: self.map.iter().cloned().collect(),
            keys,
        }
    }
}

fn renamed(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((old, new)) if !old.is_empty() && !new.is_empty() => {
            Ok((old.to_owned(), new.to_owned()))
        }
        _ => Err("it is OLD=NEW".to_owned()),
    }
}

/// What an import came to.
pub(super) struct Brought {
    report: Report,
    dry_run: bool,
    plan: Option<Plan>,
}

impl super::Said for Brought {
    fn json(&self) -> serde_json::Value {
        let Report { import_id, records, tables, warnings, faults, remarks } = &self.report;
        let tables: BTreeMap<&str, serde_json::Value> =
            tables.iter().map(|(table, tally)| (table.as_str(), tally.json())).collect();
        let remarks: Vec<serde_json::Value> = remarks
            .iter()
            .map(|remark| {
                json!({
                    "record": remark.unit,
                    "path": remark.path,
                    "value": remark.value,
                    "reason": remark.reason,
                    "refused": remark.weight == Weight::Fault,
                })
            })
            .collect();
        json!({
            "schema": 1,
            "import": import_id,
            "dry_run": self.dry_run,
            "plan": self.plan.as_ref().map(plan::json),
            "records": records,
            "tables": tables,
            "warnings": warnings,
            "faults": faults,
            "remarks": remarks,
        })
    }

    fn is_well(&self) -> bool {
        self.report.faults == 0
    }
}

impl fmt::Display for Brought {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { import_id, records, tables, warnings, faults, .. } = &self.report;
        if let Some(plan) = &self.plan {
            plan::show(f, plan)?;
        }
        match import_id {
            Some(id) => write!(f, "import {id}: {records} records")?,
            None => write!(f, "nothing was changed; of {records} records:")?,
        }
        let verb = if self.dry_run { "would come" } else { "came, read back and compared" };
        for (table, Tally { made, matched, same, different, updated }) in tables {
            write!(f, "\n  {table}: {made} {verb}")?;
            for (count, what) in [
                (matched, "there before"),
                (same, "brought in before"),
                (different, "different in the source"),
                (updated, "changed to what the source says"),
            ] {
                if *count > 0 {
                    write!(f, ", {count} {what}")?;
                }
            }
        }
        write!(f, "\n{warnings} warnings, {faults} parts refused")
    }
}

pub(super) async fn tronbyt(
    db: &DatabaseConnection,
    from: &Path,
    how: &How,
    is_quiet: bool,
) -> anyhow::Result<Brought> {
    let role = imports::role_of_people(db).await?;
    let source = Tronbyt::open(from, role).await?;
    bring(db, &source, how, Keyring::default(), is_quiet).await
}

pub(super) async fn alembic(
    db: &DatabaseConnection,
    env: &Env,
    from: &str,
    how: &How,
    is_quiet: bool,
) -> anyhow::Result<Brought> {
    let role = imports::role_of_people(db).await?;
    let keys = config::keyring(env)?;
    let source = Alembic::open(from, role, &how.options(keys.clone())).await?;
    let brought = bring(db, &source, how, keys, is_quiet).await?;
    Ok(Brought { plan: Some(source.plan().clone()), ..brought })
}

pub(super) async fn json(
    db: &DatabaseConnection,
    env: &Env,
    from: &Path,
    how: &How,
    is_quiet: bool,
) -> anyhow::Result<Brought> {
    let source = Json::open(from).await?;
    bring(db, &source, how, config::keyring(env)?, is_quiet).await
}

/// Has SQLite keep 16 MB of its pages in the memory of the one connection that an import has, and take 40 MB
/// of changes into the database at once: what is changed again and again is written less often.
pub(super) async fn prepare(db: &DatabaseConnection) -> anyhow::Result<()> {
    if db.get_database_backend() == DbBackend::Sqlite {
        let larger = "PRAGMA cache_size = -16000; PRAGMA wal_autocheckpoint = 10000";
        db.execute_unprepared(larger).await?;
    }
    Ok(())
}

/// Brings in what the source has, and shows how far it is.
async fn bring<S: Source + Sync>(
    db: &DatabaseConnection,
    source: &S,
    how: &How,
    keys: Keyring,
    is_quiet: bool,
) -> anyhow::Result<Brought> {
    let options = how.options(keys);
    let bar = Mutex::new(ProgressBar::hidden());
    let told = |event: Event<'_>| tell(&bar, is_quiet, event);
    let new = names::look(db, source, &how.map).await?;
    for remark in &new {
        told(Event::Said(remark));
    }
    let report = imports::run(db, &World::system(), source, &options, &told).await?;
    let report = names::before(new, report);
    if let Ok(bar) = bar.lock() {
        bar.finish_and_clear();
    }
    Ok(Brought { report, dry_run: how.dry_run, plan: None })
}

/// Shows how far it is, on a terminal, and each remark.
fn tell(bar: &Mutex<ProgressBar>, is_quiet: bool, event: Event<'_>) {
    let Ok(mut bar) = bar.lock() else { return };
    match event {
        Event::Began { records } if !is_quiet && std::io::stderr().is_terminal() => {
            *bar = ProgressBar::new(records);
            if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}") {
                bar.set_style(style);
            }
        }
        Event::Said(remark) if !is_quiet => bar.suspend(|| {
            // Nobody is there to be told when standard error is gone.
            let _ = writeln!(anstream::stderr(), "{remark}");
        }),
        Event::Began { .. } | Event::Said(_) => {}
        Event::Done { records } => bar.set_position(records),
    }
}
