//! A small program with histories of its own: to see the command at work, and for the tests, which
//! start it many times at once and kill it.
//!
//! ```text
//! cargo run -p plimsoll --features cli,runtime-tokio-rustls --example ship -- eight up
//! ```
//!
//! The first argument names the history, or a file of changes (`changes=FILE`) or of migrations
//! (`steps=FILE`); what follows is the command. `killed-after N` in its place migrates, and ends the process by SIGKILL when the session has
//! sent N statements; `killed-after N down` does it on the way back.

#[path = "ship/histories.rs"]
mod histories;

use std::{
    env,
    process::ExitCode,
    sync::atomic::{AtomicUsize, Ordering},
};

use plimsoll::{
    App,
    config::{Database, Env, PoolSettings},
    connect,
    revisions::Target,
};
use tracing::{Event, Subscriber, subscriber};
use tracing_subscriber::{
    Registry,
    layer::{Context, Layer, SubscriberExt as _},
};

async fn sail() -> ExitCode {
    let mut arguments = env::args();
    let program = arguments.next().unwrap_or_default();
    let name = arguments.next().unwrap_or_default();
    let Some(app) = histories::app(&name) else { return ExitCode::FAILURE };
    let rest: Vec<String> = arguments.collect();
    match rest.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["killed-after", statements, ref way @ ..] => match statements.parse() {
            Ok(statements) => killed_after(&app, statements, way == ["down"]).await,
            Err(_) => ExitCode::FAILURE,
        },
        _ => app.run_from([program].into_iter().chain(rest)).await,
    }
}

/// Migrates; 0 when it came to its end before so many statements were sent.
async fn killed_after(app: &App, statements: usize, is_back: bool) -> ExitCode {
    let migrate = async {
        let database = Database::from_env(&Env::load()?)?;
        // The driver tells of every statement when it has run, those that begin and end
        // transactions too.
        let pool = PoolSettings { echo: true, ..*database.pool() };
        let killer = Killer { statements, sent: AtomicUsize::new(0) };
        if subscriber::set_global_default(Registry::default().with(killer)).is_err() {
            return Err(plimsoll::Error::LoggingTwice {});
        }
        let database = database.with_pool(pool);
        if !is_back {
            return app.up(&database).await.map(drop);
        }
        let db = connect::session(&database).await?;
        let reverted = app.on(&db).down(&Target::Back(1), None).await;
        let _ = db.close().await;
        reverted.map(drop)
    };
    match migrate.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Ends the process when the driver has told of so many statements.
struct Killer {
    statements: usize,
    sent: AtomicUsize,
}

impl<S: Subscriber> Layer<S> for Killer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let is_statement = event.metadata().target() == "sqlx::query";
        if is_statement && self.sent.fetch_add(1, Ordering::SeqCst) + 1 == self.statements {
            histories::kill_this_process();
        }
    }
}

fn main() -> ExitCode {
    #[cfg(feature = "runtime-tokio-rustls")]
    return match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(sail()),
        Err(_) => ExitCode::FAILURE,
    };
    #[cfg(all(feature = "runtime-async-std-rustls", not(feature = "runtime-tokio-rustls")))]
    return async_std::task::block_on(sail());
    #[cfg(not(any(feature = "runtime-tokio-rustls", feature = "runtime-async-std-rustls")))]
    ExitCode::FAILURE
}
