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
    context.output.note(format!("Go on with `{command}`? Type yes:"));
    let mut answer = String::new();
    let read = stdin().lock().read_line(&mut answer);
    let agreed = read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "yes" | "y");
    if !agreed {
        context.output.note("cancelled; nothing was changed");
    }
    Ok(agreed)
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
