//! Commands that look: `status`, `current`, `heads`, `history`, `init`.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::{Context, DONE, NOT_CLEAN, output::count};
use crate::{
    error::Result,
    revisions::{Standing, State},
};

#[derive(Serialize)]
struct Revision {
    name: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    applied_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    took_ms: Option<i64>,
}

#[derive(Serialize)]
struct Overview {
    database: String,
    current: Option<String>,
    revisions: Vec<Revision>,
}

#[derive(Serialize)]
struct Names {
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<String>,
    revisions: Vec<String>,
}

async fn standings(context: &Context<'_>) -> Result<(String, Vec<Standing>)> {
    let database = context.database()?;
    let standings =
        context.on_reading_session(&database, async |db| context.app.standings(db).await).await?;
    Ok((database.to_string(), standings))
}

/// The newest revision of the code's list that is applied.
fn position(standings: &[Standing]) -> Option<&Standing> {
    standings.iter().rfind(|it| matches!(it.state, State::Applied | State::Changed))
}

fn document(database: String, standings: &[Standing]) -> Overview {
    Overview {
        database,
        current: position(standings).map(|it| it.name.clone()),
        revisions: standings
            .iter()
            .map(|it| Revision {
                name: it.name.clone(),
                state: it.state.name(),
                applied_at: it.at,
                took_ms: it.took_ms,
            })
            .collect(),
    }
}

pub(super) async fn status(context: &Context<'_>) -> Result<u8> {
    let (database, standings) = standings(context).await?;
    let output = context.output;
    output.progress(format!("database: {database}"));
    for it in &standings {
        let when = it.at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
        let took = it.took_ms.map(|took| format!(" in {took} ms"));
        let color = match it.state {
            State::Applied => 32,
            State::Pending => 33,
            State::Missing | State::Changed => 31,
        };
        let (when, took) = (when.unwrap_or_default(), took.unwrap_or_default());
        let state = it.state.to_string();
        let line = format!("\x1b[{color}m{state:<8}\x1b[0m {}  {when}{took}", it.name);
        output.line(line.trim_end());
    }
    let of = |state| standings.iter().filter(|it| it.state == state).count();
    let (pending, missing, changed) = (of(State::Pending), of(State::Missing), of(State::Changed));
    if pending > 0 {
        output.progress(format!(
            "{} pending; `cargo run -p migration -- up` applies {}",
            count(pending, "migration"),
            if pending == 1 { "it" } else { "them" },
        ));
    }
    if missing > 0 {
        output.progress(format!(
            "{} applied that this code does not know; run a build that has {}",
            count(missing, "migration"),
            if missing == 1 { "it" } else { "them" },
        ));
    }
    if changed > 0 {
        output.progress(format!(
            "{} edited after being applied; restore the file and put the change in a new migration",
            count(changed, "migration"),
        ));
    }
    output.document(&document(database, &standings));
    Ok(if pending + missing + changed == 0 { DONE } else { NOT_CLEAN })
}

pub(super) async fn current(context: &Context<'_>) -> Result<u8> {
    let (database, standings) = standings(context).await?;
    let at = position(&standings);
    let last = standings.iter().rfind(|it| it.state != State::Missing);
    let head = if at.is_some() && at == last { " (head)" } else { "" };
    match at {
        Some(at) => context.output.line(format!("{}{head}", at.name)),
        None => context.output.line("base"),
    }
    context.output.document(&Names {
        database: Some(database),
        revisions: at.map(|it| it.name.clone()).into_iter().collect(),
    });
    Ok(DONE)
}

pub(super) fn heads(context: &Context<'_>) -> Result<u8> {
    let known = context.app.history().load()?.known();
    let heads: Vec<String> = known.last().map(|it| it.name.clone()).into_iter().collect();
    for head in &heads {
        context.output.line(head);
    }
    context.output.document(&Names { database: None, revisions: heads });
    Ok(DONE)
}

pub(super) async fn history(context: &Context<'_>) -> Result<u8> {
    let (database, standings) = standings(context).await?;
    let at = position(&standings).map(|it| it.name.clone());
    let revisions = context.app.history().load()?;
    for it in &standings {
        let here = if Some(&it.name) == at.as_ref() { " <- the database is here" } else { "" };
        let state = match it.state {
            State::Applied => String::new(),
            other => format!(" ({other})"),
        };
        context.output.line(format!("{}{state}{here}", it.name));
        let known = revisions.list.iter().find(|revision| revision.name == it.name);
        if let (true, Some(known)) = (context.output.is_verbose(), known) {
            for line in known.describe() {
                context.output.line(format!("    {line}"));
            }
        }
    }
    context.output.document(&document(database, &standings));
    Ok(DONE)
}

pub(super) fn init(context: &Context<'_>) -> u8 {
    #[derive(Serialize)]
    struct Answer {
        message: &'static str,
    }

    let message = "there is nothing to initialise: `cargo run -p migration -- up` creates what it needs in the \
                   database that is configured, and `cargo run -p migration -- generate NAME --empty` writes a \
                   new migration";
    context.output.line(message);
    context.output.document(&Answer { message });
    DONE
}
