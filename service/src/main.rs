//! Operations on data, for whoever stands at the machine: `cargo run -p service -- create-admin`.
//!
//! It is a command of its own, and not one of `migration`: when a changed entity breaks the
//! services, migrating must still be possible.

mod command;

use std::process::ExitCode;

/// Data comes in as many small pieces: an import took a quarter less with it. SQLite allocates by it, too (its
/// feature `override`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[cfg_attr(feature = "runtime-tokio-rustls", tokio::main(flavor = "current_thread"))]
#[cfg_attr(
    all(feature = "runtime-async-std-rustls", not(feature = "runtime-tokio-rustls")),
    async_std::main
)]
async fn main() -> ExitCode {
    command::run().await
}
