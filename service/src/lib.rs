//! What the application can do: queries and rules over the entities, no HTTP.
//!
//! A function takes any connection or transaction of SeaORM first, then the proof that whoever asks
//! may ask ([`rights::Granted`]), and answers with an [`Error`] that a caller can act on.
//!
//! | module | holds |
//! |---|---|
//! | [`config`] | what the services are told from outside |
//! | [`rights`] | the permissions as types, and the only way to a proof of one |
//! | [`identity`] | people, their passwords and sessions, roles, permissions |
//! | [`seal`] | secrets that must be read again, sealed |
//! | [`settings`] | typed settings |
//! | [`world`] | time and chance, which tests replace |
#![warn(missing_docs)]

pub mod config;
mod error;
pub mod identity;
mod lookup;
pub mod rights;
pub mod seal;
pub mod settings;
pub mod world;

pub use error::{Error, Result};
pub use rights::Rights;
pub use world::World;
