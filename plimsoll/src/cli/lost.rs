//! What a command loses, said before it does.

use serde::Serialize;

use super::{Context, args::Lock, ask::confirm};
use crate::{
    app::Run,
    error::Result,
    loss::{Amount, Loss, Lost},
    revisions::Target,
};

/// One loss, for programs.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Entry {
    #[serde(skip_serializing_if = "Option::is_none")]
    migration: Option<String>,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<String>,
    /// How many rows the table has; null when that is not known.
    rows: Option<u64>,
    /// How many of them have a value in the column.
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<u64>,
    /// Whether there are more rows, which were not counted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    more: bool,
    sentence: String,
}

impl Entry {
    pub(super) fn of(loss: &Loss) -> Self {
        let (kind, table, column) = match &loss.lost {
            Lost::Table { table } => ("table", Some(table), None),
            Lost::Column { table, column } => ("column", Some(table), Some(column)),
            Lost::Values { table, column } => ("values", Some(table), Some(column)),
            Lost::Narrower { table, column } => ("narrower", Some(table), Some(column)),
            Lost::Rows { table, .. } => ("rows", Some(table), None),
            Lost::Statement { table } => ("statement", Some(table), None),
            Lost::Code => ("code", None, None),
        };
        let (rows, values, more) = match (&loss.amount, &loss.lost) {
            (Amount::Rows { rows, values, more }, _) => {
                (Some(*rows), column.is_some().then_some(*values), *more)
            }
            (_, Lost::Rows { count, .. }) => (u64::try_from(*count).ok(), None, false),
            _ => (None, None, false),
        };
        Self {
            migration: loss.migration.clone(),
            kind,
            table: table.cloned(),
            column: column.cloned(),
            rows,
            values,
            more,
            sentence: loss.describe(),
        }
    }
}

/// One loss, for people.
pub(super) fn line(loss: &Loss) -> String {
    match &loss.migration {
        Some(migration) => format!("{migration}: - {}", loss.describe()),
        None => format!("- {}", loss.describe()),
    }
}

/// What takes everything away, in a sentence.
pub(super) enum All {
    /// Every table of the database.
    Tables(&'static str),
    /// Whatever the migrations that were applied have made.
    Migrations(&'static str),
}

/// What is lost, a line each, and what saves it: to be said before somebody is asked.
pub(super) async fn announced(
    context: &Context<'_>,
    run: &Run<'_>,
    what: &All,
    lock: &Lock,
) -> Result<Vec<String>> {
    let (sentence, losses) = match what {
        All::Tables(sentence) => (sentence, run.all_losses().await?),
        All::Migrations(sentence) => {
            let rehearsed = run.rehearse_down(&Target::Base).await?;
            let names: Vec<String> = rehearsed.into_iter().map(|it| it.name).collect();
            (sentence, run.losses_of(&names).await?)
        }
    };
    let said = std::iter::once((*sentence).to_owned());
    Ok(said.chain(lines(context, &losses, lock)).collect())
}

/// The losses, a line each, and behind them what saves them.
pub(super) fn lines(context: &Context<'_>, losses: &[Loss], lock: &Lock) -> Vec<String> {
    context.output.keep_losses(losses);
    let mut lines: Vec<String> = losses.iter().map(line).collect();
    if context.asks() && lock.backup.is_none() {
        lines.push("with --backup a copy of the database would be made first".to_owned());
    }
    lines
}

/// The migrations that going back as far as `target` reverts, when somebody agreed to what that loses.
pub(super) async fn agreed(
    context: &Context<'_>,
    run: &Run<'_>,
    command: &'static str,
    target: &Target,
    lock: &Lock,
) -> Result<Option<Vec<String>>> {
    let rehearsed = run.rehearse_down(target).await?;
    let expected: Vec<String> = rehearsed.into_iter().map(|it| it.name).collect();
    if expected.is_empty() {
        return Ok(Some(expected));
    }
    let losses = run.losses_of(&expected).await?;
    let agreed = confirm(context, command, &lines(context, &losses, lock))?;
    Ok(agreed.then_some(expected))
}
