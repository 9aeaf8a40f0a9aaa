//! The server, from outside.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "it/access.rs"]
mod access;
#[path = "it/client.rs"]
mod client;
#[path = "it/database.rs"]
mod database;
#[path = "it/health.rs"]
mod health;
#[path = "it/openapi.rs"]
mod openapi;
#[path = "it/people.rs"]
mod people;
#[path = "it/problem.rs"]
mod problem;
#[path = "it/process.rs"]
#[cfg(unix)]
mod process;
#[path = "it/request.rs"]
mod request;
#[path = "it/server.rs"]
mod server;
#[path = "it/sessions.rs"]
mod sessions;
#[path = "it/variables.rs"]
mod variables;
