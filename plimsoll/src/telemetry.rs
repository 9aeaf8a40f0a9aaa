//! Log lines, set up once per process.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::{EnvFilter, fmt};

use crate::{
    Error, Result,
    config::{Env, LOG_FORMAT, LogFormat, NO_COLOR, RUST_LOG},
};

/// A default filter for a program: warnings, what this crate tells, and the statements that
/// `DB_ECHO` asks for.
pub const DEFAULT_FILTER: &str = "warn,plimsoll=info,sqlx::query=info";

/// Writes log lines to standard error as `LOG_FORMAT`, `RUST_LOG` and `NO_COLOR` say; without
/// `RUST_LOG` those that `default_filter` lets through.
///
/// # Errors
/// [`Error::InvalidVariable`] for `LOG_FORMAT`, and those of [`init`].
pub fn init_from(env: &Env, default_filter: &str) -> Result<()> {
    let filter = env.get(&RUST_LOG)?;
    let color = env.get(&NO_COLOR)?.is_none() && stderr().is_terminal();
    init(env.read(&LOG_FORMAT)?, filter.as_deref().unwrap_or(default_filter), color)
}

/// Writes the log lines that `filter` lets through to standard error.
///
/// # Errors
/// [`Error::InvalidLogFilter`], and [`Error::LoggingTwice`] when this process has set up logging
/// before.
pub fn init(format: LogFormat, filter: &str, color: bool) -> Result<()> {
    let parsed = EnvFilter::builder().parse(filter).map_err(|source| Error::InvalidLogFilter {
        filter: filter.to_owned(),
        source: Box::new(source),
    })?;
    // A line that cannot be written would be complained of on the same standard error, by a panic.
    let lines = fmt().with_env_filter(parsed).with_writer(stderr).log_internal_errors(false);
    let set = match format {
        LogFormat::Text => lines.with_ansi(color).try_init(),
        LogFormat::Json => lines.json().with_ansi(false).try_init(),
    };
    set.map_err(|_| Error::LoggingTwice {})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_cannot_be_read_is_shown() {
        let error = init(LogFormat::Text, "plimsoll=loud", false).unwrap_err();

        assert_eq!(error.code(), "PLM0024");
        assert_eq!(error.to_string(), "cannot read the log filter `plimsoll=loud`");
        assert!(error.hint().unwrap().contains("RUST_LOG"));
    }

    #[test]
    fn the_second_call_is_an_error_and_no_panic() {
        let env = Env::from_pairs([("LOG_FORMAT", "json"), ("RUST_LOG", "off")], ".");

        let first = init_from(&env, DEFAULT_FILTER);
        let second = init_from(&env, DEFAULT_FILTER);

        assert!(first.is_ok(), "{first:?}");
        assert_eq!(second.unwrap_err().code(), "PLM0025");
    }

    #[test]
    fn a_format_that_does_not_exist_is_an_error_that_names_it() {
        let env = Env::from_pairs([("LOG_FORMAT", "xml")], ".");
        let error = init_from(&env, DEFAULT_FILTER).unwrap_err();
        assert_eq!(error.to_string(), "`LOG_FORMAT` is `xml`, which is not text or json");
    }
}
