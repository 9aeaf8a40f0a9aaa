//! Commands that look: `status`, `current`, `heads`, `history`, `wait`, `init`.

use std::{
    collections::{HashMap, HashSet},
    fmt::Write as _,
    time::Duration,
};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::{
    Context, DONE, NOT_CLEAN,
    args::Wait,
    output::{count, duration},
};
use crate::{
    connect,
    error::{Error, Result},
    history,
    revisions::{self, Applied, Standing, State},
    runner::Unfinished,
};

#[derive(Serialize)]
struct Revision<'s> {
    name: &'s str,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    applied_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    took_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    applied_by: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    engine: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checksum: Option<&'s str>,
    /// Whether it is pending, and stands before the last that is applied.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    out_of_order: bool,
    #[serde(flatten)]
    open: Option<Open<'s>>,
}

/// How far a migration came that was begun and not ended.
#[derive(Serialize)]
struct Open<'s> {
    way: &'static str,
    finished: Option<usize>,
    next: &'s str,
}

#[derive(Serialize)]
struct Overview<'s> {
    database: &'s str,
    current: Option<&'s str>,
    revisions: Vec<Revision<'s>>,
}

#[derive(Serialize)]
struct Names<'s> {
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<&'s str>,
    revisions: Vec<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interrupted: Option<&'s str>,
}

/// What a database says of its history.
struct Seen {
    database: String,
    standings: Vec<Standing>,
    /// The names of those that were added before the last that is applied.
    late: HashSet<String>,
    open: Option<Unfinished>,
}

impl Seen {
    async fn look(context: &Context<'_>) -> Result<Self> {
        let database = context.database()?;
        let (mut standings, open) = context
            .on_reading_session(&database, async |db| context.app.on(db).unfinished().await)
            .await?;
        if let Some(open) = &open
            && standings.iter().all(|it| it.name != open.name)
        {
            // Nowhere recorded, and the code knows it no more.
            let state = State::Missing;
            let (name, at, took_ms, record) = (open.name.clone(), None, None, None);
            standings.push(Standing { name, state, at, took_ms, record });
        }
        let late = revisions::out_of_order(&standings).iter().map(|it| it.name.clone()).collect();
        Ok(Self { database: database.to_string(), standings, late, open })
    }

    /// What is open of a revision.
    fn open(&self, it: &Standing) -> Option<&Unfinished> {
        self.open.as_ref().filter(|open| open.name == it.name)
    }

    /// Whether it was added before the last that is applied.
    fn is_late(&self, it: &Standing) -> bool {
        self.late.contains(&it.name)
    }

    fn state(&self, it: &Standing) -> &'static str {
        self.open(it).map_or(it.state.name(), word)
    }

    /// How many revisions are in a state and nothing of them is open.
    fn count(&self, state: State) -> usize {
        self.standings.iter().filter(|it| it.state == state && self.open(it).is_none()).count()
    }

    /// The newest revision of the code's list that is applied.
    fn position(&self) -> Option<&Standing> {
        self.standings.iter().rfind(|it| matches!(it.state, State::Applied | State::Changed))
    }

    fn revision<'s>(&'s self, it: &'s Standing) -> Revision<'s> {
        let record = it.record.as_ref();
        Revision {
            name: &it.name,
            state: self.state(it),
            applied_at: it.at,
            took_ms: it.took_ms,
            applied_by: record.and_then(|record| record.by.as_deref()),
            engine: record.and_then(|record| record.engine.as_deref()),
            checksum: record.and_then(|record| record.checksum.as_deref()),
            out_of_order: self.is_late(it),
            open: self.open(it).map(|open| Open {
                way: if open.reverting { "down" } else { "up" },
                finished: open.finished,
                next: &open.next,
            }),
        }
    }

    fn document(&self) -> Overview<'_> {
        Overview {
            database: &self.database,
            current: self.position().map(|it| it.name.as_str()),
            revisions: self.standings.iter().map(|it| self.revision(it)).collect(),
        }
    }
}

/// The state of what was begun and not ended.
fn word(open: &Unfinished) -> &'static str {
    if open.running { "running" } else { "interrupted" }
}

/// `reverting, after 2 statements`.
fn how_far(open: &Unfinished) -> String {
    let verb = if open.reverting { "reverting" } else { "applying" };
    match open.finished {
        Some(finished) => format!("{verb}, after {}", count(finished, "statement")),
        None => format!("{verb}, how far is not known"),
    }
}

/// What the database says of how a migration was applied, as lines.
fn recorded(record: &Applied) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(at) = record.at {
        let mut line = format!("applied {}", at.to_rfc3339_opts(SecondsFormat::Secs, true));
        if let Some(took) = record.took_ms {
            let _ = write!(line, " in {took} ms");
        }
        if let Some(engine) = &record.engine {
            let _ = write!(line, " with plimsoll {engine}");
        }
        if let Some(by) = &record.by {
            let _ = write!(line, " by {by}");
        }
        lines.push(line);
    }
    if let Some(checksum) = &record.checksum {
        lines.push(format!("checksum {checksum}"));
    }
    lines
}

