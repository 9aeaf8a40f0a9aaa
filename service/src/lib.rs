//! What the application can do: queries and rules over the entities, no HTTP.
//!
//! A function takes any connection or transaction of SeaORM first, then the proof that whoever asks
//! may ask ([`rights::Granted`]), and answers with an [`Error`] that a caller can act on.
//!
//! | module | holds |
//! |---|---|
//! | [`audit`] | who changed what, in a chain that shows when it was tampered with |
//! | [`config`] | what the services are told from outside |
//! | [`page`] | long lists, in pages |
//! | [`deletion`] | what a deletion took along |
//! | [`retention`] | how long logs and measurements are kept |
//! | [`rights`] | the permissions as types, and the only way to a proof of one |
//! | [`identity`] | people, their passwords and sessions, roles, permissions |
//! | [`rule`] | the rules that refuse an operation, by name |
//! | [`seal`] | secrets that must be read again, sealed |
//! | [`settings`] | typed settings |
//! | [`teams`] | teams, and what each may do with which resource |
//! | [`world`] | time and chance, which tests replace |
#![warn(missing_docs)]

pub mod audit;
pub mod config;
pub mod deletion;
mod error;
pub mod identity;
mod lookup;
pub mod page;
pub mod retention;
pub mod rights;
pub mod rule;
pub mod seal;
pub mod settings;
pub mod teams;
mod text;
pub mod world;

pub use error::{Error, Result};
pub use rights::Rights;
pub use world::World;
