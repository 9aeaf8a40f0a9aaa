//! SQLite.

pub(crate) mod alter;
#[cfg(feature = "migrate")]
pub(crate) mod backup;
#[cfg(feature = "cli")]
pub(crate) mod client;
#[cfg(feature = "connect")]
pub(crate) mod introspect;
#[cfg(feature = "migrate")]
pub(crate) mod lock;
#[cfg(feature = "connect")]
mod parse;
pub(crate) mod read;
pub(crate) mod rebuild;
pub(crate) mod render;
