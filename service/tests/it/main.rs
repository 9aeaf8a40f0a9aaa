//! What the services do on each of the three databases, migrated and seeded afresh for each test.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod above;
mod administrator;
mod audit;
mod command;
mod credentials;
mod deletions;
mod errors;
mod examples;
mod filled;
mod hashing;
mod identity;
mod people;
mod remembered;
mod retention;
mod rights;
mod schema;
mod settings;
mod teams;
