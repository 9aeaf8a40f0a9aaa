//! Confirmations. Without a terminal they are refused, and never wait.

use std::io::{BufRead as _, IsTerminal as _, stdin};

use super::Context;
use crate::{
    config::ALLOW_DESTRUCTIVE,
    error::{MigrationError, Result},
};

impl Context<'_> {
    /// Whether somebody is there who can be asked.
    pub(super) fn asks(&self) -> bool {
        !self.common.yes && !self.common.json && stdin().is_terminal()
    }
}

/// Asks whether to go on, having said what will be lost.
///
/// # Errors
/// [`MigrationError::Unconfirmed`] when there is nobody to ask.
pub(super) fn confirm(
    context: &Context<'_>,
    command: &'static str,
    lost: &[String],
) -> Result<bool> {
    let asks = context.asks();
    for line in lost {
        // Whoever is asked has to know what for, also under `--quiet`.
        if asks {
            context.output.note(line);
        } else {
            context.output.progress(line);
        }
    }
    if context.common.yes {
        return Ok(true);
    }
    if !asks {
        return Err(MigrationError::Unconfirmed { command }.into());
    }
    let question = format!("Go on with `{command}`? Type yes:");
    Ok(answered(context, &question, |it| matches!(it.to_lowercase().as_str(), "yes" | "y")))
}

/// As [`confirm`], for what destroys all that there is: the name of the database has to be typed.
///
/// # Errors
/// [`MigrationError::Unconfirmed`] when there is nobody to ask.
pub(super) fn confirm_by_name(
    context: &Context<'_>,
    command: &'static str,
    lost: &[String],
    names: &[String],
) -> Result<bool> {
    if !context.asks() {
        return confirm(context, command, lost);
    }
    for line in lost {
        context.output.note(line);
    }
    let name = names.first().map(String::as_str).unwrap_or_default();
    let question = format!("To go on with `{command}`, type the name of the database, `{name}`:");
    Ok(answered(context, &question, |it| names.iter().any(|name| name == it)))
}

fn answered(context: &Context<'_>, question: &str, agrees: impl Fn(&str) -> bool) -> bool {
    context.output.note(question);
    let mut answer = String::new();
    let read = stdin().lock().read_line(&mut answer);
    let is_yes = read.is_ok() && agrees(answer.trim());
    if !is_yes {
        context.output.note("cancelled; nothing was changed");
    }
    is_yes
}

/// On a production database a confirmation alone is not enough.
///
/// # Errors
/// [`MigrationError::Production`] unless `--yes` and `ALLOW_DESTRUCTIVE` are both there.
pub(super) fn guard_production(context: &Context<'_>, command: &'static str) -> Result<()> {
    let allowed = context.common.yes && context.env.read::<bool>(&ALLOW_DESTRUCTIVE)?;
    if context.is_production()? && !allowed {
        return Err(MigrationError::Production { command }.into());
    }
    Ok(())
}
