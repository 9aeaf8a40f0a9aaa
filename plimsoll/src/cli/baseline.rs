//! `baseline`: a database that somebody else made is taken over.

use clap::Args;
use serde::Serialize;

use super::{Context, DONE, FAILED, NOT_CLEAN, args::Lock, ask::confirm, output::count};
use crate::{
    app::Baseline as Found, change::Change, config::Database, error::Result, revisions::Target,
    runner::Stamp,
};

#[derive(Debug, Args)]
pub(super) struct Baseline {
    /// The revision that it is compared with; else the one that it is nearest to.
    target: Option<String>,
    /// Count tables that no migration makes as a difference.
    #[arg(long)]
    strict: bool,
    /// Record nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    lock: Lock,
}

/// What was found, for programs.
#[derive(Serialize)]
struct Answer<'a> {
    database: String,
    revision: Option<&'a str>,
    clean: bool,
    differences: Vec<String>,
    unknown: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    stamped: Option<Stamp>,
}

pub(super) async fn baseline(context: &Context<'_>, args: Baseline) -> Result<u8> {
    let database = context.database()?;
    context.output.progress(format!("database: {database}"));
    let target: Option<Target> = args.target.as_deref().map(|text| {
        let Ok(target) = text.parse();
        target
    });
    let found = context
        .on_reading_session(&database, async |db| {
            Box::pin(context.app.on(db).baseline(&database, target.as_ref())).await
        })
        .await?;
    let differences = differences(&found, args.strict);
    tell(context, &found, &differences);
    let answer = |stamped: Option<Stamp>| {
        context.output.document(&Answer {
            database: database.to_string(),
            revision: found.revision.as_deref(),
            clean: differences.is_empty(),
            differences: differences.clone(),
            unknown: &found.unknown,
            stamped,
        });
    };
    let Some(revision) = &found.revision else {
        answer(None);
        return Ok(DONE);
    };
    let target = Target::Revision(revision.clone());
    if args.dry_run || (!differences.is_empty() && !context.common.yes && !context.asks()) {
        answer(None);
        return Ok(if differences.is_empty() { DONE } else { NOT_CLEAN });
    }
    let stamped = stamp(context, &database, &args.lock, &target, &differences).await?;
    let Some(stamped) = stamped else { return Ok(FAILED) };
    let recorded = match stamped.recorded.len() {
        0 => "nothing was left to record".to_owned(),
        recorded => format!("{} recorded as applied", count(recorded, "migration")),
    };
    context.output.line(format!("{recorded}; `up` goes on from here"));
    answer(Some(stamped));
    Ok(DONE)
}

/// Records it, when nothing is off or somebody wants it all the same.
async fn stamp(
    context: &Context<'_>,
    database: &Database,
    lock: &Lock,
    target: &Target,
    differences: &[String],
) -> Result<Option<Stamp>> {
    context
        .on_session(database, async |db| {
            let run = context.run(db, lock);
            let (would, _) = run.rehearse_stamp(target).await?;
            let mut doubts = Vec::new();
            if !differences.is_empty() {
                doubts.push(format!(
                    "the database differs in {}; what it lacks stays lacking",
                    count(differences.len(), "thing")
                ));
            }
            // What is recorded says something else.
            doubts.extend(
                would
                    .forgotten
                    .iter()
                    .map(|name| format!("`{name}` is recorded as applied, and would be forgotten")),
            );
            if !doubts.is_empty() && !confirm(context, "baseline", &doubts)? {
                return Ok(None);
            }
            run.stamp(target, Some(&would)).await.map(Some)
        })
        .await
}

fn differences(found: &Found, strict: bool) -> Vec<String> {
    let changes = found.changes.iter().map(Change::describe);
    let unread = found
        .unread
        .iter()
        .map(|it| format!("see what `{}` is: it could not be compared: {}", it.table, it.because));
    let unknown = found.unknown.iter().filter(|_| strict);
    let unknown = unknown.map(|name| format!("know table `{name}`, which no migration makes"));
    changes.chain(unread).chain(unknown).collect()
}

fn tell(context: &Context<'_>, found: &Found, differences: &[String]) {
    let line = |text: String| context.output.line(text);
    if !found.unknown.is_empty() {
        let names: Vec<String> = found.unknown.iter().map(|name| format!("`{name}`")).collect();
        context.output.progress(format!("no migration makes {}", names.join(", ")));
    }
    match &found.revision {
        None => line("nothing is there that a migration makes: type `up`".to_owned()),
        Some(name) if differences.is_empty() => {
            line(format!("the database has what the migrations up to `{name}` make"));
        }
        Some(name) => {
            line(format!("the database is nearest to `{name}`; to be that, one would have to"));
            for sentence in differences {
                line(format!("  {sentence}"));
            }
            context.output.progress(
                "mend what differs, or type `baseline --force` to record it all the same",
            );
        }
    }
}
