//! What proves or unlocks something: stored and compared, never shown.

use std::fmt;

use sea_orm::DeriveValueType;

/// A hash, or a sealed text. `Debug` shows none of it, so that a row can be logged.
///
/// ```
/// let hash = entity::Secret::from("$argon2id$…");
///
/// assert_eq!(format!("{hash:?}"), "***");
/// assert_eq!(hash.expose(), "$argon2id$…");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, DeriveValueType)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for whoever compares or opens it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}