pub(super) async fn status(context: &Context<'_>) -> Result<u8> {
    let seen = Seen::look(context).await?;
    let output = context.output;
    output.progress(format!("database: {}", seen.database));
    let width = seen.standings.iter().map(|it| seen.state(it).len()).max().unwrap_or_default();
    let width = width.max("applied ".len());
    let mut lines = Vec::new();
    for it in &seen.standings {
        let when = it.at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
        let took = it.took_ms.map(|took| format!(" in {took} ms"));
        let detail = match seen.open(it) {
            Some(open) => how_far(open),
            None if seen.is_late(it) => "added before the last applied".to_owned(),
            None => when.unwrap_or_default() + &took.unwrap_or_default(),
        };
        let color = match it.state {
            _ if seen.open(it).is_some() => 31,
            State::Applied => 32,
            State::Pending => 33,
            State::Missing | State::Changed => 31,
        };
        let state = seen.state(it);
        let line = format!("\x1b[{color}m{state:<width$}\x1b[0m {}  {detail}", it.name);
        lines.push(line.trim_end().to_owned());
        if let (true, Some(record)) = (output.is_verbose(), &it.record) {
            lines.extend(recorded(record).into_iter().map(|line| format!("    {line}")));
        }
    }
    output.lines(lines);
    let (pending, missing, changed) =
        (seen.count(State::Pending), seen.count(State::Missing), seen.count(State::Changed));
    if let Some(open) = &seen.open {
        output.progress(format!("`{}` was begun and not ended; {}", open.name, open.next));
    }
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
    output.document(&seen.document());
    let is_clean = seen.open.is_none() && pending + missing + changed == 0;
    Ok(if is_clean { DONE } else { NOT_CLEAN })
}

pub(super) async fn current(context: &Context<'_>) -> Result<u8> {
    let seen = Seen::look(context).await?;
    let at = seen.position();
    let last = seen.standings.iter().rfind(|it| it.state != State::Missing);
    let remark = match &seen.open {
        Some(open) => format!(" ({} `{}`: {})", word(open), open.name, how_far(open)),
        None if at.is_some() && at == last => " (head)".to_owned(),
        None => String::new(),
    };
    let name = at.map_or("base", |it| it.name.as_str());
    context.output.line(format!("{name}{remark}"));
    context.output.document(&Names {
        database: Some(&seen.database),
        revisions: at.map(|it| it.name.as_str()).into_iter().collect(),
        interrupted: seen.open.as_ref().map(|open| open.name.as_str()),
    });
    Ok(DONE)
}

pub(super) fn heads(context: &Context<'_>) -> Result<u8> {
    let revisions = context.app.history().load()?;
    let heads: Vec<&str> = revisions.list.last().map(|it| it.name.as_str()).into_iter().collect();
    context.output.lines(&heads);
    context.output.document(&Names { database: None, revisions: heads, interrupted: None });
    Ok(DONE)
}

pub(super) async fn history(context: &Context<'_>) -> Result<u8> {
    let seen = Seen::look(context).await?;
    let at = seen.position();
    let revisions = context.app.history().load()?;
    let mut lines = Vec::new();
    let known: HashMap<&str, &history::Revision<'_>> =
        revisions.list.iter().map(|it| (it.name.as_str(), it)).collect();
    for it in &seen.standings {
        let here = if Some(it) == at { " <- the database is here" } else { "" };
        let state = match (it.state, seen.open(it)) {
            (State::Applied, None) => String::new(),
            _ => format!(" ({})", seen.state(it)),
        };
        lines.push(format!("{}{state}{here}", it.name));
        if context.output.is_verbose() {
            let described =
                known.get(it.name.as_str()).map(|known| known.describe()).unwrap_or_default();
            let recorded = it.record.as_ref().map(recorded).unwrap_or_default();
            let details = described.into_iter().chain(recorded);
            lines.extend(details.map(|line| format!("    {line}")));
        }
    }
    context.output.lines(lines);
    context.output.document(&seen.document());
    Ok(DONE)
}

pub(super) async fn wait(context: &Context<'_>, args: &Wait) -> Result<u8> {
    #[derive(Serialize)]
    struct Answer {
        database: String,
        waited_ms: u128,
    }

    let database = context.database()?;
    let limit = Duration::from_secs(args.timeout);
    let told = |error: &Error| context.output.progress(format!("waiting: {error}"));
    let waited = connect::wait(&database, limit, told).await?;
    context.output.line(format!("`{database}` answers, after {}", duration(waited)));
    context
        .output
        .document(&Answer { database: database.to_string(), waited_ms: waited.as_millis() });
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
