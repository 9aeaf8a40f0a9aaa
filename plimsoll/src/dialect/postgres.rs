//! PostgreSQL.

pub(crate) mod alter;
#[cfg(feature = "migrate")]
pub(crate) mod backup;
#[cfg(feature = "cli")]
pub(crate) mod client;
#[cfg(feature = "migrate")]
pub(crate) mod elsewhere;
pub(crate) mod enums;
#[cfg(feature = "connect")]
pub(crate) mod introspect;
#[cfg(feature = "migrate")]
pub(crate) mod lock;
#[cfg(feature = "connect")]
pub(crate) mod pooler;
pub(crate) mod read;
pub(crate) mod render;
