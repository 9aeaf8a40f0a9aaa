//! The server.

use std::process::ExitCode;

use plimsoll::{config::Env, telemetry};

/// What is logged when `RUST_LOG` does not say: what the engine's programs log, this server, and who
/// did what.
const LOGGED: &str = "warn,api=info,audit=info,plimsoll=info,sqlx::query=info";

#[tokio::main]
async fn main() -> ExitCode {
    match Box::pin(run()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            explain(&error);
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    let env = Env::load().map_err(api::Error::from)?;
    telemetry::init_from(&env, LOGGED).map_err(api::Error::from)?;
    Box::pin(api::server::run(&env)).await?;
    Ok(())
}

/// Says why there is no server. Not through the log, whose filter could hide it.
#[expect(clippy::print_stderr, reason = "the one line a person who starts a server by hand needs")]
fn explain(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
    if let Some(hint) = error.downcast_ref::<api::Error>().and_then(api::Error::hint) {
        eprintln!("hint: {hint}");
    }
}
