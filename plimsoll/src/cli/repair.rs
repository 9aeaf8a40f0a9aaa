//! `repair`: what a crash or an edit left behind, shown and settled.

use clap::{ArgGroup, Args};
use serde::Serialize;

use super::{Context, DONE, FAILED, NOT_CLEAN, args::Lock, ask::confirm, plan::print_statements};
use crate::{
    app::{Shown, Wreck},
    config::Database,
    error::Result,
    revisions::{State, out_of_order},
    runner::{self, Repaired},
};

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("how"))]
pub(super) struct Repair {
    /// What the interrupted migration was to do is there, to its end.
    #[arg(long, group = "how")]
    done: bool,
    /// Nothing of what the interrupted migration was to do is there.
    #[arg(long, group = "how", visible_alias = "undone")]
    undo: bool,
    /// What this applied migration says now is what has run.
    #[arg(long, group = "how", value_name = "REVISION")]
    accept: Option<String>,
    /// Record this revision no more, which the code does not know.
    #[arg(long, group = "how", value_name = "REVISION")]
    forget: Option<String>,
    /// Print the SQL that would run, and change nothing.
    #[arg(long, requires = "how")]
    dry_run: bool,
    #[command(flatten)]
    lock: Lock,
}

impl Repair {
    fn how(&self) -> Option<runner::Repair> {
        match (&self.accept, &self.forget) {
            (Some(name), _) => Some(runner::Repair::Accept(name.clone())),
            (_, Some(name)) => Some(runner::Repair::Forget(name.clone())),
            _ if self.done => Some(runner::Repair::Done),
            _ if self.undo => Some(runner::Repair::Undone),
            _ => None,
        }
    }
}

/// Something to settle, and what settles it.
#[derive(Serialize)]
struct Finding {
    revision: String,
    /// `interrupted`, `running`, `changed`, `missing`, `out_of_order`.
    state: &'static str,
    what: String,
    #[serde(flatten)]
    shown: Option<Shown>,
    /// What to do about it.
    next: Vec<String>,
}

pub(super) async fn repair(context: &Context<'_>, args: Repair) -> Result<u8> {
    let database = context.database()?;
    context.output.progress(format!("database: {database}"));
    match args.how() {
        None => show(context, &database).await,
        Some(how) if args.dry_run => {
            let repaired = context
                .on_reading_session(&database, async |db| {
                    Box::pin(context.app.on(db).rehearse_repair(&database, &how)).await
                })
                .await?;
            print_statements(context, database.dialect(), &repaired.statements);
            print(context, &database, &repaired, true);
            Ok(DONE)
        }
        Some(how) => settle(context, &database, &how, &args.lock).await,
    }
}

async fn settle(
    context: &Context<'_>,
    database: &Database,
    how: &runner::Repair,
    lock: &Lock,
) -> Result<u8> {
    let repaired = context
        .on_session(database, async |db| {
            let run = context.run(db, lock);
            let would = Box::pin(run.rehearse_repair(database, how)).await?;
            if !confirm(context, "repair", std::slice::from_ref(&would.sentence))? {
                return Ok(None);
            }
            Box::pin(run.repair(database, how, Some(&would))).await.map(Some)
        })
        .await?;
    let Some(repaired) = repaired else { return Ok(FAILED) };
    context.output.line(&repaired.sentence);
    print(context, database, &repaired, false);
    Ok(DONE)
}

fn print(context: &Context<'_>, database: &Database, repaired: &Repaired, is_dry: bool) {
    #[derive(Serialize)]
    struct Answer<'a> {
        database: String,
        revision: &'a str,
        what: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        statements: Option<&'a [String]>,
    }

    context.output.document(&Answer {
        database: database.to_string(),
        revision: &repaired.name,
        what: &repaired.sentence,
        statements: is_dry.then_some(&repaired.statements),
    });
}

async fn show(context: &Context<'_>, database: &Database) -> Result<u8> {
    #[derive(Serialize)]
    struct Answer<'a> {
        database: String,
        findings: &'a [Finding],
    }

    let wreck = context
        .on_reading_session(database, async |db| Box::pin(context.app.on(db).wreck(database)).await)
        .await?;
    let findings = findings(wreck);
    let line = |text: String| context.output.line(text);
    for it in &findings {
        line(format!("`{}` {}", it.revision, it.what));
        if let Some(shown) = &it.shown {
            tell(context, shown);
        }
        for next in &it.next {
            line(format!("    {next}"));
        }
    }
    if findings.is_empty() {
        line("there is nothing to repair".to_owned());
    }
    context.output.document(&Answer { database: database.to_string(), findings: &findings });
    Ok(if findings.is_empty() { DONE } else { NOT_CLEAN })
}

fn tell(context: &Context<'_>, shown: &Shown) {
    let line = |text: String| context.output.line(text);
    if let (Some(statement), Some(table)) = (&shown.statement, &shown.table) {
        line(format!("  it was at `{table}`, by: {statement}"));
    }
    for (sentences, as_if, part) in [
        (&shown.lacks, "it were done", "for it to be done, one would have to"),
        (&shown.has, "it were undone", "for it to be undone, one would have to"),
    ] {
        match sentences.as_deref() {
            None => {}
            Some([]) => line(format!("  the schema is as if {as_if}")),
            Some(sentences) => {
                for sentence in sentences {
                    line(format!("  {part}: {sentence}"));
                }
            }
        }
    }
}

fn findings(wreck: Wreck) -> Vec<Finding> {
    let Wreck { standings, unfinished, shown } = wreck;
    let mut findings = Vec::new();
    if let Some(open) = unfinished {
        let verb = if open.reverting { "reverted" } else { "applied" };
        let what = match open.finished {
            Some(finished) => {
                format!("was being {verb}, and {finished} of its statements have run for certain")
            }
            None => format!("was being {verb}, and how far it came is not known"),
        };
        let mut next = vec![open.next.clone()];
        if !open.running && !open.next.contains("repair --") {
            next.push("or, when that cannot be: `repair --done` when it is done, `repair --undo` when it is undone"
                .to_owned());
        }
        let state = if open.running { "running" } else { "interrupted" };
        findings.push(Finding { revision: open.name, state, what, shown, next });
    }
    let late: Vec<String> = out_of_order(&standings).iter().map(|it| it.name.clone()).collect();
    for it in standings {
        let (state, what, next) = match it.state {
            State::Changed => (
                "changed",
                if it.did().is_some() {
                    "does something else on an empty database than it did here: it was edited after \
                     it ran, or met here what no migration makes"
                } else {
                    "was edited after it ran, and what it says now has not run"
                },
                vec![
                    "restore the file, and put the change into a new migration".to_owned(),
                    format!(
                        "or, when the edit changes nothing that matters: `repair --accept {}`",
                        it.name
                    ),
                ],
            ),
            State::Missing => (
                "missing",
                "is recorded, and this code does not know it",
                vec![
                    "run a build that has it".to_owned(),
                    format!("or, when it is gone for good: `repair --forget {}`", it.name),
                ],
            ),
            State::Pending if late.contains(&it.name) => (
                "out_of_order",
                "was added before the last that is applied",
                vec!["`up` runs it behind that one".to_owned()],
            ),
            _ => continue,
        };
        let what = what.to_owned();
        findings.push(Finding { revision: it.name, state, what, shown: None, next });
    }
    findings
}
