//! Secrets that this database keeps, each under a path and sealed, and the places that secrets are
//! read from.
//!
//! The secrets are no [`Record`](crate::records::Record): nothing but [`secret`] shows one, gives
//! it another value or removes it. [`rotate()`] exchanges the key of everything that is sealed, in
//! all tables.

pub mod backend;
mod holders;
mod rotate;
pub mod secret;

pub use self::rotate::{Resealed, Rotated, Unopened, rotate};
use crate::{
    records::Domain,
    rights::{CreateSecrets, DeleteSecrets, ReadSecrets, UpdateSecrets},
};

/// The tables of this domain, and the rights to them.
#[derive(Clone, Copy, Debug)]
pub enum Secrets {}

impl Domain for Secrets {
    const NAME: &'static str = "secrets";
    type Create = CreateSecrets;
    type Read = ReadSecrets;
    type Update = UpdateSecrets;
    type Delete = DeleteSecrets;
}
