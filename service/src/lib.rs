//! What the application can do: queries and rules over the entities, no HTTP.
//!
//! A function takes any connection or transaction of SeaORM first, then the proof that whoever asks
//! may ask ([`rights::Granted`]), and answers with an [`Error`] that a caller can act on.
//!
//! | module | holds |
//! |---|---|
//! | [`access`] | machines that agents open shells on, and who did |
//! | [`audit`] | who changed what, in a chain that shows when it was tampered with |
//! | [`cloud`] | machines at providers, and jobs that set them up |
//! | [`config`] | what the services are told from outside |
//! | [`deletion`] | what a deletion took along |
//! | [`displays`] | pixel displays, and what each shows now |
//! | [`exports`] | whole domains as text that another database takes in |
//! | [`fleet`] | hosts that are asked, and alerts about their answers |
//! | [`gateway`] | APIs, and how often they are called |
//! | [`identity`] | people, their passwords and sessions, roles, permissions |
//! | [`imports`] | data that is brought in from other systems |
//! | [`inventory`] | hosts and applications that Elder knows |
//! | [`mail`] | mail that waits to be sent, and what sends it |
//! | [`merge`] | changes of documents, as RFC 7396 has them |
//! | [`netboot`] | machines that boot from the network |
//! | [`page`] | long lists, in pages |
//! | [`proxy`] | clusters of proxies, their services, routes and certificates |
//! | [`records`] | rows that are read and written plainly |
//! | [`retention`] | how long logs and measurements are kept |
//! | [`rights`] | the permissions as types, and the only way to a proof of one |
//! | [`rule`] | the rules that refuse an operation, by name |
//! | [`seal`] | secrets that must be read again, sealed |
//! | [`secrets`] | secrets of people and programs, sealed |
//! | [`seen`] | what a caller has seen of what is to be changed only while it is so |
//! | [`settings`] | typed settings |
//! | [`teams`] | teams, and what each may do with which resource |
//! | [`webtest`] | pages and environments that tests run on |
//! | [`world`] | time and chance, which tests replace |
#![warn(missing_docs)]

pub mod access;
pub mod audit;
mod cell;
mod claim;
pub mod cloud;
pub mod config;
pub mod deletion;
pub mod displays;
mod error;
pub mod exports;
pub mod fleet;
pub mod gateway;
pub mod identity;
pub mod imports;
pub mod inventory;
mod lookup;
mod mac;
pub mod mail;
pub mod merge;
pub mod netboot;
pub mod page;
pub mod proxy;
pub mod records;
pub mod retention;
pub mod rights;
pub mod rule;
pub mod seal;
pub mod secrets;
pub mod seen;
pub mod settings;
mod tables;
pub mod teams;
mod text;
mod transaction;
pub mod webtest;
pub mod world;

pub use entity;
pub use error::{Error, Result};
pub use rights::Rights;
pub use world::World;
