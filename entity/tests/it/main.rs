//! What holds for every entity, found by reading their sources and their tables.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod enumerations;
mod sources;
mod tables;
