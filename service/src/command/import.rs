//! `import`: brings data in from other systems, and takes it out again.

use std::{
    collections::BTreeMap,
    fmt,
    io::{IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    sync::Mutex,
};

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use sea_orm::DatabaseConnection;
use serde_json::json;
use service::{
    World,
    imports::{
        self, Event, Kept, Options, Report, Tally, Undone, Weight, source::tronbyt::Tronbyt,
    },
};

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
    /// A person of the source is called otherwise here; can be given several times.
    #[arg(long, value_name = "OLD=NEW", value_parser = renamed)]
    map: Vec<(String, String)>,
    /// Which source it is, when there are several of its kind.
    #[arg(long = "as", value_name = "NAME")]
    scope: Option<String>,
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
    let world = World::system();
    let role = imports::role_of_people(db).await?;
    let source = Tronbyt::open(from, role).await?;
    let options = Options {
        scope: how.scope.clone(),
        dry_run: how.dry_run,
        all_or_nothing: how.all_or_nothing,
        resume: how.resume,
        update: how.update,
        names: how.map.iter().cloned().collect(),
    };
    let bar = Mutex::new(ProgressBar::hidden());
    let told = |event: Event<'_>| tell(&bar, is_quiet, event);
    let report = imports::run(db, &world, &source, &options, &told).await?;
    if let Ok(bar) = bar.lock() {
        bar.finish_and_clear();
    }
    Ok(Brought { report, dry_run: how.dry_run })
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

/// What taking an import out came to.
pub(super) struct TakenOut {
    id: i64,
    undone: Undone,
}

impl super::Said for TakenOut {
    fn json(&self) -> serde_json::Value {
        let kept: Vec<serde_json::Value> = self
            .undone
            .kept
            .iter()
            .map(|Kept { table, source, because }| {
                json!({"table": table, "source": source, "because": because})
            })
            .collect();
        json!({"schema": 1, "import": self.id, "removed": self.undone.removed, "kept": kept})
    }

    fn is_well(&self) -> bool {
        self.undone.kept.is_empty()
    }
}

impl fmt::Display for TakenOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "import {} is undone", self.id)?;
        for (table, rows) in &self.undone.removed {
            write!(f, "\n  {table}: {rows} removed")?;
        }
        for Kept { table, source, because } in &self.undone.kept {
            write!(f, "\n  {table}: `{source}` stays: {because}")?;
        }
        Ok(())
    }
}

pub(super) async fn undo(db: &DatabaseConnection, id: i64) -> anyhow::Result<TakenOut> {
    Ok(TakenOut { id, undone: imports::undo(db, &World::system(), id).await? })
}
