//! An ordinary SeaORM project, with entities and migrations as its documentation shows them, and
//! one line that brings the command: comparison, checks, locks, dry runs, on the database that the
//! project has already.
//!
//! ```text
//! DATABASE_URL=sqlite:shop.db cargo run -p plimsoll --features cli,runtime-tokio-rustls --example drop_in -- check
//! ```

#[allow(unreachable_pub, reason = "entities are public wherever they are")]
mod entities;
mod migrations;

use std::process::ExitCode;

use migrations::Migrator;
use plimsoll::{App, History, entities};

/// All that has to be said.
fn app() -> App {
    App::new(History::of::<Migrator>()).entities(entities![
        entities::customer::Entity,
        entities::order::Entity,
        entities::product::Entity,
        entities::order_product::Entity,
    ])
}

/// In a project of its own this is `#[tokio::main] async fn main()` with the one line in it.
fn main() -> ExitCode {
    #[cfg(feature = "runtime-tokio-rustls")]
    return match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(app().run()),
        Err(_) => ExitCode::FAILURE,
    };
    #[cfg(all(feature = "runtime-async-std-rustls", not(feature = "runtime-tokio-rustls")))]
    return async_std::task::block_on(app().run());
    #[cfg(not(any(feature = "runtime-tokio-rustls", feature = "runtime-async-std-rustls")))]
    {
        drop(app());
        ExitCode::FAILURE
    }
}
