//! `backup` and `restore`: a copy of the database, and the database as the copy has it.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::{
    Context, DONE, FAILED,
    args::Lock,
    ask::{confirm, guard_production},
    lost::{All, announced},
    output::{Heard, size},
};
use crate::{
    backup::file,
    config::Database,
    error::{Error, Result},
    revisions::Standing,
};

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// Where to; else a folder `backups` beside the SQLite file, or beside `.env`, under a name with the
    /// time and the revision.
    file: Option<PathBuf>,
    #[command(flatten)]
    lock: Lock,
}

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// A copy that `backup` or `--backup` has made.
    file: PathBuf,
    #[command(flatten)]
    lock: Lock,
}

#[derive(Serialize)]
struct Made {
    database: String,
    file: PathBuf,
    bytes: u64,
    /// Tables that the copy need not have as they were at one moment.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    loose: Vec<String>,
    /// Columns with numbers that the copy has with fewer digits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rounded: Vec<String>,
}

#[derive(Serialize)]
struct Restored {
    database: String,
    file: PathBuf,
    /// The revision that the database is at now.
    current: Option<String>,
    #[serde(flatten)]
    heard: Heard,
}

/// An SQLite file that is not there would be made to be copied.
fn is_there(database: &Database) -> Result<()> {
    match database.file() {
        Some(file) if !file.exists() => Err(Error::FileMissing { file: file.to_owned() }),
        _ => Ok(()),
    }
}

pub(super) async fn backup(context: &Context<'_>, args: Backup) -> Result<u8> {
    let database = context.database()?;
    context.output.progress(format!("database: {database}"));
    is_there(&database)?;
    let file = args.file.or(args.lock.backup.clone().flatten());
    let copy = context.copy_of(&database, file.as_deref());
    let made = context
        .on_reading_session(&database, async |db| context.run(db, &args.lock).back_up(&copy).await)
        .await?;
    context.output.line(format!("copied to {} ({})", made.file.display(), size(made.bytes)));
    context.output.tell_copy(&made);
    context.output.document(&Made {
        database: database.to_string(),
        file: made.file,
        bytes: made.bytes,
        loose: made.loose,
        rounded: made.rounded,
    });
    Ok(DONE)
}

pub(super) async fn restore(context: &Context<'_>, args: Restore) -> Result<u8> {
    let Restore { file, lock } = args;
    let database = context.database()?;
    // A session would make an SQLite file that is not there.
    file::open(&file)?;
    guard_production(context, "restore")?;
    context.output.progress(format!("database: {database}"));
    let restored = context
        .on_session(&database, async |db| {
            let run = context.run(db, &lock);
            // Before somebody is asked for something that cannot be.
            run.check_copy(&database, &file).await?;
            let what = All::Tables(
                "what is in the database now goes, and what the copy has comes in its place",
            );
            let lost = announced(context, &run, &what, &lock).await?;
            if !confirm(context, "restore", &lost)? {
                return Ok(None);
            }
            run.restore(&database, &file).await?;
            let standings = context.app.standings(db).await?;
            let current = standings.into_iter().rfind(Standing::is_applied).map(|it| it.name);
            Ok(Some(current))
        })
        .await?;
    let Some(current) = restored else { return Ok(FAILED) };
    let at = current.as_deref().unwrap_or("base");
    context.output.line(format!("restored from {}; the database is at {at}", file.display()));
    context.output.document(&Restored {
        database: database.to_string(),
        file,
        current,
        heard: context.output.heard(),
    });
    Ok(DONE)
}
