//! What `manage` is told, and what it answers.

mod audit;
mod create_admin;
mod export;
mod import;
mod prune;
mod secrets;

use std::{fmt, io::Write as _, num::NonZeroU32, process::ExitCode};

use clap::{Parser, Subcommand};
use plimsoll::{
    config::{Database, Env, PoolSettings},
    telemetry,
};
use sea_orm::DatabaseConnection;
use service::Error;

/// Operations on data, for whoever stands at the machine.
#[derive(Debug, Parser)]
#[command(name = "manage", version)]
struct Arguments {
    /// The database; else the environment and `.env` say where it is.
    #[arg(short = 'u', long, global = true, value_name = "URL")]
    database_url: Option<String>,
    /// Print one JSON document on standard output.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the first administrator: asks, or takes `ADMIN_USERNAME`, `ADMIN_EMAIL` and
    /// `ADMIN_PASSWORD`.
    CreateAdmin(create_admin::Options),
    /// Remove logs and measurements that are older than the settings `retention.*` say.
    Prune,
    /// The audit log.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Data from other systems.
    #[command(subcommand)]
    Import(import::Command),
    /// Whole domains as text, which `import json` takes in elsewhere.
    Export(export::Options),
    /// What is stored sealed.
    #[command(subcommand)]
    Secrets(secrets::Command),
}

/// What is logged when `RUST_LOG` does not say: warnings, and who did what.
const LOGGED: &str = "warn,audit=info,sqlx::query=info";

/// Does what the arguments say. `0` done, `1` refused.
pub(crate) async fn run() -> ExitCode {
    let arguments = Arguments::parse();
    match perform(&arguments).await {
        Ok(code) => code,
        Err(error) => {
            explain(&arguments, &error);
            ExitCode::FAILURE
        }
    }
}

async fn perform(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let env = Env::load()?;
    telemetry::init_from(&env, LOGGED)?;
    let database = Database::resolve(&env, arguments.database_url.as_deref())?;
    let db = plimsoll::connect::pool(&pooled(arguments, database)).await?;
    plimsoll::keeps_statements(&db).await?;
    if let Command::Import(_) = arguments.command {
        import::prepare(&db).await?;
    }
    let done = act(arguments, &env, &db).await;
    db.close().await?;
    done
}

/// The database with as many connections as the command needs. Of several that write by turns, each
/// reads anew what the others have written.
fn pooled(arguments: &Arguments, database: Database) -> Database {
    match &arguments.command {
        Command::Import(_) => {
            let pool = PoolSettings { size: NonZeroU32::MIN, ..*database.pool() };
            database.with_pool(pool)
        }
        _ => database,
    }
}

async fn act(
    arguments: &Arguments,
    env: &Env,
    db: &DatabaseConnection,
) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::CreateAdmin(options) => {
            say(arguments, &create_admin::run(db, env, options).await?)
        }
        Command::Prune => say(arguments, &prune::run(db).await?),
        Command::Audit(audit::Command::Verify) => say(arguments, &audit::verify(db).await?),
        Command::Import(import::Command::Tronbyt { from, how }) => {
            say(arguments, &import::tronbyt(db, from, how, arguments.json).await?)
        }
        Command::Import(import::Command::Alembic { from, how }) => {
            say(arguments, &import::alembic(db, env, from, how, arguments.json).await?)
        }
        Command::Import(import::Command::Json { from, how }) => {
            say(arguments, &import::json(db, env, from, how, arguments.json).await?)
        }
        Command::Import(import::Command::Undo { id }) => {
            say(arguments, &import::undo(db, *id).await?)
        }
        Command::Export(options) => match export::run(db, options, arguments.json).await? {
            Some(written) => say(arguments, &written),
            None => Ok(ExitCode::SUCCESS),
        },
        Command::Secrets(secrets::Command::Rotate) => {
            say(arguments, &secrets::rotate(db, env).await?)
        }
    }
}

/// What a command has to say: a text for people, and the same as one JSON document.
trait Said: fmt::Display {
    fn json(&self) -> serde_json::Value;

    /// Whether what was asked about is as it should be.
    fn is_well(&self) -> bool {
        true
    }
}

fn say(arguments: &Arguments, said: &impl Said) -> anyhow::Result<ExitCode> {
    if arguments.json {
        writeln!(anstream::stdout(), "{}", said.json())?;
    } else {
        writeln!(anstream::stdout(), "{said}")?;
    }
    Ok(if said.is_well() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn explain(arguments: &Arguments, error: &anyhow::Error) {
    let code = error
        .downcast_ref::<Error>()
        .map(Error::code)
        .or_else(|| error.downcast_ref::<plimsoll::Error>().map(plimsoll::Error::code));
    let hint = hint(error);
    if arguments.json {
        let document = serde_json::json!({
            "schema": 1,
            "error": {"code": code, "message": format!("{error:#}"), "hint": hint},
        });
        // Nobody is there to be told when standard output is gone.
        let _ = writeln!(anstream::stdout(), "{document}");
        return;
    }
    let mut err = anstream::stderr();
    let code = code.map(|code| format!("[{code}]")).unwrap_or_default();
    let _ = writeln!(err, "error{code}: {error:#}");
    if let Some(hint) = hint {
        let _ = writeln!(err, "  next: {hint}");
    }
}

fn hint(error: &anyhow::Error) -> Option<String> {
    if let Some(error) = error.downcast_ref::<plimsoll::Error>() {
        return error.hint();
    }
    match error.downcast_ref::<Error>()? {
        Error::AlreadySetUp => Some(
            "log in as the one there is, or make another by --another; --if-none is content with one"
                .to_owned(),
        ),
        Error::NotFound { kind: "role", .. } => {
            Some("`cargo run -p migration -- up` migrates and offers the default rows".to_owned())
        }
        Error::Database(_) => Some(
            "`cargo run -p migration -- status` says whether the database has this code's schema"
                .to_owned(),
        ),
        _ => None,
    }
}
