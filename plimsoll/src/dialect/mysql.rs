//! MySQL and MariaDB.

pub(crate) mod alter;
#[cfg(feature = "migrate")]
pub(crate) mod backup;
#[cfg(feature = "cli")]
pub(crate) mod client;
#[cfg(feature = "migrate")]
pub(crate) mod dump;
#[cfg(feature = "connect")]
pub(crate) mod introspect;
#[cfg(feature = "migrate")]
pub(crate) mod lease;
#[cfg(feature = "migrate")]
pub(crate) mod lock;
pub(crate) mod read;
pub(crate) mod render;
#[cfg(feature = "connect")]
mod shown;
