//! PostgreSQL.

#[cfg(feature = "migrate")]
pub(crate) mod lock;
pub(crate) mod render;
