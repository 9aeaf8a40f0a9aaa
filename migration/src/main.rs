//! The command: `cargo run -p migration -- up`.

use std::process::ExitCode;

#[cfg_attr(feature = "runtime-tokio-rustls", tokio::main(flavor = "current_thread"))]
#[cfg_attr(
    all(feature = "runtime-async-std-rustls", not(feature = "runtime-tokio-rustls")),
    async_std::main
)]
async fn main() -> ExitCode {
    migration::app().entities(entity::schema()).version(env!("MIGRATION_VERSION")).run().await
}
