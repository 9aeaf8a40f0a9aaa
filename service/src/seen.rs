//! What a caller has seen of something that is to be changed only while it is so.

use serde_json::Value;

use crate::{Result, identity::secret::hash, rule::Rule};

/// The states of an `M` of which one is the one to be changed.
#[derive(Debug)]
pub struct Seen<'s, M> {
    /// What tells one state from another, of what the caller is shown of an `M`.
    pub tag: fn(&M) -> String,
    /// Those that will do.
    pub tags: &'s [String],
}

impl<M> Seen<'_, M> {
    /// Makes sure that `now` is one of them.
    ///
    /// # Errors
    /// [`Rule::Stale`] if not.
    pub(crate) fn confirm(&self, kind: &str, key: &str, now: &M) -> Result<()> {
        if self.tags.contains(&(self.tag)(now)) {
            return Ok(());
        }
        Err(Rule::Stale.refuses(format!("{kind} `{key}` was changed meanwhile")))
    }
}

/// What tells one state of what is shown from another: 32 hexadecimal digits.
pub fn tag(shown: &Value) -> String {
    let mut digest = hash(&shown.to_string());
    digest.truncate(32);
    digest
}
