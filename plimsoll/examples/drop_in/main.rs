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

#[cfg(feature = "runtime-tokio-rustls")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    app().run().await
}

#[cfg(not(feature = "runtime-tokio-rustls"))]
fn main() -> ExitCode {
    drop(app());
    ExitCode::FAILURE
}
