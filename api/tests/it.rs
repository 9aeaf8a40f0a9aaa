//! The server, from outside.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "it/access.rs"]
mod access;
#[path = "it/api_keys.rs"]
mod api_keys;
#[path = "it/audit.rs"]
mod audit;
#[path = "it/authz.rs"]
mod authz;
#[path = "it/client.rs"]
mod client;
#[path = "it/cloud.rs"]
mod cloud;
#[path = "it/conditional.rs"]
mod conditional;
#[path = "it/database.rs"]
mod database;
#[path = "it/displays.rs"]
mod displays;
#[path = "it/fleet.rs"]
mod fleet;
#[path = "it/gateway.rs"]
mod gateway;
#[path = "it/headers.rs"]
mod headers;
#[path = "it/health.rs"]
mod health;
#[path = "it/idempotency.rs"]
mod idempotency;
#[path = "it/inventory.rs"]
mod inventory;
#[path = "it/limits.rs"]
mod limits;
#[path = "it/mail.rs"]
mod mail;
#[path = "it/metrics.rs"]
mod metrics;
#[path = "it/netboot.rs"]
mod netboot;
#[path = "it/openapi.rs"]
mod openapi;
#[path = "it/people.rs"]
mod people;
#[path = "it/plain.rs"]
mod plain;
#[path = "it/problem.rs"]
mod problem;
#[path = "it/process.rs"]
#[cfg(unix)]
mod process;
#[path = "it/proxy.rs"]
mod proxy;
#[path = "it/registration.rs"]
mod registration;
#[path = "it/request.rs"]
mod request;
#[path = "it/rights_objects.rs"]
mod rights_objects;
#[path = "it/rights_table.rs"]
mod rights_table;
#[path = "it/second_factor.rs"]
mod second_factor;
#[path = "it/secrets.rs"]
mod secrets;
#[path = "it/server.rs"]
mod server;
#[path = "it/sessions.rs"]
mod sessions;
#[path = "it/shells.rs"]
mod shells;
#[path = "it/snapshot.rs"]
mod snapshot;
#[path = "it/teams.rs"]
mod teams;
#[path = "it/variables.rs"]
mod variables;
#[path = "it/webtest.rs"]
mod webtest;
