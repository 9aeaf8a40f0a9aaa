//! Log lines, set up once per process.

use std::{
    error::Error as StdError,
    fmt,
    io::{IsTerminal, stderr},
};

use serde_json::Value;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    EnvFilter,
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{Format, Json, Writer},
    },
    registry::LookupSpan,
};

use crate::{
    Error, Result,
    config::{Env, LOG_FORMAT, LogFormat, NO_COLOR, RUST_LOG},
    error::causes,
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
    let lines = tracing_subscriber::fmt()
        .with_env_filter(parsed)
        .with_writer(stderr)
        .log_internal_errors(false);
    let set = match format {
        LogFormat::Text => lines.with_ansi(color).try_init(),
        LogFormat::Json => lines.json().with_ansi(false).map_event_format(WithCauses).try_init(),
    };
    set.map_err(|_| Error::LoggingTwice {})
}

/// What a line of JSON has its fields behind.
const FIELDS: &str = r#""fields":{"#;

/// Lines of JSON with what is behind an error, by the name that text has for it:
/// `"error":"database error","error.sources":["…"]`. Of itself JSON has the error alone.
#[derive(Debug)]
struct WithCauses(Format<Json>);

impl<S, N> FormatEvent<S, N> for WithCauses
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut causes = Causes::default();
        event.record(&mut causes);
        if causes.0.is_empty() {
            return self.0.format_event(context, writer, event);
        }
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        // Before the fields stand only the time and the level, and there is one: the error.
        let causes = format!("{FIELDS}{},", causes.0.join(","));
        writer.write_str(&line.replacen(FIELDS, &causes, 1))
    }
}

/// What is behind the errors of an event, as fields of JSON.
#[derive(Debug, Default)]
struct Causes(Vec<String>);

impl Visit for Causes {
    fn record_debug(&mut self, _field: &Field, _value: &dyn fmt::Debug) {}

    fn record_error(&mut self, field: &Field, error: &(dyn StdError + 'static)) {
        let causes = causes(error);
        if !causes.is_empty() {
            let name = Value::from(format!("{}.sources", field.name()));
            self.0.push(format!("{name}:{}", Value::from(causes)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, pipe},
        sync::Mutex,
    };

    use sea_orm::{DbErr, RuntimeErr, sqlx};
    use serde_json::json;
    use tracing::subscriber::with_default;

    use super::*;

    /// The fields of the lines that are written meanwhile, and the lines.
    fn logged(work: impl FnOnce()) -> (Vec<Value>, String) {
        let (mut reader, writer) = pipe().unwrap();
        let lines = tracing_subscriber::fmt().with_writer(Mutex::new(writer));
        with_default(lines.json().map_event_format(WithCauses).finish(), work);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        let read = |line: &str| serde_json::from_str::<Value>(line).unwrap()["fields"].take();
        (text.lines().map(read).collect(), text)
    }

    #[test]
    fn what_is_behind_an_error_is_told_as_json_too() {
        let refused = sqlx::Error::Protocol("said \"no\"\n\"fields\":{".to_owned());
        let error = Error::Database { source: DbErr::Query(RuntimeErr::SqlxError(refused.into())) };

        let (fields, text) = logged(|| {
            tracing::error!(error = &error as &dyn StdError, number = 1, "failed");
        });

        let told = "Query Error: encountered unexpected or invalid data: said \"no\"\n\"fields\":{";
        assert_eq!(
            fields,
            [json!({
                "message": "failed",
                "error": "the database refused a statement",
                "error.sources": [told],
                "number": 1,
            })]
        );
        assert!(text.starts_with(r#"{"timestamp":"#) && text.ends_with("}\n"), "{text}");
    }

    #[test]
    fn a_line_without_causes_is_as_it_was() {
        let alone = Error::LoggingTwice {};

        let (fields, _) = logged(|| {
            tracing::error!(error = &alone as &dyn StdError, "failed");
            tracing::info!("well");
        });

        let failed = json!({ "message": "failed", "error": "logging is set up already" });
        assert_eq!(fields, [failed, json!({ "message": "well" })]);
    }

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
