//! What the services do on each of the three databases, migrated and seeded afresh for each test.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod above;
mod access;
mod administrator;
mod audit;
mod cloud;
mod command;
mod credentials;
mod deletions;
mod displays;
mod errors;
mod examples;
mod filled;
mod fleet;
mod gateway;
mod hashing;
mod identity;
mod imports;
mod inventory;
mod many;
mod netboot;
mod people;
mod plainly;
mod plans;
mod proxy;
mod proxy_routes;
mod records;
mod remembered;
mod retention;
mod rights;
mod schema;
mod secrets;
mod settings;
mod teams;
mod webtest;
mod worlds;
